// Runs slipway-oci (or another OCI runtime) in a test: a state directory and bundles of its own, everything removed at
// the end.
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle, makeBusyboxRoot, type OciConfig } from './oci_bundle.ts';

export const slipwayOci = join(import.meta.dirname, '../../dist/bin/slipway-oci');

export interface Outcome {
  code: number; // 128 + n for a signal
  stdout: string;
  stderr: string;
}

function outcome(result: SpawnSyncReturns<string>): Outcome {
  if (result.error !== undefined) throw result.error;
  return { code: result.status ?? 128, stdout: result.stdout, stderr: result.stderr };
}

let counter = 0;

export class OciRuntime implements Disposable {
  readonly directory: string;
  // A busybox root that bundles may share; do not change it in a test.
  readonly busyboxRoot: string;
  readonly #program: string;
  readonly #globals: string[];
  readonly #ids = new Set<string>();

  constructor(program = slipwayOci, globals: string[] = []) {
    if (!existsSync(program)) throw new Error(`cannot run ${program}: it is not there; run npm run build:native first`);
    this.#program = program;
    this.directory = mkdtempSync(join(tmpdir(), 'slipway-oci-test-'));
    this.#globals = ['--root', join(this.directory, 'state'), ...globals];
    this.busyboxRoot = join(this.directory, 'busybox');
    mkdirSync(this.busyboxRoot);
    makeBusyboxRoot(this.busyboxRoot);
  }

  // A container id that no other test on this machine has, with a bundle for it.
  container(config: OciConfig): { id: string; bundle: string } {
    counter += 1;
    const id = `slipway-test-${process.pid}-${counter}`;
    this.#ids.add(id);
    config.linux.cgroupsPath ??= `/${id}`;
    return { id, bundle: makeBundle(join(this.directory, 'bundles'), id, config) };
  }

  // A command to its end. `input` is its standard input.
  command(args: string[], input = ''): Outcome {
    return outcome(
      spawnSync(this.#program, [...this.#globals, ...args], { encoding: 'utf8', input, maxBuffer: 64 << 20 }),
    );
  }

  // As command(), but an exit code other than 0 is an error. Returns standard output.
  must(args: string[], input = ''): string {
    const result = this.command(args, input);
    if (result.code !== 0) throw new Error(`${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
    return result.stdout;
  }

  // Runs a container to its end.
  run(config: OciConfig, input = ''): Outcome {
    const { id, bundle } = this.container(config);
    return this.command(['run', '--bundle', bundle, id], input);
  }

  // Starts a container that goes on running; its output goes nowhere.
  start(config: OciConfig): string {
    const { id, bundle } = this.container(config);
    // The container keeps these descriptors: with a pipe, waiting for its end would be waiting for the container's.
    const log = join(bundle, 'stderr');
    const fd = openSync(log, 'w');
    const result = spawnSync(this.#program, [...this.#globals, 'run', '--detach', '--bundle', bundle, id], {
      stdio: ['ignore', fd, fd],
    });
    closeSync(fd);
    if (result.status !== 0) throw new Error(`run --detach ended with ${result.status}: ${readFileSync(log, 'utf8')}`);
    return id;
  }

  // A command that goes on while the test does something else.
  spawn(args: string[]) {
    return spawn(this.#program, [...this.#globals, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  exec(id: string, args: string[]): Outcome {
    return this.command(['exec', id, ...args]);
  }

  [Symbol.dispose](): void {
    for (const id of this.#ids) this.command(['delete', '--force', id]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
