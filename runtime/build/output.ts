// What becomes of a build's result: an image with its names, an archive, a directory, a push.
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Duplex, Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { saveIndexArchive } from '../image/archive_sink.ts';
import { recordImage } from '../image/commit.ts';
import type { HistoryEntry, ImageConfig } from '../image/config.ts';
import { withFailures } from '../image/failures.ts';
import type { ImageStore } from '../image/image_store.ts';
import { type PlatformImage, pushIndex } from '../image/multi_platform.ts';
import { formatPlatform, hostPlatform, type Platform, selectPlatform } from '../image/platform.ts';
import type { ImageRecord } from '../image/records.ts';
import { canonical, familiar, type Reference } from '../image/reference.ts';
import { authFor, type RegistryAccess } from '../image/registry_access.ts';
import { packStream } from '../native/archive.ts';
import { copyTree } from '../native/filesystem.ts';
import { mount, unmount } from '../native/mount.ts';
import type { BuildRequest } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Handlers } from '../protocol/handler.ts';
import { type Digest, parseDigest } from '../store/digest.ts';
import { removeTree } from '../store/files.ts';
import type { CacheRecord } from './cache.ts';
import { cacheField } from './cache_entries.ts';
import { entryOf } from './cache_export.ts';
import { type Chain, mountChain } from './chain.ts';
import type { EvaluatedStage } from './steps.ts';

export interface OutputServices {
  readonly images: ImageStore;
  readonly registries: RegistryAccess;
  readonly save: Handlers['image.save'];
  readonly push: Handlers['image.push'];
  readonly signal: AbortSignal;
  /** Where an output with `dest=-` goes. */
  readonly outgoing: Writable | undefined;
}

/** What a build made for one platform. */
export interface BuiltPlatform {
  readonly stage: EvaluatedStage;
  readonly chain: Chain;
  /** When the newest layer was made: milliseconds; 0 where the build made none. */
  readonly newest: number;
  /** Goes into the image's config (`--cache-to type=inline`). */
  readonly cache?: readonly CacheRecord[];
}

type Output = NonNullable<BuildRequest['Outputs']>[number];

interface Result {
  readonly request: BuildRequest;
  readonly built: readonly BuiltPlatform[];
  /** One for each platform; none where only files are asked for. */
  readonly images: readonly PlatformImage[];
  readonly references: readonly Reference[];
  /** SOURCE_DATE_EPOCH: seconds. */
  readonly clampTime: number | undefined;
}

/**
 * Writes the result to every place that was asked for; without any it becomes an image of the store. Of several platforms' images
 * this machine's own (else the first) gets the names here: the store has one image for a name.
 */
