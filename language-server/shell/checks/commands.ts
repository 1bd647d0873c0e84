// Checks of single commands and loops: SC2155 2251 2028 2043 2035 2102 2013 2006 2164.
import type { AndOr, Command, ForCommand, ParsedScript, Part, SimpleCommand, Word } from '../ast.ts';
import { type Node, type Visitor, walkScript } from '../walk.ts';
import { literalOf, roughText } from '../words.ts';
import { replacement, type Say, type ShellDialect } from './finding.ts';

/** What the whole script says that changes the checks. */
interface Settings {
  readonly errexit: boolean;
}

/** What the checks of commands and loops look at on a walk through the script. */
export function commandsVisitor(script: ParsedScript, dialect: ShellDialect, errexit: boolean, say: Say): Visitor {
  const settings: Settings = { errexit: errexit || setsErrexit(script) };
  if (settings.errexit) for (const statement of script.statements.slice(0, -1)) checkBang(statement, say);
  return {
    command: (command, path) => {
      if (command.kind === 'simple') checkSimple(command, path, dialect, settings, say);
      else if (command.kind === 'for') checkLoop(command, say);
      if (settings.errexit) for (const statement of uncheckedIn(command, path)) checkBang(statement, say);
    },
    part: (part, path) => {
      if (part.kind === 'substitution') checkBackticks(script, part, path, say);
      if (part.kind === 'glob') checkRange(part, path, say);
    },
  };
}

/** `set -e` anywhere in the script. */
function setsErrexit(script: ParsedScript): boolean {
  if (!/\bset\s/.test(script.text)) return false;
  let found = false;
  walkScript(script, {
    command: (command) => {
      if (command.kind !== 'simple' || literalOf(command.words[0]) !== 'set') return;
      const words = command.words.slice(1).map((word) => literalOf(word) ?? '');
      if (
        words.some(
          (word, i) => /^-[a-zA-Z]*e/.test(word) || (word === 'errexit' && /^-[a-zA-Z]*o$/.test(words[i - 1] ?? '')),
        )
      )
        found = true;
    },
  });
  return found;
}

/** The statements in a command whose exit status nobody gets: that of the last in a script or a function is its own. */
function uncheckedIn(command: Command, path: readonly Node[]): readonly AndOr[] {
  switch (command.kind) {
    case 'group': {
      const holder = path.at(-1);
      const ofFunction = holder?.type === 'command' && holder.node.kind === 'function';
      return ofFunction ? command.body.statements.slice(0, -1) : command.body.statements;
    }
    case 'subshell':
      return command.body.statements.slice(0, -1);
    case 'if':
      return [
        ...command.clauses.flatMap(({ condition, body }) => [...condition.statements.slice(0, -1), ...body.statements]),
        ...(command.otherwise?.statements ?? []),
      ];
    case 'while':
    case 'until':
      return [...command.condition.statements.slice(0, -1), ...command.body.statements];
    case 'for':
    case 'arithmetic-for':
      return command.body.statements;
    default:
      return [];
  }
}

/** SC2251: `set -e` does not look at a negated command. */
function checkBang(statement: AndOr, say: Say): void {
  const last = statement.pipelines.at(-1);
  const bang = last?.bangs[0];
  if (last === undefined || bang === undefined || statement.pipelines.length > 1) return;
  say(
    'SC2251',
    { start: bang.start, end: last.end },
    'This ! keeps errexit from seeing the failure: use `&& exit 1`, or look at $?',
  );
}

function checkSimple(
  command: SimpleCommand,
  path: readonly Node[],
  dialect: ShellDialect,
  settings: Settings,
  say: Say,
): void {
  const name = literalOf(command.words[0]);
  if (name === undefined) return;
  if (/^(export|local|declare|readonly|typeset)$/.test(name)) checkMaskedStatus(command, say);
  if (/^(.*\/)?echo$/.test(name) && dialect !== 'dash') checkEscapes(command, say);
  checkDirectory(command, path, settings, say);
  checkDashGlobs(command, name, say);
}

/** SC2155: the status of the declaration hides that of the command. */
function checkMaskedStatus(command: SimpleCommand, say: Say): void {
  for (const assignment of command.argumentAssignments.values()) {
    if (assignment.value === undefined || !hasSubstitution(assignment.value.parts)) continue;
    say('SC2155', assignment, 'Declare and assign in two commands: otherwise the exit status of the command is lost');
  }
}

function hasSubstitution(parts: readonly Part[]): boolean {
  return parts.some((part) => part.kind === 'substitution' || (part.kind === 'double' && hasSubstitution(part.parts)));
}

