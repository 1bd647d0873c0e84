// New images made here: one more layer from a container's writable directory (commit, build), or from a tar (import).
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { ImageSource } from '../container/dependencies.ts';
import { type PackSource, packStream } from '../native/archive.ts';
import { EngineError } from '../protocol/errors.ts';
import { type Digest, digestOf } from '../store/digest.ts';
import { compressionOf } from './archive_source.ts';
import { assembleImage } from './assemble.ts';
import { encodeImageConfig, type ImageConfig } from './config.ts';
import type { ImageStore } from './image_store.ts';
import { type Descriptor, encodeManifest, mediaTypes } from './manifest.ts';
import type { ImageRecord } from './records.ts';
import { canonical, type Reference } from './reference.ts';

export type CommitRequest = Parameters<ImageSource['commit']>[0];

/** A layer that is in the blob store. */
export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/**
 * Packs a directory (or a difference) as an uncompressed layer into the blob store. Compressing is left to a push, which may
 * never come. The caller holds the blob (`store.blobs.holds`) until an image names it.
 */
export async function packLayer(
  store: ImageStore,
  source: PackSource,
  onDigest: (digest: Digest) => void,
  signal?: AbortSignal,
): Promise<StoredLayer> {
  const { stream, result } = packStream(source, signal === undefined ? {} : { signal });
  const stored = await store.blobs.ingest(stream, { onDigest });
  await result;
  return { descriptor: { mediaType: mediaTypes.ociLayer, ...stored }, diffId: stored.digest };
}

/** Records an image of `layers` (all in the blob store) with `config`, whose rootfs is filled in from them. */
export async function recordImage(
  store: ImageStore,
  config: ImageConfig,
  layers: readonly StoredLayer[],
  options: { readonly parent?: Digest; readonly reference?: Reference; readonly signal?: AbortSignal } = {},
): Promise<ImageRecord> {
  const rawConfig = encodeImageConfig({
    ...config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const configDescriptor: Descriptor = {
    mediaType: mediaTypes.ociConfig,
    digest: digestOf(rawConfig),
    size: rawConfig.length,
  };
  const manifest = encodeManifest(
    mediaTypes.ociManifest,
    configDescriptor,
    layers.map(({ descriptor }) => descriptor),
  );
  const image = assembleImage(manifest, mediaTypes.ociManifest, rawConfig, (descriptor, start) =>
    store.blobs.read(descriptor.digest, { start }),
  );
  const { parent, reference, signal = new AbortController().signal } = options;
  return store.writer.write(image, {
    onProgress: () => {},
    signal,
    ...(parent === undefined ? {} : { parent }),
    name: (record) => {
      if (reference !== undefined) store.setName(record.id, reference);
    },
  });
}

/** The stored layers of an image, to build upon. */
export function layersOf(record: ImageRecord): StoredLayer[] {
  return record.layers.map((descriptor, i) => {
    const diffId = record.diffIds[i];
    if (diffId === undefined)
      throw new EngineError('DataCorrupt', `the record of image ${record.id} names too few layers`);
    return { descriptor, diffId };
  });
}

/** docker commit. */
export async function commitLayer(
  store: ImageStore,
  request: CommitRequest,
  reference: Reference | undefined,
): Promise<ImageRecord> {
  const parent = store.find(request.parent);
  const parentConfig = await store.config(parent);
  using hold = store.blobs.holds.take();
  const source: PackSource = { kind: 'overlay', upper: request.upper, userXattr: store.context.rootless };
  const layer = await packLayer(store, source, (digest) => hold.add(digest));
  const created = new Date().toISOString();
  const config: ImageConfig = {
    ...request.config,
    created,
    ...(request.author === undefined ? {} : { author: request.author }),
    history: [
      ...parentConfig.history,
      {
        created,
        created_by: request.createdBy,
        ...(request.author === undefined ? {} : { author: request.author }),
        ...(request.comment === undefined ? {} : { comment: request.comment }),
      },
    ],
  };
  const record = await recordImage(store, config, [...layersOf(parent), layer], {
    parent: parent.id,
    ...(reference === undefined ? {} : { reference }),
  });
  store.publish('commit', record, reference === undefined ? undefined : canonical(reference));
  return record;
}

/** The first bytes of a stream, which stays whole. */
async function peek(source: Readable): Promise<Buffer> {
  for (;;) {
    const chunk: Buffer | null = source.read();
    if (chunk !== null) {
      source.unshift(chunk);
      return chunk;
    }
    if (source.readableEnded) return Buffer.alloc(0);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    source.once('readable', resolve).once('end', resolve).once('error', reject);
    await promise;
  }
}

/** docker import: a whole root file system as one layer. */
export async function importLayer(
  store: ImageStore,
  source: Readable,
  onDigest: (digest: Digest) => void,
  signal: AbortSignal,
): Promise<StoredLayer> {
  const compression = compressionOf(await peek(source));
  if (compression === 'other')
    throw new EngineError(
      'Unsupported',
      'cannot import the archive: it is compressed with bzip2 or xz; only gzip and zstd are read',
    );
  const stored = await store.blobs.ingest(source, { onDigest });
  const mediaType = { gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd, none: mediaTypes.ociLayer }[
    compression
  ];
  const diffId = compression === 'none' ? stored.digest : await diffIdOf(store, stored.digest, compression, signal);
  return { descriptor: { mediaType, ...stored }, diffId };
}

/** Reads a compressed layer once to learn its uncompressed digest. */
async function diffIdOf(
  store: ImageStore,
  digest: Digest,
  compression: 'gzip' | 'zstd',
  signal: AbortSignal,
): Promise<Digest> {
  const decoder =
    compression === 'gzip' ? createGunzip({ chunkSize: 1 << 18 }) : createZstdDecompress({ chunkSize: 1 << 18 });
  const hash = createHash('sha256');
  await pipeline(store.blobs.read(digest), decoder, hash, { signal });
  return `sha256:${hash.digest('hex')}`;
}
