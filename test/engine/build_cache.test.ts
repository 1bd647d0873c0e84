// A build's cache on another machine: written by one engine, read by another that has never built.
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { TestEngine } from '../support/slipway.ts';

const dockerfile = `FROM busybox AS tools
RUN head -c 16 /dev/urandom > /tool
FROM busybox
RUN head -c 16 /dev/urandom > /own
COPY message /message
COPY --from=tools /tool /tool
`;

describe('the cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bound-'));
  let engine: TestEngine;
  before(async () => {
    const configuration = join(folder, 'daemon.json');
    writeFileSync(configuration, '{"builder": {"gc": {"defaultKeepStorage": "5MB"}}}');
    engine = await TestEngine.start({ args: ['--config-file', configuration] });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const build = async (name: string): Promise<void> => {
    writeFileSync(join(folder, 'Dockerfile'), `FROM busybox\nRUN head -c 2097152 /dev/zero > /${name}\n`);
    const { code, stderr } = await engine.cli(['build', '--network', 'none', '-t', name, folder]);
    assert.equal(code, 0, stderr);
  };
  const cached = async (): Promise<string[]> =>
    (await engine.client.call('build.cacheList', {})).map(({ Description }) => Description.slice(-1)).sort();

  it('lends a changed COPY the files that stayed as they were, and never one that did not', async () => {
    const context = mkdtempSync(join(folder, 'lent-'));
    writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCOPY . /app/\nRUN echo more >> /app/kept\n');
    for (const name of ['kept', 'same', 'content', 'touched', 'mode', 'gone', 'd'])
      writeFileSync(join(context, name), 'one');
    const past = (name: string, time: number): void => utimesSync(join(context, name), time, time);
    for (const name of ['kept', 'same', 'content', 'touched', 'mode']) past(name, 1_000_000);
    const look = async (): Promise<string[]> => {
      const { code, stderr } = await engine.cli(['build', '--network', 'none', '-t', 'lent', context]);
      assert.equal(code, 0, stderr);
      const { Layers = [] } = (await engine.client.call('image.inspect', { Image: 'lent' })).RootFS;
      assert.equal(Layers.length, 3);
      const script = 'cd /app; for f in *; do [ -d $f ] || echo $(stat -c "%n %h %a %Y" $f) $(cat $f); done';
      const { stdout } = await engine.cli(['run', '--rm', '--network', 'none', 'lent', 'sh', '-c', script]);
      return stdout.split('\n').filter((line) => !/^(Dockerfile|gone|d) |^$/.test(line));
    };
    const row = (name: string, links: number, mode: number, time: number, text: string): string =>
      [name, links, mode, time, text].join(' ');
    const first = ['content', 'mode', 'same', 'touched'].map((name) => row(name, 1, 644, 1_000_000, 'one'));
    const own = (rows: string[]): string[] => rows.filter((line) => !line.startsWith('kept '));
    assert.deepEqual(own(await look()), first);
    writeFileSync(join(context, 'content'), 'two');
    past('content', 1_000_000);
    past('touched', 2_000_000);
    chmodSync(join(context, 'mode'), 0o600);
    for (const name of ['gone', 'd']) rmSync(join(context, name));
    mkdirSync(join(context, 'd'));
    const now = await look();
    assert.deepEqual(own(now), [
      row('content', 1, 644, 1_000_000, 'two'),
      row('mode', 1, 600, 1_000_000, 'one'),
      row('same', 2, 644, 1_000_000, 'one'),
      row('touched', 1, 644, 2_000_000, 'one'),
    ]);
    // The file that two layers share was written to by each build's RUN, once.
    assert.match(now.join('\n'), /^kept 1 644 \d+ one\s*more$/m);
    await engine.cli(['rmi', '-f', 'lent']);
    await engine.cli(['builder', 'prune', '--force', '--all']);
  });

  it('is asked with what the context holds now, however soon that changed', async () => {
    const context = mkdtempSync(join(folder, 'known-'));
    const dest = join(folder, 'copied');
    const path = (name: string): string => join(context, name);
    writeFileSync(path('Dockerfile'), 'FROM scratch\nCOPY . /\n');
    mkdirSync(path('d/e'), { recursive: true });
    for (const name of ['file', 'other', 'spare', 'd/inner', 'd/e/deep', 'd/ignored']) writeFileSync(path(name), 'one');
    symlinkSync('file', path('link'));
    writeFileSync(path('.dockerignore'), 'd/ignored\n');
    const isCached = async (): Promise<boolean | undefined> => {
      let cached: boolean | undefined;
      const request = { Context: context, Outputs: [{ Type: 'local', Attributes: { dest } }] };
      const { socket, outcome } = await engine.client.stream('build.run', request, {
        onProgress: (value) => {
          if (value.Kind === 'completed') cached = value.Cached;
        },
      });
      socket.end();
      socket.resume();
      await outcome;
      return cached;
    };
    const past = (name: string): void => utimesSync(path(name), 1_000_000, 1_000_000);
    past('file');
    const changes: Readonly<Record<string, () => void>> = {
      'content of the same size and time': () => {
        writeFileSync(path('file'), 'two');
        past('file');
      },
      mode: () => chmodSync(path('d/inner'), 0o600),
      'mode of a directory': () => chmodSync(path('d/e'), 0o700),
      'a new file': () => writeFileSync(path('d/e/new'), 'one'),
      'a file less': () => rmSync(path('spare')),
      'another target': () => {
        rmSync(path('link'));
        symlinkSync('othe', path('link'));
      },
      'one file in the place of another': () => renameSync(path('other'), path('d/e/deep')),
      'a directory in the place of a file': () => {
        rmSync(path('d/inner'));
        mkdirSync(path('d/inner'));
      },
      'what is ignored': () => writeFileSync(path('.dockerignore'), '\n'),
    };
    assert.equal(await isCached(), false);
    for (const [what, change] of Object.entries(changes)) {
      await delay(150); // only what was left alone for a while is known without a look
      assert.deepEqual([await isCached(), await isCached()], [true, true], `before ${what}`);
      change();
      assert.equal(await isCached(), false, what);
    }
    for (let number = 10; number < 20; number += 1) {
      writeFileSync(path('file'), String(number));
      await isCached();
      assert.equal(readFileSync(join(dest, 'file'), 'utf8'), String(number));
    }
    await engine.cli(['builder', 'prune', '--force', '--all']);
  });

  it('stays within its bound: what was used longest ago goes', async () => {
    for (const name of ['a', 'b']) await build(name);
    assert.deepEqual(await cached(), ['a', 'b']);
    await build('a');
    await build('c');
    assert.deepEqual(await cached(), ['a', 'c']);
    // The image that b went into has lost nothing.
    const { stdout } = await engine.cli(['run', '--rm', '--network', 'none', 'b', 'sh', '-c', 'wc -c < /b']);
    assert.equal(stdout, '2097152\n');
  });

  it('is pruned of what no image has, or of all, or of what was not used for long', async () => {
    await engine.cli(['rmi', '-f', 'c']);
    await engine.cli(['builder', 'prune', '--force', '--filter', 'until=1h']);
    assert.deepEqual(await cached(), ['a', 'c']);
    await engine.cli(['builder', 'prune', '--force']);
    assert.deepEqual(await cached(), ['a']);
    await engine.cli(['builder', 'prune', '--force', '--all', '--keep-storage', '10MB']);
    assert.deepEqual(await cached(), ['a']);
    await engine.cli(['builder', 'prune', '--force', '--all']);
    assert.deepEqual(await cached(), []);
  });
});

