// What the rules know of a file beyond single instructions: stages, base images, the shell at each instruction.
import type { ArgInstruction, FromInstruction, Instruction, Item } from '../../runtime/dockerfile/ast.ts';
import { type ExpansionOptions, expand } from '../../runtime/dockerfile/expansion.ts';
import { flagValue } from '../../runtime/dockerfile/flags.ts';
import type { Controls } from './controls.ts';
import type { HadolintConfig } from './hadolint_config.ts';
import { type ImageName, parseImageName } from './image_name.ts';
import type { Knowledge } from './rule.ts';
import { DEFAULT_SHELL, FOREIGN_SHELL, pragmaShell, type ShellSetting, shellSetting } from './shell_use.ts';

/** A build stage. */
export interface Stage {
  readonly index: number;
  readonly from: FromInstruction;
  /** The name as written, '' if it has none. */
  readonly name: string;
  /** The base image as written, and with the defaults of global ARGs put in. */
  readonly baseRaw: string;
  readonly base: string;
  readonly image: ImageName;
  /** The stage that this one builds on. */
  readonly parent: Stage | undefined;
  /** The instructions after FROM. */
  readonly instructions: Instruction[];
  readonly windows: boolean;
  /** Whether its layers reach an image: it is the last stage, or another one builds on it. */
  reaches: boolean;
}

/** Instructions that belong together: those of a stage, or those that stand before every FROM. */
export type Group = Pick<Stage, 'index' | 'name' | 'parent' | 'instructions' | 'reaches'>;

/** A file as the rules see it. */
export interface FileModel {
  readonly items: readonly Item[];
  readonly instructions: readonly Instruction[];
  /** ARGs before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  /** Their values by default; undefined for those without one. */
  readonly globalValues: ReadonlyMap<string, string | undefined>;
  /** Instructions before the first FROM that are no ARG. */
  readonly strays: readonly Instruction[];
  readonly stages: readonly Stage[];
  /** The stages, and before them the strays where there are any: for rules that need no base image. */
  readonly groups: readonly Group[];
  readonly escape: '\\' | '`';
  readonly knowledge: Knowledge;
  readonly controls: Controls;
  readonly config: HadolintConfig;
  readonly shells: Shells;
  /** The shell in force at an instruction. */
  readonly shellAt: (instruction: Instruction) => ShellSetting;
  /** The last stage whose name (any case) or number is `name`, before stage `before`. */
  readonly findStage: (name: string, before: number) => Stage | undefined;
}

/** Values that BuildKit gives to global ARGs of these names. */
export function platformArguments(platform = 'linux/amd64'): Map<string, string> {
  const [os = 'linux', architecture = 'amd64', variant = ''] = platform.split('/');
  return new Map<string, string>([
    ...['BUILD', 'TARGET'].flatMap((side): [string, string][] => [
      [`${side}PLATFORM`, platform],
      [`${side}OS`, os],
      [`${side}OSVERSION`, ''],
      [`${side}ARCH`, architecture],
      [`${side}VARIANT`, variant],
    ]),
    ['TARGETSTAGE', 'default'],
  ]);
}

/** Builds the model; cheap enough to be done after every edit. */
export function buildModel(
  items: readonly Item[],
  escapeCharacter: '\\' | '`',
  knowledge: Knowledge,
  controls: Controls,
  config: HadolintConfig,
): FileModel {
  const builder = new Builder(knowledge, escapeCharacter, controls);
  const instructions: Instruction[] = [];
  for (const item of items) {
    if (item.kind !== 'instruction') continue;
    instructions.push(item);
    builder.add(item);
  }
  const { stages, globalArgs, globalValues, strays, shells, names } = builder;
  const last = stages.at(-1);
  if (last !== undefined) last.reaches = true;
  return {
    ...{
      items,
      instructions,
      globalArgs,
      globalValues,
      strays,
      stages,
      groups:
        strays.length === 0
          ? stages
          : [{ index: 0, name: '', parent: undefined, instructions: strays, reaches: true }, ...stages],
      escape: escapeCharacter,
      knowledge,
      controls,
      config,
    },
    shells,
    shellAt: (instruction) => shells.at(instruction.start),
    findStage: (name, before) => findStage(stages, names, name, before),
  };
}

const SHAPING: ReadonlySet<string> = new Set(['FROM', 'ARG', 'SHELL']);

/**
 * The model after one instruction became another of its keyword, made of the one before, which is no more; undefined where
 * it has to be built anew. So a keystroke does not cost a walk through all stages.
 */
export function replaceInstruction(
  model: FileModel,
  stageIndex: number | undefined,
  { before, after }: { readonly before: Instruction; readonly after: Instruction },
  { items, controls }: Pick<FileModel, 'items' | 'controls'>,
): FileModel | undefined {
  const stage = stageIndex === undefined ? undefined : model.stages[stageIndex];
  const at = stage?.instructions.indexOf(before) ?? -1;
  if (stage === undefined || at < 0 || SHAPING.has(after.keyword)) return undefined;
  stage.instructions[at] = after;
  model.shells.replace(before, after);
  const instructions = [...model.instructions];
  instructions[instructions.indexOf(before)] = after;
  return { ...model, items, instructions, controls };
}

/** Stages by their names in lower case. */
type StageNames = ReadonlyMap<string, readonly Stage[]>;

function findStage(stages: readonly Stage[], names: StageNames, name: string, before: number): Stage | undefined {
  const named = names.get(name.toLowerCase())?.findLast((stage) => stage.index < before);
  if (named !== undefined) return named;
  const index = /^\d+$/.test(name) ? Number(name) : -1;
  return index >= 0 && index < before ? stages[index] : undefined;
}

