// Caches that other machines wrote: read when a build begins, their layers fetched one by one as steps ask for them.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageLayer, type ProgressListener, shortId } from '../image/image.ts';
import type { ImageStore } from '../image/image_store.ts';
import { type Descriptor, type ManifestDocument, maxConfigBytes, parseManifest } from '../image/manifest.ts';
import type { Platform } from '../image/platform.ts';
import { manifestSelector, parseReference } from '../image/reference.ts';
import { authFor, type RegistryAccess } from '../image/registry_access.ts';
import { chooseEntry } from '../image/registry_image.ts';
import type { BuildRequest } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import type { RegistryClient } from '../registry/client.ts';
import { type Digest, digestOf, hexOf } from '../store/digest.ts';
import type { BuildCache, CacheRecord } from './cache.ts';
import { type CacheEntry, readCacheConfig } from './cache_entries.ts';
import { type Chain, chainIdOf, extend, topOf } from './chain.ts';

type CacheRequest = NonNullable<BuildRequest['CacheFrom']>[number];

export interface ImportServices {
  readonly registries: RegistryAccess;
  readonly auths: BuildRequest['Auths'];
  readonly platform: Platform;
  readonly signal: AbortSignal;
  /** A cache that can't be read makes a build slower, not wrong: it is told and left out, as BuildKit does. */
  readonly warn: (message: string) => void;
}

/** Where a manifest and its blobs are. */
interface Source {
  readonly what: string;
  manifest(digest: Digest | undefined): Promise<{ data: Buffer; mediaType: string | undefined }>;
  blob(descriptor: Descriptor): Promise<Buffer>;
  open(descriptor: Descriptor, start: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface ImportedEntry {
  readonly entry: CacheEntry;
  readonly layer: ImageLayer;
}

export class ImportedCaches implements Disposable {
  readonly #found = new Map<Digest, ImportedEntry>();
  readonly #clients: RegistryClient[] = [];

  static async open(requests: readonly CacheRequest[], services: ImportServices): Promise<ImportedCaches> {
    const caches = new ImportedCaches();
    for (const request of requests) {
      const source = caches.#source(request, services);
      try {
        await caches.#read(source, services);
      } catch (error) {
        services.signal.throwIfAborted();
        services.warn(`cannot import the cache of ${source.what}: ${error instanceof Error ? error.message : error}`);
      }
    }
    return caches;
  }

  find(key: Digest): ImportedEntry | undefined {
    return this.#found.get(key);
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  #source({ Type, Attributes = {} }: CacheRequest, services: ImportServices): Source {
    const { ref, src } = Attributes;
    if (Type === 'registry' || Type === 'inline') {
      if (ref === undefined) throw new EngineError('InvalidArgument', `--cache-from type=${Type} needs ref=IMAGE`);
      return this.#inRegistry(ref, services);
    }
    if (Type === 'local') {
      if (src === undefined) throw new EngineError('InvalidArgument', '--cache-from type=local needs src=DIRECTORY');
      return inDirectory(src);
    }
    throw new EngineError('Unsupported', `--cache-from type=${Type}: there are registry, local and inline`);
  }

  #inRegistry(ref: string, { registries, auths, signal }: ImportServices): Source {
    const reference = parseReference(ref);
    const client = registries.client(reference.registry, authFor(auths, reference.registry));
    this.#clients.push(client);
    return {
      what: ref,
      manifest: (digest) => client.manifest(reference, digest ?? manifestSelector(reference), signal),
      blob: (descriptor) => client.blob(reference, descriptor, maxConfigBytes, signal),
      open: (descriptor, start, layerSignal) => client.download(reference, descriptor, start, layerSignal),
    };
  }

  async #read(source: Source, services: ImportServices): Promise<void> {
    const document = await findManifest(source, services.platform);
    const { entries, diffIds } = readCacheConfig(await source.blob(document.config));
    const layers = new Map<Digest, ImageLayer>();
    for (const [i, descriptor] of document.layers.entries()) {
      const diffId = diffIds[i];
      if (diffId === undefined) continue;
      layers.set(diffId, {
        descriptor,
        diffId,
        open: (start, signal = services.signal) => source.open(descriptor, start, signal),
      });
    }
    for (const entry of entries) {
      const layer = layers.get(entry.diffId);
      if (layer !== undefined) this.#found.set(entry.key, { entry, layer });
    }
  }
}

/** Brings an entry's layer into the stores, above `parent`, and its record into the cache. */
export async function fetchRecord(
  { images, cache }: { readonly images: ImageStore; readonly cache: BuildCache },
  { entry, layer }: ImportedEntry,
  parent: Chain,
  signal: AbortSignal,
  onProgress: (amount: { Item: string; Current: number; Total?: number; Unit: 'bytes' }) => void,
): Promise<CacheRecord> {
  const { descriptor, diffId } = layer;
  const chainId = chainIdOf(extend(parent, { descriptor, diffId }));
  using _layers = images.layers.holds.take(chainId);
  using _blobs = images.blobs.holds.take(descriptor.digest);
  const tell: ProgressListener = ({ status, current, total }) => {
    if (current === undefined) return;
    const Item = `${status} ${shortId(descriptor.digest)}`;
    onProgress({ Item, Current: current, ...(total === undefined ? {} : { Total: total }), Unit: 'bytes' });
  };
  await images.writer.writeLayer(layer, chainId, tell, signal);
  const { diffId: _known, ...facts } = entry;
  const record = {
    ...facts,
    layer: { descriptor, diffId },
    chainId,
    parent: topOf(parent),
    used: Date.now(),
    uses: 0,
  };
  cache.put(record);
  return record;
}

async function findManifest(source: Source, platform: Platform): Promise<ManifestDocument> {
  const first = await source.manifest(undefined);
  const document = parseManifest(first.data, first.mediaType);
  if (document.kind === 'manifest') return document;
  const [only, second] = document.manifests;
  const entry =
    only !== undefined && second === undefined ? only : chooseEntry(source.what, document.manifests, platform);
  const { data } = await source.manifest(entry.digest);
  const inner = parseManifest(data, entry.mediaType);
  if (inner.kind === 'index') throw new Error('an index within an index is no cache');
  return inner;
}

/** An OCI layout on this machine's disk. */
function inDirectory(directory: string): Source {
  const path = (digest: Digest) => join(directory, 'blobs/sha256', hexOf(digest));
  const checked = async (digest: Digest): Promise<Buffer> => {
    const data = await readFile(path(digest));
    if (digestOf(data) !== digest) throw new Error(`${path(digest)} has other content than its name says`);
    return data;
  };
  return {
    what: directory,
    manifest: async (digest) => ({
      data: digest === undefined ? await readFile(join(directory, 'index.json')) : await checked(digest),
      mediaType: undefined,
    }),
    blob: ({ digest }) => checked(digest),
    open: ({ digest }, start, signal) => createReadStream(path(digest), { start, signal }),
  };
}
