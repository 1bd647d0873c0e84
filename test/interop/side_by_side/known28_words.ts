// Where ours refuses in other words than dockerd 28, and why.
import type { Known } from './known.ts';

export const known28Words: readonly Known[] = [
  {
    reason: 'a sentence of our own: what is known, what it collides with, what to do',
    at: {
      'GET /containers/json': [
        'message: "invalid filter \'health=bogus\': invalid value for health (bogus): must be one of none, starting, healthy, unhealthy" ≠ "unrecognized filter value for health: bogus"',
        'message: "invalid filter \'status=bogus\': invalid value for state (bogus): must be one of created, running, paused, restarting, removing, exited, dead" ≠ "invalid filter \'status=bogus\'"',
        'message: "invalid filter" ≠ "invalid filter: name"',
        'message: "invalid filter" ≠ "invalid filter: nonsense is not JSON"',
      ],
      'POST /containers/create': [
        'message: "Conflicting options: Nano CPUs and CPU Period cannot both be set" ≠ "Conflicting options: Nano CPUs cannot be set with CPU Period/Quota"',
        'message: "Conflicting options: Nano CPUs and CPU Quota cannot both be set" ≠ "Conflicting options: Nano CPUs cannot be set with CPU Period/Quota"',
        'message: "Invalid value abc for cpuset cpus: invalid format: abc" ≠ "Invalid value abc for cpuset cpus"',
        'message: "Invalid value abc for cpuset mems: invalid format: abc" ≠ "Invalid value abc for cpuset mems"',
        'message: "\\"d/e\\" is an invalid component of \\"a/b/c/d/e\\": platform specifier component must match \\"^[A-Za-z0-9_.-]+$\\": invalid argument" ≠ "\\"a/b/c/d/e\\" is not a platform: expected os/architecture[/variant], such as linux/amd64"',
        'message: "error looking up logging plugin bogus: plugin \\"bogus\\" not found" ≠ "logger: no log driver named \'bogus\' is registered"',
        'message: "image with reference slipway.test/busybox:latest was found but its platform (linux/amd64) does not match the specified platform (bogus/bogus)" ≠ "image with reference slipway.test/busybox:latest was found but does not provide the specified platform (bogus/bogus)"',
        'message: "invalid --security-opt 1: \\"bogus\\"" ≠ "invalid --security-opt: \\"bogus\\""',
        'message: "invalid isolation (bogus): linux only supports \'default\'" ≠ "invalid isolation \'bogus\' on linux"',
        'message: "invalid mode: bogus" ≠ "invalid mode for volumes-from: bogus"',
        'message: "invalid port specification: \\"x\\"" ≠ "invalid port specification: \\"x/tcp\\""',
        "message: \"invalid volume specification: '/tmp:/': invalid mount config for type \\\"bind\\\": invalid specification: destination can't be '/'\" ≠ \"invalid volume specification: destination can't be '/'\"",
        'message: "invalid volume specification: \'/tmp:b\': invalid mount config for type \\"bind\\": invalid mount path: \'b\' mount path must be absolute" ≠ "invalid mount path: \'b\' mount path must be absolute"',
      ],
      'DELETE /containers/{name}': [
        'message: "Conflict, cannot remove the default link name of the container" ≠ "legacy links are not supported: put both containers on one network instead"',
      ],
      'POST /containers/{name}/start': [
        'message: "No such container: user" ≠ "invalid address ADDRESS: it does not belong to the network\'s subnet ADDRESS/16"',
        'message: "cannot access path PATH lstat PATH no such file or directory" ≠ "cannot access path PATH no such file or directory"',
        'message: "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \\"/etc/passwd\\": permission denied" ≠ "exec: \\"/etc/passwd\\": permission denied"',
        'message: "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \\"/no/such\\": stat /no/such: no such file or directory" ≠ "exec: \\"/no/such\\": stat /no/such: no such file or directory"',
        'message: "failed to set up container networking: driver failed programming external connectivity on endpoint other (ID): Bind for ADDRESS failed: port is already allocated" ≠ "cannot publish ADDRESS: port is already allocated by container user"',
      ],
      'POST /containers/{name}/exec': [
        'message: "Container frozen is paused, unpause the container before exec" ≠ "container ID is paused, unpause the container before exec"',
        'message: "Invalid escape keys (bogus-keys) provided" ≠ "invalid detach keys: cannot use \'bogus-keys\' as a detach key: it is neither one ASCII character nor ctrl-X"',
      ],
      'POST /containers/{name}/rename': [
        'message: "Error when allocating new name: Invalid container name (/a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" ≠ "Error when allocating new name: Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"',
      ],
      'GET /containers/{name}/top': [
        'message: "ps: error: unsupported option (BSD syntax)" ≠ "ps: error: unsupported option (BSD syntax)\\n\\nUsage:\\n ps [options]\\n\\n Try \'ps --help <simple|list|output|threads|misc|all>\'\\n  or \'ps --help <s|l|o|t|m|a>\'\\n for additional help text.\\n\\nFor more details see ps(1)."',
      ],
      'POST /containers/{name}/update': [
        'message: "Cannot update container ID: Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set" ≠ "Conflicting options: CPU Period/Quota cannot be updated as NanoCPUs has already been set"',
        'message: "Cannot update container ID: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time" ≠ "Minimum memoryswap limit should be larger than memory limit, see usage"',
        'message: "Cannot update container ID: Restart policy cannot be updated because AutoRemove is enabled for the container" ≠ "can\'t create \'AutoRemove\' container with restart policy"',
      ],
      'POST /containers/prune': [
        'message: "failed to parse value as time or duration: \\"bogus\\"" ≠ "cannot read the time \\"bogus\\": expected RFC 3339, Unix seconds or a duration such as 10m"',
      ],
      'POST /exec/{name}/start': ['message: "No such exec instance: ID" ≠ "container ID is not running"'],
      'GET /containers/{name}/archive': [
        'message: "bad parameter: pathcannot be empty" ≠ "bad parameter: path cannot be empty"',
        'message: "lstat /etc/passwd/: not a directory" ≠ "Could not find the file /etc/passwd in container fresh"',
      ],
      'PUT /containers/{name}/archive': [
        'message: "archive/tar: invalid tar header" ≠ "entry at offset 0: header: its checksum is wrong: not a tar archive, or a damaged one"',
        'message: "bad parameter: pathcannot be empty" ≠ "bad parameter: path cannot be empty"',
        'message: "cannot overwrite directory \\"tmp\\" with non-directory \\"/\\"" ≠ "cannot unpack \'tmp\' (at offset 0): replacing \'tmp\': Is a directory"',
        'message: "extraction point is not a directory" ≠ "Could not find the file /etc/passwd in container fresh"',
        'message: "openat passwd/a: not a directory" ≠ "cannot unpack \'passwd/a\' (at offset 0): mkdirat \'passwd\': File exists"',
      ],
      'GET /images/json': [
        'message: "failed to parse value as time or duration: \\"bogus\\"" ≠ "invalid filter \'until=bogus\'; use a duration such as 24h, or a date"',
        'message: "invalid filter \'dangling=[maybe]\'" ≠ "invalid filter \'dangling=maybe\'; use true or false"',
        'message: "invalid filter \'unknown\'" ≠ "invalid filter \'unknown\'; known are before, dangling, label, label!, reference, since, until"',
        'message: "invalid filter" ≠ "invalid filter: nonsense is not JSON"',
        'message: "syntax error in pattern" ≠ "invalid filter \'reference=[\': the pattern is malformed"',
      ],
      'GET /images/{name}/get': [
        'message: "No such image: nothing" ≠ "No such image: nothing:latest"',
        'message: "no suitable export target found for platform linux/s390x" ≠ "image with reference slipway.test/busybox was found but its platform (linux/amd64) does not match the specified platform (linux/s390x)"',
      ],
      'GET /images/get': ['message: "No such image: nothing" ≠ "No such image: nothing:latest"'],
      'POST /images/{name}/tag': [
        'message: "invalid reference format: repository name (library/UPPER) must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
        'message: "invalid tag format" ≠ "invalid reference format: \\"a:b:c\\": the repository name is malformed"',
      ],
      'DELETE /images/{name}': [
        'message: "conflict: unable to delete ID (cannot be forced) - image is being used by running container ID" ≠ "cannot remove image sha256:ID: it has names in several repositories"',
        'message: "conflict: unable to remove repository reference \\"slipway.test/busybox\\" (must force) - container ID is using its referenced image ID" ≠ "cannot remove image slipway.test/busybox: container held (ID) is running from it"',
      ],
      'POST /images/{name}/push': [
        'message: "invalid reference format: repository name (library/UPPER) must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
      ],
      'GET /distribution/UPPER/json': [
        'message: "invalid reference format: repository name (library/UPPER) must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
      ],
      'POST /images/prune': [
        'message: "failed to parse value as time or duration: \\"bogus\\"" ≠ "invalid filter \'until=bogus\'; use a duration such as 24h, or a date"',
        'message: "invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'; known are dangling, label, label!, until"',
        'message: "invalid filter \'dangling=[maybe]\'" ≠ "invalid filter \'dangling=maybe\'; use true or false"',
      ],
      'POST /images/create': [
        'message: "BOGUS is not a valid change command" ≠ "cannot apply the change \\"BOGUS\\": known are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"',
        'message: "RUN is not a valid change command" ≠ "cannot apply the change \\"RUN true\\": known are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"',
        'message: "\\"a/b/c/d\\": cannot parse platform specifier: invalid argument" ≠ "\\"a/b/c/d\\" is not a platform: expected os/architecture[/variant], such as linux/amd64"',
        'message: "archive/tar: invalid tar header" ≠ "cannot import the archive: entry at offset 0: header: its checksum is wrong: not a tar archive, or a damaged one"',
        'message: "invalid reference format: repository name (library/UPPER) must be lowercase" ≠ "invalid reference format: \\"UPPER:a\\": repository name must be lowercase"',
        'message: "invalid reference format: repository name (library/UPPER) must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
        'message: "invalid tag format" ≠ "invalid reference format: \\"a@b:c\\": the digest must be sha256: and 64 hexadecimal digits"',
      ],
      'POST /images/load': [
        'message: "archive/tar: invalid tar header" ≠ "cannot load the archive: the archive is damaged or not a tar file: a header field is not a number"',
        'message: "open PATH no such file or directory" ≠ "cannot use the manifest: the archive is neither a docker archive nor an OCI layout: it has no manifest.json or index.json"',
      ],
      'POST /commit': [
        'message: "BOGUS is not a valid change command" ≠ "cannot apply the change \\"BOGUS\\": known are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"',
        'message: "RUN is not a valid change command" ≠ "cannot apply the change \\"RUN true\\": known are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"',
        'message: "invalid name or ID supplied: \\"\\"" ≠ "container is required"',
        'message: "invalid reference format: repository name (library/UPPER) must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
        'message: "invalid tag format" ≠ "invalid reference format: \\"a:b:c\\": the repository name is malformed"',
      ],
      'POST /build': [
        'message: "dockerfile parse error on line 2: unknown instruction: BOGUS" ≠ "Dockerfile:2:1: unknown instruction: BOGUS\\n--------------------\\n   1 |     FROM slipway.test/busybox\\n   2 | >>> BOGUS a\\n   3 |\\n--------------------"',
        'message: "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \\"/no/such\\": stat /no/such: no such file or directory" ≠ "Dockerfile:2:1: exec: \\"/no/such\\": stat /no/such: no such file or directory\\n--------------------\\n   1 |     FROM slipway.test/busybox\\n   2 | >>> RUN [\\"/no/such\\"]\\n   3 |\\n--------------------"',
        'message: "invalid reference format: repository name (library/UPPER) must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
        'message: "invalid reference format: repository name (library/UPPER) must be lowercase" ≠ "Dockerfile:1:1: failed to resolve source metadata for UPPER: invalid reference format: \\"UPPER\\": repository name must be lowercase\\n--------------------\\n   1 | >>> FROM UPPER\\n   2 |\\n--------------------"',
      ],
      'POST /build/prune': [
        'message: "failed to prune build cache: invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'"',
      ],
      'GET /networks': [
        'message: "invalid filter \'unknown\'" ≠ "invalid filter \'unknown\'; known are dangling, driver, id, label, label!, name, scope, type"',
        'message: "invalid filter" ≠ "invalid filter: nonsense is not JSON"',
        'message: "invalid value for filter \'dangling\', must be \\"true\\" (or \\"1\\"), or \\"false\\" (or \\"0\\")" ≠ "invalid filter \'dangling=maybe\'; use true or false"',
      ],
      'POST /networks/create': [
        'message: "invalid name: name is empty" ≠ "invalid network name \\" \\": only letters, digits, \\"_\\", \\".\\" and \\"-\\" are allowed"',
        'message: "invalid name: name is empty" ≠ "network.create: the parameters must have required properties Name"',
        'message: "invalid network config:\\ninvalid gateway ADDRESS: parent subnet ADDRESS/24 doesn\'t contain this address" ≠ "invalid gateway: ADDRESS is not in the subnet ADDRESS/24"',
        'message: "invalid network config:\\ninvalid gateway nonsense: invalid address" ≠ "invalid gateway: \\"nonsense\\" is not an IP address"',
        'message: "invalid network config:\\ninvalid ip-range ADDRESS/25: parent subnet ADDRESS/24 doesn\'t contain ip-range" ≠ "invalid ip-range: ADDRESS/25 is not in the subnet ADDRESS/24"',
        'message: "invalid network config:\\ninvalid ip-range nonsense: invalid CIDR block notation" ≠ "invalid ip-range: \\"nonsense\\" is not an IP address"',
        'message: "invalid network config:\\ninvalid subnet : invalid CIDR block notation" ≠ "a gateway or an ip-range needs a subnet"',
        'message: "invalid network config:\\ninvalid subnet nonsense: invalid CIDR block notation" ≠ "invalid subnet: \\"nonsense\\" is not an IP address"',
        'message: "invalid pool request: Pool overlaps with other one on this address space" ≠ "invalid pool request: Pool overlaps with other one on this address space: the subnet ADDRESS/25 overlaps with ADDRESS/24, which another network or this machine uses"',
      ],
      'POST /networks/{name}/connect': [
        'message: "cannot connect container to host network - container must be created in host network mode" ≠ "container cannot be connected to network host after its creation"',
        'message: "invalid endpoint settings:\\n* invalid IPv4 address: nonsense\\n* no configured subnet or ip-range contain the IP address nonsense" ≠ "invalid address: \\"nonsense\\" is not an IP address"',
        'message: "invalid endpoint settings:\\nno configured subnet or ip-range contain the IP address ADDRESS" ≠ "invalid address ADDRESS: it does not belong to the network\'s subnet ADDRESS/24"',
        'message: "invalid endpoint settings:\\nuser specified IP address is supported only when connecting to networks with user configured subnets" ≠ "invalid address ADDRESS: it does not belong to the network\'s subnet ADDRESS/16"',
        'message: "invalid name or ID supplied: \\"\\"" ≠ "network.connect: the parameters must have required properties Container"',
      ],
      'POST /networks/{name}/disconnect': [
        'message: "cannot disconnect container from host network - container was created in host network mode" ≠ "container sharing network namespace with another container or host cannot be connected to any other network"',
        'message: "endpoint nobody not found" ≠ "No such container: nobody"',
        'message: "invalid name or ID supplied: \\"\\"" ≠ "network.disconnect: the parameters must have required properties Container"',
      ],
      'POST /networks/prune': [
        'message: "failed to parse value as time or duration: \\"bogus\\"" ≠ "invalid filter \'until=bogus\'; use a duration such as 24h, or a date"',
        'message: "invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'; known are label, label!, until"',
      ],
      'GET /volumes': [
        'message: "error reading volume filters: invalid filter" ≠ "invalid filter: nonsense is not JSON"',
        'message: "invalid filter \'dangling=[maybe]\'" ≠ "invalid filter \'dangling=maybe\'; use true or false"',
        'message: "invalid filter \'unknown\'" ≠ "invalid filter \'unknown\'; known are dangling, driver, label, label!, name"',
      ],
      'POST /volumes/create': [
        'message: "create vault: invalid option: \\"bogus\\"" ≠ "invalid option \\"bogus\\" for the local driver; known are type, o, device, size"',
        'message: "create vault: invalid size: \'abc\'" ≠ "invalid option \\"size\\": quotas need a mount of their own; use type=tmpfs with o=size=…"',
        'message: "create vault: missing required option: \\"device\\"" ≠ "missing required option: \\"device\\""',
      ],
      'POST /volumes/prune': [
        'message: "invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'; known are all, label, label!"',
      ],
      'GET /events': ['message: "invalid filter" ≠ "invalid filter: nonsense is not JSON"'],
      'POST /containers/{name}/stop': [
        'message: "cannot stop container: made: invalid signal: BOGUS" ≠ "invalid signal: BOGUS"',
      ],
      'POST /containers/{name}/restart': [
        'message: "Cannot restart container made: invalid signal: BOGUS" ≠ "invalid signal: BOGUS"',
      ],
      'PUT /volumes/{name}': [
        'message: "volume update only valid for cluster volumes, but swarm is unavailable" ≠ "This node is not a swarm manager. Use \\"docker swarm init\\" or \\"docker swarm join\\" to connect this node to swarm and try again."',
      ],
      'GET /volumes/': ['message: "get: no such volume" ≠ "page not found"'],
    },
  },
  {
    reason: "dockerd repeats what Go's packages say; ours says what is wrong with the request",
    at: {
      'GET /containers/json': [
        'message: "error while looking up for publish abc: strconv.ParseUint: parsing \\"abc\\": invalid syntax" ≠ "invalid port specification: \\"abc\\""',
        'message: "invalid filter \'exited=abc\': strconv.Atoi: parsing \\"abc\\": invalid syntax" ≠ "invalid filter \'exited=abc\'"',
      ],
      'POST /containers/create': [
        'message: "BindOptions must not be specified on mount type \\"volume\\"" ≠ "invalid mount config for type \\"volume\\": \\"a\\" includes invalid characters for a local volume name"',
        'message: "config cannot be empty in order to create a container" ≠ "invalid JSON: got EOF while reading request body"',
        'message: "create ./a: \\"./a\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed. If you intended to pass a host directory, use absolute path" ≠ "create ./a: \\"./a\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed. If you intended to pass a host directory, use absolute path."',
        'message: "create a b: \\"a b\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed. If you intended to pass a host directory, use absolute path" ≠ "create a b: \\"a b\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed."',
        'message: "invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest" ≠ "invalid JSON: an object was expected"',
        'message: "invalid JSON: json: cannot unmarshal string into Go struct field .Tty of type bool" ≠ "container.create: Config.Tty must be boolean"',
        'message: "invalid JSON: unexpected EOF" ≠ "invalid JSON: Unexpected end of JSON input"',
      ],
      'POST /containers/{name}/update': [
        'message: "invalid JSON: unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'GET /containers/{name}/logs': [
        'message: "strconv.ParseInt: parsing \\"abc\\": invalid syntax" ≠ "cannot read the time \\"abc\\": expected RFC 3339, Unix seconds or a duration such as 10m"',
      ],
      'POST /containers/{name}/exec': [
        'message: "invalid JSON: unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'POST /images/create': ['message: "Get \\"http:\\": http: no Host in request URL" ≠ "fromImage is required"'],
      'POST /commit': [
        'message: "invalid JSON: unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'POST /networks/create': [
        'message: "failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: parsing \\"maybe\\": invalid syntax)" ≠ "invalid option com.docker.network.bridge.enable_icc=maybe: expected true or false"',
        'message: "failed to parse com.docker.network.driver.mtu value: abc (strconv.Atoi: parsing \\"abc\\": invalid syntax)" ≠ "invalid MTU \\"abc\\": expected a number from 68 to 65535"',
        'message: "invalid JSON: unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'POST /volumes/create': [
        'message: "create a/b: \\"a/b\\" includes invalid characters for a local volume name, only \\"[a-zA-Z0-9][a-zA-Z0-9_.-]\\" are allowed. If you intended to pass a host directory, use absolute path" ≠ "\\"a/b\\" includes invalid characters for a local volume name: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"',
        'message: "create a: volume name is too short, names should be at least two alphanumeric characters" ≠ "\\"a\\" includes invalid characters for a local volume name: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"',
        'message: "invalid JSON: unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'GET /events': [
        'message: "strconv.ParseInt: parsing \\"abc\\": invalid syntax" ≠ "cannot read the time \\"abc\\": expected RFC 3339, Unix seconds or a duration such as 10m"',
      ],
      'POST /auth': [
        'message: "EOF" ≠ "invalid JSON: got EOF while reading request body"',
        'message: "unexpected EOF" ≠ "invalid JSON: Expected property name or \'}\' in JSON at position 1 (line 1 column 2)"',
      ],
      'POST /plugins/{name}/enable': [
        'message: "strconv.Atoi: parsing \\"\\": invalid syntax" ≠ "plugin \\"nothing\\" not found"',
      ],
      'GET /images/{name}/json': [
        'message: "failed to parse platform: invalid character \'o\' in literal null (expecting \'u\')" ≠ "failed to parse platform: nonsense is not JSON"',
      ],
      'GET /images/{name}/history': [
        'message: "failed to parse platform: invalid character \'o\' in literal null (expecting \'u\')" ≠ "failed to parse platform: nonsense is not JSON"',
      ],
      'POST /images/{name}/push': [
        'message: "failed to parse platform: invalid character \'o\' in literal null (expecting \'u\')" ≠ "failed to parse platform: nonsense is not JSON"',
      ],
      'DELETE /images/{name}': [
        'message: "failed to parse platform: invalid character \'o\' in literal null (expecting \'u\')" ≠ "failed to parse platform: nonsense is not JSON"',
      ],
      'PUT /containers/{name}/archive': ['message: "unexpected EOF" ≠ "gzip stream: it is truncated"'],
      'POST /volumes/prune': [
        'message: "invalid filter \'all\': strconv.ParseBool: parsing \\"maybe\\": invalid syntax" ≠ "invalid filter \'all=maybe\'; use true or false"',
      ],
      'POST /build/prune': [
        'message: "reserved-space is in bytes and expects an integer, got abc: strconv.Atoi: parsing \\"abc\\": invalid syntax" ≠ "strconv.Atoi: parsing \\"abc\\": invalid syntax"',
      ],
    },
  },
  {
    reason: 'refused when it is asked for; dockerd refuses later or never',
    at: {
      'POST /containers/create': [
        'message: none ≠ "No such container: nobody"',
        'message: none ≠ "Range of blkio weight is from 10 to 1000"',
        'message: none ≠ "config.Image cannot be empty"',
        'message: none ≠ "invalid device cgroup rule format: \'bogus\'"',
        'message: none ≠ "invalid port specification: \\"80/abc\\""',
        'message: none ≠ "invalid port specification: \\"abc/tcp\\""',
        'message: none ≠ "invalid tmpfs option [\\"bogus\\"]"',
        'message: none ≠ "invalid ulimit type: bogus"',
        'message: none ≠ "invalid user namespace mode: bogus"',
        'message: none ≠ "network nowhere not found"',
        'message: none ≠ "network wave not found"',
        'message: none ≠ "ulimit soft limit must be less than or equal to hard limit: 20 > 10"',
      ],
      'GET /containers/{name}/json': ['message: none ≠ "No such container: made"'],
      'POST /exec/{name}/start': ['message: none ≠ "exec command ID has already run"'],
      'POST /images/{name}/tag': ['message: none ≠ "repository name must have at least one component"'],
      'POST /networks/create': [
        'message: none ≠ "invalid network name \\"a/b\\": only letters, digits, \\"_\\", \\".\\" and \\"-\\" are allowed"',
      ],
      'POST /networks/{name}/connect': [
        'message: none ≠ "container cannot be connected to network none after its creation"',
      ],
      'POST /volumes/create': ['message: none ≠ "a volume named vault with other options exists already"'],
      'GET /events': ['message: none ≠ "invalid filter \'unknown\'"'],
      'GET //info': ['message: none ≠ "page not found"'],
      'POST /containers//start': ['message: none ≠ "page not found"'],
    },
  },
  {
    reason: 'dockerd answers a refused attach as a stream, ours in JSON like every refusal',
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
    reason: 'what dockerd refuses works',
    at: {
      'GET /containers/{name}/logs': ['message: "strconv.ParseInt: parsing \\"TIME\\": invalid syntax" ≠ none'],
      'POST /containers/{name}/exec': [
        'message: "invalid JSON: json: cannot unmarshal string into Go struct field ExecOptions.Cmd of type []string" ≠ none',
      ],
      'GET /networks/{name}': [
        'message: "invalid value for verbose: maybe: strconv.ParseBool: parsing \\"maybe\\": invalid syntax" ≠ none',
        'message: "network bridge not found" ≠ none',
      ],
      'POST /networks/{name}/connect': [
        'message: "container cannot be connected to multiple networks with one of the networks in private (none) mode" ≠ none',
      ],
      'POST /containers/create': [
        'message: "invalid config for network wire: invalid endpoint settings:\\nuser specified IP address is supported only when connecting to networks with user configured subnets" ≠ none',
      ],
      'GET /images/json': ['message: "invalid filter \'label!\'" ≠ none'],
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
      'POST /images/{name}/push': [
        'message: "Get \\"http://ADDRESS/v2/\\": dial tcp ADDRESS: connect: connection refused" ≠ "An image does not exist locally with the tag: ADDRESS/copy"',
        'message: "Get \\"http://ADDRESS/v2/\\": dial tcp ADDRESS: connect: connection refused" ≠ "cannot reach the registry ADDRESS: it refuses connections; check the port and that the registry runs"',
      ],
      'POST /auth': [
        'message: "Get \\"http://ADDRESS/v2/\\": dial tcp ADDRESS: connect: connection refused" ≠ "cannot reach the registry ADDRESS: it refuses connections; check the port and that the registry runs"',
      ],
    },
  },
  {
    reason: "the builder's own sentences, with the place in the Dockerfile",
    at: {
      'POST /build': [
        'message: "COPY failed: file not found in build context or excluded by .dockerignore: stat nothing: file does not exist" ≠ "Dockerfile:2:1: failed to compute cache key: \\"/nothing\\": not found in the build context\\n--------------------\\n   1 |     FROM slipway.test/busybox\\n   2 | >>> COPY nothing /a\\n   3 |\\n--------------------"',
        'message: "COPY failed: forbidden path outside the build context: ../a ()" ≠ "Dockerfile:2:1: forbidden path outside the build context: ../a\\n--------------------\\n   1 |     FROM slipway.test/busybox\\n   2 | >>> COPY ../a /a\\n   3 |\\n--------------------"',
        'message: "Cannot locate specified Dockerfile: Dockerfile" ≠ "failed to read dockerfile: open Dockerfile: no such file or directory"',
        'message: "Cannot locate specified Dockerfile: nothing" ≠ "failed to read dockerfile: open nothing: no such file or directory"',
        'message: "Get \\"http://ADDRESS/v2/\\": dial tcp ADDRESS: connect: connection refused" ≠ "Dockerfile:1:1: failed to resolve source metadata for ADDRESS/nothing: cannot reach the registry ADDRESS: it refuses connections; check the port and that the registry runs\\n--------------------\\n   1 | >>> FROM ADDRESS/nothing\\n   2 |\\n--------------------"',
        'message: "\\"a/b/c/d\\": cannot parse platform specifier: invalid argument" ≠ "\\"a/b/c/d\\" is not a platform: expected os/architecture[/variant], such as linux/amd64"',
        'message: "archive/tar: invalid tar header" ≠ "cannot build: entry at offset 0: header: its checksum is wrong: not a tar archive, or a damaged one"',
        'message: "error reading build args: invalid character \'o\' in literal null (expecting \'u\')" ≠ "buildargs is not JSON: nonsense"',
        'message: "error reading labels: invalid character \'o\' in literal null (expecting \'u\')" ≠ "labels is not JSON: nonsense"',
        'message: "forbidden path outside the build context: ../Dockerfile ()" ≠ "failed to read dockerfile: open Dockerfile: no such file or directory"',
        'message: "no build stage in current context" ≠ "Dockerfile:1:1: no build stage in current context: the file has no FROM\\n--------------------\\n   1 | >>> RUN true\\n   2 |\\n--------------------"',
        'message: "the Dockerfile (Dockerfile) cannot be empty" ≠ "Dockerfile: file with no instructions"',
        'message: "unexpected EOF" ≠ "cannot build: entry at offset 0: truncated archive: it ends inside a header, at offset 4"',
      ],
      'POST /build/prune': [
        'message: "keep-storage is in bytes and expects an integer, got abc: strconv.Atoi: parsing \\"abc\\": invalid syntax" ≠ "strconv.Atoi: parsing \\"abc\\": invalid syntax"',
      ],
    },
  },
  {
    reason: 'only capitals, full stops and spaces differ, as in later versions of Docker',
    at: {
      'POST /networks/create': [
        'message: "operation is not permitted on predefined bridge network " ≠ "operation is not permitted on predefined bridge network"',
        'message: "operation is not permitted on predefined host network " ≠ "operation is not permitted on predefined host network"',
      ],
    },
  },
  {
    reason: 'what only one of the two engines has',
    at: {
      'POST /session': ['message: "no upgrade proto in request" ≠ "session is not offered by this engine"'],
      'POST /grpc': ['message: "no upgrade proto in request" ≠ "grpc is not offered by this engine"'],
      'GET /plugins/privileges': ['message: "invalid reference format" ≠ "plugins is not offered by this engine"'],
      'POST /plugins/pull': ['message: "invalid reference format" ≠ "plugins is not offered by this engine"'],
      'POST /plugins/{name}/upgrade': ['message: "invalid reference format" ≠ "plugins is not offered by this engine"'],
      'POST /plugins/create': ['message: "config not found" ≠ "plugins is not offered by this engine"'],
    },
  },
];
