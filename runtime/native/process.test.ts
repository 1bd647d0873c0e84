import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { NativeError } from './native.ts';
import { peerCredentials, pidfdOpen, pidfdSendSignal, recvFds, sendFds, spawnMonitor, waitPidfd } from './process.ts';

/** Runs a shell script; answers what it wrote to descriptor 3 and how it ended. */
async function run(script: string, options: { cwd?: string; env?: Record<string, string> } = {}) {
  const { pid, pidfd, syncFd } = await spawnMonitor({
    path: '/bin/sh',
    args: ['sh', '-c', script],
    env: options.env ?? { PATH: process.env.PATH ?? '/bin' },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output = await text(new Socket({ fd: syncFd }));
  const status = await waitPidfd(pidfd);
  closeSync(pidfd);
  return { pid, output, status };
}

test('a spawned program has a session of its own, /dev/null, the socket, and nothing else', async () => {
  const { pid, output } = await run(
    'for fd in /proc/self/fd/*; do readlink $fd; done >&3; cut -d" " -f6 /proc/$$/stat >&3',
  );
  const lines = output.trim().split('\n');
  assert.equal(lines.at(-1), String(pid), 'leads its session');
  // Shell redirection moves descriptors about; what counts is that only /dev/null, the socket and /proc are open.
  for (const line of lines.slice(0, -1)) assert.match(line, /^(\/dev\/null|socket:\[\d+\]|\/proc\/\d+\/fd)?$/);
});

test('no signal is blocked or ignored in it', async () => {
  const { output } = await run('grep -E "Sig(Blk|Ign)" /proc/self/status >&3');
  assert.deepEqual(
    output.match(/[0-9a-f]{16}/g)?.map((mask) => BigInt(`0x${mask}`) === 0n),
    [true, true],
  );
});

test('environment, working directory, exit code and signal', async () => {
  const { output, status } = await run('printf "%s %s" "$WORD" "$PWD" >&3; exit 7', {
    cwd: '/usr',
    env: { WORD: 'given' },
  });
  assert.equal(output, 'given /usr');
  assert.deepEqual(status, { exitCode: 7, signal: null });
  assert.deepEqual((await run('kill -9 $$')).status, { exitCode: null, signal: 9 });
});

test('what cannot be started says why', async () => {
  const wish = { args: ['x'], env: {} };
  await assert.rejects(
    spawnMonitor({ ...wish, path: '/no/such' }),
    (error) => error instanceof NativeError && error.code === 'ENOENT' && error.syscall === 'execve',
  );
  await assert.rejects(
    spawnMonitor({ ...wish, path: '/etc/passwd' }),
    (error) => error instanceof NativeError && error.code === 'EACCES',
  );
  await assert.rejects(
    spawnMonitor({ ...wish, path: '/bin/true', cwd: '/missing' }),
    (error) => error instanceof NativeError && error.syscall === 'chdir' && error.path === '/missing',
  );
});

test('no pidfd and no zombie is left of many spawns', async () => {
  await Promise.all(Array.from({ length: 50 }, () => run('true')));
  await assert.rejects(spawnMonitor({ path: '/no/such', args: ['x'], env: {} }));
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the listing's own
    }
  });
  assert(!links.some((link) => link.includes('pidfd')), links.join(' '));
  for (const thread of readdirSync('/proc/self/task')) {
    assert.equal(readFileSync(`/proc/self/task/${thread}/children`, 'latin1').trim(), '');
  }
});

test('the end of a process that is somebody else’s is seen too', async () => {
  const shell = spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  const pidfd = pidfdOpen(Number(line.toString()));
  const ended = waitPidfd(pidfd);
  pidfdSendSignal(pidfd, 15);
  closeSync(pidfd);
  assert.equal(await ended, null);
  shell.kill();
});

test('a pidfd of no process is refused', () => {
  assert.throws(
    () => pidfdOpen(0x3fffff),
    (error) => error instanceof NativeError && error.code === 'ESRCH',
  );
});

test('a worker thread may end while it waits for a process', async () => {
  const sleeper = spawn('sleep', ['1000']);
  await once(sleeper, 'spawn');
  const module = new URL('process.ts', import.meta.url).href;
  const script = `
    const { pidfdOpen, waitPidfd } = await import(${JSON.stringify(module)});
    waitPidfd(pidfdOpen(${sleeper.pid}));
    (await import('node:worker_threads')).parentPort.postMessage('waits');`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  await once(worker, 'message');
  await worker.terminate();
  sleeper.kill();
  await once(sleeper, 'exit');
});

test('credentials of a peer, and descriptors sent to it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-process-'));
  try {
    const server = createServer({ pauseOnConnect: true }).listen(join(directory, 'socket'));
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect(join(directory, 'socket'));
    await once(client, 'connect');
    const [peer] = await accepted;
    const { pid, uid } = peerCredentials(fdOf(peer));
    assert.equal(pid, process.pid);
    assert.equal(uid, process.getuid?.());

    writeFileSync(join(directory, 'file'), 'through the socket');
    const file = openSync(join(directory, 'file'), 'r');
    assert.equal(await sendFds(fdOf(client), Buffer.from('hello'), [file, file]), 5);
    const { data, fds } = await recvFds(fdOf(peer));
    assert.equal(data.toString(), 'hello');
    assert.equal(fds.length, 2);
    const content = Buffer.alloc(100);
    assert.equal(content.toString('utf8', 0, readSync(fds[0] ?? -1, content, 0, 100, 0)), 'through the socket');
    assert.equal(fstatSync(fds[1] ?? -1).ino, fstatSync(file).ino);
    for (const fd of [file, ...fds]) closeSync(fd);
    client.destroy();
    peer.destroy();
    server.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** The descriptor of Node's own socket, which has no public name. */
function fdOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  assert(handle !== null && typeof handle === 'object' && 'fd' in handle && typeof handle.fd === 'number');
  return handle.fd;
}
