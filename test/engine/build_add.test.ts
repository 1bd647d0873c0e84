// ADD of what isn't in the context: files of a web server and a git repository, both on this machine.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../support/docker_http.ts';
import { freePort } from '../support/registry.ts';
import { TestEngine } from '../support/slipway.ts';

describe('ADD from elsewhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-add-'));
  const repository = join(folder, 'repository');
  let engine: TestEngine;
  let server: Server;
  let base: string;
  const served: Record<string, string | Buffer> = {};
  before(async () => {
    server = createServer((request, response) => {
      const { url = '' } = request;
      if (url === '/gone') response.writeHead(404).end();
      else if (url in served) response.end(served[url]);
      else response.setHeader('last-modified', 'Tue, 01 Feb 2022 03:04:05 GMT').end(`content of ${request.url}`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    mkdirSync(join(repository, 'sub'), { recursive: true });
    writeFileSync(join(repository, 'sub/file'), 'versioned');
    writeFileSync(join(folder, 'local'), 'local');
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);
    git('init', '-q', '-b', 'main');
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    engine = await TestEngine.start();
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    server.close();
    rmSync(folder, { recursive: true });
  });

  const build = async (instruction: string) => {
    writeFileSync(join(folder, 'Dockerfile'), `FROM busybox\n${instruction}\n`);
    return await engine.cli(['build', '--network', 'none', '-t', 'made', folder]);
  };
  const inside = async (script: string): Promise<string> =>
    (await engine.cli(['run', '--rm', '--network', 'none', 'made', 'sh', '-c', script])).stdout;

  const sum = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

  it('one file, for its owner only and as old as the server says', async () => {
    assert.equal((await build(`ADD ${base}/a /a`)).code, 0);
    assert.equal(await inside('cat /a; stat -c " %a %u %Y" /a'), 'content of /a 600 0 1643684645\n');
  });

  it('several files into a directory', async () => {
    assert.equal((await build(`ADD --chmod=644 --chown=3:4 ${base}/a ${base}/b/c.txt /into/`)).code, 0);
    assert.equal(
      await inside('cd /into; cat a c.txt; stat -c " %a %u:%g" c.txt'),
      'content of /acontent of /b/c.txt 644 3:4\n',
    );
  });

  it('a checksum that is right, and one that is not', async () => {
    assert.equal((await build(`ADD --checksum=${sum('content of /a')} ${base}/a /a`)).code, 0);
    const wrong = await build(`ADD --checksum=${sum('other')} ${base}/a /a`);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /Dockerfile:2:1: digest mismatch sha256:/);
  });

  it('a context that is an archive or only a Dockerfile, as Docker takes them, and an archive to import', async () => {
    served['/Dockerfile'] = 'FROM busybox\nRUN echo alone > /how\n';
    writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nCOPY local /how\n');
    served['/context.tgz'] = execFileSync('tar', ['-cz', '-C', folder, 'Dockerfile', 'local']);
    for (const [name, how] of [
      ['Dockerfile', 'alone\n'],
      ['context.tgz', 'local'],
    ] as const) {
      const built = await engine.cli(['build', '--network', 'none', '-t', 'made', `${base}/${name}`]);
      assert.equal(built.code, 0, built.stderr);
      assert.equal(await inside('cat /how'), how);
    }
    const gone = await engine.cli(['build', `${base}/gone`]);
    assert.match(gone.stderr, /cannot fetch the context http:.*: invalid response status 404/);

    const socket = join(engine.directory, 'docker.sock');
    const create = (path: string) =>
      ask(socket, { method: 'POST', path: `/images/create?repo=made&fromSrc=${encodeURIComponent(base + path)}` });
    const imported = await create('/context.tgz');
    assert.match(
      String(await imported.body),
      /"Downloading from http:.*context.tgz"[\s\S]*"status":"sha256:[0-9a-f]{64}"/,
    );
    assert.equal((await engine.cli(['history', '-q', 'made'])).stdout.trim().split('\n').length, 1);
    assert.equal((await create('/gone')).status, 404);
  });

  it('a git repository, without its history unless that is asked for', async () => {
    const port = await freePort();
    const flags = ['--listen=127.0.0.1', `--port=${port}`, '--export-all', '--verbose', `--base-path=${folder}`];
    const daemon = spawn('git', ['daemon', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      await once(daemon.stderr, 'data'); // "Ready to rumble"
      const url = `git://127.0.0.1:${port}/repository`;
      assert.equal((await build(`ADD ${url} /src`)).code, 0);
      assert.equal(await inside('cat /src/sub/file; ls -A /src'), 'versionedsub\n');
      assert.equal((await build(`ADD --keep-git-dir=true ${url}#main /src`)).code, 0);
      assert.equal(await inside('ls -A /src'), '.git\nsub\n');
      assert.equal((await build(`ADD ${url}#main:sub /src`)).code, 0);
      assert.equal(await inside('ls -A /src'), 'file\n');
    } finally {
      daemon.kill();
    }
  });

  for (const [what, flags, message] of [
    ['no directory', (at: string) => `${at}/a ${at}/b /file`, /end the destination with a \//],
    [
      'a file of the context beside a URL',
      (at: string) => `local ${at}/a /x/`,
      /files of the context or URLs, not both/,
    ],
    ['one checksum for several', (at: string) => `--checksum=${sum('')} ${at}/a ${at}/b /x/`, /multiple sources/],
    ['what is not there', (at: string) => `${at}/gone /x`, /invalid response status 404/],
    ['what nobody serves', () => 'http://127.0.0.1:2/file /x', /failed to load http:.*ECONNREFUSED/],
  ] as const)
    it(`refuses ${what}`, async () => {
      const { code, stderr } = await build(`ADD ${flags(base)}`);
      assert.equal(code, 1);
      assert.match(stderr, /Dockerfile:2:1/);
      assert.match(stderr, message);
    });
});
