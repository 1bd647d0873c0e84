// A container as a row of a list.
import type { PortMap } from '../protocol/container_config.ts';
import type { ContainerSummary, MountPoint, Port } from '../protocol/container_views.ts';
import { humanDuration } from '../protocol/human_duration.ts';
import type { Container } from './container.ts';
import type { ContainerMount, ContainerRecord, StateRecord } from './record.ts';

export function isZeroTime(time: string): boolean {
  return time.startsWith('0001-');
}

/** `Up 3 minutes (healthy)`, `Exited (0) 5 seconds ago`, `Created`. */
export function statusText(
  state: Pick<StateRecord, 'status' | 'startedAt' | 'finishedAt' | 'exitCode' | 'health'>,
  now = Date.now(),
): string {
  const since = (time: string) => humanDuration((now - Date.parse(time)) / 1000);
  switch (state.status) {
    case 'running': {
      const health = state.health?.status ?? 'none';
      const suffix = health === 'none' ? '' : health === 'starting' ? ' (health: starting)' : ` (${health})`;
      return `Up ${since(state.startedAt)}${suffix}`;
    }
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    case 'exited':
      return isZeroTime(state.finishedAt) ? '' : `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}

function protocolOf(text: string | undefined): Port['Type'] {
  return text === 'udp' || text === 'sctp' ? text : 'tcp';
}

/** Ports that are published, and exposed ones that are not. */
function portList(ports: PortMap): Port[] {
  return Object.entries(ports)
    .flatMap(([key, bindings]): Port[] => {
      const [number = '', protocol] = key.split('/');
      const base = { PrivatePort: Number(number), Type: protocolOf(protocol) };
      if (bindings === null || bindings.length === 0) return [base];
      return bindings.map(({ HostIp = '', HostPort = '' }) => ({ IP: HostIp, ...base, PublicPort: Number(HostPort) }));
    })
    .sort((a, b) => a.PrivatePort - b.PrivatePort || ((a.IP ?? '') < (b.IP ?? '') ? -1 : 1));
}

/** `argument with space` is quoted as Docker shows it. */
export function commandText(record: ContainerRecord): string {
  const { Entrypoint = [], Cmd = [] } = record.config;
  return [...Entrypoint, ...Cmd].map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(' ');
}

export function mountPoint(mount: ContainerMount, volumeDirectory?: (name: string) => string): MountPoint {
  const { type, destination, source, name, driver, mode, readOnly, propagation } = mount;
  if (type === 'volume')
    return {
      Type: 'volume',
      Name: name,
      Source: volumeDirectory?.(name) ?? '',
      Destination: destination,
      Driver: driver || 'local',
      Mode: mode,
      RW: !readOnly,
      Propagation: propagation,
    };
  return { Type: type, Source: source, Destination: destination, Mode: mode, RW: !readOnly, Propagation: propagation };
}

/** Ports of a container that doesn't run: exposed ones, unpublished. Of one that runs: as they are. */
export function portsOf(record: ContainerRecord): PortMap {
  if (record.attachment === undefined) return {};
  const exposed = Object.keys(record.config.ExposedPorts ?? {}).map((port) => [port, null] as const);
  return { ...Object.fromEntries(exposed), ...record.attachment.ports };
}

/** Networks with their addresses while it runs, as configured otherwise. */
export function networksOf(record: ContainerRecord) {
  return record.attachment?.endpoints ?? record.endpoints;
}

export function summarize({ record }: Container): ContainerSummary {
  const { state, hostConfig } = record;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.config.Image ?? '',
    ImageID: record.imageId,
    Command: commandText(record),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: portList(portsOf(record)),
    Labels: record.config.Labels ?? {},
    State: state.status,
    Status: statusText(state),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? 'default',
      ...(hostConfig.Annotations === undefined ? {} : { Annotations: hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: networksOf(record) },
    Mounts: record.mounts.filter(({ type }) => type !== 'tmpfs').map((mount) => mountPoint(mount)),
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ExitCode: state.exitCode,
    Health: state.health?.status ?? 'none',
  };
}
