// What a step stands on: layers, bottom first, in the image store.

import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredLayer } from '../image/commit.ts';
import { layersOf } from '../image/commit.ts';
import type { ImageStore } from '../image/image_store.ts';
import type { ImageRecord } from '../image/records.ts';
import { mount, mountOverlay, unmount } from '../native/mount.ts';
import { EngineError } from '../protocol/errors.ts';
import { chainIds, type Digest } from '../store/digest.ts';
import { removeTree } from '../store/files.ts';

export interface Chain {
  readonly layers: readonly StoredLayer[];
  readonly ids: readonly Digest[];
}

export const emptyChain: Chain = { layers: [], ids: [] };

export function chainOf(record: ImageRecord): Chain {
  return { layers: layersOf(record), ids: record.chainIds };
}

/** The chain with one more layer. */
export function extend(chain: Chain, layer: StoredLayer): Chain {
  const layers = [...chain.layers, layer];
  return { layers, ids: chainIds(layers.map(({ diffId }) => diffId)) };
}

/** Of a chain that was extended. */
export function chainIdOf(chain: Chain): Digest {
  const id = chain.ids.at(-1);
  if (id === undefined) throw new EngineError('Internal', 'an empty chain has no id');
  return id;
}

export function topOf(chain: Chain): Digest | undefined {
  return chain.ids.at(-1);
}

/** Directories for overlay, topmost first. */
export function lowerDirs(images: ImageStore, chain: Chain): string[] {
  return chain.ids.map((id) => images.layers.directory(id)).reverse();
}

/** A mounted file system of a chain; unmounts itself. */
export interface MountedChain extends AsyncDisposable {
  readonly root: string;
}

/**
 * Mounts the chain, writable into `upper` or read-only without one.
 * @param extra further lower directories above the chain, topmost first
 */
export async function mountChain(
  images: ImageStore,
  chain: Chain,
  scratch: string,
  upper?: string,
  extra: readonly string[] = [],
): Promise<MountedChain> {
  const directory = await mkdtemp(join(scratch, 'mount-'));
  const [root, work, empty] = ['root', 'work', 'empty'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await Promise.all([root, work, empty].map((path) => mkdir(path)));
  const lower = [...extra, ...lowerDirs(images, chain)];
  try {
    // An overlay without an upper directory needs two below it.
    if (upper === undefined && lower.length < 2) {
      await mount({ type: 'bind', source: lower[0] ?? empty, target: root, options: ['ro'] });
    } else {
      await mountOverlay({
        // An overlay needs something below: nothing, for what is built from scratch.
        lower: lower.length === 0 ? [empty] : lower,
        target: root,
        ...(upper === undefined ? {} : { upper, work }),
        ...(images.context.rootless ? { userXattr: true } : {}),
      });
    }
  } catch (error) {
    await removeTree(directory);
    throw error;
  }
  return {
    root,
    async [Symbol.asyncDispose]() {
      while (await unmount(root, { detach: true }));
      await removeTree(directory);
    },
  };
}
