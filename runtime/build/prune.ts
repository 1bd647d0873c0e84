// Looking into the build cache and making it smaller.
import { statfs } from 'node:fs/promises';
import { untilFilter } from '../image/filters.ts';
import type { BuildCacheRecord } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Filters } from '../protocol/method.ts';
import type { CacheRecord } from './cache.ts';
import type { BuildServices } from './solver.ts';

const known = new Set(['id', 'parent', 'type', 'inuse', 'shared', 'private', 'description', 'until', 'unused-for']);

export function listCache({ cache, images }: BuildServices, filters: Filters = {}): BuildCacheRecord[] {
  for (const name of Object.keys(filters))
    if (!known.has(name)) throw new EngineError('InvalidArgument', `invalid filter '${name}'`);
  const shared = images.records.roots().chains;
  return cache
    .all()
    .map((record) => view(record, shared.has(record.chainId)))
    .filter((record) => matches(record, filters))
    .reverse();
}

function view(record: CacheRecord, shared: boolean): BuildCacheRecord {
  return {
    ID: record.key.slice(7, 32),
    Type: record.kind,
    Description: record.description,
    InUse: shared,
    Shared: shared,
    Size: record.size,
    CreatedAt: new Date(record.created).toISOString(),
    LastUsedAt: record.uses > 0 ? new Date(record.used).toISOString() : null,
    UsageCount: record.uses,
    ...(record.parent === undefined ? {} : { Parents: [record.parent.slice(7, 32)] }),
  };
}

function matches(record: BuildCacheRecord, filters: Filters): boolean {
  const unusedSince = untilFilter({ until: filters['until'] ?? filters['unused-for'] ?? [] }, Date.now());
  if (unusedSince !== undefined && Date.parse(record.LastUsedAt ?? record.CreatedAt) > unusedSince) return false;
  const fields: Record<string, string> = {
    id: record.ID,
    type: record.Type,
    inuse: String(record.InUse),
    shared: String(record.Shared),
    private: String(!record.Shared),
    description: record.Description,
    parent: record.Parents?.[0] ?? '',
  };
  return Object.entries(filters).every(([name, values]) => {
    const field = fields[name];
    return (
      field === undefined ||
      values.length === 0 ||
      values.some((value) => field === value || (name === 'id' && field.startsWith(value)))
    );
  });
}

export interface PruneOptions {
  /** What images share, too. */
  readonly all: boolean;
  /** Bytes that may stay. */
  readonly keep: number | undefined;
  /** Bytes that shall be free on the disk: with more than that, nothing has to go. */
  readonly minFree: number | undefined;
  readonly filters: Filters;
}

/** Removes records, the one unused longest first, until the rest fits; their layers go unless an image has them too. */
export async function pruneCache(
  services: BuildServices,
  { all, keep, minFree, filters }: PruneOptions,
): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }> {
  const { cache, images } = services;
  const wanted = new Set(
    listCache(services, filters)
      .filter(({ InUse }) => all || !InUse)
      .map(({ ID }) => ID),
  );
  const records = cache.all();
  let left = records.reduce((sum, { size }) => sum + size, 0);
  const lacking = minFree === undefined ? undefined : Math.max(0, minFree - (await images.blobs.available()));
  const bound = Math.max(keep ?? 0, lacking === undefined ? 0 : left - lacking);
  const deleted: string[] = [];
  for (const record of records) {
    const id = record.key.slice(7, 32);
    if (!wanted.has(id) || cache.holds.has(record.key) || ((keep ?? minFree) !== undefined && left <= bound)) continue;
    cache.remove(record.key);
    left -= record.size;
    deleted.push(id);
  }
  const SpaceReclaimed = await images.collect();
  return { CachesDeleted: deleted, SpaceReclaimed };
}

/** Keeps the cache within its bounds; called when a build has ended. */
export async function boundCache(services: BuildServices): Promise<void> {
  const { dataRoot } = services.images.context.paths;
  const { buildCacheLimit } = services.images.context.options;
  const limit = buildCacheLimit ?? (await defaultLimit(dataRoot));
  const size = services.cache.all().reduce((sum, record) => sum + record.size, 0);
  if (size <= limit) return;
  services.images.context.log.info('pruning the build cache', { size, limit });
  await pruneCache(services, { all: true, keep: limit, minFree: undefined, filters: {} });
}

/** A tenth of the disk, as BuildKit keeps it. */
async function defaultLimit(directory: string): Promise<number> {
  const { blocks, bsize } = await statfs(directory);
  return (blocks * bsize) / 10;
}
