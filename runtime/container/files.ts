// file.*: files of containers, volumes and image layers, for editors. Every path is resolved inside its root by the native
// part; what is done with an entry is done through a descriptor of its directory, so that no link swapped meanwhile matters.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, createReadStream, createWriteStream } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  unlink,
} from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { copyTree, type FileStatus, openInRoot, removeTree, statInRoot } from '../native/filesystem.ts';
import { mountOverlay, unmount } from '../native/mount.ts';
import { NativeError } from '../native/native.ts';
import { EngineError } from '../protocol/errors.ts';
import type { FileRoot, FileStat, fileMethods } from '../protocol/file.ts';
import type { HandlersOf } from '../protocol/handler.ts';
import { withRootfs } from './rootfs.ts';
import type { ContainerServices } from './services.ts';

const types: Readonly<Partial<Record<FileStatus['kind'], FileStat['Type']>>> = {
  file: 'file',
  directory: 'directory',
  symlink: 'link',
};

function toError(error: unknown, path: string): unknown {
  const code =
    error instanceof NativeError
      ? error.code
      : error instanceof Error
        ? (error as NodeJS.ErrnoException).code
        : undefined;
  switch (code) {
    case 'ENOENT':
      return new EngineError('NotFound', `${path}: no such file or directory`);
    case 'EEXIST':
    case 'ENOTEMPTY':
      return new EngineError('AlreadyExists', `${path}: it exists already, or is not empty`);
    case 'ENOTDIR':
    case 'EISDIR':
      return new EngineError(
        'Conflict',
        `${path}: ${code === 'EISDIR' ? 'it is a directory' : 'it is not a directory'}`,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EngineError('PermissionDenied', `${path}: it cannot be changed (${code})`);
    case 'ENOSPC':
    case 'EDQUOT':
      return new EngineError('ResourceExhausted', `${path}: no space left`);
    default:
      return error;
  }
}

/** A directory that is open: paths below `/proc/self/fd/N` are in it whatever becomes of its name. */
class Directory implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static async open(root: string, path: string): Promise<Directory> {
    return new Directory(await openInRoot(root, path, constants.O_RDONLY | constants.O_DIRECTORY, 0));
  }

  entry(name: string): string {
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  get path(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** The directory that has the entry, and the entry's name. The root itself is no entry. */
async function parentOf(root: string, path: string): Promise<{ directory: Directory; name: string }> {
  const clean = posix.normalize(`/${path}`).replace(/(.)\/$/, '$1');
  const name = posix.basename(clean);
  if (name === '' || name === '..') throw new EngineError('InvalidArgument', 'the root itself cannot be changed');
  return { directory: await Directory.open(root, posix.dirname(clean)), name };
}

async function statIn(directory: Directory, name: string): Promise<FileStat> {
  const status = await lstat(directory.entry(name));
  const type = status.isFile()
    ? 'file'
    : status.isDirectory()
      ? 'directory'
      : status.isSymbolicLink()
        ? 'link'
        : 'other';
  return {
    Name: name,
    Type: type,
    Size: status.size,
    Mode: status.mode & 0o7777,
    Uid: status.uid,
    Gid: status.gid,
    Mtime: status.mtimeMs,
    Ctime: status.ctimeMs,
    ...(type === 'link' ? { Target: await readlink(directory.entry(name)) } : {}),
  };
}

/** What a link leads to inside the root. */
async function withTarget(root: string, path: string, stat: FileStat): Promise<FileStat> {
  if (stat.Type !== 'link') return stat;
  try {
    const { kind } = await statInRoot(root, path, true);
    return { ...stat, TargetType: kind === 'file' || kind === 'directory' ? kind : 'other' };
  } catch {
    return stat;
  }
}

async function statAt(root: string, path: string): Promise<FileStat> {
  if (posix.normalize(`/${path}`) === '/') {
    const { kind, mode, size, uid, gid, mtime } = await statInRoot(root, '/', true);
    return {
      Name: '/',
      Type: types[kind] ?? 'other',
      Size: size,
      Mode: mode,
      Uid: uid,
      Gid: gid,
      Mtime: mtime * 1000,
      Ctime: mtime * 1000,
    };
  }
  const { directory, name } = await parentOf(root, path);
  using _open = directory;
  return await withTarget(root, path, await statIn(directory, name));
}

async function list(root: string, path: string): Promise<FileStat[]> {
  using directory = await Directory.open(root, path);
  const names = await readdir(directory.path);
  const stats = await Promise.all(names.map((name) => statIn(directory, name).catch(() => undefined)));
  // What vanished while we looked is not there.
  return await Promise.all(
    stats.filter((stat) => stat !== undefined).map((stat) => withTarget(root, posix.join(path, stat.Name), stat)),
  );
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

async function assertFree(path: string, overwrite: boolean, shown: string): Promise<void> {
  if (!overwrite && (await exists(path))) throw new EngineError('AlreadyExists', `${shown}: it exists already`);
}

async function remove(root: string, path: string, recursive: boolean): Promise<null> {
  const { directory, name } = await parentOf(root, path);
  using _open = directory;
  const entry = directory.entry(name);
  if (!(await lstat(entry)).isDirectory()) await unlink(entry);
  else if (recursive) await removeTree(entry);
  else await rmdir(entry);
  return null;
}

async function move(root: string, from: string, to: string, overwrite: boolean): Promise<null> {
  const source = await parentOf(root, from);
  using _source = source.directory;
  const target = await parentOf(root, to);
  using _target = target.directory;
  await assertFree(target.directory.entry(target.name), overwrite, to);
  await rename(source.directory.entry(source.name), target.directory.entry(target.name));
  return null;
}

async function copy(root: string, from: string, to: string, overwrite: boolean): Promise<null> {
  const source = await parentOf(root, from);
  using _source = source.directory;
  const target = await parentOf(root, to);
  using _target = target.directory;
  const [fromEntry, toEntry] = [source.directory.entry(source.name), target.directory.entry(target.name)];
  await assertFree(toEntry, overwrite, to);
  const status = await lstat(fromEntry);
  if (status.isDirectory()) {
    await mkdir(toEntry, { recursive: overwrite });
    await copyTree(fromEntry, toEntry);
  } else if (status.isFile()) {
    await copyFile(fromEntry, toEntry, constants.COPYFILE_FICLONE);
    await chown(toEntry, status.uid, status.gid);
  } else throw new EngineError('Unsupported', `${from}: only files and directories can be copied`);
  return null;
}

type Use = <T>(root: FileRoot, path: string, change: boolean, body: (root: string) => Promise<T>) => Promise<T>;

/** One tree of all layers, read-only, for as long as it is used. */
async function withImage<T>(
  services: ContainerServices,
  lowerDirs: readonly string[],
  body: (root: string) => Promise<T>,
): Promise<T> {
  const [only] = lowerDirs;
  if (lowerDirs.length === 1 && only !== undefined) return await body(only);
  const target = await mkdtemp(join(services.context.paths.execRoot, 'image-'));
  try {
    await mountOverlay({
      lower: lowerDirs,
      target,
      readonly: true,
      ...(services.context.rootless ? { userXattr: true } : {}),
    });
    return await body(target);
  } finally {
    await unmount(target, { detach: true });
    await rm(target, { recursive: true, force: true });
  }
}

function rootUser(services: ContainerServices): Use {
  const open: Use = async (root, path, change, body) => {
    if ('Container' in root) return await withRootfs(services, services.store.find(root.Container), body);
    if ('Volume' in root) {
      const user = `files-${randomBytes(8).toString('hex')}`;
      const directory = await services.volumes.mount(root.Volume, user);
      try {
        return await body(directory);
      } finally {
        await services.volumes.unmount(root.Volume, user);
      }
    }
    if (change) throw new EngineError('PermissionDenied', `${path}: layers of images are read-only`);
    const { lowerDirs } = await services.images.resolve(root.Image);
    if (root.Layer === undefined) return await withImage(services, lowerDirs, body);
    const layer = lowerDirs[lowerDirs.length - 1 - root.Layer];
    if (layer === undefined) throw new EngineError('NotFound', `image ${root.Image} has no layer ${root.Layer}`);
    return await body(layer);
  };
  return async (root, path, change, body) => {
    try {
      return await open(root, path, change, body);
    } catch (error) {
      throw toError(error, path);
    }
  };
}

/** Writes to a new name beside the old, then takes its place, with its owner and mode. */
async function write(
  root: string,
  path: string,
  source: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<FileStat> {
  const { directory, name } = await parentOf(root, path);
  using _open = directory;
  const temporary = directory.entry(`.${name.slice(0, 200)}.${randomBytes(6).toString('hex')}`);
  const old = await lstat(directory.entry(name)).catch(() => undefined);
  try {
    await pipeline(source, createWriteStream(temporary, { flags: 'wx', mode: 0o644 }), { signal });
    if (old !== undefined) {
      await chown(temporary, old.uid, old.gid);
      await chmod(temporary, old.mode & 0o7777);
    }
    await rename(temporary, directory.entry(name));
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  return await statIn(directory, name);
}

export function fileHandlers(services: ContainerServices): HandlersOf<typeof fileMethods> {
  const use = rootUser(services);
  return {
    'file.stat': ({ Root, Path }) => use(Root, Path, false, (root) => statAt(root, Path)),
    'file.list': ({ Root, Path }) => use(Root, Path, false, (root) => list(root, Path)),
    'file.read': async ({ Root, Path }) => {
      const { Type } = await use(Root, Path, false, (root) => statAt(root, Path));
      if (Type === 'directory') throw new EngineError('Conflict', `${Path}: it is a directory`);
      return (duplex, signal) =>
        use(Root, Path, false, async (root) => {
          duplex.resume();
          // Without O_NONBLOCK a fifo would wait for a writer that may never come.
          const fd = await openInRoot(root, Path, constants.O_RDONLY | constants.O_NONBLOCK, 0);
          await pipeline(createReadStream('', { fd }), duplex, { end: false, signal });
          return null;
        });
    },
    'file.write': async ({ Root, Path, Create, Overwrite }) => {
      await use(Root, Path, true, async (root) => {
        const there = await statAt(root, Path).catch(() => undefined);
        if (there === undefined && Create !== true)
          throw new EngineError('NotFound', `${Path}: no such file or directory`);
        if (there !== undefined && Overwrite !== true)
          throw new EngineError('AlreadyExists', `${Path}: it exists already`);
        if (there?.Type === 'directory') throw new EngineError('Conflict', `${Path}: it is a directory`);
      });
      return (duplex, signal) => use(Root, Path, true, (root) => write(root, Path, duplex, signal));
    },
    'file.createDirectory': ({ Root, Path }) =>
      use(Root, Path, true, async (root) => {
        const { directory, name } = await parentOf(root, Path);
        using _open = directory;
        await mkdir(directory.entry(name), { mode: 0o755 });
        return null;
      }),
    'file.remove': ({ Root, Path, Recursive }) =>
      use(Root, Path, true, (root) => remove(root, Path, Recursive === true)),
    'file.rename': ({ Root, Path, To, Overwrite }) =>
      use(Root, Path, true, (root) => move(root, Path, To, Overwrite === true)),
    'file.copy': ({ Root, Path, To, Overwrite }) =>
      use(Root, Path, true, (root) => copy(root, Path, To, Overwrite === true)),
  };
}
