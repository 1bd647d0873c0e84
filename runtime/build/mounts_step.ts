// What `RUN --mount` brings into the container: other stages' files, cache directories, tmpfs, secrets, agent sockets. Each is
// taken away again, and a mount point that had to be made does not stay in the layer.

import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, chown, lstat, mkdtemp, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { OciMount } from '../container/spec/oci.ts';
import { copyTree, openInRoot } from '../native/filesystem.ts';
import { mount, unmount } from '../native/mount.ts';
import type { BuildRequest } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import { removeTree } from '../store/files.ts';
import { KeyedLock } from '../store/holds.ts';
import { makeMountPoint } from './run_step.ts';
import type { FileSource, RunMount } from './steps.ts';

export interface MountSources {
  /** A read-only root of the source's files; unmounted with `stack`. */
  open(source: FileSource, stack: AsyncDisposableStack): Promise<string>;
  /** A writable view of the source whose changes are thrown away. */
  openWritable(source: FileSource, stack: AsyncDisposableStack): Promise<string>;
  readonly secrets: NonNullable<BuildRequest['Secrets']>;
  readonly ssh: NonNullable<BuildRequest['Ssh']>;
  /** Where cache directories live. */
  readonly cacheRoot: string;
  readonly scratch: string;
}

export interface PreparedMounts {
  readonly mounts: OciMount[];
  readonly env: string[];
}

/** Cache directories with `sharing=locked` serve one RUN at a time. */
const cacheLocks = new KeyedLock();
/** Cache directories in use, for `sharing=private`. */
const cachesInUse = new Map<string, number>();

/** @param stack takes what has to be undone after the run, in the reverse order */
export async function prepareMounts(
  mounts: readonly RunMount[],
  root: string,
  sources: MountSources,
  stack: AsyncDisposableStack,
): Promise<PreparedMounts> {
  const prepared: PreparedMounts = { mounts: [], env: [] };
  for (const wanted of mounts) await prepare(wanted, root, sources, stack, prepared);
  return prepared;
}

async function prepare(
  mount: RunMount,
  root: string,
  sources: MountSources,
  stack: AsyncDisposableStack,
  prepared: PreparedMounts,
): Promise<void> {
  switch (mount.type) {
    case 'bind': {
      const open = mount.writable ? sources.openWritable : sources.open;
      const from = await open.call(sources, mount.from, stack);
      const source = await pinned(from, mount.source, sources.scratch, stack);
      await place(root, mount.target, source.isFile, stack);
      prepared.mounts.push(bind(source.path, mount.target, mount.writable ? [] : ['ro']));
      return;
    }
    case 'cache': {
      const directory = await cacheDirectory(mount, sources, stack);
      const source =
        mount.from === undefined && mount.source !== '/'
          ? await pinned(directory, mount.source, sources.scratch, stack)
          : { path: directory };
      await place(root, mount.target, false, stack);
      prepared.mounts.push(bind(source.path, mount.target, mount.readonly ? ['ro'] : []));
      return;
    }
    case 'tmpfs': {
      await place(root, mount.target, false, stack);
      const size = mount.size === undefined ? [] : [`size=${mount.size}`];
      prepared.mounts.push({
        destination: mount.target,
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'nodev', ...size],
      });
      return;
    }
    case 'secret':
      await prepareSecret(mount, root, sources, stack, prepared);
      return;
    case 'ssh': {
      const agent =
        sources.ssh.find(({ Id }) => Id === mount.id)?.Paths?.[0] ??
        (mount.id === 'default' ? process.env['SSH_AUTH_SOCK'] : undefined);
      if (agent === undefined) {
        if (mount.required)
          throw new EngineError(
            'InvalidArgument',
            `no ssh agent was given for id ${mount.id}: build with --ssh ${mount.id}`,
          );
        return;
      }
      await place(root, mount.target, true, stack);
      prepared.mounts.push(bind(agent, mount.target, []));
      prepared.env.push(`SSH_AUTH_SOCK=${mount.target}`);
    }
  }
}

