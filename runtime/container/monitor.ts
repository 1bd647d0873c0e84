// What the engine wants of a monitor. monitor_client.ts speaks the protocol; this is the face that the verbs use.
import type { Socket } from 'node:net';

/** D/exit.json. */
export interface ExitRecord {
  readonly pid: number;
  readonly exitCode: number;
  readonly signal?: number;
  readonly oomKilled: boolean;
  /** Empty if it never started. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Why it could not be started. */
  readonly error?: string;
  /** Output that a full disk kept out of the log until somebody gave it up (`quit`). */
  readonly logBytesLost?: number;
}

export interface Monitor {
  /** The container's (or exec session's) first process; 0 before an exec session starts. */
  readonly pid: number;
  /** Lets the prepared process run its program. Rejects with EngineError CommandNotFound, CommandNotExecutable, RuntimeFailed. */
  start(): Promise<{ readonly pid: number; readonly startedAt: string }>;
  /** Undoes a container that was not started. */
  abort(): void;
  resize(height: number, width: number): Promise<void>;
  kill(signal: number): Promise<void>;
  closeStdin(): Promise<void>;
  /** A new attach connection: Docker's frames both ways (PROTOCOL.md, attach.sock). */
  attach(): Promise<Socket>;
  /** Resolves at the end, also when the monitor itself was killed (then `undefined` if it left no record). */
  readonly exited: Promise<ExitRecord | undefined>;
  /** Resolves when cgroup and runtime state are gone, or the monitor is. */
  readonly deleted: Promise<void>;
  /** The kernel killed something in it for memory. */
  onOom(listener: () => void): void;
}