export async function writeOutputs(
  request: BuildRequest,
  built: readonly BuiltPlatform[],
  clampTime: number | undefined,
  services: OutputServices,
): Promise<{ images: readonly PlatformImage[]; references: string[]; digest: string | undefined }> {
  const outputs: readonly Output[] =
    request.Outputs !== undefined && request.Outputs.length > 0 ? request.Outputs : [{ Type: 'image' }];
  const wantsFilesOnly = outputs.every(({ Type }) => Type === 'tar' || Type === 'local');
  const names = [
    ...(request.Tags ?? []),
    ...outputs.flatMap(({ Attributes }) => Attributes?.['name']?.split(',') ?? []),
  ];
  const references = names.map((name) => services.images.parseName(name));
  const images: PlatformImage[] = [];
  for (const one of wantsFilesOnly ? [] : built)
    images.push({
      record: await makeImage(services.images, one, clampTime, services.signal),
      platform: one.stage.platform,
    });
  const own = selectPlatform(hostPlatform(), images, ({ platform }) => platform) ?? images[0];
  if (own !== undefined) for (const reference of references) services.images.tag(own.record, reference);
  const result = { request, built, images, references, clampTime };
  // What a registry got: its layers are compressed, so that its digest is another than that of the image here.
  let digest = images.length === 1 ? images[0]?.record.manifest : undefined;
  for (const output of outputs) digest = (await writeOutput(output, result, services)) ?? digest;
  return {
    images,
    digest,
    references: references
      .map(canonical)
      .map((name) => name.replace(/^docker\.io\/library\//, '').replace(/^docker\.io\//, '')),
  };
}

/** Answers the digest of what was pushed. */
async function writeOutput(output: Output, result: Result, services: OutputServices): Promise<Digest | undefined> {
  const { Type, Attributes = {} } = output;
  switch (Type) {
    case 'image':
    case 'docker':
    case 'registry':
    case 'oci':
      if (Attributes['dest'] !== undefined) await writeArchive(Type, Attributes['dest'], result, services);
      return Type === 'registry' || Attributes['push'] === 'true' ? await pushResult(result, services) : undefined;
    case 'tar':
    case 'local':
      await writeFiles(Type, Attributes['dest'], result, services);
      return undefined;
    default:
      throw new EngineError(
        'InvalidArgument',
        `unknown output type ${Type}: use image, docker, oci, registry, tar or local`,
      );
  }
}

async function writeArchive(
  type: string,
  dest: string,
  { images, references }: Result,
  services: OutputServices,
): Promise<void> {
  const { signal } = services;
  const [first, second] = images;
  if (first === undefined) return;
  if (second === undefined) {
    const Images = references.length > 0 ? references.map(familiar) : [first.record.id];
    const serve = await services.save({ Images }, { signal, progress: () => {} });
    return await writeTo(dest, services, (sink) => serve(Duplex.from({ writable: sink }), signal));
  }
  if (type !== 'oci')
    throw new EngineError('InvalidArgument', `output type=${type} holds one platform: use type=oci, or build one`);
  const archive = saveIndexArchive(images, references, services.images.blobs);
  await writeTo(dest, services, (sink) => pipeline(Readable.from(archive), sink, { signal, end: false }));
}

async function pushResult({ request, images, references }: Result, services: OutputServices) {
  const { signal, registries } = services;
  if (references.length === 0)
    throw new EngineError('InvalidArgument', 'cannot push: the image has no name; give one with --tag');
  let digest: Digest | undefined;
  for (const reference of references) {
    const auth = authFor(request.Auths, reference.registry);
    if (images.length === 1) {
      const Reference = familiar(reference);
      const request = auth === undefined ? { Reference } : { Reference, Auth: auth };
      const [pushed] = await services.push(request, { signal, progress: () => {} });
      digest = pushed === undefined ? undefined : parseDigest(pushed.Digest);
      continue;
    }
    digest = await withFailures(`push ${familiar(reference)}`, async () => {
      using client = registries.client(reference.registry, auth);
      const { blobs, records, context } = services.images;
      const concurrency = context.options.maxConcurrentUploads;
      const options = { blobs, records, client, concurrency, onProgress: () => {}, signal };
      return (await pushIndex(images, reference, options)).digest;
    });
  }
  return digest;
}

/** The files of the result; of several platforms each in a directory of its own. */
async function writeFiles(
  type: 'tar' | 'local',
  dest: string | undefined,
  { built, clampTime }: Result,
  services: OutputServices,
): Promise<void> {
  const { images, signal } = services;
  if (dest === undefined) throw new EngineError('InvalidArgument', `output type=${type} needs dest=PATH`);
  const scratch = join(images.context.paths.dataRoot, 'build', 'scratch');
  await using stack = new AsyncDisposableStack();
  const trees = new Map<string, string>();
  for (const { chain, stage } of built) {
    const { root } = stack.use(await mountChain(images, chain, scratch));
    trees.set(built.length === 1 ? '' : formatPlatform(stage.platform).replaceAll('/', '_'), root);
  }
  if (type === 'local') {
    for (const [name, root] of trees) {
      await mkdir(join(dest, name), { recursive: true });
      await copyTree(root, join(dest, name), { ownership: 'try', replace: true });
    }
    return;
  }
  const [[name, root] = ['', '']] = trees;
  const tree = name === '' ? root : await bindTogether(trees, scratch, stack);
  const options = { signal, ...(clampTime === undefined ? {} : { clampTime }) };
  await writeTo(dest, services, async (sink) => {
    const { stream, result } = packStream({ kind: 'tree', root: tree }, options);
    await pipeline(stream, sink, { signal, end: false });
    await result;
  });
}

/** One directory that shows each tree under its name. */
async function bindTogether(
  trees: ReadonlyMap<string, string>,
  scratch: string,
  stack: AsyncDisposableStack,
): Promise<string> {
  const together = await mkdtemp(join(scratch, 'platforms-'));
  stack.defer(() => removeTree(together));
  for (const [name, source] of trees) {
    const target = join(together, name);
    await mkdir(target);
    await mount({ type: 'bind', source, target, options: ['ro'] });
    stack.defer(async () => {
      await unmount(target, { detach: true });
    });
  }
  return together;
}

async function writeTo(
  dest: string,
  { outgoing }: OutputServices,
  write: (sink: Writable) => Promise<unknown>,
): Promise<void> {
  if (dest === '-') {
    if (outgoing === undefined)
      throw new EngineError('InvalidArgument', 'the output was to be sent back, and there is no stream for it');
    await write(outgoing);
    return;
  }
  await mkdir(dirname(dest), { recursive: true });
  const file = createWriteStream(dest);
  await write(file);
  await new Promise<void>((resolve, reject) => file.end((error?: Error | null) => (error ? reject(error) : resolve())));
}

/** The image's config and record. With `clampTime` the same input gives the same bytes. */
async function makeImage(
  images: ImageStore,
  { stage, chain, newest, cache }: BuiltPlatform,
  clampTime: number | undefined,
  signal: AbortSignal,
): Promise<ImageRecord> {
  const made = newest > 0 ? newest : Date.parse(stage.baseConfig?.created ?? '1970-01-01T00:00:00Z');
  const created = new Date(clampTime === undefined ? made : clampTime * 1000).toISOString();
  const inherited = inheritedHistory(stage);
  const history: HistoryEntry[] = stage.history.map((entry, index) =>
    index < inherited ? entry : { created, ...entry, comment: 'slipway.dockerfile.v1' },
  );
  const { os, architecture, variant } = stage.platform;
  const config: ImageConfig & Platform = {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    created,
    ...(stage.author === undefined ? {} : { author: stage.author }),
    config: stage.config,
    rootfs: { type: 'layers', diff_ids: chain.layers.map(({ diffId }) => diffId) },
    history,
    ...(cache === undefined ? {} : { extra: { [cacheField]: cache.map(entryOf) } }),
  };
  return await recordImage(images, config, chain.layers, { signal });
}

/** Entries that came from the image at the bottom. */
function inheritedHistory(stage: EvaluatedStage): number {
  return stage.base.kind === 'stage' ? inheritedHistory(stage.base.stage) : (stage.baseConfig?.history.length ?? 0);
}