async function prepareSecret(
  mount: Extract<RunMount, { type: 'secret' }>,
  root: string,
  sources: MountSources,
  stack: AsyncDisposableStack,
  prepared: PreparedMounts,
): Promise<void> {
  const secret = sources.secrets.find(({ Id }) => Id === mount.id);
  if (secret === undefined) {
    if (mount.required) throw new EngineError('InvalidArgument', `secret ${mount.id}: not found`);
    return;
  }
  const content =
    secret.Value !== undefined
      ? Buffer.from(secret.Value)
      : secret.Base64 !== undefined
        ? Buffer.from(secret.Base64, 'base64')
        : readFileSync(secret.File ?? mount.id);
  if (mount.env !== undefined) prepared.env.push(`${mount.env}=${content.toString('utf8')}`);
  if (mount.target === undefined) return;
  // In the exec root, which is memory on every usual system: it reaches neither a layer nor a disk.
  const directory = await mkdtemp(join(sources.scratch, 'secret-'));
  stack.defer(() => removeTree(directory));
  const file = join(directory, 'secret');
  writeFileSync(file, content, { mode: 0o600 });
  await chown(file, mount.uid, mount.gid);
  await chmod(file, mount.mode);
  await place(root, mount.target, true, stack);
  prepared.mounts.push(bind(file, mount.target, ['ro', 'nosuid', 'nodev', 'noexec']));
}

function bind(source: string, destination: string, options: readonly string[]): OciMount {
  return { destination, type: 'bind', source, options: ['rbind', 'rprivate', ...options] };
}

/**
 * A path inside a root, bound to a place of its own: nobody can swap it for a link between the look and the mount. The
 * runtime mounts from that place, because it can't mount from a descriptor of another mount namespace.
 */
async function pinned(
  root: string,
  path: string,
  scratch: string,
  stack: AsyncDisposableStack,
): Promise<{ path: string; isFile: boolean }> {
  const directory = await mkdtemp(join(scratch, 'pinned-'));
  stack.defer(() => removeTree(directory));
  const fd = await openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const isFile = !fstatSync(fd).isDirectory();
    const target = join(directory, 'source');
    if (isFile) writeFileSync(target, '');
    else mkdirSync(target);
    await mount({ type: 'rbind', source: `/proc/self/fd/${fd}`, target });
    stack.defer(async () => void (await unmount(target, { detach: true })));
    return { path: target, isFile };
  } finally {
    closeSync(fd);
  }
}

async function place(root: string, target: string, isFile: boolean, stack: AsyncDisposableStack): Promise<void> {
  const made = await makeMountPoint(root, target, isFile);
  for (const path of made) {
    stack.defer(async () => {
      const absolute = join(root, path);
      // What the command itself put there stays.
      const stat = await lstat(absolute).catch(() => undefined);
      if (stat?.isDirectory() === true) await rmdir(absolute).catch(() => {});
      else if (stat?.isFile() === true && stat.size === 0) await unlink(absolute);
    });
  }
}

async function cacheDirectory(
  mount: Extract<RunMount, { type: 'cache' }>,
  sources: MountSources,
  stack: AsyncDisposableStack,
): Promise<string> {
  const name = createHash('sha256').update(mount.id).digest('hex').slice(0, 32);
  if (mount.sharing === 'locked') await hold(name, stack);
  let directory = join(sources.cacheRoot, name);
  if (mount.sharing === 'private') {
    for (let copy = 1; (cachesInUse.get(directory) ?? 0) > 0; copy += 1)
      directory = join(sources.cacheRoot, `${name}-${copy}`);
  }
  cachesInUse.set(directory, (cachesInUse.get(directory) ?? 0) + 1);
  stack.defer(() => void cachesInUse.set(directory, (cachesInUse.get(directory) ?? 1) - 1));
  const isNew = await lstat(directory).then(
    () => false,
    () => true,
  );
  if (!isNew) return directory;
  mkdirSync(directory, { recursive: true });
  if (mount.from !== undefined) {
    const from = await sources.open(mount.from, stack);
    const seed = await pinned(from, mount.source, sources.scratch, stack);
    await copyTree(seed.path, directory, { ownership: 'try' });
  }
  await chown(directory, mount.uid, mount.gid);
  await chmod(directory, mount.mode);
  return directory;
}

/** Waits for the lock and keeps it until the stack is disposed of. */
async function hold(name: string, stack: AsyncDisposableStack): Promise<void> {
  const taken = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  void cacheLocks.run(name, async () => {
    taken.resolve();
    await released.promise;
  });
  stack.defer(() => released.resolve());
  await taken.promise;
}
