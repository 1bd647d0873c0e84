// Writes images as one tar that is a docker archive and an OCI layout at once: docker, podman, skopeo and containerd load it.
import type { BlobStore } from '../store/blob_store.ts';
import { type Digest, digestOf, hexOf } from '../store/digest.ts';
import { type Descriptor, encodeManifest, maxConfigBytes, mediaTypes } from './manifest.ts';
import { encodeIndex, type PlatformDescriptor, type PlatformImage } from './multi_platform.ts';
import type { ImageRecord } from './records.ts';
import { canonical, familiar, type Reference } from './reference.ts';
import { type TarFile, writeTar } from './tar_writer.ts';

export interface SavedImage {
  readonly record: ImageRecord;
  readonly references: readonly Reference[];
}

const ociLayerTypes: Readonly<Record<string, string>> = {
  [mediaTypes.dockerLayer]: mediaTypes.ociLayer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
};

/** The manifest as OCI writes it: a layout may hold nothing else. Config and layers stay the same bytes. */
async function ociManifest(record: ImageRecord, blobs: BlobStore): Promise<Buffer> {
  if (record.mediaType === mediaTypes.ociManifest) return blobs.readAll(record.manifest, maxConfigBytes);
  const size = (await blobs.size(record.config)) ?? 0;
  const layers = record.layers.map((layer) => ({
    ...layer,
    mediaType: ociLayerTypes[layer.mediaType] ?? layer.mediaType,
  }));
  return encodeManifest(
    mediaTypes.ociManifest,
    { mediaType: mediaTypes.ociConfig, digest: record.config, size },
    layers,
  );
}

const blobName = (digest: Digest) => `blobs/sha256/${hexOf(digest)}`;

function memoryFile(name: string, data: Buffer): TarFile {
  return { name, size: data.length, content: [data] };
}

/** What an archive holds besides index.json: blobs of the store, and those that are made for it. */
class Contents {
  readonly #blobs: BlobStore;
  readonly #stored = new Map<Digest, number>();
  readonly #made = new Map<Digest, Buffer>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Takes an image in; the descriptor of its manifest. */
  async add(record: ImageRecord): Promise<Descriptor> {
    this.#stored.set(record.config, (await this.#blobs.size(record.config)) ?? 0);
    for (const layer of record.layers) this.#stored.set(layer.digest, layer.size);
    return this.make(mediaTypes.ociManifest, await ociManifest(record, this.#blobs));
  }

  make(mediaType: string, data: Buffer): Descriptor {
    const digest = digestOf(data);
    this.#made.set(digest, data);
    return { mediaType, digest, size: data.length };
  }

  *files(index: readonly Descriptor[]): Generator<TarFile> {
    // Opened when it is its turn: whoever reads the archive may leave before.
    for (const [digest, size] of this.#stored)
      yield {
        name: blobName(digest),
        size,
        content: { [Symbol.asyncIterator]: () => this.#blobs.read(digest)[Symbol.asyncIterator]() },
      };
    for (const [digest, data] of this.#made) yield memoryFile(blobName(digest), data);
    const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: index };
    yield memoryFile('index.json', Buffer.from(JSON.stringify(document)));
    yield memoryFile('oci-layout', Buffer.from('{"imageLayoutVersion": "1.0.0"}'));
  }
}

/** One entry of index.json for each name, or one without a name. */
function named(descriptor: Descriptor, references: readonly Reference[]): Descriptor[] {
  if (references.length === 0) return [descriptor];
  return references.map((reference) => ({
    ...descriptor,
    annotations: {
      'io.containerd.image.name': canonical(reference),
      'org.opencontainers.image.ref.name': reference.tag ?? '',
    },
  }));
}

/** The archive's bytes. Times in it are fixed, so that the same images give the same archive. */
export async function* saveArchive(images: readonly SavedImage[], blobs: BlobStore): AsyncGenerator<Uint8Array> {
  const contents = new Contents(blobs);
  const index: Descriptor[] = [];
  for (const { record, references } of images) index.push(...named(await contents.add(record), references));
  const dockerManifest = images.map(({ record, references }) => ({
    Config: blobName(record.config),
    RepoTags: references.map(familiar),
    Layers: record.layers.map(({ digest }) => blobName(digest)),
  }));
  function* files(): Generator<TarFile> {
    yield* contents.files(index);
    yield memoryFile('manifest.json', Buffer.from(JSON.stringify(dockerManifest)));
  }
  yield* writeTar(['blobs', 'blobs/sha256'], files(), 0);
}

/** An OCI layout with one index for the images of several platforms. Docker's older archive has no place for such. */
export async function* saveIndexArchive(
  images: readonly PlatformImage[],
  references: readonly Reference[],
  blobs: BlobStore,
): AsyncGenerator<Uint8Array> {
  const contents = new Contents(blobs);
  const entries: PlatformDescriptor[] = [];
  for (const { record, platform } of images) entries.push({ ...(await contents.add(record)), platform });
  const index = contents.make(mediaTypes.ociIndex, encodeIndex(entries));
  yield* writeTar(['blobs', 'blobs/sha256'], contents.files(named(index, references)), 0);
}
