// One build from its request to its outputs.
import type { Duplex } from 'node:stream';
import type { PlatformImage } from '../image/multi_platform.ts';
import { formatPlatform } from '../image/platform.ts';
import type { BuildOutcome, BuildProgress, BuildRequest } from '../protocol/build.ts';
import type { HostConfig } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Handlers } from '../protocol/handler.ts';
import type { Hold } from '../store/holds.ts';
import type { CacheRecord } from './cache.ts';
import { checkExports, exportCaches } from './cache_export.ts';
import { ImportedCaches } from './cache_import.ts';
import type { BuildContext } from './context.ts';
import type { SourceFile } from './failure.ts';
import { type BuiltPlatform, writeOutputs } from './output.ts';
import { openBuildContext, prepare } from './prepare.ts';
import { boundCache } from './prune.ts';
import { type BuildServices, type SolveHooks, Solver } from './solver.ts';
import type { EvaluatedStage } from './steps.ts';

/** What a build asks of the other nouns by their own methods. */
export type BuilderHandlers = Pick<Handlers, 'image.pull' | 'image.push' | 'image.save'>;

export interface BuildRun {
  readonly request: BuildRequest;
  readonly duplex: Duplex | undefined;
  readonly signal: AbortSignal;
  readonly progress: (value: BuildProgress) => void;
  /** Asked for when the stages are known, before anything is run. */
  readonly debug?: (stages: readonly EvaluatedStage[], file: SourceFile) => SolveHooks;
}

/** @throws EngineError with the place in the Dockerfile. */
export async function runBuild(
  services: BuildServices,
  handlers: BuilderHandlers,
  run: BuildRun,
): Promise<BuildOutcome> {
  const { request, signal, duplex } = run;
  const { images } = services;
  checkExports(request.CacheTo ?? []);
  const takesContext = request.Context === '-' || Object.values(request.NamedContexts ?? {}).includes('-');
  await using context = await openBuildContext(request, images, takesContext ? duplex : undefined, signal);
  // The platforms share the cache and the base images' names, so they come one after the other.
  const solved: Solved[] = [];
  const hold = services.cache.holds.take();
  try {
    for (const platform of platformsOf(request))
      solved.push(await solve(services, handlers, run, context, platform, hold));
    return await finish(services, handlers, run, solved);
  } finally {
    hold[Symbol.dispose]();
    await boundCache(services);
  }
}

/** Writes image, files and caches. */
async function finish(
  { images, registries }: BuildServices,
  handlers: BuilderHandlers,
  run: BuildRun,
  solved: readonly Solved[],
): Promise<BuildOutcome> {
  const { request, signal, duplex } = run;
  const { CacheTo = [] } = request;
  const inline = CacheTo.some(({ Type }) => Type === 'inline');
  const built = solved.map(({ needed, all: _all, ...result }) => ({ ...result, ...(inline ? { cache: needed } : {}) }));
  const result = await writeOutputs(request, built, epochOf(request), {
    images,
    registries,
    save: handlers['image.save'],
    push: handlers['image.push'],
    signal,
    outgoing: duplex,
  });
  const caches = { needed: solved.flatMap(({ needed }) => needed), all: solved.flatMap(({ all }) => all) };
  await exportCaches(CacheTo, caches, { images, registries, auths: request.Auths, signal, warn: warner(run) });
  return outcomeOf(result.images, result.references, result.digest);
}

/** As texts; `undefined` stands for this machine's. */
function platformsOf({ Platforms = [] }: BuildRequest): readonly (string | undefined)[] {
  return Platforms.length > 0 ? [...new Set(Platforms)] : [undefined];
}

function warner({ progress }: BuildRun): (message: string) => void {
  return (Message) => progress({ Kind: 'problem', Problem: { Severity: 'warning', Message } });
}

type Solved = BuiltPlatform & { readonly needed: readonly CacheRecord[]; readonly all: readonly CacheRecord[] };

/** Carries the steps out for one platform. */
async function solve(
  services: BuildServices,
  handlers: BuilderHandlers,
  run: BuildRun,
  context: BuildContext,
  platform: string | undefined,
  hold: Hold,
): Promise<Solved> {
  const { request, signal, progress } = run;
  const { images, registries } = services;
  const warn = warner(run);
  const options = { images, pull: handlers['image.pull'], offline: false, signal, progress };
  const isOneOfMany = platformsOf(request).length > 1;
  const { evaluation } = await prepare(context, request, platform, options, isOneOfMany);
  for (const name of evaluation.unusedArguments) warn(`[Warning] One or more build-args [${name}] were not consumed`);
  const { target, stages } = evaluation;
  using imported = await ImportedCaches.open(request.CacheFrom ?? [], {
    registries,
    auths: request.Auths,
    platform: target.platform,
    signal,
    warn,
  });
  const solver = new Solver(services, {
    request,
    context,
    hostConfig: hostConfigOf(request),
    clampTime: epochOf(request),
    signal,
    progress,
    imported,
    hold,
    ...(run.debug === undefined ? {} : { hooks: run.debug(stages, context.file) }),
  });
  const chain = await solver.stage(target);
  signal.throwIfAborted();
  return { stage: target, chain, newest: solver.newest, needed: solver.records(target), all: solver.records() };
}

function outcomeOf(images: readonly PlatformImage[], references: string[], digest: string | undefined): BuildOutcome {
  const [first, second] = images;
  if (first === undefined) return { Images: [], References: references, Metadata: {} };
  return {
    Images: images.map(({ record, platform }) => ({
      Id: record.id,
      Platform: formatPlatform(platform),
      Digest: record.manifest,
    })),
    ...(second === undefined || digest === undefined ? {} : { Digest: digest }),
    References: references,
    Metadata: {
      ...(second === undefined ? { 'containerimage.config.digest': first.record.id } : {}),
      ...(digest === undefined ? {} : { 'containerimage.digest': digest }),
      ...(references.length === 0 ? {} : { 'image.name': references.join(',') }),
    },
  };
}

/** SOURCE_DATE_EPOCH, in seconds, from the request or as a build argument. */
export function epochOf(request: Pick<BuildRequest, 'SourceDateEpoch' | 'BuildArgs'>): number | undefined {
  const text = request.BuildArgs?.['SOURCE_DATE_EPOCH'];
  if (request.SourceDateEpoch !== undefined) return request.SourceDateEpoch;
  if (text === undefined || text === '') return undefined;
  if (!/^\d+$/.test(text))
    throw new EngineError('InvalidArgument', `invalid SOURCE_DATE_EPOCH: ${text} is not a number of seconds`);
  return Number(text);
}

/** What holds for every RUN of the build. */
export function hostConfigOf(request: BuildRequest): HostConfig {
  const {
    Network,
    AddHosts,
    ShmSize,
    Ulimits,
    CgroupParent,
    Memory,
    MemorySwap,
    CpuShares,
    CpuQuota,
    CpuPeriod,
    CpusetCpus,
    CpusetMems,
  } = request;
  const fields = {
    NetworkMode: Network,
    ExtraHosts: AddHosts,
    ShmSize,
    Ulimits,
    CgroupParent,
    Memory,
    MemorySwap,
    CpuShares,
    CpuQuota,
    CpuPeriod,
    CpusetCpus,
    CpusetMems,
  };
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== 0 && value !== ''),
  );
}
