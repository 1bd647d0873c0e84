// Volumes on the real file system and kernel.
import assert from 'node:assert/strict';
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import type { EngineContext } from '../../runtime/engine/context.ts';
import { EventBus } from '../../runtime/engine/events.ts';
import { Log } from '../../runtime/engine/log.ts';
import { defaultOptions } from '../../runtime/engine/options.ts';
import { listMounts } from '../../runtime/native/mount.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { Database } from '../../runtime/store/database.ts';
import { volumeHandlers } from '../../runtime/volume/handlers.ts';
import { VolumeStore } from '../../runtime/volume/volume_store.ts';
import { callContext } from '../support/image_store.ts';

const isKind = (kind: string) => (error: unknown) => isEngineError(error) && error.kind === kind;

class TestVolumes implements AsyncDisposable {
  readonly directory: string;
  readonly context: EngineContext;
  readonly store: VolumeStore;
  readonly handlers: ReturnType<typeof volumeHandlers>;
  readonly users: Map<string, string>;

  private constructor(directory: string, context: EngineContext, store: VolumeStore, users: Map<string, string>) {
    this.directory = directory;
    this.context = context;
    this.store = store;
    this.handlers = volumeHandlers(store);
    this.users = users;
  }

  static async open(known?: string): Promise<TestVolumes> {
    const directory = known ?? (await mkdtemp(join(tmpdir(), 'slipway-volumes-')));
    const context: EngineContext = {
      paths: { dataRoot: join(directory, 'data'), execRoot: directory, socket: join(directory, 's') },
      database: new Database(join(directory, 'records.db')),
      events: new EventBus(),
      options: defaultOptions,
      log: new Log('error'),
      rootless: false,
    };
    const users = new Map<string, string>();
    const usersOfVolume = (name: string) =>
      [...users].filter(([, volume]) => volume === name).map(([id]) => ({ id, name: `/${id}`, running: true }));
    return new TestVolumes(directory, context, await VolumeStore.open(context, { usersOfVolume }), users);
  }

  async restart(): Promise<TestVolumes> {
    this.context.database[Symbol.dispose]();
    return TestVolumes.open(this.directory);
  }

  async mounts(): Promise<string[]> {
    return (await listMounts()).map(({ target }) => target).filter((target) => target.startsWith(this.directory));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.restore([]);
    this.context.database[Symbol.dispose]();
    await rm(this.directory, { recursive: true });
  }
}

function stream(input: Readable): { duplex: Duplex; output: Promise<Buffer> } {
  const out = new PassThrough();
  return { duplex: Duplex.from({ readable: input, writable: out }), output: buffer(out) };
}

