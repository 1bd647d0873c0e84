// The engine and the machine.
import type { BuildCacheRecord } from './build.ts';
import type { ContainerSummary } from './container_views.ts';
import type { ImageSummary } from './image.ts';
import { call, flag, optionalTexts, params } from './method.ts';
import type { Volume } from './volume.ts';

export interface SystemVersion {
  /** The engine's. */
  Version: string;
  /** Of this protocol; a client that needs more than the helper offers replaces the helper. */
  ProtocolVersion: number;
  ApiVersion: string;
  MinAPIVersion: string;
  GitCommit: string;
  NodeVersion: string;
  Os: string;
  Arch: string;
  KernelVersion: string;
  BuildTime: string;
  Components: { Name: string; Version: string; Details: Record<string, string> }[];
}

/** Something that this machine or this mode denies, told beforehand. */
export interface Limitation {
  /** `cgroup-memory`, `low-ports`, `subordinate-ids`, … */
  Name: string;
  Message: string;
  Remedy?: string;
}

export interface SystemInfo {
  ID: string;
  Name: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  Driver: string;
  DriverStatus: [string, string][];
  DockerRootDir: string;
  /** Where sockets and running state are. */
  ExecRoot: string;
  Socket: string;
  LogFile: string;
  Pid: number;
  Rootless: boolean;
  CgroupDriver: 'cgroupfs' | 'systemd' | 'none';
  CgroupVersion: '1' | '2';
  Debug: boolean;
  NFd: number;
  NGoroutines: number;
  SystemTime: string;
  NEventsListener: number;
  KernelVersion: string;
  OperatingSystem: string;
  OSType: 'linux';
  Architecture: string;
  NCPU: number;
  MemTotal: number;
  MemoryLimit: boolean;
  SwapLimit: boolean;
  CpuCfsPeriod: boolean;
  CpuCfsQuota: boolean;
  CPUShares: boolean;
  CPUSet: boolean;
  PidsLimit: boolean;
  IPv4Forwarding: boolean;
  OomKillDisable: boolean;
  ServerVersion: string;
  DefaultRuntime: string;
  Runtimes: Record<string, { path: string; runtimeArgs?: string[] }>;
  SecurityOptions: string[];
  RegistryConfig: {
    IndexConfigs: Record<string, { Name: string; Mirrors: string[]; Secure: boolean; Official: boolean }>;
    InsecureRegistryCIDRs: string[];
    Mirrors: string[];
  };
  /** Where vendors' device specifications (CDI) are looked for. */
  CDISpecDirs: string[];
  Plugins: { Volume: string[]; Network: string[]; Authorization: string[] | null; Log: string[] };
  Labels: string[];
  LiveRestoreEnabled: boolean;
  InitBinary: string;
  Warnings: string[];
  Limitations: Limitation[];
}

export interface DiskUsage {
  /** Bytes of all layers, each counted once. */
  LayersSize: number;
  Images: ImageSummary[];
  Containers: ContainerSummary[];
  Volumes: Volume[];
  BuildCache: BuildCacheRecord[];
}

export interface DoctorCheck {
  Name: string;
  Title: string;
  Status: 'ok' | 'warning' | 'error';
  Message: string;
  /** The command or step that fixes it. */
  Fix?: string;
}

export const systemMethods = {
  'system.ping': call<{ ProtocolVersion: number; Version: string }>()({
    summary: 'Is anybody there.',
    params: params({}),
  }),
  'system.version': call<SystemVersion>()({ summary: 'Versions of the engine and its parts.', params: params({}) }),
  'system.info': call<SystemInfo>()({
    summary: 'The engine, the machine, and what is denied here.',
    params: params({}),
  }),
  'system.diskUsage': call<DiskUsage>()({
    summary: 'What uses how much. Types: container, image, volume, build-cache; absent: all.',
    params: params({ Types: optionalTexts() }),
  }),
  'system.doctor': call<DoctorCheck[]>()({
    summary: 'Checks kernel, cgroups, subordinate ids, overlay, ports and network.',
    params: params({}),
  }),
  'system.shutdown': call<null>()({
    summary: 'Ends the helper; containers run on. StopContainers stops them first.',
    params: params({ StopContainers: flag() }),
  }),
} as const;
