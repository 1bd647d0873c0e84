// What a build would do, said before anything runs: for each instruction whether it is cached, and why it is not.
import type { BuildPlan, BuildPlanRequest, PlannedStep } from '../protocol/build.ts';
import { isEngineError } from '../protocol/errors.ts';
import type { BuilderHandlers } from './builder.ts';
import { epochOf, hostConfigOf } from './builder.ts';
import type { StepInputs } from './cache.ts';
import { type Chain, extend } from './chain.ts';
import { rangeOf } from './failure.ts';
import { openBuildContext, prepare } from './prepare.ts';
import { type BuildServices, Solver } from './solver.ts';
import { placeOf } from './step_key.ts';
import { type EvaluatedStage, type Step, stagesNeeded } from './steps.ts';

/** A stage as far as the cache knows it: `undefined` from the first step on that would run. */
type Known = Chain | undefined;

export async function planBuild(
  services: BuildServices,
  handlers: BuilderHandlers,
  request: BuildPlanRequest,
  signal: AbortSignal,
): Promise<BuildPlan> {
  try {
    await using context = await openBuildContext(request, services.images, undefined, signal);
    const { evaluation } = await prepare(context, request, request.Platforms?.[0], {
      images: services.images,
      pull: handlers['image.pull'],
      offline: true,
      signal,
      progress: () => {},
    });
    const planner = new Planner(
      services,
      context.place,
      new CacheOnlySolver(services, {
        request,
        context,
        hostConfig: hostConfigOf(request),
        clampTime: epochOf(request),
        signal,
        progress: () => {},
      }),
    );
    const steps: PlannedStep[] = [];
    for (const stage of evaluation.stages) {
      for (const { step, ...fate } of await planner.stage(stage)) {
        steps.push({
          Stage: stage.name,
          Instruction: step.text,
          Range: rangeOf(context.file, step.instruction),
          Skipped: false,
          ...fate,
        });
      }
    }
    return { Steps: steps, Problems: [] };
  } catch (error) {
    if (!isEngineError(error, 'InvalidArgument') && !isEngineError(error, 'NotFound')) throw error;
    return { Steps: [], Problems: [{ Severity: 'error', Message: error.message.split('\n')[0] ?? error.message }] };
  }
}

/** A solver that knows stages from the planner and never makes anything. */
class CacheOnlySolver extends Solver {
  readonly known = new Map<number, Chain>();

  override stage(stage: EvaluatedStage): Promise<Chain> {
    const chain = this.known.get(stage.index);
    if (chain === undefined) return Promise.reject(new Error('the stage is not in the cache'));
    return Promise.resolve(chain);
  }
}

type Fate = { step: Step } & Pick<PlannedStep, 'Cached' | 'Reason' | 'LayerSize' | 'LastDuration'>;

class Planner {
  readonly #services: BuildServices;
  readonly #file: string;
  readonly #solver: CacheOnlySolver;

  constructor(services: BuildServices, file: string, solver: CacheOnlySolver) {
    this.#services = services;
    this.#file = file;
    this.#solver = solver;
  }

  async stage(stage: EvaluatedStage): Promise<Fate[]> {
    const fates: Fate[] = [];
    const isBaseKnown = stage.base.kind !== 'stage' || this.#solver.known.has(stage.base.stage.index);
    let chain: Known = isBaseKnown ? await this.#solver.baseOf(stage) : undefined;
    let blocked = isBaseKnown ? undefined : 'the stage it builds on is not cached';
    for (const step of stage.steps) {
      const missing = stagesNeeded(step.operation).find(({ index }) => !this.#solver.known.has(index));
      if (missing !== undefined) blocked ??= `stage ${missing.name}, which it takes files from, is not cached`;
      const fate: Fate =
        chain === undefined || blocked !== undefined
          ? this.#uncached(step, blocked ?? '')
          : await this.#look(step, chain);
      fates.push(fate);
      chain = fate.Cached && chain !== undefined ? await this.#next(step, chain) : undefined;
      if (!fate.Cached) blocked ??= 'the step above is not cached';
    }
    if (chain !== undefined) this.#solver.known.set(stage.index, chain);
    return fates;
  }

  async #next(step: Step, chain: Chain): Promise<Known> {
    const { digest } = await this.#solver.key(step, chain);
    const record = await this.#solver.lookup(step, digest);
    return record === undefined ? undefined : extend(chain, record.layer);
  }

  async #look(step: Step, chain: Chain): Promise<Fate> {
    const key = await this.#solver.key(step, chain);
    const record = await this.#solver.lookup(step, key.digest);
    if (record !== undefined) return { step, Cached: true, LayerSize: record.size, LastDuration: record.duration };
    return this.#uncached(step, this.#difference(step, key.inputs));
  }

  #uncached(step: Step, reason: string): Fate {
    const last = this.#services.cache.lastKey(placeOf(this.#file, step));
    const record = last === undefined ? undefined : this.#services.cache.get(last);
    return {
      step,
      Cached: false,
      Reason: reason,
      ...(record === undefined ? {} : { LayerSize: record.size, LastDuration: record.duration }),
    };
  }

  /** What is different from the last build of the instruction at this place. */
  #difference(step: Step, now: StepInputs): string {
    const before = this.#services.cache.lastInputs(placeOf(this.#file, step));
    if (before === undefined) return 'it was never built here';
    if (before.text !== now.text) return 'the instruction changed';
    const argument = differing(before.args, now.args)[0];
    if (argument !== undefined) {
      return `argument ${argument}: ${before.args[argument] ?? 'not set'} → ${now.args[argument] ?? 'not set'}`;
    }
    const files = differing(before.files, now.files);
    const [file] = files;
    if (file !== undefined) {
      const verb = before.files[file] === undefined ? 'is new' : now.files[file] === undefined ? 'is gone' : 'changed';
      return `file ${file} ${verb}${files.length > 1 ? `, and ${files.length - 1} more` : ''}`;
    }
    return 'its result was removed from the cache, or what is below it changed';
  }
}

function differing(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((key) => before[key] !== now[key]).sort();
}
