// Archives and disks that mean harm: nothing outside the store is touched, and no broken image is left.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type TarFile, writeTar } from '../../runtime/image/tar_writer.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { callContext, TestStore } from '../support/image_store.ts';
import { must } from '../support/registry.ts';

const isKind =
  (...kinds: string[]) =>
  (error: unknown) =>
    isEngineError(error) && kinds.includes(error.kind);

async function load(store: TestStore, archive: Buffer | AsyncIterable<Uint8Array>) {
  const serve = await store.handlers['image.load']({}, callContext());
  const readable = archive instanceof Buffer ? Readable.from([archive]) : Readable.from(archive);
  return (await serve(Duplex.from({ readable, writable: new PassThrough() }), new AbortController().signal)).Images;
}

const memoryFile = (name: string, data: Buffer): TarFile => ({ name, size: data.length, content: [data] });

/** A docker archive with these layers (plain tars) and this config. */
async function dockerArchive(
  layers: readonly Buffer[],
  config: object = {},
  RepoTags: readonly string[] = ['evil:1'],
): Promise<Buffer> {
  const diffIds = layers.map((layer) => `sha256:${createHash('sha256').update(layer).digest('hex')}`);
  const rawConfig = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', config, rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
  const manifest = [{ Config: 'config.json', RepoTags, Layers: layers.map((_, i) => `${i}.tar`) }];
  const files = [
    memoryFile('config.json', rawConfig),
    ...layers.map((layer, i) => memoryFile(`${i}.tar`, layer)),
    memoryFile('manifest.json', Buffer.from(JSON.stringify(manifest))),
  ];
  return buffer(Readable.from(writeTar([], files, 0)));
}

/** A tar made by Python, which writes any name that it is told to. Entries: [name, type, link or content]. */
async function tarOf(
  entries: readonly (readonly [string, 'file' | 'symlink' | 'hardlink', string])[],
): Promise<Buffer> {
  const script = `
import io, json, sys, tarfile
out = tarfile.open(fileobj=sys.stdout.buffer, mode='w', format=tarfile.PAX_FORMAT)
for name, kind, value in json.loads(sys.argv[1]):
    info = tarfile.TarInfo(name)
    if kind == 'file':
        info.size = len(value)
        out.addfile(info, io.BytesIO(value.encode()))
    else:
        info.type = tarfile.SYMTYPE if kind == 'symlink' else tarfile.LNKTYPE
        info.linkname = value
        out.addfile(info)
out.close()`;
  return Buffer.from(
    await must('sh', ['-c', 'python3 -c "$1" "$2" | base64 -w0', 'sh', script, JSON.stringify(entries)]),
    'base64',
  );
}

async function withVictim(task: (victim: string) => Promise<void>): Promise<void> {
  const victim = await mkdtemp(join(tmpdir(), 'slipway-victim-'));
  try {
    await writeFile(join(victim, 'secret'), 'untouched', { mode: 0o600 });
    await task(victim);
    assert.deepEqual(await readdir(victim), ['secret']);
    assert.equal(await readFile(join(victim, 'secret'), 'utf8'), 'untouched');
    assert.equal((await stat(join(victim, 'secret'))).mode & 0o7777, 0o600);
  } finally {
    await rm(victim, { recursive: true });
  }
}

