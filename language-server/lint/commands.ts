// A command and its arguments as the rules about package managers and other programs see them.
import type { Script, Span } from '../shell/ast.ts';
import { walkScript } from '../shell/walk.ts';
import { literalOf, roughText } from '../shell/words.ts';

/** An argument; `text` has quotes taken away and `${VAR}` for every expansion. Offsets are those of the piece it is in. */
export interface Argument extends Span {
  readonly text: string;
}

export class CommandCall {
  readonly name: string;
  readonly nameSpan: Span;
  readonly args: readonly Argument[];
  /** Maps a stretch of the piece to the instruction. */
  readonly place: (span: Span) => Span;
  #flags: ReadonlyMap<string, Argument> | undefined;

  constructor(name: string, nameSpan: Span, args: readonly Argument[], place: (span: Span) => Span) {
    this.name = name;
    this.nameSpan = nameSpan;
    this.args = args;
    this.place = place;
  }

  /** Flags without dashes and values: `-yq --no-cache=1` has `y`, `q` and `no-cache`. */
  get flags(): ReadonlyMap<string, Argument> {
    this.#flags ??= new Map(this.args.flatMap((arg) => flagsOf(arg.text).map((flag) => [flag, arg] as const)));
    return this.#flags;
  }

  hasFlag(...names: readonly string[]): boolean {
    return names.some((name) => this.flags.has(name));
  }

  /** Whether one of the arguments is exactly one of `texts`. */
  hasArg(...texts: readonly string[]): boolean {
    return this.args.some((arg) => texts.includes(arg.text));
  }

  /** Whether it is the command `name` with one of the arguments. */
  is(name: string, ...texts: readonly string[]): boolean {
    return this.name === name && this.hasArg(...texts);
  }

  /** The arguments that are no flags; the values of the flags in `valued` are left out too. */
  operands(valued: readonly string[] = []): Argument[] {
    const out: Argument[] = [];
    let skip = false;
    for (const arg of this.args) {
      const flags = flagsOf(arg.text);
      if (flags.length > 0) skip = flags.some((flag) => valued.includes(flag)) && !arg.text.includes('=');
      else if (skip) skip = false;
      else out.push(arg);
    }
    return out;
  }

  /** The operands behind the first one that is `word`: the packages of `install`. */
  operandsAfter(word: string, valued: readonly string[] = []): Argument[] {
    const operands = this.operands(valued);
    const at = operands.findIndex((arg) => arg.text === word);
    return at < 0 ? [] : operands.slice(at + 1).filter((arg) => arg.text !== word);
  }

  /** The value of `-f value`, `-fvalue`, `--flag value` or `--flag=value`. */
  flagValue(...names: readonly string[]): string | undefined {
    for (let i = 0; i < this.args.length; i += 1) {
      const text = this.args[i]?.text ?? '';
      for (const name of names) {
        const dashed = name.length === 1 ? `-${name}` : `--${name}`;
        if (text === dashed) return this.args[i + 1]?.text;
        if (text.startsWith(`--${name}=`) && name.length > 1) return text.slice(dashed.length + 1);
        if (name.length === 1 && /^-[^-]/.test(text) && text.startsWith(dashed)) return text.slice(2);
      }
    }
    return undefined;
  }

  /** Where the command's name stands in the instruction. */
  get where(): Span {
    return this.place(this.nameSpan);
  }

  /** Where the first argument that is one of `texts` stands, else the command's name. */
  whereArg(...texts: readonly string[]): Span {
    const found = this.args.find((arg) => texts.includes(arg.text));
    return this.place(found ?? this.nameSpan);
  }
}

function flagsOf(text: string): string[] {
  if (text === '-' || text === '--' || !text.startsWith('-')) return [];
  if (!text.startsWith('--')) return [...text.slice(1)];
  const equals = text.indexOf('=');
  return [text.slice(2, equals < 0 ? undefined : equals)];
}

/** Every command of a script whose name is known, nested ones included. */
export function commandsOf(script: Script, place: (span: Span) => Span): CommandCall[] {
  const calls: CommandCall[] = [];
  walkScript(script, {
    command: (command) => {
      if (command.kind !== 'simple') return;
      const [first, ...rest] = command.words;
      const name = literalOf(first);
      if (first === undefined || name === undefined) return;
      const args = rest.map((word) => ({ start: word.start, end: word.end, text: roughText(word) }));
      calls.push(new CommandCall(name, first, args, place));
    },
  });
  return calls;
}
