// Clients from npm on the Docker API, unchanged: dockerode, testcontainers, and the Dev Containers CLI.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import Docker from 'dockerode';
import { GenericContainer, Network, Wait } from 'testcontainers';
import { TestEngine } from '../support/slipway.ts';
import { archiveOf } from './side_by_side/archive.ts';

describe('clients from npm', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-npm-'));
  let engine: TestEngine;
  let env: NodeJS.ProcessEnv = {};
  before(async () => {
    engine = await TestEngine.start();
    // Of testcontainers' own containers (ryuk cleans up after it) there is no image here.
    const own = {
      DOCKER_HOST: `unix://${join(engine.directory, 'docker.sock')}`,
      DOCKER_CONFIG: folder,
      TESTCONTAINERS_RYUK_DISABLED: 'true',
    };
    Object.assign(process.env, own);
    env = { ...process.env };
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  describe('dockerode', () => {
    let docker: Docker;
    before(() => {
      docker = new Docker({ socketPath: join(engine.directory, 'docker.sock') });
    });
    const HostConfig = { NetworkMode: 'none' };

    it('runs a command to its end, output and errors apart', async () => {
      const [out, err] = [new PassThrough(), new PassThrough()];
      const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
      const ended = docker.run('busybox', command, [out, err], { Tty: false, HostConfig });
      const [{ StatusCode }, container] = await ended;
      assert.equal(StatusCode, 3);
      out.end();
      err.end();
      assert.deepEqual([await text(out), await text(err)], ['out\n', 'err\n']);
      await container.remove();
    });

    it('talks to a command in a container', async () => {
      const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '600'], HostConfig });
      await container.start();
      const exec = await container.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
      const stream = await exec.start({ hijack: true, stdin: true });
      const out = new PassThrough();
      docker.modem.demuxStream(stream, out, out);
      stream.end('through\n');
      await once(stream, 'end');
      out.end();
      assert.equal(await text(out), 'through\n');
      assert.equal((await exec.inspect()).ExitCode, 0);
      await container.remove({ force: true });
    });

    it('builds, and follows what the builder says', async () => {
      const context = archiveOf({ Dockerfile: 'FROM busybox\nLABEL made=here\n' });
      const file = join(folder, 'context.tar');
      writeFileSync(file, context);
      const stream = await docker.buildImage(file, { t: 'made:1' });
      const lines = await new Promise<{ stream?: string }[]>((resolve, reject) => {
        docker.modem.followProgress(stream, (error, output) => (error === null ? resolve(output) : reject(error)));
      });
      assert.match(lines.map((line) => line.stream ?? '').join(''), /Successfully tagged made:1/);
      assert.deepEqual((await docker.getImage('made:1').inspect()).Config.Labels, { made: 'here' });
    });

    it('hears of events, and finds what it looks for', async () => {
      const events = (await docker.getEvents({ filters: { type: ['volume'] } })) as Readable; // typed as less than it is
      await docker.createVolume({ Name: 'vault', Labels: { a: 'b' } });
      const [line] = (await once(events, 'data')) as [Buffer];
      assert.equal(JSON.parse(line.toString()).Action, 'create');
      events.destroy();
      const { Volumes } = await docker.listVolumes({ filters: { label: ['a=b'] } });
      assert.deepEqual(
        Volumes.map(({ Name }) => Name),
        ['vault'],
      );
      await assert.rejects(docker.getContainer('nobody').inspect(), { statusCode: 404 });
    });

    it('moves archives', async () => {
      const container = await docker.createContainer({ Image: 'busybox', HostConfig });
      await container.putArchive(archiveOf({ note: 'abc' }), { path: '/tmp' });
      const got = await buffer(await container.getArchive({ path: '/tmp/note' }));
      assert.match(got.toString('latin1'), /^note\0.*abc/s);
      await container.remove();
    });
  });

  describe('testcontainers', () => {
    // Says it is ready twice, like PostgreSQL, which starts, initialises, and starts again.
    const server =
      'echo ready to accept connections; echo ready to accept connections; exec nc -ll -p 5432 -e echo hello';

    it('waits for the log and the port, and talks to the server', async () => {
      await using container = await new GenericContainer('busybox')
        .withCommand(['sh', '-c', server])
        .withExposedPorts(5432)
        .withEnvironment({ A: 'b' })
        .withCopyContentToContainer([{ content: 'copied', target: '/tmp/note' }])
        .withWaitStrategy(Wait.forAll([Wait.forLogMessage(/ready to accept/, 2), Wait.forListeningPorts()]))
        .start();
      const socket = connect(container.getMappedPort(5432), '127.0.0.1');
      assert.equal(await text(socket), 'hello\n');
      const { exitCode, output } = await container.exec(['sh', '-c', 'echo $A; cat /tmp/note']);
      assert.deepEqual([exitCode, output], [0, 'b\ncopied']);
      const logs = await container.logs();
      const [line] = (await once(logs, 'data')) as [Buffer];
      logs.destroy();
      assert.match(line.toString(), /ready to accept connections/);
    });

    it('waits for health, and connects containers by a network', async () => {
      await using network = await new Network().start();
      const sleeper = () => new GenericContainer('busybox').withCommand(['sleep', '600']).withNetwork(network);
      await using one = await sleeper()
        .withNetworkAliases('one')
        .withHealthCheck({ test: ['CMD-SHELL', 'true'], interval: 100, timeout: 1000, retries: 3 })
        .withWaitStrategy(Wait.forHealthCheck())
        .start();
      await using other = await sleeper().start();
      assert.match((await other.exec(['ping', '-c', '1', 'one'])).output, / 0% packet loss/);
      assert.ok(one.getIpAddress(network.getName()) !== '');
    });

    it('builds an image from a Dockerfile', async () => {
      const context = join(folder, 'image');
      mkdirSync(context);
      writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCMD ["sh", "-c", "echo built; exec sleep 600"]\n');
      const image = await GenericContainer.fromDockerfile(context).build();
      await using _container = await image.withWaitStrategy(Wait.forLogMessage('built')).start();
    });
  });

  describe('the Dev Containers CLI', () => {
    const workspace = join(folder, 'workspace');
    const program = createRequire(import.meta.url).resolve('@devcontainers/cli/devcontainer.js');

    async function devcontainer(verb: string, ...args: readonly string[]): Promise<string> {
      const child = spawn(process.execPath, [program, verb, '--workspace-folder', workspace, ...args], { env });
      const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      assert.equal(code, 0, `${out}${err}`);
      return out;
    }

    before(() => {
      mkdirSync(join(workspace, '.devcontainer'), { recursive: true });
      const settings = {
        build: { dockerfile: 'Dockerfile' },
        containerEnv: { A: 'b' },
        postCreateCommand: 'echo made > made',
        updateRemoteUserUID: false,
      };
      writeFileSync(join(workspace, '.devcontainer/devcontainer.json'), JSON.stringify(settings));
      writeFileSync(join(workspace, '.devcontainer/Dockerfile'), 'FROM busybox\nRUN echo here > /built\n');
    });

    it('brings a folder up in a container that it builds', async () => {
      const result = JSON.parse(await devcontainer('up'));
      assert.equal(result.outcome, 'success');
      assert.equal(readFileSync(join(workspace, 'made'), 'utf8'), 'made\n');
    });

    it('runs commands there', async () => {
      assert.equal(await devcontainer('exec', 'sh', '-c', 'cat /built made; echo $A'), 'here\nmade\nb\n');
    });

    it('finds the container again', async () => {
      const [again, before] = [JSON.parse(await devcontainer('up')), await engine.client.call('container.list', {})];
      assert.deepEqual(
        before.map(({ Id }) => Id),
        [again.containerId],
      );
    });
  });
});
