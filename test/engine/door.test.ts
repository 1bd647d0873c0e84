// The door of the helper under siege: other users, what is no message, what no declaration allows, and clients that vanish.
// None of it ends the helper, costs it descriptors, or makes it hold more than it was ever asked to.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { TObject, TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { EngineError, isEngineError } from '../../runtime/protocol/errors.ts';
import {
  type CallName,
  type MethodName,
  methods,
  type Params,
  type StreamName,
} from '../../runtime/protocol/methods.ts';
import { TestEngine, until } from '../support/slipway.ts';
import { seeded } from '../support/workload.ts';

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: { readonly kind?: string } };
}

/** A client that says whatever it is told to. */
class RawClient implements Disposable {
  readonly socket: Socket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #buffer = Buffer.alloc(0);
  #next = 1;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  static async dial(path: string): Promise<RawClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const match = /^Content-Length: (\d+)\r\n(?:[^\r]+\r\n)*\r\n/.exec(this.#buffer.toString('latin1', 0, 200));
      const end = match === null ? Number.POSITIVE_INFINITY : match[0].length + Number(match[1]);
      if (match === null || this.#buffer.length < end) return;
      const reply = JSON.parse(this.#buffer.toString('utf8', match[0].length, end)) as Reply;
      this.#buffer = this.#buffer.subarray(end);
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    }
  }

