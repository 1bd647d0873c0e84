// The engine of an ordinary user: root in a user namespace of its own, and nowhere else.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeBusyboxRoot } from '../support/oci_bundle.ts';

const user = 'slipway-test';
const slipway = join(import.meta.dirname, '../../dist/bin/slipway');

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'a user is made by root';
  if (!existsSync(slipway)) return 'nothing is built';
  for (const program of ['newuidmap', 'unshare', 'useradd'])
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `there is no ${program}`;
  // The user must be able to come where the programs are.
  const { status } = spawnSync('setpriv', ['--reuid', '65534', '--clear-groups', 'test', '-x', slipway]);
  return status === 0 ? undefined : `other users can not execute ${slipway}`;
}

describe('rootless', { skip: whyNot() ?? false, timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-rootless-'));
  before(() => {
    spawnSync('userdel', ['--remove', user]);
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', user]);
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'run'), { mode: 0o700 });
    execFileSync('chown', [user, join(folder, 'run')]);
    makeBusyboxRoot(join(folder, 'root'));
    execFileSync('tar', ['-C', join(folder, 'root'), '-cf', join(folder, 'busybox.tar'), '.']);
    mkdirSync(join(folder, 'context'));
    writeFileSync(join(folder, 'context/Dockerfile'), 'FROM busybox\nRUN id -u > /made && chown 7:8 /made\n');
    assert.equal(as(`import --change 'CMD ["sh"]' ${folder}/busybox.tar busybox`).code, 0);
  });
  after(() => {
    as('rm -f $(slipway ps -aq)');
    spawnSync('pkill', ['-KILL', '-u', user]);
    spawnSync('userdel', ['--force', '--remove', user]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** `slipway …` as the user types it. */
  function as(line: string): { code: number; stdout: string; stderr: string } {
    const path = `${join(slipway, '..')}:${process.env['PATH']}`;
    const { status, stdout, stderr } = spawnSync(
      'su',
      [user, '-c', `XDG_RUNTIME_DIR=${folder}/run PATH=${path} slipway ${line}`],
      { encoding: 'utf8', timeout: 30_000 },
    );
    return { code: status ?? -1, stdout, stderr };
  }

  it('says that it is', () => {
    assert.equal(as("info --format '{{.Rootless}}'").stdout, 'true\n');
  });

  it('runs containers as root of ids that are the user’s and the subordinate ones', () => {
    const { stdout, stderr } = as('run --rm --network none busybox sh -c "id -u; cat /proc/self/uid_map; touch /new"');
    const [id, first] = stdout.split('\n');
    assert.equal(id, '0', stderr);
    const uid = execFileSync('id', ['-u', user], { encoding: 'utf8' }).trim();
    assert.deepEqual(first?.trim().split(/ +/), ['0', uid, '1']);
  });

  it('has networks with names between containers', () => {
    assert.equal(as('network create quay').code, 0);
    assert.equal(as('run -d --name other --network quay busybox sleep 1000').code, 0);
    const { code, stderr } = as('run --rm --network quay busybox ping -c 1 -w 5 other');
    assert.equal(code, 0, stderr);
  });

  it('builds, with owners of its own', () => {
    const { code, stderr } = as(`build -t made ${folder}/context`);
    assert.equal(code, 0, stderr);
    const shown = as(`run --rm --network none made sh -c 'cat /made; stat -c %u:%g /made'`);
    assert.equal(shown.stdout, '0\n7:8\n');
  });

  it('finds its containers again after its helper was killed', () => {
    const pids = spawnSync('pgrep', ['-u', user, '-f', 'lib/slipwayd.js'], { encoding: 'utf8' }).stdout.trim();
    assert.match(pids, /^\d+$/);
    process.kill(Number(pids), 'SIGKILL');
    const { stdout, stderr } = as("ps --format '{{.Names}} {{.State}}'");
    assert.equal(stdout, 'other running\n', stderr);
    assert.equal(as('exec other echo still').stdout, 'still\n');
    assert.equal(as('rm -f other').code, 0);
  });

  it('tells that ports are not published to the machine', () => {
    const { stderr } = as('run --rm -p 18080:80 busybox true');
    assert.match(stderr, /reached from its own network namespace only/);
  });

  it('mounts nothing where others see it', () => {
    assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(`${folder}|/home/${user}`));
  });
});
