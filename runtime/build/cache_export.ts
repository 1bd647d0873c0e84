// Writing the build cache for other machines: into a registry, into a directory, or into the image itself.
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredLayer } from '../image/commit.ts';
import type { ImageStore } from '../image/image_store.ts';
import { type Descriptor, encodeManifest, mediaTypes } from '../image/manifest.ts';
import { pushManifest } from '../image/push.ts';
import { parseReference } from '../image/reference.ts';
import { authFor, type RegistryAccess } from '../image/registry_access.ts';
import type { BuildRequest } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import { digestOf, hexOf } from '../store/digest.ts';
import type { CacheRecord } from './cache.ts';
import { type CacheEntry, cacheConfigType, encodeCacheConfig } from './cache_entries.ts';

type CacheRequest = NonNullable<BuildRequest['CacheTo']>[number];

const placeOf = { registry: 'ref', local: 'dest', inline: undefined } as const;
/** Of BuildKit's attributes those that change nothing here: layers travel as gzip, manifests are OCI's. */
const otherAttributes = [
  'mode',
  'ignore-error',
  'image-manifest',
  'oci-mediatypes',
  'compression',
  'compression-level',
];

/** Says what is wrong with the destinations before a build of an hour finds out. */
export function checkExports(requests: readonly CacheRequest[]): void {
  for (const { Type, Attributes = {} } of requests) {
    if (!isKnown(Type))
      throw new EngineError('Unsupported', `--cache-to type=${Type}: there are registry, local and inline`);
    const place = placeOf[Type];
    if (place !== undefined && !Attributes[place])
      throw new EngineError('InvalidArgument', `--cache-to type=${Type} needs ${place}=…`);
    const unknown = Object.keys(Attributes).find((name) => name !== place && !otherAttributes.includes(name));
    if (unknown !== undefined)
      throw new EngineError('InvalidArgument', `--cache-to type=${Type} has no attribute ${unknown}`);
    if (!['min', 'max', undefined].includes(Attributes['mode']))
      throw new EngineError('InvalidArgument', `--cache-to mode=${Attributes['mode']}: it is min or max`);
  }
}

function isKnown(type: string): type is keyof typeof placeOf {
  return type in placeOf;
}

export function entryOf({ key, layer, size, duration, description, kind, created }: CacheRecord): CacheEntry {
  return { key, diffId: layer.diffId, size, duration, description, kind, created };
}

export interface ExportServices {
  readonly images: ImageStore;
  readonly registries: RegistryAccess;
  readonly auths: BuildRequest['Auths'];
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

/**
 * Writes the cache to every place but the image itself.
 * @param needed the steps that the result stands on (mode=min); `all` of the build besides (mode=max)
 */
export async function exportCaches(
  requests: readonly CacheRequest[],
  { needed, all }: { readonly needed: readonly CacheRecord[]; readonly all: readonly CacheRecord[] },
  services: ExportServices,
): Promise<void> {
  for (const { Type, Attributes = {} } of requests) {
    if (Type === 'inline') continue;
    const records = Attributes['mode'] === 'max' ? all : needed;
    try {
      await exportCache(records, Attributes, services);
    } catch (error) {
      services.signal.throwIfAborted();
      if (Attributes['ignore-error'] !== 'true') throw error;
      services.warn(`cannot export the cache: ${error instanceof Error ? error.message : error}`);
    }
  }
}

async function exportCache(
  records: readonly CacheRecord[],
  { ref, dest }: Readonly<Record<string, string>>,
  { images, registries, auths, signal }: ExportServices,
): Promise<void> {
  const layers = [...new Map(records.map(({ layer }) => [layer.diffId, layer])).values()];
  const diffIds = layers.map(({ diffId }) => diffId);
  const rawConfig = encodeCacheConfig({ entries: records.map(entryOf), diffIds });
  const config = { mediaType: cacheConfigType, digest: digestOf(rawConfig), size: rawConfig.length };
  if (dest !== undefined) return await writeLayout(dest, images, config, rawConfig, layers);
  const reference = parseReference(ref ?? '');
  using _hold = images.blobs.holds.take(config.digest, ...layers.map(({ descriptor }) => descriptor.digest));
  await images.blobs.put(rawConfig, config.digest);
  using client = registries.client(reference.registry, authFor(auths, reference.registry));
  await pushManifest(
    { mediaType: mediaTypes.ociManifest, config, layers: layers.map(({ descriptor }) => descriptor), diffIds },
    reference,
    { blobs: images.blobs, records: images.records, client, concurrency: 3, onProgress: () => {}, signal },
  );
}

/** An OCI layout whose only manifest is the cache. An older one in the directory is replaced when the new one is whole. */
async function writeLayout(
  directory: string,
  images: ImageStore,
  config: Descriptor,
  rawConfig: Buffer,
  layers: readonly StoredLayer[],
): Promise<void> {
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const descriptors = layers.map(({ descriptor }) => descriptor);
  for (const { digest } of descriptors) await copyFile(images.blobs.path(digest), join(blobs, hexOf(digest)));
  const manifest = encodeManifest(mediaTypes.ociManifest, config, descriptors);
  const digest = digestOf(manifest);
  await writeFile(join(blobs, hexOf(config.digest)), rawConfig);
  await writeFile(join(blobs, hexOf(digest)), manifest);
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ mediaType: mediaTypes.ociManifest, digest, size: manifest.length }],
  };
  await writeFile(join(directory, 'index.json.new'), JSON.stringify(index));
  await rename(join(directory, 'index.json.new'), join(directory, 'index.json'));
}
