// A person's desk for tests: a workspace, a real editor with the packaged extension, a browser on it, and the engine that the
// extension started. Everything goes with it.
import { spawnSync } from 'node:child_process';
import { on } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../../../runtime/protocol/client.ts';
import { type CodeServer, installCodeServer, startCodeServer } from './code_server.ts';
import { installedExtension } from './installation.ts';
import { Workbench } from './workbench.ts';

/** Why tests in the editor can't run on this machine; undefined where they can. */
export function whyNotHere(): string | undefined {
  if (!existsSync('/usr/bin/chromium')) return 'there is no /usr/bin/chromium: apt-get install chromium';
  if (process.getuid?.() !== 0) return 'the engine under test runs as root';
  try {
    installCodeServer();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

export class Session implements AsyncDisposable {
  readonly directory: string;
  readonly workspace: string;
  readonly server: CodeServer;
  readonly workbench: Workbench;
  /** What the extension starts the helper with. */
  readonly engineArguments: readonly string[];
  #client: Client | undefined;

  private constructor(directory: string, server: CodeServer, workbench: Workbench, engineArguments: readonly string[]) {
    this.directory = directory;
    this.workspace = join(directory, 'workspace');
    this.server = server;
    this.workbench = workbench;
    this.engineArguments = engineArguments;
  }

  /**
   * @param bridge address and prefix of the default bridge: engines side by side need different ones
   * @param prepare fills the workspace before the window opens
   * @param settings of the user, beside those that every test has
   * @param beside what else the editor gets: extensions beside ours, and environment
   */
  static async start(
    bridge: string,
    prepare: (workspace: string) => void = () => {},
    settings: Readonly<Record<string, unknown>> = {},
    beside: { extensions?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
  ): Promise<Session> {
    const directory = mkdtempSync(join(tmpdir(), 'slipway-editor-test-'));
    mkdirSync(join(directory, 'workspace'));
    prepare(join(directory, 'workspace'));
    const run = join(directory, 'run');
    const engineArguments = [
      ...['--data-root', join(directory, 'data'), '--exec-root', run, '--socket', join(run, 'slipway.sock')],
      ...['--pidfile', join(run, 'slipwayd.pid'), '--bip', bridge],
    ];
    const server = startCodeServer({
      workspace: join(directory, 'workspace'),
      // Logging in writes to a configuration of the test's own.
      env: { DOCKER_CONFIG: join(directory, 'docker'), ...beside.env },
      installed: installedExtension(),
      extensions: beside.extensions ?? [],
      // The terminal draws into elements that a test can read.
      settings: {
        'terminal.integrated.gpuAcceleration': 'off',
        'workbench.colorTheme': 'Dark Modern',
        ...settings,
      },
      machineSettings: { 'slipway.engine.arguments': engineArguments },
    });
    try {
      const workbench = await Workbench.open(server.then(({ url }) => `${url}/?folder=${directory}/workspace`));
      return new Session(directory, await server, workbench, engineArguments);
    } catch (error) {
      await (await server)[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The engine's own word, on a connection beside the extension's. */
  async client(): Promise<Client> {
    if (this.#client === undefined || this.#client.isClosed)
      this.#client = await Client.connect(join(this.directory, 'run/slipway.sock'));
    return this.#client;
  }

  get helperPid(): number {
    return Number(readFileSync(join(this.directory, 'run/slipwayd.pid'), 'utf8'));
  }

  /** Waits until another helper than this one answers at the socket. */
  async helperAfter(pid: number): Promise<void> {
    const answers = async (): Promise<boolean> => {
      try {
        return ![0, pid].includes(this.helperPid) && (await this.client()) !== undefined;
      } catch {
        return false; // no file yet, or nobody listens
      }
    };
    const watcher = watch(join(this.directory, 'run'));
    const changes = on(watcher, 'change');
    try {
      if (await answers()) return;
      for await (const _change of changes) if (await answers()) return;
    } finally {
      watcher.close();
    }
  }

  /** A picture of the failure, and what the extension logged. */
  async explain(name: string): Promise<string> {
    await this.workbench.screenshot(`failed-${name.replaceAll(/\W+/g, '-')}`);
    const logs = spawnSync('find', [join(this.server.home, 'user-data/logs'), '-name', '*Slipway*.log'], {
      encoding: 'utf8',
    });
    return logs.stdout
      .split('\n')
      .filter(Boolean)
      .map((file) => readFileSync(file, 'utf8').slice(-1500))
      .join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workbench[Symbol.asyncDispose]();
    // The window's extension host goes with the server: nobody starts the helper again after it was ended.
    await this.server[Symbol.asyncDispose]();
    try {
      await this.#endEngine();
    } finally {
      const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
      for (const mount of mounts.map((line) => line.split(' ')[1] ?? '').reverse())
        if (mount.startsWith(`${this.directory}/`)) spawnSync('umount', ['--lazy', mount]);
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  async #endEngine(): Promise<void> {
    if (!existsSync(join(this.directory, 'run/slipway.sock'))) return;
    const client = await this.client();
    for (const { Id } of await client.call('container.list', { All: true }))
      await client.call('container.remove', { Container: Id, Force: true, Volumes: true });
    for (const { Id, Name } of await client.call('network.list', {}))
      if (!['bridge', 'host', 'none'].includes(Name)) await client.call('network.remove', { Network: Id });
    await client.call('system.shutdown', {}).catch(() => undefined);
    await client.closed;
  }
}
