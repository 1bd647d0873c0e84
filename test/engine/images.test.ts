// Images by the protocol's methods, against a real registry.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import type { EngineEvent } from '../../runtime/protocol/event.ts';
import { hexOf, parseDigest } from '../../runtime/store/digest.ts';
import { callContext, TestStore } from '../support/image_store.ts';
import { type TestImage, TestLayout } from '../support/layout.ts';
import { must, startRegistry, type TestRegistry } from '../support/registry.ts';

let registry: TestRegistry;
let layout: TestLayout;
let base: TestImage;
let app: TestImage;

before(async () => {
  registry = await startRegistry();
  layout = await TestLayout.create();
  const bottom = { files: { 'etc/name': 'base', 'dir/gone': 'x', 'dir/kept': 'y' } };
  base = await layout.add('base', [bottom], { Cmd: ['sh'], Labels: { tier: 'base' } });
  app = await layout.add(
    'app',
    [bottom, { files: { 'dir/.wh.gone': '', 'bin/app': '#!/bin/sh\n' }, compression: 'zstd' }],
    {
      Env: ['PATH=/bin', 'A=1'],
      Entrypoint: ['/bin/app'],
      Labels: { tier: 'app' },
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/data': {} },
      WorkingDir: '/work',
      User: 'nobody',
      StopSignal: 'SIGUSR1',
    },
  );
  await layout.push('base', `${registry.host}/t/base:1`);
  await layout.push('app', `${registry.host}/t/app:1`);
});

after(async () => {
  await registry[Symbol.asyncDispose]();
  await layout[Symbol.asyncDispose]();
});

const pull = (store: TestStore, name: string) =>
  store.handlers['image.pull']({ Reference: `${registry.host}/${name}` }, callContext());
const isKind = (kind: string) => (error: unknown) => isEngineError(error) && error.kind === kind;

/** A client's end of a stream: writes `input`, and gives what it reads. */
function stream(input: Readable = Readable.from([])): { duplex: Duplex; output: Promise<Buffer> } {
  const out = new PassThrough();
  return { duplex: Duplex.from({ readable: input, writable: out }), output: buffer(out) };
}

async function save(store: TestStore, images: string[]): Promise<Buffer> {
  const serve = await store.handlers['image.save']({ Images: images }, callContext());
  const { duplex, output } = stream();
  await serve(duplex, new AbortController().signal);
  duplex.end();
  return output;
}

async function load(store: TestStore, archive: Buffer | Readable) {
  const serve = await store.handlers['image.load']({}, callContext());
  return serve(
    stream(archive instanceof Readable ? archive : Readable.from([archive])).duplex,
    new AbortController().signal,
  );
}

