// Unquoted expansions: SC2086, SC2046; and quotes in which nothing expands: SC2016.
import type { ParsedScript, Part, SimpleCommand, Word } from '../ast.ts';
import type { Node, Visitor } from '../walk.ts';
import { literalOf } from '../words.ts';
import { type Say, type ShellDialect, surround } from './finding.ts';
import { cleanExpansions } from './values.ts';

/** What the checks of quoting look at on a walk through the script. */
export function quotingVisitor(script: ParsedScript, dialect: ShellDialect, say: Say): Visitor {
  let clean: ReadonlySet<Part> | undefined;
  return {
    part: (part, path) => {
      if (part.kind === 'single') checkSingleQuotes(part, path, say);
      if (part.kind !== 'parameter' && part.kind !== 'substitution') return;
      if (!isSplit(path, dialect)) return;
      if (part.kind === 'substitution') checkSubstitution(part, say);
      else {
        clean ??= cleanExpansions(script);
        checkParameter(part, path, clean, say);
      }
    },
  };
}

/**
 * Whether the result is split into words and expanded as a pattern: not in quotes, assignments, `[[ ]]`, `case`,
 * arithmetic or here-documents. In the list of `for` splitting is what people want.
 */
function isSplit(path: readonly Node[], dialect: ShellDialect): boolean {
  for (let i = path.length - 1; i >= 0; i -= 1) {
    const node = path[i];
    if (node === undefined) return false;
    if (node.type === 'heredoc') return false;
    if (node.type === 'part') {
      if (node.node.kind === 'double' || node.node.kind === 'arithmetic') return false;
      if (node.node.kind === 'substitution' || node.node.kind === 'process' || node.node.kind === 'parameter')
        return false;
      continue;
    }
    if (node.type === 'assignment') {
      if (!(node.argument && dialect === 'sh' && node.node.array === undefined) && node.node.array === undefined)
        return false;
      continue;
    }
    if (node.type === 'word') {
      if (node.role === 'conditional' || node.role === 'subject' || node.role === 'list' || node.role === 'pattern')
        return false;
      // Splitting into the elements of an array is another finding, SC2206 or SC2207.
      if (node.role === 'element') return false;
      if (node.node.parts.length === 1 && namesCommand(node.node, path[i - 1])) return false;
      continue;
    }
    if (node.type === 'command') return node.node.kind === 'simple';
    return node.type === 'redirect';
  }
  return false;
}

/** Builtins that run the command that is named behind them. */
const RUNNERS = new Set(['busybox', 'builtin', 'command', 'exec', 'run']);

/** Whether the word is the name of the command itself: what splits there is meant to be a program with its arguments. */
function namesCommand(word: Word, holder: Node | undefined): boolean {
  if (holder?.type !== 'command' || holder.node.kind !== 'simple') return false;
  const [first, second] = holder.node.words;
  return word === first || (word === second && RUNNERS.has(literalOf(first) ?? ''));
}

function checkParameter(
  part: Part & { kind: 'parameter' },
  path: readonly Node[],
  clean: ReadonlySet<Part>,
  say: Say,
): void {
  if (clean.has(part) || part.name === '@' || part.index === '@' || part.prefix === '#') return;
  // `${x:+-p "$x"}`: what stands for it is written there.
  if (/^:?\+$/.test(part.operator)) return;
  const command = commandOf(path);
  if ((part.operator === ':=' || part.operator === '=') && literalOf(command?.words[0]) === ':') return;
  const where = { start: part.start, end: part.end };
  const fix = surround(`Quote ${part.braced ? `\${${part.body}}` : `$${part.name}`}`, where, '"', '"', false);
  say(
    'SC2086',
    where,
    'Double quote the variable to keep its value one word: blanks in it split, and * ? [ match file names',
    { fix, variable: part.name },
  );
}

/** The simple command of which the word at the end of the path is part. */
function commandOf(path: readonly Node[]): SimpleCommand | undefined {
  const holder = path.findLast((node) => node.type === 'command');
  return holder?.type === 'command' && holder.node.kind === 'simple' ? holder.node : undefined;
}

/** Programs whose output is meant to be split. */
const LISTS = new Set(['seq', 'pgrep']);

function checkSubstitution(part: Part & { kind: 'substitution' }, say: Say): void {
  const first = part.script.statements[0]?.pipelines[0]?.commands[0];
  if (first === undefined) return;
  if (part.script.statements.length === 1 && first.kind === 'simple' && LISTS.has(literalOf(first.words[0]) ?? ''))
    return;
  const fix = surround('Quote the substitution', part, '"', '"', false);
  say('SC2046', part, 'Quote this to keep the output of the command one word', { fix });
}

const EXPRESSION = /\$[{(0-9A-Za-z_]|`[^`]+`/;
/** What a dollar sign at this place means to sed itself: the last line. */
const SED_ADDRESS = /\$[{dpsaic]($|[^a-zA-Z])/;
/** Programs that expand, or run, what they get in single quotes. */
const EXPANDERS = new Set(
  'trap sh bash ksh zsh ssh eval xprop alias sudo doas docker podman dpkg-query jq rename rg unset'.split(' '),
);
const PROMPTS = new Set(['PS1', 'PS2', 'PS3', 'PS4', 'PROMPT_COMMAND']);

function checkSingleQuotes(part: Part & { kind: 'single' }, path: readonly Node[], say: Say): void {
  if (part.ansi || !EXPRESSION.test(part.text)) return;
  const assignment = path.findLast((node) => node.type === 'assignment');
  if (assignment?.type === 'assignment' && PROMPTS.has(assignment.node.name)) return;
  const name = commandName(commandOf(path));
  if (
    name === 'sed'
      ? SED_ADDRESS.test(part.text)
      : EXPANDERS.has(name) || name.endsWith('awk') || name.startsWith('perl')
  )
    return;
  const fix = quotable(part.text) ? surround('Use double quotes', part, '', '', false) : undefined;
  const message = 'Nothing expands in single quotes: use double quotes if the value is meant';
  if (fix === undefined) say('SC2016', part, message);
  else {
    const edits = [
      { start: part.start, end: part.start + 1, text: '"' },
      { start: part.end - 1, end: part.end, text: '"' },
    ];
    say('SC2016', part, message, { fix: { ...fix, edits } });
  }
}

function quotable(text: string): boolean {
  return !/["\\!]/.test(text);
}

/** The name of the program that gets the word: for `find -exec` and `git` the one that is meant. */
function commandName(command: SimpleCommand | undefined): string {
  const words: readonly Word[] = command?.words ?? [];
  const base = (literalOf(words[0]) ?? '').replace(/^.*\//, '');
  if (base === 'find') {
    const at = words.findIndex((word) => /^-(exec|execdir|ok|okdir)$/.test(literalOf(word) ?? ''));
    return at < 0 ? base : (literalOf(words[at + 1]) ?? '').replace(/^.*\//, '');
  }
  if (base === 'git' && literalOf(words[1]) === 'filter-branch') return 'eval';
  if (base === 'busybox') return literalOf(words[1]) ?? base;
  return base;
}
