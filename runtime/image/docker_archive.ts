// Docker archives (docker save, podman save --format docker-archive, skopeo docker-archive:): a manifest.json that lists
// images by their config, tags and layer files. There is no OCI manifest in it; one is made from what is there.
import type { BlobStore } from '../store/blob_store.ts';
import { digestOf } from '../store/digest.ts';
import { type ArchiveFiles, compressionOf } from './archive_source.ts';
import { assembleImage } from './assemble.ts';
import { parseImageConfig } from './config.ts';
import type { Image } from './image.ts';
import { asObject, type Descriptor, encodeManifest, InvalidManifest, mediaTypes } from './manifest.ts';
import { parseReference, type Reference } from './reference.ts';

export interface ArchivedImage {
  readonly image: Image;
  readonly references: readonly Reference[];
}

const maxImages = 1000;

function strings(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string'))
    throw new InvalidManifest(`manifest.json: ${what} is not a list of strings`);
  return value;
}

export async function readDockerArchive(files: ArchiveFiles, blobs: BlobStore): Promise<ArchivedImage[]> {
  const list = await files.readJson('manifest.json');
  if (!Array.isArray(list) || list.length > maxImages)
    throw new InvalidManifest('manifest.json is not a list of images');
  const images: ArchivedImage[] = [];
  for (const entry of list) {
    const item = asObject(entry, 'an entry of manifest.json');
    if (typeof item.Config !== 'string') throw new InvalidManifest('manifest.json: Config is missing');
    const rawConfig = await files.readFile(item.Config);
    const layers = await Promise.all(strings(item.Layers, 'Layers').map((name) => describeLayer(files, blobs, name)));
    images.push({
      image: await makeImage(blobs, rawConfig, layers),
      references: strings(item.RepoTags, 'RepoTags').map((tag) => parseReference(tag)),
    });
  }
  return images;
}

async function describeLayer(files: ArchiveFiles, blobs: BlobStore, name: string): Promise<Descriptor> {
  const file = files.find(name);
  if (file === undefined) throw new InvalidManifest(`the archive has no layer ${name.slice(0, 200)}`);
  const compression = compressionOf(await firstBytes(blobs, file.digest));
  if (compression === 'other')
    throw new InvalidManifest(`the layer ${name.slice(0, 200)} is compressed with bzip2 or xz`);
  const mediaType = { gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd, none: mediaTypes.ociLayer }[
    compression
  ];
  return { mediaType, digest: file.digest, size: file.size };
}

async function firstBytes(blobs: BlobStore, digest: Descriptor['digest']): Promise<Uint8Array> {
  for await (const chunk of blobs.read(digest, { end: 15 })) return chunk as Buffer;
  return new Uint8Array(0);
}

/** An image with an OCI manifest of our own around a config and layers that are in the blob store. */
async function makeImage(blobs: BlobStore, rawConfig: Buffer, layers: readonly Descriptor[]): Promise<Image> {
  parseImageConfig(rawConfig); // its own complaint is clearer than that about the manifest
  const config: Descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(rawConfig), size: rawConfig.length };
  const manifest = encodeManifest(mediaTypes.ociManifest, config, layers);
  return assembleImage(manifest, mediaTypes.ociManifest, rawConfig, (descriptor, start) =>
    blobs.read(descriptor.digest, { start }),
  );
}