describe('pulling', () => {
  test('brings layers, config and names, and inspect tells all of it', async () => {
    await using store = await TestStore.open();
    const events: EngineEvent[] = [];
    store.context.events.subscribe((event) => events.push(event));
    const lines: { Id?: string; Status: string }[] = [];
    const [pulled] = await store.handlers['image.pull']({ Reference: `${registry.host}/t/app:1` }, callContext(lines));
    assert.equal(pulled?.Id, app.configDigest);
    assert.equal(pulled?.Updated, true);

    const inspect = await store.handlers['image.inspect']({ Image: pulled?.Id.slice(7, 14) ?? '' }, callContext());
    assert.deepEqual(inspect.RepoTags, [`${registry.host}/t/app:1`]);
    assert.deepEqual(inspect.RepoDigests, [`${registry.host}/t/app@${pulled?.Digest}`]);
    assert.deepEqual(inspect.Config.Entrypoint, ['/bin/app']);
    assert.deepEqual(inspect.Config.Env, ['PATH=/bin', 'A=1']);
    assert.equal(inspect.Config.StopSignal, 'SIGUSR1');
    assert.equal(inspect.RootFS.Layers.length, 2);

    const { lowerDirs } = await store.store.resolve(app.configDigest);
    assert.equal(lowerDirs.length, 2);
    assert.equal(await readFile(join(lowerDirs[1] ?? '', 'etc/name'), 'utf8'), 'base');
    const whiteout = await stat(join(lowerDirs[0] ?? '', 'dir/gone'));
    assert.ok(whiteout.isCharacterDevice() && whiteout.rdev === 0);

    for (const digest of app.layerDigests) {
      const own = lines.filter(({ Id }) => Id === digest.slice(7, 19)).map(({ Status }) => Status);
      assert.equal(own[0], 'Pulling fs layer');
      assert.equal(own.at(-1), 'Pull complete');
    }
    assert.deepEqual(
      events.map(({ Action }) => Action),
      ['pull'],
    );
  });

  test('shares layers by chain id and keeps the stores closed to others', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/base:1');
    const lines: { Id?: string; Status: string }[] = [];
    await store.handlers['image.pull']({ Reference: `${registry.host}/t/app:1` }, callContext(lines));
    assert.ok(lines.some(({ Id, Status }) => Id === base.layerDigests[0]?.slice(7, 19) && Status === 'Already exists'));
    const { dataRoot } = store.context.paths;
    assert.equal((await readdir(join(dataRoot, 'layers'))).filter((name) => name !== 'staging').length, 2);
    for (const name of ['', 'blobs', 'blobs/sha256', 'layers', 'ingest'])
      assert.equal((await stat(join(dataRoot, name))).mode & 0o777, 0o700, name);
  });

  test('by digest, and twice at the same time', async () => {
    await using store = await TestStore.open();
    const reference = `t/app@${app.manifestDigest}`;
    const [[first], [second]] = await Promise.all([pull(store, reference), pull(store, reference)]);
    assert.equal(first?.Id, second?.Id);
    assert.deepEqual(
      (await store.handlers['image.list']({}, callContext())).map(({ RepoTags, RepoDigests }) => [
        RepoTags,
        RepoDigests,
      ]),
      [[[], [`${registry.host}/t/app@${app.manifestDigest}`]]],
    );
  });

  test('chooses the platform of an index', async () => {
    await using multi = await TestLayout.create();
    const arm = await multi.add('m', [{ files: { arch: 'arm' } }], {}, { os: 'linux', architecture: 'arm64' });
    const amd = await multi.add('m', [{ files: { arch: 'amd' } }], {}, { os: 'linux', architecture: 'amd64' });
    await pushIndex(multi, registry.host, 't/multi', [arm, amd]);
    await using store = await TestStore.open();
    const Reference = `${registry.host}/t/multi:1`;
    const [own] = await store.handlers['image.pull']({ Reference }, callContext());
    const [other] = await store.handlers['image.pull']({ Reference, Platform: 'linux/arm64' }, callContext());
    assert.equal(own?.Id, process.arch === 'arm64' ? arm.configDigest : amd.configDigest);
    assert.equal(other?.Id, arm.configDigest);
    await assert.rejects(
      store.handlers['image.pull']({ Reference, Platform: 'linux/s390x' }, callContext()),
      isKind('NotFound'),
    );
  });

  test('fails with the right kind for what is not there', async () => {
    await using store = await TestStore.open();
    await assert.rejects(pull(store, 't/absent:1'), isKind('NotFound'));
    await assert.rejects(
      store.handlers['image.pull']({ Reference: 'lower/UPPER' }, callContext()),
      isKind('InvalidArgument'),
    );
    await assert.rejects(
      store.handlers['image.pull']({ Reference: '127.0.0.1:1/x' }, callContext()),
      isKind('Unavailable'),
    );
    await assert.rejects(store.handlers['image.inspect']({ Image: 'nothing' }, callContext()), isKind('NotFound'));
  });

  test('finds short names through the search list', async () => {
    await using store = await TestStore.open({ options: { registrySearch: [registry.host] } });
    const [pulled] = await store.handlers['image.pull']({ Reference: 't/app:1' }, callContext());
    assert.equal(pulled?.Reference, `${registry.host}/t/app:1`);
    assert.equal(store.store.find('t/app:1').id, app.configDigest);
  });

  test('goes through mirrors first and past broken ones', async () => {
    await using store = await TestStore.open({
      settings: { mirrors: { 'mirrored.example': ['http://127.0.0.1:1', `http://${registry.host}`] } },
    });
    const [pulled] = await store.handlers['image.pull']({ Reference: 'mirrored.example/t/app:1' }, callContext());
    assert.equal(pulled?.Reference, 'mirrored.example/t/app:1');
  });
});

