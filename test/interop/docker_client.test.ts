// The real docker client on Slipway's second door, unchanged: what it prints and how it ends are compared with what a person
// knows from dockerd.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestEngine } from '../support/slipway.ts';

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

const hasDocker = await new Promise<boolean>((resolve) =>
  execFile('docker', ['--version'], (error) => resolve(error === null)),
);

describe('the docker client', { skip: hasDocker ? false : 'no docker client on this machine' }, () => {
  let engine: TestEngine;
  const folder = mkdtempSync(join(tmpdir(), 'slipway-docker-'));
  let socket = '';
  before(async () => {
    engine = await TestEngine.start();
    socket = join(engine.directory, 'docker.sock');
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const docker = (...args: string[]): Promise<Result> =>
    new Promise((resolve) => {
      const env = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: folder, DOCKER_BUILDKIT: '0' };
      // The client passes SIGTERM on to the container: only SIGKILL ends one that hangs.
      const child = execFile('docker', args, { env, timeout: 30_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 255), stdout, stderr }),
      );
      child.stdin?.end();
    });
  const run = (...args: string[]): Promise<Result> => docker('run', '--rm', '--network', 'none', ...args);
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await docker(...args);
    assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };

  it('negotiates a version and shows both sides', async () => {
    assert.equal(await ok('version', '--format', '{{.Server.APIVersion}} {{.Server.MinAPIVersion}}'), '1.51 1.40');
    assert.match(await ok('info', '--format', '{{.Driver}} {{.Swarm.LocalNodeState}}'), /^overlay2 inactive$/);
  });

  it("runs containers to the end, with dockerd's exit codes", async () => {
    assert.deepEqual(await run('busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7'), {
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    assert.equal((await run('busybox', 'no-such-program')).code, 127);
    assert.equal((await run('busybox', '/etc/passwd')).code, 126);
    assert.equal(await ok('ps', '-aq'), '');
  });

  it('manages a container through its whole life', async () => {
    const id = await ok(
      'run',
      '-d',
      '--name',
      'life',
      '--network',
      'none',
      '-m',
      '64m',
      '-e',
      'A=b',
      'busybox',
      'sh',
      '-c',
      'echo started; exec sleep 600',
    );
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(
      await ok('inspect', '-f', '{{.State.Status}} {{.HostConfig.Memory}} {{.Name}}', 'life'),
      'running 67108864 /life',
    );
    assert.match(await ok('ps', '--format', '{{.Names}} {{.Image}}'), /^life busybox$/);
    assert.equal(await ok('exec', 'life', 'sh', '-c', 'echo $A'), 'b');
    assert.equal((await docker('exec', 'life', 'sh', '-c', 'exit 3')).code, 3);
    assert.equal(await ok('logs', 'life'), 'started');
    assert.match(await ok('top', 'life'), /sleep 600/);
    await ok('exec', 'life', 'touch', '/new');
    assert.equal(await ok('diff', 'life'), 'A /new');
    await ok('pause', 'life');
    assert.equal(await ok('inspect', '-f', '{{.State.Status}}', 'life'), 'paused');
    await ok('unpause', 'life');
    await ok('rename', 'life', 'afterlife');
    await ok('stop', '-t', '0', 'afterlife');
    assert.equal(await ok('wait', 'afterlife'), '137');
    await ok('start', 'afterlife');
    await ok('rm', '-f', 'afterlife');
    assert.match((await docker('inspect', 'afterlife')).stderr, /No such object: afterlife/);
  });

  it('loses no output of a command that ends while its input does', async () => {
    await ok('run', '-d', '--name', 'brief', '--network', 'none', 'busybox', 'sleep', '600');
    // The end of the input and that of the command meet by chance: often enough in so many.
    for (let i = 0; i < 60; i += 1) assert.equal(await ok('exec', '-i', 'brief', 'echo', 'said'), 'said', `exec ${i}`);
    await ok('rm', '-f', 'brief');
  });

  it('copies files both ways', async () => {
    await ok('create', '--name', 'copy', 'busybox');
    const file = join(folder, 'file');
    writeFileSync(file, 'content');
    await ok('cp', file, 'copy:/tmp/there');
    await ok('cp', 'copy:/tmp/there', `${file}.back`);
    assert.equal(readFileSync(`${file}.back`, 'utf8'), 'content');
    await ok('rm', 'copy');
  });

  it('keeps data in volumes and refuses to remove one in use', async () => {
    await ok('volume', 'create', 'vault');
    await ok('run', '--name', 'keeper', '--network', 'none', '-v', 'vault:/v', 'busybox', 'touch', '/v/kept');
    assert.equal((await run('-v', 'vault:/v', 'busybox', 'ls', '/v')).stdout, 'kept\n');
    assert.match((await docker('volume', 'rm', 'vault')).stderr, /volume is in use/);
    await ok('rm', 'keeper');
    await ok('volume', 'rm', 'vault');
  });

  it('tags, saves, loads, commits, exports and removes images', async () => {
    await ok('tag', 'busybox', 'copy:1');
    const archive = join(folder, 'image.tar');
    await ok('save', '-o', archive, 'copy:1');
    const id = await ok('inspect', '-f', '{{.Id}}', 'copy:1');
    await ok('rmi', 'copy:1');
    assert.match(await ok('load', '-i', archive), /Loaded image: copy:1/);
    assert.equal(await ok('inspect', '-f', '{{.Id}}', 'copy:1'), id);
    await ok('create', '--name', 'source', 'busybox');
    assert.match(await ok('commit', '-m', 'why', 'source', 'committed:1'), /^sha256:/);
    await ok('export', '-o', join(folder, 'tree.tar'), 'source');
    await ok('rm', 'source');
    await ok('rmi', 'copy:1', 'committed:1');
  });

  it('builds with the classic builder', async () => {
    const context = mkdtempSync(join(folder, 'context-'));
    writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCOPY a /a\nRUN cat /a\nCMD ["cat", "/a"]\n');
    writeFileSync(join(context, 'a'), 'built\n');
    assert.match(await ok('build', '--network', 'none', '-t', 'built', context), /Successfully tagged built:latest/);
    assert.equal((await run('built')).stdout, 'built\n');
  });

  it("says what dockerd says when something isn't there or is taken", async () => {
    assert.match((await docker('start', 'nobody')).stderr, /No such container: nobody/);
    await ok('create', '--name', 'taken', 'busybox');
    assert.match(
      (await docker('create', '--name', 'taken', 'busybox')).stderr,
      /"\/taken" is already in use by container/,
    );
    await ok('rm', 'taken');
    assert.match((await docker('service', 'ls')).stderr, /not a swarm manager/);
  });

  it('streams events with their filters', async () => {
    const since = String(Math.floor(Date.now() / 1000) - 1);
    await run('--name', 'eventful', 'busybox', 'true');
    const until = String(Math.ceil(Date.now() / 1000) + 1);
    const events = await ok(
      'events',
      '--since',
      since,
      '--until',
      until,
      '--filter',
      'container=eventful',
      '--format',
      '{{.Action}}',
    );
    for (const action of ['create', 'start', 'die', 'destroy'])
      assert.ok(events.split('\n').includes(action), `${action} in ${events}`);
  });

  it('answers versions that it does not speak as dockerd does', async () => {
    const get = (path: string): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        request({ socketPath: socket, path }, (response) => {
          let body = '';
          response.on('data', (chunk: Buffer) => {
            body += chunk.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        })
          .on('error', reject)
          .end();
      });
    const old = await get('/v1.39/info');
    assert.equal(old.status, 400);
    assert.match(old.body, /client version 1\.39 is too old\. Minimum supported API version is 1\.40/);
    assert.match((await get('/v1.99/info')).body, /client version 1\.99 is too new/);
    assert.equal((await get('/v1.51/no/such/path')).status, 404);
    assert.equal((await get('//')).status, 400);
    assert.equal((await get('/v1.51/containers/%zz/json')).status, 400);
  });
});
