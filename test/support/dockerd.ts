// A Docker daemon of the machine's own package, apart from any other: own data, own sockets, no bridge, no firewall rules.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxReference, writeBusyboxArchive } from './busybox_image.ts';
import { Daemon } from './daemon.ts';
import { freeMemory, keepInMemory } from './memory.ts';

/** Programs of Docker 28, which Debian 12 has no package of. */
export const docker28 = join(import.meta.dirname, '../../node_modules/.cache/peers/docker');

export function whyNoDockerd(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can run dockerd';
  for (const program of ['dockerd', 'containerd', 'docker'])
    if (spawnSync(program, ['--version']).error !== undefined) return `no ${program} (package docker.io)`;
  return undefined;
}

export interface DockerdOptions {
  runtime?: string; // path of the OCI runtime that containers get; Docker's own if absent
  args?: string[]; // more of dockerd's arguments
  bridge?: boolean; // with its default bridge, rules and forwarding: only in a network namespace of the test's own
  apart?: boolean; // in a network namespace of its own, with its default bridge
  programs?: string; // folder of dockerd and containerd; the machine's if absent
  inMemory?: boolean; // its data, so that nothing waits for a disk
}

/** Without a child of its own: what is started stays the process that is stopped. */
const apart = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];

export class Dockerd implements AsyncDisposable {
  readonly directory: string;
  readonly host: string;
  readonly socket: string;
  readonly #daemon: Daemon;
  readonly #inMemory: boolean;

  private constructor(directory: string, host: string, daemon: Daemon, inMemory: boolean) {
    this.directory = directory;
    this.host = host;
    this.socket = host.slice('unix://'.length);
    this.#daemon = daemon;
    this.#inMemory = inMemory;
  }

  static async start(options: DockerdOptions = {}): Promise<Dockerd> {
    // Socket paths are short (108 bytes), so the directory's name is.
    const directory = mkdtempSync('/tmp/swd-');
    const host = `unix://${directory}/docker.sock`;
    if (options.inMemory === true) keepInMemory(directory);
    writeFileSync(join(directory, 'daemon.json'), '{}');
    const runtime =
      options.runtime === undefined
        ? []
        : ['--add-runtime', `judged=${options.runtime}`, '--default-runtime', 'judged'];
    const args = [
      ['--config-file', join(directory, 'daemon.json'), '--data-root', join(directory, 'data')],
      ['--exec-root', join(directory, 'exec'), '--pidfile', join(directory, 'pid'), '--host', host],
      options.bridge === true || options.apart === true
        ? []
        : ['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      ['--shutdown-timeout', '5', ...runtime, ...(options.args ?? [])],
    ].flat();
    const answers = () => spawnSync('docker', ['-H', host, 'version', '--format', '{{.Server.Version}}']).status === 0;
    try {
      const [program = '', ...command] = [...(options.apart === true ? apart : []), 'dockerd', ...args];
      const path = [options.programs, process.env['PATH']].filter((part) => part !== undefined).join(':');
      const log = join(directory, 'log');
      const daemon = await Daemon.start(program, command, { log, ready: answers, env: { PATH: path } });
      return new Dockerd(directory, host, daemon, options.inMemory === true);
    } catch (error) {
      if (options.inMemory === true) freeMemory(directory);
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  // The docker client to its end.
  docker(args: string[], input = ''): SpawnSyncReturns<string> {
    return spawnSync('docker', ['-H', this.host, ...args], { encoding: 'utf8', input, maxBuffer: 64 << 20 });
  }

  // As docker(), but failure is an error. Returns standard output.
  must(args: string[], input = ''): string {
    const result = this.docker(args, input);
    if (result.status !== 0) throw new Error(`docker ${args.join(' ')} ended with ${result.status}: ${result.stderr}`);
    return result.stdout;
  }

  loadBusybox(): string {
    const archive = join(this.directory, 'busybox.tar');
    if (!existsSync(archive)) writeBusyboxArchive(archive);
    this.must(['load', '--input', archive]);
    return busyboxReference;
  }

  log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ids = this.docker(['ps', '--all', '--quiet']).stdout.split('\n').filter(Boolean);
    if (ids.length > 0) this.docker(['rm', '--force', '--volumes', ...ids]);
    await this.#daemon[Symbol.asyncDispose]();
    // What dockerd leaves mounted below its directories.
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n').reverse()) {
      const point = line.split(' ')[1];
      if (point?.startsWith(`${this.directory}/`)) spawnSync('umount', ['-l', point]);
    }
    if (this.#inMemory) freeMemory(this.directory);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
