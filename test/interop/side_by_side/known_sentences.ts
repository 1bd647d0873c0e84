// Where ours refuses in a sentence of its own.
import type { Known } from './known.ts';

export const knownSentences: readonly Known[] = [
  {
    reason: 'a sentence of our own: what is known, what it collides with, what to do',
    at: {
      'POST /containers/create': [
        'message: "Conflicting options: Nano CPUs and CPU Period cannot both be set" ≠ "Conflicting options: Nano CPUs cannot be set with CPU Period/Quota"',
        'message: "Conflicting options: Nano CPUs and CPU Quota cannot both be set" ≠ "Conflicting options: Nano CPUs cannot be set with CPU Period/Quota"',
        'message: "Content-Type specified (text/plain) must be \'application/json\'" ≠ "unsupported Content-Type header (text/plain): must be \'application/json\'"',
        'message: "Invalid isolation: \\"bogus\\" - linux only supports \'default\'" ≠ "invalid isolation \'bogus\' on linux"',
        'message: "Invalid value abc for cpuset cpus: invalid format: abc" ≠ "Invalid value abc for cpuset cpus"',
        'message: "Invalid value abc for cpuset mems: invalid format: abc" ≠ "Invalid value abc for cpuset mems"',
        'message: "Unknown runtime specified bogus" ≠ "unknown or invalid runtime name: bogus"',
        'message: "\\"a/b/c/d/e\\": cannot parse platform specifier: invalid argument" ≠ "\\"a/b/c/d/e\\" is not a platform: expected os/architecture[/variant], such as linux/amd64"',
        'message: "error looking up logging plugin bogus: plugin \\"bogus\\" not found" ≠ "logger: no log driver named \'bogus\' is registered"',
        'message: "image with reference slipway.test/busybox:latest was found but does not match the specified platform: wanted bogus/bogus, actual: linux/amd64" ≠ "image with reference slipway.test/busybox:latest was found but does not provide the specified platform (bogus/bogus)"',
        'message: "invalid --security-opt 1: \\"bogus\\"" ≠ "invalid --security-opt: \\"bogus\\""',
        'message: "invalid mode: bogus" ≠ "invalid mode for volumes-from: bogus"',
        'message: "invalid port specification: \\"x\\"" ≠ "invalid port specification: \\"x/tcp\\""',
        "message: \"invalid restart policy 'sometimes'\" ≠ \"invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'\"",
        "message: \"invalid volume specification: '/tmp:/': invalid mount config for type \\\"bind\\\": invalid specification: destination can't be '/'\" ≠ \"invalid volume specification: destination can't be '/'\"",
        'message: "invalid volume specification: \'/tmp:b\': invalid mount config for type \\"bind\\": invalid mount path: \'b\' mount path must be absolute" ≠ "invalid mount path: \'b\' mount path must be absolute"',
        'message: "maximum retry count cannot be negative" ≠ "invalid restart policy: maximum retry count cannot be negative"',
        'message: "maximum retry count cannot be used with restart policy \'always\'" ≠ "invalid restart policy: maximum retry count can only be used with \'on-failure\'"',
      ],
      'DELETE /containers/{name}': [
        'message: "Conflict, cannot remove the default link name of the container" ≠ "legacy links are not supported: put both containers on one network instead"',
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
        'message: "Cannot update container ID: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time" ≠ "Minimum memoryswap limit should be larger than memory limit, see usage"',
        'message: "Cannot update container ID: Restart policy cannot be updated because AutoRemove is enabled for the container" ≠ "can\'t create \'AutoRemove\' container with restart policy"',
        "message: \"invalid restart policy 'bogus'\" ≠ \"invalid restart policy: unknown policy 'bogus'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'\"",
      ],
      'POST /containers/prune': [
        'message: "failed to parse value as time or duration: \\"bogus\\"" ≠ "cannot read the time \\"bogus\\": expected RFC 3339, Unix seconds or a duration such as 10m"',
      ],
      'POST /exec/{name}/start': ['message: "No such exec instance: ID" ≠ "container ID is not running"'],
      'GET /containers/{name}/archive': [
        'message: "bad parameter: pathcannot be empty" ≠ "bad parameter: path cannot be empty"',
      ],
      'PUT /containers/{name}/archive': [
        'message: "bad parameter: pathcannot be empty" ≠ "bad parameter: path cannot be empty"',
      ],
      'GET /images/json': [
        'message: "Invalid filter \'dangling=[maybe]\'" ≠ "invalid filter \'dangling=maybe\'; use true or false"',
        'message: "Invalid filter \'unknown\'" ≠ "invalid filter \'unknown\'; known are before, dangling, label, label!, reference, since, until"',
        'message: "syntax error in pattern" ≠ "invalid filter \'reference=[\': the pattern is malformed"',
      ],
      'POST /images/{name}/tag': [
        'message: "invalid reference format" ≠ "repository name must have at least one component"',
        'message: "invalid reference format: repository name must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
        'message: "invalid tag format" ≠ "invalid reference format: \\"a:b:c\\": the repository name is malformed"',
      ],
      'DELETE /images/{name}': [
        'message: "conflict: unable to delete ID (cannot be forced) - image is being used by running container ID" ≠ "cannot remove image sha256:ID: it has names in several repositories"',
        'message: "conflict: unable to remove repository reference \\"slipway.test/busybox\\" (must force) - container ID is using its referenced image ID" ≠ "cannot remove image slipway.test/busybox: container held (ID) is running from it"',
      ],
      'GET /distribution/UPPER/json': [
        'message: "invalid reference format: repository name must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
      ],
      'POST /images/prune': [
        'message: "Invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'; known are dangling, label, label!, until"',
        'message: "Invalid filter \'dangling=[maybe]\'" ≠ "invalid filter \'dangling=maybe\'; use true or false"',
        'message: "failed to parse value as time or duration: \\"bogus\\"" ≠ "invalid filter \'until=bogus\'; use a duration such as 24h, or a date"',
      ],
      'POST /images/create': [
        'message: "\\"a/b/c/d\\": cannot parse platform specifier: invalid argument" ≠ "\\"a/b/c/d\\" is not a platform: expected os/architecture[/variant], such as linux/amd64"',
        'message: "bogus is not a valid change command" ≠ "cannot apply the change \\"BOGUS\\": known are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"',
        'message: "invalid reference format: repository name must be lowercase" ≠ "invalid reference format: \\"UPPER:a\\": repository name must be lowercase"',
        'message: "invalid reference format: repository name must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
        'message: "invalid tag format" ≠ "invalid reference format: \\"a@b:c\\": the digest must be sha256: and 64 hexadecimal digits"',
        'message: "run is not a valid change command" ≠ "cannot apply the change \\"RUN true\\": known are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"',
      ],
      'POST /images/load': [
        'message: "open PATH no such file or directory" ≠ "cannot use the manifest: the archive is neither a docker archive nor an OCI layout: it has no manifest.json or index.json"',
      ],
      'POST /commit': [
        'message: "bogus is not a valid change command" ≠ "cannot apply the change \\"BOGUS\\": known are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"',
        'message: "invalid name or ID supplied: \\"\\"" ≠ "container is required"',
        'message: "invalid reference format: repository name must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
        'message: "invalid tag format" ≠ "invalid reference format: \\"a:b:c\\": the repository name is malformed"',
        'message: "run is not a valid change command" ≠ "cannot apply the change \\"RUN true\\": known are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"',
      ],
      'GET /networks': [
        'message: "Invalid filter \'unknown\'" ≠ "invalid filter \'unknown\'; known are dangling, driver, id, label, label!, name, scope, type"',
        'message: "invalid value for filter \'dangling\', must be \\"true\\" (or \\"1\\"), or \\"false\\" (or \\"0\\")" ≠ "invalid filter \'dangling=maybe\'; use true or false"',
      ],
      'POST /networks/create': [
        'message: "Invalid subnet  : invalid CIDR address: " ≠ "a gateway or an ip-range needs a subnet"',
        'message: "Invalid subnet nonsense : invalid CIDR address: nonsense" ≠ "invalid subnet: \\"nonsense\\" is not an IP address"',
        'message: "Pool overlaps with other one on this address space" ≠ "invalid pool request: Pool overlaps with other one on this address space: the subnet ADDRESS/25 overlaps with ADDRESS/24, which another network or this machine uses"',
        'message: "failed to allocate gateway (ADDRESS): Requested address is out of range" ≠ "invalid gateway: ADDRESS is not in the subnet ADDRESS/24"',
        'message: "failed to parse pool request for address space \\"LocalDefault\\" pool \\"ADDRESS/24\\" subpool \\"nonsense\\": Invalid Address SubPool" ≠ "invalid ip-range: \\"nonsense\\" is not an IP address"',
        'message: "invalid gateway address nonsense in Ipam configuration" ≠ "invalid gateway: \\"nonsense\\" is not an IP address"',
        'message: "invalid name:  " ≠ "invalid network name \\" \\": only letters, digits, \\"_\\", \\".\\" and \\"-\\" are allowed"',
        'message: "invalid name: " ≠ "network.create: the parameters must have required properties Name"',
      ],
      'DELETE /networks/{name}': [
        'message: "error while removing network: network wire id ID has active endpoints" ≠ "error while removing network: network wire has active endpoints (name:\\"user\\" id:\\"ID\\")"',
      ],
      'POST /networks/{name}/connect': [
        'message: "Invalid IPv4 address: nonsense)" ≠ "invalid address: \\"nonsense\\" is not an IP address"',
        'message: "Invalid address ADDRESS: It does not belong to any of this network\'s subnets" ≠ "invalid address ADDRESS: it does not belong to the network\'s subnet ADDRESS/24"',
        'message: "container cannot be disconnected from host network or connected to host network" ≠ "container cannot be connected to network host after its creation"',
        'message: "invalid name or ID supplied: \\"\\"" ≠ "network.connect: the parameters must have required properties Container"',
        'message: "user specified IP address is supported only when connecting to networks with user configured subnets" ≠ "invalid address ADDRESS: it does not belong to the network\'s subnet ADDRESS/16"',
      ],
      'POST /networks/{name}/disconnect': [
        'message: "container cannot be disconnected from host network or connected to host network" ≠ "container sharing network namespace with another container or host cannot be connected to any other network"',
        'message: "endpoint nobody not found" ≠ "No such container: nobody"',
      ],
      'POST /containers/{name}/start': [
        'message: "driver failed programming external connectivity on endpoint other (ID): Bind for ADDRESS failed: port is already allocated" ≠ "cannot publish ADDRESS: port is already allocated by container user"',
        'message: "user specified IP address is supported only when connecting to networks with user configured subnets" ≠ "invalid address ADDRESS: it does not belong to the network\'s subnet ADDRESS/16"',
      ],
      'POST /networks/prune': [
        'message: "Invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'; known are label, label!, until"',
        'message: "failed to parse value as time or duration: \\"bogus\\"" ≠ "invalid filter \'until=bogus\'; use a duration such as 24h, or a date"',
      ],
      'GET /volumes': [
        'message: "Invalid filter \'dangling=[maybe]\'" ≠ "invalid filter \'dangling=maybe\'; use true or false"',
        'message: "Invalid filter \'unknown\'" ≠ "invalid filter \'unknown\'; known are dangling, driver, label, label!, name"',
      ],
      'POST /volumes/create': [
        'message: "create vault: invalid option: \\"bogus\\"" ≠ "invalid option \\"bogus\\" for the local driver; known are type, o, device, size"',
        'message: "create vault: invalid size: \'abc\'" ≠ "invalid option \\"size\\": quotas need a mount of their own; use type=tmpfs with o=size=…"',
        'message: "create vault: missing required option: \\"device\\"" ≠ "missing required option: \\"device\\""',
      ],
      'POST /volumes/prune': [
        'message: "Invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'; known are all, label, label!"',
      ],
    },
  },
  {
    reason: "the builder's own sentences, with the place in the Dockerfile",
    at: {
      'POST /build': [
        'message: "invalid reference format: repository name must be lowercase" ≠ "Dockerfile:1:1: failed to resolve source metadata for UPPER: invalid reference format: \\"UPPER\\": repository name must be lowercase\\n--------------------\\n   1 | >>> FROM UPPER\\n   2 |\\n--------------------"',
        'message: "COPY failed: file not found in build context or excluded by .dockerignore: stat nothing: file does not exist" ≠ "Dockerfile:2:1: failed to compute cache key: \\"/nothing\\": not found in the build context\\n--------------------\\n   1 |     FROM slipway.test/busybox\\n   2 | >>> COPY nothing /a\\n   3 |\\n--------------------"',
        'message: "COPY failed: forbidden path outside the build context: ../a ()" ≠ "Dockerfile:2:1: forbidden path outside the build context: ../a\\n--------------------\\n   1 |     FROM slipway.test/busybox\\n   2 | >>> COPY ../a /a\\n   3 |\\n--------------------"',
        'message: "Cannot locate specified Dockerfile: Dockerfile" ≠ "failed to read dockerfile: open Dockerfile: no such file or directory"',
        'message: "Cannot locate specified Dockerfile: nothing" ≠ "failed to read dockerfile: open nothing: no such file or directory"',
        'message: "Get \\"http://ADDRESS/v2/\\": dial tcp ADDRESS: connect: connection refused" ≠ "Dockerfile:1:1: failed to resolve source metadata for ADDRESS/nothing: cannot reach the registry ADDRESS: it refuses connections; check the port and that the registry runs\\n--------------------\\n   1 | >>> FROM ADDRESS/nothing\\n   2 |\\n--------------------"',
        'message: "\\"a/b/c/d\\": cannot parse platform specifier: invalid argument" ≠ "\\"a/b/c/d\\" is not a platform: expected os/architecture[/variant], such as linux/amd64"',
        'message: "archive/tar: invalid tar header" ≠ "cannot build: entry at offset 0: header: its checksum is wrong: not a tar archive, or a damaged one"',
        'message: "dockerfile parse error line 2: unknown instruction: BOGUS" ≠ "Dockerfile:2:1: unknown instruction: BOGUS\\n--------------------\\n   1 |     FROM slipway.test/busybox\\n   2 | >>> BOGUS a\\n   3 |\\n--------------------"',
        'message: "error reading build args: invalid character \'o\' in literal null (expecting \'u\')" ≠ "buildargs is not JSON: nonsense"',
        'message: "error reading labels: invalid character \'o\' in literal null (expecting \'u\')" ≠ "labels is not JSON: nonsense"',
        'message: "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \\"/no/such\\": stat /no/such: no such file or directory: unknown" ≠ "Dockerfile:2:1: exec: \\"/no/such\\": stat /no/such: no such file or directory\\n--------------------\\n   1 |     FROM slipway.test/busybox\\n   2 | >>> RUN [\\"/no/such\\"]\\n   3 |\\n--------------------"',
        'message: "failed to reach build target nothing in Dockerfile" ≠ "target stage \\"nothing\\" could not be found"',
        'message: "forbidden path outside the build context: ../Dockerfile ()" ≠ "failed to read dockerfile: open Dockerfile: no such file or directory"',
        'message: "invalid reference format: repository name must be lowercase" ≠ "invalid reference format: \\"UPPER\\": repository name must be lowercase"',
        'message: "no build stage in current context" ≠ "Dockerfile:1:1: no build stage in current context: the file has no FROM\\n--------------------\\n   1 | >>> RUN true\\n   2 |\\n--------------------"',
        'message: "the Dockerfile (Dockerfile) cannot be empty" ≠ "Dockerfile: file with no instructions"',
        'message: "unexpected EOF" ≠ "cannot build: entry at offset 0: truncated archive: it ends inside a header, at offset 4"',
      ],
      'POST /build/prune': [
        'message: "failed to prune build cache: Invalid filter \'bogus\'" ≠ "invalid filter \'bogus\'"',
        'message: "keep-storage is in bytes and expects an integer, got abc: strconv.Atoi: parsing \\"abc\\": invalid syntax" ≠ "strconv.Atoi: parsing \\"abc\\": invalid syntax"',
      ],
    },
  },
];
