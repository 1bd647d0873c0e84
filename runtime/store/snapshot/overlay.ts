// Snapshots by overlay file systems: the kernel's own, or fuse-overlayfs, which keeps its layers in the same form.
import { execFile } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Change, changes } from '../../native/archive.ts';
import { removeTree } from '../../native/filesystem.ts';
import { listMounts, mountOverlay, unmount } from '../../native/mount.ts';
import { EngineError } from '../../protocol/errors.ts';
import { hasCode } from '../files.ts';
import type { Difference, Snapshot, Snapshotter } from './snapshotter.ts';

const run = promisify(execFile);

interface Places {
  readonly upper: string;
  readonly work: string;
  readonly root: string;
}

function placesOf({ directory }: Snapshot): Places {
  return { upper: join(directory, 'upper'), work: join(directory, 'work'), root: join(directory, 'rootfs') };
}

abstract class LayeredSnapshotter implements Snapshotter {
  abstract readonly name: 'overlay' | 'fuse-overlayfs';
  /** Opaque marks are user.overlay.* attributes: what a user namespace may write. */
  protected readonly userXattr: boolean;

  constructor(userXattr: boolean) {
    this.userXattr = userXattr;
  }

  protected abstract mountAt(places: Places, lower: readonly string[]): Promise<void>;

  async prepare(snapshot: Snapshot): Promise<void> {
    const { upper, work, root } = placesOf(snapshot);
    for (const path of [upper, work, root]) await mkdir(path, { recursive: true });
    await chmod(upper, 0o755); // the container's own "/"
  }

  async mount(snapshot: Snapshot): Promise<string> {
    const places = placesOf(snapshot);
    if ((await listMounts()).some(({ target }) => target === places.root))
      throw new EngineError('Conflict', `cannot mount ${places.root}: it is mounted already`);
    await this.mountAt(places, snapshot.lower);
    return places.root;
  }

  async unmount(snapshot: Snapshot): Promise<void> {
    await unmount(placesOf(snapshot).root, { detach: true });
  }

  changes(snapshot: Snapshot): Promise<Change[]> {
    const { upper } = placesOf(snapshot);
    return changes({ kind: 'overlay', upper, lower: snapshot.lower, userXattr: this.userXattr });
  }

  async difference(snapshot: Snapshot): Promise<Difference> {
    const { upper } = placesOf(snapshot);
    return {
      source: { kind: 'overlay', upper, userXattr: this.userXattr },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async remove({ directory }: Snapshot): Promise<void> {
    await removeTree(directory);
  }
}

export class OverlaySnapshotter extends LayeredSnapshotter {
  readonly name = 'overlay';

  protected mountAt({ upper, work, root }: Places, lower: readonly string[]): Promise<void> {
    return mountOverlay({ lower, upper, work, target: root, userXattr: this.userXattr });
  }
}

export class FuseOverlaySnapshotter extends LayeredSnapshotter {
  readonly name = 'fuse-overlayfs';

  protected async mountAt({ upper, work, root }: Places, lower: readonly string[]): Promise<void> {
    const quoted = (path: string) => path.replace(/[\\:,]/g, '\\$&');
    const options = `lowerdir=${lower.map(quoted).join(':')},upperdir=${quoted(upper)},workdir=${quoted(work)}`;
    try {
      await run('fuse-overlayfs', ['-o', options, root]);
    } catch (error) {
      if (hasCode(error, 'ENOENT'))
        throw new EngineError('Unsupported', 'cannot mount the container: there is no fuse-overlayfs', {
          remedy: 'Install the package fuse-overlayfs',
        });
      throw error;
    }
  }
}
