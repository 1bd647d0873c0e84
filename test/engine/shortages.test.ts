// What a machine can run short of: room on the disk, the right to write, a clock that goes on evenly, and patience of others.
// Nothing is lost, and whoever asked is told one thing that is true.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { connectOrStart } from '../../runtime/protocol/launch.ts';
import { bundles } from '../support/bundles.ts';
import { TestEngine } from '../support/slipway.ts';

/** A file system of its own, as large as it is told. */
class SmallDisk implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'slipway-small-'));
  readonly #image = join(this.#directory, 'image');
  readonly path = join(this.#directory, 'disk');

  constructor(size: string) {
    execFileSync('truncate', ['--size', size, this.#image]);
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image]);
    mkdirSync(this.path);
    execFileSync('mount', ['-o', 'loop', this.#image, this.path]);
  }

  /** What ext4 does of itself when its device fails: whoever has a file open for writing is not asked. */
  fail(): void {
    execFileSync('sync', ['--file-system', this.path]);
    execFileSync('mount', ['-o', 'remount,abort', this.path]);
  }

  /** Nobody may use it. */
  repair(): void {
    execFileSync('umount', [this.path]);
    spawnSync('e2fsck', ['-p', '-f', this.#image]);
    execFileSync('mount', ['-o', 'loop', this.#image, this.path]);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.path]);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const needsRoot = process.getuid?.() === 0 ? false : 'making a file system needs root';
const clear = (error: unknown) =>
  isEngineError(error) &&
  error.kind !== 'Internal' &&
  /no space|disk is full|read-only|not enough room/i.test(error.message);

describe('a full disk', { skip: needsRoot, timeout: 40_000 }, () => {
  it('ends a call in one clear error, keeps what runs and its log, and is forgotten when there is room', async () => {
    using disk = new SmallDisk('96M');
    await using engine = await TestEngine.start({ args: ['--data-root', join(disk.path, 'data')] });
    const { client } = engine;
    const count = 'i=0; while [ ! -e /stop ]; do echo $i; i=$((i+1)); usleep 5000; done; echo end';
    const id = await engine.start({ Config: { Cmd: ['sh', '-c', count] } });
    const lines = async () => (await engine.logs(id)).stdout.trim().split('\n');
    // A program of another container fills the disk to the last byte.
    const filler = await engine.run('dd if=/dev/zero of=/fill bs=64k; dd if=/dev/zero of=/rest bs=1', {
      HostConfig: { LogConfig: { Type: 'none' } },
    });
    assert.match(filler.stderr, /No space left on device/);
    await assert.rejects(engine.exec(filler.id, ['true']), (error) => isEngineError(error, 'Conflict'));
    // What needs no room may succeed; what does not says why.
    for (const call of [
      () => client.call('container.commit', { Container: filler.id, Reference: 'full:1' }),
      () => engine.importBusybox('full:2'),
      () => client.call('volume.create', { Name: 'full' }),
      () => engine.start({ Config: { Cmd: ['true'] } }),
    ])
      await call().catch((error: unknown) => assert.ok(clear(error), String(error)));
    assert.equal((await client.call('container.inspect', { Container: id })).State.Status, 'running');
    assert.equal((await client.call('system.ping', {})).Version, '0.1.0');
    // The helper may die now, too, and the next one starts on the full disk.
    await engine.endHelper('SIGKILL');
    await engine.startHelper();
    assert.equal((await engine.client.call('container.inspect', { Container: id })).State.Status, 'running');
    await engine.client.call('container.remove', { Container: filler.id, Force: true });
    const wait = engine.client.call('container.wait', { Container: id, Condition: 'not-running' });
    assert.equal((await engine.exec(id, ['touch', '/stop'])).code, 0);
    assert.equal((await wait).StatusCode, 0);
    const numbers = await lines();
    assert.equal(numbers.pop(), 'end');
    assert.deepEqual(
      numbers.map(Number),
      numbers.map((_, index) => index),
    );
    await engine.importBusybox('room:1');
    const staged = readdirSync(join(disk.path, 'data/layers/staging'));
    assert.deepEqual(
      staged.filter((name) => !name.endsWith('.json')), // being settled just now
      [],
    );
    for (const { Id } of await engine.client.call('container.list', { All: true }))
      await engine.client.call('container.remove', { Container: Id, Force: true });
    await engine.endHelper('SIGTERM');
  });
});

describe('a disk that a build fills', { skip: needsRoot, timeout: 60_000 }, () => {
  const cases: readonly (readonly [what: string, instruction: string])[] = [
    ['COPY', 'COPY large /large'],
    ['RUN', 'RUN dd if=/dev/zero of=/fill bs=64k'],
  ];
  for (const [what, instruction] of cases)
    it(`ends ${what} at its line, and leaves nothing of the layer`, async () => {
      using disk = new SmallDisk('48M');
      using context = new SmallDisk('96M');
      await using engine = await TestEngine.start({ args: ['--data-root', join(disk.path, 'data')] });
      execFileSync('dd', ['if=/dev/zero', `of=${join(context.path, 'large')}`, 'bs=1M', 'count=64', 'status=none']);
      writeFileSync(join(context.path, 'Dockerfile'), `FROM busybox\n${instruction}\n`);
      writeFileSync(join(context.path, '.dockerignore'), 'lost+found');
      const build = ['build', '--network', 'none', '-t', 'made', context.path];
      const failed = await engine.cli(build);
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /Dockerfile:2:1: .*no space left on device/is);
      writeFileSync(join(context.path, 'Dockerfile'), 'FROM busybox\nRUN echo 1 > /small\n');
      const { code, stderr } = await engine.cli(build);
      assert.equal(code, 0, stderr);
      await engine.endHelper('SIGTERM');
    });
});

describe('a disk that turns read-only', { skip: needsRoot, timeout: 60_000 }, () => {
  it('is told as such, and nothing is lost when it can be written again', async () => {
    using disk = new SmallDisk('96M');
    await using engine = await TestEngine.start({ args: ['--data-root', join(disk.path, 'data')] });
    const { client } = engine;
    const made = await engine.create({ Name: 'before', Config: { Cmd: ['true'] } });
    disk.fail();
    for (const call of [
      () => engine.create({ Name: 'during', Config: { Cmd: ['true'] } }),
      () => client.call('container.start', { Container: made }),
      () => client.call('container.rename', { Container: made, Name: 'other' }),
      () => client.call('container.remove', { Container: made }),
      () => client.call('volume.create', { Name: 'during' }),
      () => engine.importBusybox('during:1'),
    ])
      await assert.rejects(call(), (error) => clear(error) || assert.fail(String(error)));
    assert.equal((await client.call('container.inspect', { Container: made })).Name, '/before');
    await engine.endHelper('SIGKILL');
    disk.repair();
    await engine.startHelper();
    const wait = engine.client.call('container.wait', { Container: made, Condition: 'next-exit' });
    await engine.client.call('container.start', { Container: made });
    assert.equal((await wait).StatusCode, 0);
    await engine.client.call('container.remove', { Container: made });
    assert.deepEqual(await engine.client.call('container.list', { All: true }), []);
    await engine.endHelper('SIGTERM');
  });
});

describe('others, and too much of everything', { timeout: 60_000 }, () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  it('logs 10,000 lines a second without losing one, and without making the helper work for it', async () => {
    const ticks = () =>
      Number(
        readFileSync(`/proc/${engine.helperPid}/stat`, 'utf8')
          .split(' ')
          .slice(13, 15)
          .reduce((sum, n) => sum + Number(n), 0),
      );
    const script = 's=0; while [ $s -lt 50000 ]; do seq $s $((s+999)); s=$((s+1000)); usleep 100000; done';
    const before = ticks();
    const id = await engine.start({ Config: { Cmd: ['sh', '-c', script] } });
    await engine.client.call('container.wait', { Container: id, Condition: 'not-running' });
    assert.ok(ticks() - before < 100, `${ticks() - before} ticks of processor time`);
    const lines = (await engine.logs(id)).stdout.trimEnd().split('\n');
    assert.equal(lines.length, 50_000);
    assert.equal(
      lines.findIndex((line, index) => line !== String(index)),
      -1,
    );
    await engine.client.call('container.remove', { Container: id });
  });

  it('does what two clients ask at once, once', async () => {
    const [one, other] = [engine.client, await engine.connect()];
    const expected = (error: unknown) =>
      isEngineError(error, 'NotFound') || isEngineError(error, 'Conflict') || isEngineError(error, 'AlreadyExists');
    const both = async (calls: readonly Promise<unknown>[]) => {
      const settled = await Promise.allSettled(calls);
      assert.ok(settled.some(({ status }) => status === 'fulfilled'));
      for (const result of settled)
        if (result.status === 'rejected') assert.ok(expected(result.reason), String(result.reason));
    };
    for (let round = 0; round < 20; round += 1) {
      const id = await engine.start({ Config: { Cmd: ['sleep', '1000'] } });
      await both([one, other].map((client) => client.call('container.remove', { Container: id, Force: true })));
      await both([one, other].map((client) => client.call('volume.create', { Name: 'shared' })));
      await both([one, other].map((client) => client.call('volume.remove', { Volume: 'shared' })));
      await both([one, other].map((client) => client.call('network.create', { Name: 'shared', Internal: true })));
      await both([one, other].map((client) => client.call('network.remove', { Network: 'shared' })));
      await both(
        [one, other].map((client) =>
          client.call('container.create', {
            Name: 'shared',
            Config: { Image: 'busybox' },
            HostConfig: { NetworkMode: 'none' },
          }),
        ),
      );
      await both([one, other].map((client) => client.call('container.remove', { Container: 'shared' })));
    }
    assert.deepEqual(await one.call('container.list', { All: true }), []);
    assert.deepEqual(engine.mounts(), []);
    other[Symbol.dispose]();
  });

  it('starts one helper for clients that all find none', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'slipway-race-'));
    const paths = {
      dataRoot: join(directory, 'data'),
      execRoot: join(directory, 'exec'),
      socket: join(directory, 'exec/s'),
    };
    const command = [process.execPath, '--disable-warning=ExperimentalWarning', (await bundles()).helper] as const;
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => connectOrStart({ paths, command: [...command] })),
    );
    const pids = await Promise.all(clients.map(async (client) => (await client.call('system.info', {})).Pid));
    assert.equal(new Set(pids).size, 1);
    await clients[0]?.call('system.shutdown', {});
    await Promise.all(clients.map(({ closed }) => closed));
    rmSync(directory, { recursive: true });
  });

  it('goes by no clock that jumps: timeouts, restarts and waits', async () => {
    // The wall clock of the machine is everybody's: the helper's own is moved, an hour forth and two back.
    await using jumping = await TestEngine.start({
      preload: 'const now = Date.now; let n = 0; Date.now = () => now() + ((n++ % 3) - 1) * 7200_000;',
    });
    const id = await jumping.start({
      Config: { Cmd: ['sh', '-c', 'trap "" TERM; while :; do usleep 10000; done'] },
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    const began = process.hrtime.bigint();
    await jumping.client.call('container.stop', { Container: id, Timeout: 1 });
    const took = Number(process.hrtime.bigint() - began) / 1e9;
    assert.ok(took > 0.9 && took < 8, `${took} s`);
    const failing = await jumping.start({
      Config: { Cmd: ['false'] },
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    assert.equal(
      (await jumping.client.call('container.wait', { Container: failing, Condition: 'not-running' })).StatusCode,
      1,
    );
    const { RestartCount } = await jumping.client.call('container.inspect', { Container: failing });
    assert.equal(RestartCount, 2);
  });
});
