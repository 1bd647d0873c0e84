// Writes any `Image` into the stores and records it: the second half of pull, load, import and commit.
import type { BlobStore } from '../store/blob_store.ts';
import { chainIds, type Digest } from '../store/digest.ts';
import { Semaphore } from '../store/holds.ts';
import type { LayerStore } from '../store/layer_store.ts';
import { type Image, type ImageLayer, imageId, type ProgressListener, shortId } from './image.ts';
import { LayerWriter, type LayerWriterOptions } from './layer_writer.ts';
import type { ImageRecord, ImageRecords } from './records.ts';

export interface ImageWriterOptions extends LayerWriterOptions {
  readonly records: ImageRecords;
  /** Layers that are transferred at once. */
  readonly concurrency: number | (() => number);
}

export interface WriteOptions {
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
  readonly parent?: Digest;
  /** Runs in the transaction that records the image: names and digests. */
  readonly name?: (record: ImageRecord) => void;
}

export class ImageWriter {
  readonly #blobs: BlobStore;
  readonly #layers: LayerStore;
  readonly #records: ImageRecords;
  readonly #writer: LayerWriter;
  readonly #semaphore: Semaphore;

  constructor(options: ImageWriterOptions) {
    this.#blobs = options.blobs;
    this.#layers = options.layers;
    this.#records = options.records;
    this.#writer = new LayerWriter(options);
    this.#semaphore = new Semaphore(options.concurrency);
  }

  /** Stores layers, config and manifest, then records the image: it is there as a whole or not at all. */
  async write(image: Image, { onProgress, signal, parent, name }: WriteOptions): Promise<ImageRecord> {
    const chain = chainIds(image.layers.map(({ diffId }) => diffId));
    using _chains = this.#layers.holds.take(...chain);
    using _blobs = this.#blobs.holds.take(
      imageId(image),
      image.digest,
      ...image.layers.map(({ descriptor }) => descriptor.digest),
    );
    await this.#writeLayers(image, chain, onProgress, signal);
    await this.#blobs.put(image.rawConfig, imageId(image));
    await this.#blobs.put(image.manifest, image.digest);
    const record = await this.#makeRecord(image, chain, parent);
    this.#records.transaction(() => {
      this.#records.put(record);
      name?.(record);
    });
    // Nobody waits for the disk; should it fail, the layers are merely unpacked again after a power cut.
    this.#layers.settle().catch(() => {});
    return record;
  }

  /** Unpacks the layers of a recorded image again that are missing (see LayerStore on power cuts). */
  async rebuild(record: ImageRecord, signal: AbortSignal): Promise<void> {
    using _chains = this.#layers.holds.take(...record.chainIds);
    for (const [i, chainId] of record.chainIds.entries()) {
      const [descriptor, diffId] = [record.layers[i], record.diffIds[i]];
      if (descriptor === undefined || diffId === undefined || (await this.#layers.has(chainId))) continue;
      const layer: ImageLayer = { descriptor, diffId, open: (start) => this.#blobs.read(descriptor.digest, { start }) };
      await this.#writer.write(layer, chainId, () => {}, signal);
    }
  }

  /** Stores one layer above others that are there. The caller holds it until a record names it. */
  async writeLayer(layer: ImageLayer, chainId: Digest, onProgress: ProgressListener, signal: AbortSignal) {
    await this.#semaphore.run(() => this.#writer.write(layer, chainId, onProgress, signal));
  }

  /** All layers at once, so far as the semaphore lets them. The first failure ends the others before it is thrown. */
  async #writeLayers(
    image: Image,
    chain: readonly Digest[],
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<void> {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    for (const { descriptor } of image.layers)
      onProgress({ id: shortId(descriptor.digest), status: 'Pulling fs layer' });
    const tasks = image.layers.map((layer, i) => {
      const chainId = chain[i];
      if (chainId === undefined) throw new Error('a layer without a chain id');
      return this.#semaphore.run(() => this.#writer.write(layer, chainId, onProgress, either));
    });
    for (const task of tasks) task.catch((error: unknown) => failed.abort(error));
    await Promise.allSettled(tasks);
    signal.throwIfAborted();
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  async #makeRecord(image: Image, chain: readonly Digest[], parent: Digest | undefined): Promise<ImageRecord> {
    let size = 0;
    for (const chainId of chain) size += (await this.#layers.info(chainId))?.size ?? 0;
    const created = Date.parse(image.config.created ?? '');
    const known = this.#records.get(imageId(image));
    const keptParent = parent ?? known?.parent;
    return {
      id: imageId(image),
      manifest: image.digest,
      mediaType: image.mediaType,
      config: image.configDescriptor.digest,
      layers: image.layers.map(({ descriptor: { mediaType, digest, size: bytes } }) => ({
        mediaType,
        digest,
        size: bytes,
      })),
      diffIds: image.layers.map(({ diffId }) => diffId),
      chainIds: chain,
      parent: keptParent,
      created: Number.isNaN(created) ? 0 : created,
      stored: known?.stored ?? Date.now(),
      size,
      labels: image.config.config.Labels ?? {},
    };
  }
}
