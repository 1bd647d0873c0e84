// What passes between the anatomy page and the extension. Plain data: the page draws it, the panel gathers it.

/** One reading of the container's cgroup, as rates where the kernel counts totals. */
export interface Sample {
  /** When it was read, in milliseconds since 1970. */
  time: number;
  /** Of one processor, in percent: 200 on two busy ones. */
  cpuPercent: number;
  /** Bytes in use, without the page cache that can be dropped. */
  memory: number;
  /** Bytes; absent where no limit is set. */
  memoryLimit?: number;
  /** Bytes per second. */
  blockRead: number;
  blockWrite: number;
  networkReceived: number;
  networkSent: number;
  pids: number;
  pidsLimit?: number;
}

interface NamespaceFact {
  /** pid, net, mnt, uts, ipc, user, cgroup, time. */
  type: string;
  /** The inode number by which the kernel names it; absent while the container is not running. */
  inode?: number;
  /** Names of the other containers in it; `host` among them if it is the host's own. */
  sharedWith: readonly string[];
}

interface LayerFact {
  id: string;
  bytes: number;
  createdBy: string;
}

export interface ChangeFact {
  kind: 'added' | 'changed' | 'removed';
  path: string;
}

export interface Facts {
  id: string;
  name: string;
  image: string;
  state: string;
  status: string;
  health?: { status: string; failingStreak: number; lastOutput: string };
  cgroup: { path: string; limits: readonly { name: string; value: string }[] };
  namespaces: readonly NamespaceFact[];
  processes: { titles: readonly string[]; rows: readonly (readonly string[])[] };
  layers: readonly LayerFact[];
  changes: readonly ChangeFact[];
  mounts: readonly { type: string; source: string; target: string; writable: boolean }[];
  networks: readonly { name: string; addresses: readonly string[]; mac: string; gateway: string }[];
  ports: readonly { container: string; host: string }[];
}

export type ToPage =
  | { type: 'facts'; facts: Facts }
  | { type: 'sample'; sample: Sample }
  | { type: 'gone'; message: string };

export type FromPage = { type: 'ready' } | { type: 'openChange'; path: string; kind: ChangeFact['kind'] };
