// `slipway` in a terminal and under signals, each story told twice: with Docker's own client on the same engine as the judge.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { Pty } from '../support/pty.ts';
import { TestEngine } from '../support/slipway.ts';

const noDocker = spawnSync('docker', ['--version']).status === 0 ? undefined : 'there is no docker client';
const prompt = '/ # ';

for (const program of ['slipway', 'docker'] as const)
  describe(`${program} in a terminal`, { skip: (program === 'docker' && noDocker) || false }, () => {
    let engine: TestEngine;
    before(async () => {
      engine = await TestEngine.start({ args: ['--bip', '172.29.63.1/24'] });
    });
    after(() => engine[Symbol.asyncDispose]());

    const command = async (args: readonly string[]): Promise<string[]> =>
      program === 'docker' ? ['docker', ...args] : await engine.cliCommand(args);
    const inTerminal = async (...args: string[]): Promise<Pty> => new Pty(await command(args), engine.cliEnvironment);
    const withPipes = async (...args: string[]): Promise<ChildProcessByStdio<Writable, Readable, Readable>> => {
      const [file = '', ...words] = await command(args);
      return spawn(file, words, { env: { ...process.env, ...engine.cliEnvironment } });
    };
    const codeOf = async (child: { once: NodeJS.EventEmitter['once'] }): Promise<number | null> =>
      ((await once(child as NodeJS.EventEmitter, 'close')) as [number | null])[0];
    const state = async (name: string) => (await engine.client.call('container.inspect', { Container: name })).State;

    it('run -it gives a shell its keys, the terminal’s size and every later one, and ends with its code', async () => {
      await using terminal = await inTerminal('run', '-it', '--name', 'sized', 'busybox', 'sh');
      await terminal.shows(prompt);
      terminal.resize(33, 101);
      // The size travels beside the keys: the shell is asked until it has arrived.
      terminal.type('until [ "$(stty size)" = "33 101" ]; do :; done; echo si""zed; tty\r');
      await terminal.shows('sized\r\n/dev/pts/0');
      terminal.type('exit 7\r');
      assert.equal(await terminal.ended, 7);
    });

    it('Ctrl-C is a key like others: it ends what the shell runs, not the container', async () => {
      await using terminal = await inTerminal('run', '-it', '--name', 'keys', 'busybox', 'sh');
      await terminal.shows(prompt);
      terminal.type('echo be""gun; sleep 1000\r');
      await terminal.shows('begun');
      terminal.type('\x03');
      await terminal.shows(prompt);
      terminal.type('echo code $?\r');
      await terminal.shows('code 130');
      terminal.type('\x04');
      await terminal.ended;
    });

    it('Ctrl-P Ctrl-Q leaves, the container goes on, attach comes back to the same shell', async () => {
      {
        await using terminal = await inTerminal('run', '-it', '--name', 'left', 'busybox', 'sh');
        await terminal.shows(prompt);
        terminal.type('x=kept\r');
        await terminal.shows(prompt);
        terminal.type('\x10\x11');
        assert.equal(await terminal.ended, 0);
      }
      assert.equal((await state('left')).Status, 'running');
      await using again = await inTerminal('attach', 'left');
      again.type('echo $x ag""ain\r');
      await again.shows('kept again');
      again.type('exit 4\r');
      assert.equal(await again.ended, 4);
    });

    it('--detach-keys are others, for run, attach, exec and start', async () => {
      const keys = ['--detach-keys', 'ctrl-a,b'];
      const left = async (...args: string[]): Promise<number> => {
        await using terminal = await inTerminal(...args);
        terminal.type('\r');
        await terminal.shows(prompt);
        terminal.type('\x01b');
        return await terminal.ended;
      };
      assert.equal(await left('run', '-it', ...keys, '--name', 'keyed', 'busybox', 'sh'), 0);
      assert.equal(await left('attach', ...keys, 'keyed'), 1);
      assert.equal(await left('exec', '-it', ...keys, 'keyed', 'sh'), 1);
      assert.equal((await state('keyed')).Status, 'running');
      await engine.client.call('container.stop', { Container: 'keyed', Timeout: 0 });
      assert.equal(await left('start', '-ai', ...keys, 'keyed'), 0);
    });

    it('exec -it has a terminal of its own', async () => {
      await engine.cli(['run', '-d', '--name', 'host', 'busybox', 'sleep', '1000']);
      await using terminal = await inTerminal('exec', '-it', '-e', 'A=b', '-w', '/tmp', 'host', 'sh');
      await terminal.shows('/tmp # ');
      terminal.resize(20, 70);
      terminal.type('until [ "$(stty size)" = "20 70" ]; do :; done; echo $A$TERM\r');
      await terminal.shows('bxterm');
      terminal.type('exit 9\r');
      assert.equal(await terminal.ended, 9);
    });

    it('-t without a terminal is refused where it would hang', async () => {
      const child = await withPipes('run', '-it', '--rm', 'busybox', 'true');
      child.stdin.end();
      const [code, complaint] = await Promise.all([codeOf(child), text(child.stderr)]);
      assert.match(complaint, /not a (TTY|terminal)/i);
      assert.notEqual(code, 0);
    });

    for (const [signal, code] of [
      ['SIGTERM', 42],
      ['SIGUSR1', 43],
      ['SIGINT', 44],
    ] as const)
      it(`passes ${signal} on to what runs, and ends with its code`, async () => {
        const script = `trap 'exit ${code}' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
        const child = await withPipes('run', '--rm', 'busybox', 'sh', '-c', script);
        const ended = codeOf(child);
        await once(child.stdout, 'data');
        child.kill(signal);
        assert.equal(await ended, code);
      });

    // Docker's own client goes only after three signals.
    if (program === 'slipway')
      it('--sig-proxy=false keeps a signal to the client itself', async () => {
        const script = 'echo up; sleep 1000';
        const child = await withPipes('run', '--sig-proxy=false', '--name', 'spared', 'busybox', 'sh', '-c', script);
        const ended = codeOf(child);
        await once(child.stdout, 'data');
        child.kill('SIGTERM');
        assert.equal(await ended, 143);
        assert.equal((await state('spared')).Status, 'running');
      });

    it('Ctrl-C ends what only watches, with 130', async () => {
      await engine.cli(['run', '-d', '--name', 'watched', 'busybox', 'sh', '-c', 'echo up; sleep 1000']);
      const child = await withPipes('logs', '-f', 'watched');
      const ended = codeOf(child);
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      assert.equal(await ended, 130);
    });

    it('--rm cleans up even when the client is gone', async () => {
      const child = await withPipes('run', '--rm', '--name', 'gone', 'busybox', 'sh', '-c', 'echo up; sleep 1000');
      await once(child.stdout, 'data');
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
      const destroyed = Promise.withResolvers<void>();
      await using _subscription = await engine.client.subscribe({ Filters: { event: ['destroy'] } }, (events) => {
        if (events.some(({ Actor }) => Actor.Attributes['name'] === 'gone')) destroyed.resolve();
      });
      await engine.client.call('container.kill', { Container: 'gone' });
      await destroyed.promise;
      await assert.rejects(state('gone'), /No such container/i);
    });

    it('run -i passes input to its end; attach --no-stdin and logs -f follow to the end', async () => {
      const child = await withPipes('run', '-i', '--name', 'fed', 'busybox', 'sh', '-c', 'cat; echo and done');
      const followers = [text(child.stdout)];
      child.stdin.write('one\n');
      while ((await engine.cli(['logs', 'fed'])).stdout !== 'one\n');
      const attached = Promise.withResolvers<void>();
      await using _subscription = await engine.client.subscribe({ Filters: { event: ['attach'] } }, () =>
        attached.resolve(),
      );
      const following = [await withPipes('attach', '--no-stdin', 'fed'), await withPipes('logs', '-f', 'fed')];
      const codes = Promise.all(following.map(codeOf));
      followers.push(...following.map(({ stdout }) => text(stdout)));
      await attached.promise;
      child.stdin.end('two\n');
      const [first, joined, logged] = await Promise.all(followers);
      assert.deepEqual([first, logged], ['one\ntwo\nand done\n', 'one\ntwo\nand done\n']);
      assert.match(joined ?? '', /two\nand done\n$/);
      assert.deepEqual(await codes, [0, 0]);
    });

    it('start -a shows the output and ends with the code', async () => {
      await engine.cli(['create', '--name', 'again', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 6']);
      const child = await withPipes('start', '-a', 'again');
      const [code, out, errors] = await Promise.all([codeOf(child), text(child.stdout), text(child.stderr)]);
      assert.deepEqual([code, out, errors], [6, 'out\n', 'err\n']);
    });
  });
