// Which variable a name means at an instruction: ARG and ENV of the stage, what it inherits, the global ARGs.
import { append } from './append.ts';
import type { ArgInstruction, Instruction, Pair, PairsInstruction } from './ast.ts';
import { ExpansionError, expand } from './expansion.ts';
import { defaultPath, isPlatformArgument, platformArguments, proxyArguments } from './predefined.ts';
import { type Stage, type StageModel, stageOf } from './stages.ts';

/** A variable that is set, and where. */
export interface Binding {
  readonly name: string;
  /** `platform`, `proxy` and `default` (PATH) have no place in the file. */
  readonly kind: 'arg' | 'env' | 'platform' | 'proxy' | 'default';
  readonly instruction?: Instruction;
  readonly pair?: Pair;
  /** The stage in which it is set; absent for global ARGs and what is predefined. */
  readonly stage?: Stage;
  /** For `ARG NAME` in a stage that repeats a global one: the global ARG. */
  readonly global?: Binding;
}

/** Bounds for values that a file can make grow without end. */
const deepestChain = 500;
const longestValue = 1 << 16;

/** Bindings by name, those of a name in order. */
type ByName = ReadonlyMap<string, readonly Binding[]>;

/** The bindings that one stage makes. */
interface StageBindings {
  readonly args: ByName;
  readonly envs: ByName;
}

export class Scopes {
  readonly #model: StageModel;
  readonly #globals: readonly Binding[];
  readonly #globalsByName: ByName;
  readonly #stages = new Map<Stage, StageBindings>();
  #all: readonly Binding[] | undefined;
  readonly #values = new Map<Binding, string | undefined>();
  /** Bindings whose value cannot be told; what is made from them cannot be told either. */
  readonly #untold = new Set<Binding>();
  #depth = 0;

  constructor(model: StageModel) {
    this.#model = model;
    this.#globals = model.globalArguments.flatMap((instruction) => bindings(instruction, undefined));
    this.#globalsByName = byName(this.#globals);
  }

  /**
   * What `name` means in `instruction` (before what it sets itself), or undefined. ENV wins over ARG, whichever came first;
   * a stage inherits both from the stage it stands on. What the base image sets is not known here.
   */
  lookup(name: string, instruction: Instruction): Binding | undefined {
    const stage = stageOf(this.#model, instruction);
    if (stage === undefined || instruction.keyword === 'FROM') return this.#lookupGlobal(name, instruction);
    const before = (binding: Binding): boolean =>
      binding.stage !== stage || (binding.instruction?.start ?? 0) < instruction.start;
    for (const kind of ['envs', 'args'] as const) {
      for (let at: Stage | undefined = stage; at !== undefined; at = at.base) {
        const found = this.#of(at)[kind].get(name)?.findLast(before);
        if (found !== undefined) return found;
      }
    }
    if (name === 'PATH') return { name, kind: 'default' };
    return proxyArguments.some((known) => known === name) ? { name, kind: 'proxy' } : undefined;
  }

  /** Everything that is set at an instruction, by name. */
  visible(instruction: Instruction): Map<string, Binding> {
    const stage = stageOf(this.#model, instruction);
    const result = new Map<string, Binding>();
    const names = new Set<string>();
    if (stage === undefined || instruction.keyword === 'FROM') {
      for (const binding of this.#globals) names.add(binding.name);
      for (const name of Object.keys(platformArguments)) names.add(name);
    }
    for (let at = stage; at !== undefined && instruction.keyword !== 'FROM'; at = at.base) {
      const { args, envs } = this.#of(at);
      for (const name of [...args.keys(), ...envs.keys()]) names.add(name);
    }
    for (const name of names) {
      const binding = this.lookup(name, instruction);
      if (binding !== undefined) result.set(name, binding);
    }
    return result;
  }

  /** The global ARGs, each a binding. */
  get globals(): readonly Binding[] {
    return this.#globals;
  }

  /** All bindings of ARG and ENV in the file, in order. */
  all(): readonly Binding[] {
    this.#all ??= [
      ...this.#globals,
      ...this.#model.stages.flatMap((stage) => {
        const { args, envs } = this.#of(stage);
        return [...args.values(), ...envs.values()].flat();
      }),
    ].sort((a, b) => (a.instruction?.start ?? 0) - (b.instruction?.start ?? 0));
    return this.#all;
  }