  ask(method: string, params: unknown): Promise<Reply> {
    const id = this.#next++;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.set(id, resolve);
    this.socket.write(framed({ jsonrpc: '2.0', id, method, params }));
    return promise;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

function framed(body: unknown): string {
  const text = JSON.stringify(body);
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

const tooLong = 'x'.repeat(1_100_000);
/** Values of every kind that JSON has, and some that are too much of it. */
const oddities: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 60,
  '',
  'text',
  '../../etc/passwd',
  'a\u0000b',
  '\ud800',
  tooLong,
  [],
  [[]],
  [null],
  {},
  { __proto__: null, constructor: { prototype: {} } },
  Array.from({ length: 500 }).reduce<unknown>((inner) => [inner], 0),
];

const names = Object.keys(methods) as MethodName[]; // Object.keys forgets them
const propertiesOf = (name: MethodName): [string, TSchema][] =>
  Object.entries((methods[name].params as unknown as TObject).properties); // params() makes objects of all of them

describe('the door', { timeout: 300_000 }, () => {
  let engine: TestEngine;
  let id: string;
  before(async () => {
    engine = await TestEngine.start();
    id = await engine.start({
      Config: { Cmd: ['sh', '-c', 'while :; do echo line; usleep 10000; done'], OpenStdin: true },
    });
  });
  after(() => engine[Symbol.asyncDispose]());

  const answers = async () => assert.equal((await engine.client.call('system.ping', {})).Version, '0.1.0');
  const descriptors = () => readdirSync(`/proc/${engine.helperPid}/fd`).length;
  /** In MiB; `VmHWM` is the most it ever was. */
  const memory = (field: 'VmRSS' | 'VmHWM') =>
    Number(
      new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${engine.helperPid}/status`, 'utf8'))?.[1],
    ) / 1024;

  it('is shut for another user, even where the file would let him in', (t) => {
    if (process.getuid?.() !== 0) return t.skip('becoming another user needs root');
    const modes: [string, number][] = [
      [engine.directory, 0o755],
      [engine.socket, 0o666],
    ];
    for (const [path, mode] of modes) chmodSync(path, mode);
    const script = `const s=require('net').connect(process.argv[1]);let n=0;
      s.on('connect',()=>s.write(${JSON.stringify(framed({ jsonrpc: '2.0', id: 1, method: 'system.ping', params: {} }))}));
      s.on('data',(d)=>{n+=d.length});s.on('error',()=>{});s.on('close',()=>console.log(n))`;
    const told = (uid: number) =>
      spawnSync(process.execPath, ['-e', script, engine.socket], { uid, gid: uid, encoding: 'utf8', timeout: 1000 })
        .stdout;
    assert.equal(told(65534), '0\n');
    assert.equal(told(1), '0\n');
    for (const [path] of modes) chmodSync(path, path === engine.socket ? 0o600 : 0o700);
  });

  it('holds nothing of frames of 100 MB, announced, half sent or without an end', async () => {
    const before = memory('VmHWM');
    const chunk = Buffer.alloc(1 << 20, 0x20);
    for (const start of [
      'Content-Length: 104857600\r\n\r\n',
      'Content-Length: 99999999999999999999\r\n\r\n',
      'X-Nothing: ',
      '',
    ]) {
      const sockets = await Promise.all(Array.from({ length: 5 }, () => RawClient.dial(engine.socket)));
      await Promise.all(
        sockets.map(async ({ socket }) => {
          const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
          socket.write(start);
          for (let sent = 0; sent < 100 && !socket.destroyed; sent += 1) {
            const drained = new Promise<void>((resolve) => socket.once('drain', () => resolve()));
            if (!socket.write(chunk)) await Promise.race([drained, closed]);
          }
          await closed;
        }),
      );
    }
    await answers();
    assert.ok(memory('VmHWM') - before < 100, `${memory('VmHWM')} MiB, ${before} before`);
  });

  it('hangs up on whoever sends half of a large message and waits, when he goes', async () => {
    const before = descriptors();
    for (let round = 0; round < 10; round += 1) {
      using client = await RawClient.dial(engine.socket);
      client.socket.write(`Content-Length: ${8 << 20}\r\n\r\n${'{'.repeat(1 << 20)}`);
      await answers();
    }
    await answers();
    assert.ok(descriptors() <= before + 2);
  });

  it('refuses every parameter that its declaration does not allow, and names it', async () => {
    using client = await RawClient.dial(engine.socket);
    let tried = 0;
    for (const name of names) {
      const wrong = propertiesOf(name).flatMap(([property, schema]) =>
        oddities
          // What wants no text refuses a long one as it does a short one.
          .filter((value) => !Check(schema, value) && (value !== tooLong || Check(schema, 'text')))
          .map((value) => ({ [property]: value })),
      );
      for (const params of [...wrong, { noSuchParameter: 1 }]) {
        const { error } = await client.ask(name, params);
        assert.equal(error?.data?.kind, 'InvalidArgument', `${name} ${JSON.stringify(params).slice(0, 100)}`);
        assert.ok(error.message.startsWith(`${name}: `) && error.message.length < 3000, error.message.slice(0, 200));
        tried += 1;
      }
    }
    assert.ok(tried > 1000);
    for (const unknown of ['', 'no.such', '__proto__', 'constructor', 'toString', '$/nothing', 'x'.repeat(100_000)])
      assert.equal((await client.ask(unknown, {})).error?.code, -32601, unknown.slice(0, 20));
    for (const params of [[], [1], 'text', 7, null]) assert.ok((await client.ask('container.inspect', params)).error);
  });

  it('answers whatever a declaration allows, and never by a failure of its own', async () => {
    const random = seeded(7);
    const pick = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(random() * choices.length)];
    /** What has no end, ends the engine, or asks others than the engine. */
    const left =
      /^(system\.shutdown|build\.|image\.(pull|push|search)|registry\.|stream\.|container\.(wait|stats|create)|event\.)/;
    using client = await RawClient.dial(engine.socket);
    for (const name of names.filter((one) => !left.test(one))) {
      for (let round = 0; round < 10; round += 1) {
        const params = Object.fromEntries(
          propertiesOf(name).flatMap(([property, schema]) => {
            const fitting = [...oddities, id, 'busybox'].filter(
              (value) => Check(schema, value) && !(typeof value === 'string' && value.length > 10_000),
            );
            return fitting.length === 0 || (random() < 0.3 && Check(schema, undefined))
              ? []
              : [[property, pick(fitting)]];
          }),
        );
        // The container that the other tests look at stays.
        if (
          /^container\.(stop|kill|remove|pause|restart|prune|rename|update)|^image\.(remove|prune)/.test(name) &&
          JSON.stringify(params).match(new RegExp(`${id}|busybox|prune`))
        )
          continue;
        const { error } = await client.ask(name, params);
        assert.notEqual(
          error?.data?.kind,
          'Internal',
          `${name} ${JSON.stringify(params).slice(0, 300)}: ${error?.message}`,
        );
      }
    }
    await answers();
  });

  it('lets go of cancelled calls at once (CVE-2022-23471, CVE-2025-64329)', async () => {
    const before = descriptors();
    const calls: [CallName, object][] = [
      ['container.wait', { Container: id }],
      ['container.stats', { Container: id, Stream: true }],
    ];
    for (const [method, params] of calls)
      for (let round = 0; round < 50; round += 1) {
        const cancel = new AbortController();
        const call = engine.client.call(method, params as Params<typeof method>, { signal: cancel.signal });
        await answers();
        cancel.abort();
        await assert.rejects(call, (error) => isEngineError(error, 'Cancelled'));
      }
    assert.ok(descriptors() <= before + 2, `${descriptors()} descriptors, ${before} before`);
  });

  it('keeps nothing of clients that vanish in the middle of a stream (CVE-2022-23471, CVE-2025-64329)', async () => {
    const exec = async (Tty: boolean) => {
      const made = await engine.client.call('exec.create', { Container: id, Cmd: ['cat'], AttachStdin: true, Tty });
      return { Exec: made.Id, Height: 20, Width: 20 };
    };
    const streams: [StreamName, () => Promise<object> | object][] = [
      ['container.logs', () => ({ Container: id, Stdout: true, Follow: true })],
      ['container.attach', () => ({ Container: id, Stream: true, Stdin: true, Stdout: true })],
      ['container.export', () => ({ Container: id })],
      ['container.archiveGet', () => ({ Container: id, Path: '/bin' })],
      ['container.archivePut', () => ({ Container: id, Path: '/tmp' })],
      ['image.load', () => ({})],
      ['image.import', () => ({})],
      ['image.save', () => ({ Images: ['busybox'] })],
      ['exec.start', () => exec(false)],
      ['exec.start', () => exec(true)],
    ];
    const round = async () => {
      for (const [method, params] of streams) {
        const { socket, outcome } = await engine.client.stream(method, (await params()) as Params<typeof method>);
        socket.write(Buffer.alloc(600, 'x'));
        socket.once('data', () => socket.destroy());
        if (/Put|load|import|exec/.test(method)) socket.destroy();
        await once(socket, 'close');
        await outcome.catch((error: unknown) => assert.ok(error instanceof EngineError, String(error)));
      }
    };
    await round();
    await answers();
    const before = { descriptors: descriptors(), memory: memory('VmRSS') };
    for (let count = 0; count < 20; count += 1) await round();
    await answers();
    await answers();
    // Programs at a terminal wait for whoever comes next; the others had their end of file.
    await engine.exec(id, ['killall', 'cat']);
    await until(
      engine.client,
      async () => (await engine.client.call('container.inspect', { Container: id })).ExecIDs === null,
    );
    await answers();
    assert.ok(descriptors() <= before.descriptors + 4, `${descriptors()} descriptors, ${before.descriptors} before`);
    assert.ok(memory('VmRSS') - before.memory < 60, `${memory('VmRSS')} MiB, ${before.memory} before`);
  });

  it('has lost nobody meanwhile', async () => {
    await answers();
    assert.equal((await engine.client.call('container.inspect', { Container: id })).State.Status, 'running');
    assert.doesNotMatch(engine.log, /unhandled/);
  });
});
