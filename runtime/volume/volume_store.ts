// Volumes: directories under volumes/<name>/_data that outlive containers.
//
// The life of a volume: its directory is made, then it is recorded; removing takes the record first, then the directory, so
// that a directory without a record is always left over and removed at start-up. A volume with mount options is mounted on
// its _data for its first container and unmounted with its last.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerUses, VolumeRecord, Volumes } from '../container/dependencies.ts';
import type { EngineContext } from '../engine/context.ts';
import { copyTree, removeTree, statInRoot, treeSize } from '../native/filesystem.ts';
import { listMounts, mount, unmount } from '../native/mount.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Volume } from '../protocol/volume.ts';
import { hasCode, privateDirectory } from '../store/files.ts';
import { KeyedLock } from '../store/holds.ts';
import { checkVolumeOptions, mountFor, needsMount } from './options.ts';
import { type VolumeEntry, VolumeRecords } from './records.ts';

type EnsureRequest = Parameters<Volumes['ensure']>[0];

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const longestName = 255;
const anonymousLabel = 'com.docker.volume.anonymous';

export class VolumeStore implements Volumes {
  readonly context: EngineContext;
  readonly records: VolumeRecords;
  readonly uses: Pick<ContainerUses, 'usersOfVolume'>;
  readonly #root: string;
  readonly #locks = new KeyedLock();
  /** Containers that have a volume mounted, by its name: only for volumes with mount options. */
  readonly #mounted = new Map<string, Set<string>>();

  private constructor(context: EngineContext, uses: Pick<ContainerUses, 'usersOfVolume'>, root: string) {
    this.context = context;
    this.records = new VolumeRecords(context.database);
    this.uses = uses;
    this.#root = root;
  }

  static async open(context: EngineContext, uses: Pick<ContainerUses, 'usersOfVolume'>): Promise<VolumeStore> {
    await privateDirectory(context.paths.dataRoot);
    return new VolumeStore(context, uses, await privateDirectory(join(context.paths.dataRoot, 'volumes')));
  }

