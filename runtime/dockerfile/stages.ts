// The build stages of a Dockerfile and what they take from each other.
import type { ArgInstruction, FromInstruction, Instruction, Span } from './ast.ts';
import type { DockerfileDocument } from './document.ts';
import { ExpansionError, expand } from './expansion.ts';
import { findFlag } from './flags.ts';
import { mountField, mountsOf } from './mount.ts';
import { platformArguments } from './predefined.ts';

export interface Stage {
  readonly index: number;
  readonly from: FromInstruction;
  /** Lower case, as stage names do not know case; absent when the stage has none. */
  readonly name?: string;
  /** The image or stage behind FROM, variables replaced by the defaults of the global ARGs. */
  readonly baseName: string;
  /** The earlier stage that this one stands on; absent when the base is an image. */
  readonly base?: Stage;
  /** What follows FROM up to the next one. */
  readonly instructions: readonly Instruction[];
}

/** A place that names a stage or an image: `FROM name`, `COPY --from=name`, `RUN --mount=from=name`. */
export interface StageReference {
  readonly instruction: Instruction;
  readonly kind: 'from' | 'copy' | 'mount';
  /** As written, unquoted. */
  readonly name: string;
  /** Relative to the instruction's start. */
  readonly span: Span;
  /** The stage in which it is written. */
  readonly user: Stage;
  /** The stage that is meant; absent for an image or a named build context. */
  readonly stage?: Stage;
}

export interface StageModel {
  /** What comes before the first FROM. Only ARG may. */
  readonly preamble: readonly Instruction[];
  readonly globalArguments: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
}

/** Defaults that double themselves line by line would fill the memory. */
const longestName = 1 << 16;

const models = new WeakMap<DockerfileDocument, { version: number; model: StageModel }>();

/** The stages of a document, computed once per version of it. */
export function stagesOf(document: DockerfileDocument): StageModel {
  const known = models.get(document);
  if (known?.version === document.version) return known.model;
  const model = buildModel(document.instructions);
  models.set(document, { version: document.version, model });
  return model;
}

/** What a build gives: values of global ARGs, and its platforms (`FROM base-$TARGETARCH` may mean a stage). */
export interface BuildValues {
  readonly arguments: Readonly<Record<string, string>>;
  readonly platform: Readonly<Record<string, string>>;
}

/** The stages as they are for one build. */
export function stagesFor(document: DockerfileDocument, values: BuildValues): StageModel {
  return buildModel(document.instructions, values);
}

/** The stages of a list of instructions; by the defaults of the ARGs, as if the build ran for linux/amd64, without values. */
function buildModel(
  instructions: readonly Instruction[],
  values: BuildValues = { arguments: {}, platform: platformArguments },
): StageModel {
  const first = instructions.findIndex((instruction) => instruction.keyword === 'FROM');
  const preamble = first < 0 ? instructions : instructions.slice(0, first);
  const globalArguments = preamble.filter((instruction) => instruction.keyword === 'ARG');
  const globals = globalValues(globalArguments, values);
  const stages: Stage[] = [];
  const byName = new Map<string, Stage>();
  let current: Instruction[] = [];
  for (const instruction of first < 0 ? [] : instructions.slice(first)) {
    if (instruction.keyword !== 'FROM') {
      current.push(instruction);
      continue;
    }
    current = [];
    const baseName = expandOrKeep(instruction.image?.raw ?? '', globals, instruction.escape);
    const base = byName.get(baseName.toLowerCase());
    const name = instruction.name?.raw.toLowerCase();
    const stage: Stage = {
      index: stages.length,
      from: instruction,
      ...(name === undefined ? {} : { name }),
      baseName,
      ...(base === undefined ? {} : { base }),
      instructions: current,
    };
    stages.push(stage);
    // The last of several stages with one name is the one that later stages mean.
    if (name !== undefined) byName.set(name, stage);
  }
  return { preamble, globalArguments, stages };
}

