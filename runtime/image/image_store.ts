// The images of this engine: names, ids, layers and content. The noun's centre; pulling, loading, making and removing have
// their own files beside it.
//
// The life of an image: an `ImageWriter` stores its layers, config and manifest under holds and then records it; from then on
// the record keeps them from being collected. Names (`docker.io/library/busybox:latest`) point at records; an image without
// names is "dangling". Removing the record lets `collect` remove what nobody else shares.
import type { ContainerImage, ContainerUses, ImageSource } from '../container/dependencies.ts';
import type { EngineContext } from '../engine/context.ts';
import { EngineError } from '../protocol/errors.ts';
import { BlobStore } from '../store/blob_store.ts';
import type { Digest } from '../store/digest.ts';
import { LayerStore } from '../store/layer_store.ts';
import { type CommitRequest, commitLayer } from './commit.ts';
import { type ImageConfig, parseImageConfig } from './config.ts';
import { ImageWriter } from './image_writer.ts';
import { maxConfigBytes } from './manifest.ts';
import { type Platform, parsePlatform, selectPlatform } from './platform.ts';
import { type ImageRecord, ImageRecords } from './records.ts';
import { canonical, familiar, fullName, parseReference, type Reference } from './reference.ts';
import { summarize } from './views.ts';

const cachedConfigs = 200;

export class ImageStore implements ImageSource {
  readonly context: EngineContext;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly records: ImageRecords;
  readonly writer: ImageWriter;
  readonly uses: Pick<ContainerUses, 'usersOfImage'>;
  readonly #configs = new Map<Digest, ImageConfig>();

  /** What others than images need of the stores: the build cache. */
  readonly #otherRoots: () => { blobs: ReadonlySet<Digest>; chains: ReadonlySet<Digest> };

  private constructor(
    context: EngineContext,
    blobs: BlobStore,
    layers: LayerStore,
    uses: Pick<ContainerUses, 'usersOfImage'>,
    otherRoots: () => { blobs: ReadonlySet<Digest>; chains: ReadonlySet<Digest> },
  ) {
    this.#otherRoots = otherRoots;
    this.context = context;
    this.blobs = blobs;
    this.layers = layers;
    this.uses = uses;
    this.records = new ImageRecords(context.database);
    this.writer = new ImageWriter({
      blobs,
      layers,
      records: this.records,
      userXattr: context.rootless,
      concurrency: () => context.options.maxConcurrentDownloads,
    });
  }

  /** Opens the stores below the data root and removes what an interrupted helper left there. Partial downloads stay. */
  static async open(
    context: EngineContext,
    uses: Pick<ContainerUses, 'usersOfImage'>,
    otherRoots: () => { blobs: ReadonlySet<Digest>; chains: ReadonlySet<Digest> } = () => ({
      blobs: new Set(),
      chains: new Set(),
    }),
  ): Promise<ImageStore> {
    const { dataRoot } = context.paths;
    const blobs = await BlobStore.open(dataRoot);
    const store = new ImageStore(context, blobs, await LayerStore.open(dataRoot), uses, otherRoots);
    await store.layers.clearStaging();
    await store.collect('temporary');
    await store.#rebuildLayers();
    return store;
  }

