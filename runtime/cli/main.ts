// slipway: the command line.
import { EngineError } from '../protocol/errors.ts';
import type { CommandSpec } from './command.ts';
import { commands } from './commands.ts';
import { createContext } from './context.ts';
import { ExitCode } from './exit_code.ts';
import { TemplateError } from './format/template.ts';
import { globals } from './globals.ts';
import { commandHelp, groupHelp, topHelp } from './help.ts';
import { Interruption } from './interruption.ts';
import { HelpRequest, parseCommand, UsageError, usageExitCode } from './parse.ts';
import { Terminal } from './terminal.ts';

interface Globals {
  readonly host: string | undefined;
  readonly debug: boolean;
  readonly rest: readonly string[];
}

/** Options before the command. */
function takeGlobals(words: readonly string[]): Globals {
  let host = process.env['SLIPWAY_HOST'] || undefined;
  let debug = false;
  let index = 0;
  for (; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-') || word === '--help' || word === '-h' || word === '--version' || word === '-v') break;
    const value = /^(?:--host|-H)(?:=(.*))?$/.exec(word);
    if (value !== null) host = value[1] ?? words[++index];
    else if (word === '--debug' || word === '-D') debug = true;
    else throw new UsageError(`unknown flag: ${word}`);
  }
  return { host, debug, rest: words.slice(index) };
}

/** The command that the first words name, by path or alias, and the words behind. */
function findCommand(words: readonly string[]): { command: CommandSpec; rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const path = words.slice(0, length);
    if (path.length < length) continue;
    const command = commands.find((candidate) =>
      [candidate.path, ...(candidate.aliases ?? [])].some(
        (known) => known.length === length && known.every((word, index) => word === path[index]),
      ),
    );
    if (command !== undefined) return { command, rest: words.slice(length) };
  }
  return undefined;
}

function suggestion(word: string): string {
  const names = new Set(
    commands.flatMap(({ path, aliases = [] }) => [path[0] ?? '', ...aliases.map((alias) => alias[0] ?? '')]),
  );
  const close = [...names].find(
    (name) => name.startsWith(word.slice(0, 2)) && Math.abs(name.length - word.length) <= 2,
  );
  return close === undefined ? '' : `\n\nDid you mean: slipway ${close}?`;
}

/** Errors as Docker's clients print them, and the exit code. */
function report(error: unknown, command: CommandSpec | undefined, debug: boolean): number {
  const usageCode = ['container run', 'container create'].includes(command?.path.join(' ') ?? '') ? 125 : 1;
  if (error instanceof ExitCode) return error.code;
  if (error instanceof HelpRequest) {
    process.stdout.write(commandHelp(error.command));
    return 0;
  }
  if (error instanceof UsageError) {
    const path = (error.command ?? command)?.path.join(' ');
    process.stderr.write(
      `slipway: ${error.message}\n\n${path === undefined ? "Run 'slipway --help' for more information" : `Usage:  slipway ${path} ${(error.command ?? command)?.usage ?? ''}\n\nRun 'slipway ${path} --help' for more information`}\n`,
    );
    return usageExitCode(error) ?? usageCode;
  }
  if (error instanceof TemplateError) {
    process.stderr.write(`slipway: ${error.message}\n`);
    return 1;
  }
  const message = error instanceof Error ? (debug ? (error.stack ?? error.message) : error.message) : String(error);
  const remedy = error instanceof EngineError && error.remedy !== undefined ? `\n${error.remedy}` : '';
  const speaker = error instanceof EngineError && error.isAnswer ? 'Error response from engine' : 'Error';
  process.stderr.write(`${speaker}: ${message}${remedy}\n`);
  // Only `run` tells its own failures from those of the program.
  return command?.path.join(' ') === 'container run' ? 125 : 1;
}

async function run(words: readonly string[]): Promise<number> {
  let command: CommandSpec | undefined;
  let debug = false;
  using interruption = new Interruption();
  try {
    const { host, rest, ...others } = takeGlobals(words);
    debug = others.debug;
    const [first = '--help', second] = rest;
    if (first === '--version' || first === '-v')
      return await run(['version', '--format', 'Slipway version {{.Client.Version}}']);
    if (first === '--help' || first === '-h' || (first === 'help' && second === undefined)) {
      process.stdout.write(topHelp(commands, globals));
      return 0;
    }
    const found = findCommand(first === 'help' ? [...rest.slice(1), '--help'] : rest);
    if (found === undefined) {
      if (
        commands.some(({ path }) => path[0] === first && path.length > 1) &&
        (second === undefined || second === '--help' || second === '-h')
      ) {
        process.stdout.write(groupHelp(first, commands));
        return 0;
      }
      const isGroup = commands.some(({ path }) => path[0] === first && path.length > 1);
      const hint = isGroup ? `\n\nUsage:  slipway ${first} COMMAND` : suggestion(first);
      throw new UsageError(`unknown command: slipway ${rest.slice(0, 2).join(' ')}${hint}`);
    }
    ({ command } = found);
    const invocation = parseCommand(command, first === 'help' ? ['--help'] : found.rest);
    await using context = createContext({ host, terminal: new Terminal(), interruption });
    return await Promise.race([command.run(invocation, context), interruption.code]);
  } catch (error) {
    return report(error, command, debug);
  }
}

// A reader that goes away (`slipway ps | head -1`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});

async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2));
  // Standard input may still be open (a terminal, a pipe that nobody closes); nothing waits for it any more.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit();
}

void main();
