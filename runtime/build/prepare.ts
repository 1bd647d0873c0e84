// What running, planning and debugging a build begin with: context, Dockerfile, bases, evaluated stages.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { withFailures } from '../image/failures.ts';
import type { ImageStore } from '../image/image_store.ts';
import { formatPlatform, hostPlatform, type Platform, parsePlatform, selectPlatform } from '../image/platform.ts';
import { parseReference } from '../image/reference.ts';
import { authFor } from '../image/registry_access.ts';
import type { BuildPlanRequest, BuildProgress, BuildRequest } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Handlers } from '../protocol/handler.ts';
import { type BuildContext, openContext } from './context.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { rangeOf } from './failure.ts';
import { isLayout, loadLayoutImage } from './layout_context.ts';

export interface Preparation {
  readonly context: BuildContext;
  readonly evaluation: Evaluation;
}

export interface PrepareOptions {
  readonly images: ImageStore;
  readonly pull: Handlers['image.pull'];
  /** A plan asks no registry: bases must be here. */
  readonly offline: boolean;
  readonly signal: AbortSignal;
  readonly progress: (value: BuildProgress) => void;
}

/** Opens the context once for all platforms. `incoming` is what the client sends, for a context of `-`. */
export async function openBuildContext(
  request: BuildRequest | BuildPlanRequest,
  images: ImageStore,
  incoming: Duplex | undefined,
  signal: AbortSignal,
): Promise<BuildContext> {
  const scratch = join(images.context.paths.dataRoot, 'build', 'scratch');
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  return await openContext(request, incoming, scratch, signal);
}

/**
 * Evaluates the Dockerfile for one platform.
 * @param isOneOfMany steps are named after their platform then
 */
export async function prepare(
  context: BuildContext,
  request: BuildRequest | BuildPlanRequest,
  platformText: string | undefined,
  options: PrepareOptions,
  isOneOfMany = false,
): Promise<Preparation> {
  const platform = platformText === undefined ? hostPlatform() : readPlatform(platformText);
  const named = request.NamedContexts ?? {};
  const evaluation = await evaluate({
    file: context.file,
    target: request.Target,
    buildArgs: request.BuildArgs ?? {},
    labels: request.Labels ?? {},
    platform,
    buildPlatform: hostPlatform(),
    ...(isOneOfMany ? { prefix: formatPlatform(platform) } : {}),
    contexts: context.names,
    image: (reference, wanted) =>
      withFailures(`use ${reference}`, async () => {
        const source = named[reference];
        if (source === undefined || !isLayout(source))
          return await findImage(source?.replace(/^docker-image:\/\//, '') ?? reference, wanted, request, options);
        const record = options.images.find(await loadLayoutImage(options.images, source, wanted, options.signal));
        return { record, config: await options.images.config(record) };
      }),
  });
  announce(evaluation, context, options.progress);
  return { context, evaluation };
}

function readPlatform(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw new EngineError('InvalidArgument', error instanceof Error ? error.message : String(error));
  }
}

/** Bases that are here are used as they are; `Pull` asks the registry for a newer one. */
async function findImage(
  reference: string,
  platform: Platform,
  request: BuildRequest | BuildPlanRequest,
  options: PrepareOptions,
) {
  const { images, pull, signal, progress } = options;
  const local = images.lookup(reference);
  const fits =
    local !== undefined && selectPlatform(platform, [await images.config(local)], (own) => own) !== undefined;
  if (!fits || (request.Pull === true && !options.offline)) {
    if (options.offline) throw new EngineError('NotFound', `No such image: ${reference}`);
    const auth = authFor(request.Auths, parseReference(reference).registry);
    const id = `pull ${reference}`;
    progress({ Kind: 'vertex', Id: id, Name: `[internal] load ${reference}`, Inputs: [] });
    progress({ Kind: 'started', Id: id, Time: new Date().toISOString() });
    await pull(
      { Reference: reference, Platform: formatPlatform(platform), ...(auth === undefined ? {} : { Auth: auth }) },
      {
        signal,
        progress: ({ Id, Status, Current, Total }) => {
          if (Id === undefined || Current === undefined) return;
          progress({
            Kind: 'status',
            Id: id,
            Item: `${Status} ${Id}`,
            Current,
            ...(Total === undefined ? {} : { Total }),
            Unit: 'bytes',
          });
        },
      },
    );
    progress({ Kind: 'completed', Id: id, Time: new Date().toISOString(), Cached: false });
  }
  const record = images.find(reference);
  return { record, config: await images.config(record) };
}

/** Tells every step before the first one starts, so that clients can say "2 of 7". */
function announce({ stages }: Evaluation, context: BuildContext, progress: (value: BuildProgress) => void): void {
  for (const stage of stages) {
    for (const [index, step] of stage.steps.entries()) {
      const before = index === 0 ? undefined : stage.steps[index - 1];
      progress({
        Kind: 'vertex',
        Id: step.id,
        Name: step.name,
        Stage: stage.name,
        Range: rangeOf(context.file, step.instruction),
        Inputs: before === undefined ? [] : [before.id],
      });
    }
  }
}
