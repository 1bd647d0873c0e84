// What may stand next on a command line, from the commands' declarations. No I/O: names of the engine's things are asked for.
import type { ArgumentKind, CommandSpec, OptionSpec } from '../command.ts';

interface Candidate {
  readonly text: string;
  readonly help?: string;
}

/** Names that only the engine knows. */
export type ThingKind = Exclude<ArgumentKind, 'file' | 'none'>;

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Names of such things are candidates too, each behind `prefix` (`--network=`). */
  readonly things?: { readonly kind: ThingKind; readonly prefix: string };
  /** The shell offers files. */
  readonly files?: boolean;
}

export interface Declarations {
  readonly commands: readonly CommandSpec[];
  readonly globals: readonly OptionSpec[];
  /** Summaries of groups: `container`. */
  readonly groups: Readonly<Record<string, string>>;
}

const nothing: Completion = { candidates: [] };

function takesValue({ kind }: OptionSpec): boolean {
  return kind !== 'flag' && kind !== 'optional';
}

/** The option that a word names, where its value is still to come. */
function awaitsValue(word: string, options: readonly OptionSpec[]): OptionSpec | undefined {
  if (word.startsWith('--')) {
    const named = options.find(({ name }) => `--${name}` === word);
    return named !== undefined && takesValue(named) ? named : undefined;
  }
  if (!/^-[^-]/.test(word)) return undefined;
  // Letters may be bundled: only the last one can be without its value.
  const last = options.find(({ short }) => short !== undefined && word.endsWith(short));
  return last !== undefined && takesValue(last) ? last : undefined;
}

function thingOfOption({ name, value }: OptionSpec): ThingKind | undefined {
  if (value === 'network') return 'network';
  return name === 'volumes-from' || name === 'link' ? 'container' : undefined;
}

function completeValue(option: OptionSpec, prefix: string): Completion {
  if (option.choices !== undefined) return { candidates: option.choices.map((text) => ({ text: `${prefix}${text}` })) };
  const kind = thingOfOption(option);
  return kind === undefined ? { candidates: [], files: true } : { candidates: [], things: { kind, prefix } };
}

function completeOption(word: string, options: readonly OptionSpec[]): Completion {
  const [, name, equals] = /^--([^=]*)(=)?/.exec(word) ?? [];
  if (equals !== undefined) {
    const option = options.find((candidate) => candidate.name === name);
    return option === undefined ? nothing : completeValue(option, `--${name}=`);
  }
  const shown = options.filter(({ hidden }) => hidden !== true);
  return { candidates: shown.map((option) => ({ text: `--${option.name}`, help: option.help })) };
}

function completeArgument(command: CommandSpec, position: number): Completion {
  if (position > 0 && command.stopAtFirst === true) return { candidates: [], files: true };
  if (command.max !== undefined && position >= command.max) return nothing;
  const { completes = 'none' } = command;
  const kind = typeof completes === 'string' ? completes : (completes[position] ?? completes.at(-1) ?? 'none');
  if (kind === 'none') return { candidates: (command.choices ?? []).map((text) => ({ text })) };
  return kind === 'file' ? { candidates: [], files: true } : { candidates: [], things: { kind, prefix: '' } };
}

function completeInside(command: CommandSpec, before: readonly string[], word: string): Completion {
  let position = 0;
  let onlyArguments = command.passThrough === true;
  for (let index = 0; index < before.length; index += 1) {
    const earlier = before[index] ?? '';
    if (earlier === '--') onlyArguments = true;
    else if (onlyArguments || !earlier.startsWith('-') || earlier === '-') {
      position += 1;
      onlyArguments ||= command.stopAtFirst === true;
    } else {
      const option = awaitsValue(earlier, command.options);
      if (option === undefined) continue;
      index += 1;
      if (index === before.length) return completeValue(option, '');
    }
  }
  const isOption = word.startsWith('-') && !onlyArguments;
  return isOption ? completeOption(word, command.options) : completeArgument(command, position);
}

function completeCommand({ commands, globals, groups }: Declarations, first: string | undefined, word: string) {
  if (first === undefined && word.startsWith('-')) return completeOption(word, globals);
  const found = new Map<string, string>();
  for (const command of commands) {
    if (command.hidden === true) continue;
    for (const path of [command.path, ...(command.aliases ?? [])]) {
      if (first === undefined) {
        const [name = ''] = path;
        found.set(name, path.length === 1 ? command.summary : (found.get(name) ?? groups[name] ?? ''));
      } else if (path[0] === first && path[1] !== undefined) found.set(path[1], command.summary);
    }
  }
  return { candidates: [...found].map(([text, help]) => ({ text, help })) };
}

/** `words` are those behind `slipway`; the last one is being typed and may be empty. */
export function complete(declarations: Declarations, words: readonly string[]): Completion {
  const word = words.at(-1) ?? '';
  let before = words.slice(0, -1);
  while (before[0]?.startsWith('-') === true) {
    const option = awaitsValue(before[0], declarations.globals);
    if (option !== undefined && before.length === 1) return completeValue(option, '');
    before = before.slice(option === undefined ? 1 : 2);
  }
  for (const length of [2, 1]) {
    if (before.length < length) continue;
    const command = declarations.commands.find(({ path, aliases = [] }) =>
      [path, ...aliases].some((known) => known.length === length && known.every((name, at) => name === before[at])),
    );
    if (command !== undefined) return completeInside(command, before.slice(length), word);
  }
  return before.length > 1 ? nothing : completeCommand(declarations, before[0], word);
}
