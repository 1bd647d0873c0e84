// Containers as Docker's clients read them: every field that dockerd always sends is there, with Go's zero value where the
// record has none, and nothing that only this engine knows.
import type { HostConfig } from '../protocol/container_config.ts';
import type { ContainerInspect, ContainerSummary } from '../protocol/container_views.ts';

type Fields = Readonly<Record<string, unknown>>;

const hostDefaults: Fields = {
  Binds: null,
  ContainerIDFile: '',
  PortBindings: {},
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

const configDefaults: Fields = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: [],
  Cmd: null,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
};

/** Sent only where they are set. */
const configOptions = [
  'ArgsEscaped',
  'ExposedPorts',
  'Healthcheck',
  'NetworkDisabled',
  'MacAddress',
  'StopSignal',
  'StopTimeout',
  'Shell',
];

const endpointDefaults: Fields = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
  GwPriority: 0,
};

/** Containers without a network of their own are in one of the two that are none. */
function networksView(networks: Readonly<Record<string, object>>, mode: string | undefined): Fields {
  const isEmpty = Object.keys(networks).length === 0 && (mode === 'none' || mode === 'host');
  const entries = isEmpty ? [[mode, {}] as const] : Object.entries(networks);
  return Object.fromEntries(entries.map(([name, endpoint]) => [name, { ...endpointDefaults, ...endpoint }]));
}

function bindingsView(bindings: HostConfig['PortBindings'] = {}): Fields {
  const complete = { HostIp: '', HostPort: '' };
  return Object.fromEntries(
    Object.entries(bindings).map(([port, list]) => [port, list.map((binding) => ({ ...complete, ...binding }))]),
  );
}

export function containerView(container: ContainerInspect): object {
  const { Config, HostConfig, NetworkSettings } = container;
  const known = new Set([...Object.keys(configDefaults), ...configOptions]);
  const config = Object.fromEntries(Object.entries(Config).filter(([name]) => known.has(name)));
  return {
    ...container,
    HostConfig: { ...hostDefaults, ...HostConfig, PortBindings: bindingsView(HostConfig.PortBindings) },
    Config: { ...configDefaults, ...config },
    NetworkSettings: {
      ...NetworkSettings,
      SecondaryIPAddresses: null,
      SecondaryIPv6Addresses: null,
      Networks: networksView(NetworkSettings.Networks, HostConfig.NetworkMode),
    },
  };
}

export function summaryView(summary: ContainerSummary): object {
  const { StartedAt: _started, FinishedAt: _finished, ExitCode: _code, Health: _health, ...row } = summary;
  const { Networks } = summary.NetworkSettings;
  return { ...row, NetworkSettings: { Networks: networksView(Networks, summary.HostConfig.NetworkMode) } };
}
