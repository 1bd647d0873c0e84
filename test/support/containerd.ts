// A containerd apart from any other, driven by ctr.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxReference, writeBusyboxArchive } from './busybox_image.ts';
import { Daemon } from './daemon.ts';

export function whyNoContainerd(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can run containerd';
  for (const program of ['containerd', 'ctr'])
    if (spawnSync(program, ['--version']).error !== undefined) return `no ${program} (package containerd)`;
  return undefined;
}

export class Containerd implements AsyncDisposable {
  readonly #directory: string;
  readonly #daemon: Daemon;

  private constructor(directory: string, daemon: Daemon) {
    this.#directory = directory;
    this.#daemon = daemon;
  }

  static async start(): Promise<Containerd> {
    const directory = mkdtempSync('/tmp/swc-');
    const config = `version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${directory}/sock"
[ttrpc]
  address = "${directory}/ttrpc"
`;
    writeFileSync(join(directory, 'config.toml'), config);
    const address = join(directory, 'sock');
    const answers = () => spawnSync('ctr', ['--address', address, 'version']).status === 0;
    try {
      const daemon = await Daemon.start('containerd', ['--config', join(directory, 'config.toml')], {
        log: join(directory, 'log'),
        ready: answers,
      });
      return new Containerd(directory, daemon);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  ctr(args: string[], input = ''): SpawnSyncReturns<string> {
    const address = join(this.#directory, 'sock');
    return spawnSync('ctr', ['--address', address, '--namespace', 'slipway-test', ...args], {
      encoding: 'utf8',
      input,
    });
  }

  must(args: string[], input = ''): string {
    const result = this.ctr(args, input);
    if (result.status !== 0) throw new Error(`ctr ${args.join(' ')} ended with ${result.status}: ${result.stderr}`);
    return result.stdout;
  }

  importBusybox(): string {
    const archive = join(this.#directory, 'busybox.tar');
    writeBusyboxArchive(archive);
    this.must(['images', 'import', '--snapshotter', 'native', archive]);
    return busyboxReference;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.ctr(['tasks', 'ls', '--quiet']).stdout.split('\n').filter(Boolean))
      this.ctr(['tasks', 'rm', '--force', line]);
    for (const line of this.ctr(['containers', 'ls', '--quiet']).stdout.split('\n').filter(Boolean))
      this.ctr(['containers', 'rm', line]);
    await this.#daemon[Symbol.asyncDispose]();
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n').reverse()) {
      const point = line.split(' ')[1];
      if (point?.startsWith(`${this.#directory}/`)) spawnSync('umount', ['-l', point]);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
