// Writes images as one tar that is a docker archive and an OCI layout at once: docker, podman, skopeo and containerd load it.
import type { BlobStore } from '../store/blob_store.ts';
import { type Digest, digestOf, hexOf } from '../store/digest.ts';
import { type Descriptor, encodeManifest, maxConfigBytes, mediaTypes } from './manifest.ts';
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

/** The archive's bytes. Times in it are fixed, so that the same images give the same archive. */
export async function* saveArchive(images: readonly SavedImage[], blobs: BlobStore): AsyncGenerator<Uint8Array> {
  const stored = new Map<Digest, number>();
  const made = new Map<Digest, Buffer>();
  const index: (Descriptor & { annotations?: Record<string, string> })[] = [];
  for (const { record, references } of images) {
    const manifest = await ociManifest(record, blobs);
    const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.length };
    made.set(descriptor.digest, manifest);
    stored.set(record.config, (await blobs.size(record.config)) ?? 0);
    for (const layer of record.layers) stored.set(layer.digest, layer.size);
    const named = references.map((reference) => ({
      ...descriptor,
      annotations: {
        'io.containerd.image.name': canonical(reference),
        'org.opencontainers.image.ref.name': reference.tag ?? '',
      },
    }));
    index.push(...(named.length === 0 ? [descriptor] : named));
  }
  const dockerManifest = images.map(({ record, references }) => ({
    Config: blobName(record.config),
    RepoTags: references.map(familiar),
    Layers: record.layers.map(({ digest }) => blobName(digest)),
  }));
  function* files(): Generator<TarFile> {
    for (const [digest, size] of stored) yield { name: blobName(digest), size, content: blobs.read(digest) };
    for (const [digest, data] of made) yield memoryFile(blobName(digest), data);
    yield memoryFile(
      'index.json',
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: index })),
    );
    yield memoryFile('manifest.json', Buffer.from(JSON.stringify(dockerManifest)));
    yield memoryFile('oci-layout', Buffer.from('{"imageLayoutVersion": "1.0.0"}'));
  }
  yield* writeTar(['blobs', 'blobs/sha256'], files(), 0);
}
