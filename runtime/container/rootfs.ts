// The root file system: an overlay of the image's layers, the base layer and the container's own writable directory.
// Mounted while it runs, or while somebody works with its files.
import { closeSync, mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openInRoot } from '../native/filesystem.ts';
import { mount, mountOverlay, unmount, unmountAll } from '../native/mount.ts';
import { EngineError } from '../protocol/errors.ts';
import { hasCode } from '../store/files.ts';
import { type Container, unlessEnded } from './container.ts';
import { type ContainerServices, directories } from './services.ts';

export async function mountRootfs(
  services: ContainerServices,
  container: { readonly id: string },
  lowerDirs: readonly string[],
): Promise<string> {
  const { rootfs, upper, work } = directories(services, container);
  await services.settling.get(container.id);
  await mountOverlay({
    lower: [services.baseLayer, ...lowerDirs],
    upper,
    work,
    target: rootfs,
    ...(services.context.rootless ? { userXattr: true } : {}),
  });
  return rootfs;
}

/** Lazily: programs that still stand in it (a shell of the host's) keep it alive, the container's own are gone by then. */
export async function unmountRootfs(services: ContainerServices, container: { readonly id: string }): Promise<void> {
  const { rootfs } = directories(services, container);
  const { settled } = await unmountAll(rootfs);
  const over = settled.finally(() => {
    if (services.settling.get(container.id) === over) services.settling.delete(container.id);
  });
  services.settling.set(container.id, over);
}

/** The container's files, running or not, while `body` works with them; stopped ones are mounted for it. */
export async function withRootfs<T>(
  services: ContainerServices,
  container: Container,
  body: (root: string) => Promise<T>,
): Promise<T> {
  if (container.isRunning) return await unlessEnded(container, () => body(`/proc/${container.state.pid}/root`));
  const release = await acquireStopped(services, container);
  try {
    return await body(directories(services, container).rootfs);
  } catch (error) {
    if (container.removal === undefined) throw error;
    throw new EngineError('Conflict', `container ${container.id} is being removed`, { cause: error });
  } finally {
    await release();
  }
}

/** Several may look at the same stopped container: the first mounts, the last unmounts. */
async function acquireStopped(services: ContainerServices, container: Container): Promise<() => Promise<void>> {
  await container.exclusive(async () => {
    if (container.isRemoved) throw new EngineError('NotFound', `No such container: ${container.id}`);
    if (container.isRunning || container.rootfsUsers++ > 0) return;
    container.holdsResources = true;
    try {
      const image = await services.images.resolve(container.record.imageId);
      await mountRootfs(services, container, image.lowerDirs);
    } catch (error) {
      container.rootfsUsers -= 1;
      throw error;
    }
  });
  return () =>
    container.exclusive(async () => {
      container.rootfsUsers -= 1;
      if (container.rootfsUsers === 0 && !container.isRunning) await unmountRootfs(services, container);
    });
}

/** An image's files, read-only, for a container that shows them beside its own. The path they are at. */
export async function mountImage(
  services: ContainerServices,
  container: { readonly id: string },
  imageId: string,
): Promise<string> {
  const { lowerDirs } = await services.images.resolve(imageId);
  const { images } = directories(services, container);
  // Without a writable directory an overlay needs two others; an image may have fewer.
  const fill = ['empty/1', 'empty/2'].map((name) => join(images, name));
  const target = join(images, imageId.replace('sha256:', ''));
  for (const path of [...fill, target]) mkdirSync(path, { recursive: true, mode: 0o700 });
  await mountOverlay({
    lower: [...lowerDirs, ...fill],
    target,
    ...(services.context.rootless ? { userXattr: true } : {}),
  });
  return target;
}

export async function unmountImage(
  services: ContainerServices,
  container: { readonly id: string },
  imageId: string,
): Promise<void> {
  const target = join(directories(services, container).images, imageId.replace('sha256:', ''));
  while (await unmount(target, { detach: true }).catch(() => false));
}

/** open(2): a descriptor that only says where something is. fs.constants does not have it. */
const O_PATH = 0o10000000;

/**
 * What is below a mount's source and stays inside it, whatever links say, and whoever changes them before the runtime comes:
 * it is bound to a place of the engine's own. That place.
 */
export async function mountSubpath(
  services: ContainerServices,
  container: { readonly id: string },
  index: number,
  directory: string,
  subpath: string,
): Promise<string> {
  const target = join(directories(services, container).subpaths, String(index));
  const fd = await openInRoot(directory, subpath, O_PATH).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
    const what = `cannot access path ${join(directory, subpath)}: no such file or directory`;
    throw new EngineError('InvalidArgument', what, { cause: error });
  });
  try {
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    const source = `/proc/self/fd/${fd}`;
    if (statSync(source).isDirectory()) mkdirSync(target, { recursive: true });
    else writeFileSync(target, '');
    await mount({ type: 'rbind', source, target });
    return target;
  } finally {
    closeSync(fd);
  }
}

export async function unmountSubpath(
  services: ContainerServices,
  container: { readonly id: string },
  index: number,
): Promise<void> {
  const target = join(directories(services, container).subpaths, String(index));
  while (await unmount(target, { detach: true }).catch(() => false));
}

/** A tmpfs on the host that several containers use as /dev/shm. */
export async function mountSharedMemory(path: string, size: number): Promise<void> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  await mount({
    type: 'tmpfs',
    source: 'shm',
    target: path,
    options: ['nosuid', 'nodev', 'noexec', 'mode=1777', `size=${size}`],
  });
}

export async function unmountSharedMemory(path: string): Promise<void> {
  if (!(await unmount(path, { detach: true }).catch(() => false))) return;
  rmdirSync(path);
}
