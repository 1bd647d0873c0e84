// Many clients at once: 500 on logs and events, one stream of statistics for each of 100 containers, and clients that never read.
// Memory stays bounded, nobody waits for another, and nothing is left when they vanish.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ask } from '../support/docker_http.ts';
import { TestEngine } from '../support/slipway.ts';

const half = 250;
const hundred = 100;
const mib = 1 << 20;

/** Empty for one that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

describe('many clients of the Docker API', { timeout: 180_000 }, () => {
  let engine: TestEngine;
  let socketPath = '';
  before(async () => {
    engine = await TestEngine.start();
    socketPath = join(engine.directory, 'docker.sock');
    await engine.start({ Name: 'talker', Config: { Cmd: ['sleep', '600'] } });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
  });

  /** Node opens one descriptor to watch files when the first file is watched, and keeps it: it is no client's. */
  const links = () =>
    readdirSync(`/proc/${engine.helperPid}/fd`)
      .map((name) => linkOf(`/proc/${engine.helperPid}/fd/${name}`))
      .filter((link) => link !== '' && link !== 'anon_inode:inotify');
  const descriptors = () => links().length;
  const resident = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${engine.helperPid}/status`, 'utf8'))?.[1]) * 1024;

  async function open(path: string): Promise<IncomingMessage> {
    const asked = request({ socketPath, path: `/v1.51${path}`, agent: false });
    const [response] = (await once(asked.end(), 'response')) as [IncomingMessage];
    response.on('error', () => {});
    assert.equal(response.statusCode, 200);
    return response;
  }

  const openMany = (count: number, path: string) => Promise.all(Array.from({ length: count }, () => open(path)));

  async function first(stream: IncomingMessage, wanted: RegExp): Promise<void> {
    let text = '';
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      if (wanted.test(text)) return;
    }
    throw new Error(`ended before ${wanted}`);
  }

  /** How long the engine takes for something small. */
  async function answerTime(): Promise<number> {
    const start = performance.now();
    const { body } = await ask(socketPath, { method: 'GET', path: '/v1.51/containers/json' });
    await body;
    return performance.now() - start;
  }

  /** The connections' ends are noticed by the helper on its own time. */
  async function backTo(wanted: number): Promise<void> {
    const end = Date.now() + 20_000;
    while (descriptors() > wanted) {
      assert.ok(Date.now() < end, `${wanted} descriptors were open before, now: ${links().join(' ')}`);
      await delay(50);
    }
  }

  /** Into the container's output: each follower gets the line. */
  async function say(line: string): Promise<void> {
    const Cmd = ['sh', '-c', `echo ${line} >/proc/1/fd/1`];
    const post = (path: string, body: object) => ask(socketPath, { method: 'POST', path: `/v1.51${path}`, body });
    const created = await post('/containers/talker/exec', { Cmd });
    const { Id } = JSON.parse((await created.body).toString());
    await (await post(`/exec/${Id}/start`, {})).body;
  }

  it('500 of them follow logs and events, and all vanish at once', async () => {
    await (await open('/containers/talker/json')).resume();
    const [files, memory] = [descriptors(), resident()];
    const logs = await openMany(half, '/containers/talker/logs?follow=1&stdout=1');
    const events = await openMany(half, '/events?filters=%7B%22event%22%3A%5B%22rename%22%5D%7D');
    const heard = [
      ...logs.map((stream) => first(stream, /heard by all/)),
      ...events.map((stream) => first(stream, /rename/)),
    ];
    await say('heard by all');
    await engine.client.call('container.rename', { Container: 'talker', Name: 'speaker' });
    await engine.client.call('container.rename', { Container: 'speaker', Name: 'talker' });
    await Promise.all(heard);
    assert.ok((await answerTime()) < 5000);
    assert.ok(resident() - memory < 150 * mib, `${(resident() - memory) / mib} MiB for 500 clients`);
    for (const stream of [...logs, ...events]) stream.destroy();
    await backTo(files);
  });

  it('100 containers tell their statistics at once', async () => {
    const files = descriptors();
    const ids = await Promise.all(
      Array.from({ length: hundred }, () => engine.start({ Config: { Cmd: ['sleep', '600'] } })),
    );
    const started = descriptors();
    const memory = resident();
    const streams = await Promise.all(ids.map((id) => open(`/containers/${id}/stats`)));
    // Two readings of each: the second one is a second later.
    await Promise.all(streams.map((stream) => first(stream, /\n.*"read".*\n/s)));
    assert.ok((await answerTime()) < 5000);
    assert.ok(resident() - memory < 150 * mib, `${(resident() - memory) / mib} MiB for ${hundred} streams`);
    for (const stream of streams) stream.destroy();
    await backTo(started);
    await Promise.all(ids.map((id) => engine.client.call('container.remove', { Container: id, Force: true })));
    await backTo(files);
  });

  it('who never reads takes no memory and holds up nobody', async () => {
    const files = descriptors();
    const script = 'i=0; while :; do echo "$i a line of some length that nobody will ever read"; i=$((i+1)); done';
    const HostConfig = { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: { 'max-size': '4m' } } };
    await engine.start({ Name: 'flood', Config: { Cmd: ['sh', '-c', script] }, HostConfig });
    const flooding = descriptors();
    const memory = resident();
    const paths = ['logs?follow=1&stdout=1', 'logs?stdout=1&follow=1&tail=all', 'stats', 'attach?stream=1&stdout=1'];
    const deaf = paths.flatMap((path) =>
      Array.from({ length: 10 }, () => {
        const method = path.startsWith('attach') ? 'POST' : 'GET';
        const socket = connect(socketPath);
        socket.write(`${method} /v1.51/containers/flood/${path} HTTP/1.1\r\nHost: docker\r\n\r\n`);
        return socket.pause();
      }),
    );
    const reader = await open('/containers/flood/logs?follow=1&stdout=1&tail=1');
    let read = 0;
    reader.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    const slowest = [];
    for (let i = 0; i < 20; i += 1) {
      slowest.push(await answerTime());
      await delay(100);
    }
    assert.ok(Math.max(...slowest) < 5000, `an answer took ${Math.max(...slowest)} ms`);
    assert.ok(read > 0, 'who reads is served meanwhile');
    assert.ok(resident() - memory < 150 * mib, `${(resident() - memory) / mib} MiB for 40 clients that do not read`);
    for (const socket of deaf) socket.destroy();
    reader.destroy();
    await backTo(flooding);
    await engine.client.call('container.remove', { Container: 'flood', Force: true });
    await backTo(files);
  });
});
