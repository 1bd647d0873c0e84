// Containers under a monitor of their own, for tests. SLIPWAY_TEST_PROGRAM names another slipway-oci (a sanitizer
// build), SLIPWAY_TEST_RUNTIME lets the monitors use another OCI runtime (runc, crun).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AttachFrame, AttachStream } from '../../runtime/container/attach_stream.ts';
import type { ExitRecord } from '../../runtime/container/monitor.ts';
import { launchMonitor, type MonitorClient, type MonitorOptions } from '../../runtime/container/monitor_client.ts';
import { makeBundle, makeBusyboxRoot, type OciConfig, ociConfig } from './oci_bundle.ts';
import { slipwayOci } from './oci_runtime.ts';

const monitorProgram = process.env.SLIPWAY_TEST_PROGRAM ?? slipwayOci;
const foreignRuntime = process.env.SLIPWAY_TEST_RUNTIME;

let counter = 0;

export interface Wish {
  /** What runs: a script for busybox's shell, or a program with its arguments. */
  readonly script?: string;
  readonly args?: readonly string[];
  readonly terminal?: boolean;
  readonly options?: Partial<MonitorOptions>;
  /** `true`: a json-file log at the container's logPath, with these limits. */
  readonly log?: true | { readonly maxSize: number; readonly maxFile: number };
  readonly change?: (config: OciConfig) => void;
}

export interface Watched {
  readonly id: string;
  readonly client: MonitorClient;
  /** The monitor's directory. */
  readonly directory: string;
  readonly logPath: string;
}

export interface LogRecord {
  readonly log: string;
  readonly stream: 'stdout' | 'stderr';
  readonly time: string;
}

