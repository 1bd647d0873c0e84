// What becomes of a build's result: an image with its names, an archive, a directory, a push.
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Duplex, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { recordImage } from '../image/commit.ts';
import type { HistoryEntry, ImageConfig } from '../image/config.ts';
import type { ImageStore } from '../image/image_store.ts';
import type { Platform } from '../image/platform.ts';
import type { ImageRecord } from '../image/records.ts';
import { canonical, familiar } from '../image/reference.ts';
import { packStream } from '../native/archive.ts';
import { copyTree } from '../native/filesystem.ts';
import type { BuildRequest } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Handlers } from '../protocol/handler.ts';
import type { CacheRecord } from './cache.ts';
import { cacheField } from './cache_entries.ts';
import { entryOf } from './cache_export.ts';
import { type Chain, mountChain } from './chain.ts';
import type { EvaluatedStage } from './steps.ts';

export interface OutputServices {
  readonly images: ImageStore;
  readonly save: Handlers['image.save'];
  readonly push: Handlers['image.push'];
  readonly signal: AbortSignal;
  /** Where an output with `dest=-` goes. */
  readonly outgoing: Writable | undefined;
}

export interface OutputFacts {
  /** SOURCE_DATE_EPOCH: seconds. */
  readonly clampTime: number | undefined;
  /** When the newest layer was made: milliseconds; 0 where the build made none. */
  readonly newest: number;
  /** Goes into the image's config (`--cache-to type=inline`). */
  readonly cache?: readonly CacheRecord[];
}

type Output = NonNullable<BuildRequest['Outputs']>[number];

/** Writes the result to every place that was asked for; without any it becomes an image of the store. */
export async function writeOutputs(
  request: BuildRequest,
  stage: EvaluatedStage,
  chain: Chain,
  facts: OutputFacts,
  services: OutputServices,
): Promise<{ record: ImageRecord | undefined; references: string[] }> {
  const outputs: readonly Output[] =
    request.Outputs !== undefined && request.Outputs.length > 0 ? request.Outputs : [{ Type: 'image' }];
  const wantsFilesOnly = outputs.every(({ Type }) => Type === 'tar' || Type === 'local');
  const names = [
    ...(request.Tags ?? []),
    ...outputs.flatMap(({ Attributes }) => Attributes?.['name']?.split(',') ?? []),
  ];
  const references = names.map((name) => services.images.parseName(name));
  const record = wantsFilesOnly ? undefined : await makeImage(services.images, stage, chain, facts, services.signal);
  if (record !== undefined) for (const reference of references) services.images.tag(record, reference);
  for (const output of outputs)
    await writeOutput(output, record, references.map(familiar), chain, facts.clampTime, services);
  return {
    record,
    references: references
      .map(canonical)
      .map((name) => name.replace(/^docker\.io\/library\//, '').replace(/^docker\.io\//, '')),
  };
}

async function writeOutput(
  { Type, Attributes = {} }: Output,
  record: ImageRecord | undefined,
  references: readonly string[],
  chain: Chain,
  clampTime: number | undefined,
  services: OutputServices,
): Promise<void> {
  const { signal } = services;
  switch (Type) {
    case 'image':
    case 'docker':
    case 'registry':
    case 'oci': {
      if (Attributes['dest'] !== undefined && record !== undefined) {
        const Images = references.length > 0 ? [...references] : [record.id];
        const serve = await services.save({ Images }, { signal, progress: () => {} });
        await writeTo(Attributes['dest'], services, (sink) => serve(Duplex.from({ writable: sink }), signal));
      }
      if (Type === 'registry' || Attributes['push'] === 'true') {
        if (references.length === 0)
          throw new EngineError('InvalidArgument', 'cannot push: the image has no name; give one with --tag');
        for (const Reference of references) await services.push({ Reference }, { signal, progress: () => {} });
      }
      return;
    }
    case 'tar':
    case 'local': {
      const { dest } = Attributes;
      if (dest === undefined) throw new EngineError('InvalidArgument', `output type=${Type} needs dest=PATH`);
      await using mounted = await mountChain(
        services.images,
        chain,
        join(services.images.context.paths.dataRoot, 'build', 'scratch'),
      );
      if (Type === 'local') {
        await mkdir(dest, { recursive: true });
        await copyTree(mounted.root, dest, { ownership: 'try' });
        return;
      }
      const options = { signal, ...(clampTime === undefined ? {} : { clampTime }) };
      await writeTo(dest, services, async (sink) => {
        const { stream, result } = packStream({ kind: 'tree', root: mounted.root }, options);
        await pipeline(stream, sink, { signal, end: false });
        await result;
      });
      return;
    }
    default:
      throw new EngineError(
        'InvalidArgument',
        `unknown output type ${Type}: use image, docker, oci, registry, tar or local`,
      );
  }
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
  stage: EvaluatedStage,
  chain: Chain,
  { clampTime, newest, cache }: OutputFacts,
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