  /** After a power cut layers may be missing that the blobs still have. */
  async #rebuildLayers(): Promise<void> {
    for (const record of this.records.all())
      await this.writer.rebuild(record, new AbortController().signal).catch((error: unknown) => {
        this.context.log.error('an image has lost layers; pull it again', error, { image: record.id });
      });
    this.layers.settle().catch(() => {}); // what an earlier helper made in this boot; tried again after the next pull
  }

  /** The record that a person's text means: a name, `name@digest`, an id or the beginning of one. Throws NotFound. */
  find(text: string): ImageRecord {
    const found = this.lookup(text);
    if (found === undefined)
      throw new EngineError('NotFound', `No such image: ${text.slice(0, 300)}`, {
        remedy: `Pull it: slipway pull ${text.slice(0, 300)}`,
      });
    return found;
  }

  lookup(text: string): ImageRecord | undefined {
    const hex = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1];
    if (hex?.length === 64) return this.records.get(`sha256:${hex}`);
    return this.#byName(text) ?? (hex === undefined ? undefined : this.#byPrefix(hex, text));
  }

  #byName(text: string): ImageRecord | undefined {
    let reference: Reference;
    try {
      reference = parseReference(text);
    } catch {
      return undefined;
    }
    const id =
      reference.digest === undefined
        ? this.#nameTarget(text, reference)
        : this.records.digestTarget(fullName(reference), reference.digest);
    return id === undefined ? undefined : this.records.get(id);
  }

  /** A short name may have been pulled from any registry of the search list. */
  #nameTarget(text: string, reference: Reference): Digest | undefined {
    const own = this.records.nameTarget(canonical(reference));
    if (own !== undefined || reference.registry !== 'docker.io' || text.startsWith('docker.io/')) return own;
    for (const registry of this.context.options.registrySearch) {
      if (registry === 'docker.io') continue;
      const other = this.records.nameTarget(canonical(parseReference(`${registry}/${text}`)));
      if (other !== undefined) return other;
    }
    return undefined;
  }

  #byPrefix(hex: string, text: string): ImageRecord | undefined {
    const [first, second] = this.records.byPrefix(hex);
    if (second !== undefined)
      throw new EngineError('InvalidArgument', `several images begin with "${text}"; give more of the id`);
    return first;
  }

  /** The image's config, parsed. */
  async config(record: ImageRecord): Promise<ImageConfig> {
    let config = this.#configs.get(record.id);
    if (config === undefined) {
      config = parseImageConfig(await this.blobs.readAll(record.config, maxConfigBytes));
      if (this.#configs.size >= cachedConfigs) this.#configs.clear();
      this.#configs.set(record.id, config);
    }
    return config;
  }

  /** The image's unpacked layers, topmost first, as overlay takes them. */
  lowerDirs(record: ImageRecord): string[] {
    return record.chainIds.map((chainId) => this.layers.directory(chainId)).reverse();
  }

  /** For containers. With `platform` the image must be for it (NotFound otherwise). */
  async resolve(text: string, platform?: string): Promise<ContainerImage> {
    const record = this.find(text);
    const config = await this.config(record);
    if (
      platform !== undefined &&
      platform !== '' &&
      selectPlatform(wantedPlatform(platform), [config], (own) => own) === undefined
    )
      throw new EngineError(
        'NotFound',
        `image with reference ${text} was found but does not provide the specified platform (${platform})`,
      );
    const layers = await Promise.all(
      record.chainIds.map(async (chainId) => ({ chainId, size: (await this.layers.info(chainId))?.size ?? 0 })),
    );
    return { id: record.id, config, lowerDirs: this.lowerDirs(record), layers, size: record.size };
  }

  async commit(request: CommitRequest): Promise<string> {
    const reference = request.reference === undefined ? undefined : this.parseName(request.reference);
    const record = await commitLayer(this, request, reference);
    return record.id;
  }

  /** Parses a name that a tag is to be given. Throws InvalidArgument. */
  parseName(text: string): Reference {
    let reference: Reference;
    try {
      reference = parseReference(text);
    } catch (error) {
      throw new EngineError('InvalidArgument', error instanceof Error ? error.message : String(error));
    }
    if (reference.digest !== undefined)
      throw new EngineError('InvalidArgument', 'refusing to create a tag with a digest reference');
    return reference;
  }

  /** Gives an image a name. One that had it loses it, and subscribers hear of that: its row is another now. */
  setName(id: Digest, reference: Reference): void {
    const before = this.records.setName(canonical(reference), id, Date.now());
    const loser = before === undefined || before === id ? undefined : this.records.get(before);
    // A caller may be in the middle of its transaction: what is told is what stands when it is done.
    if (loser !== undefined) setImmediate(() => this.publish('untag', loser, familiar(reference)));
  }

  tag(record: ImageRecord, reference: Reference): void {
    this.setName(record.id, reference);
    this.publish('tag', record, familiar(reference));
  }

  /** Tells subscribers; `name` is the reference that it happened under. */
  publish(action: string, record: ImageRecord, name?: string, gone = false): void {
    this.context.events.publish({
      type: 'image',
      action,
      id: record.id,
      attributes: { ...record.labels, name: name ?? record.id },
      record: gone ? null : summarize(record, this.records.names(record.id), this.records.digests(record.id)),
    });
  }

  /** Removes blobs and layers that no record and no work in progress needs; the bytes of the layers removed. */
  async collect(partials: 'keep' | 'temporary' | 'all' = 'keep'): Promise<number> {
    using _layers = this.layers.holds.linger();
    using _blobs = this.blobs.holds.linger();
    const own = this.records.roots();
    const others = this.#otherRoots();
    const blobs = own.blobs.union(others.blobs);
    const chains = own.chains.union(others.chains);
    const removed = await this.layers.collect(chains);
    await this.blobs.collect(blobs, { partials });
    this.records.forgetBlobs(blobs);
    return removed.reduce((sum, layer) => sum + layer.size, 0);
  }
}

function wantedPlatform(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw new EngineError('InvalidArgument', error instanceof Error ? error.message : String(error));
  }
}
