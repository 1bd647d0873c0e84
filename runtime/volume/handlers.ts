// The protocol's volume methods.
import { pipeline } from 'node:stream/promises';
import { withFailures } from '../image/failures.ts';
import { booleanFilter, checkFilters, labelsMatch } from '../image/filters.ts';
import { packStream, unpackStream } from '../native/archive.ts';
import { isEngineError } from '../protocol/errors.ts';
import type { HandlersOf } from '../protocol/handler.ts';
import type { Filters } from '../protocol/method.ts';
import type { Volume, volumeMethods } from '../protocol/volume.ts';
import type { VolumeStore } from './volume_store.ts';

function list(store: VolumeStore, filters: Filters): Volume[] {
  checkFilters(filters, ['dangling', 'driver', 'label', 'label!', 'name']);
  const dangling = booleanFilter(filters, 'dangling');
  return store.records
    .all()
    .filter(
      (entry) =>
        (filters['driver']?.includes(entry.driver) ?? true) &&
        (filters['name']?.some((name) => entry.name.includes(name)) ?? true) &&
        (dangling === undefined || dangling === (store.uses.usersOfVolume(entry.name).length === 0)) &&
        labelsMatch(entry.labels, filters),
    )
    .map((entry) => store.row(entry));
}

async function prune(
  store: VolumeStore,
  filters: Filters,
): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }> {
  checkFilters(filters, ['all', 'label', 'label!']);
  const all = booleanFilter(filters, 'all') === true;
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const entry of store.records.all()) {
    if (
      (!all && !entry.anonymous) ||
      !labelsMatch(entry.labels, filters) ||
      store.uses.usersOfVolume(entry.name).length > 0
    )
      continue;
    const { UsageData } = await store.describe(entry, true);
    await store.remove(entry.name);
    reclaimed += UsageData?.Size ?? 0;
    deleted.push(entry.name);
  }
  store.context.events.publish({
    type: 'volume',
    action: 'prune',
    id: '',
    attributes: { reclaimed: String(reclaimed) },
  });
  return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
}

/** A user of the volume that is no container, for as long as its content is streamed. */
async function mounted<T>(store: VolumeStore, name: string, task: (directory: string) => Promise<T>): Promise<T> {
  const user = `stream-${process.hrtime.bigint()}`;
  const directory = await store.mount(name, user);
  try {
    return await task(directory);
  } finally {
    await store.unmount(name, user);
  }
}

export function volumeHandlers(store: VolumeStore): HandlersOf<typeof volumeMethods> {
  return {
    'volume.list': async ({ Filters: filters = {} }) => ({ Volumes: list(store, filters), Warnings: [] }),
    'volume.inspect': async ({ Volume: name, Size }) => store.describe(store.find(name), Size === true),
    'volume.create': async ({ Name, Driver, DriverOpts, Labels }) => {
      const { name } = await store.ensure({
        ...(Name === undefined ? {} : { name: Name }),
        ...(Driver === undefined ? {} : { driver: Driver }),
        ...(DriverOpts === undefined ? {} : { options: DriverOpts }),
        ...(Labels === undefined ? {} : { labels: Labels }),
      });
      return store.row(store.find(name));
    },
    'volume.remove': async ({ Volume: name, Force }) => {
      try {
        await store.remove(name);
      } catch (error) {
        if (Force !== true || !isEngineError(error, 'NotFound')) throw error;
      }
      return null;
    },
    'volume.prune': ({ Filters: filters = {} }) => prune(store, filters),
    'volume.export': async ({ Volume: name }) => {
      store.find(name);
      return (duplex, signal) =>
        mounted(store, name, async (root) => {
          const { stream, result } = packStream({ kind: 'tree', root }, { signal });
          await pipeline(stream, duplex, { signal, end: false });
          await result;
          return null;
        });
    },
    'volume.import': async ({ Volume: name }) => {
      store.find(name);
      return (duplex, signal) =>
        withFailures(`import into volume ${name}`, () =>
          mounted(store, name, async (target) => {
            await unpackStream(duplex, { target, compression: 'auto', whiteouts: 'keep', signal });
            return null;
          }),
        );
    },
  };
}