describe('volumes', () => {
  test('are created once, listed, inspected and removed', async () => {
    await using volumes = await TestVolumes.open();
    const { handlers } = volumes;
    const created = await handlers['volume.create']({ Name: 'data', Labels: { a: 'b' } }, callContext());
    assert.deepEqual(await handlers['volume.create']({ Name: 'data' }, callContext()), created);
    assert.equal((await stat(join(volumes.context.paths.dataRoot, 'volumes'))).mode & 0o777, 0o700);
    await writeFile(join(created.Mountpoint, 'x'), '12345');
    const inspected = await handlers['volume.inspect']({ Volume: 'data', Size: true }, callContext());
    assert.equal(inspected.UsageData?.Size, 5);
    const { Name: anonymous } = await handlers['volume.create']({}, callContext());
    assert.match(anonymous, /^[0-9a-f]{64}$/);
    const named = await handlers['volume.list']({ Filters: { label: ['a=b'] } }, callContext());
    assert.deepEqual(
      named.Volumes.map(({ Name }) => Name),
      ['data'],
    );
    assert.deepEqual(await handlers['volume.prune']({}, callContext()), {
      VolumesDeleted: [anonymous],
      SpaceReclaimed: 0,
    });
    assert.deepEqual(await handlers['volume.prune']({ Filters: { all: ['true'] } }, callContext()), {
      VolumesDeleted: ['data'],
      SpaceReclaimed: 5,
    });
    await assert.rejects(handlers['volume.inspect']({ Volume: 'data' }, callContext()), isKind('NotFound'));
    await assert.rejects(handlers['volume.remove']({ Volume: 'data' }, callContext()), isKind('NotFound'));
    assert.equal(await handlers['volume.remove']({ Volume: 'data', Force: true }, callContext()), null);
  });

  test('names and options that lead elsewhere are refused', async () => {
    await using volumes = await TestVolumes.open();
    for (const Name of ['../x', 'a/b', '.x', 'a', 'a\0b', 'x'.repeat(300), '-rf'])
      await assert.rejects(volumes.handlers['volume.create']({ Name }, callContext()), isKind('InvalidArgument'), Name);
    for (const DriverOpts of [
      { o: 'bind' },
      { type: 'none' },
      { nonsense: '1' },
      { type: 'none', o: 'bind', device: 'relative' },
    ])
      await assert.rejects(
        volumes.handlers['volume.create']({ Name: 'bad', DriverOpts }, callContext()),
        isKind('InvalidArgument'),
      );
    await assert.rejects(
      volumes.handlers['volume.create']({ Name: 'bad', Driver: 'nfs' }, callContext()),
      isKind('Unsupported'),
    );
    await volumes.handlers['volume.create']({ Name: 'plain' }, callContext());
    await assert.rejects(
      volumes.handlers['volume.create'](
        { Name: 'plain', DriverOpts: { type: 'tmpfs', device: 'tmpfs' } },
        callContext(),
      ),
      isKind('Conflict'),
    );
  });

  test('in use they stay; anonymous ones go with their container', async () => {
    await using volumes = await TestVolumes.open();
    const named = await volumes.store.ensure({ name: 'named' });
    const anonymous = await volumes.store.ensure({});
    volumes.users.set('c1', named.name);
    await assert.rejects(
      volumes.handlers['volume.remove']({ Volume: 'named', Force: true }, callContext()),
      isKind('Conflict'),
    );
    volumes.users.set('c2', anonymous.name);
    await volumes.store.removeAnonymous(anonymous.name);
    assert.equal(volumes.store.get(anonymous.name).name, anonymous.name);
    volumes.users.clear();
    await volumes.store.removeAnonymous(anonymous.name);
    await volumes.store.removeAnonymous('named');
    assert.throws(() => volumes.store.get(anonymous.name), isKind('NotFound'));
    assert.equal(volumes.store.get('named').name, 'named');
  });

  test("a new one takes over the image's content, with owners, modes and links, and only once", async () => {
    await using volumes = await TestVolumes.open();
    const root = join(volumes.directory, 'rootfs');
    await mkdir(join(root, 'data/sub'), { recursive: true });
    await writeFile(join(root, 'data/sub/file'), 'content', { mode: 0o640 });
    await chown(join(root, 'data/sub/file'), 1234, 5678);
    await chown(join(root, 'data'), 42, 43);
    await symlink('/etc/shadow', join(root, 'data/link'));
    await symlink('/data', join(root, 'alias'));
    const { mountpoint } = await volumes.store.ensure({ name: 'taken' });
    await volumes.store.populate('taken', root, '/alias');
    assert.deepEqual((await readdir(mountpoint)).sort(), ['link', 'sub']);
    const file = await stat(join(mountpoint, 'sub/file'));
    assert.deepEqual([file.uid, file.gid, file.mode & 0o777], [1234, 5678, 0o640]);
    assert.equal((await stat(mountpoint)).uid, 42);
    assert.ok((await lstat(join(mountpoint, 'link'))).isSymbolicLink());
    assert.equal(await readlink(join(mountpoint, 'link')), '/etc/shadow');
    await writeFile(join(root, 'data/later'), '');
    await volumes.store.populate('taken', root, '/data');
    assert.equal((await readdir(mountpoint)).includes('later'), false);
  });

  test('a link at the mount point does not lead out of the image', async () => {
    await using volumes = await TestVolumes.open();
    const root = join(volumes.directory, 'rootfs');
    await mkdir(join(root, 'etc'), { recursive: true });
    await writeFile(join(root, 'etc/inside'), '');
    await symlink('../../../../../../etc', join(root, 'data'));
    const { mountpoint } = await volumes.store.ensure({ name: 'safe' });
    await volumes.store.populate('safe', root, '/data');
    assert.deepEqual(await readdir(mountpoint), ['inside']);
  });

  test('bind and tmpfs volumes are mounted for the first user and unmounted with the last', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('mounting needs root here');
    await using volumes = await TestVolumes.open();
    const device = join(volumes.directory, 'elsewhere');
    await mkdir(device);
    await writeFile(join(device, 'there'), '');
    await volumes.store.ensure({ name: 'bound', options: { type: 'none', o: 'bind', device } });
    await volumes.store.ensure({ name: 'memory', options: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=1700' } });
    assert.deepEqual(await volumes.mounts(), []);
    const target = await volumes.store.mount('bound', 'c1');
    assert.equal(await volumes.store.mount('bound', 'c2'), target);
    assert.deepEqual(await readdir(target), ['there']);
    const memory = await volumes.store.mount('memory', 'c1');
    assert.equal((await stat(memory)).mode & 0o7777, 0o1700);
    assert.equal((await volumes.mounts()).length, 2);
    await volumes.store.unmount('bound', 'c1');
    assert.equal((await volumes.mounts()).length, 2);
    await volumes.store.unmount('bound', 'c2');
    await volumes.store.unmount('memory', 'c1');
    assert.deepEqual(await volumes.mounts(), []);
    await volumes.store.remove('bound');
    assert.equal(await readFile(join(device, 'there'), 'utf8'), '');
    await volumes.store.ensure({
      name: 'absent',
      options: { type: 'none', o: 'bind', device: join(volumes.directory, 'nowhere') },
    });
    await assert.rejects(volumes.store.mount('absent', 'c1'), isKind('InvalidArgument'));
  });

  test('after a restart mounts and directories that belong to nobody are gone', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('mounting needs root here');
    const first = await TestVolumes.open();
    for (const name of ['kept', 'left']) {
      await first.store.ensure({ name, options: { type: 'tmpfs', device: 'tmpfs' } });
      await first.store.mount(name, 'c1');
    }
    const stray = join(first.context.paths.dataRoot, 'volumes', 'stray');
    await mkdir(stray);
    await using second = await first.restart();
    await second.store.restore([{ name: 'kept', containerId: 'c1' }]);
    assert.deepEqual(await second.mounts(), [second.store.mountpoint('kept')]);
    await assert.rejects(stat(stray), { code: 'ENOENT' });
    await second.store.unmount('kept', 'c1');
    assert.deepEqual(await second.mounts(), []);
  });

  test('export and import carry the content', async () => {
    await using volumes = await TestVolumes.open();
    const { mountpoint } = await volumes.store.ensure({ name: 'from' });
    await volumes.store.ensure({ name: 'into' });
    await mkdir(join(mountpoint, 'd'));
    await writeFile(join(mountpoint, 'd/f'), 'carried');
    const exporting = stream(Readable.from([]));
    const serve = await volumes.handlers['volume.export']({ Volume: 'from' }, callContext());
    await serve(exporting.duplex, new AbortController().signal);
    exporting.duplex.end();
    const archive = await exporting.output;
    const receive = await volumes.handlers['volume.import']({ Volume: 'into' }, callContext());
    await receive(stream(Readable.from([archive])).duplex, new AbortController().signal);
    assert.equal(await readFile(join(volumes.store.mountpoint('into'), 'd/f'), 'utf8'), 'carried');
    await assert.rejects(
      receive(stream(Readable.from([Buffer.from('no tar at all'.repeat(100))])).duplex, new AbortController().signal),
      isKind('DataCorrupt'),
    );
  });
});
