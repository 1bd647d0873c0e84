// Ctrl-C and SIGTERM: the command ends with 128+n and its connection closes, which cancels what the engine does for it.
// Attached containers get the signals instead.
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM'] as const;

export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #code = Promise.withResolvers<number>();
  readonly #handlers = signals.map((name) => ({ name, handler: () => this.#interrupt(name) }));
  #passedOn = false;

  constructor() {
    for (const { name, handler } of this.#handlers) process.on(name, handler);
  }

  /** Fires when the command has been told to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code, once interrupted. */
  get code(): Promise<number> {
    return this.#code.promise;
  }

  /** Until disposed, somebody else deals with signals. */
  passOn(): Disposable {
    this.#passedOn = true;
    return {
      [Symbol.dispose]: () => {
        this.#passedOn = false;
      },
    };
  }

  #interrupt(name: (typeof signals)[number]): void {
    if (this.#passedOn) return;
    this.#controller.abort();
    this.#code.resolve(128 + constants.signals[name]);
  }

  [Symbol.dispose](): void {
    for (const { name, handler } of this.#handlers) process.off(name, handler);
  }
}
