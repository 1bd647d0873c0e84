// Sends an image of the store to its registry.
import { createReadStream } from 'node:fs';
import { createGzip } from 'node:zlib';
import type { RegistryClient } from '../registry/client.ts';
import { type BlobSource, Upload } from '../registry/upload.ts';
import type { BlobStore } from '../store/blob_store.ts';
import { type Digest, digestOf } from '../store/digest.ts';
import { Semaphore } from '../store/holds.ts';
import { type ProgressListener, shortId } from './image.ts';
import { type Descriptor, encodeManifest, layerCompression, maxConfigBytes, mediaTypes } from './manifest.ts';
import type { ImageRecord, ImageRecords } from './records.ts';
import { fullName, type Reference } from './reference.ts';

export interface PushOptions {
  readonly blobs: BlobStore;
  readonly records: ImageRecords;
  readonly client: RegistryClient;
  readonly concurrency: number;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

export interface PushedImage {
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly size: number;
}

/** What a manifest is made of; every blob is in the store. */
export interface ManifestParts {
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** One for each layer. */
  readonly diffIds: readonly Digest[];
  /** The manifest as it is stored, sent as it is where the layers need no compressing. */
  readonly manifest?: Digest;
}

/** Pushes an image under the reference's tag (or digest). */
export async function pushImage(record: ImageRecord, reference: Reference, options: PushOptions): Promise<PushedImage> {
  const config: Descriptor = {
    mediaType: record.mediaType === mediaTypes.dockerManifest ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
    digest: record.config,
    size: (await options.blobs.size(record.config)) ?? 0,
  };
  const pushed = await pushManifest({ ...record, config }, reference, options);
  options.records.addDigest(fullName(reference), pushed.digest, record.id);
  return pushed;
}

/** Pushes layers in parallel, then the config, then the manifest. */
export async function pushManifest(
  { mediaType, config, layers: stored, diffIds, manifest: storedManifest }: ManifestParts,
  reference: Reference,
  options: PushOptions,
): Promise<PushedImage> {
  const { blobs, client, onProgress, signal } = options;
  const upload = new Upload(client, reference, signal);
  using hold = blobs.holds.take(config.digest, ...(storedManifest === undefined ? [] : [storedManifest]));
  for (const { digest } of stored) onProgress({ id: shortId(digest), status: 'Preparing' });
  const semaphore = new Semaphore(options.concurrency);
  const layers = await Promise.all(
    stored.map((layer, i) =>
      semaphore.run(async () => {
        const compressed = await compressedForm(layer, diffIds[i] ?? layer.digest, options);
        hold.add(compressed.digest);
        await pushBlob(upload, compressed, reference, options);
        return compressed;
      }),
    ),
  );
  await pushBlob(upload, config, reference, options);
  const unchanged = layers.every((layer, i) => layer.digest === stored[i]?.digest);
  const manifest =
    storedManifest !== undefined && unchanged
      ? await blobs.readAll(storedManifest, maxConfigBytes)
      : encodeManifest(mediaType, config, layers);
  const digest = digestOf(manifest);
  await upload.manifest(manifest, mediaType, reference.tag ?? digest, digest);
  return { digest, size: manifest.length };
}

/** Layers travel compressed. One that came uncompressed (docker archive, commit) is compressed once and remembered. */
async function compressedForm(
  layer: Descriptor,
  diffId: Digest,
  { blobs, records, signal }: PushOptions,
): Promise<Descriptor> {
  if (layerCompression(layer.mediaType) !== 'none') return layer;
  const known = records.compressedLayer(diffId);
  if (known !== undefined && (await blobs.has(known.digest))) return known;
  const gzip = createGzip({ chunkSize: 1 << 18 });
  const source = createReadStream(blobs.path(layer.digest), { highWaterMark: 1 << 20, signal });
  source.on('error', (error) => gzip.destroy(error));
  const stored = await blobs.ingest(source.pipe(gzip));
  const descriptor = {
    mediaType: layer.mediaType === mediaTypes.dockerLayer ? mediaTypes.dockerLayerGzip : mediaTypes.ociLayerGzip,
    ...stored,
  };
  records.setCompressedLayer(diffId, descriptor);
  return descriptor;
}

const progressInterval = 100;

async function pushBlob(
  upload: Upload,
  descriptor: Descriptor,
  reference: Reference,
  options: PushOptions,
): Promise<void> {
  const { blobs, records, onProgress, signal } = options;
  signal.throwIfAborted();
  const id = shortId(descriptor.digest);
  const here = fullName(reference);
  const others = records
    .blobSources(descriptor.digest)
    .filter((repository) => repository !== here && repository.startsWith(`${reference.registry}/`))
    .map((repository) => repository.slice(reference.registry.length + 1))
    .slice(0, 3);
  const source: BlobSource = { read: (start) => blobs.read(descriptor.digest, { start }) };
  let told = 0;
  const outcome = await upload.blob(descriptor, source, others, (current) => {
    if (Date.now() - told < progressInterval) return;
    told = Date.now();
    onProgress({ id, status: 'Pushing', current, total: descriptor.size });
  });
  records.addBlobSource(descriptor.digest, here);
  const words = { exists: 'Layer already exists', mounted: 'Mounted from another repository', pushed: 'Pushed' };
  onProgress({ id, status: words[outcome] });
}
