// Everything known of a container, in Docker's shape.
import type { ContainerInspect, ContainerState, MountPoint, NetworkSettings } from '../protocol/container_views.ts';
import type { Container } from './container.ts';
import { sizesOf } from './list.ts';
import type { ContainerRecord } from './record.ts';
import { type ContainerServices, directories } from './services.ts';
import { commandOf } from './spec/generate.ts';
import { parseSecurityOptions, protectedPaths } from './spec/security.ts';
import { mountPoint, networksOf, portsOf } from './summary.ts';

export function stateView({ state }: Container): ContainerState {
  const { status, health } = state;
  return {
    Status: status,
    Running: status === 'running' || status === 'paused',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(health === undefined || health.status === 'none'
      ? {}
      : { Health: { Status: health.status, FailingStreak: health.failingStreak, Log: health.log } }),
  };
}

export function networkSettings(record: ContainerRecord): NetworkSettings {
  const networks = networksOf(record);
  const bridge = networks['bridge'];
  const running = record.state.pid > 0;
  return {
    Bridge: '',
    SandboxID: running ? record.id : '',
    SandboxKey: running ? `/proc/${record.state.pid}/ns/net` : '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: portsOf(record),
    EndpointID: bridge?.EndpointID ?? '',
    Gateway: bridge?.Gateway ?? '',
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? '',
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? '',
    MacAddress: bridge?.MacAddress ?? '',
    Networks: networks,
  };
}

/** All but tmpfs, which Docker leaves to HostConfig. */
export function mountPoints(services: ContainerServices, record: ContainerRecord): MountPoint[] {
  const volumeDirectory = (name: string) => {
    try {
      return services.volumes.get(name).mountpoint;
    } catch {
      // Removed by force: the container still names it.
      return '';
    }
  };
  return record.mounts.filter(({ type }) => type !== 'tmpfs').map((mount) => mountPoint(mount, volumeDirectory));
}

/** Sessions that have ended are remembered, but are the container's no more. */
function liveExecs({ execs }: Container): string[] | null {
  const ids = [...execs.values()].filter(({ status }) => status !== 'exited').map(({ id }) => id);
  return ids.length > 0 ? ids : null;
}

export async function inspectContainer(
  services: ContainerServices,
  container: Container,
  size: boolean,
): Promise<ContainerInspect> {
  const { record } = container;
  const paths = directories(services, container);
  const [path = '', ...args] = commandOf(record.config);
  const { masked, readonly } = protectedPaths(record.hostConfig);
  const logs = record.hostConfig.LogConfig?.Type !== 'none';
  return {
    Id: record.id,
    Created: record.created,
    Path: path,
    Args: args,
    State: stateView(container),
    Image: record.imageId,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: logs ? paths.log : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: parseSecurityOptions(record.hostConfig.SecurityOpt).apparmor ?? '',
    ExecIDs: liveExecs(container),
    HostConfig: { ...record.hostConfig, MaskedPaths: masked, ReadonlyPaths: readonly },
    GraphDriver: {
      Name: 'overlay2',
      Data: { ID: record.id, UpperDir: paths.upper, WorkDir: paths.work, MergedDir: paths.rootfs },
    },
    ...(size ? await sizesOf(services, container) : {}),
    Mounts: mountPoints(services, record),
    Config: record.config,
    NetworkSettings: networkSettings(record),
  };
}
