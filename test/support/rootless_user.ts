// A user of this machine who has an engine of their own, made for a test and taken away with all that it runs.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBusyboxRoot } from './oci_bundle.ts';

const slipway = join(import.meta.dirname, '../../dist/bin/slipway');

export function whyNoRootlessUser(): string | undefined {
  if (process.getuid?.() !== 0) return 'a user is made by root';
  if (!existsSync(slipway)) return 'nothing is built';
  for (const program of ['newuidmap', 'unshare', 'useradd'])
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `there is no ${program}`;
  // The user must be able to come where the programs are.
  const { status } = spawnSync('setpriv', ['--reuid', '65534', '--clear-groups', 'test', '-x', slipway]);
  return status === 0 ? undefined : `other users can not execute ${slipway}`;
}

export class RootlessUser implements Disposable {
  readonly name: string;
  readonly folder = mkdtempSync(join(tmpdir(), 'slipway-rootless-'));
  readonly #before: readonly string[];

  /** With an image `busybox`. `before`: what its commands are run by (nsenter …). */
  constructor(name: string, before: readonly string[] = []) {
    this.name = name;
    this.#before = before;
    spawnSync('userdel', ['--remove', name]);
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', name]);
    chmodSync(this.folder, 0o755);
    mkdirSync(join(this.folder, 'run'), { mode: 0o700 });
    execFileSync('chown', [name, join(this.folder, 'run')]);
    makeBusyboxRoot(join(this.folder, 'root'));
    execFileSync('tar', ['-C', join(this.folder, 'root'), '-cf', join(this.folder, 'busybox.tar'), '.']);
    assert.equal(this.as(`import --change 'CMD ["sh"]' ${this.folder}/busybox.tar busybox`).code, 0);
  }

  /** `slipway …` as the user types it. */
  as(line: string): { code: number; stdout: string; stderr: string } {
    const path = `${join(slipway, '..')}:${process.env['PATH']}`;
    const command = `XDG_RUNTIME_DIR=${this.folder}/run PATH=${path} slipway ${line}`;
    const [program = 'su', ...words] = [...this.#before, 'su', this.name, '-c', command];
    const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', timeout: 30_000 });
    return { code: status ?? -1, stdout, stderr };
  }

  killHelper(): void {
    const pids = spawnSync('pgrep', ['-u', this.name, '-f', 'lib/slipwayd.js'], { encoding: 'utf8' }).stdout.trim();
    assert.match(pids, /^\d+$/);
    process.kill(Number(pids), 'SIGKILL');
  }

  [Symbol.dispose](): void {
    this.as('rm -f $(slipway ps -aq)');
    spawnSync('pkill', ['-KILL', '-u', this.name]);
    spawnSync('userdel', ['--force', '--remove', this.name]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
