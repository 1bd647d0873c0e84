// One build from its request to its outputs.
import type { Duplex } from 'node:stream';
import { formatPlatform } from '../image/platform.ts';
import type { BuildOutcome, BuildProgress, BuildRequest } from '../protocol/build.ts';
import type { HostConfig } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Handlers } from '../protocol/handler.ts';
import { checkExports, exportCaches } from './cache_export.ts';
import { ImportedCaches } from './cache_import.ts';
import type { SourceFile } from './failure.ts';
import { writeOutputs } from './output.ts';
import { prepare } from './prepare.ts';
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
  const { request, signal, duplex, progress } = run;
  checkExports(request.CacheTo ?? []);
  const platforms: (string | undefined)[] =
    request.Platforms !== undefined && request.Platforms.length > 0 ? request.Platforms : [undefined];
  if (platforms.length > 1) {
    throw new EngineError(
      'Unsupported',
      'cannot build several platforms into one index: build them one at a time with --platform',
    );
  }
  const [platform] = platforms;
  const takesContext = request.Context === '-' || Object.values(request.NamedContexts ?? {}).includes('-');
  await using prepared = await prepare(request, platform, {
    images: services.images,
    pull: handlers['image.pull'],
    incoming: takesContext ? duplex : undefined,
    offline: false,
    signal,
    progress,
  });
  const warn = (Message: string) => progress({ Kind: 'problem', Problem: { Severity: 'warning', Message } });
  for (const name of prepared.evaluation.unusedArguments) {
    warn(`[Warning] One or more build-args [${name}] were not consumed`);
  }
  const clampTime = epochOf(request);
  const { images, registries } = services;
  const { Auths: auths, CacheFrom = [], CacheTo = [] } = request;
  const { target } = prepared.evaluation;
  using imported = await ImportedCaches.open(CacheFrom, {
    registries,
    auths,
    platform: target.platform,
    signal,
    warn,
  });
  const solver = new Solver(services, {
    request,
    context: prepared.context,
    hostConfig: hostConfigOf(request),
    clampTime,
    signal,
    progress,
    imported,
    ...(run.debug === undefined ? {} : { hooks: run.debug(prepared.evaluation.stages, prepared.context.file) }),
  });
  const chain = await solver.stage(target);
  signal.throwIfAborted();
  const caches = { needed: solver.records(target), all: solver.records() };
  const inline = CacheTo.some(({ Type }) => Type === 'inline');
  const { record, references } = await writeOutputs(
    request,
    target,
    chain,
    { clampTime, newest: solver.newest, ...(inline ? { cache: caches.needed } : {}) },
    {
      images,
      save: handlers['image.save'],
      push: handlers['image.push'],
      signal,
      outgoing: duplex,
    },
  );
  await exportCaches(CacheTo, caches, { images, registries, auths, signal, warn });
  return outcomeOf(
    record === undefined ? undefined : { id: record.id, manifest: record.manifest },
    formatPlatform(target.platform),
    references,
  );
}

function outcomeOf(
  image: { id: string; manifest: string } | undefined,
  platform: string,
  references: string[],
): BuildOutcome {
  return {
    Images: image === undefined ? [] : [{ Id: image.id, Platform: platform, Digest: image.manifest }],
    References: references,
    Metadata:
      image === undefined
        ? {}
        : {
            'containerimage.config.digest': image.id,
            'containerimage.digest': image.manifest,
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
