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
}

/** Instructions that belong together: those of a stage, or those that stand before every FROM. */
export type Group = Pick<Stage, 'index' | 'name' | 'parent' | 'instructions'>;

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
  const instructions = items.filter((item) => item.kind === 'instruction');
  for (const instruction of instructions) builder.add(instruction);
  const { stages, globalArgs, globalValues, strays, shells } = builder;
  return {
    ...{
      items,
      instructions,
      globalArgs,
      globalValues,
      strays,
      stages,
      groups:
        strays.length === 0 ? stages : [{ index: 0, name: '', parent: undefined, instructions: strays }, ...stages],
      escape: escapeCharacter,
      knowledge,
      controls,
      config,
    },
    shellAt: (instruction) => shells.get(instruction) ?? DEFAULT_SHELL,
    findStage: (name, before) => findStage(stages, name, before),
  };
}

function findStage(stages: readonly Stage[], name: string, before: number): Stage | undefined {
  const wanted = name.toLowerCase();
  const named = stages.findLast(
    (stage) => stage.index < before && stage.name !== '' && stage.name.toLowerCase() === wanted,
  );
  if (named !== undefined) return named;
  const index = /^\d+$/.test(name) ? Number(name) : -1;
  return index >= 0 && index < before ? stages[index] : undefined;
}

class Builder {
  readonly stages: Stage[] = [];
  readonly globalArgs: ArgInstruction[] = [];
  readonly globalValues = new Map<string, string | undefined>();
  readonly strays: Instruction[] = [];
  readonly shells = new Map<Instruction, ShellSetting>();
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
    this.shells.set(instruction, this.shell);
    if (instruction.keyword === 'ONBUILD' && instruction.instruction !== undefined)
      this.shells.set(instruction.instruction, this.shell);
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
    const variables = { get: (name: string) => this.globalValues.get(name) ?? this.platformValues.get(name) };
    return expandOr(text, variables, { escape: this.escape });
  }

  private addStage(from: FromInstruction): void {
    const baseRaw = from.image?.raw ?? '';
    const base = this.expand(baseRaw);
    const index = this.stages.length;
    const parent = findStage(this.stages, base, index);
    // A number is no base: `FROM 0` is an image of that name.
    const named = parent !== undefined && parent.name.toLowerCase() === base.toLowerCase() ? parent : undefined;
    const windows = named?.windows ?? isWindows(base, flagValue(from, 'platform') ?? '');
    const name = from.name?.raw ?? '';
    const stage = {
      index,
      from,
      name,
      baseRaw,
      base,
      image: parseImageName(base),
      parent: named,
      instructions: [],
      windows,
    };
    this.stages.push(stage);
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
