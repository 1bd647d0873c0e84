// Taking names from images and removing images, with Docker's rules.
import { EngineError } from '../protocol/errors.ts';
import type { RemovedImage } from '../protocol/image.ts';
import type { Filters } from '../protocol/method.ts';
import { booleanFilter, checkFilters, labelsMatch, untilFilter } from './filters.ts';
import type { ImageStore } from './image_store.ts';
import type { ImageRecord } from './records.ts';
import { canonical, familiar, familiarName, fullName, parseReference, type Reference } from './reference.ts';

export interface RemoveOptions {
  readonly force: boolean;
  /** Keep the nameless images that this one was made from. */
  readonly keepParents: boolean;
}

/** The name that the text is, if it names this image; undefined where the text is an id. */
function nameOf(store: ImageStore, text: string, record: ImageRecord): Reference | undefined {
  let reference: Reference;
  try {
    reference = parseReference(text);
  } catch {
    return undefined;
  }
  const target =
    reference.digest === undefined
      ? store.records.nameTarget(canonical(reference))
      : store.records.digestTarget(fullName(reference), reference.digest);
  return target === record.id ? reference : undefined;
}

function conflict(store: ImageStore, record: ImageRecord, text: string, force: boolean): EngineError | undefined {
  const users = store.uses.usersOfImage(record.id);
  const running = users.find((user) => user.running);
  const user = running ?? users[0];
  if (user === undefined || (force && running === undefined)) return undefined;
  const who = `container ${user.name.replace(/^\//, '')} (${user.id.slice(0, 12)})`;
  if (running !== undefined)
    return new EngineError('Conflict', `cannot remove image ${text}: ${who} is running from it`, {
      remedy: `Stop and remove the container first: slipway rm -f ${user.id.slice(0, 12)}`,
    });
  return new EngineError('Conflict', `cannot remove image ${text}: the stopped ${who} uses it`, {
    remedy: `Remove the container first, or use --force`,
  });
}

function untag(store: ImageStore, name: Reference, record: ImageRecord): RemovedImage[] {
  const removed: RemovedImage[] = [];
  if (name.digest !== undefined) store.records.removeDigest(fullName(name), name.digest);
  else store.records.removeName(canonical(name));
  removed.push({ Untagged: familiar(name) });
  // A repository's digests go with its last tag.
  const prefix = `${fullName(name)}:`;
  if (name.digest === undefined && !store.records.names(record.id).some((other) => other.name.startsWith(prefix)))
    for (const { repository, digest } of store.records.digests(record.id)) {
      if (repository !== fullName(name) || !store.records.removeDigest(repository, digest)) continue;
      removed.push({ Untagged: `${familiarName(name)}@${digest}` });
    }
  store.publish('untag', record, familiar(name));
  return removed;
}

/** Deletes the record, and upwards the nameless images that nothing else is made from. The content goes with `collect`. */
function deleteRecord(store: ImageStore, record: ImageRecord, keepParents: boolean): RemovedImage[] {
  store.records.remove(record.id);
  store.publish('delete', record, undefined, true);
  const removed: RemovedImage[] = [{ Deleted: record.id }];
  const parent = record.parent === undefined ? undefined : store.records.get(record.parent);
  if (keepParents || parent === undefined || !isLoose(store, parent)) return removed;
  return [...removed, ...deleteRecord(store, parent, keepParents)];
}

/** Whether nothing holds the image: no name, no child, no container. */
function isLoose(store: ImageStore, record: ImageRecord): boolean {
  return (
    store.records.names(record.id).length === 0 &&
    store.records.digests(record.id).length === 0 &&
    store.uses.usersOfImage(record.id).length === 0 &&
    !store.records.all().some(({ parent }) => parent === record.id)
  );
}

export async function removeImage(
  store: ImageStore,
  text: string,
  { force, keepParents }: RemoveOptions,
): Promise<RemovedImage[]> {
  const record = store.find(text);
  const removed: RemovedImage[] = [];
  const name = nameOf(store, text, record);
  const names = store.records.names(record.id).map((entry) => parseReference(entry.name));
  if (name !== undefined && names.filter((other) => canonical(other) !== canonical(name)).length > 0)
    return untag(store, name, record);
  if (name === undefined && new Set(names.map(fullName)).size > 1 && !force)
    throw new EngineError('Conflict', `cannot remove image ${text}: it has names in several repositories`, {
      remedy: 'Remove them by name, or use --force',
    });
  const blocked = conflict(store, record, text, force);
  if (blocked !== undefined) throw blocked;
  store.records.transaction(() => {
    for (const each of names) removed.push(...untag(store, each, record));
    for (const { repository, digest } of store.records.digests(record.id))
      store.records.removeDigest(repository, digest);
    // A stopped container keeps its image, nameless: it may be started again.
    if (store.uses.usersOfImage(record.id).length > 0) return;
    removed.push(...deleteRecord(store, record, keepParents));
  });
  await store.collect();
  return removed;
}

export interface PruneResult {
  ImagesDeleted: RemovedImage[];
  SpaceReclaimed: number;
}

export async function pruneImages(store: ImageStore, filters: Filters): Promise<PruneResult> {
  checkFilters(filters, ['dangling', 'label', 'label!', 'until']);
  const danglingOnly = booleanFilter(filters, 'dangling') ?? true;
  const until = untilFilter(filters, Date.now());
  const deleted: RemovedImage[] = [];
  const isWanted = (record: ImageRecord): boolean =>
    (danglingOnly && store.records.names(record.id).length > 0) ||
    (until !== undefined && record.created > until) ||
    !labelsMatch(record.labels, filters) ||
    store.uses.usersOfImage(record.id).length > 0;
  /** Those that no other image builds upon; a named parent's turn comes when its children are gone. */
  const removeLeaves = (): boolean => {
    const records = store.records.all();
    const parents = new Set(records.map(({ parent }) => parent));
    const before = deleted.length;
    for (const record of records) {
      if (store.records.get(record.id) === undefined) continue; // went with its child
      if (parents.has(record.id) || isWanted(record)) continue;
      for (const { name } of store.records.names(record.id))
        deleted.push(...untag(store, parseReference(name), record));
      deleted.push(...deleteRecord(store, record, false));
    }
    return deleted.length > before;
  };
  store.records.transaction(() => {
    while (removeLeaves());
  });
  const SpaceReclaimed = await store.collect();
  store.context.events.publish({
    type: 'image',
    action: 'prune',
    id: '',
    attributes: { reclaimed: String(SpaceReclaimed) },
  });
  return { ImagesDeleted: deleted, SpaceReclaimed };
}