  mountpoint(name: string): string {
    return join(this.#root, name, '_data');
  }

  find(name: string): VolumeEntry {
    const entry = this.records.get(name);
    if (entry === undefined)
      throw new EngineError('NotFound', `get ${name}: no such volume`, {
        remedy: 'See which there are: slipway volume ls',
      });
    return entry;
  }

  get(name: string): VolumeRecord {
    const { driver } = this.find(name);
    return { name, driver, mountpoint: this.mountpoint(name) };
  }

  ensure(request: EnsureRequest): Promise<VolumeRecord & { readonly created: boolean }> {
    const name = request.name || randomBytes(32).toString('hex');
    return this.#locks.run(name, async () => {
      const existing = this.records.get(name);
      if (existing !== undefined) {
        checkSame(existing, request);
        return { ...this.get(name), created: false };
      }
      const entry = completeEntry(name, request);
      await makeDirectory(join(this.#root, name), 0o700);
      await makeDirectory(this.mountpoint(name), 0o755);
      await chmod(this.mountpoint(name), 0o755);
      this.records.add(entry);
      this.publish('create', entry);
      return { ...this.get(name), created: true };
    });
  }

  mount(name: string, containerId: string): Promise<string> {
    return this.#locks.run(name, async () => {
      const entry = this.find(name);
      const target = this.mountpoint(name);
      if (needsMount(entry.options)) {
        const users = this.#mounted.get(name) ?? new Set();
        if (users.size === 0) await this.#mountOptions(entry, target);
        this.#mounted.set(name, users.add(containerId));
      }
      this.publish('mount', entry, { container: containerId });
      return target;
    });
  }

  async #mountOptions(entry: VolumeEntry, target: string): Promise<void> {
    try {
      await mount(await mountFor(entry.options, target));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const kind = hasCode(error, 'EPERM', 'EACCES')
        ? 'PermissionDenied'
        : hasCode(error, 'ENOENT', 'ENOTDIR', 'EINVAL', 'ENODEV', 'ENOTFOUND')
          ? 'InvalidArgument'
          : 'Unavailable';
      throw new EngineError(
        kind,
        `cannot mount volume ${entry.name} (type ${entry.options['type']}, device ${entry.options['device']}): ${why}`,
        { cause: error },
      );
    }
  }

  unmount(name: string, containerId: string): Promise<void> {
    return this.#locks.run(name, async () => {
      const entry = this.records.get(name);
      const users = this.#mounted.get(name);
      if (users?.delete(containerId) === true && users.size === 0) {
        this.#mounted.delete(name);
        await unmount(this.mountpoint(name));
      }
      if (entry !== undefined) this.publish('unmount', entry, { container: containerId });
    });
  }

  populate(name: string, root: string, path: string): Promise<void> {
    return this.#locks.run(name, async () => {
      this.find(name); // somebody may have removed it since it was asked for
      const target = this.mountpoint(name);
      if ((await readdir(target)).length > 0) return;
      let source: Awaited<ReturnType<typeof statInRoot>>;
      try {
        source = await statInRoot(root, path, true);
      } catch (error) {
        if (hasCode(error, 'ENOENT', 'ENOTDIR')) return; // the image has nothing there
        throw error;
      }
      // `resolved` has no links left in it, so the path stays inside the root.
      if (source.kind === 'directory')
        await copyTree(join(root, source.resolved), target, { ownership: this.context.rootless ? 'try' : 'keep' });
    });
  }

  async removeAnonymous(name: string): Promise<void> {
    const entry = this.records.get(name);
    if (entry?.anonymous !== true || this.uses.usersOfVolume(name).length > 0) return;
    await this.remove(name);
  }

  /** Throws NotFound, or Conflict where a container uses it. */
  remove(name: string): Promise<void> {
    return this.#locks.run(name, async () => {
      const entry = this.find(name);
      const users = this.uses.usersOfVolume(name);
      if (users.length > 0)
        throw new EngineError(
          'Conflict',
          // Docker's words: clients match on them.
          `remove ${name}: volume is in use - [${users.map(({ id }) => id).join(', ')}]`,
          {
            remedy: 'Remove these containers first',
          },
        );
      if (needsMount(entry.options)) await unmount(this.mountpoint(name));
      this.#mounted.delete(name);
      this.records.remove(name);
      const doomed = join(this.#root, `.removed-${randomBytes(8).toString('hex')}`);
      await rename(join(this.#root, name), doomed);
      await removeTree(doomed);
      this.publish('destroy', entry, {}, true);
    });
  }

  /** After a restart: these containers run with these volumes. Mounts and directories that belong to nobody are removed. */
  async restore(mounted: readonly { name: string; containerId: string }[]): Promise<void> {
    for (const { name, containerId } of mounted) {
      const entry = this.records.get(name);
      if (entry === undefined || !needsMount(entry.options)) continue;
      this.#mounted.set(name, (this.#mounted.get(name) ?? new Set()).add(containerId));
    }
    const wanted = new Set([...this.#mounted.keys()].map((name) => this.mountpoint(name)));
    for (const { target } of (await listMounts()).reverse())
      if (target.startsWith(`${this.#root}/`) && !wanted.has(target)) await unmount(target);
    for (const name of await readdir(this.#root))
      if (this.records.get(name) === undefined) await removeTree(join(this.#root, name));
  }

  /** The volume as clients see it; with `size` its tree is measured. */
  async describe(entry: VolumeEntry, size = false): Promise<Volume> {
    const usage = size
      ? {
          UsageData: {
            Size: (await treeSize(this.mountpoint(entry.name))).bytes,
            RefCount: this.uses.usersOfVolume(entry.name).length,
          },
        }
      : {};
    return { ...this.row(entry), ...usage };
  }

  row(entry: VolumeEntry): Volume {
    return {
      CreatedAt: entry.created,
      Driver: entry.driver,
      Labels: { ...entry.labels },
      Mountpoint: this.mountpoint(entry.name),
      Name: entry.name,
      Options: { ...entry.options },
      Scope: 'local',
    };
  }

  publish(action: string, entry: VolumeEntry, attributes: Readonly<Record<string, string>> = {}, gone = false): void {
    this.context.events.publish({
      type: 'volume',
      action,
      id: entry.name,
      attributes: { driver: entry.driver, ...attributes },
      record: gone ? null : this.row(entry),
    });
  }
}

/** Not recursive: Node would say that the directory is missing where the disk is read-only. */
async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

function completeEntry(
  name: string,
  { name: asked, driver = '', options = {}, labels = {} }: EnsureRequest,
): VolumeEntry {
  if (!namePattern.test(name) || name.length > longestName)
    throw new EngineError(
      'InvalidArgument',
      `"${name.slice(0, 100)}" includes invalid characters for a local volume name: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      {
        remedy: 'If you meant a directory of the host, use an absolute path',
      },
    );
  if (driver !== '' && driver !== 'local')
    throw new EngineError('Unsupported', `there is no volume driver "${driver}"; only "local"`);
  checkVolumeOptions(options);
  const anonymous = !asked;
  return {
    name,
    driver: 'local',
    created: new Date().toISOString(),
    labels: anonymous ? { ...labels, [anonymousLabel]: '' } : labels,
    options,
    anonymous,
  };
}

/** The same name with another driver or other options is another volume. */
function checkSame(existing: VolumeEntry, { driver = '', options = {} }: EnsureRequest): void {
  if (driver !== '' && driver !== existing.driver)
    throw new EngineError('Conflict', `a volume named ${existing.name} with driver ${existing.driver} exists already`);
  const differs = Object.entries(options).some(([key, value]) => existing.options[key] !== value);
  if (differs) throw new EngineError('Conflict', `a volume named ${existing.name} with other options exists already`);
}
