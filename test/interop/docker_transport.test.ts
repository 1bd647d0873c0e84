// How bytes reach the Docker API: tcp with client certificates, tcp on loopback, sockets from systemd; and connections that
// leave HTTP: upgrades, websockets, halves that close, keys that detach.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type RequestOptions, request as requestTls } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { bundles } from '../support/bundles.ts';
import { ask } from '../support/docker_http.ts';
import { collect, TestEngine } from '../support/slipway.ts';
import { type ClientFiles, writeTlsFiles } from '../support/tls_files.ts';

const missing = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `no ${program} on this machine`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on tcp
  server.close();
  await once(server, 'close');
  return port;
}

/** Status and body; rejects when the connection is refused. */
async function answerOf(asked: ClientRequest): Promise<{ status: number; body: string }> {
  const [response] = (await once(asked.end(), 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}

describe('tcp with client certificates', { skip: missing('openssl') }, () => {
  const folder = mkdtempSync('/tmp/slipway-tls-');
  let files: ClientFiles;
  let stranger: ClientFiles;
  let engine: TestEngine;
  let port = 0;
  before(async () => {
    mkdirSync(join(folder, 'other'));
    files = writeTlsFiles(folder);
    stranger = writeTlsFiles(join(folder, 'other'));
    port = await freePort();
    const paths = ['ca', 'cert', 'key'].flatMap((name) => [
      `--tls${name === 'ca' ? 'cacert' : name}`,
      join(folder, `${name}.pem`),
    ]);
    const args = ['--host', `tcp://127.0.0.1:${port}`, '--tlsverify', ...paths];
    engine = await TestEngine.start({ bare: true, args });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const ping = (options: RequestOptions) =>
    answerOf(requestTls({ host: '127.0.0.1', port, path: '/_ping', agent: false, ...options }));

  it('serves who has a certificate of the authority', async () => {
    assert.deepEqual(await ping({ ...files }), { status: 200, body: 'OK' });
  });

  it('refuses who has none, who has one of another authority, and who speaks no TLS', async () => {
    await assert.rejects(ping({ ca: files.ca }));
    await assert.rejects(ping({ ...stranger, ca: files.ca }));
    await assert.rejects(answerOf(request({ host: '127.0.0.1', port, path: '/_ping', agent: false })));
  });

  it('is known by its own certificate', async () => {
    await assert.rejects(ping({ ...files, ca: stranger.ca }), { code: /^(SELF_SIGNED_CERT|UNABLE_TO)/ });
  });

  it("refuses a browser's request, certificate or not", async () => {
    assert.equal((await ping({ ...files, headers: { Origin: 'https://page.example' } })).status, 403);
  });

  it('serves the real client', { skip: missing('docker') }, async () => {
    const tls = ['--tlsverify', '--tlscacert', 'ca.pem', '--tlscert', 'client-cert.pem', '--tlskey', 'client-key.pem'];
    const child = spawn('docker', ['-H', `tcp://127.0.0.1:${port}`, ...tls, 'ps', '-q'], { cwd: folder });
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});

describe('tcp without certificates', () => {
  let engine: TestEngine;
  let port = 0;
  before(async () => {
    port = await freePort();
    engine = await TestEngine.start({ bare: true, args: ['--host', `tcp://127.0.0.1:${port}`] });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
  });

  const ping = async (headers: Record<string, string>) =>
    (await answerOf(request({ host: '127.0.0.1', port, path: '/_ping', agent: false, headers }))).status;

  const asked: readonly (readonly [name: string, status: number, headers: Record<string, string>])[] = [
    ['an address', 200, { Host: '127.0.0.1:2375' }],
    ['an address of IPv6', 200, { Host: '[::1]:2375' }],
    ['localhost', 200, { Host: 'localhost:2375' }],
    ["the client's own word for a socket", 200, { Host: 'docker' }],
    ['a name that was bent to this machine', 403, { Host: 'page.example:2375' }],
    ['a name that begins like localhost', 403, { Host: 'localhost.page.example' }],
    ['a page', 403, { Origin: 'http://localhost:3000' }],
    ['a page without an origin', 403, { Origin: 'null' }],
  ];
  for (const [name, status, headers] of asked)
    it(`${status === 200 ? 'serves' : 'refuses'} ${name}`, async () => {
      assert.equal(await ping(headers), status);
    });

  it('refuses a page that asks for a websocket', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/containers/any/attach/ws`, { origin: 'http://page.example' });
    socket.on('error', () => {});
    const [, response] = (await once(socket, 'unexpected-response')) as [ClientRequest, IncomingMessage];
    assert.equal(response.statusCode, 403);
    socket.terminate();
  });

  it('is not opened beyond loopback', async () => {
    await assert.rejects(
      TestEngine.start({ bare: true, args: ['--host', 'tcp://0.0.0.0:0'] }),
      /without client certificates only loopback is allowed/,
    );
  });
});

describe("systemd's sockets", { skip: missing('systemd-socket-activate') }, () => {
  it('are taken over, and the first request is answered', async () => {
    const folder = mkdtempSync('/tmp/slipway-fd-');
    const socket = join(folder, 'passed.sock');
    const own = ['--data-root', join(folder, 'd'), '--exec-root', join(folder, 'e'), '--socket', join(folder, 's')];
    const helper = [process.execPath, (await bundles()).helper, ...own, '--host', 'fd://', '--idle-timeout', '0'];
    const child = spawn('systemd-socket-activate', ['--listen', socket, ...helper], { stdio: 'ignore' });
    try {
      await listening(child, socket);
      const answer = await ask(socket, { method: 'GET', path: '/_ping' });
      assert.equal((await answer.body).toString(), 'OK');
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    }
  });

  it('are missed when there are none', async () => {
    await assert.rejects(TestEngine.start({ bare: true, args: ['--host', 'fd://'] }), /systemd passed no sockets/);
  });
});

/** The socket's file appears when it listens, and nobody tells. */
async function listening(child: ChildProcess, socket: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!existsSync(socket)) {
    if (child.exitCode !== null || Date.now() > end) throw new Error('systemd-socket-activate does not listen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('connections that leave HTTP', () => {
  let engine: TestEngine;
  let socketPath = '';
  before(async () => {
    engine = await TestEngine.start();
    socketPath = join(engine.directory, 'docker.sock');
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
  });

  const both = 'stream=1&stdin=1&stdout=1&stderr=1';
  const isRunning = async (name: string) =>
    (await engine.client.call('container.inspect', { Container: name })).State.Running;

  /** The raw connection behind an upgraded request. */
  async function upgrade(path: string, body = ''): Promise<{ socket: Socket; headers: IncomingMessage['headers'] }> {
    const headers = { Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': body.length, Host: 'docker' };
    const asked = request({ socketPath, method: 'POST', path: `/v1.51${path}`, headers, agent: false });
    const [response, socket, head] = (await once(asked.end(body), 'upgrade')) as [IncomingMessage, Socket, Buffer];
    assert.equal(response.statusCode, 101);
    if (head.length > 0) socket.unshift(head);
    return { socket, headers: response.headers };
  }

  it('upgrade: input to its end, then output to its end', async () => {
    const Config = { Cmd: ['sh', '-c', 'cat; echo over >&2'], OpenStdin: true, StdinOnce: true };
    await engine.create({ Name: 'halves', Config });
    const { socket, headers } = await upgrade(`/containers/halves/attach?${both}`);
    assert.equal(headers['content-type'], 'application/vnd.docker.multiplexed-stream');
    await engine.client.call('container.start', { Container: 'halves' });
    socket.end('through\n');
    assert.deepEqual(await collect(socket), { stdout: 'through\n', stderr: 'over\n' });
  });

  it('upgrade of an exec: a closed half is the end of its input', async () => {
    await engine.start({ Name: 'worker', Config: { Cmd: ['sleep', '600'] } });
    const body = { Cmd: ['wc', '-c'], AttachStdin: true, AttachStdout: true };
    const created = await ask(socketPath, { method: 'POST', path: '/v1.51/containers/worker/exec', body });
    const { Id } = JSON.parse((await created.body).toString());
    const { socket } = await upgrade(`/exec/${Id}/start`, '{"Detach":false}');
    const size = 3 << 20;
    socket.end(Buffer.alloc(size, 'x'));
    assert.deepEqual(await collect(socket), { stdout: `${size}\n`, stderr: '' });
  });

  it('a half that closes leaves a container that others feed too', async () => {
    await engine.start({ Name: 'shared', Config: { Cmd: ['cat'], OpenStdin: true } });
    const { socket } = await upgrade(`/containers/shared/attach?${both}`);
    socket.end('one\n');
    const [frame] = (await once(socket, 'data')) as [Buffer];
    assert.equal(frame.subarray(8).toString(), 'one\n');
    assert.equal(await isRunning('shared'), true);
    socket.destroy();
  });

  for (const [name, query, typed] of [
    ['the usual keys', '', '\x10\x11'],
    ['keys of its own', '&detachKeys=ctrl-x,x', '\x18x'],
  ] as const)
    it(`detaches by ${name}, and the container goes on`, async () => {
      const Name = `left${query.length}`;
      await engine.start({ Name, Config: { Cmd: ['cat'], Tty: true, OpenStdin: true } });
      const { socket } = await upgrade(`/containers/${Name}/attach?${both}${query}`);
      socket.write('a\r');
      await once(socket, 'data');
      socket.resume().write(typed);
      await once(socket, 'end');
      assert.equal(await isRunning(Name), true);
      socket.destroy();
    });

  it('websocket: both directions, and its end with the container', async () => {
    await engine.create({ Name: 'web', Config: { Cmd: ['sh', '-c', 'read line; echo got $line'], OpenStdin: true } });
    const path = `/v1.51/containers/web/attach/ws?${both}`;
    const socket = new WebSocket(`ws+unix:${socketPath}:${path}`);
    const received: Buffer[] = [];
    socket.on('message', (data: Buffer) => received.push(data));
    await once(socket, 'open');
    await engine.client.call('container.start', { Container: 'web' });
    socket.send('it\n');
    await once(socket, 'close');
    assert.match(Buffer.concat(received).toString(), /got it\n$/);
  });

  it('websocket to a container that is not there', async () => {
    const socket = new WebSocket(`ws+unix:${socketPath}:/containers/nobody/attach/ws`);
    socket.on('error', () => {});
    const [, response] = (await once(socket, 'unexpected-response')) as [ClientRequest, IncomingMessage];
    assert.equal(response.statusCode, 404);
    socket.terminate();
  });

  it('a client that vanishes takes nothing along', async () => {
    await engine.start({ Name: 'steady', Config: { Cmd: ['sh', '-c', 'while :; do echo tick; done'] } });
    const { socket } = await upgrade('/containers/steady/attach?stream=1&stdout=1');
    await once(socket, 'data');
    socket.destroy();
    assert.equal(await isRunning('steady'), true);
    await engine.client.call('container.remove', { Container: 'steady', Force: true });
  });
});