/** The global ARGs as they are given, and the defaults of the others. */
function globalValues(globalArguments: readonly ArgInstruction[], given: BuildValues): Map<string, string> {
  const values = new Map<string, string>(Object.entries(given.platform));
  for (const instruction of globalArguments) {
    for (const pair of instruction.pairs) {
      const own = given.arguments[pair.key.raw];
      if (own !== undefined) {
        values.set(pair.key.raw, own);
      } else if (pair.value !== undefined) {
        values.set(pair.key.raw, expandOrKeep(pair.value.raw, values, instruction.escape));
      }
    }
  }
  return values;
}

function expandOrKeep(raw: string, values: ReadonlyMap<string, string>, character: '\\' | '`'): string {
  if (!/[$"'\\`]/.test(raw)) return raw;
  try {
    const { value } = expand(raw, values, { escape: character });
    return value.length > longestName ? raw : value;
  } catch (error) {
    if (error instanceof ExpansionError) return raw;
    throw error;
  }
}

/** The stage that `name` (a name or an index) means when it is written in the stage `user`. */
export function findStage(model: StageModel, user: Stage, name: string): Stage | undefined {
  if (/^\d+$/.test(name)) return Number(name) < user.index ? model.stages[Number(name)] : undefined;
  const lower = name.toLowerCase();
  return model.stages.findLast((stage) => stage.index < user.index && stage.name === lower);
}

/** The stage that the instruction belongs to; a FROM belongs to the stage that it begins. */
export function stageOf(model: StageModel, instruction: Instruction): Stage | undefined {
  let low = 0;
  let high = model.stages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((model.stages[middle]?.from.start ?? 0) <= instruction.start) low = middle + 1;
    else high = middle;
  }
  return model.stages[low - 1];
}

/** Every place of the document that names a stage or an image, in order. */
export function stageReferences(model: StageModel): StageReference[] {
  return model.stages.flatMap((stage) => referencesIn(model, stage));
}

/** The places in one stage. */
export function referencesIn(model: StageModel, stage: Stage): StageReference[] {
  const references: StageReference[] = [];
  const { from } = stage;
  if (from.image !== undefined) {
    references.push({
      instruction: from,
      kind: 'from',
      name: stage.baseName,
      span: from.image.span,
      user: stage,
      ...(stage.base === undefined ? {} : { stage: stage.base }),
    });
  }
  for (const outer of stage.instructions) {
    const instruction = outer.keyword === 'ONBUILD' ? (outer.instruction ?? outer) : outer;
    for (const { kind, name, span } of sourcesOf(instruction)) {
      const target = findStage(model, stage, name);
      const place = { instruction: outer, kind, name, span, user: stage };
      references.push(target === undefined ? place : { ...place, stage: target });
    }
  }
  return references;
}

/** The stages or images that COPY --from and RUN --mount=from= of one instruction name. */
export function sourcesOf(instruction: Instruction): { kind: 'copy' | 'mount'; name: string; span: Span }[] {
  if (instruction.flags.length === 0) return [];
  if (instruction.keyword === 'COPY') {
    const value = findFlag(instruction, 'from')?.value;
    return value === undefined ? [] : [{ kind: 'copy', name: value.value, span: value.span }];
  }
  if (instruction.keyword !== 'RUN') return [];
  return mountsOf(instruction).flatMap((mount) => {
    const field = mountField(mount, 'from');
    if (field?.value === undefined || field.valueSpan === undefined) return [];
    return [{ kind: 'mount' as const, name: field.value, span: field.valueSpan }];
  });
}

/** The stages that building `target` needs, itself included. */
export function neededStages(model: StageModel, target: Stage): Set<Stage> {
  const needed = new Set<Stage>([target]);
  for (const stage of needed) {
    if (stage.base !== undefined) needed.add(stage.base);
    for (const reference of referencesIn(model, stage)) if (reference.stage !== undefined) needed.add(reference.stage);
  }
  return needed;
}

/** The stage that `--target` names: by name, or by index. */
export function targetStage(model: StageModel, target: string): Stage | undefined {
  const lower = target.toLowerCase();
  const named = model.stages.findLast((stage) => stage.name === lower);
  return named ?? (/^\d+$/.test(target) ? model.stages[Number(target)] : undefined);
}
