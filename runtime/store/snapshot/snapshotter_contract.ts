// What every snapshotter must do, as tests: any implementation is run through the same suite.
import assert from 'node:assert/strict';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packStream, unpackStream } from '../../native/archive.ts';
import type { Snapshot, Snapshotter } from './snapshotter.ts';

interface Given {
  readonly snapshot: Snapshot;
  readonly directory: string;
}

/** Two layers: the upper one hides `gone`, replaces `dir` as a whole, and changes `both`. */
async function makeLayers(directory: string): Promise<string[]> {
  const [bottom, top] = [join(directory, 'bottom'), join(directory, 'top')];
  const source = join(directory, 'source');
  await mkdir(join(bottom, 'dir'), { recursive: true });
  for (const [name, content] of Object.entries({ gone: '1', both: 'below', 'dir/old': '2', kept: '3' }))
    await writeFile(join(bottom, name), content);
  await chmod(join(bottom, 'kept'), 0o640);
  await symlink('kept', join(bottom, 'link'));
  await mkdir(join(source, 'dir'), { recursive: true });
  for (const [name, content] of Object.entries({
    '.wh.gone': '',
    both: 'above',
    'dir/.wh..wh..opq': '',
    'dir/new': '4',
  }))
    await writeFile(join(source, name), content);
  await mkdir(top);
  const { stream } = packStream({ kind: 'tree', root: source });
  await unpackStream(stream, { target: top, whiteouts: 'overlay' });
  return [top, bottom];
}

async function given(task: (given: Given) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-snapshot-'));
  try {
    const own = join(directory, 'own');
    await mkdir(own);
    await task({ directory, snapshot: { directory: own, lower: await makeLayers(directory) } });
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function mounted<T>(
  snapshotter: Snapshotter,
  snapshot: Snapshot,
  task: (root: string) => Promise<T>,
): Promise<T> {
  const root = await snapshotter.mount(snapshot);
  try {
    return await task(root);
  } finally {
    await snapshotter.unmount(snapshot);
  }
}

async function write(root: string): Promise<void> {
  await writeFile(join(root, 'kept'), 'changed');
  await writeFile(join(root, 'fresh'), 'new');
  await unlink(join(root, 'both'));
}

const expectedChanges = [
  { path: '/both', kind: 'D' },
  { path: '/fresh', kind: 'A' },
  { path: '/kept', kind: 'C' },
];

export function snapshotterContract(make: () => Snapshotter, skip: string | false): void {
  describe(`the ${make().name} snapshotter`, { skip }, () => {
    test('shows the layers over each other, deletions and replaced directories included', () =>
      given(async ({ snapshot }) => {
        const snapshotter = make();
        await snapshotter.prepare(snapshot);
        await mounted(snapshotter, snapshot, async (root) => {
          assert.deepEqual((await readdir(root)).sort(), ['both', 'dir', 'kept', 'link']);
          assert.equal(await readFile(join(root, 'both'), 'utf8'), 'above');
          assert.deepEqual(await readdir(join(root, 'dir')), ['new']);
          assert.equal((await stat(join(root, 'kept'))).mode & 0o777, 0o640);
          assert.ok((await lstat(join(root, 'link'))).isSymbolicLink());
        });
        await snapshotter.remove(snapshot);
      }));

    test('keeps what is written over unmounting, for another instance too, and away from the layers', () =>
      given(async ({ snapshot, directory }) => {
        const first = make();
        await first.prepare(snapshot);
        await mounted(first, snapshot, write);
        const second = make();
        await second.prepare(snapshot);
        await mounted(second, snapshot, async (root) => {
          assert.equal(await readFile(join(root, 'kept'), 'utf8'), 'changed');
          assert.deepEqual((await readdir(root)).sort(), ['dir', 'fresh', 'kept', 'link']);
        });
        assert.equal(await readFile(join(directory, 'bottom/kept'), 'utf8'), '3');
        assert.equal(await readFile(join(directory, 'top/both'), 'utf8'), 'above');
        await second.remove(snapshot);
      }));

    test('tells what was written, mounted or not', () =>
      given(async ({ snapshot }) => {
        const snapshotter = make();
        await snapshotter.prepare(snapshot);
        assert.deepEqual(await snapshotter.changes(snapshot), []);
        await mounted(snapshotter, snapshot, async (root) => {
          await write(root);
          assert.deepEqual(await snapshotter.changes(snapshot), expectedChanges);
        });
        assert.deepEqual(await snapshotter.changes(snapshot), expectedChanges);
        await snapshotter.remove(snapshot);
      }));

    test('gives a difference that makes the same tree over the same layers', () =>
      given(async ({ snapshot, directory }) => {
        const snapshotter = make();
        await snapshotter.prepare(snapshot);
        await mounted(snapshotter, snapshot, write);
        const layer = join(directory, 'layer');
        await mkdir(layer);
        {
          await using difference = await snapshotter.difference(snapshot);
          const { stream, result } = packStream(difference.source);
          await unpackStream(stream, { target: layer, whiteouts: 'overlay' });
          await result;
        }
        const next: Snapshot = { directory: join(directory, 'next'), lower: [layer, ...snapshot.lower] };
        await mkdir(next.directory);
        await snapshotter.prepare(next);
        await mounted(snapshotter, next, async (root) => {
          assert.deepEqual((await readdir(root)).sort(), ['dir', 'fresh', 'kept', 'link']);
          assert.equal(await readFile(join(root, 'kept'), 'utf8'), 'changed');
        });
        await snapshotter.remove(next);
        await snapshotter.remove(snapshot);
      }));

    test('refuses to be mounted twice, and unmounts what is not mounted without complaint', () =>
      given(async ({ snapshot }) => {
        const snapshotter = make();
        await snapshotter.prepare(snapshot);
        await mounted(snapshotter, snapshot, () => assert.rejects(snapshotter.mount(snapshot)));
        await snapshotter.unmount(snapshot);
        await snapshotter.remove(snapshot);
        await assert.rejects(stat(snapshot.directory), { code: 'ENOENT' });
      }));
  });
}
