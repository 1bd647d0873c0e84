// A container's life over the protocol: start, stop, kill, restart, pause, wait, update, rename, remove, policies, health.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import type { EngineEvent } from '../../runtime/protocol/event.ts';
import { TestEngine, until } from '../support/slipway.ts';

const sleeper = ['sh', '-c', 'trap "exit 5" TERM; echo up; while :; do sleep 0.05; done'];

describe("a container's life", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  const state = async (Container: string) => (await engine.client.call('container.inspect', { Container })).State;
  const upAndReady = async (Container: string) => {
    const { socket } = await engine.client.stream('container.logs', { Container, Stdout: true, Follow: true });
    await new Promise<void>((resolve) => socket.once('data', () => resolve()));
    socket.destroy();
  };
  const rejectsWith = (kind: Parameters<typeof isEngineError>[1], promise: Promise<unknown>) =>
    assert.rejects(promise, (error) => isEngineError(error, kind) || assert.fail(String(error)));

  it('stop sends the stop signal and reports what the program made of it', async () => {
    const id = await engine.start({ Config: { Cmd: sleeper } });
    await upAndReady(id);
    await engine.client.call('container.stop', { Container: id });
    const { Status, ExitCode, Pid, FinishedAt } = await state(id);
    assert.deepEqual({ Status, ExitCode, Pid }, { Status: 'exited', ExitCode: 5, Pid: 0 });
    assert.ok(Date.parse(FinishedAt) > Date.now() - 60_000);
    await rejectsWith('NotModified', engine.client.call('container.stop', { Container: id }));
  });

  it('stop kills after the timeout', async () => {
    const id = await engine.start({
      Config: { Cmd: ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done'] },
    });
    await upAndReady(id);
    await engine.client.call('container.stop', { Container: id, Timeout: 0 });
    assert.equal((await state(id)).ExitCode, 137);
  });

  it('starts again with the same files and a new process', async () => {
    const id = await engine.start({ Config: { Cmd: ['sh', '-c', 'echo x >> /count; wc -l < /count'] } });
    await engine.client.call('container.wait', { Container: id });
    await engine.client.call('container.start', { Container: id });
    await engine.client.call('container.wait', { Container: id });
    assert.equal((await engine.logs(id)).stdout, '1\n2\n');
    await engine.client.call('container.remove', { Container: id });
    await rejectsWith('NotFound', engine.client.call('container.inspect', { Container: id }));
  });

  it('kill sends any signal, by name or number', async () => {
    const id = await engine.start({
      Config: { Cmd: ['sh', '-c', 'trap "echo usr1" USR1; echo up; while :; do sleep 0.05; done'] },
    });
    await upAndReady(id);
    await engine.client.call('container.kill', { Container: id, Signal: 'SIGUSR1' });
    await engine.client.call('container.kill', { Container: id, Signal: '9' });
    assert.equal((await engine.client.call('container.wait', { Container: id })).StatusCode, 137);
    await rejectsWith('Conflict', engine.client.call('container.kill', { Container: id }));
    await rejectsWith('InvalidArgument', engine.client.call('container.kill', { Container: id, Signal: 'NOPE' }));
  });

  it('pause freezes, unpause thaws', async () => {
    const id = await engine.start({ Config: { Cmd: sleeper } });
    await engine.client.call('container.pause', { Container: id });
    assert.equal((await state(id)).Status, 'paused');
    await rejectsWith('Conflict', engine.client.call('container.pause', { Container: id }));
    await rejectsWith('Conflict', engine.client.call('exec.create', { Container: id, Cmd: ['true'] }));
    await engine.client.call('container.unpause', { Container: id });
    assert.equal((await state(id)).Status, 'running');
    await engine.client.call('container.pause', { Container: id });
    await engine.client.call('container.remove', { Container: id, Force: true });
  });

  it('remove refuses a running container; two clients that force it both succeed', async () => {
    const id = await engine.start({ Config: { Cmd: sleeper } });
    await rejectsWith('Conflict', engine.client.call('container.remove', { Container: id }));
    await Promise.all([1, 2].map(() => engine.client.call('container.remove', { Container: id, Force: true })));
    await rejectsWith('NotFound', engine.client.call('container.remove', { Container: id }));
  });

  it('a name is taken once, and can be changed', async () => {
    const id = await engine.create({ Name: 'first', Config: { Cmd: ['true'] } });
    await rejectsWith('AlreadyExists', engine.create({ Name: 'first', Config: { Cmd: ['true'] } }));
    await engine.client.call('container.rename', { Container: 'first', Name: 'second' });
    assert.equal((await engine.client.call('container.inspect', { Container: 'second' })).Id, id);
    assert.equal((await engine.client.call('container.inspect', { Container: id.slice(0, 8) })).Name, '/second');
    await rejectsWith('NotFound', engine.client.call('container.inspect', { Container: 'first' }));
    await engine.client.call('container.remove', { Container: id });
  });

  it('wait tells of the next exit, of removal, and at once if nothing runs', async () => {
    const id = await engine.create({ Config: { Cmd: ['sh', '-c', 'exit 3'] } });
    assert.equal((await engine.client.call('container.wait', { Container: id })).StatusCode, 0);
    const next = engine.client.call('container.wait', { Container: id, Condition: 'next-exit' });
    const removed = engine.client.call('container.wait', { Container: id, Condition: 'removed' });
    await engine.client.call('container.start', { Container: id });
    assert.equal((await next).StatusCode, 3);
    await engine.client.call('container.remove', { Container: id });
    assert.equal((await removed).StatusCode, 3);
  });

  it('a cancelled wait ends at once and touches nothing', async () => {
    const id = await engine.start({ Config: { Cmd: sleeper } });
    const aborter = new AbortController();
    const waiting = engine.client.call('container.wait', { Container: id }, { signal: aborter.signal });
    aborter.abort();
    await rejectsWith('Cancelled', waiting);
    assert.equal((await state(id)).Running, true);
    await engine.client.call('container.remove', { Container: id, Force: true });
  });

  it('restarts by policy: on failure so many times, always, and never after a stop', async () => {
    const failing = await engine.start({
      Config: { Cmd: ['sh', '-c', 'exit 9'] },
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    await until(engine.client, async () => {
      const { RestartCount, State } = await engine.client.call('container.inspect', { Container: failing });
      return RestartCount === 2 && State.Status === 'exited';
    });
    const always = await engine.start({
      Config: { Cmd: ['sh', '-c', 'echo run'] },
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    await until(
      engine.client,
      async () => (await engine.client.call('container.inspect', { Container: always })).RestartCount >= 2,
    );
    await engine.client.call('container.stop', { Container: always }).catch(() => {});
    const { RestartCount, State } = await engine.client.call('container.inspect', { Container: always });
    assert.equal(State.Status, 'exited');
    assert.ok(RestartCount >= 2);
    for (const Container of [failing, always]) await engine.client.call('container.remove', { Container, Force: true });
  });

  it('update changes the limits of a running container', async () => {
    const id = await engine.start({ Config: { Cmd: sleeper }, HostConfig: { Memory: 64 << 20 } });
    await engine.client.call('container.update', { Container: id, Resources: { Memory: 128 << 20, PidsLimit: 44 } });
    const { stdout } = await engine.exec(id, [
      'sh',
      '-c',
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null',
    ]);
    assert.deepEqual(stdout.trim().split('\n'), [String(128 << 20), '44']);
    assert.equal((await engine.client.call('container.inspect', { Container: id })).HostConfig.Memory, 128 << 20);
    await engine.client.call('container.remove', { Container: id, Force: true });
  });

  it('reports that the kernel killed it for memory', async () => {
    const id = await engine.start({
      Config: { Cmd: ['sh', '-c', 'x=; while :; do x="$x$x$(head -c 65536 /dev/zero | tr "\\0" x)"; done'] },
      HostConfig: { Memory: 16 << 20, MemorySwap: 16 << 20 },
    });
    assert.notEqual((await engine.client.call('container.wait', { Container: id })).StatusCode, 0);
    assert.equal((await state(id)).OOMKilled, true);
    await engine.client.call('container.remove', { Container: id });
  });

  it('checks health, and says so in state, list and events', async () => {
    const events: EngineEvent[] = [];
    await using _subscription = await engine.client.subscribe(
      { Filters: { event: ['health_status'] } },
      (batch) => void events.push(...batch),
    );
    const id = await engine.start({
      Config: {
        Cmd: sleeper,
        Healthcheck: { Test: ['CMD-SHELL', 'test -e /well && echo fine'], Interval: 50e6, Retries: 1, Timeout: 10e9 },
      },
    });
    assert.equal((await state(id)).Health?.Status, 'starting');
    await until(engine.client, async () => (await state(id)).Health?.Status === 'unhealthy');
    await engine.exec(id, ['touch', '/well']);
    await until(engine.client, async () => (await state(id)).Health?.Status === 'healthy');
    const { Health } = await state(id);
    assert.equal(Health?.Log.at(-1)?.Output, 'fine\n');
    const [row] = await engine.client.call('container.list', { Filters: { health: ['healthy'] } });
    assert.match(row?.Status ?? '', /^Up .*\(healthy\)$/);
    assert.deepEqual(
      events.map(({ Action }) => Action),
      ['health_status: unhealthy', 'health_status: healthy'],
    );
    await engine.client.call('container.remove', { Container: id, Force: true });
  });

  it('tells each step as an event with the changed row', async () => {
    const events: EngineEvent[] = [];
    const subscription = await engine.client.subscribe(
      { Filters: { type: ['container'] } },
      (batch) => void events.push(...batch),
    );
    const id = await engine.start({ Name: 'told', Config: { Cmd: ['true'], Labels: { a: 'b' } } });
    await engine.client.call('container.wait', { Container: id });
    await engine.client.call('container.remove', { Container: id });
    await until(engine.client, async () => events.some(({ Action }) => Action === 'destroy'));
    await subscription[Symbol.asyncDispose]();
    assert.deepEqual(
      events.map(({ Action }) => Action),
      ['create', 'start', 'die', 'destroy'],
    );
    const [created, , died, destroyed] = events;
    assert.ok(created?.Record && 'State' in created.Record && created.Record.State === 'created');
    assert.equal(died?.Actor.Attributes['exitCode'], '0');
    assert.equal(died?.Actor.Attributes['a'], 'b');
    assert.equal(destroyed?.Record, null);
  });

  it('prune removes what does not run, by label and age', async () => {
    const kept = await engine.create({ Config: { Cmd: ['true'], Labels: { keep: '1' } } });
    const gone = await engine.create({ Config: { Cmd: ['true'] } });
    const { ContainersDeleted } = await engine.client.call('container.prune', { Filters: { 'label!': ['keep'] } });
    assert.ok(ContainersDeleted.includes(gone));
    assert.ok(!ContainersDeleted.includes(kept));
    await engine.client.call('container.remove', { Container: kept });
  });

  it('leaves neither mounts nor cgroups', async () => {
    assert.deepEqual(await engine.client.call('container.list', { All: true, Filters: { status: ['running'] } }), []);
    assert.deepEqual(engine.mounts(), []);
    assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(`${engine.directory}/data/containers`));
  });
});
