// A real engine for tests: its own directories, its own socket, a busybox image, and nothing left behind.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from '../../runtime/protocol/client.ts';
import { type Frame, FrameDecoder, stderrFrame } from '../../runtime/protocol/framing.ts';
import type { Params } from '../../runtime/protocol/methods.ts';
import { bundles } from './bundles.ts';
import { freeMemory, keepInMemory } from './memory.ts';
import { makeBusyboxRoot } from './oci_bundle.ts';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface RunResult {
  readonly id: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface EngineOptions {
  readonly args?: readonly string[];
  /** Without an image `busybox:latest`. */
  readonly bare?: boolean;
  /** A script that the helper runs before its own. */
  readonly preload?: string;
  /** All of its data; for root only. */
  readonly inMemory?: boolean;
}

type CreateOptions = Omit<Params<'container.create'>, 'Config'> & {
  Config?: Partial<Params<'container.create'>['Config']>;
};

export class TestEngine implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'slipway-engine-'));
  readonly socket = join(this.directory, 's');
  readonly dataRoot = join(this.directory, 'data');
  readonly execRoot = join(this.directory, 'exec');
  readonly #args: readonly string[];
  readonly #preload: readonly string[] = [];
  readonly #inMemory: boolean;
  #helper: ChildProcess | undefined;
  #client: Client | undefined;

  private constructor({ args = [], preload, inMemory = false }: EngineOptions) {
    this.#args = args;
    this.#inMemory = inMemory;
    if (inMemory) keepInMemory(this.directory);
    if (preload === undefined) return;
    this.#preload = ['--require', join(this.directory, 'preload.cjs')];
    writeFileSync(join(this.directory, 'preload.cjs'), preload);
  }

  static async start(options: EngineOptions = {}): Promise<TestEngine> {
    const engine = new TestEngine(options);
    try {
      await engine.startHelper();
    } catch (error) {
      engine.#removeDirectory();
      throw error;
    }
    if (options.bare !== true) await engine.importBusybox();
    return engine;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('the helper does not run');
    return this.#client;
  }

  /** One more client; the caller disposes of it. */
  connect(): Promise<Client> {
    return Client.connect(this.socket);
  }

  get helperPid(): number {
    return this.#helper?.pid ?? 0;
  }

  get log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8');
  }

  async startHelper(): Promise<void> {
    const args = [
      '--data-root',
      this.dataRoot,
      '--exec-root',
      this.execRoot,
      '--socket',
      this.socket,
      '--log-file',
      join(this.directory, 'log'),
    ];
    const helper = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        ...this.#preload,
        (await bundles()).helper,
        ...args,
        '--idle-timeout',
        '0',
        '--ready-fd',
        '3',
        ...this.#args,
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        env: { ...process.env, DOCKER_CONFIG: join(this.directory, 'config') },
      },
    );
    let complaint = '';
    helper.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const ready = helper.stdio[3] as Readable; // a pipe, as asked for above
    const [said] = (await Promise.race([once(ready, 'data'), once(helper, 'exit').then(() => [])])) as [Buffer?];
    if (said === undefined) throw new Error(`the helper did not start: ${complaint}`);
    ready.destroy();
    this.#helper = helper;
    this.#client = await Client.connect(this.socket);
  }

  /** Ends the helper by a signal; resolves when it is gone. */
  async endHelper(signal: NodeJS.Signals): Promise<void> {
    const helper = this.#helper;
    if (helper === undefined || helper.exitCode !== null || helper.signalCode !== null) return;
    const gone = once(helper, 'exit');
    helper.kill(signal);
    await gone;
    this.#client?.[Symbol.dispose]();
    this.#client = undefined;
  }

  importBusybox(reference?: string, changes?: readonly string[]): Promise<string> {
    return importBusybox(this.client, this.directory, reference, changes);
  }

  async create({ Config, ...options }: CreateOptions = {}): Promise<string> {
    const { Id } = await this.client.call('container.create', {
      ...options,
      Config: { Image: 'busybox', ...Config },
      HostConfig: { NetworkMode: 'none', ...options.HostConfig },
    });
    return Id;
  }

  /** Creates and starts; the id. */
  async start(options: CreateOptions = {}): Promise<string> {
    const id = await this.create(options);
    await this.client.call('container.start', { Container: id });
    return id;
  }

  /** Runs a shell script in a container to its end, with its output. */
  async run(script: string, options: CreateOptions = {}): Promise<RunResult> {
    const id = await this.create({ ...options, Config: { Cmd: ['sh', '-c', script], ...options.Config } });
    const stream = await this.client.stream('container.attach', {
      Container: id,
      Stream: true,
      Stdout: true,
      Stderr: true,
    });
    const output = collect(stream.socket);
    const exit = this.client.call('container.wait', { Container: id, Condition: 'next-exit' });
    await this.client.call('container.start', { Container: id });
    const [{ StatusCode }, { stdout, stderr }] = await Promise.all([exit, output]);
    return { id, code: StatusCode, stdout, stderr };
  }

  /** Runs a command in a running container to its end, with its output. */
  async exec(
    container: string,
    command: readonly string[],
    options: Partial<Params<'exec.create'>> = {},
  ): Promise<Omit<RunResult, 'id'>> {
    const { Id } = await this.client.call('exec.create', { Container: container, Cmd: [...command], ...options });
    const { socket, outcome } = await this.client.stream('exec.start', { Exec: Id });
    const output = await collect(socket);
    return { code: (await outcome).ExitCode ?? -1, ...output };
  }

  /** Everything that is in the log by now. */
  async logs(
    container: string,
    options: Partial<Params<'container.logs'>> = {},
  ): Promise<{ stdout: string; stderr: string }> {
    const { socket, outcome } = await this.client.stream('container.logs', {
      Container: container,
      Stdout: true,
      Stderr: true,
      ...options,
    });
    const output = await collect(socket);
    await outcome;
    return output;
  }

  /** The words that start the command line from the sources' bundle. */
  async cliCommand(args: readonly string[]): Promise<string[]> {
    return [process.execPath, '--disable-warning=ExperimentalWarning', '--', (await bundles()).cli, ...args];
  }

  /** What leads the command line, and Docker's own client, to this engine. */
  get cliEnvironment(): Readonly<Record<string, string>> {
    return {
      SLIPWAY_HOST: `unix://${this.socket}`,
      DOCKER_HOST: `unix://${join(this.directory, 'docker.sock')}`,
      DOCKER_CONFIG: join(this.directory, 'config'),
      TZ: 'UTC',
    };
  }

  /** The command line, as a person calls it. */
  async cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const [program = '', ...words] = await this.cliCommand(args);
    const child = spawn(program, words, {
      env: { ...process.env, ...this.cliEnvironment, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { code: code ?? -1, stdout, stderr };
  }

  /** Removes every container, ends the helper, and says what was left behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#client === undefined || this.#client.isClosed) {
        await this.endHelper('SIGKILL');
        await this.startHelper();
      }
      for (const { Id } of await this.client.call('container.list', { All: true }))
        await this.client.call('container.remove', { Container: Id, Force: true, Volumes: true });
      for (const { Id, Name } of await this.client.call('network.list', {}))
        if (!['bridge', 'host', 'none'].includes(Name)) await this.client.call('network.remove', { Network: Id });
      await this.endHelper('SIGTERM');
    } finally {
      await this.endHelper('SIGKILL');
      this.#unmountAll();
      this.#removeDirectory();
    }
  }

  #removeDirectory(): void {
    if (this.#inMemory) freeMemory(this.directory);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Mounts below the engine's directories; there are none when no container runs. */
  mounts(): string[] {
    return readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((target) => target.startsWith(`${this.directory}/`));
  }

  #unmountAll(): void {
    for (const target of this.mounts().reverse()) execFileSync('umount', ['--lazy', target]);
  }
}

