// Evaluates the stages that a target needs: variables replaced, bases known, instructions turned into steps and config. Follows
// BuildKit's frontend (the Dockerfile reference); nothing is run here.
import type { FromInstruction, Instruction } from '../dockerfile/ast.ts';
import { type DockerfileDocument, parseDockerfile } from '../dockerfile/document.ts';
import { ExpansionError, expand } from '../dockerfile/expansion.ts';
import { flagValue } from '../dockerfile/flags.ts';
import { proxyArguments } from '../dockerfile/predefined.ts';
import { findStage, neededStages, type Stage, type StageModel, stagesFor, targetStage } from '../dockerfile/stages.ts';
import type { ImageConfig } from '../image/config.ts';
import { formatPlatform, type Platform, parsePlatform } from '../image/platform.ts';
import type { ImageRecord } from '../image/records.ts';
import { EngineError } from '../protocol/errors.ts';
import { failureAt, type SourceFile } from './failure.ts';
import { applyInstruction, type InstructionScope } from './instructions.ts';
import { StageState } from './stage_state.ts';
import type { EvaluatedStage, FileSource, Step } from './steps.ts';

export interface EvaluationInput {
  readonly file: SourceFile;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** Goes in front of the steps' names where one build makes several platforms. */
  readonly prefix?: string;
  /** Names of contexts given with --build-context that are directories (images among them are resolved by `image`). */
  readonly contexts: ReadonlySet<string>;
  /** Finds an image, pulling it where it must. */
  image(reference: string, platform: Platform): Promise<{ record: ImageRecord; config: ImageConfig }>;
}

export interface Evaluation {
  readonly target: EvaluatedStage;
  /** In the order of the file; only those that the target needs. */
  readonly stages: readonly EvaluatedStage[];
  /** Arguments given that no ARG asked for. */
  readonly unusedArguments: readonly string[];
}

/** @throws EngineError at the place in the file. */
export async function evaluate(input: EvaluationInput): Promise<Evaluation> {
  const { file } = input;
  checkSyntax(file);
  const model = stagesFor(file.document, { arguments: input.buildArgs, platform: platformValues(input) });
  const target = chooseTarget(model, input);
  const needed = neededStages(model, target);
  const evaluator = new Evaluator(input, model);
  const stages: EvaluatedStage[] = [];
  for (const stage of model.stages) if (needed.has(stage)) stages.push(await evaluator.stage(stage));
  const result = stages.at(-1);
  if (result === undefined) throw new EngineError('InvalidArgument', `${file.name}: no build stage in current context`);
  return {
    target: stages.find(({ index }) => index === target.index) ?? result,
    stages,
    unusedArguments: evaluator.unused(),
  };
}

/** The parser's own findings are errors here: the builder takes no broken file. */
function checkSyntax(file: SourceFile): void {
  for (const instruction of file.document.instructions) {
    const problem = instruction.problems[0];
    if (problem !== undefined) throw failureAt(file, instruction, problem.message, { span: problem.span });
  }
}

function chooseTarget(model: StageModel, { file, target }: EvaluationInput): Stage {
  const chosen = target === undefined ? model.stages.at(-1) : targetStage(model, target);
  if (chosen !== undefined) return chosen;
  if (target !== undefined) throw new EngineError('InvalidArgument', `target stage "${target}" could not be found`);
  const [first] = file.document.instructions;
  if (first === undefined) throw new EngineError('InvalidArgument', `${file.name}: file with no instructions`);
  throw failureAt(file, first, 'no build stage in current context: the file has no FROM');
}

class Evaluator {
  readonly #input: EvaluationInput;
  readonly #model: StageModel;
  readonly #globals: Map<string, string>;
  /** Of the global ARGs, without the platform's own. */
  readonly #declared = new Set<string>();
  readonly #done = new Map<number, { stage: EvaluatedStage; state: StageState }>();
  readonly #used = new Set<string>();

