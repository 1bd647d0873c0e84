// What a container is created from: Docker's ContainerConfig, HostConfig and NetworkingConfig, with Docker's field names and
// units (bytes, nanoseconds, microseconds for CPU periods). Fields of other systems (Windows) are accepted and ignored.
import { type Static, Type } from 'typebox';
import {
  flag,
  integer,
  nameSet,
  optionalInteger,
  optionalText,
  optionalTexts,
  text,
  textMap,
  texts,
} from './method.ts';

const optional = Type.Optional;

/** Durations in nanoseconds; 0 or absent: inherited, then the default. */
const HealthConfigSchema = Type.Object({
  /** `[]` inherit, `["NONE"]` none, `["CMD", …]`, `["CMD-SHELL", "…"]`. */
  Test: optionalTexts(),
  Interval: optionalInteger(),
  Timeout: optionalInteger(),
  StartPeriod: optionalInteger(),
  StartInterval: optionalInteger(),
  Retries: optionalInteger(),
});
export type HealthConfig = Static<typeof HealthConfigSchema>;

export const ContainerConfigSchema = Type.Object({
  Hostname: optionalText(),
  Domainname: optionalText(),
  User: optionalText(),
  AttachStdin: flag(),
  AttachStdout: flag(),
  AttachStderr: flag(),
  ExposedPorts: optional(nameSet()),
  Tty: flag(),
  OpenStdin: flag(),
  StdinOnce: flag(),
  /** `NAME=value`; `NAME` alone removes one of the image's. */
  Env: optionalTexts(),
  Cmd: optionalTexts(),
  Healthcheck: optional(HealthConfigSchema),
  Image: optionalText(),
  Volumes: optional(nameSet()),
  WorkingDir: optionalText(),
  /** `[""]` clears the image's. */
  Entrypoint: optionalTexts(),
  NetworkDisabled: flag(),
  MacAddress: optionalText(),
  OnBuild: optionalTexts(),
  Labels: optional(textMap()),
  StopSignal: optionalText(),
  /** Seconds. */
  StopTimeout: optionalInteger(),
  Shell: optionalTexts(),
});
export type ContainerConfig = Static<typeof ContainerConfigSchema>;

const ThrottleDevice = Type.Object({ Path: text(), Rate: integer() });
const WeightDevice = Type.Object({ Path: text(), Weight: integer() });
const DeviceMapping = Type.Object({
  PathOnHost: optionalText(),
  PathInContainer: optionalText(),
  CgroupPermissions: optionalText(),
});
const DeviceRequest = Type.Object({
  Driver: optionalText(),
  Count: optionalInteger(),
  DeviceIDs: optionalTexts(),
  Capabilities: optional(Type.Array(texts())),
  Options: optional(textMap()),
});
const Ulimit = Type.Object({ Name: text(), Soft: integer(), Hard: integer() });

const resources = {
  CpuShares: optionalInteger(),
  Memory: optionalInteger(),
  CgroupParent: optionalText(),
  BlkioWeight: optionalInteger(),
  BlkioWeightDevice: optional(Type.Array(WeightDevice)),
  BlkioDeviceReadBps: optional(Type.Array(ThrottleDevice)),
  BlkioDeviceWriteBps: optional(Type.Array(ThrottleDevice)),
  BlkioDeviceReadIOps: optional(Type.Array(ThrottleDevice)),
  BlkioDeviceWriteIOps: optional(Type.Array(ThrottleDevice)),
  CpuPeriod: optionalInteger(),
  CpuQuota: optionalInteger(),
  CpuRealtimePeriod: optionalInteger(),
  CpuRealtimeRuntime: optionalInteger(),
  CpusetCpus: optionalText(),
  CpusetMems: optionalText(),
  Devices: optional(Type.Array(DeviceMapping)),
  DeviceCgroupRules: optionalTexts(),
  DeviceRequests: optional(Type.Array(DeviceRequest)),
  MemoryReservation: optionalInteger(),
  /** -1: unlimited. */
  MemorySwap: optionalInteger(),
  MemorySwappiness: optionalInteger(),
  NanoCpus: optionalInteger(),
  OomKillDisable: flag(),
  Init: flag(),
  /** 0 or -1: unlimited. */
  PidsLimit: optionalInteger(),
  Ulimits: optional(Type.Array(Ulimit)),
};
export const ResourcesSchema = Type.Object(resources);
export type Resources = Static<typeof ResourcesSchema>;

export const RestartPolicySchema = Type.Object({
  /** `no`, `always`, `unless-stopped`, `on-failure`; empty means `no`. */
  Name: optionalText(),
  MaximumRetryCount: optionalInteger(),
});
export type RestartPolicy = Static<typeof RestartPolicySchema>;

