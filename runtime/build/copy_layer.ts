// The layer of a COPY or ADD: straight into its directory where that can be, else through a mount.
import type { ImageStore } from '../image/image_store.ts';
import type { Hold } from '../store/holds.ts';
import type { BuildCache, StepInputs } from './cache.ts';
import { type Chain, lowerDirs, mountChain } from './chain.ts';
import { copyDirectly, type Reference } from './copy_direct.ts';
import { copyFiles } from './copy_step.ts';
import type { Selection } from './selection.ts';
import type { CopyOperation } from './steps.ts';

export interface CopyLayerOptions {
  readonly images: ImageStore;
  readonly cache: BuildCache;
  readonly parent: Chain;
  /** For mounts. */
  readonly scratch: string;
  readonly clampTime: number | undefined;
  readonly signal: AbortSignal;
  readonly hold: Hold | undefined;
  readonly place: string;
  readonly inputs: StepInputs;
  readonly select: (stack: AsyncDisposableStack) => Promise<Selection>;
}

export async function copyLayer(operation: CopyOperation, upper: string, options: CopyLayerOptions): Promise<void> {
  const { images, parent, scratch, clampTime, signal } = options;
  await using stack = new AsyncDisposableStack();
  const selection = await options.select(stack);
  const target = { keepOwners: operation.from.kind !== 'context', clampTime, signal };
  {
    await using below = await mountChain(images, parent, scratch);
    const isDone = await copyDirectly(operation, selection, {
      ...{ ...target, root: below.root, upper, lower: lowerDirs(images, parent), userXattr: images.context.rootless },
      reference: await lastLayer(operation, options),
    });
    if (isDone) return;
  }
  await using mounted = await mountChain(images, parent, scratch, upper);
  await copyFiles(operation, selection, { ...target, root: mounted.root });
}

/** What the last build of a COPY from a context made, whatever it stood on. */
async function lastLayer(
  { from }: CopyOperation,
  { images, cache, hold, place, inputs }: CopyLayerOptions,
): Promise<Reference | undefined> {
  const key = from.kind === 'context' ? cache.lastKey(place) : undefined;
  const before = cache.lastInputs(place);
  if (key === undefined || before?.text !== inputs.text) return undefined;
  hold?.add(key);
  const record = cache.get(key);
  if (record === undefined || !(await images.layers.has(record.chainId))) return undefined;
  return {
    directory: images.layers.directory(record.chainId),
    has: (target) => inputs.files[target] !== undefined && inputs.files[target] === before.files[target],
  };
}
