// Starts a background program for a test and stops it: waits until it is ready by asking it, ends it by its own id.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface DaemonOptions {
  log: string; // file for its output
  ready: () => boolean; // asked again and again until true
  env?: Record<string, string>;
  limit?: number; // milliseconds until readiness is given up
}

export class Daemon implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(program: string, args: string[], options: DaemonOptions): Promise<Daemon> {
    const log = openSync(options.log, 'a');
    const child = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, ...options.env } });
    closeSync(log);
    const daemon = new Daemon(child);
    const end = Date.now() + (options.limit ?? 60_000);
    while (!options.ready()) {
      if (child.exitCode !== null || Date.now() > end) {
        await daemon[Symbol.asyncDispose]();
        const words = readFileSync(options.log, 'utf8').split('\n').slice(-15).join('\n');
        throw new Error(`${program} did not get ready: ${words}`);
      }
      await delay(50);
    }
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(hard);
  }
}