const MountSchema = Type.Object({
  Type: Type.Union([
    Type.Literal('bind'),
    Type.Literal('volume'),
    Type.Literal('tmpfs'),
    Type.Literal('image'),
    Type.Literal('npipe'),
    Type.Literal('cluster'),
  ]),
  Source: optionalText(),
  Target: text(),
  ReadOnly: flag(),
  Consistency: optionalText(),
  BindOptions: optional(
    Type.Object({
      Propagation: optionalText(),
      NonRecursive: flag(),
      CreateMountpoint: flag(),
      ReadOnlyNonRecursive: flag(),
      ReadOnlyForceRecursive: flag(),
    }),
  ),
  VolumeOptions: optional(
    Type.Object({
      NoCopy: flag(),
      Labels: optional(textMap()),
      DriverConfig: optional(Type.Object({ Name: optionalText(), Options: optional(textMap()) })),
      Subpath: optionalText(),
    }),
  ),
  ImageOptions: optional(Type.Object({ Subpath: optionalText() })),
  TmpfsOptions: optional(
    Type.Object({ SizeBytes: optionalInteger(), Mode: optionalInteger(), Options: optional(Type.Array(texts())) }),
  ),
});
export type Mount = Static<typeof MountSchema>;

const PortBindingSchema = Type.Object({ HostIp: optionalText(), HostPort: optionalText() });
/** `"80/tcp"` → where it is published. */
const PortMapSchema = Type.Record(Type.String(), Type.Array(PortBindingSchema));
export type PortBinding = Static<typeof PortBindingSchema>;
export type PortMap = Record<string, PortBinding[] | null>;

export const HostConfigSchema = Type.Object({
  ...resources,
  /** `source:target[:options]`. */
  Binds: optionalTexts(),
  ContainerIDFile: optionalText(),
  LogConfig: optional(Type.Object({ Type: optionalText(), Config: optional(textMap()) })),
  NetworkMode: optionalText(),
  PortBindings: optional(PortMapSchema),
  RestartPolicy: optional(RestartPolicySchema),
  AutoRemove: flag(),
  VolumeDriver: optionalText(),
  VolumesFrom: optionalTexts(),
  Mounts: optional(Type.Array(MountSchema)),
  /** Rows, columns: the first size of the terminal. */
  ConsoleSize: optional(Type.Array(integer(), { minItems: 2, maxItems: 2 })),
  Annotations: optional(textMap()),
  CapAdd: optionalTexts(),
  CapDrop: optionalTexts(),
  CgroupnsMode: optionalText(),
  Dns: optionalTexts(),
  DnsOptions: optionalTexts(),
  DnsSearch: optionalTexts(),
  ExtraHosts: optionalTexts(),
  GroupAdd: optionalTexts(),
  IpcMode: optionalText(),
  Cgroup: optionalText(),
  Links: optionalTexts(),
  OomScoreAdj: optionalInteger(),
  PidMode: optionalText(),
  Privileged: flag(),
  PublishAllPorts: flag(),
  ReadonlyRootfs: flag(),
  SecurityOpt: optionalTexts(),
  StorageOpt: optional(textMap()),
  /** Target → options. */
  Tmpfs: optional(textMap()),
  UTSMode: optionalText(),
  UsernsMode: optionalText(),
  /** Bytes. */
  ShmSize: optionalInteger(),
  Sysctls: optional(textMap()),
  Runtime: optionalText(),
  Isolation: optionalText(),
  MaskedPaths: optionalTexts(),
  ReadonlyPaths: optionalTexts(),
});
export type HostConfig = Static<typeof HostConfigSchema>;

export const EndpointSettingsSchema = Type.Object({
  IPAMConfig: optional(
    Type.Object({ IPv4Address: optionalText(), IPv6Address: optionalText(), LinkLocalIPs: optionalTexts() }),
  ),
  Links: optionalTexts(),
  MacAddress: optionalText(),
  Aliases: optionalTexts(),
  DriverOpts: optional(textMap()),
  GwPriority: optionalInteger(),
  NetworkID: optionalText(),
  EndpointID: optionalText(),
  Gateway: optionalText(),
  IPAddress: optionalText(),
  IPPrefixLen: optionalInteger(),
  IPv6Gateway: optionalText(),
  GlobalIPv6Address: optionalText(),
  GlobalIPv6PrefixLen: optionalInteger(),
  DNSNames: optionalTexts(),
});
/** A container's place on one network; the address fields are the engine's answer and ignored in requests. */
export type EndpointSettings = Static<typeof EndpointSettingsSchema>;

export const NetworkingConfigSchema = Type.Object({
  EndpointsConfig: optional(Type.Record(Type.String(), EndpointSettingsSchema)),
});
