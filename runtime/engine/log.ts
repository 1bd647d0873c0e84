// The helper's own log: one line per entry, `time level message key=value …`, to a file or to stderr.
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'fatal'];

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
const rotateAt = 10 << 20;

function word(value: string | number | boolean): string {
  const text = String(value);
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text);
}

/** Secrets are never given to it: callers log names and ids only. */
export class Log {
  #level: number;
  /** Undefined: stderr. */
  readonly path: string | undefined;
  #fd: number;

  /** Without a path it writes to stderr. */
  constructor(level: LogLevel, path?: string) {
    this.#level = logLevels.indexOf(level);
    this.path = path;
    this.#fd = path === undefined ? 2 : openSync(path, 'a', 0o600);
  }

  set level(level: LogLevel) {
    this.#level = logLevels.indexOf(level);
  }

  debug(message: string, fields: Fields = {}): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields: Fields = {}): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields: Fields = {}): void {
    this.#write('warn', message, fields);
  }

  error(message: string, error: unknown, fields: Fields = {}): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#write('error', message, { ...fields, error: text });
  }

  #write(level: LogLevel, message: string, fields: Fields): void {
    if (logLevels.indexOf(level) < this.#level) return;
    const pairs = Object.entries(fields).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}=${word(value)}`],
    );
    const line = [new Date().toISOString(), level, message, ...pairs].join(' ');
    try {
      writeSync(this.#fd, `${line}\n`);
      if (this.path !== undefined && fstatSync(this.#fd).size > rotateAt) this.#rotate(this.path);
    } catch {
      // A full disk must not end the engine for the sake of its log.
    }
  }

  #rotate(path: string): void {
    renameSync(path, `${path}.1`);
    closeSync(this.#fd);
    this.#fd = openSync(path, 'a', 0o600);
  }
}