async function pushIndex(
  from: TestLayout,
  host: string,
  repository: string,
  images: readonly TestImage[],
): Promise<void> {
  const put = (path: string, type: string, file: string) =>
    must('curl', [
      '-fsS',
      '-X',
      'PUT',
      '-H',
      `Content-Type: ${type}`,
      '--data-binary',
      `@${file}`,
      `http://${host}/v2/${repository}${path}`,
    ]);
  for (const name of await readdir(join(from.directory, 'blobs/sha256'))) {
    const location =
      /location: (\S+)/i.exec(
        await must('curl', ['-fsS', '-i', '-X', 'POST', `http://${host}/v2/${repository}/blobs/uploads/`]),
      )?.[1] ?? '';
    await must('curl', [
      '-fsS',
      '-X',
      'PUT',
      '-H',
      'Content-Type: application/octet-stream',
      '--data-binary',
      `@${join(from.directory, 'blobs/sha256', name)}`,
      `${location}&digest=sha256:${name}`,
    ]);
  }
  const type = 'application/vnd.oci.image.manifest.v1+json';
  for (const { manifestDigest } of images)
    await put(
      `/manifests/${manifestDigest}`,
      type,
      join(from.directory, 'blobs/sha256', hexOf(parseDigest(manifestDigest))),
    );
  const index = JSON.parse(await readFile(join(from.directory, 'index.json'), 'utf8')) as { manifests: object[] };
  const { digest } = await from.put(JSON.stringify({ mediaType: 'application/vnd.oci.image.index.v1+json', ...index }));
  await put(
    '/manifests/1',
    'application/vnd.oci.image.index.v1+json',
    join(from.directory, 'blobs/sha256', hexOf(parseDigest(digest))),
  );
}

describe('names and removal', () => {
  test('tag, untag, and removal with the last name', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/app:1');
    const { handlers } = store;
    await handlers['image.tag']({ Image: app.configDigest.slice(7, 19), Reference: 'mine:v2' }, callContext());
    assert.equal(store.store.find('mine:v2').id, app.configDigest);
    assert.deepEqual(await handlers['image.remove']({ Image: 'mine:v2' }, callContext()), [{ Untagged: 'mine:v2' }]);
    const removed = await handlers['image.remove']({ Image: `${registry.host}/t/app:1` }, callContext());
    assert.deepEqual(removed.at(-1), { Deleted: app.configDigest });
    const { dataRoot } = store.context.paths;
    assert.deepEqual(await readdir(join(dataRoot, 'blobs/sha256')), []);
    assert.deepEqual(await readdir(join(dataRoot, 'layers')), ['staging']);
  });

  test('a shared layer stays with the image that still has it', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/base:1');
    await pull(store, 't/app:1');
    await store.handlers['image.remove']({ Image: `${registry.host}/t/app:1` }, callContext());
    const { lowerDirs } = await store.store.resolve(base.configDigest);
    assert.equal(await readFile(join(lowerDirs[0] ?? '', 'etc/name'), 'utf8'), 'base');
  });

  test('an image that a container uses stays, unless forced and the container is stopped', async () => {
    let running = true;
    await using store = await TestStore.open({ usersOfImage: () => [{ id: 'c'.repeat(64), name: '/user', running }] });
    await pull(store, 't/app:1');
    const Image = `${registry.host}/t/app:1`;
    await assert.rejects(store.handlers['image.remove']({ Image, Force: true }, callContext()), isKind('Conflict'));
    running = false;
    await assert.rejects(store.handlers['image.remove']({ Image }, callContext()), isKind('Conflict'));
    await store.handlers['image.remove']({ Image, Force: true }, callContext());
    assert.equal((await store.store.resolve(app.configDigest)).lowerDirs.length, 2);
  });

  test('prune takes nameless images, or all unused ones', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/base:1');
    await pull(store, 't/app:1');
    await store.handlers['image.tag'](
      { Image: base.configDigest, Reference: `${registry.host}/t/app:1` },
      callContext(),
    );
    const dangling = await store.handlers['image.list']({ Filters: { dangling: ['true'] } }, callContext());
    assert.deepEqual(
      dangling.map(({ Id }) => Id),
      [app.configDigest],
    );
    const { ImagesDeleted, SpaceReclaimed } = await store.handlers['image.prune']({}, callContext());
    assert.deepEqual(ImagesDeleted.at(-1), { Deleted: app.configDigest });
    assert.equal(SpaceReclaimed, '#!/bin/sh\n'.length);
    await store.handlers['image.prune']({ Filters: { dangling: ['false'], label: ['tier=base'] } }, callContext());
    assert.deepEqual(await store.handlers['image.list']({ All: true }, callContext()), []);
  });

  test('filters', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/base:1');
    await pull(store, 't/app:1');
    const ids = async (Filters: Record<string, string[]>) =>
      (await store.handlers['image.list']({ Filters }, callContext())).map(({ Id }) => Id);
    assert.deepEqual(await ids({ label: ['tier=app'] }), [app.configDigest]);
    assert.deepEqual(await ids({ reference: [`${registry.host}/t/ba*`] }), [base.configDigest]);
    assert.deepEqual(await ids({ until: ['2020-01-01'] }), []);
    await assert.rejects(ids({ nonsense: ['1'] }), isKind('InvalidArgument'));
  });

  test('history', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/app:1');
    const history = await store.handlers['image.history']({ Image: app.configDigest }, callContext());
    assert.deepEqual(
      history.map(({ CreatedBy, Size }) => [CreatedBy, Size]),
      [
        ['layer 1', 10],
        ['layer 0', 6],
      ],
    );
    assert.equal(history[0]?.Id, app.configDigest);
  });
});

