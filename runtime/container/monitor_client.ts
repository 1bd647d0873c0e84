// The client of a container's monitor: native/oci/monitor/PROTOCOL.md in TypeScript.
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { spawnMonitor, waitPidfd } from '../native/process.ts';
import { EngineError } from '../protocol/errors.ts';
import { hasCode } from '../store/files.ts';
import type { ExitRecord, Monitor } from './monitor.ts';

export interface MonitorOptions {
  /** slipway-oci. */
  readonly program: string;
  /** The OCI runtime's state directory (--root). */
  readonly root: string;
  /** The container's id. */
  readonly id: string;
  /** The OCI bundle; not needed for an exec session. */
  readonly bundle?: string;
  /** The monitor's own directory; made if missing, its parent must exist. */
  readonly directory: string;
  readonly systemdCgroup?: boolean;
  /** Keeps stdin open for attach clients. */
  readonly stdin?: boolean;
  /** Absent: the output is not logged. */
  readonly log?: LogOptions;
  /** An exec session in the running container instead of the container itself. */
  readonly exec?: { readonly id: string; readonly processFile: string };
  /** Another OCI runtime's program, and arguments that go before its command. */
  readonly runtime?: { readonly path: string; readonly args?: readonly string[] };
  readonly noPivot?: boolean;
  readonly noNewKeyring?: boolean;
  /** The environment of the monitor, and so of hooks; PATH alone if absent. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A json-file log. */
export interface LogOptions {
  readonly path: string;
  /** In bytes; absent: no rotation. */
  readonly maxSize?: number;
  /** How many files there may be, the current one included. */
  readonly maxFile?: number;
  /** Put into each record as `attrs`. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A line from the monitor; which members there are depends on `event`. */
interface MonitorEvent {
  readonly event: string;
  readonly pid?: number;
  readonly monitorPid?: number;
  readonly startedAt?: string;
  readonly status?: string;
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly command?: string;
  readonly message?: string;
  readonly code?: number;
}

interface Answer {
  readonly command: string;
  readonly resolve: (event: MonitorEvent) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a monitor; resolves once the container is created and waits for `start()`. Rejects with EngineError, and leaves nothing then. */
export async function launchMonitor(options: MonitorOptions): Promise<MonitorClient> {
  const spawned = await spawnMonitor({
    path: options.program,
    args: monitorArguments(options),
    env: options.env ?? { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const ended = endOf(spawned.pidfd);
  const client = new MonitorClient(options.directory, new Socket({ fd: spawned.syncFd }), ended);
  await client.ready;
  return client;
}

/**
 * Finds a running monitor again by its directory. Undefined if it is dead: then `readExitRecord()` tells how the
 * container ended, if anybody knows, and `delete --force` cleans up.
 */
export async function connectMonitor(directory: string): Promise<MonitorClient | undefined> {
  const socket = await connectIn(directory, 'control.sock').catch(() => undefined);
  if (socket === undefined) return undefined;
  const client = new MonitorClient(directory, socket, undefined);
  try {
    await client.ready;
    return client;
  } catch {
    return undefined; // it ended in between
  }
}

/**
 * D/exit.json, if the monitor has written it. It is written whole or not at all, but not synced: of a machine that lost its
 * power it may be empty, and then nobody knows how the container ended.
 */
export function readExitRecord(directory: string): ExitRecord | undefined {
  try {
    return JSON.parse(readFileSync(`${directory}/exit.json`, 'utf8')) as ExitRecord; // the monitor's own words
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export class MonitorClient implements Monitor {
  /** The monitor said `created` or `hello`. */
  readonly ready: Promise<void>;
  readonly exited: Promise<ExitRecord | undefined>;
  readonly deleted: Promise<void>;
  /** The monitor's process is gone; its directory is nobody's any more. */
  readonly ended: Promise<void>;

  readonly #directory: string;
  #control: Socket;
  #text = '';
  #facts: MonitorEvent = { event: 'unknown' };
  #pid = 0;
  #deletionError: string | undefined;
  #hasEnded = false;
  readonly #answers: Answer[] = [];
  readonly #oomListeners = new Set<() => void>();
  readonly #stallListeners = new Set<(reason: string | undefined) => void>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<ExitRecord | undefined>();
  readonly #deleted = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();

  /** `ended`: the end of a monitor that is our own child. */
  constructor(directory: string, control: Socket, ended: Promise<void> | undefined) {
    this.#directory = directory;
    this.ready = this.#ready.promise;
    this.exited = this.#exited.promise;
    this.deleted = this.#deleted.promise;
    this.ended = this.#ended.promise;
    this.#control = control;
    this.#listen(control);
    void ended?.then(() => {
      // What it said last may still be unread.
      if (this.#control.destroyed) this.#onEnded();
      else this.#control.once('close', () => this.#onEnded());
    });
  }

  get pid(): number {
    return this.#pid;
  }

  get monitorPid(): number {
    return this.#facts.monitorPid ?? 0;
  }

  get tty(): boolean {
    return this.#facts.tty ?? false;
  }

  get startedAt(): string {
    return this.#facts.startedAt ?? '';
  }

  /** At the time of connecting: `created` (only the spawner can start it), `running` or `stopped`. */
  get status(): string {
    return this.#facts.status ?? 'created';
  }

  /** Why the monitor could not delete the container after its end; then `delete --force` is due. Known after `deleted`. */
  get deletionError(): string | undefined {
    return this.#deletionError;
  }

  async start(): Promise<{ readonly pid: number; readonly startedAt: string }> {
    const { pid = 0, startedAt = '' } = await this.#ask('start');
    return { pid, startedAt };
  }

  abort(): void {
    if (!this.#control.destroyed) this.#control.end('abort\n');
  }

  async resize(height: number, width: number): Promise<void> {
    await this.#ask(`resize ${height} ${width}`);
  }

  async kill(signal: number): Promise<void> {
    await this.#ask(`kill ${signal}`);
  }

  async closeStdin(): Promise<void> {
    await this.#ask('close-stdin');
  }

  /** For whoever has moved the log file. */
  async reopenLog(): Promise<void> {
    await this.#ask('reopen-log');
  }

  /** After the container's end: gives up what a full disk keeps out of the log. */
  async quit(): Promise<void> {
    await this.#ask('quit');
  }

  /** Raw frames, the hello frame first; attach_stream.ts reads and writes them. */
  attach(): Promise<Socket> {
    return connectIn(this.#directory, 'attach.sock');
  }

  onOom(listener: () => void): void {
    this.#oomListeners.add(listener);
  }

  /** The log can't be written (the reason; the container's output waits), or can again (undefined). */
  onLogStall(listener: (reason: string | undefined) => void): void {
    this.#stallListeners.add(listener);
  }

  #listen(control: Socket): void {
    control.setEncoding('utf8');
    control.on('data', (text: string) => this.#onText(text));
    control.on('end', () => control.destroy());
    control.on('error', () => undefined); // `close` follows
    control.on('close', () => void this.#onClosed(control));
  }

  #onText(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.#onEvent(JSON.parse(line) as MonitorEvent, line); // the monitor's own words
    }
  }

  #onEvent(event: MonitorEvent, line: string): void {
    switch (event.event) {
      case 'created':
      case 'hello':
        this.#facts = event;
        this.#pid = event.pid ?? 0;
        this.#ready.resolve();
        return;
      case 'started':
        this.#pid = event.pid ?? this.#pid;
        this.#facts = { ...this.#facts, startedAt: event.startedAt ?? '' };
        this.#settle('start')?.resolve(event);
        return;
      case 'error':
        this.#onError(event);
        return;
      case 'ok':
      case 'failed':
        this.#onAnswer(event);
        return;
      case 'oom':
        for (const listener of this.#oomListeners) listener();
        return;
      case 'log-stalled':
      case 'log-resumed':
        for (const listener of this.#stallListeners) listener(event.message);
        return;
      case 'exit':
        this.#settle('start')?.reject(new EngineError('RuntimeFailed', 'the container ended before it was started'));
        this.#exited.resolve(JSON.parse(line) as ExitRecord);
        return;
      case 'delete-failed':
        this.#deletionError = event.message;
        this.#deleted.resolve();
        return;
      case 'deleted':
        this.#deleted.resolve();
        return;
      default: // a newer monitor's; nothing that we would need
    }
  }

  #onError(event: MonitorEvent): void {
    const error = new EngineError(launchErrorKind(event.code), event.message ?? 'the container could not be started');
    this.#ready.reject(error);
    this.#settle('start')?.reject(error);
  }

  #onAnswer(event: MonitorEvent): void {
    const answer = this.#settle(event.command ?? '');
    if (event.event === 'ok') answer?.resolve(event);
    else answer?.reject(new EngineError('Conflict', `cannot ${event.command}: ${event.message}`));
  }

  #settle(command: string): Answer | undefined {
    const index = this.#answers.findIndex((answer) => answer.command === command);
    return index < 0 ? undefined : this.#answers.splice(index, 1)[0];
  }

  #ask(line: string): Promise<MonitorEvent> {
    const { promise, resolve, reject } = Promise.withResolvers<MonitorEvent>();
    const command = line.split(' ', 1)[0] ?? line;
    if (this.#hasEnded || this.#control.destroyed) reject(monitorGone(command));
    else {
      this.#answers.push({ command, resolve, reject });
      this.#control.write(`${line}\n`);
    }
    return promise;
  }

  /** A monitor that is alive keeps its connections; one that dropped ours (we were too slow) is connected again. */
  async #onClosed(control: Socket): Promise<void> {
    if (control !== this.#control) return;
    this.#text = '';
    for (const answer of this.#answers.splice(0)) answer.reject(monitorGone(answer.command));
    const again = await connectIn(this.#directory, 'control.sock').catch(() => undefined);
    if (again === undefined) {
      this.#onEnded();
      return;
    }
    this.#control = again;
    this.#listen(again);
  }

  #onEnded(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#ready.reject(new EngineError('RuntimeFailed', 'the monitor ended before the container was created'));
    this.#exited.resolve(readExitRecord(this.#directory));
    this.#deleted.resolve();
    this.#ended.resolve();
  }
}

function monitorGone(command: string): EngineError {
  return new EngineError('Conflict', `cannot ${command}: the container has ended`);
}

function launchErrorKind(code: number | undefined): 'CommandNotFound' | 'CommandNotExecutable' | 'RuntimeFailed' {
  if (code === 127) return 'CommandNotFound';
  return code === 126 ? 'CommandNotExecutable' : 'RuntimeFailed';
}

async function endOf(pidfd: number): Promise<void> {
  try {
    await waitPidfd(pidfd);
  } finally {
    closeSync(pidfd);
  }
}

/** Connects to a socket in a directory whose path may be longer than a socket address (107 bytes). */
async function connectIn(directory: string, name: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const socket = connect({ path: `/proc/self/fd/${fd}/${name}`, allowHalfOpen: true });
  const refused = (error: Error) => {
    closeSync(fd);
    reject(error);
  };
  socket.once('error', refused);
  socket.once('connect', () => {
    closeSync(fd);
    socket.off('error', refused);
    resolve(socket);
  });
  return await promise;
}

/** The command line of a monitor, for spawnMonitor(). */
export function monitorArguments(options: MonitorOptions): string[] {
  const { log, exec, runtime } = options;
  return [
    options.program,
    '--root',
    options.root,
    ...(options.systemdCgroup === true ? ['--systemd-cgroup'] : []),
    'monitor',
    '--dir',
    options.directory,
    '--sync-fd',
    '3',
    ...(options.bundle === undefined ? [] : ['--bundle', options.bundle]),
    ...(options.stdin === true ? ['--stdin'] : []),
    ...(log === undefined ? ['--log-driver', 'none'] : logArguments(log)),
    ...(exec === undefined ? [] : ['--exec', exec.processFile, '--exec-id', exec.id]),
    ...(runtime === undefined ? [] : ['--runtime', runtime.path]),
    ...(runtime?.args ?? []).flatMap((argument) => ['--runtime-arg', argument]),
    ...(options.noPivot === true ? ['--no-pivot'] : []),
    ...(options.noNewKeyring === true ? ['--no-new-keyring'] : []),
    options.id,
  ];
}

function logArguments(log: LogOptions): string[] {
  return [
    '--log-path',
    log.path,
    ...(log.maxSize === undefined ? [] : ['--log-max-size', String(log.maxSize)]),
    ...(log.maxFile === undefined ? [] : ['--log-max-file', String(log.maxFile)]),
    ...(log.attributes === undefined ? [] : ['--log-attrs', JSON.stringify(log.attributes)]),
  ];
}
