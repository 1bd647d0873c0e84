// Looking into the build cache and making it smaller.
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
  readonly all: boolean;
  /** Bytes that may stay. */
  readonly keep: number | undefined;
  readonly filters: Filters;
}

/** Removes records, the one unused longest first, until the rest fits; their layers go unless an image has them too. */
export async function pruneCache(
  services: BuildServices,
  { keep, filters }: PruneOptions,
): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }> {
  const { cache, images } = services;
  const wanted = new Set(listCache(services, filters).map(({ ID }) => ID));
  const records = cache.all();
  let left = records.reduce((sum, { size }) => sum + size, 0);
  const deleted: string[] = [];
  for (const record of records) {
    const id = record.key.slice(7, 32);
    if (!wanted.has(id) || (keep !== undefined && left <= keep)) continue;
    cache.remove(record.key);
    left -= record.size;
    deleted.push(id);
  }
  const SpaceReclaimed = await images.collect();
  return { CachesDeleted: deleted, SpaceReclaimed };
}