describe('archives', () => {
  test('what is saved loads again under the same id and names, and the same bytes are saved again', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/app:1');
    const name = `${registry.host}/t/app:1`;
    const archive = await save(store, [name]);
    await using other = await TestStore.open();
    const { Images } = await load(other, archive);
    assert.deepEqual(Images, [{ Id: app.configDigest, References: [name] }]);
    assert.deepEqual(await save(other, [name]), archive);
  });

  test('a damaged archive changes nothing', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/app:1');
    const archive = await save(store, [app.configDigest]);
    await using other = await TestStore.open();
    for (const bad of [
      archive.subarray(0, archive.length / 2),
      Buffer.from('not a tar'),
      Buffer.alloc(1024),
      Buffer.concat([archive.subarray(0, 2000), Buffer.from('zz'), archive.subarray(2002)]),
    ]) {
      await assert.rejects(load(other, bad), isKind('DataCorrupt'));
      assert.deepEqual(await other.handlers['image.list']({ All: true }, callContext()), []);
      assert.deepEqual(await readdir(join(other.context.paths.dataRoot, 'blobs/sha256')), []);
    }
  });

  test('import makes an image of one layer with changes', async () => {
    await using store = await TestStore.open();
    const changes = ['CMD ["/bin/app"]', 'ENV X="a b"', 'EXPOSE 80'];
    const serve = await store.handlers['image.import'](
      { Reference: 'imported:1', Message: 'by hand', Changes: [...changes, 'HEALTHCHECK --interval=5s CMD true'] },
      callContext(),
    );
    const tar = Readable.from([
      Buffer.from(await must('sh', ['-c', 'cd /etc && tar -cz --owner=0 --group=0 hostname | base64 -w0']), 'base64'),
    ]);
    const { Id } = await serve(stream(tar).duplex, new AbortController().signal);
    const inspect = await store.handlers['image.inspect']({ Image: 'imported:1' }, callContext());
    assert.equal(inspect.Id, Id);
    assert.deepEqual(inspect.Config.Cmd, ['/bin/app']);
    assert.deepEqual(inspect.Config.Env, ['X=a b']);
    assert.deepEqual(inspect.Config.Healthcheck, { Test: ['CMD-SHELL', 'true'], Interval: 5e9 });
    assert.equal(inspect.Comment, 'by hand');
  });
});

