// Snapshots by copying: the layers are laid over each other in a plain directory, which is the container's root. What was
// written is found by comparing with the same layers laid out once more.
import { randomUUID } from 'node:crypto';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Change, changes, packStream, unpackStream } from '../../native/archive.ts';
import { removeTree } from '../../native/filesystem.ts';
import { EngineError } from '../../protocol/errors.ts';
import { hasCode } from '../files.ts';
import type { Difference, Snapshot, Snapshotter } from './snapshotter.ts';

export class CopySnapshotter implements Snapshotter {
  readonly name = 'copy';
  readonly #userXattr: boolean;
  /** There is nothing to mount: that it counts as mounted is known here alone. */
  readonly #mounted = new Set<string>();

  constructor(userXattr: boolean) {
    this.#userXattr = userXattr;
  }

  async prepare(snapshot: Snapshot): Promise<void> {
    const root = join(snapshot.directory, 'rootfs');
    if (await exists(root)) return;
    await rename(await this.#layOut(snapshot), root);
  }

  /** All layers, bottom first, in a new directory. */
  async #layOut({ directory, lower }: Snapshot): Promise<string> {
    const target = join(directory, `layers-${randomUUID()}`);
    await mkdir(target, { mode: 0o755 });
    try {
      for (const layer of lower.toReversed()) {
        const { stream, result } = packStream(
          { kind: 'overlay', upper: layer, userXattr: this.#userXattr },
          { nanoseconds: true },
        );
        await unpackStream(stream, { target, whiteouts: 'apply', ownership: this.#userXattr ? 'try' : 'keep' });
        await result;
      }
      return target;
    } catch (error) {
      await removeTree(target);
      throw error;
    }
  }

  async mount({ directory }: Snapshot): Promise<string> {
    const root = join(directory, 'rootfs');
    if (this.#mounted.has(root)) throw new EngineError('Conflict', `cannot mount ${root}: it is mounted already`);
    this.#mounted.add(root);
    return root;
  }

  async unmount({ directory }: Snapshot): Promise<void> {
    this.#mounted.delete(join(directory, 'rootfs'));
  }

  async changes(snapshot: Snapshot): Promise<Change[]> {
    const lower = await this.#layOut(snapshot);
    try {
      return await changes({ kind: 'difference', lower, upper: join(snapshot.directory, 'rootfs') });
    } finally {
      await removeTree(lower);
    }
  }

  async difference(snapshot: Snapshot): Promise<Difference> {
    const lower = await this.#layOut(snapshot);
    return {
      source: { kind: 'difference', lower, upper: join(snapshot.directory, 'rootfs') },
      [Symbol.asyncDispose]: () => removeTree(lower),
    };
  }

  async remove({ directory }: Snapshot): Promise<void> {
    this.#mounted.delete(join(directory, 'rootfs'));
    await removeTree(directory);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