const ESCAPES = /\\([rntabefv\\']|[0-7]{1,3}|x[0-9A-Fa-f]{1,2})/;

/** SC2028: whether echo turns `\n` into a newline differs between shells. */
function checkEscapes(command: SimpleCommand, say: Say): void {
  const words = command.words.slice(1);
  if (words.some((word) => /^-[a-zA-Z]*e/.test(roughText(word)))) return;
  for (const word of words) {
    if (!word.parts.some((part) => ESCAPES.test(writtenText(part)))) continue;
    say('SC2028', word, 'echo may print the escape sequence as it is: use printf');
  }
}

/** The text that the shell hands on, as far as it is literal. */
function writtenText(part: Part): string {
  if (part.kind === 'single') return part.ansi ? '' : part.text;
  if (part.kind === 'double') return part.parts.map((inner) => (inner.kind === 'literal' ? inner.text : ' ')).join('');
  return part.kind === 'literal' ? part.text : '';
}

/** The root, this directory and those above it. */
const ALWAYS_THERE = /^\/*(\.\.?\/+)*(\.\.?)?$/;

/** SC2164: when the directory is missing, what follows runs somewhere else. */
function checkDirectory(command: SimpleCommand, path: readonly Node[], settings: Settings, say: Say): void {
  const words = /^(builtin|command)$/.test(literalOf(command.words[0]) ?? '') ? command.words.slice(1) : command.words;
  const name = literalOf(words[0]);
  if (name !== 'cd' && name !== 'pushd' && name !== 'popd') return;
  if (settings.errexit || isCondition(path)) return;
  if (words.length === 2 && ALWAYS_THERE.test(literalOf(words[1]) ?? 'unknown')) return;
  if (name !== 'cd' && words.some((word) => literalOf(word) === '-n')) return;
  const end = command.words.at(-1)?.end ?? command.end;
  const fix = { title: 'Add || exit', safe: false, edits: [{ start: end, end, text: ' || exit' }] };
  say(
    'SC2164',
    { start: command.start, end },
    `Use \`${name} … || exit\`: when it fails, what follows runs in another directory`,
    { fix },
  );
}

/** Whether somebody looks at the exit status: `if`, `while`, `&&`, `||`. */
function isCondition(path: readonly Node[]): boolean {
  for (let i = path.length - 1; i >= 0; i -= 1) {
    const node = path[i];
    if (node === undefined) return false;
    if (node.type === 'condition') return true;
    if (node.type === 'statement' && node.node.pipelines.length > 1) {
      const pipeline = path[i + 1];
      if (pipeline?.type === 'pipeline' && node.node.pipelines.at(-1) !== pipeline.node) return true;
    }
    if (node.type === 'part' || (node.type === 'command' && node.node.kind === 'function')) return false;
  }
  return false;
}

/** Commands that take every argument as it is. */
const NO_OPTIONS = new Set(['printf', '[', '[[', 'eval']);

/** SC2035: a file called `-rf` would become an option. */
function checkDashGlobs(command: SimpleCommand, name: string, say: Say): void {
  if (name === 'echo' || NO_OPTIONS.has(name)) return;
  for (const word of command.words.slice(1)) {
    if (literalOf(word) === '--') return;
    const first = word.parts[0];
    if (first?.kind !== 'glob' || !/^[*?]/.test(first.text)) continue;
    const fix = { title: 'Write ./', safe: true, edits: [{ start: word.start, end: word.start, text: './' }] };
    say(
      'SC2035',
      first,
      'Use ./ before the pattern (or -- before it): a file name that begins with a dash would be an option',
      { fix },
    );
  }
}

/** SC2043, SC2013: loops that do not run over what they seem to. */
function checkLoop(command: ForCommand, say: Say): void {
  const [word, ...more] = command.words ?? [];
  if (word === undefined || more.length > 0) return;
  for (const part of word.parts) if (part.kind === 'substitution') checkLineLoop(part, say);
  const text = literalOf(word);
  if (text === undefined) return;
  const [part] = word.parts;
  // Quoted text and a list with commas are other mistakes, with codes of their own.
  if (word.parts.length === 1 && (part?.kind === 'single' || (part?.kind === 'double' && text.includes('*')))) return;
  if (part?.kind === 'literal' && text.includes(',')) return;
  say('SC2043', word, 'This loop runs only once: a pattern, an expansion or further words are missing');
}

/** Programs that work by lines. */
const BY_LINES = new Set(['grep', 'fgrep', 'egrep', 'sed', 'cat', 'awk', 'cut', 'sort']);

function checkLineLoop(part: Part & { kind: 'substitution' }, say: Say): void {
  const [statement, ...others] = part.script.statements;
  if (statement === undefined || others.length > 0 || statement.pipelines.length !== 1) return;
  const commands = statement.pipelines[0]?.commands ?? [];
  if (commands.every((command) => command.kind === 'simple' && BY_LINES.has(literalOf(command.words[0]) ?? '')))
    say('SC2013', part, 'This runs over words, not lines: use `while IFS= read -r line; do …; done < file` for lines');
}

/** SC2006. */
function checkBackticks(
  script: ParsedScript,
  part: Part & { kind: 'substitution' },
  path: readonly Node[],
  say: Say,
): void {
  if (!part.backticks || part.script.statements.length === 0) return;
  const inside = script.text.slice(part.start + 1, part.end - 1);
  const nested = path.some((node) => node.type === 'part' && node.node.kind === 'substitution' && node.node.backticks);
  const plain = !inside.includes('\\') && !nested && script.text[part.end - 1] === '`';
  const message = 'Use $(…) instead of backticks, which cannot be nested and treat backslashes their own way';
  if (plain) say('SC2006', part, message, { fix: replacement('Use $(…)', part, `$(${inside})`) });
  else say('SC2006', part, message);
}

/** SC2102: `[foo]` is one character out of f and o, not a word. */
function checkRange(part: Part & { kind: 'glob' }, path: readonly Node[], say: Say): void {
  if (!part.text.startsWith('[')) return;
  const inside = part.text.slice(1, -1).replace(/^[!^]/, '');
  if (inside.includes('[') || /^[:.=]/.test(inside)) return;
  const characters = [...inside].filter((character) => character !== '-');
  if (new Set(characters).size === characters.length) return;
  const command = path.findLast((node) => node.type === 'command')?.node;
  if (command?.kind === 'simple' && /^(tr|read)$/.test(literalOf(command.words[0]) ?? '')) return;
  const word = path.at(-1);
  if (word?.type === 'word' && isArrayReference(word.node)) return;
  say(
    'SC2102',
    part,
    'A range matches one character, so the repeated ones have no effect: quote it if a word is meant',
  );
}

/** `unset name[index]` and the like are no patterns. */
function isArrayReference(word: Word): boolean {
  return word.parts.length === 2 && word.parts[0]?.kind === 'parameter';
}