describe('committing', () => {
  test('an upper directory becomes a layer on top, whiteouts included, that others can pull', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/base:1');
    const upper = join(store.directory, 'upper');
    await mkdir(join(upper, 'dir'), { recursive: true });
    await writeFile(join(upper, 'dir/new'), 'fresh');
    await must('mknod', [join(upper, 'dir/kept'), 'c', '0', '0']);
    const parent = await store.store.resolve(base.configDigest);
    const id = await store.store.commit({
      parent: base.configDigest,
      upper,
      config: { ...parent.config, config: { Cmd: ['new'] } },
      createdBy: 'sh',
      comment: 'by test',
      reference: 'made:1',
    });
    const inspect = await store.handlers['image.inspect']({ Image: 'made:1' }, callContext());
    assert.equal(inspect.Id, id);
    assert.equal(inspect.Parent, base.configDigest);
    assert.equal(inspect.RootFS.Layers.length, 2);
    const { lowerDirs } = await store.store.resolve('made:1');
    assert.equal(await readFile(join(lowerDirs[0] ?? '', 'dir/new'), 'utf8'), 'fresh');
    assert.ok((await stat(join(lowerDirs[0] ?? '', 'dir/kept'))).isCharacterDevice());
    const target = `${registry.host}/t/made:1`;
    await store.handlers['image.tag']({ Image: id, Reference: target }, callContext());
    await store.handlers['image.push']({ Reference: target }, callContext());
    const bundle = join(store.directory, 'unpacked');
    await must('skopeo', ['copy', '--src-tls-verify=false', `docker://${target}`, `oci:${bundle}-layout:1`]);
    await must('umoci', ['unpack', '--image', `${bundle}-layout:1`, bundle]);
    assert.deepEqual(await readdir(join(bundle, 'rootfs/dir')), ['gone', 'new']);
    assert.deepEqual(await readdir(join(bundle, 'rootfs/etc')), ['name']);
  });
});

describe('the store', () => {
  test('starts again with what it had, and without what was half done', async () => {
    await using first = await TestStore.open();
    await pull(first, 't/app:1');
    const staged = await first.store.layers.stage();
    await first.store.blobs.put(Buffer.from('nobody needs this'));
    await using second = await first.reopen();
    assert.equal(second.store.find(`${registry.host}/t/app:1`).id, app.configDigest);
    await assert.rejects(stat(staged.directory), { code: 'ENOENT' });
    assert.equal((await readdir(join(second.context.paths.dataRoot, 'blobs/sha256'))).length, 4);
  });

  test('unpacks layers again that a power cut may have damaged', async () => {
    await using first = await TestStore.open();
    await pull(first, 't/app:1');
    await first.store.layers.settle();
    const [top = '', bottom = ''] = first.store.lowerDirs(first.store.find(app.configDigest));
    assert.equal(JSON.parse(await readFile(join(top, '../layer.json'), 'utf8')).unsettled, undefined);
    const info = JSON.parse(await readFile(join(bottom, '../layer.json'), 'utf8'));
    await writeFile(join(bottom, '../layer.json'), JSON.stringify({ ...info, unsettled: 'an earlier boot' }));
    await writeFile(join(bottom, 'etc/name'), '\0\0\0\0');
    await writeFile(join(top, '../layer.json'), '');
    await using second = await first.reopen();
    assert.equal(await readFile(join(bottom, 'etc/name'), 'utf8'), 'base');
    assert.deepEqual((await second.store.resolve(app.configDigest)).lowerDirs, [top, bottom]);
    assert.equal(await readFile(join(top, 'bin/app'), 'utf8'), '#!/bin/sh\n');
  });

  test('lists 1,000 images at once', async () => {
    await using store = await TestStore.open();
    await pull(store, 't/app:1');
    const record = store.store.find(app.configDigest);
    store.store.records.transaction(() => {
      for (let i = 0; i < 1000; i++) {
        const id = parseDigest(`sha256:${i.toString(16).padStart(64, '0')}`);
        store.store.records.put({ ...record, id });
        store.store.records.setName(`docker.io/library/many:${i}`, id, i);
      }
    });
    assert.equal((await store.handlers['image.list']({}, callContext())).length, 1001);
  });
});
