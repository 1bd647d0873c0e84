// What is recorded of a container: everything needed to start it again, and what became of it.
import type { ContainerConfig, EndpointSettings, HostConfig } from '../protocol/container_config.ts';
import type { ContainerStatus, HealthcheckResult, HealthStatus } from '../protocol/container_views.ts';
import type { NetworkAttachment } from './dependencies.ts';
import type { MountRequest } from './mount_requests.ts';

/** Go's zero time, which Docker shows for "never". */
export const zeroTime = '0001-01-01T00:00:00Z';

/** A request with its source decided: a volume has a name, a bind an existing path. */
export interface ContainerMount extends MountRequest {
  /** volume: its name. */
  readonly name: string;
}

interface HealthRecord {
  status: HealthStatus;
  failingStreak: number;
  /** The last five. */
  log: HealthcheckResult[];
}

export interface StateRecord {
  status: ContainerStatus;
  /** 0 when it does not run. */
  pid: number;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  /** RFC 3339 with nanoseconds. */
  startedAt: string;
  finishedAt: string;
  health: HealthRecord | undefined;
}

export interface ContainerRecord {
  readonly id: string;
  /** Without the leading slash. */
  name: string;
  readonly created: string;
  readonly imageId: string;
  /** Bytes of the image's layers, for `ps --size`. */
  readonly imageSize: number;
  readonly platform: string;
  /** The image's defaults taken over. */
  readonly config: ContainerConfig;
  hostConfig: HostConfig;
  readonly mounts: readonly ContainerMount[];
  /** As asked for, by network name or id; grows and shrinks with connect and disconnect. */
  endpoints: Record<string, EndpointSettings>;
  /** While it runs: the addresses it has. */
  attachment: NetworkAttachment | undefined;
  state: StateRecord;
  restartCount: number;
  /** A person stopped it: `unless-stopped` and `always` behave differently after a helper's restart. */
  stoppedByUser: boolean;
  /** With the status `removing`: its anonymous volumes go, too. */
  removesVolumes?: boolean;
}
