// Docker Compose 2 on Slipway's second door, unchanged: services that wait for health, profiles, scale, several networks and
// volumes, images that it builds, files that it watches.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { TestEngine, until } from '../support/slipway.ts';

const program = join(import.meta.dirname, '../../node_modules/.cache/peers/compose/docker-compose');
const skip = existsSync(program) ? false : 'no Docker Compose 2: .ci/fetch-peers gets it';

const project = `
services:
  store:
    image: busybox
    command: sh -c "touch /data/ready; echo store up; exec sleep 600"
    volumes: ["data:/data", "spare:/spare"]
    networks: [back]
    stop_signal: SIGKILL
    healthcheck: {test: ["CMD", "test", "-f", "/data/ready"], interval: 1s, retries: 30}
  reader:
    build: ./reader
    volumes: ["data:/data:ro"]
    networks: {back: {aliases: [www]}, front: {}}
    stop_signal: SIGKILL
    depends_on: {store: {condition: service_healthy}}
    develop: {watch: [{action: sync, path: ./reader/files, target: /files}]}
  worker:
    image: busybox
    command: sleep 600
    networks: [front]
    stop_signal: SIGKILL
  setup:
    image: busybox
    command: sh -c "echo set up"
    network_mode: none
  late:
    image: busybox
    command: sleep 600
    networks: [front]
    stop_signal: SIGKILL
    depends_on: {setup: {condition: service_completed_successfully}}
  extra:
    image: busybox
    command: sleep 600
    network_mode: none
    stop_signal: SIGKILL
    profiles: [more]
volumes: {data: {}, spare: {labels: {kind: spare}}}
networks:
  back: {internal: true}
  front: {ipam: {config: [{subnet: 172.29.91.0/24}]}}
`;

describe('Docker Compose 2', { skip, timeout: 150_000 }, () => {
  let engine: TestEngine;
  const folder = mkdtempSync(join(tmpdir(), 'slipway-compose2-'));
  const running = new Set<ChildProcess>();
  before(async () => {
    engine = await TestEngine.start({ args: ['--bip', '172.29.88.1/24'] });
    mkdirSync(join(folder, 'reader/files'), { recursive: true });
    writeFileSync(join(folder, 'compose.yaml'), project);
    writeFileSync(join(folder, 'reader/files/note'), 'first');
    const command = 'CMD ["sh", "-c", "ls /data; echo reader up; exec sleep 600"]';
    writeFileSync(join(folder, 'reader/Dockerfile'), `FROM busybox\nCOPY files /files\n${command}\n`);
  });
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  function begin(...args: readonly string[]) {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${join(engine.directory, 'docker.sock')}`,
      DOCKER_CONFIG: folder,
      DOCKER_BUILDKIT: '0',
      COMPOSE_PROJECT_NAME: 'story',
    };
    const child = spawn(program, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  }

  async function compose(...args: readonly string[]): Promise<string> {
    const child = begin(...args);
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    assert.equal(code, 0, `${args.join(' ')}: ${err}`);
    return out;
  }

  /** Name of a service → how many of its containers run. */
  async function services(): Promise<Record<string, number>> {
    const lines = (await compose('ps', '--format', 'json')).trim().split('\n').filter(Boolean);
    const names = lines.map((line): string => JSON.parse(line).Service).sort();
    return Object.fromEntries(
      [...new Set(names)].map((name) => [name, names.filter((other) => other === name).length]),
    );
  }

  it('builds', async () => {
    await compose('build');
    const images = await engine.client.call('image.list', { Filters: { reference: ['story-reader'] } });
    assert.equal(images.length, 1);
  });

  it('starts services in the order of health and completion', async () => {
    await compose('up', '-d');
    assert.deepEqual(await services(), { late: 1, reader: 1, store: 1, worker: 1 });
    const logs = await compose('logs', '--no-color', '--no-log-prefix', 'reader');
    // It clears each line before it writes it, on a terminal or not.
    const lines = logs.replaceAll('\x1b[2K', '').trim().split('\n');
    assert.deepEqual(lines.sort(), ['reader up', 'ready']);
    assert.match(await compose('logs', '--no-color', 'setup'), /setup-1 +\| set up/);
    assert.match(await compose('ps', 'store'), /\(healthy\)/);
  });

  it('changes nothing when it is asked again', async () => {
    const ids = async () => (await engine.client.call('container.list', {})).map(({ Id }) => Id).sort();
    const first = await ids();
    await compose('up', '-d');
    assert.deepEqual(await ids(), first);
  });

  it('runs commands, and connects by name, alias and network', async () => {
    assert.equal(await compose('exec', '-T', 'reader', 'cat', '/files/note'), 'first');
    assert.match(await compose('exec', '-T', 'store', 'ping', '-c', '1', 'www'), / 0% packet loss/);
    assert.match(await compose('exec', '-T', 'reader', 'ping', '-c', '1', 'worker'), / 0% packet loss/);
    await assert.rejects(compose('exec', '-T', 'store', 'ping', '-c', '1', '-W', '1', 'worker'));
  });

  it('scales up and down, and restarts', async () => {
    await compose('up', '-d', '--scale', 'worker=3');
    assert.equal((await services())['worker'], 3);
    await compose('restart', 'store');
    await compose('scale', 'worker=1');
    assert.equal((await services())['worker'], 1);
  });

  it('starts a profile only when it is asked for', async () => {
    await compose('--profile', 'more', 'up', '-d');
    assert.equal((await services())['extra'], 1);
    assert.match(await compose('run', '--rm', '-T', 'extra', 'echo', 'ran'), /^ran$/m);
  });

  it('watches files and brings changes into the container', async () => {
    const watching = begin('watch', '--no-up', 'reader');
    const said: string[] = [];
    const heard = Promise.withResolvers<void>();
    for (const stream of [watching.stdout, watching.stderr])
      stream.on('data', (chunk: Buffer) => {
        said.push(chunk.toString());
        if (/watch/i.test(said.join(''))) heard.resolve();
      });
    const over = once(watching, 'exit').then(() => Promise.reject(new Error(said.join(''))));
    over.catch(() => {});
    await Promise.race([heard.promise, over]);
    const [reader] = await engine.client.call('container.list', {
      Filters: { label: ['com.docker.compose.service=reader'] },
    });
    assert.ok(reader !== undefined);
    const note = async () => (await engine.exec(reader.Id, ['cat', '/files/note'])).stdout;
    writeFileSync(join(folder, 'reader/files/note'), 'second');
    await Promise.race([until(engine.client, async () => (await note()) === 'second'), over]);
    watching.kill('SIGINT');
    await over.catch(() => {});
  });

  it('takes everything down, the volumes too', async () => {
    await compose('--profile', 'more', 'down', '-v');
    assert.deepEqual(await engine.client.call('container.list', { All: true }), []);
    assert.deepEqual((await engine.client.call('volume.list', {})).Volumes, []);
    const networks = await engine.client.call('network.list', {});
    assert.deepEqual(networks.map(({ Name }) => Name).sort(), ['bridge', 'host', 'none']);
  });
});
