// Brings layers into the stores: download (or read), hash, decompress, hash and unpack at once, without a second pass.
import { Readable } from 'node:stream';
import { unpackStream } from '../native/archive.ts';
import { type BlobStore, DigestMismatch, type PartialBlob } from '../store/blob_store.ts';
import type { Digest } from '../store/digest.ts';
import type { LayerStore } from '../store/layer_store.ts';
import { type ImageLayer, type ProgressListener, shortId } from './image.ts';
import { type Descriptor, InvalidManifest, layerCompression } from './manifest.ts';

export interface LayerWriterOptions {
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  /** Overlay marks as user.overlay.* (rootless). */
  readonly userXattr: boolean;
  /** Times that a layer may grow by when it is unpacked, beyond a first GiB. */
  readonly maxExpansion?: number;
  /** Bytes that a layer may unpack to in any case; default 1 GiB. */
  readonly freeExpansion?: number;
}

const defaultMaxExpansion = 200;
const defaultFreeExpansion = 1 << 30;

export class LayerWriter {
  readonly #options: LayerWriterOptions;

  constructor(options: LayerWriterOptions) {
    this.#options = options;
  }

  /** Makes the layer's blob and its unpacked directory exist. Safe to call for one layer from several places at once. */
  async write(layer: ImageLayer, chainId: Digest, onProgress: ProgressListener, signal: AbortSignal): Promise<void> {
    const { blobs, layers } = this.#options;
    const id = shortId(layer.descriptor.digest);
    await layers.locks.run(chainId, async () => {
      signal.throwIfAborted();
      if (await layers.has(chainId)) {
        if (await blobs.has(layer.descriptor.digest)) return onProgress({ id, status: 'Already exists' });
        await this.#storeBlob(layer, onProgress, signal);
      } else await this.#unpack(layer, chainId, onProgress, signal);
      onProgress({ id, status: 'Pull complete' });
    });
  }

  /** The layer is unpacked already, only its bytes are missing. */
  async #storeBlob(layer: ImageLayer, onProgress: ProgressListener, signal: AbortSignal): Promise<void> {
    const { descriptor } = layer;
    await this.#options.blobs.withPartial(descriptor.digest, async () => {
      if (await this.#options.blobs.has(descriptor.digest)) return;
      await this.#options.blobs.ingest(reporting(layer.open(0, signal), 0, descriptor, onProgress), descriptor);
    });
  }

  async #unpack(layer: ImageLayer, chainId: Digest, onProgress: ProgressListener, signal: AbortSignal): Promise<void> {
    const { blobs, layers } = this.#options;
    const { descriptor } = layer;
    await using staged = await layers.stage();
    const size = await blobs.withPartial(descriptor.digest, async (partial) => {
      const present = await blobs.has(descriptor.digest);
      const source = present ? blobs.read(descriptor.digest) : resumed(layer, partial, onProgress, signal);
      const result = await this.#unpackInto(staged.directory, source, descriptor, signal);
      const digest = result.digest ?? result.diffId;
      if (digest !== descriptor.digest) {
        await partial.discard();
        if (present) await blobs.remove(descriptor.digest);
        throw new DigestMismatch('the layer', descriptor.digest, digest as Digest);
      }
      if (!present) await partial.commit();
      if (result.diffId !== layer.diffId)
        throw new InvalidManifest(
          `a layer unpacks to ${result.diffId}, not to ${layer.diffId} as the image config says`,
        );
      return result.bytes;
    });
    await staged.commit({ chainId, diffId: layer.diffId, size });
  }

  async #unpackInto(target: string, source: AsyncIterable<Uint8Array>, descriptor: Descriptor, signal: AbortSignal) {
    const stream = Readable.from(source, { objectMode: false, highWaterMark: 1 << 20 });
    return unpackStream(stream, {
      target,
      compression: layerCompression(descriptor.mediaType) ?? 'auto',
      whiteouts: 'overlay',
      userXattr: this.#options.userXattr,
      ownership: 'keep',
      hash: true,
      limits: { bytes: await this.#byteLimit(descriptor.size) },
      signal,
    });
  }

  /** A layer may not fill the disk, nor grow beyond all proportion (a compression bomb). */
  async #byteLimit(compressed: number): Promise<number> {
    const free = await this.#options.blobs.available();
    const { maxExpansion = defaultMaxExpansion, freeExpansion = defaultFreeExpansion } = this.#options;
    const grown = compressed * maxExpansion + freeExpansion;
    return Math.max(1, Math.min(free, grown));
  }
}

/** What an earlier attempt left, and the rest from the source. */
async function* resumed(
  layer: ImageLayer,
  partial: PartialBlob,
  onProgress: ProgressListener,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { descriptor } = layer;
  if (partial.size > descriptor.size) await partial.reset();
  const start = partial.size;
  if (start > 0) yield* partial.read();
  if (start < descriptor.size || descriptor.size === 0) {
    const arriving = reporting(layer.open(start, signal), start, descriptor, onProgress);
    yield* tee(arriving, partial);
  }
  const id = shortId(descriptor.digest);
  onProgress({ id, status: 'Download complete' });
  onProgress({ id, status: 'Extracting', current: descriptor.size, total: descriptor.size });
}

/** At most ten progress lines a second for each layer. */
const progressInterval = 100;

/** The disk and the unpacker take the bytes at the same time. */
async function* tee(source: AsyncIterable<Uint8Array>, partial: PartialBlob): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    const written = partial.append(chunk);
    written.catch(() => {}); // the await below throws it, where the consumer hasn't gone meanwhile
    yield chunk;
    await written;
  }
}

async function* reporting(
  source: AsyncIterable<Uint8Array>,
  start: number,
  descriptor: Descriptor,
  onProgress: ProgressListener,
): AsyncGenerator<Uint8Array> {
  const id = shortId(descriptor.digest);
  let current = start;
  let told = 0;
  for await (const chunk of source) {
    current += chunk.length;
    yield chunk;
    const now = Date.now();
    if (now - told < progressInterval) continue;
    told = now;
    onProgress({ id, status: 'Downloading', current, total: descriptor.size });
  }
  onProgress({ id, status: 'Verifying Checksum' });
}