/** The shells of a file: each holds from where it begins up to the next. */
class Shells {
  /** They move with the text above them. */
  readonly #starts: Instruction[] = [];
  readonly #settings: ShellSetting[] = [];
  /** Where the last question was answered: most ask in the order of the file. */
  #last = 0;

  add(start: Instruction, setting: ShellSetting): void {
    if (this.#settings.at(-1) === setting) return;
    this.#starts.push(start);
    this.#settings.push(setting);
  }

  replace(before: Instruction, after: Instruction): void {
    const at = this.#starts.indexOf(before);
    if (at >= 0) this.#starts[at] = after;
  }

  at(offset: number): ShellSetting {
    const starts = this.#starts;
    const next = starts[this.#last + 1]?.start ?? Number.POSITIVE_INFINITY;
    if ((starts[this.#last]?.start ?? 0) <= offset && offset < next) return this.#settings[this.#last] ?? DEFAULT_SHELL;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle]?.start ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    this.#last = low;
    return this.#settings[low] ?? DEFAULT_SHELL;
  }
}

class Builder {
  readonly stages: Stage[] = [];
  readonly names = new Map<string, Stage[]>();
  readonly globalArgs: ArgInstruction[] = [];
  readonly globalValues = new Map<string, string | undefined>();
  readonly strays: Instruction[] = [];
  readonly shells = new Shells();
  private readonly platformValues: Map<string, string>;
  private readonly escape: '\\' | '`';
  private readonly controls: Controls;
  private readonly shellOfStage = new Map<Stage, ShellSetting>();
  /** The shell of a stage that says nothing; a `shell=` comment above the first FROM is meant for the whole file. */
  private usualShell: ShellSetting = DEFAULT_SHELL;
  private shell: ShellSetting = DEFAULT_SHELL;

  constructor(knowledge: Knowledge, escapeCharacter: '\\' | '`', controls: Controls) {
    this.platformValues = platformArguments(knowledge.platform);
    this.escape = escapeCharacter;
    this.controls = controls;
  }

  add(instruction: Instruction): void {
    if (instruction.keyword === 'FROM') this.addStage(instruction);
    const pragma = this.controls.shellAt(instruction);
    if (pragma !== undefined) this.shell = pragmaShell(pragma);
    const stage = this.stages.at(-1);
    if (pragma !== undefined && (stage === undefined || (stage.index === 0 && stage.from === instruction)))
      this.usualShell = this.shell;
    this.shells.add(instruction, this.shell);
    if (instruction.keyword === 'FROM') return;
    if (stage === undefined) {
      if (instruction.keyword === 'ARG') this.addGlobal(instruction);
      else this.strays.push(instruction);
    } else stage.instructions.push(instruction);
    if (instruction.keyword === 'SHELL' && instruction.command?.form === 'exec') {
      this.shell = shellSetting(instruction.command.arguments.map((word) => word.value));
    }
    if (stage !== undefined) this.shellOfStage.set(stage, this.shell);
  }

  private addGlobal(instruction: ArgInstruction): void {
    this.globalArgs.push(instruction);
    for (const { key, value } of instruction.pairs) {
      const known = this.globalValues.get(key.raw) ?? this.platformValues.get(key.raw);
      this.globalValues.set(key.raw, value === undefined ? known : this.expand(value.raw));
    }
  }

  private expand(text: string): string {
    if (!/[$"'\\`]/.test(text)) return text;
    const variables = { get: (name: string) => this.globalValues.get(name) ?? this.platformValues.get(name) };
    return expandOr(text, variables, { escape: this.escape });
  }

  private remember(name: string, stage: Stage): void {
    const known = this.names.get(name);
    if (known === undefined) this.names.set(name, [stage]);
    else known.push(stage);
  }

  private addStage(from: FromInstruction): void {
    const baseRaw = from.image?.raw ?? '';
    const base = this.expand(baseRaw);
    const index = this.stages.length;
    const parent = findStage(this.stages, this.names, base, index);
    // A number is no base: `FROM 0` is an image of that name.
    const named = parent !== undefined && parent.name.toLowerCase() === base.toLowerCase() ? parent : undefined;
    const windows = named?.windows ?? isWindows(base, flagValue(from, 'platform') ?? '');
    const name = from.name?.raw ?? '';
    if (named !== undefined) named.reaches = true;
    const stage: Stage = {
      index,
      from,
      name,
      baseRaw,
      base,
      image: parseImageName(base),
      parent: named,
      instructions: [],
      windows,
      reaches: false,
    };
    this.stages.push(stage);
    if (name !== '') this.remember(name.toLowerCase(), stage);
    const inherited = named === undefined ? undefined : this.shellOfStage.get(named);
    this.shell = inherited ?? (windows ? FOREIGN_SHELL : this.usualShell);
    this.shellOfStage.set(stage, this.shell);
  }
}

/** The expansion, or the text itself where it cannot be expanded. */
function expandOr(
  text: string,
  variables: { get(name: string): string | undefined },
  options: ExpansionOptions,
): string {
  try {
    return expand(text, variables, options).value;
  } catch {
    return text;
  }
}

const WINDOWS_IMAGE =
  /(^|\/)(windows|dotnet\/framework)\/|(^|\/)microsoft\/(windows|nanoserver|iis|aspnet)|windowsservercore|nanoserver|servercore/i;

function isWindows(image: string, platform: string): boolean {
  return /^windows(\/|$)/i.test(platform) || WINDOWS_IMAGE.test(image);
}