  /** The first binding of a kind that a stage itself makes for a name. */
  firstIn(stage: Stage, name: string, kind: 'arg' | 'env'): Binding | undefined {
    return this.#of(stage)[`${kind}s`].get(name)?.[0];
  }

  /**
   * The value, as far as the file tells: variables in it replaced, quotes taken away. Undefined when the file does not say
   * (`ARG NAME` alone, a value that cannot be expanded, a variable that the base image sets).
   */
  value(binding: Binding): string | undefined {
    if (this.#values.has(binding)) return this.#values.get(binding);
    // Values stand on earlier values: a file may make that chain very deep, or double a value line by line.
    this.#depth += 1;
    const computed = this.#depth > deepestChain ? undefined : this.#compute(binding);
    this.#depth -= 1;
    const value = computed !== undefined && computed.length > longestValue ? undefined : computed;
    if (value === undefined && binding.pair?.value !== undefined) this.#untold.add(binding);
    this.#values.set(binding, value);
    return value;
  }

  /** `raw` with the variables of `instruction` replaced; undefined when it cannot be expanded. */
  expand(raw: string, instruction: Instruction): string | undefined {
    try {
      return expand(raw, this.variables(instruction), { escape: instruction.escape }).value;
    } catch (error) {
      if (error instanceof ExpansionError) return undefined;
      throw error;
    }
  }

  /** The variables at an instruction, to expand with. */
  variables(instruction: Instruction): { get(name: string): string | undefined } {
    return {
      get: (name) => {
        const binding = this.lookup(name, instruction);
        const value = binding === undefined ? undefined : this.value(binding);
        if (binding !== undefined && this.#untold.has(binding)) throw new ExpansionError(`${name}: value not known`);
        return value;
      },
    };
  }

  #compute(binding: Binding): string | undefined {
    const { name, kind, pair, instruction } = binding;
    if (kind === 'platform' && isPlatformArgument(name)) return platformArguments[name];
    if (kind === 'default') return defaultPath;
    if (pair?.value !== undefined && instruction !== undefined) return this.expand(pair.value.raw, instruction);
    return binding.global === undefined ? undefined : this.value(binding.global);
  }

  #lookupGlobal(name: string, instruction: Instruction): Binding | undefined {
    const before = (binding: Binding): boolean => (binding.instruction?.start ?? 0) < instruction.start;
    const found = this.#globalsByName.get(name)?.findLast(before);
    return found ?? (isPlatformArgument(name) ? { name, kind: 'platform' } : undefined);
  }

  #of(stage: Stage): StageBindings {
    let known = this.#stages.get(stage);
    if (known === undefined) {
      const args: Binding[] = [];
      const envs: Binding[] = [];
      for (const instruction of stage.instructions) {
        if (instruction.keyword === 'ENV') append(envs, bindings(instruction, stage));
        if (instruction.keyword !== 'ARG') continue;
        for (const binding of bindings(instruction, stage)) {
          const global = binding.pair?.value === undefined ? this.#lookupGlobal(binding.name, instruction) : undefined;
          args.push(global === undefined ? binding : { ...binding, global });
        }
      }
      known = { args: byName(args), envs: byName(envs) };
      this.#stages.set(stage, known);
    }
    return known;
  }
}

function byName(all: readonly Binding[]): ByName {
  return Map.groupBy(all, ({ name }) => name);
}

function bindings(instruction: ArgInstruction | PairsInstruction, stage: Stage | undefined): Binding[] {
  const kind = instruction.keyword === 'ARG' ? 'arg' : 'env';
  return instruction.pairs.map((pair) => {
    const binding = { name: plainName(pair.key.raw), kind, instruction, pair } as const;
    return stage === undefined ? binding : { ...binding, stage };
  });
}

/** A name without its quotes. */
function plainName(raw: string): string {
  return raw.replace(/["']/g, '');
}