  constructor(input: EvaluationInput, model: StageModel) {
    this.#input = input;
    this.#model = model;
    this.#globals = new Map(Object.entries(platformValues(input)));
    for (const instruction of model.globalArguments) {
      for (const pair of instruction.pairs) {
        const name = this.#expand(pair.key.raw, this.#globals, instruction);
        this.#declared.add(name);
        const given = this.#given(name);
        if (given !== undefined) this.#globals.set(name, given);
        else if (pair.value !== undefined)
          this.#globals.set(name, this.#expand(pair.value.raw, this.#globals, instruction));
      }
    }
  }

  unused(): string[] {
    const predefined = new Set<string>(proxyArguments);
    return Object.keys(this.#input.buildArgs).filter(
      (name) =>
        !this.#used.has(name) && !predefined.has(name) && !name.startsWith('BUILDKIT_') && name !== 'SOURCE_DATE_EPOCH',
    );
  }

  async stage(stage: Stage): Promise<EvaluatedStage> {
    const { from } = stage;
    const platform = this.#platformOf(from);
    const base = await this.#base(stage, platform);
    const state = new StageState(base.state ?? base.config);
    const name = stage.name ?? `stage-${stage.index}`;
    const steps: Step[] = [];
    const evaluated: EvaluatedStage = {
      index: stage.index,
      name,
      base: base.base,
      instruction: from,
      steps,
      platform: base.base.kind === 'image' ? (base.config ?? platform) : platform,
      get config() {
        return state.config;
      },
      get author() {
        return state.author;
      },
      get history() {
        return state.history;
      },
      baseConfig: base.config,
    };
    const label = this.#input.prefix === undefined ? [] : [this.#input.prefix];
    const triggers = this.#onbuild(from, state);
    const instructions = [...triggers, ...stage.instructions];
    const layers = instructions.filter(({ keyword }) => ['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(keyword)).length;
    for (const instruction of instructions) {
      const scope = this.#scope(stage, state, instruction);
      const made = await applyInstruction(scope, instruction);
      if (made === undefined) continue;
      const text = instruction.logical.text.trim();
      const number = steps.length + 1;
      steps.push({
        id: [...label, `${stage.index}.${number}`].join(' '),
        name: `[${[...label, ...(stage.name === undefined ? [] : [stage.name]), `${number}/${layers}`].join(' ')}] ${text}`,
        stage: evaluated,
        instruction,
        text,
        state: state.snapshot(),
        ...made,
      });
    }
    if (Object.keys(this.#input.labels).length > 0 && this.#isTarget(stage)) {
      state.config.Labels = { ...state.config.Labels, ...this.#input.labels };
    }
    this.#done.set(stage.index, { stage: evaluated, state });
    return evaluated;
  }

  #isTarget(stage: Stage): boolean {
    return chooseTarget(this.#model, this.#input) === stage;
  }

  /** Instructions that the base, an image or a stage, left for whoever builds on it; it loses them. */
  #onbuild(from: FromInstruction, state: StageState): Instruction[] {
    const triggers = state.config.OnBuild ?? [];
    delete state.config.OnBuild;
    return triggers.flatMap((text) => {
      const document: DockerfileDocument = parseDockerfile(text);
      const [instruction] = document.instructions;
      const problem = instruction?.problems[0];
      if (instruction === undefined || problem !== undefined) {
        throw failureAt(
          this.#input.file,
          from,
          `the base image's ONBUILD "${text}" can not be used: ${problem?.message}`,
        );
      }
      // What it is reported at is the FROM that brought it in.
      return [Object.assign(instruction, { start: from.start, startLine: from.startLine })];
    });
  }

  async #base(
    stage: Stage,
    platform: Platform,
  ): Promise<{ base: EvaluatedStage['base']; config?: ImageConfig; state?: StageState }> {
    const { from } = stage;
    const name = this.#expand(from.image?.raw ?? '', this.#globals, from);
    if (name === '')
      throw failureAt(this.#input.file, from, `base name (${from.image?.raw ?? ''}) should not be blank`);
    const earlier = findStage(this.#model, stage, name);
    if (earlier !== undefined && !/^\d+$/.test(name)) {
      const done = this.#done.get(earlier.index);
      if (done !== undefined) return { base: { kind: 'stage', stage: done.stage }, state: done.state };
    }
    if (name === 'scratch') return { base: { kind: 'scratch' } };
    try {
      const { record, config } = await this.#input.image(name, platform);
      return { base: { kind: 'image', record, reference: name }, config };
    } catch (error) {
      throw this.#imageFailure(error, from, name);
    }
  }

  #imageFailure(error: unknown, instruction: Instruction, name: string): unknown {
    if (!(error instanceof EngineError) || error.kind === 'Cancelled') return error;
    return failureAt(this.#input.file, instruction, `failed to resolve source metadata for ${name}: ${error.message}`, {
      kind: error.kind,
      cause: error,
    });
  }

  #platformOf(from: FromInstruction): Platform {
    const raw = flagValue(from, 'platform');
    if (raw === undefined) return this.#input.platform;
    const text = this.#expand(raw, this.#globals, from);
    try {
      return parsePlatform(text);
    } catch (error) {
      throw failureAt(this.#input.file, from, `failed to parse platform ${text}: ${String(error)}`);
    }
  }

  #scope(stage: Stage, state: StageState, instruction: Instruction): InstructionScope {
    return {
      file: this.#input.file,
      state,
      expand: (raw, from = instruction) => this.#expand(raw, state.variables, from),
      words: (raw, from = instruction) =>
        this.#guard(from, () => expand(raw, state.variables, { escape: from.escape }).words),
      argument: (name, fallback) => this.#argument(name, fallback),
      source: async (name) => await this.#source(stage, instruction, name),
    };
  }

  /** ARG in a stage: what was given, its own default, or the global ARG of the name. */
  #argument(name: string, fallback: string | undefined): string | undefined {
    const given = this.#given(name);
    if (given !== undefined) return given;
    if (fallback !== undefined) return fallback;
    return this.#globals.get(name);
  }

