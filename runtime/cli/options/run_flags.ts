// The flags of `run` and `create`, as Docker has them.
import { flag, list, number, type OptionSpec, text } from '../command.ts';

function hidden(option: OptionSpec): OptionSpec {
  return { ...option, hidden: true };
}

function alias(name: string, same: string, kind: OptionSpec['kind'] = 'list'): OptionSpec {
  return { name, kind, help: '', hidden: true, same };
}

const limits: readonly OptionSpec[] = [
  text('memory', 'bytes', 'Memory limit', 'm'),
  text('memory-reservation', 'bytes', 'Memory soft limit'),
  text('memory-swap', 'bytes', "Swap limit equal to memory plus swap: '-1' to enable unlimited swap"),
  number('memory-swappiness', 'int', 'Tune container memory swappiness (0 to 100)'),
  hidden(text('kernel-memory', 'bytes', 'Kernel memory limit')),
  text('cpus', 'decimal', 'Number of CPUs'),
  number('cpu-shares', 'int', 'CPU shares (relative weight)', 'c'),
  number('cpu-period', 'int', 'Limit CPU CFS (Completely Fair Scheduler) period'),
  number('cpu-quota', 'int', 'Limit CPU CFS (Completely Fair Scheduler) quota'),
  number('cpu-rt-period', 'int', 'Limit CPU real-time period in microseconds'),
  number('cpu-rt-runtime', 'int', 'Limit CPU real-time runtime in microseconds'),
  text('cpuset-cpus', 'string', 'CPUs in which to allow execution (0-3, 0,1)'),
  text('cpuset-mems', 'string', 'MEMs in which to allow execution (0-3, 0,1)'),
  number('pids-limit', 'int', 'Tune container pids limit (set -1 for unlimited)'),
  number('blkio-weight', 'uint16', 'Block IO (relative weight), between 10 and 1000, or 0 to disable'),
  list('blkio-weight-device', 'list', 'Block IO weight (relative device weight)'),
  list('device-read-bps', 'list', 'Limit read rate (bytes per second) from a device'),
  list('device-write-bps', 'list', 'Limit write rate (bytes per second) to a device'),
  list('device-read-iops', 'list', 'Limit read rate (IO per second) from a device'),
  list('device-write-iops', 'list', 'Limit write rate (IO per second) to a device'),
  flag('oom-kill-disable', 'Disable OOM Killer'),
  number('oom-score-adj', 'int', "Tune host's OOM preferences (-1000 to 1000)"),
  text('shm-size', 'bytes', 'Size of /dev/shm'),
  list('ulimit', 'ulimit', 'Ulimit options'),
  list('sysctl', 'map', 'Sysctl options'),
  text('cgroup-parent', 'string', 'Optional parent cgroup for the container'),
  list('storage-opt', 'list', 'Storage driver options for the container'),
];

const isolation: readonly OptionSpec[] = [
  flag('privileged', 'Give extended privileges to this container'),
  list('cap-add', 'list', 'Add Linux capabilities'),
  list('cap-drop', 'list', 'Drop Linux capabilities'),
  list('security-opt', 'list', 'Security Options'),
  list('device', 'list', 'Add a host device to the container'),
  list('device-cgroup-rule', 'list', 'Add a rule to the cgroup allowed devices list'),
  text('gpus', 'gpu-request', "GPU devices to add to the container ('all' to pass all GPUs)"),
  list('group-add', 'list', 'Add additional groups to join'),
  text('ipc', 'string', 'IPC mode to use'),
  text('pid', 'string', 'PID namespace to use'),
  text('uts', 'string', 'UTS namespace to use'),
  text('userns', 'string', 'User namespace to use'),
  text('cgroupns', 'string', 'Cgroup namespace to use (host|private)'),
  flag('read-only', "Mount the container's root filesystem as read only"),
  text('runtime', 'string', 'Runtime to use for this container'),
  hidden(text('isolation', 'string', 'Container isolation technology')),
];

