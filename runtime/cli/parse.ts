// Reading a command line against its declaration: GNU-style options as Docker takes them, short ones bundled (`-it`).
import { type CommandSpec, Invocation, type OptionSpec, type OptionValue } from './command.ts';

/** A mistake in the command line: said with a hint to the help. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  readonly command: CommandSpec | undefined;

  constructor(message: string, command?: CommandSpec) {
    super(message);
    this.command = command;
  }
}

/** A flag that there is not, or a value that it does not take: exit code 125 with every command, as Docker has it. */
export class FlagError extends UsageError {
  override readonly name = 'FlagError';
}

/** Too many or too few arguments: exit code 1. */
class CountError extends UsageError {
  override readonly name = 'CountError';
}

/** The exit code of a mistake; others than those above depend on the command. */
export function usageExitCode(error: UsageError): number | undefined {
  if (error instanceof FlagError) return 125;
  return error instanceof CountError ? 1 : undefined;
}

/** `--help` was asked for. */
export class HelpRequest extends Error {
  override readonly name = 'HelpRequest';
  readonly command: CommandSpec;

  constructor(command: CommandSpec) {
    super('help');
    this.command = command;
  }
}

const truths: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  true: true,
  T: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  false: false,
  F: false,
  FALSE: false,
  False: false,
};

class Parser {
  readonly #command: CommandSpec;
  readonly #words: readonly string[];
  readonly #values = new Map<string, OptionValue>();
  readonly #args: string[] = [];
  #index = 0;

  constructor(command: CommandSpec, words: readonly string[]) {
    this.#command = command;
    this.#words = words;
  }

  parse(): Invocation {
    if (this.#command.passThrough === true) return new Invocation(this.#words, this.#values);
    while (this.#index < this.#words.length) {
      const word = this.#words[this.#index++] ?? '';
      if (word === '--') {
        this.#args.push(...this.#words.slice(this.#index));
        break;
      }
      if (word.startsWith('--')) this.#long(word.slice(2));
      else if (word.startsWith('-') && word.length > 1) this.#short(word.slice(1));
      else {
        this.#args.push(word);
        if (this.#command.stopAtFirst === true) {
          this.#args.push(...this.#words.slice(this.#index));
          break;
        }
      }
    }
    this.#checkCount();
    return new Invocation(this.#args, this.#values);
  }

  #find(test: (option: OptionSpec) => boolean): OptionSpec | undefined {
    return this.#command.options.find(test);
  }

  #long(text: string): void {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const value = equals < 0 ? undefined : text.slice(equals + 1);
    if (name === 'help') throw new HelpRequest(this.#command);
    const option = this.#find((candidate) => candidate.name === name);
    if (option === undefined) throw new FlagError(`unknown flag: --${name}`, this.#command);
    this.#set(option, value, `--${name}`);
  }

  #short(text: string): void {
    for (let position = 0; position < text.length; position += 1) {
      const letter = text[position] ?? '';
      const option = this.#find((candidate) => candidate.short === letter);
      if (option === undefined) {
        if (letter === 'h') throw new HelpRequest(this.#command);
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${text}`, this.#command);
      }
      const rest = text.slice(position + 1);
      if (option.kind !== 'flag' && option.kind !== 'optional') {
        this.#set(option, rest === '' ? undefined : rest.replace(/^=/, ''), `-${letter}`);
        return;
      }
      if (rest.startsWith('=')) {
        this.#set(option, rest.slice(1), `-${letter}`);
        return;
      }
      this.#set(option, undefined, `-${letter}`);
    }
  }

  #set(option: OptionSpec, given: string | undefined, written: string): void {
    const name = option.same ?? option.name;
    if (option.kind === 'flag') {
      const truth = given === undefined ? true : truths[given];
      if (truth === undefined)
        throw new FlagError(
          `invalid argument "${given}" for "${written}" flag: strconv.ParseBool: parsing "${given}": invalid syntax`,
          this.#command,
        );
      this.#values.set(name, truth);
      return;
    }
    if (option.kind === 'optional') {
      this.#values.set(name, given ?? '');
      return;
    }
    const value = given ?? this.#words[this.#index++];
    if (value === undefined) throw new FlagError(`flag needs an argument: ${written}`, this.#command);
    if (option.kind === 'number') {
      if (!/^-?\d+$/.test(value))
        throw new FlagError(
          `invalid argument "${value}" for "${written}" flag: strconv.ParseInt: parsing "${value}": invalid syntax`,
          this.#command,
        );
      this.#values.set(name, Number(value));
    } else if (option.kind === 'list') {
      const before = this.#values.get(name);
      this.#values.set(name, [...(Array.isArray(before) ? before : []), value]);
    } else this.#values.set(name, value);
  }

  #checkCount(): void {
    const { min, max, path } = this.#command;
    const count = this.#args.length;
    if (count >= min && (max === undefined || count <= max)) return;
    const name = `slipway ${path.join(' ')}`;
    const plural = (number: number) => `${number} argument${number === 1 ? '' : 's'}`;
    if (min === max)
      throw new CountError(
        `'${name}' ${min === 0 ? 'accepts no arguments' : `requires ${plural(min)}`}`,
        this.#command,
      );
    if (count < min) throw new CountError(`'${name}' requires at least ${plural(min)}`, this.#command);
    throw new CountError(`'${name}' requires at most ${plural(max ?? 0)}`, this.#command);
  }
}

/** Throws `UsageError` or `HelpRequest`. */
export function parseCommand(command: CommandSpec, words: readonly string[]): Invocation {
  return new Parser(command, words).parse();
}
