// Files in and out of containers: cp, export, diff. Paths are resolved inside the container's root only, whatever links the
// container swaps meanwhile (CVE-2018-15664, CVE-2019-14271): the native part walks with openat2(RESOLVE_IN_ROOT).
import { closeSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { changes, packStream, unpackStream } from '../native/archive.ts';
import { type FileStatus, openInRoot, statInRoot } from '../native/filesystem.ts';
import { NativeError } from '../native/native.ts';
import type { FilesystemChange, PathStat } from '../protocol/container_views.ts';
import { EngineError } from '../protocol/errors.ts';
import type { StreamServer } from '../protocol/handler.ts';
import type { Params } from '../protocol/methods.ts';
import type { Container } from './container.ts';
import { withRootfs } from './rootfs.ts';
import { type ContainerServices, directories, publish } from './services.ts';
import { readUserFiles, resolveUser } from './spec/user.ts';

/** Go's os.FileMode bits. */
const goMode: Readonly<Record<FileStatus['kind'], number>> = {
  file: 0,
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  character: 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
  socket: 2 ** 24,
};

function toGoMode({ kind, mode }: FileStatus): number {
  const special = (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return goMode[kind] + special + (mode & 0o777);
}

function pathError(error: unknown, container: string, path: string): unknown {
  if (!(error instanceof NativeError)) return error;
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    return new EngineError(
      'NotFound',
      `Could not find the file ${path.replace(/(?<=.)\/+$/, '')} in container ${container}`,
    );
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return new EngineError('ResourceExhausted', error.message);
  if (error.code === 'EROFS' || error.code === 'EACCES' || error.code === 'EPERM')
    return new EngineError('PermissionDenied', error.message);
  return new EngineError('DataCorrupt', error.message);
}

async function statView(root: string, path: string): Promise<PathStat> {
  // A trailing slash asks for the directory behind a link.
  const status = await statInRoot(root, path, /\/\.?$/.test(path));
  return {
    name: nameOf(path, status),
    size: status.size,
    mode: toGoMode(status),
    mtime: new Date(status.mtime * 1000).toISOString(),
    linkTarget: status.linkTarget === undefined ? '' : await linkTarget(root, path, status),
  };
}

/** What Go's filepath.Base says of the path: a trailing dot is kept, `..` is gone up. */
function nameOf(path: string, { name, resolved }: FileStatus): string {
  if (path.endsWith('/.')) return '.';
  const own = name === '..' ? basename(resolved) : name;
  return own === '' || own === '.' ? '/' : own;
}

/** Where the link leads inside the root; as written if it leads nowhere. */
async function linkTarget(root: string, path: string, status: FileStatus): Promise<string> {
  try {
    return (await statInRoot(root, path, true)).resolved;
  } catch {
    return status.linkTarget ?? '';
  }
}

/** `asked` is the container's name as the client wrote it. */
export async function archiveStat(
  services: ContainerServices,
  container: Container,
  path: string,
  asked: string,
): Promise<PathStat> {
  try {
    return await withRootfs(services, container, (root) => statView(root, path));
  } catch (error) {
    throw pathError(error, asked, path);
  }
}

export async function archiveGet(
  services: ContainerServices,
  container: Container,
  params: Params<'container.archiveGet'>,
): Promise<StreamServer<'container.archiveGet'>> {
  const { Path: path, As } = params;
  await archiveStat(services, container, path, params.Container);
  return (client, signal) =>
    withRootfs(services, container, async (root) => {
      client.resume();
      const stat = await statView(root, path);
      const follow = params.Follow === true || /\/\.?$/.test(path);
      const { stream } = packStream(
        { kind: 'path', root, path, follow, ...(As === undefined ? {} : { as: As }) },
        { signal },
      );
      await pipeline(stream, client, { end: false, signal });
      publish(services, container, 'archive-path', { path }, undefined);
      return stat;
    });
}

/** Read-only roots and mounts stay so for those who copy from outside. */
function assertWritable(container: Container, path: string): void {
  const { hostConfig, mounts } = container.record;
  const covering = mounts
    .filter(({ destination }) => path === destination || path.startsWith(`${destination}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
  if (covering?.readOnly ?? false) throw new EngineError('PermissionDenied', 'mounted volume is marked read-only');
  if (covering === undefined && hostConfig.ReadonlyRootfs === true)
    throw new EngineError('PermissionDenied', 'container rootfs is marked read-only');
}

export async function archivePut(
  services: ContainerServices,
  container: Container,
  params: Params<'container.archivePut'>,
): Promise<StreamServer<'container.archivePut'>> {
  const { Path } = params;
  assertWritable(container, Path);
  const stat = await archiveStat(services, container, Path.endsWith('/') ? Path : `${Path}/`, params.Container);
  if (stat.mode < 2 ** 31) throw new EngineError('InvalidArgument', `extraction point is not a directory: ${Path}`);
  return (client, signal) =>
    withRootfs(services, container, async (root) => {
      let directory: number | undefined;
      try {
        const owner = params.CopyUIDGID === true ? await containerUser(container, root) : undefined;
        // Held by its descriptor: by a path, links that the container swaps meanwhile would lead out.
        directory = await openInRoot(root, Path, constants.O_RDONLY | constants.O_DIRECTORY, 0);
        await unpackStream(client, {
          target: `/proc/self/fd/${directory}`,
          compression: 'auto',
          signal,
          ...(owner === undefined ? {} : { owner }),
          ...(params.NoOverwriteDirNonDir === true ? { refuseTypeChange: true } : {}),
        });
      } catch (error) {
        throw pathError(error, params.Container, Path);
      } finally {
        if (directory !== undefined) closeSync(directory);
      }
      publish(services, container, 'extract-to-dir', { path: Path }, undefined);
      return null;
    });
}

async function containerUser({ record }: Container, root: string): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = resolveUser(record.config.User ?? '', await readUserFiles(root));
  return { uid, gid };
}

export async function exportContainer(
  services: ContainerServices,
  container: Container,
): Promise<StreamServer<'container.export'>> {
  if (container.removal !== undefined)
    throw new EngineError('Conflict', `You cannot export container ${container.id} which is being removed`);
  return (client, signal) =>
    withRootfs(services, container, async (root) => {
      client.resume();
      const { stream } = packStream({ kind: 'tree', root }, { signal });
      await pipeline(stream, client, { end: false, signal });
      publish(services, container, 'export', {}, undefined);
      return null;
    });
}

const kinds = { C: 0, A: 1, D: 2 } as const;

/** docker diff */
export async function containerChanges(services: ContainerServices, container: Container): Promise<FilesystemChange[]> {
  const image = await services.images.resolve(container.record.imageId);
  const found = await changes({
    kind: 'overlay',
    upper: directories(services, container).upper,
    lower: [services.baseLayer, ...image.lowerDirs],
    ...(services.context.rootless ? { userXattr: true } : {}),
  });
  return found.map(({ path, kind }) => ({ Path: path, Kind: kinds[kind] }));
}
