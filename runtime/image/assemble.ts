// Makes an `Image` of a manifest, a config and a way to open blobs: what registry, store and layouts have in common.
import { type Digest, digestOf } from '../store/digest.ts';
import { parseImageConfig } from './config.ts';
import type { Image, ImageLayer } from './image.ts';
import { type Descriptor, InvalidManifest, layerCompression, parseManifest, requireImageConfig } from './manifest.ts';

export type BlobOpener = (descriptor: Descriptor, start: number, signal?: AbortSignal) => AsyncIterable<Uint8Array>;

/** Throws `InvalidManifest` where manifest and config don't fit together. */
export function assembleImage(
  manifest: Buffer,
  served: string | undefined,
  rawConfig: Buffer,
  open: BlobOpener,
): Image {
  const document = parseManifest(manifest, served);
  if (document.kind !== 'manifest') throw new InvalidManifest('it is an index where an image was expected');
  requireImageConfig(document);
  const configDigest = digestOf(rawConfig);
  if (configDigest !== document.config.digest)
    throw new InvalidManifest(
      `the image config has digest ${configDigest}, not ${document.config.digest} as the manifest says`,
    );
  const config = parseImageConfig(rawConfig);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== document.layers.length)
    throw new InvalidManifest(
      `the manifest has ${document.layers.length} layers, but the image config names ${diffIds.length}`,
    );
  return {
    manifest,
    mediaType: document.mediaType,
    digest: digestOf(manifest),
    rawConfig,
    config,
    configDescriptor: document.config,
    layers: document.layers.map((descriptor, i) => makeLayer(descriptor, diffIds[i], open)),
  };
}

function makeLayer(descriptor: Descriptor, diffId: Digest | undefined, open: BlobOpener): ImageLayer {
  const compression = layerCompression(descriptor.mediaType);
  if (compression === undefined)
    throw new InvalidManifest(`a layer has the unknown media type ${descriptor.mediaType.slice(0, 120)}`);
  if (diffId === undefined) throw new InvalidManifest('the image config names too few layers');
  if (compression === 'none' && descriptor.digest !== diffId)
    throw new InvalidManifest(`the uncompressed layer ${descriptor.digest} is called ${diffId} by the image config`);
  return { descriptor, diffId, open: (start, signal) => open(descriptor, start, signal) };
}