/** A state root with containers; everything is removed at the end. */
export class MonitoredContainers implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'slipway-monitor-test-'));
  readonly stateRoot = join(this.directory, 'state');
  readonly #rootfs = join(this.directory, 'rootfs');
  readonly #ids = new Set<string>();
  readonly #clients = new Set<MonitorClient>();

  constructor() {
    makeBusyboxRoot(this.#rootfs);
  }

  /** The options of a monitor that is not started yet. */
  prepare(wish: Wish): MonitorOptions & { readonly logPath: string } {
    counter += 1;
    const id = `slipway-monitor-test-${process.pid}-${counter}`;
    this.#ids.add(id);
    const config = ociConfig([...(wish.args ?? ['sh', '-c', wish.script ?? 'true'])], this.#rootfs);
    config.linux.cgroupsPath = `/${id}`;
    if (wish.terminal === true) config.process.terminal = true;
    wish.change?.(config);
    const bundle = makeBundle(join(this.directory, 'bundles'), id, config);
    const directory = join(bundle, 'monitor');
    const logPath = join(bundle, 'json.log');
    return {
      program: monitorProgram,
      root: this.stateRoot,
      id,
      bundle,
      directory,
      logPath,
      ...(wish.log === undefined ? {} : { log: { path: logPath, ...(wish.log === true ? {} : wish.log) } }),
      ...(foreignRuntime === undefined ? {} : { runtime: { path: foreignRuntime } }),
      ...wish.options,
    };
  }

  /** Created, not started. */
  async create(wish: Wish): Promise<Watched> {
    const options = this.prepare(wish);
    const client = await launchMonitor(options);
    this.#clients.add(client);
    return { id: options.id, client, directory: options.directory, logPath: options.logPath };
  }

  /** Runs already. */
  async start(wish: Wish): Promise<Watched> {
    const watched = await this.create(wish);
    await watched.client.start();
    return watched;
  }

  /** To the end of the monitor. */
  async run(wish: Wish): Promise<Watched & { readonly exit: ExitRecord }> {
    const watched = await this.start(wish);
    const exit = await watched.client.exited;
    assert(exit !== undefined, 'the monitor left no exit record');
    await watched.client.ended;
    return { ...watched, exit };
  }

  /** The options of an exec session's monitor. `process`: an OCI Process. */
  prepareExec(
    container: { readonly id: string },
    process: object,
    options: Partial<MonitorOptions> = {},
  ): MonitorOptions {
    counter += 1;
    const directory = join(this.directory, `exec-${counter}`);
    mkdirSync(directory);
    const processFile = join(directory, 'process.json');
    writeFileSync(processFile, JSON.stringify(process));
    return {
      program: monitorProgram,
      root: this.stateRoot,
      id: container.id,
      directory: join(directory, 'monitor'),
      exec: { id: `exec-${counter}`, processFile },
      ...(foreignRuntime === undefined ? {} : { runtime: { path: foreignRuntime } }),
      ...options,
    };
  }

  /** An exec session in a running container, not started. */
  async exec(container: Watched, process: object, options: Partial<MonitorOptions> = {}): Promise<MonitorClient> {
    const client = await launchMonitor(this.prepareExec(container, process, options));
    this.#clients.add(client);
    return client;
  }

  /** An OCI verb of the runtime. */
  command(args: readonly string[]): { readonly code: number; readonly stderr: string } {
    const done = spawnSync(foreignRuntime ?? monitorProgram, ['--root', this.stateRoot, ...args], { encoding: 'utf8' });
    return { code: done.status ?? 128, stderr: done.stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.abort();
    for (const id of this.#ids) this.command(['delete', '--force', id]);
    // One that still waits for a disk, say, after a test that failed.
    for (const client of this.#clients) if (isAlive(client.monitorPid)) process.kill(client.monitorPid, 'SIGKILL');
    await Promise.all([...this.#clients].map((client) => client.ended));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function attach(container: { readonly client: MonitorClient }): Promise<AttachStream> {
  return new AttachStream(await container.client.attach());
}

/** Reads a stream's output as it comes. */
export class OutputReader {
  stdout = Buffer.alloc(0);
  stderr = Buffer.alloc(0);
  readonly others: AttachFrame[] = [];
  readonly #frames: AsyncGenerator<AttachFrame>;

  constructor(stream: AttachStream) {
    this.#frames = stream.frames();
  }

  /** Until the condition holds; fails if the stream ends before. */
  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) assert(await this.#step(), `the stream ended before ${what}`);
  }

  async hello(): Promise<void> {
    await this.until(() => this.others.some((frame) => frame.type === 'hello'), 'the hello frame');
  }

  async end(): Promise<void> {
    while (await this.#step()) {}
  }

  async #step(): Promise<boolean> {
    const { value, done } = await this.#frames.next();
    if (done === true) return false;
    if (value.type === 'stdout') this.stdout = Buffer.concat([this.stdout, value.data]);
    else if (value.type === 'stderr') this.stderr = Buffer.concat([this.stderr, value.data]);
    else this.others.push(value);
    return true;
  }
}

/** Attached and greeted: from now on it gets everything. */
export async function attachReader(container: {
  readonly client: MonitorClient;
}): Promise<[AttachStream, OutputReader]> {
  const stream = await attach(container);
  const reader = new OutputReader(stream);
  await reader.hello();
  return [stream, reader];
}

export function readLog(path: string): LogRecord[] {
  const text = readFileSync(path, 'utf8');
  assert(text === '' || text.endsWith('\n'), 'the log ends with a whole record');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogRecord);
}

/** Whether a process exists, zombies not counted. */
export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.startsWith('Z');
  } catch {
    return false;
  }
}

/** The names of cgroup directories of the id, in all trees. */
export function cgroupsOf(id: string): string[] {
  if (!existsSync('/sys/fs/cgroup')) return [];
  // It fails where another's cgroup goes while it looks.
  const { stdout } = spawnSync('find', ['/sys/fs/cgroup', '-maxdepth', '3', '-type', 'd', '-name', `*${id}*`], {
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => line !== '');
}