  #given(name: string): string | undefined {
    const value = this.#input.buildArgs[name];
    if (value !== undefined) this.#used.add(name);
    return value;
  }

  /** What --from names: a stage, a named context, or an image. */
  async #source(stage: Stage, instruction: Instruction, name: string): Promise<FileSource> {
    const earlier = findStage(this.#model, stage, name);
    if (earlier !== undefined) {
      const done = this.#done.get(earlier.index);
      if (done !== undefined) return { kind: 'stage', stage: done.stage };
    }
    if (/^\d+$/.test(name)) {
      throw failureAt(
        this.#input.file,
        instruction,
        `invalid from flag value ${name}: there is no earlier stage of that number`,
      );
    }
    if (this.#input.contexts.has(name)) return { kind: 'context', name };
    const later = this.#model.stages.find((other) => other.name === name.toLowerCase());
    if (later !== undefined) {
      const what = later === stage ? 'a stage can not take files from itself' : 'the stage comes later in the file';
      throw failureAt(this.#input.file, instruction, `invalid from flag value ${name}: ${what}`);
    }
    try {
      const { record } = await this.#input.image(name, this.#input.platform);
      return { kind: 'image', record };
    } catch (error) {
      throw this.#imageFailure(error, instruction, name);
    }
  }

  #expand(raw: string, variables: { get(name: string): string | undefined }, instruction: Instruction): string {
    return this.#guard(instruction, () => expand(raw, variables, { escape: instruction.escape }).value);
  }

  #guard<T>(instruction: Instruction, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof ExpansionError) throw failureAt(this.#input.file, instruction, error.message);
      throw error;
    }
  }
}

function platformValues({ platform, buildPlatform, target }: EvaluationInput): Record<string, string> {
  return {
    BUILDPLATFORM: formatPlatform(buildPlatform),
    BUILDOS: buildPlatform.os,
    BUILDARCH: buildPlatform.architecture,
    BUILDVARIANT: buildPlatform.variant ?? '',
    TARGETPLATFORM: formatPlatform(platform),
    TARGETOS: platform.os,
    TARGETARCH: platform.architecture,
    TARGETVARIANT: platform.variant ?? '',
    TARGETSTAGE: target ?? 'default',
  };
}
