// Where ours refuses in other words than dockerd 20.10, or refuses what dockerd accepts, or the other way round; and why.
import type { Known } from './known.ts';

export const knownWords: readonly Known[] = [
  {
    reason: "dockerd repeats what Go's packages say; ours says what is wrong with the request",
    at: {
      'GET /containers/json': [
        'message: "error while looking up for publish abc: strconv.ParseUint: parsing \\"abc\\": invalid syntax" ≠ "invalid port specification: \\"abc\\""',
        'message: "invalid character \'o\' in literal null (expecting \'u\')" ≠ "invalid filter: nonsense is not JSON"',
        'message: "json: cannot unmarshal array into Go value of type map[string]map[string]bool" ≠ "invalid filter"',
        'message: "json: cannot unmarshal string into Go value of type map[string]bool" ≠ "invalid filter: name"',
        'message: "strconv.Atoi: parsing \\"abc\\": invalid syntax" ≠ "invalid filter \'exited=abc\'"',
      ],
      'POST /containers/create': [
        'message: "create ./a: \\"./a\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed. If you intended to pass a host directory, use absolute path" ≠ "create ./a: \\"./a\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed. If you intended to pass a host directory, use absolute path."',
        'message: "create a b: \\"a b\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed. If you intended to pass a host directory, use absolute path" ≠ "create a b: \\"a b\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed."',
        'message: "invalid mount config for type \\"volume\\": field BindOptions must not be specified" ≠ "invalid mount config for type \\"volume\\": \\"a\\" includes invalid characters for a local volume name"',
        'message: "json: cannot unmarshal array into Go value of type runconfig.ContainerConfigWrapper" ≠ "invalid JSON: an object was expected"',
        'message: "json: cannot unmarshal string into Go struct field ContainerConfigWrapper.Tty of type bool" ≠ "container.create: Config.Tty must be boolean"',
        'message: "unexpected EOF" ≠ "invalid JSON: Unexpected end of JSON input"',
      ],
      'POST /containers/{name}/start': [
        'message: "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \\"/etc/passwd\\": permission denied: unknown" ≠ "exec: \\"/etc/passwd\\": permission denied"',
        'message: "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \\"/no/such\\": stat /no/such: no such file or directory: unknown" ≠ "exec: \\"/no/such\\": stat /no/such: no such file or directory"',
      ],
      'POST /containers/{name}/update': [
        'message: "unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'GET /containers/{name}/logs': [
        'message: "strconv.ParseInt: parsing \\"abc\\": invalid syntax" ≠ "cannot read the time \\"abc\\": expected RFC 3339, Unix seconds or a duration such as 10m"',
      ],
      'POST /containers/{name}/exec': [
        'message: "got EOF while reading request body" ≠ "No exec command specified"',
        'message: "unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'PUT /containers/{name}/archive': [
        'message: "Error processing tar file(exit status 1): archive/tar: invalid tar header" ≠ "entry at offset 0: header: its checksum is wrong: not a tar archive, or a damaged one"',
        'message: "Error processing tar file(exit status 1): cannot overwrite directory \\"/tmp\\" with non-directory \\"/\\"" ≠ "cannot unpack \'tmp\' (at offset 0): replacing \'tmp\': Is a directory"',
      ],
      'GET /images/json': [
        'message: "invalid character \'o\' in literal null (expecting \'u\')" ≠ "invalid filter: nonsense is not JSON"',
      ],
      'POST /images/create': [
        'message: "Error processing tar file(exit status 1): archive/tar: invalid tar header" ≠ "cannot import the archive: entry at offset 0: header: its checksum is wrong: not a tar archive, or a damaged one"',
        'message: "Get \\"http:\\": http: no Host in request URL" ≠ "fromImage is required"',
      ],
      'POST /images/load': [
        'message: "Error processing tar file(exit status 1): archive/tar: invalid tar header" ≠ "cannot load the archive: the archive is damaged or not a tar file: a header field is not a number"',
      ],
      'POST /commit': [
        'message: "unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'GET /networks': [
        'message: "invalid character \'o\' in literal null (expecting \'u\')" ≠ "invalid filter: nonsense is not JSON"',
      ],
      'POST /networks/create': [
        'message: "failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: parsing \\"maybe\\": invalid syntax)" ≠ "invalid option com.docker.network.bridge.enable_icc=maybe: expected true or false"',
        'message: "failed to parse com.docker.network.driver.mtu value: abc (strconv.Atoi: parsing \\"abc\\": invalid syntax)" ≠ "invalid MTU \\"abc\\": expected a number from 68 to 65535"',
        'message: "got EOF while reading request body" ≠ "network.create: the parameters must have required properties Name"',
        'message: "unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'POST /networks/{name}/connect': [
        'message: "got EOF while reading request body" ≠ "network.connect: the parameters must have required properties Container"',
      ],
      'POST /networks/{name}/disconnect': [
        'message: "got EOF while reading request body" ≠ "network.disconnect: the parameters must have required properties Container"',
      ],
      'GET /volumes': [
        'message: "error reading volume filters: invalid character \'o\' in literal null (expecting \'u\')" ≠ "invalid filter: nonsense is not JSON"',
      ],
      'POST /volumes/create': [
        'message: "create a/b: \\"a/b\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed. If you intended to pass a host directory, use absolute path" ≠ "\\"a/b\\" includes invalid characters for a local volume name: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"',
        'message: "create a: volume name is too short, names should be at least two alphanumeric characters" ≠ "\\"a\\" includes invalid characters for a local volume name: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"',
        'message: "unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'GET /events': [
        'message: "invalid character \'o\' in literal null (expecting \'u\')" ≠ "invalid filter: nonsense is not JSON"',
        'message: "strconv.ParseInt: parsing \\"abc\\": invalid syntax" ≠ "cannot read the time \\"abc\\": expected RFC 3339, Unix seconds or a duration such as 10m"',
      ],
      'POST /auth': [
        'message: "EOF" ≠ "invalid JSON: got EOF while reading request body"',
        'message: "unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'POST /plugins/pull': ['message: "failed to parse privileges: EOF" ≠ "plugins is not offered by this engine"'],
      'POST /plugins/{name}/enable': [
        'message: "strconv.Atoi: parsing \\"\\": invalid syntax" ≠ "plugin \\"nothing\\" not found"',
      ],
      'POST /plugins/{name}/upgrade': [
        'message: "failed to parse privileges: EOF" ≠ "plugins is not offered by this engine"',
      ],
      'POST /plugins/create': ['message: "no rootfs found: EOF" ≠ "plugins is not offered by this engine"'],
    },
  },
  {
    reason: 'only capitals, full stops and spaces differ, as in later versions of Docker',
    at: {
      'POST /build': ['message: "Unsupported isolation: \\"bogus\\"" ≠ "unsupported isolation: \\"bogus\\""'],
      'GET /containers/json': [
        'message: "Invalid filter \'is-task=[maybe]\'" ≠ "invalid filter \'is-task=[maybe]\'"',
        'message: "Invalid filter \'status=bogus\'" ≠ "invalid filter \'status=bogus\'"',
        'message: "Invalid filter \'unknown\'" ≠ "invalid filter \'unknown\'"',
        'message: "Unrecognised filter value for health: bogus" ≠ "unrecognized filter value for health: bogus"',
      ],
      'POST /containers/create': [
        'message: "Config cannot be empty in order to create a container" ≠ "config cannot be empty in order to create a container"',
        'message: "Range of CPUs is from 0.01 to N, as there are only N CPUs available" ≠ "range of CPUs is from 0.01 to N, as there are only N CPUs available"',
      ],
      'POST /containers/{name}/kill': [
        'message: "Cannot kill container: ended: Container ID is not running" ≠ "cannot kill container: ended: container ID is not running"',
        'message: "Cannot kill container: fresh: Container ID is not running" ≠ "cannot kill container: fresh: container ID is not running"',
        'message: "Cannot kill container: nobody: No such container: nobody" ≠ "cannot kill container: nobody: No such container: nobody"',
      ],
      'POST /containers/{name}/resize': ['message: "Container ID is not running" ≠ "container ID is not running"'],
      'GET /containers/{name}/top': ['message: "Container ID is not running" ≠ "container ID is not running"'],
      'POST /containers/prune': ['message: "Invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'"'],
      'POST /containers/{name}/exec': ['message: "Container ID is not running" ≠ "container ID is not running"'],
      'POST /networks/create': [
        'message: "operation is not permitted on predefined bridge network " ≠ "operation is not permitted on predefined bridge network"',
        'message: "operation is not permitted on predefined host network " ≠ "operation is not permitted on predefined host network"',
      ],
      'GET /plugins': ['message: "Invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'"'],
    },
  },
  {
    reason: 'the same words that clients match on; dockerd adds the tag or says it twice',
    at: {
      'GET /containers/json': ['message: "no such container nobody" ≠ "No such container: nobody"'],
      'GET /images/{name}/json': [
        'message: "no such image: sha256:ID: No such image: sha256:ID" ≠ "No such image: sha256:ID"',
        'message: "no such image: slipway.test/busybox:nothing: No such image: slipway.test/busybox:nothing" ≠ "No such image: slipway.test/busybox:nothing"',
      ],
    },
  },
  {
    reason: 'what only one of the two engines has',
    at: {
      'POST /session': ['message: "no upgrade proto in request" ≠ "session is not offered by this engine"'],
      'POST /grpc': ['message: "no upgrade proto in request" ≠ "grpc is not offered by this engine"'],
      'GET /plugins/privileges': ['message: "invalid reference format" ≠ "plugins is not offered by this engine"'],
    },
  },
  {
    reason: 'refused when it is asked for; dockerd refuses later or never',
    at: {
      'POST /containers/create': [
        'message: none ≠ "No such container: nobody"',
        'message: none ≠ "Range of blkio weight is from 10 to 1000"',
        'message: none ≠ "config.Image cannot be empty"',
        'message: none ≠ "invalid IPC mode: bogus"',
        'message: none ≠ "invalid PID mode: bogus"',
        'message: none ≠ "invalid UTS mode: bogus"',
        'message: none ≠ "invalid device cgroup rule format: \'bogus\'"',
        'message: none ≠ "invalid port specification: \\"80/abc\\""',
        'message: none ≠ "invalid port specification: \\"abc/tcp\\""',
        'message: none ≠ "invalid tmpfs option [\\"bogus\\"]"',
        'message: none ≠ "invalid ulimit type: bogus"',
        'message: none ≠ "invalid user namespace mode: bogus"',
        'message: none ≠ "network nowhere not found"',
        'message: none ≠ "ulimit soft limit must be less than or equal to hard limit: 20 > 10"',
      ],
      'GET /containers/{name}/json': ['message: none ≠ "No such container: made"'],
      'POST /containers/{name}/wait': ['message: none ≠ "invalid condition: \\"bogus\\""'],
      'POST /networks/create': [
        'message: none ≠ "invalid ip-range: ADDRESS/25 is not in the subnet ADDRESS/24"',
        'message: none ≠ "invalid network name \\"a/b\\": only letters, digits, \\"_\\", \\".\\" and \\"-\\" are allowed"',
      ],
      'GET /networks/{name}': ['message: none ≠ "network wire not found"'],
      'POST /networks/{name}/connect': [
        'message: none ≠ "container cannot be connected to network none after its creation"',
      ],
      'POST /volumes/create': ['message: none ≠ "a volume named vault with other options exists already"'],
      'GET /events': ['message: none ≠ "invalid filter \'unknown\'"'],
    },
  },
  {
    reason: 'dockerd 20.10 answers a refused attach as a stream, ours in JSON like every refusal',
    at: {
      'POST /containers/{name}/attach': [
        'message: none ≠ "No such container: nobody"',
        'message: none ≠ "container ID is paused, unpause the container before attach"',
        'message: none ≠ "invalid detach keys: cannot use \'bogus-keys\' as a detach key: it is neither one ASCII character nor ctrl-X"',
      ],
      'GET /containers/{name}/attach/ws': [
        'message: "No such container: nobody" ≠ "a websocket was expected"',
        'message: none ≠ "a websocket was expected"',
      ],
    },
  },
  {
    reason: 'what dockerd 20.10 refuses works',
    at: {
      'POST /containers/{name}/update': ['message: "EOF" ≠ none'],
      'GET /containers/{name}/logs': ['message: "strconv.ParseInt: parsing \\"TIME\\": invalid syntax" ≠ none'],
      'POST /containers/{name}/exec': [
        'message: "json: cannot unmarshal string into Go struct field ExecConfig.Cmd of type []string" ≠ none',
      ],
      'GET /networks/{name}': [
        'message: "invalid value for verbose: maybe: strconv.ParseBool: parsing \\"maybe\\": invalid syntax" ≠ none',
        'message: "network bridge not found" ≠ none',
        'message: "network wire not found" ≠ none',
      ],
      'POST /networks/create': [
        'message: "could not find an available, non-overlapping IPv6 address pool among the defaults to assign to the network" ≠ none',
      ],
      'POST /networks/{name}/connect': [
        'message: "container cannot be connected to multiple networks with one of the networks in private (none) mode" ≠ none',
      ],
      'POST /containers/create': ['message: "Container cannot be connected to network endpoints: wave, wire" ≠ none'],
      'POST /volumes/create': ['message: "got EOF while reading request body" ≠ none'],
    },
  },
  {
    reason: 'the registry cannot be reached: the service is unavailable, and the sentence says which',
    at: {
      'GET /images/search': [
        'message: "Get \\"https://index.docker.io/v1/search?q=&n=25\\": NOT REACHED" ≠ "search term is empty"',
      ],
      'POST /images/create': [
        'message: "Get \\"http://ADDRESS/v2/\\": dial tcp ADDRESS: connect: connection refused" ≠ "cannot reach the registry ADDRESS: it refuses connections; check the port and that the registry runs"',
      ],
      'POST /auth': [
        'message: "Get \\"http://ADDRESS/v2/\\": dial tcp ADDRESS: connect: connection refused" ≠ "cannot reach the registry ADDRESS: it refuses connections; check the port and that the registry runs"',
      ],
    },
  },
  {
    reason: 'dockerd 20.10 wants credentials for every push, ours only where the registry asks for them',
    at: {
      'POST /images/{name}/push': [
        'message: "Bad parameters and missing X-Registry-Auth: EOF" ≠ "cannot reach the registry ADDRESS: it refuses connections; check the port and that the registry runs"',
        'message: "Bad parameters and missing X-Registry-Auth: EOF" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
      ],
    },
  },
  {
    reason: 'the words and rules of later versions of Docker',
    at: {
      'POST /networks/create': [
        'message: none ≠ "invalid network config:\\ninvalid subnet ADDRESS/24: it should be ADDRESS/24"',
      ],
      'POST /containers/{name}/exec': [
        'message: none ≠ "unable to find user nobody-here: no matching entries in passwd file"',
      ],
      'GET /exec/{name}/json': ['message: none ≠ "No such exec instance: none"'],
      'POST /containers/create': [
        'message: "Config cannot be empty in order to create a container" ≠ "invalid JSON: got EOF while reading request body"',
        'message: "EOF" ≠ "invalid JSON: got EOF while reading request body"',
        'message: "Invalid signal: SIGNOTHING" ≠ "invalid signal: SIGNOTHING"',
        'message: "invalid reference format: repository name must be lowercase" ≠ "No such image: UPPER/case:latest"',
      ],
      'POST /containers/{name}/pause': ['message: "Container ID is not running" ≠ "container ID is not running"'],
      'POST /containers/{name}/kill': [
        'message: "Invalid signal: 0" ≠ "cannot kill container: held: invalid signal: 0"',
        'message: "Invalid signal: BOGUS" ≠ "cannot kill container: held: invalid signal: BOGUS"',
      ],
      'POST /containers/{name}/resize': [
        'message: none ≠ "invalid resize height \\"-1\\": value out of range"',
        'message: none ≠ "invalid resize height \\"99999999999\\": value out of range"',
        'message: "strconv.Atoi: parsing \\"\\": invalid syntax" ≠ "invalid resize height \\"\\": invalid syntax"',
        'message: "strconv.Atoi: parsing \\"a\\": invalid syntax" ≠ "invalid resize height \\"a\\": invalid syntax"',
      ],
      'DELETE /containers/{name}': [
        'message: "You cannot remove a paused container ID. Unpause and then stop the container before attempting removal or force remove" ≠ "cannot remove container \\"frozen\\": container is paused and must be unpaused first"',
        'message: "You cannot remove a running container ID. Stop the container before attempting removal or force remove" ≠ "cannot remove container \\"held\\": container is running: stop the container before removing or force remove"',
      ],
      'POST /exec/{name}/start': [
        'message: none ≠ "No such exec instance: none"',
        'message: "Error: Exec command ID is already running" ≠ "exec command ID is already running"',
        'message: none ≠ "exec command ID has already run"',
      ],
      'POST /exec/{name}/resize': [
        'message: "strconv.Atoi: parsing \\"a\\": invalid syntax" ≠ "invalid resize height \\"a\\": invalid syntax"',
      ],
      'GET /containers/{name}/archive': [
        'message: "lstat PATH not a directory" ≠ "Could not find the file /etc/passwd in container fresh"',
      ],
      'PUT /containers/{name}/archive': [
        'message: "extraction point is not a directory" ≠ "Could not find the file /etc/passwd in container fresh"',
      ],
      'GET /images/{name}/json': [
        'message: "no such image: UPPER: invalid reference format: repository name must be lowercase" ≠ "invalid reference format: repository name (library/UPPER) must be lowercase"',
        'message: "no such image: nothing: No such image: nothing:latest" ≠ "No such image: nothing:latest"',
      ],
      'GET /images/{name}/get': ['message: "No such image: nothing" ≠ "No such image: nothing:latest"'],
      'GET /images/get': ['message: "No such image: nothing" ≠ "No such image: nothing:latest"'],
      'DELETE /images/{name}': [
        'message: "invalid reference format: repository name must be lowercase" ≠ "invalid reference format: repository name (library/UPPER) must be lowercase"',
      ],
      'POST /images/{name}/push': [
        'message: "Bad parameters and missing X-Registry-Auth: EOF" ≠ "An image does not exist locally with the tag: ADDRESS/copy"',
        'message: "Bad parameters and missing X-Registry-Auth: EOF" ≠ "An image does not exist locally with the tag: nothing"',
      ],
    },
  },
];
