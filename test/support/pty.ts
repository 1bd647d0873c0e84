// A command in a pseudo-terminal, as a person uses it: typed to, read from, resized.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

export class Pty implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #shown = '';
  #seen = 0;
  #changed = Promise.withResolvers<void>();

  constructor(command: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn('python3', [join(import.meta.dirname, 'run_in_pty.py'), ...command], {
      env: { ...process.env, TERM: 'xterm', ...env },
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.#shown += bytes.toString();
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#changed.resolve();
      return code as number; // a signal never ends the driver
    });
  }

  /** All that the terminal has shown. */
  get shown(): string {
    return this.#shown;
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  resize(rows: number, columns: number): void {
    (this.#child.stdio[3] as Writable).write(`${rows} ${columns}\n`); // a pipe, as asked for above
  }

  /** Waits until the terminal shows it, after what was waited for before. */
  async shows(what: string): Promise<void> {
    while (true) {
      const found = this.#shown.indexOf(what, this.#seen);
      if (found >= 0) {
        this.#seen = found + what.length;
        return;
      }
      if (this.#child.exitCode !== null)
        throw new Error(`the command ended and never showed ${what}:\n${this.#shown.slice(this.#seen)}`);
      await Promise.race([this.#changed.promise, this.#ended]);
    }
  }

  /** The exit code. */
  get ended(): Promise<number> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
