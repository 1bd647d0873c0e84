// Podman apart from the machine's own: its storage, its run directory, and the OCI runtime that is to be judged.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxReference, writeBusyboxArchive } from './busybox_image.ts';

export function whyNoPodman(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root runs podman here';
  if (spawnSync('podman', ['--version']).error !== undefined) return 'no podman (package podman)';
  return undefined;
}

export class Podman implements Disposable {
  readonly #directory = mkdtempSync('/tmp/swp-');
  readonly #runtime: string;

  constructor(runtime: string) {
    this.#runtime = runtime;
  }

  podman(args: string[], input = ''): SpawnSyncReturns<string> {
    const globals = [
      ['--root', join(this.#directory, 'root'), '--runroot', join(this.#directory, 'run')],
      ['--tmpdir', join(this.#directory, 'tmp'), '--runtime', this.#runtime],
      ['--cgroup-manager', 'cgroupfs', '--events-backend', 'none', '--storage-driver', 'overlay'],
    ].flat();
    return spawnSync('podman', [...globals, ...args], { encoding: 'utf8', input, maxBuffer: 64 << 20 });
  }

  must(args: string[], input = ''): string {
    const result = this.podman(args, input);
    if (result.status !== 0) throw new Error(`podman ${args.join(' ')} ended with ${result.status}: ${result.stderr}`);
    return result.stdout;
  }

  loadBusybox(): string {
    const archive = join(this.#directory, 'busybox.tar');
    writeBusyboxArchive(archive);
    this.must(['load', '--input', archive]);
    return busyboxReference;
  }

  [Symbol.dispose](): void {
    this.podman(['rm', '--all', '--force', '--time', '0']);
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n').reverse()) {
      const point = line.split(' ')[1];
      if (point?.startsWith(`${this.#directory}/`)) spawnSync('umount', ['-l', point]);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
