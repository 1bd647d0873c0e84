// Images as clients see them: list rows, inspect, history.
import type { ContainerConfig } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { ImageHistoryItem, ImageInspect, ImageSummary } from '../protocol/image.ts';
import type { Filters } from '../protocol/method.ts';
import type { Digest } from '../store/digest.ts';
import type { ContainerDefaults } from './config.ts';
import { booleanFilter, checkFilters, labelsMatch, matchesPattern, untilFilter } from './filters.ts';
import type { ImageStore } from './image_store.ts';
import type { ImageName, ImageRecord, RepositoryDigest } from './records.ts';
import { familiar, familiarName, parseReference } from './reference.ts';

function familiarTag(name: string): string {
  return familiar(parseReference(name));
}

function familiarDigest({ repository, digest }: RepositoryDigest): string {
  return familiar(parseReference(`${repository}@${digest}`));
}

export function summarize(
  record: ImageRecord,
  names: readonly ImageName[],
  digests: readonly RepositoryDigest[],
): ImageSummary {
  return {
    Id: record.id,
    ParentId: record.parent ?? '',
    RepoTags: names.map(({ name }) => familiarTag(name)),
    RepoDigests: digests.map(familiarDigest),
    Created: Math.floor(record.created / 1000),
    Size: record.size,
    SharedSize: -1,
    Labels: { ...record.labels },
    Containers: -1,
  };
}

function grouped<T extends { readonly image: Digest }>(rows: readonly T[]): Map<Digest, T[]> {
  return Map.groupBy(rows, ({ image }) => image);
}

const listFilters = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until'];

export interface ListOptions {
  readonly filters: Filters;
  /** Also images that are only steps on the way to another one. */
  readonly all: boolean;
  readonly sharedSize: boolean;
}

export function listImages(store: ImageStore, { filters, all, sharedSize }: ListOptions): ImageSummary[] {
  checkFilters(filters, listFilters);
  const records = store.records.all();
  const names = grouped(store.records.names());
  const digests = grouped(store.records.digests());
  const parents = new Set(records.map(({ parent }) => parent));
  const dangling = booleanFilter(filters, 'dangling');
  const until = untilFilter(filters, Date.now());
  const before = filters.before?.map((text) => store.find(text).created);
  const since = filters.since?.map((text) => store.find(text).created);
  const shares = sharedSize ? countLayers(records) : undefined;
  const rows: ImageSummary[] = [];
  for (const record of records) {
    const ownNames = names.get(record.id) ?? [];
    if (!all && ownNames.length === 0 && parents.has(record.id)) continue;
    if (dangling !== undefined && dangling !== (ownNames.length === 0)) continue;
    if (until !== undefined && record.created > until) continue;
    if (before?.some((created) => record.created >= created) || since?.some((created) => record.created <= created))
      continue;
    if (!labelsMatch(record.labels, filters)) continue;
    const row = summarize(record, ownNames, digests.get(record.id) ?? []);
    const matched = onlyMatching(row, filters.reference);
    if (matched !== undefined)
      rows.push(shares === undefined ? matched : { ...matched, ...usage(store, record, shares) });
  }
  return rows;
}

/** With `reference` patterns only the names that match are shown, and images with none of them are not. */
function onlyMatching(row: ImageSummary, patterns: readonly string[] | undefined): ImageSummary | undefined {
  if (patterns === undefined || patterns.length === 0) return row;
  const fits = (name: string) =>
    patterns.some((pattern) => {
      const reference = parseReference(name, { keepUntagged: true });
      const short = familiarName(reference);
      return (
        matchesPattern(pattern, short) ||
        matchesPattern(pattern, `${short}:${reference.tag ?? ''}`) ||
        matchesPattern(pattern, name)
      );
    });
  const RepoTags = row.RepoTags.filter(fits);
  const RepoDigests = row.RepoDigests.filter(fits);
  return RepoTags.length + RepoDigests.length === 0 ? undefined : { ...row, RepoTags, RepoDigests };
}

function countLayers(records: readonly ImageRecord[]): Map<Digest, number> {
  const counts = new Map<Digest, number>();
  for (const { chainIds } of records)
    for (const chainId of chainIds) counts.set(chainId, (counts.get(chainId) ?? 0) + 1);
  return counts;
}

function usage(store: ImageStore, record: ImageRecord, counts: ReadonlyMap<Digest, number>) {
  let shared = 0;
  for (const chainId of record.chainIds)
    if ((counts.get(chainId) ?? 0) > 1) shared += store.layers.known(chainId)?.size ?? 0;
  return { SharedSize: shared, Containers: store.uses.usersOfImage(record.id).length };
}

/** Docker's shape has lists where ours are read-only. */
function asContainerConfig(defaults: ContainerDefaults): ContainerConfig {
  return structuredClone(defaults) as ContainerConfig;
}

export async function inspectImage(store: ImageStore, text: string): Promise<ImageInspect> {
  const record = store.find(text);
  const config = await store.config(record);
  const names = store.records.names(record.id);
  const lower = store.lowerDirs(record);
  const tagged = Math.max(0, ...names.map((name) => name.tagged));
  return {
    Id: record.id,
    RepoTags: names.map(({ name }) => familiarTag(name)),
    RepoDigests: store.records.digests(record.id).map(familiarDigest),
    Parent: record.parent ?? '',
    Comment: config.history.at(-1)?.comment ?? '',
    Created: config.created ?? '',
    Author: config.author ?? '',
    Config: asContainerConfig(config.config),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config['os.version'] === undefined ? {} : { OsVersion: config['os.version'] }),
    Size: record.size,
    GraphDriver: {
      Name: 'overlay2',
      Data: { UpperDir: lower[0] ?? '', ...(lower.length > 1 ? { LowerDir: lower.slice(1).join(':') } : {}) },
    },
    RootFS: { Type: 'layers', Layers: [...record.diffIds] },
    Metadata: { LastTagTime: tagged === 0 ? '0001-01-01T00:00:00Z' : new Date(tagged).toISOString() },
    Descriptor: {
      mediaType: record.mediaType,
      digest: record.manifest,
      size: (await store.blobs.size(record.manifest)) ?? 0,
    },
  };
}

/** Newest first; the topmost entry is the image itself, and entries of images that we have know their names. */
export async function imageHistory(store: ImageStore, text: string): Promise<ImageHistoryItem[]> {
  const record = store.find(text);
  const config = await store.config(record);
  const items: ImageHistoryItem[] = [];
  let layer = 0;
  for (const entry of config.history) {
    let size = 0;
    if (entry.empty_layer !== true) {
      const chainId = record.chainIds[layer++];
      if (chainId === undefined)
        throw new EngineError('DataCorrupt', `the history of image ${text} has more layers than the image`);
      size = (await store.layers.info(chainId))?.size ?? 0;
    }
    const created = Date.parse(entry.created ?? '');
    items.push({
      Id: '<missing>',
      Created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
      CreatedBy: entry.created_by ?? '',
      Tags: null,
      Size: size,
      Comment: entry.comment ?? '',
    });
  }
  items.reverse();
  nameParents(store, record, items);
  return items;
}

function nameParents(store: ImageStore, record: ImageRecord, items: ImageHistoryItem[]): void {
  let at: ImageRecord | undefined = record;
  for (const item of items) {
    if (at === undefined) return;
    const tags = store.records.names(at.id).map(({ name }) => familiarTag(name));
    item.Id = at.id;
    item.Tags = tags.length === 0 ? null : tags;
    at = at.parent === undefined ? undefined : store.records.get(at.parent);
  }
}
