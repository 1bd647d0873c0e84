// Debian's docker-compose on Slipway's second door, unchanged: two services, one waiting for the other's health, that share a
// volume and a network.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestEngine } from '../support/slipway.ts';

const hasCompose = await new Promise<boolean>((resolve) =>
  execFile('docker-compose', ['--version'], (error) => resolve(error === null)),
);

const project = `
version: "2.4"
services:
  store:
    image: busybox
    command: sh -c "touch /data/ready; echo store up; exec sleep 600"
    volumes: ["data:/data"]
    networks: [inside]
    stop_signal: SIGKILL
    healthcheck: {test: ["CMD", "test", "-f", "/data/ready"], interval: 1s, retries: 30}
  reader:
    image: busybox
    command: sh -c "ls /data && echo reader up; exec sleep 600"
    volumes: ["data:/data:ro"]
    networks: {inside: {aliases: [www]}}
    stop_signal: SIGKILL
    depends_on: {store: {condition: service_healthy}}
volumes: {data: {}}
networks: {inside: {ipam: {config: [{subnet: 172.29.90.0/24}]}}}
`;

describe('docker-compose', { skip: hasCompose ? false : 'no docker-compose on this machine' }, () => {
  let engine: TestEngine;
  const folder = mkdtempSync(join(tmpdir(), 'slipway-compose-'));
  before(async () => {
    engine = await TestEngine.start({ args: ['--bip', '172.29.89.1/24'] });
    writeFileSync(join(folder, 'docker-compose.yml'), project);
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const compose = (...args: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const env = {
        ...process.env,
        DOCKER_HOST: `unix://${join(engine.directory, 'docker.sock')}`,
        DOCKER_CONFIG: folder,
        COMPOSE_PROJECT_NAME: 'story',
      };
      const child = execFile(
        'docker-compose',
        args,
        { env, cwd: folder, timeout: 30_000, killSignal: 'SIGKILL' },
        (error, stdout, stderr) =>
          error === null ? resolve(stdout) : reject(new Error(`docker-compose ${args.join(' ')}: ${stderr}`)),
      );
      child.stdin?.end();
    });

  it('starts services in the order of their health', async () => {
    await compose('up', '-d');
    assert.match(await compose('ps'), /story_reader_1 .* Up .*\n.*story_store_1 .* Up \(healthy\)/);
    // The reader has listed what the store wrote before it became healthy.
    const logs = await compose('logs', '--no-color');
    assert.match(logs, /reader_1 +\| ready\n/);
    assert.match(logs, /store_1 +\| store up\n/);
  });

  it('lets services find each other by name and alias', async () => {
    assert.match(await compose('exec', '-T', 'reader', 'ping', '-c', '1', 'store'), / 0% packet loss/);
    assert.match(await compose('exec', '-T', 'store', 'ping', '-c', '1', 'www'), / 0% packet loss/);
  });

  it('restarts, scales and runs once', async () => {
    await compose('restart', 'reader');
    await compose('up', '-d', '--scale', 'reader=2');
    assert.match(await compose('ps'), /story_reader_1 .* Up .*\n.*story_reader_2 .* Up /);
    assert.match(await compose('run', '--rm', 'reader', 'echo', 'ran'), /^ran$/m);
  });

  it('takes everything down, the volume too', async () => {
    await compose('down', '-v');
    assert.deepEqual(await engine.client.call('container.list', { All: true }), []);
    assert.deepEqual((await engine.client.call('volume.list', {})).Volumes, []);
    const networks = await engine.client.call('network.list', {});
    assert.deepEqual(networks.map(({ Name }) => Name).sort(), ['bridge', 'host', 'none']);
  });
});
