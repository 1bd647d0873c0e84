// Builds that stop: a session holds one build at a time at a step, says where it is, and opens containers on the files there.
// Sessions live as long as their build, or until nobody has asked for them for an hour.
import { randomBytes } from 'node:crypto';
import { recordImage } from '../image/commit.ts';
import type { BuildOutcome, BuildProgress, DebugState } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Handlers } from '../protocol/handler.ts';
import type { Params } from '../protocol/methods.ts';
import { type BuilderHandlers, runBuild } from './builder.ts';
import type { Chain } from './chain.ts';
import { rangeOf, type SourceFile } from './failure.ts';
import type { BuildServices, SolveHooks } from './solver.ts';
import type { EvaluatedStage, Step } from './steps.ts';

export type DebugHandlers = BuilderHandlers &
  Pick<Handlers, 'container.create' | 'container.remove' | 'container.wait' | 'image.remove'>;
type Breakpoints = Pick<Params<'build.debug'>, 'Breakpoints' | 'BreakpointsAfter'>;
type Stop = Pick<DebugState, 'Reason' | 'Position' | 'Error'> & { step: Step; chain: Chain };

const abandonedAfter = 3_600_000;

export class DebugSession {
  readonly id = randomBytes(8).toString('hex');
  readonly #request: Params<'build.debug'>;
  readonly #services: BuildServices;
  readonly #handlers: DebugHandlers;
  readonly #abort = new AbortController();
  readonly #shells: { container: string; image: string }[] = [];
  #progress: (value: BuildProgress) => void;
  #file: SourceFile | undefined;
  #stages: readonly EvaluatedStage[] = [];
  #done = new Set<Step>();
  #stop: Stop | undefined;
  #ended: Pick<DebugState, 'Reason' | 'Error' | 'Outcome'> | undefined;
  #mode: 'entry' | 'continue' | 'step';
  #lines: Breakpoints;
  /** Resolves with what the client wants next. */
  #resume = Promise.withResolvers<'continue' | 'retry'>();
  /** Resolves when the build has stopped, or has ended and left nothing. */
  #rest = Promise.withResolvers<void>();
  #abandon: NodeJS.Timeout | undefined;
  readonly #onEnd: () => void;

  constructor(
    services: BuildServices,
    handlers: DebugHandlers,
    request: Params<'build.debug'>,
    progress: (value: BuildProgress) => void,
    onEnd: () => void,
  ) {
    if (request.Build.Context === '-')
      throw new EngineError('InvalidArgument', 'cannot debug a build of a streamed context: name its directory');
    this.#services = services;
    this.#handlers = handlers;
    this.#request = request;
    this.#progress = progress;
    this.#onEnd = onEnd;
    this.#lines = request;
    this.#mode = request.StopOnEntry === true ? 'entry' : 'continue';
  }

