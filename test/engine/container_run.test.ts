// `run`, from a person's command to the kernel and back.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestEngine, until } from '../support/slipway.ts';

describe('slipway run', () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  const run = (...args: string[]) => engine.cli(['run', '--rm', '--network', 'none', ...args]);

  it('prints what the program prints, on the stream that it was printed to', async () => {
    const { code, stdout, stderr } = await run('busybox', 'sh', '-c', 'echo out; echo err >&2');
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  it("ends with the program's exit code", async () => {
    assert.equal((await run('busybox', 'sh', '-c', 'exit 42')).code, 42);
  });

  it('ends with 128+n when the program dies of a signal', async () => {
    const running = run('--name', 'shot', 'busybox', 'sh', '-c', 'echo ready; exec sleep 60');
    await until(
      engine.client,
      async () => (await engine.client.call('container.list', { Filters: { name: ['shot'] } })).length === 1,
    );
    await engine.client.call('container.kill', { Container: 'shot' });
    assert.equal((await running).code, 137);
  });

  it('ends with 127 for a program that is not there and 126 for one that cannot be executed', async () => {
    const missing = await run('busybox', 'no-such-program');
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /no-such-program.*executable file not found/);
    assert.equal((await run('busybox', '/etc')).code, 126);
  });

  it('ends with 125 for a mistake in the flags, and says which', async () => {
    const { code, stderr } = await run('--no-such-flag', 'busybox');
    assert.equal(code, 125);
    assert.match(stderr, /unknown flag: --no-such-flag/);
  });

  it('passes standard input on, to its end', async () => {
    const input = 'line\n'.repeat(50_000);
    const { code, stdout } = await engine.cli(
      ['run', '-i', '--rm', '--network', 'none', 'busybox', 'sh', '-c', 'wc -c; echo end'],
      { input },
    );
    assert.equal(code, 0);
    assert.equal(stdout, `${input.length}\nend\n`);
  });

  it('carries megabytes of output without loss', async () => {
    const { stdout } = await run('busybox', 'sh', '-c', 'dd if=/dev/zero bs=64k count=64 2>/dev/null | tr "\\0" x');
    assert.equal(stdout.length, 64 * 64 * 1024);
  });

  it('--rm leaves no container', async () => {
    const before = await engine.client.call('container.list', { All: true });
    await run('--name', 'goes-away', 'busybox', 'true');
    assert.deepEqual((await engine.client.call('container.list', { All: true })).length, before.length);
  });

  it('sets environment, user, directory, host name and labels', async () => {
    const file = join(mkdtempSync(join(engine.directory, 'env-')), 'env');
    writeFileSync(file, '# comment\nFROM_FILE=1\nFROM_HERE\n');
    const { stdout, stderr } = await engine.cli(
      [
        'run',
        '--rm',
        '--network',
        'none',
        '-e',
        'A=b c',
        '--env-file',
        file,
        '-u',
        '1234:2345',
        '-w',
        '/tmp',
        '-h',
        'boat',
        'busybox',
        'sh',
        '-c',
        'echo $A $FROM_FILE $FROM_HERE; id -u; id -g; pwd; hostname; cat /etc/hostname',
      ],
      { env: { FROM_HERE: 'here' } },
    );
    assert.equal(stdout, 'b c 1 here\n1234\n2345\n/tmp\nboat\nboat\n', stderr);
  });

  it("gives Docker's default capabilities, fewer, more or all", async () => {
    const bounding = async (...args: string[]) =>
      (await run(...args, 'busybox', 'sh', '-c', 'grep CapBnd /proc/self/status')).stdout.trim().split(/\s+/)[1];
    assert.equal(await bounding(), '00000000a80425fb');
    assert.equal(await bounding('--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN'), '0000000000001000');
    assert.equal(await bounding('--cap-drop', 'chown'), '00000000a80425fa');
  });

  it('filters system calls, unless told not to', async () => {
    const mode = async (...args: string[]) =>
      (await run(...args, 'busybox', 'grep', 'Seccomp:', '/proc/self/status')).stdout.trim().split(/\s+/)[1];
    assert.equal(await mode(), '2');
    assert.equal(await mode('--security-opt', 'seccomp=unconfined'), '0');
    assert.match((await run('busybox', 'unshare', '-n', 'true')).stderr, /Operation not permitted/);
  });

  it('sets limits that the kernel knows', async () => {
    const { stdout } = await run(
      ...[
        '--memory',
        '64m',
        '--pids-limit',
        '33',
        '--cpus',
        '0.5',
        '--shm-size',
        '8m',
        '--ulimit',
        'nofile=100:200',
        '--oom-score-adj',
        '77',
      ],
      'busybox',
      'sh',
      '-c',
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; df -k /dev/shm | tail -1 | awk "{print \\$2}"; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj',
    );
    assert.deepEqual(stdout.trim().split('\n'), [String(64 << 20), '33', '8192', '100', '200', '77']);
  });

  it('limits open files to fewer than the runtime has itself, and those of exec, too', async () => {
    const script = 'ulimit -n; ulimit -Hn';
    const { stdout, stderr } = await run('--ulimit', 'nofile=5:10', 'busybox', 'sh', '-c', script);
    assert.equal(stdout, '5\n10\n', stderr);
    const id = await engine.start({
      Config: { Cmd: ['sleep', '100'] },
      HostConfig: { Ulimits: [{ Name: 'nofile', Soft: 6, Hard: 12 }] },
    });
    assert.equal((await engine.exec(id, ['sh', '-c', script])).stdout, '6\n12\n');
    await engine.client.call('container.remove', { Container: id, Force: true });
  });

  it('binds directories, read-only where asked, and mounts tmpfs', async () => {
    const directory = mkdtempSync(join(engine.directory, 'bind-'));
    writeFileSync(join(directory, 'file'), 'from the host\n');
    const { stdout, stderr } = await run(
      ...[
        '-v',
        `${directory}:/one`,
        '--mount',
        `type=bind,src=${directory},dst=/two,readonly`,
        '--tmpfs',
        '/three:size=1m',
      ],
      'busybox',
      'sh',
      '-c',
      'cat /two/file; echo x > /one/new; touch /two/no || echo read-only; df -k /three | tail -1 | awk "{print \\$2}"',
    );
    assert.equal(stdout, 'from the host\nread-only\n1024\n', stderr);
    assert.equal(readFileSync(join(directory, 'new'), 'utf8'), 'x\n');
  });

  it('--read-only allows writing nowhere but in mounts', async () => {
    const { stdout } = await run(
      '--read-only',
      '--tmpfs',
      '/tmp',
      'busybox',
      'sh',
      '-c',
      'touch /x 2>/dev/null || echo refused; touch /tmp/x && echo allowed',
    );
    assert.equal(stdout, 'refused\nallowed\n');
  });

  it('--init runs the program under an init that reaps and passes signals on', async () => {
    const { stdout } = await run('--init', 'busybox', 'sh', '-c', 'cat /proc/1/comm; echo $$');
    assert.match(stdout, /^docker-init\n[2-9]\d*\n$/);
  });

  it('shares namespaces with the host or with another container', async () => {
    const host = ['pid', 'uts', 'ipc'].map((name) => readlinkSync(`/proc/self/ns/${name}`));
    const script = 'for n in pid uts ipc; do readlink /proc/self/ns/$n; done';
    const { stdout } = await run('--pid', 'host', '--uts', 'host', '--ipc', 'host', 'busybox', 'sh', '-c', script);
    assert.deepEqual(stdout.trim().split('\n'), host);
    const id = await engine.start({ Config: { Cmd: ['sleep', '60'] } });
    const joined = await engine.cli([
      'run',
      '--rm',
      '--network',
      `container:${id}`,
      'busybox',
      'readlink',
      '/proc/self/ns/net',
    ]);
    const theirs = await engine.exec(id, ['readlink', '/proc/self/ns/net']);
    assert.equal(joined.stdout, theirs.stdout);
    await engine.client.call('container.remove', { Container: id, Force: true });
  });

  it('-d prints the id and goes on in the background; --cidfile keeps it', async () => {
    const file = join(engine.directory, 'cid');
    const { stdout, code } = await engine.cli([
      'run',
      '-d',
      '--network',
      'none',
      '--cidfile',
      file,
      'busybox',
      'sleep',
      '60',
    ]);
    assert.equal(code, 0);
    assert.match(stdout, /^[0-9a-f]{64}\n$/);
    assert.equal(readFileSync(file, 'utf8'), stdout.trim());
    assert.equal((await engine.client.call('container.inspect', { Container: stdout.trim() })).State.Status, 'running');
    await engine.client.call('container.remove', { Container: stdout.trim(), Force: true });
  });

  it('refuses what contradicts itself, before anything is made', async () => {
    const refused = async (expected: RegExp, ...args: string[]) => {
      const { code, stderr } = await engine.cli(['create', ...args, 'busybox', 'true']);
      assert.notEqual(code, 0);
      assert.match(stderr, expected);
    };
    await refused(/cannot specify both --restart and --rm/, '--rm', '--restart', 'always');
    await refused(/Minimum memory limit allowed is 6MB/, '--memory', '1m');
    await refused(/unknown capability/, '--cap-add', 'FLY');
    await refused(/Duplicate mount point/, '-v', '/tmp:/x', '-v', '/var:/x');
    await refused(/invalid container name/i, '--name', '-bad-');
    await refused(/invalid restart policy/, '--restart', 'sometimes');
    await refused(/bind source path does not exist/, '--mount', 'type=bind,src=/no/such/place,dst=/x');
  });

  it('runs slipway/hello with no registry at all', async () => {
    const { code, stdout } = await engine.cli(['run', '--rm', '--network', 'none', 'slipway/hello']);
    assert.equal(code, 0);
    assert.match(stdout, /Hello from Slipway!/);
    assert.match(stdout, /pid:\[\d+\]/);
    assert.match(stdout, /read-only layers/);
  });

  it('leaves no mount behind', () => {
    assert.deepEqual(engine.mounts(), []);
    assert.equal(existsSync(engine.directory), true);
  });

  it('an image is shown read-only at a place of the container, as a whole or in part', async () => {
    const Mount = { Type: 'image', Source: 'busybox', Target: '/other' } as const;
    const whole = await engine.run('cat /other/etc/group && touch /other/x', { HostConfig: { Mounts: [Mount] } });
    assert.match(whole.stdout, /^root:x:0:/);
    assert.match(whole.stderr, /Read-only file system/);
    const part = { ...Mount, ImageOptions: { Subpath: '../../etc' } };
    const { stdout } = await engine.run('ls /other', { HostConfig: { Mounts: [part] } });
    assert.equal(stdout, 'group\npasswd\n');
    assert.deepEqual(engine.mounts(), []);
    const missing = await engine.cli(['run', '--rm', '--mount', 'type=image,src=nowhere,dst=/x', 'busybox', 'true']);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /No such image: nowhere/);
  });
});