describe('a cache for other machines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-cache-'));
  let registry: TestRegistry;
  let engine: TestEngine;
  let other: TestEngine;
  before(async () => {
    registry = await startRegistry();
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    writeFileSync(join(folder, 'message'), 'one');
    engine = await TestEngine.start();
    await build(engine);
  });
  beforeEach(async () => {
    other = await TestEngine.start({ bare: true });
    // The same base: an image that is imported anew has another id.
    const { stdout } = await engine.cli(['save', '-o', join(folder, 'base.tar'), 'busybox']);
    assert.equal(stdout, '');
    await other.cli(['load', '-i', join(folder, 'base.tar')]);
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const build = async (where: TestEngine, ...flags: string[]): Promise<string> => {
    const args = ['build', '--network', 'none', '--progress', 'plain', '-t', 'made', ...flags, folder];
    const { code, stderr } = await where.cli(args);
    assert.equal(code, 0, stderr);
    return stderr;
  };
  const cached = (log: string): number => log.split('\n').filter((line) => / CACHED$/.test(line)).length;
  const idOf = async (where: TestEngine): Promise<string[]> =>
    (await where.client.call('image.inspect', { Image: 'made' })).RootFS.Layers ?? [];

  it('in a directory', async () => {
    await using _other = other;
    const place = join(folder, 'cache');
    await build(engine, '--cache-to', `type=local,dest=${place},mode=max`);
    assert.equal(cached(await build(other, '--cache-from', `type=local,src=${place}`)), 4);
    assert.deepEqual(await idOf(other), await idOf(engine));
  });

  it('in a registry, only what the result stands on unless all is asked for', async () => {
    await using _other = other;
    const ref = `${registry.host}/cache:min`;
    await build(engine, '--cache-to', `type=registry,ref=${ref}`);
    const log = await build(other, '--cache-from', ref);
    // The stage of the tools is made again, and with it what is copied from it.
    assert.equal(cached(log), 2, log);
    const max = `${registry.host}/cache:max`;
    await build(engine, '--cache-to', `type=registry,ref=${max},mode=max`);
    await other.cli(['builder', 'prune', '--all', '--force']);
    assert.equal(cached(await build(other, '--cache-from', max)), 4);
  });

  it('inside the image', async () => {
    await using _other = other;
    const name = `${registry.host}/app:1`;
    await build(engine, '--cache-to', 'type=inline', '-t', name);
    const { code, stderr } = await engine.cli(['push', name]);
    assert.equal(code, 0, stderr);
    const log = await build(other, '--cache-from', name);
    assert.equal(cached(log), 2, log);
  });

  it('that is not there is told, and the build goes on', async () => {
    await using _other = other;
    const log = await build(other, '--cache-from', `${registry.host}/nothing:1`);
    assert.match(log, /cannot import the cache of .*nothing:1/);
    assert.match(
      await build(other, '--cache-from', `type=local,src=${join(folder, 'absent')}`),
      /cannot import the cache of .*absent/,
    );
  });

  it('whose layers were changed is not believed', async () => {
    await using _other = other;
    const place = join(folder, 'lying');
    await build(engine, '--cache-to', `type=local,dest=${place},mode=max`);
    const index = JSON.parse(readFileSync(join(place, 'index.json'), 'utf8'));
    const path = (digest: string) => join(place, 'blobs/sha256', digest.slice(7));
    const manifest = JSON.parse(readFileSync(path(index.manifests[0].digest), 'utf8'));
    for (const { digest } of manifest.layers) writeFileSync(path(digest), readFileSync(path(digest)).fill('x', 0, 4));
    const log = await build(other, '--cache-from', `type=local,src=${place}`);
    assert.match(log, /cannot import the layer of /);
    assert.equal(cached(log), 0);
  });

  it('is refused by name where there is no such kind', async () => {
    await using _other = other;
    for (const [flag, message] of [
      ['--cache-to=type=gha', /--cache-to type=gha: there are registry, local and inline/],
      ['--cache-from=type=s3', /--cache-from type=s3: there are/],
      ['--cache-to=type=local', /--cache-to type=local needs dest=/],
      ['--cache-to=type=registry,ref=a/b,mode=some', /mode=some: it is min or max/],
      ['--cache-to=type=local,dest=/tmp/x,colour=red', /has no attribute colour/],
    ] as const) {
      const { code, stderr } = await engine.cli(['build', flag, folder]);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    }
  });
});
