// One container in memory: its record, and what is alive about it.
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { EngineError } from '../protocol/errors.ts';
import type { ExecSession } from './exec.ts';
import type { Monitor } from './monitor.ts';
import type { ContainerRecord, StateRecord } from './record.ts';

interface ContainerEvents {
  /** It ended (the record says how). */
  exit: [];
  removed: [];
  started: [];
  /** A start came to nothing. */
  failed: [];
}

export class Container {
  readonly record: ContainerRecord;
  /** Its monitor, while it runs. */
  monitor: Monitor | undefined;
  /** Resolves when nothing of the last run is left in the kernel: cgroups, runtime state. */
  gone: Promise<void> = Promise.resolve();
  readonly execs = new Map<string, ExecSession>();
  /** Attach clients of a container that is about to start: called when its monitor is there, before its program runs. */
  readonly joiners = new Set<() => Promise<void>>();
  readonly changes = new EventEmitter<ContainerEvents>();
  /** A stop that a client asked for is under way: the restart policy keeps out. */
  stopRequested = false;
  /** Ends a pending restart (back-off) or health check. */
  restartTimer: NodeJS.Timeout | undefined;
  /** Milliseconds until the next restart; doubles with each. */
  restartDelay = 0;
  health: Disposable | undefined;
  /** Who works with the files of the stopped container just now (rootfs.ts). */
  rootfsUsers = 0;
  /** A run may have left mounts, addresses or files; false once all were given back (release.ts). */
  holdsResources = true;
  /** From the moment that a removal holds: everything else says that it is being removed. */
  removal: Promise<void> | undefined;
  /** It is gone; whoever still holds it looks at the past. */
  isRemoved = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(record: ContainerRecord) {
    this.record = record;
    // One listener per waiting client: there is no bound on those.
    this.changes.setMaxListeners(0);
  }

  get id(): string {
    return this.record.id;
  }

  get state(): StateRecord {
    return this.record.state;
  }

  get isRunning(): boolean {
    const { status } = this.record.state;
    return status === 'running' || status === 'paused';
  }

  /** Changes of one container happen one after the other: start, stop, remove, rename, … */
  exclusive<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(body);
    this.#tail = result.catch(() => {});
    return result;
  }
}

/** Work in a running container: if it fails because the container ended meanwhile, that is what the client is told. */
export async function unlessEnded<T>(container: Container, body: () => Promise<T>): Promise<T> {
  const { pid } = container.state;
  try {
    return await body();
  } catch (error) {
    throw container.state.pid === pid ? endedMeanwhile(container, error) : notRunning(container, error);
  }
}

/** The error, or that the container does not run any more, which its record may not say yet. */
export function endedMeanwhile(container: Container, error: unknown): unknown {
  const lives = container.isRunning && existsSync(`/proc/${container.state.pid}/root`);
  return lives ? error : notRunning(container, error);
}

function notRunning({ id }: Container, cause: unknown): EngineError {
  return new EngineError('Conflict', `container ${id} is not running`, { cause });
}
