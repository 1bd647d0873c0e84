// Copy on write: how a container gets a root file system of its own over an image's layers.
//
// The life of a snapshot: `prepare` makes what it needs in its directory, once. `mount` shows the layers and what was
// written so far at one place and gives that place; it can be mounted and unmounted any number of times, and what was
// written stays. `changes` and `difference` tell what was written, mounted or not. `remove` takes the directory away; the
// snapshot must not be mounted. Layers are in overlay form (whiteouts are 0:0 devices, opaque marks are attributes) and
// are never written to. Nothing outside the snapshot's directory is made or changed, and nothing but the directory itself
// needs to be remembered: a helper that starts again goes on with any of these calls.
//
// Three ways, one contract (snapshotter_contract.ts): `overlay`, the kernel's; `fuse-overlayfs`, where a user namespace
// may not mount overlays; `copy`, where neither is to be had: slow and large, but works anywhere.
import type { Change, PackSource } from '../../native/archive.ts';

export interface Snapshot {
  /** The snapshot's own directory; an existing one, which only snapshotters write to. */
  readonly directory: string;
  /** The layers below, topmost first. */
  readonly lower: readonly string[];
}

/** What was written, to be packed as an OCI layer. Disposed of when that is done. */
export interface Difference extends AsyncDisposable {
  readonly source: PackSource;
}

export interface Snapshotter {
  readonly name: 'overlay' | 'fuse-overlayfs' | 'copy';
  prepare(snapshot: Snapshot): Promise<void>;
  /** Gives the root's path. Mounting twice is an error (EBUSY). */
  mount(snapshot: Snapshot): Promise<string>;
  /** No error where it isn't mounted. What still uses the files keeps them until it ends. */
  unmount(snapshot: Snapshot): Promise<void>;
  /** Sorted by path. */
  changes(snapshot: Snapshot): Promise<Change[]>;
  difference(snapshot: Snapshot): Promise<Difference>;
  remove(snapshot: Snapshot): Promise<void>;
}
