// Loading, saving and importing archives.
import type { Readable } from 'node:stream';
import type { BlobStore } from '../store/blob_store.ts';
import { type SavedImage, saveArchive } from './archive_sink.ts';
import { ArchiveFiles } from './archive_source.ts';
import { applyChanges } from './changes.ts';
import { importLayer, recordImage } from './commit.ts';
import type { ImageConfig } from './config.ts';
import { type ArchivedImage, readDockerArchive } from './docker_archive.ts';
import { imageId, type ProgressListener } from './image.ts';
import type { ImageStore } from './image_store.ts';
import { type Descriptor, InvalidManifest } from './manifest.ts';
import { readOciLayout } from './oci_layout.ts';
import { hostPlatform, parsePlatform } from './platform.ts';
import type { ImageRecord } from './records.ts';
import { canonical, familiar, parseReference, type Reference } from './reference.ts';
import { NoSuchPlatform } from './registry_image.ts';

export interface LoadedImage {
  Id: string;
  References: string[];
}

export interface LoadOptions {
  readonly platform?: string | undefined;
  /** Of an OCI layout, the entries of its index to load; they get no names then. */
  readonly select?: (entries: readonly Descriptor[]) => readonly Descriptor[];
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

/** Loads every image of a docker archive or OCI layout. All of them are read and checked before the first is recorded. */
export async function loadImages(
  store: ImageStore,
  source: Readable,
  { platform, select, onProgress, signal }: LoadOptions,
): Promise<LoadedImage[]> {
  using hold = store.blobs.holds.take();
  const loaded: LoadedImage[] = [];
  let files: ArchiveFiles | undefined;
  try {
    files = await ArchiveFiles.read(source, store.blobs, hold, signal);
    const wanted = platform === undefined ? undefined : parsePlatform(platform);
    let images: ArchivedImage[];
    if (select !== undefined) images = (await readOciLayout(files, store.blobs, wanted, select)).map(nameless);
    else if (files.find('manifest.json') !== undefined) images = await readBoth(files, store.blobs);
    else if (files.find('index.json') !== undefined) images = await readOciLayout(files, store.blobs, wanted);
    else
      throw new InvalidManifest(
        'the archive is neither a docker archive nor an OCI layout: it has no manifest.json or index.json',
      );
    for (const { image, references } of images) {
      const record = await store.writer.write(image, {
        onProgress: (line) =>
          onProgress({
            ...line,
            status: line.status.replace('Pulling fs layer', 'Loading layer').replace('Pull complete', 'Load complete'),
          }),
        signal,
        name: ({ id }) => {
          for (const reference of references) if (reference.digest === undefined) store.setName(id, reference);
        },
      });
      store.publish('load', record, references[0] === undefined ? undefined : familiar(references[0]));
      loaded.push({ Id: record.id, References: references.map(familiar) });
    }
    return loaded;
  } finally {
    hold[Symbol.dispose]();
    // The archive's own index files, and all of it where an error came.
    const { blobs } = store.records.roots();
    for (const digest of files?.digests ?? [])
      if (!blobs.has(digest) && !store.blobs.holds.has(digest)) await store.blobs.remove(digest);
    if (files === undefined) await store.collect();
  }
}

function nameless({ image }: ArchivedImage): ArchivedImage {
  return { image, references: [] };
}

/**
 * A docker archive names its images; where it is an OCI layout besides, the manifests in it are taken as they are, so that an
 * image keeps its manifest's digest. A layout that makes no sense is passed over, as `docker load` does.
 */
async function readBoth(files: ArchiveFiles, blobs: BlobStore): Promise<ArchivedImage[]> {
  const named = await readDockerArchive(files, blobs);
  if (files.find('index.json') === undefined) return named;
  const layout = await readOciLayout(files, blobs, undefined).catch((error: unknown) => {
    if (error instanceof InvalidManifest || error instanceof NoSuchPlatform) return [];
    throw error;
  });
  return named.map(({ image, references }) => {
    const same = layout.find((other) => imageId(other.image) === imageId(image));
    return { image: same?.image ?? image, references };
  });
}

/** The archive of these images with the names that they were asked for by. */
export function saveImages(store: ImageStore, texts: readonly string[]): AsyncGenerator<Uint8Array> {
  const images = new Map<string, { record: ImageRecord; references: Reference[] }>();
  for (const text of texts) {
    for (const { record, references } of selectForSave(store, text)) {
      const known = images.get(record.id);
      if (known === undefined) images.set(record.id, { record, references: [...references] });
      else
        known.references.push(
          ...references.filter((each) => !known.references.some((other) => canonical(other) === canonical(each))),
        );
    }
  }
  return holding(store, [...images.values()]);
}

function selectForSave(store: ImageStore, text: string): SavedImage[] {
  const record = store.find(text);
  // An image that is asked for by its id is saved without names.
  const asked = safeReference(text);
  const isName = asked !== undefined && store.records.nameTarget(canonical(asked)) === record.id;
  return [{ record, references: isName ? [asked] : [] }];
}

function safeReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

/** Nothing of an archive is collected while it is being written. */
async function* holding(store: ImageStore, images: readonly SavedImage[]): AsyncGenerator<Uint8Array> {
  using _hold = store.blobs.holds.take(
    ...images.flatMap(({ record }) => [record.manifest, record.config, ...record.layers.map(({ digest }) => digest)]),
  );
  yield* saveArchive(images, store.blobs);
}

export interface ImportOptions {
  readonly reference?: string | undefined;
  readonly message?: string | undefined;
  /** Dockerfile instructions: `CMD ["sh"]`, `ENV A=b`. */
  readonly changes: readonly string[];
  readonly platform?: string | undefined;
  readonly signal: AbortSignal;
}

/** docker import: an image of one layer. */
export async function importImage(store: ImageStore, source: Readable, options: ImportOptions): Promise<string> {
  const reference =
    options.reference === undefined || options.reference === '' ? undefined : store.parseName(options.reference);
  const defaults = applyChanges({}, options.changes);
  const platform =
    options.platform === undefined || options.platform === '' ? hostPlatform() : parsePlatform(options.platform);
  using hold = store.blobs.holds.take();
  const layer = await importLayer(store, source, (digest) => hold.add(digest), options.signal);
  const created = new Date().toISOString();
  const config: ImageConfig = {
    ...platform,
    created,
    config: defaults,
    rootfs: { type: 'layers', diff_ids: [] },
    history: [{ created, created_by: '', comment: options.message || 'Imported from -' }],
  };
  const record = await recordImage(store, config, [layer], {
    signal: options.signal,
    ...(reference === undefined ? {} : { reference }),
  });
  store.publish('import', record, reference === undefined ? undefined : familiar(reference));
  return record.id;
}
