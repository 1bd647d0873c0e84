// The state of a stage while its instructions are evaluated: the image's config as it grows, ARG and ENV, the history.
import type { ContainerDefaults, HistoryEntry, ImageConfig } from '../image/config.ts';
import type { StepState } from './steps.ts';

/** ContainerDefaults that can be changed. */
export type MutableDefaults = { -readonly [K in keyof ContainerDefaults]: ContainerDefaults[K] };

/** What BuildKit starts a stage `FROM scratch` with. */
const scratchConfig: ContainerDefaults = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  WorkingDir: '/',
};

export class StageState {
  readonly config: MutableDefaults;
  readonly history: HistoryEntry[];
  readonly #env: Map<string, string>;
  readonly #args: Map<string, string>;
  /** How many entries of the history came with the base. */
  readonly inherited: number;
  author: string | undefined;

  constructor(base: ImageConfig | StageState | undefined) {
    if (base instanceof StageState) {
      this.config = structuredClone(base.config);
      this.history = [...base.history];
      this.#env = new Map(base.#env);
      this.#args = new Map(base.#args);
      this.author = base.author;
      this.inherited = this.history.length;
      return;
    }
    this.config = structuredClone(base?.config ?? scratchConfig);
    this.history = [...(base?.history ?? [])];
    this.#env = new Map((this.config.Env ?? []).map(splitVariable));
    this.#args = new Map();
    this.author = base?.author;
    this.inherited = this.history.length;
  }

  /** What `$NAME` means: ENV wins over ARG. */
  get variables(): { get(name: string): string | undefined } {
    return { get: (name) => this.#env.get(name) ?? this.#args.get(name) };
  }

  get args(): ReadonlyMap<string, string> {
    return this.#args;
  }

  get env(): ReadonlyMap<string, string> {
    return this.#env;
  }

  setArgument(name: string, value: string | undefined): void {
    if (value === undefined) this.#args.delete(name);
    else this.#args.set(name, value);
  }

  setEnvironment(name: string, value: string): void {
    this.#env.set(name, value);
    this.config.Env = [...this.#env].map(([key, text]) => `${key}=${text}`);
  }

  /** The environment of RUN: the arguments, and the image's own variables over them. */
  runEnvironment(): string[] {
    return [...new Map([...this.#args, ...this.#env])].map(([name, value]) => `${name}=${value}`);
  }

  /** As it is now; later instructions replace values, they don't change them. */
  snapshot(): StepState {
    return { args: new Map(this.#args), env: new Map(this.#env), config: { ...this.config } };
  }

  get workingDirectory(): string {
    return this.config.WorkingDir || '/';
  }

  get shell(): readonly string[] {
    return this.config.Shell ?? ['/bin/sh', '-c'];
  }

  /** @returns the entry's place in the history. */
  record(createdBy: string, isEmpty: boolean): number {
    this.history.push({
      created_by: createdBy,
      ...(isEmpty ? { empty_layer: true } : {}),
      ...(this.author === undefined ? {} : { author: this.author }),
    });
    return this.history.length - 1;
  }
}

function splitVariable(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