describe('layers that climb out (CVE-2021-32760, CVE-2025-47290)', () => {
  test('by names, links and hard links reach nothing outside', () =>
    withVictim(async (victim) => {
      const up = '../'.repeat(20);
      for (const entries of [
        [[`${up}${victim}/planted`, 'file', 'x']],
        [[`${victim}/planted`, 'file', 'x']],
        [
          ['a', 'symlink', victim],
          ['a/planted', 'file', 'x'],
        ],
        [
          ['a', 'symlink', `${up}${victim}`],
          ['a/secret', 'file', 'x'],
        ],
        [
          ['a', 'hardlink', `${victim}/secret`],
          ['a', 'file', 'overwritten'],
        ],
        [
          ['a', 'symlink', `${victim}/secret`],
          ['b', 'hardlink', 'a'],
          ['b', 'file', 'overwritten'],
        ],
        [
          ['a', 'symlink', `${victim}/secret`],
          ['a', 'file', 'overwritten, with another mode'],
        ],
        [
          ['a/.wh...', 'file', ''],
          ['.wh...', 'file', ''],
          ['a/.wh..', 'file', ''],
        ],
        [
          ['a', 'symlink', victim],
          ['a/.wh.secret', 'file', ''],
        ],
      ] as const) {
        await using store = await TestStore.open();
        const archive = await dockerArchive([await tarOf(entries)]);
        await load(store, archive).catch((error: unknown) => assert.ok(isKind('DataCorrupt')(error), String(error)));
      }
    }));

  test('by the names of the outer archive reach nothing outside', () =>
    withVictim(async (victim) => {
      const inner = JSON.stringify([{ Config: `../../../../../../..${victim}/secret`, RepoTags: ['x:1'], Layers: [] }]);
      for (const entries of [
        [
          [`../../../../../../..${victim}/planted`, 'file', 'x'],
          ['manifest.json', 'file', inner],
        ],
        [
          ['config', 'symlink', `${victim}/secret`],
          ['manifest.json', 'file', inner.replace(/"Config":"[^"]*"/, '"Config":"config"')],
        ],
        [['manifest.json', 'symlink', 'manifest.json']],
      ] as const) {
        await using store = await TestStore.open();
        await assert.rejects(load(store, await tarOf(entries)), isKind('DataCorrupt'));
      }
    }));
});

describe('what an image says of itself is data', () => {
  test('names, labels and paths that try to be more are kept as they are or refused', async () => {
    await using store = await TestStore.open();
    const layer = await tarOf([['f', 'file', 'x']]);
    const config = {
      Labels: { '../../x': '$(touch /tmp/x)' },
      WorkingDir: '../../../etc',
      Volumes: { '../../../../etc': {} },
      User: '../../root',
      Entrypoint: ['../../bin/sh'],
    };
    const [loaded] = await load(store, await dockerArchive([layer], config));
    const inspect = await store.handlers['image.inspect']({ Image: loaded?.Id ?? '' }, callContext());
    assert.deepEqual(inspect.Config.Labels, config.Labels);
    assert.equal(inspect.Config.WorkingDir, config.WorkingDir);
    for (const name of ['../../etc/passwd', 'UPPER:1', 'a b', 'x:../../y'])
      await assert.rejects(
        load(store, await dockerArchive([layer], {}, [name])),
        isKind('InvalidArgument', 'DataCorrupt'),
        name,
      );
    assert.equal((await store.handlers['image.list']({}, callContext())).length, 1);
  });

  test('metadata that is far too large is refused (CVE-2023-25153)', async () => {
    await using store = await TestStore.open();
    const bomb = Buffer.from(
      JSON.stringify([{ Config: 'c', RepoTags: [], Layers: [], padding: ' '.repeat(20 << 20) }]),
    );
    const archive = await buffer(Readable.from(writeTar([], [memoryFile('manifest.json', bomb)], 0)));
    await assert.rejects(load(store, gzipSync(archive)), /at most 16777216/);
    // One entry of 8 TB, of which only the first bytes need to come.
    async function* endless() {
      yield* writeTar([], [{ name: 'layer.tar', size: 8 * 2 ** 40, content: [Buffer.alloc(1 << 16)] }], 0);
    }
    await assert.rejects(load(store, endless()), isKind('ResourceExhausted'));
    assert.deepEqual(await readdir(join(store.context.paths.dataRoot, 'ingest')), []);
  });
});

describe('disks', () => {
  test('a full one ends in one clear error, and everything works again when there is room', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('making a file system needs root');
    const directory = await mkdtemp(join(tmpdir(), 'slipway-disk-'));
    const disk = join(directory, 'engine', 'data'); // the blobs and layers alone: the records have a disk of their own
    const image = join(directory, 'image');
    await must('truncate', ['--size', '64M', image]);
    await must('mkfs.ext4', ['-q', '-F', image]);
    await mkdir(disk, { recursive: true });
    await must('mount', ['-o', 'loop', image, disk]);
    const store = await TestStore.open({}, join(directory, 'engine'));
    try {
      const small = await dockerArchive([await tarOf([['f', 'file', 'x']])]);
      await load(store, small);
      const content = randomBytes(30 << 20);
      const large = await dockerArchive(
        [await buffer(Readable.from(writeTar([], [memoryFile('noise', content)], 0)))],
        {},
        ['large:1'],
      );
      await assert.rejects(load(store, large), isKind('ResourceExhausted', 'DataCorrupt'));
      assert.deepEqual(
        (await store.handlers['image.list']({ All: true }, callContext())).map(({ RepoTags }) => RepoTags),
        [['evil:1']],
      );
      const { dataRoot } = store.context.paths;
      assert.deepEqual(await readdir(join(dataRoot, 'layers/staging')), []);
      assert.equal((await readdir(join(dataRoot, 'blobs/sha256'))).length, 3);
      const fits = await dockerArchive([await tarOf([['g', 'file', 'y']])], {}, ['fits:1']);
      assert.deepEqual((await load(store, fits))[0]?.References, ['fits:1']);
      await must('mount', ['-o', 'remount,ro', disk]);
      await assert.rejects(load(store, large), isKind('PermissionDenied'));
      assert.equal(store.store.find('fits:1').layers.length, 1);
      await must('mount', ['-o', 'remount,rw', disk]);
    } finally {
      await store.store.layers.settle();
      await must('umount', [disk]);
      await store[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    }
  });
});