  /** Runs to the first stop or to the end. `signal` ends the build only as long as it has not stopped. */
  async start(signal: AbortSignal): Promise<DebugState> {
    void runBuild(this.#services, this.#handlers, {
      request: this.#request.Build,
      duplex: undefined,
      signal: this.#abort.signal,
      progress: (value) => this.#progress(value),
      debug: (stages, file) => this.#watch(stages, file),
    }).then(
      (outcome: BuildOutcome) => this.#end({ Reason: 'finished', Outcome: outcome }),
      (error: unknown) => this.#end({ Reason: 'failed', Error: said(error) }),
    );
    return await this.#untilRest(signal);
  }

  async goOn(
    { Mode, ...lines }: Params<'build.debugContinue'>,
    progress: (value: BuildProgress) => void,
    signal: AbortSignal,
  ): Promise<DebugState> {
    const stop = this.#held();
    if (Mode === 'retry' && stop.Reason !== 'failure')
      throw new EngineError('Conflict', 'cannot retry: the build did not stop at a failure');
    this.#progress = progress;
    if (lines.Breakpoints !== undefined || lines.BreakpointsAfter !== undefined) this.#lines = lines;
    this.#mode = Mode === 'step' ? 'step' : 'continue';
    this.#stop = undefined;
    this.#rest = Promise.withResolvers();
    this.#resume.resolve(Mode === 'retry' ? 'retry' : 'continue');
    return await this.#untilRest(signal);
  }

  get state(): DebugState {
    const stop = this.#stop;
    const variables = stop?.step.state;
    return {
      Session: this.id,
      Stopped: stop !== undefined,
      ...(this.#ended ?? { Reason: stop?.Reason ?? 'running' }),
      ...(stop === undefined ? {} : this.#place(stop)),
      Stages: this.#stages.map((stage) => ({ Name: stage.name, State: this.#stateOf(stage) })),
      Variables: {
        Arguments: Object.fromEntries(variables?.args ?? []),
        Environment: Object.fromEntries(variables?.env ?? []),
        Config: stop === undefined ? {} : describeConfig(stop.step),
      },
    };
  }

  /** A container on the files as they are; it waits to be attached to and started. */
  async shell({ Cmd, Tty, User }: Params<'build.debugShell'>, signal: AbortSignal): Promise<string> {
    const { step, chain } = this.#held();
    const { config, env, args } = step.state;
    const { os, architecture } = step.stage.platform;
    const image = await recordImage(
      this.#services.images,
      { os, architecture, config, rootfs: { type: 'layers', diff_ids: [] }, history: [] },
      chain.layers,
      { signal },
    );
    const [shell = '/bin/sh'] = config.Shell ?? [];
    const { Network } = this.#request.Build;
    const { Id } = await this.#handlers['container.create'](
      {
        Config: {
          Image: image.id,
          Entrypoint: [],
          Cmd: Cmd ?? [shell],
          Env: [...new Map([...args, ...env])].map(([name, value]) => `${name}=${value}`),
          Tty: Tty === true,
          OpenStdin: true,
          StdinOnce: true,
          AttachStdin: true,
          AttachStdout: true,
          AttachStderr: true,
          ...(User === undefined ? {} : { User }),
        },
        HostConfig: { AutoRemove: true, ...(Network === undefined ? {} : { NetworkMode: Network }) },
      },
      { signal, progress: () => {} },
    );
    this.#shells.push({ container: Id, image: image.id });
    return Id;
  }

  /** Ends the build, wherever it is, and waits until nothing of it is left. */
  async end(): Promise<void> {
    this.#abort.abort(new EngineError('Cancelled', 'the build was cancelled'));
    this.#resume.resolve('continue');
    if (this.#stop !== undefined) this.#rest = Promise.withResolvers();
    this.#stop = undefined;
    await this.#rest.promise;
  }

  #watch(stages: readonly EvaluatedStage[], file: SourceFile): SolveHooks {
    this.#stages = stages;
    this.#file = file;
    return {
      before: async (step, chain) => {
        const { Breakpoints = [] } = this.#lines;
        if (this.#mode === 'entry') await this.#hold({ step, chain, Reason: 'entry', Position: 'before' });
        else if (this.#isAt(Breakpoints, step))
          await this.#hold({ step, chain, Reason: 'breakpoint', Position: 'before' });
        else if (this.#mode === 'step') await this.#hold({ step, chain, Reason: 'step', Position: 'before' });
      },
      after: async (step, chain) => {
        this.#done.add(step);
        const { BreakpointsAfter = [] } = this.#lines;
        if (this.#isAt(BreakpointsAfter, step))
          await this.#hold({ step, chain, Reason: 'breakpoint', Position: 'after' });
      },
      failed: async (step, chain, error) => {
        if (this.#request.StopOnFailure !== true || this.#abort.signal.aborted) return 'give up';
        const answer = await this.#hold({ step, chain, Reason: 'failure', Position: 'before', Error: said(error) });
        return answer === 'retry' ? 'retry' : 'give up';
      },
    };
  }

  /** A line stands for the first step of a stage that begins at it or behind it, or that it lies inside. */
  #isAt(lines: readonly number[], step: Step): boolean {
    const { stage } = step;
    const start = (other: Step) => other.instruction.startLine;
    const index = stage.steps.indexOf(step);
    const before = index === 0 ? stage.instruction.startLine : start(stage.steps[index - 1] ?? step);
    const height = step.instruction.source.trimEnd().split('\n').length;
    return lines.some((line) => line > before && line < start(step) + height);
  }

  async #hold(stop: Stop): Promise<'continue' | 'retry'> {
    if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
    this.#mode = 'continue';
    this.#stop = stop;
    this.#resume = Promise.withResolvers();
    this.#rest.resolve();
    this.#wind();
    const answer = await this.#resume.promise;
    clearTimeout(this.#abandon);
    this.#stop = undefined;
    this.#abort.signal.throwIfAborted();
    return answer;
  }

  #wind(): void {
    clearTimeout(this.#abandon);
    this.#abandon = setTimeout(() => void this.end(), abandonedAfter);
    this.#abandon.unref();
  }

  #held(): Stop {
    if (this.#stop === undefined) throw new EngineError('Conflict', 'the build is not stopped');
    return this.#stop;
  }

  async #untilRest(signal: AbortSignal): Promise<DebugState> {
    const leave = () => void this.end();
    signal.addEventListener('abort', leave, { once: true });
    try {
      await this.#rest.promise;
      return this.state;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #end(ended: Pick<DebugState, 'Reason' | 'Error' | 'Outcome'>): void {
    this.#ended = ended;
    this.#stop = undefined;
    clearTimeout(this.#abandon);
    void this.#removeShells().finally(() => {
      this.#onEnd();
      this.#rest.resolve();
    });
  }

  async #removeShells(): Promise<void> {
    const context = { signal: new AbortController().signal, progress: () => {} };
    for (const { container, image } of this.#shells.splice(0)) {
      // A shell that ended took its container along, or is about to.
      await Promise.all([
        settled(() => this.#handlers['container.wait']({ Container: container, Condition: 'removed' }, context)),
        settled(() => this.#handlers['container.remove']({ Container: container, Force: true }, context)),
      ]);
      await settled(() => this.#handlers['image.remove']({ Image: image }, context));
    }
  }

  #place({ step, ...stop }: Stop): Partial<DebugState> {
    return {
      ...(stop.Position === undefined ? {} : { Position: stop.Position }),
      ...(this.#file === undefined ? {} : { Range: rangeOf(this.#file, step.instruction) }),
      Instruction: step.text,
      Stage: step.stage.name,
      ...(stop.Error === undefined ? {} : { Error: stop.Error }),
    };
  }

  #stateOf(stage: EvaluatedStage): DebugState['Stages'][number]['State'] {
    if (this.#stop?.step.stage === stage) return 'stopped';
    if (stage.steps.every((step) => this.#done.has(step))) return 'done';
    return stage.steps.some((step) => this.#done.has(step)) ? 'running' : 'waiting';
  }
}

/** Waits for a call of which it doesn't matter whether it fails. */
async function settled(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch {
    // What was to be removed is gone, or another session's shell stands on the same image and takes it along.
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describeConfig({ state }: Step): Record<string, string> {
  const { User, WorkingDir, Shell, Entrypoint, Cmd } = state.config;
  const fields = { User, WorkingDir, Shell, Entrypoint, Cmd };
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}
