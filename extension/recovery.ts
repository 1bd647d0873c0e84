// The way back to an engine that went away: tries at once, then ever more rarely, and whenever somebody makes the socket anew.
// Nothing is tried, timed or watched while nobody looks.
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Audience } from './audience.ts';

/** Milliseconds before each try; the last one again and again. */
const delays = [0, 200, 1000, 5000, 10_000, 20_000, 30_000];

/** An engine that ends sooner than this after it came back is not tried at once again, in milliseconds. */
const steadyAfter = 10_000;

export interface RecoveryOptions {
  readonly audience: Audience;
  /** Where the engine will listen. */
  socket(): string;
  /** Whether it is there again. */
  attempt(): Promise<boolean>;
}

export class Recovery implements Disposable {
  readonly #options: RecoveryOptions;
  #running: AbortController | undefined;
  #tries = 0;
  #succeededAt = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Tries until it succeeds; one that is under way goes on. */
  start(): void {
    if (this.#running !== undefined) return;
    if (Date.now() - this.#succeededAt > steadyAfter) this.#tries = 0;
    const running = new AbortController();
    this.#running = running;
    void this.#run(running.signal).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
  }

  /** The engine is there, or nobody wants it. */
  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isDue = this.#options.audience.isPresent && (await this.#pause(signal));
      if (signal.aborted) return;
      if (isDue) {
        this.#tries += 1;
        if (!(await this.#options.attempt())) continue;
        this.#succeededAt = Date.now();
        return;
      }
      if (!this.#options.audience.isPresent) await this.#someone(signal);
    }
  }

  /** @returns whether a try is due: the time is over, or the socket was made; not if everybody left. */
  async #pause(signal: AbortSignal): Promise<boolean> {
    const { audience, socket } = this.#options;
    const delay = delays[Math.min(this.#tries, delays.length - 1)] ?? 0;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, delay, true);
    const watcher = watchFor(socket(), () => {
      // Whoever makes a socket listens on it a moment later: the next tries come quickly.
      this.#tries = 0;
      resolve(true);
    });
    const leaving = audience.onceChanged(() => resolve(false));
    const stop = () => resolve(false);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      watcher?.close();
      leaving.dispose();
      signal.removeEventListener('abort', stop);
    }
  }

  async #someone(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const coming = this.#options.audience.onceChanged(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    coming.dispose();
    // Who comes to look waits for nothing.
    this.#tries = 0;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

/** Where the directory can't be watched, as when it isn't there, time alone tells. */
function watchFor(path: string, found: () => void): FSWatcher | undefined {
  try {
    return watch(dirname(path), (_change, name) => {
      if (name === basename(path)) found();
    }).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