/** Gives an engine an image of busybox; works in `directory`. Its id. */
export async function importBusybox(
  client: Client,
  directory: string,
  reference = 'busybox:latest',
  changes: readonly string[] = ['CMD ["sh"]'],
): Promise<string> {
  const tree = mkdtempSync(join(directory, 'root-'));
  makeBusyboxRoot(tree);
  const archive = `${tree}.tar`;
  execFileSync('tar', ['-C', tree, '--owner=0', '--group=0', '-cf', archive, '.']);
  const { socket, outcome } = await client.stream('image.import', { Reference: reference, Changes: [...changes] });
  socket.resume();
  try {
    // An engine that refuses hangs up; the outcome says why.
    await pipeline(createReadStream(archive), socket).catch(() => {});
    return (await outcome).Id;
  } finally {
    rmSync(tree, { recursive: true });
    rmSync(archive);
  }
}

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A stream of Docker's frames, parted. */
export async function collect(source: Readable): Promise<{ stdout: string; stderr: string }> {
  const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  const decoder = source.pipe(new FrameDecoder());
  source.on('error', () => decoder.end());
  source.on('close', () => decoder.end());
  for await (const { stream, bytes } of decoder as AsyncIterable<Frame>)
    parts[stream === stderrFrame ? 'stderr' : 'stdout'].push(bytes);
  return { stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() };
}

/** Waits until `condition` holds, asked again with every event of the engine (and now). */
export async function until(client: Client, condition: () => Promise<boolean>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const check = () => condition().then((holds) => holds && resolve(), reject);
  await using _events = await client.subscribe({}, () => void check());
  await check();
  await promise;
}
