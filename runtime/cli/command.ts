// How a command of the CLI is declared: once, and parsing, help, completion and man pages follow from it.
import type { CliContext } from './context.ts';

/**
 * - `flag`: `--rm`, `--rm=false`.
 * - `text`, `number`: the last one counts.
 * - `list`: may be given several times.
 * - `optional`: a value that may be left away: `--pull`, `--pull=always`.
 */
type OptionKind = 'flag' | 'text' | 'number' | 'list' | 'optional';

export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  readonly kind: OptionKind;
  /** What the value is called in help: `list`, `bytes`. */
  readonly value?: string;
  readonly help: string;
  /** Accepted, but of no effect here, or an old spelling: not shown in help. */
  readonly hidden?: boolean;
  /** Another spelling of the option with this name. */
  readonly same?: string;
  /** Values for completion. */
  readonly choices?: readonly string[];
}

export type OptionValue = boolean | string | number | readonly string[];

/** What was typed, checked against the declaration. */
export class Invocation {
  readonly args: readonly string[];
  readonly #values: ReadonlyMap<string, OptionValue>;

  constructor(args: readonly string[], values: ReadonlyMap<string, OptionValue>) {
    this.args = args;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#values.get(name);
    return Array.isArray(value) ? value : [];
  }
}

/** Kinds of names for completion. */
export type ArgumentKind = 'container' | 'image' | 'network' | 'volume' | 'file' | 'none';

export interface CommandSpec {
  /** `['container', 'run']`. */
  readonly path: readonly string[];
  /** Other ways to say it: `[['run']]`. */
  readonly aliases?: readonly (readonly string[])[];
  readonly summary: string;
  /** Behind the command in the usage line: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  readonly options: readonly OptionSpec[];
  /** How many arguments there must be. */
  readonly min: number;
  readonly max?: number;
  /** Options end at the first argument: what follows belongs to the program that is run. */
  readonly stopAtFirst?: boolean;
  /** Every word behind the command is an argument: it reads its options itself. */
  readonly passThrough?: boolean;
  /** What its arguments are, for completion: all of them, or each by its place (the last one stands for the rest). */
  readonly completes?: ArgumentKind | readonly ArgumentKind[];
  /** Words that an argument may be, for completion. */
  readonly choices?: readonly string[];
  /** Not shown in help. */
  readonly hidden?: boolean;
  /** The exit code. */
  readonly run: (invocation: Invocation, context: CliContext) => Promise<number>;
}

export function flag(name: string, help: string, short?: string): OptionSpec {
  return { name, kind: 'flag', help, ...(short === undefined ? {} : { short }) };
}

export function text(name: string, value: string, help: string, short?: string): OptionSpec {
  return { name, kind: 'text', value, help, ...(short === undefined ? {} : { short }) };
}

export function number(name: string, value: string, help: string, short?: string): OptionSpec {
  return { name, kind: 'number', value, help, ...(short === undefined ? {} : { short }) };
}

export function list(name: string, value: string, help: string, short?: string): OptionSpec {
  return { name, kind: 'list', value, help, ...(short === undefined ? {} : { short }) };
}

export const filterOption = list('filter', 'filter', 'Filter output based on conditions provided', 'f');
export const formatOption = text(
  'format',
  'string',
  "Format output: 'table', 'table TEMPLATE', 'json' or a Go template",
);
export const quietOption = flag('quiet', 'Only display IDs', 'q');
export const noTruncOption = flag('no-trunc', "Don't truncate output");
export const forceOption = flag('force', 'Do not prompt for confirmation', 'f');
/** prune's `-f` means --force. */
export const pruneFilterOption = list('filter', 'filter', 'Provide filter values (e.g. "until=<timestamp>")');
