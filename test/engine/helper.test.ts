// The helper may die at any time and nothing is lost; and nobody else gets in.
import assert from 'node:assert/strict';
import { on, once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { collect, TestEngine, until } from '../support/slipway.ts';

describe('the helper dies and comes back', () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  const inspect = (Container: string) => engine.client.call('container.inspect', { Container });
  const killAndRestart = async () => {
    await engine.endHelper('SIGKILL');
    await engine.startHelper();
  };

  it('finds a running container again: process, log without gap or repeat, exec, stop', async () => {
    const id = await engine.start({
      Config: { Cmd: ['sh', '-c', 'trap "exit 6" TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done'] },
    });
    const before = (await inspect(id)).State;
    await killAndRestart();
    const { State } = await inspect(id);
    assert.equal(State.Status, 'running');
    assert.equal(State.Pid, before.Pid);
    assert.equal(State.StartedAt, before.StartedAt);
    assert.equal((await engine.exec(id, ['echo', 'still here'])).stdout, 'still here\n');
    await engine.client.call('container.stop', { Container: id });
    assert.equal((await inspect(id)).State.ExitCode, 6);
    const numbers = (await engine.logs(id)).stdout.trim().split('\n').map(Number);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    );
    await engine.client.call('container.remove', { Container: id });
  });

  it('learns how a container ended while nobody looked', async () => {
    const id = await engine.start({ Config: { Cmd: ['sh', '-c', 'read line; exit 7'], OpenStdin: true } });
    const { Pid } = (await inspect(id)).State;
    await engine.endHelper('SIGKILL');
    process.kill(Pid, 'SIGKILL');
    await engine.startHelper();
    await until(engine.client, async () => (await inspect(id)).State.Status === 'exited');
    assert.equal((await inspect(id)).State.ExitCode, 137);
    await engine.client.call('container.remove', { Container: id });
  });

  it('joins an exec session again after its client went and after the helper died, and ends it by a signal', async () => {
    const id = await engine.start({ Config: { Cmd: ['sleep', '60'] } });
    const { Id: Exec } = await engine.client.call('exec.create', {
      Container: id,
      Cmd: ['sh', '-c', 'trap "exit 3" HUP; while read -r line; do echo "heard $line"; done'],
      Tty: true,
      AttachStdin: true,
    });
    const says = async (socket: Socket, word: string) => {
      socket.write(`${word}\n`);
      let text = '';
      for await (const chunk of on(socket, 'data')) {
        text += String(chunk[0]);
        if (text.includes(`heard ${word}`)) return;
      }
    };
    const first = await engine.client.stream('exec.start', { Exec });
    await says(first.socket, 'one');
    first.socket.destroy();
    const second = await engine.client.stream('exec.attach', { Exec });
    await says(second.socket, 'two');
    await killAndRestart();
    assert.equal((await engine.client.call('exec.inspect', { Exec })).ProcessConfig.tty, true);
    const third = await engine.client.stream('exec.attach', { Exec });
    await says(third.socket, 'three');
    await engine.client.call('exec.kill', { Exec, Signal: 'HUP' });
    third.socket.resume();
    assert.deepEqual(await third.outcome, { ExitCode: 3 });
    await assert.rejects(engine.client.stream('exec.attach', { Exec }), (error) => isEngineError(error, 'Conflict'));
    await engine.client.call('container.remove', { Container: id, Force: true });
  });

  it('applies --rm and restart policies to what ended meanwhile', async () => {
    const removed = await engine.start({ Config: { Cmd: ['sleep', '60'] }, HostConfig: { AutoRemove: true } });
    const restarted = await engine.start({
      Config: { Cmd: ['sleep', '60'] },
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    const pids = await Promise.all([removed, restarted].map(async (id) => (await inspect(id)).State.Pid));
    await engine.endHelper('SIGKILL');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await engine.startHelper();
    await until(engine.client, async () => {
      const rows = await engine.client.call('container.list', { All: true });
      return (
        !rows.some(({ Id }) => Id === removed) && rows.some(({ Id, State }) => Id === restarted && State === 'running')
      );
    });
    assert.ok(!pids.includes((await inspect(restarted)).State.Pid));
    await engine.client.call('container.remove', { Container: restarted, Force: true });
  });

  it('keeps a paused container paused', async () => {
    const id = await engine.start({ Config: { Cmd: ['sleep', '60'] } });
    await engine.client.call('container.pause', { Container: id });
    await killAndRestart();
    assert.equal((await inspect(id)).State.Status, 'paused');
    await engine.client.call('container.remove', { Container: id, Force: true });
  });

  it('undoes or finishes what a kill in the middle of a start, an exec and a removal left', async () => {
    for (let round = 0; round < 3; round += 1) {
      const victim = await engine.start({ Config: { Cmd: ['sleep', '60'] } });
      const work = [
        engine.start({ Config: { Cmd: ['sleep', '60'] } }),
        engine.exec(victim, ['true']),
        engine.client.call('container.remove', { Container: victim, Force: true }),
      ];
      const settled = Promise.allSettled(work);
      // Each round cuts at another event of the work.
      await nthEvent(round + 1);
      await killAndRestart();
      await settled;
      for (const { Id, State } of await engine.client.call('container.list', { All: true })) {
        const alive = (await inspect(Id)).State;
        if (State === 'running') assert.equal(readFileSync(`/proc/${alive.Pid}/comm`, 'utf8'), 'sleep\n');
        await engine.client.call('container.remove', { Container: Id, Force: true });
      }
      assert.deepEqual(engine.mounts(), [], `round ${round}`);
      assert.deepEqual(readdirSync(join(engine.dataRoot, 'containers')), [], `round ${round}`);
      assert.deepEqual(readdirSync(join(engine.execRoot, 'containers')), [], `round ${round}`);
    }
  });

  async function nthEvent(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let seen = 0;
    await engine.client.subscribe({}, (events) => {
      seen += events.length;
      if (seen >= count) resolve();
    });
    await promise;
  }

  it('lets no second helper work on the same records', async () => {
    await assert.rejects(engine.startHelper(), /another helper works with/);
  });
});

describe("the helper's door", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start({ bare: true });
  });
  after(() => engine[Symbol.asyncDispose]());

  const dial = async (): Promise<Socket> => {
    const socket = connect(engine.socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const answers = async () => assert.equal((await engine.client.call('system.ping', {})).Version, '0.1.0');
  const message = (body: unknown) => {
    const text = JSON.stringify(body);
    return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  };

  it('is for its owner alone, like everything below its roots', () => {
    assert.equal(statSync(engine.socket).mode & 0o777, 0o600);
    assert.equal(statSync(engine.dataRoot).mode & 0o077, 0);
    assert.equal(statSync(engine.execRoot).mode & 0o077, 0);
  });

  it('hangs up on what is no message: text, a huge length, a torn header, no JSON, a list', async () => {
    const bad = [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      'Content-Length: 104857600\r\n\r\n',
      `X: ${'x'.repeat(10_000)}`,
      'Content-Length: 3\r\n\r\n{a}',
      'Content-Length: 2\r\n\r\n[]',
      'STREAM 00000000000000000000000000000000\n',
    ];
    for (const text of bad) {
      const socket = await dial();
      socket.write(text);
      socket.resume();
      await once(socket, 'close');
      await answers();
    }
  });

  it('answers an unknown method and wrong parameters with an error that names them', async () => {
    const socket = await dial();
    socket.write(message({ jsonrpc: '2.0', id: 1, method: 'no.such.method', params: {} }));
    socket.write(message({ jsonrpc: '2.0', id: 2, method: 'container.list', params: { All: 'yes' } }));
    let text = '';
    for await (const chunk of socket) {
      text += String(chunk);
      if (text.includes('"id":2')) break;
    }
    assert.match(text, /no\.such\.method/);
    assert.match(text, /container\.list: All/);
    await assert.rejects(engine.client.call('container.kill', { Container: '' }), (error) =>
      isEngineError(error, 'InvalidArgument'),
    );
  });

  it('survives a thousand random beginnings and clients that vanish in the middle', async () => {
    let seed = 42;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    for (let round = 0; round < 1000; round += 1) {
      const socket = await dial();
      const body = JSON.stringify({ jsonrpc: '2.0', id: round, method: 'system.info', params: {} });
      const whole = Buffer.from(`Content-Length: ${body.length}\r\n\r\n${body}`);
      const cut = whole.subarray(0, Math.floor(random() * whole.length));
      for (let flips = 0; flips < 3 && cut.length > 0; flips += 1)
        cut[Math.floor(random() * cut.length)] = Math.floor(random() * 256);
      socket.write(cut);
      socket.destroy();
      // No faster than the helper: what is tried here is not the length of its queue.
      if (round % 100 === 99) await answers();
    }
    await answers();
  });

  it('keeps no descriptor of streams that nobody opened or whose client went', async () => {
    await engine.importBusybox();
    const id = await engine.start({ Config: { Cmd: ['sleep', '60'] } });
    const count = () => readdirSync(`/proc/${engine.helperPid}/fd`).length;
    await engine.exec(id, ['true']);
    const before = count();
    for (let round = 0; round < 20; round += 1) {
      const { socket } = await engine.client.stream('container.attach', { Container: id, Stream: true, Stdout: true });
      socket.destroy();
      await once(socket, 'close');
    }
    assert.equal(
      (await collect((await engine.client.stream('container.logs', { Container: id, Stdout: true })).socket)).stdout,
      '',
    );
    await answers();
    // The last of them is let go of when the helper has heard of it, which it has when it answered this.
    await answers();
    assert.ok(count() <= before + 4, `${count()} descriptors, ${before} before`);
  });
});