const networking: readonly OptionSpec[] = [
  list('network', 'network', 'Connect a container to a network'),
  alias('net', 'network'),
  list('network-alias', 'list', 'Add network-scoped alias for the container'),
  alias('net-alias', 'network-alias'),
  text('ip', 'ip', 'IPv4 address (e.g., 172.30.100.104)'),
  text('ip6', 'ip', 'IPv6 address (e.g., 2001:db8::33)'),
  list('link-local-ip', 'ip', 'Container IPv4/IPv6 link-local addresses'),
  list('link', 'list', 'Add link to another container'),
  text('mac-address', 'string', 'Container MAC address (e.g., 92:d0:c6:0a:29:33)'),
  list('dns', 'ip', 'Set custom DNS servers'),
  list('dns-option', 'list', 'Set DNS options'),
  alias('dns-opt', 'dns-option'),
  list('dns-search', 'list', 'Set custom DNS search domains'),
  list('add-host', 'list', 'Add a custom host-to-IP mapping (host:ip)'),
  list('publish', 'list', "Publish a container's port(s) to the host", 'p'),
  flag('publish-all', 'Publish all exposed ports to random ports', 'P'),
  list('expose', 'list', 'Expose a port or a range of ports'),
];

const health: readonly OptionSpec[] = [
  text('health-cmd', 'string', 'Command to run to check health'),
  text('health-interval', 'duration', 'Time between running the check (ms|s|m|h) (default 0s)'),
  text('health-timeout', 'duration', 'Maximum time to allow one check to run (ms|s|m|h) (default 0s)'),
  text(
    'health-start-period',
    'duration',
    'Start period for the container to initialize before starting health-retries countdown (ms|s|m|h) (default 0s)',
  ),
  text(
    'health-start-interval',
    'duration',
    'Time between running the check during the start period (ms|s|m|h) (default 0s)',
  ),
  number('health-retries', 'int', 'Consecutive failures needed to report unhealthy'),
  flag('no-healthcheck', 'Disable any container-specified HEALTHCHECK'),
];

/** What `create` and `run` share. */
export const createFlags: readonly OptionSpec[] = [
  text('name', 'string', 'Assign a name to the container'),
  flag('interactive', 'Keep STDIN open even if not attached', 'i'),
  flag('tty', 'Allocate a pseudo-TTY', 't'),
  list('attach', 'list', 'Attach to STDIN, STDOUT or STDERR', 'a'),
  flag('rm', 'Automatically remove the container and its associated anonymous volumes when it exits'),
  text('hostname', 'string', 'Container host name', 'h'),
  text('domainname', 'string', 'Container NIS domain name'),
  list('env', 'list', 'Set environment variables', 'e'),
  list('env-file', 'list', 'Read in a file of environment variables'),
  list('volume', 'list', 'Bind mount a volume', 'v'),
  text('volume-driver', 'string', 'Optional volume driver for the container'),
  list('mount', 'mount', 'Attach a filesystem mount to the container'),
  list('tmpfs', 'list', 'Mount a tmpfs directory'),
  list('volumes-from', 'list', 'Mount volumes from the specified container(s)'),
  text('user', 'string', 'Username or UID (format: <name|uid>[:<group|gid>])', 'u'),
  text('workdir', 'string', 'Working directory inside the container', 'w'),
  text('entrypoint', 'string', 'Overwrite the default ENTRYPOINT of the image'),
  list('label', 'list', 'Set meta data on a container', 'l'),
  list('label-file', 'list', 'Read in a line delimited file of labels'),
  list('annotation', 'map', 'Add an annotation to the container (passed through to the OCI runtime)'),
  text('restart', 'string', 'Restart policy to apply when a container exits'),
  text('stop-signal', 'string', 'Signal to stop the container'),
  number('stop-timeout', 'int', 'Timeout (in seconds) to stop a container'),
  flag('init', 'Run an init inside the container that forwards signals and reaps processes'),
  text('log-driver', 'string', 'Logging driver for the container'),
  list('log-opt', 'list', 'Log driver options'),
  text('cidfile', 'string', 'Write the container ID to the file'),
  text('platform', 'string', 'Set platform if server is multi-platform capable'),
  {
    name: 'pull',
    kind: 'text',
    value: 'string',
    help: 'Pull image before running ("always", "missing", "never")',
    choices: ['always', 'missing', 'never'],
  },
  flag('quiet', 'Suppress the pull output', 'q'),
  { ...flag('disable-content-trust', 'Skip image verification'), hidden: true },
  ...limits,
  ...isolation,
  ...networking,
  ...health,
];

export const runFlags: readonly OptionSpec[] = [
  flag('detach', 'Run container in background and print container ID', 'd'),
  text('detach-keys', 'string', 'Override the key sequence for detaching a container'),
  flag('sig-proxy', 'Proxy received signals to the process'),
  ...createFlags,
];
