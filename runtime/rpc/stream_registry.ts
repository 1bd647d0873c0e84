// Raw streams between the call that prepares one and the connection that takes it up, and their outcomes.
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { EngineError } from '../protocol/errors.ts';

/** Serves a stream; resolves with the outcome. */
export interface Server {
  (duplex: Duplex, signal: AbortSignal): Promise<unknown>;
  readonly abandoned?: () => void;
}

interface Entry {
  /** Taken away when a connection takes the stream up. */
  server: Server | undefined;
  readonly outcome: PromiseWithResolvers<unknown>;
  readonly aborter: AbortController;
  timer: NodeJS.Timeout;
}

/** How long an id waits for its connection, and an outcome for its reader. */
const patience = 30_000;

export class StreamRegistry {
  readonly #entries = new Map<string, Entry>();

  /** A new id: unguessable, good for one connection. */
  offer(server: Server): string {
    const id = randomBytes(16).toString('hex');
    const outcome = Promise.withResolvers<unknown>();
    // Not everybody asks how it ended.
    outcome.promise.catch(() => {});
    const timer = setTimeout(() => {
      server.abandoned?.();
      this.#settle(id, () => outcome.reject(new EngineError('Cancelled', 'nobody opened the stream in time')));
    }, patience);
    this.#entries.set(id, { server, outcome, aborter: new AbortController(), timer });
    return id;
  }

  /** Serves the connection that named the id. The connection is ended afterwards in either case. */
  async serve(id: string, duplex: Duplex): Promise<void> {
    const entry = this.#entries.get(id);
    const server = entry?.server;
    if (entry === undefined || server === undefined) {
      duplex.destroy();
      return;
    }
    entry.server = undefined;
    clearTimeout(entry.timer);
    const { aborter } = entry;
    duplex.once('close', () => aborter.abort(new EngineError('Cancelled', 'the client closed the stream')));
    duplex.on('error', () => {});
    try {
      const outcome = await server(duplex, aborter.signal);
      duplex.end();
      this.#settle(id, () => entry.outcome.resolve(outcome));
    } catch (error) {
      duplex.destroy();
      this.#settle(id, () => entry.outcome.reject(error));
    }
  }

  /** Throws `NotFound` for an id that was never given out or whose outcome was kept long enough. */
  wait(id: string): Promise<unknown> {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new EngineError('NotFound', `no such stream: ${id}`);
    return entry.outcome.promise;
  }

  /**
   * Ends a stream whose client has lost interest. A closed connection alone doesn't say so: to a reader it looks like the
   * half-close of somebody who still listens. True: somebody serves it and will say how it ended.
   */
  abort(id: string, reason: unknown): boolean {
    const entry = this.#entries.get(id);
    entry?.server?.abandoned?.();
    entry?.aborter.abort(reason);
    return entry !== undefined && entry.server === undefined;
  }

  get size(): number {
    return this.#entries.size;
  }

  #settle(id: string, settle: () => void): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    entry.server = undefined;
    settle();
    entry.timer = setTimeout(() => this.#entries.delete(id), patience);
    entry.timer.unref();
  }
}
