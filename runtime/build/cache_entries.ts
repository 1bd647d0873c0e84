// The build cache as it travels: an OCI manifest whose layers are the cache's, and whose config says which step made which of
// them. The same field in an image's own config is an inline cache.
import { asObject, InvalidManifest } from '../image/manifest.ts';
import { type Digest, isDigest, parseDigest } from '../store/digest.ts';

export const cacheConfigType = 'application/vnd.slipway.buildcache.config.v1+json';
/** Of the config's fields the one that is ours. */
export const cacheField = 'slipway.buildcache.v1';

/** A step's result: what it is filed under, and what is known of it besides its files. */
export interface CacheEntry {
  readonly key: Digest;
  readonly diffId: Digest;
  /** Bytes, unpacked. */
  readonly size: number;
  /** Milliseconds that making it took. */
  readonly duration: number;
  readonly description: string;
  readonly kind: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

export interface TravellingCache {
  readonly entries: readonly CacheEntry[];
  /** Of the manifest's layers, in their order. */
  readonly diffIds: readonly Digest[];
}

export function encodeCacheConfig({ entries, diffIds }: TravellingCache): Buffer {
  return Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: diffIds }, [cacheField]: entries }));
}

/** Reads a cache's config, or that of an image with an inline cache; without one there are no entries. Throws InvalidManifest. */
export function readCacheConfig(raw: Uint8Array): TravellingCache {
  const config = asObject(JSON.parse(Buffer.from(raw).toString('utf8')), 'the cache config');
  const entries = config[cacheField] ?? [];
  const { diff_ids: diffIds } = asObject(config['rootfs'], 'rootfs');
  if (!Array.isArray(entries) || !Array.isArray(diffIds)) throw new InvalidManifest('its list of steps is not a list');
  return { entries: entries.map(readEntry), diffIds: diffIds.map((value) => parseDigest(value)) };
}

function readEntry(value: unknown): CacheEntry {
  const { key, diffId, size, duration, description, kind, created } = asObject(value, 'a step of the cache');
  if (!isDigest(key) || !isDigest(diffId)) throw new InvalidManifest('a step of the cache has no digests');
  return {
    key,
    diffId,
    size: Number(size) || 0,
    duration: Number(duration) || 0,
    description: String(description),
    kind: String(kind),
    created: Number(created) || 0,
  };
}
