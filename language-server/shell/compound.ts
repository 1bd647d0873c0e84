// Reads compound commands and function definitions. POSIX XCU 2.9.4, 2.9.5; `[[`, `((`, `select`, `coproc` are bash's and ksh's.
import type {
  ArithmeticCommand,
  CaseCommand,
  Command,
  ForCommand,
  IfCommand,
  Redirect,
  Script,
  Span,
  Word,
} from './ast.ts';
import { type Cursor, emptyScript, MAX_DEPTH } from './cursor.ts';
import { arithmeticEnd, readArithmeticParts } from './expansions.ts';
import { consumeWord, expectWord, readReserved, skipBlanks, skipLines } from './layout.ts';
import { readPattern, readRedirects } from './simple.ts';
import { isMeta, readParts, readWord } from './words.ts';

type ReadCommand = (cursor: Cursor) => Command | undefined;

const FUNCTION = /([^\s;&|()<>$`"'\\={}#!]+)[ \t]*\([ \t]*\)/y;

/** A compound command or a function definition at the cursor; undefined if none starts here. */
export function readCompound(cursor: Cursor, readCommand: ReadCommand): Command | undefined {
  if (cursor.depth >= MAX_DEPTH) return undefined;
  cursor.depth += 1;
  const command = readKind(cursor, readCommand);
  cursor.depth -= 1;
  if (command === undefined || command.kind === 'function' || command.kind === 'coproc') return command;
  const redirects = readRedirects(cursor);
  return redirects.length === 0 ? command : { ...command, redirects, end: cursor.position };
}

function readKind(cursor: Cursor, readCommand: ReadCommand): Command | undefined {
  if (cursor.peek() === '(') return readArithmeticCommand(cursor) ?? readSubshell(cursor);
  const start = cursor.position;
  const word = readReserved(cursor);
  if (word === undefined) return readFunction(cursor, start, undefined, readCommand);
  const keyword = (name: string): Span => consumeWord(cursor, name) ?? { start, end: start };
  switch (word) {
    case '{':
      return readGroup(cursor, keyword('{'));
    case 'if':
      return readIf(cursor, keyword('if'));
    case 'while':
    case 'until':
      return { kind: word, ...readLoop(cursor, keyword(word)) };
    case 'for':
    case 'select':
      return readFor(cursor, keyword(word), word);
    case 'case':
      return readCase(cursor, keyword('case'));
    case '[[':
      return readConditional(cursor, keyword('[['));
    case 'function':
      return readFunction(cursor, start, keyword('function'), readCommand);
    case 'coproc':
      return readCoproc(cursor, keyword('coproc'), readCommand);
    default:
      return undefined;
  }
}

const NONE: readonly Redirect[] = [];
const set = (...words: string[]): ReadonlySet<string> => new Set(words);
const [PARENTHESIS, BRACE, THEN, FI, BRANCH, DO, DONE, CASE_END] = [
  set(')'),
  set('}'),
  set('then'),
  set('fi'),
  set('fi', 'else', 'elif'),
  set('do'),
  set('done'),
  set(';;', 'esac'),
];

function readArithmeticCommand(cursor: Cursor): ArithmeticCommand | undefined {
  if (cursor.peek(1) !== '(') return undefined;
  const start = cursor.position;
  const end = arithmeticEnd(cursor, start + 2);
  if (end === undefined) return undefined;
  const parts = readArithmeticParts(cursor, start + 2, end, readParts);
  cursor.position = end + 2;
  return { kind: 'arithmetic', start, end: end + 2, parts, text: cursor.slice(start + 2, end), redirects: NONE };
}

function readSubshell(cursor: Cursor): Command {
  const start = cursor.position;
  cursor.position += 1;
  const body = cursor.readScript(cursor, PARENTHESIS);
  if (cursor.peek() === ')') cursor.position += 1;
  else cursor.fail('this parenthesis is never closed', start, start + 1);
  return { kind: 'subshell', start, end: cursor.position, body, redirects: NONE };
}

function readGroup(cursor: Cursor, opener: Span): Command {
  const body = cursor.readScript(cursor, BRACE);
  expectWord(cursor, '}', opener);
  return { kind: 'group', start: opener.start, end: cursor.position, body, redirects: NONE };
}

function readIf(cursor: Cursor, opener: Span): IfCommand {
  const clauses: { condition: Script; body: Script }[] = [];
  let otherwise: Script | undefined;
  do {
    const condition = cursor.readScript(cursor, THEN);
    if (!expectWord(cursor, 'then', opener)) {
      clauses.push({ condition, body: emptyScript(cursor.position) });
      return { kind: 'if', start: opener.start, end: cursor.position, clauses, redirects: NONE };
    }
    clauses.push({ condition, body: cursor.readScript(cursor, BRANCH) });
    skipLines(cursor);
  } while (consumeWord(cursor, 'elif') !== undefined);
  if (consumeWord(cursor, 'else') !== undefined) otherwise = cursor.readScript(cursor, FI);
  expectWord(cursor, 'fi', opener);
  const base = { kind: 'if', start: opener.start, end: cursor.position, clauses, redirects: NONE } as const;
  return otherwise === undefined ? base : { ...base, otherwise };
}

function readDoBody(cursor: Cursor, opener: Span): Script {
  skipLines(cursor);
  const brace = consumeWord(cursor, '{');
  if (brace !== undefined) {
    const body = cursor.readScript(cursor, BRACE);
    expectWord(cursor, '}', brace);
    return body;
  }
  if (!expectWord(cursor, 'do', opener)) return emptyScript(cursor.position);
  const body = cursor.readScript(cursor, DONE);
  expectWord(cursor, 'done', opener);
  return body;
}

function readLoop(
  cursor: Cursor,
  opener: Span,
): { condition: Script; body: Script; start: number; end: number; redirects: readonly Redirect[] } {
  const condition = cursor.readScript(cursor, DO);
  const body = readDoBody(cursor, opener);
  return { condition, body, start: opener.start, end: cursor.position, redirects: NONE };
}

function readFor(cursor: Cursor, opener: Span, kind: 'for' | 'select'): Command {
  skipBlanks(cursor);
  if (kind === 'for' && cursor.startsWith('((')) {
    const header = readArithmeticCommand(cursor);
    if (header !== undefined) {
      skipSeparator(cursor);
      const body = readDoBody(cursor, opener);
      const span = { start: opener.start, end: cursor.position };
      return { kind: 'arithmetic-for', ...span, expression: header.parts, header, body, redirects: NONE };
    }
  }
  const variableStart = cursor.position;
  while (!cursor.done && !isMeta(cursor.peek())) cursor.position += 1;
  const variableSpan = { start: variableStart, end: cursor.position };
  if (variableSpan.end === variableStart)
    cursor.fail(`a variable name is missing after ${kind}`, opener.start, opener.end);
  skipLines(cursor);
  const words = consumeWord(cursor, 'in') === undefined ? undefined : readWords(cursor);
  skipSeparator(cursor);
  const body = readDoBody(cursor, opener);
  const variable = cursor.slice(variableSpan.start, variableSpan.end);
  const base: ForCommand = {
    kind,
    start: opener.start,
    end: cursor.position,
    variable,
    variableSpan,
    body,
    redirects: NONE,
  };
  return words === undefined ? base : { ...base, words };
}

function readWords(cursor: Cursor): Word[] {
  const words: Word[] = [];
  for (;;) {
    skipBlanks(cursor);
    const word = readWord(cursor);
    if (word === undefined) return words;
    words.push(word);
  }
}

function skipSeparator(cursor: Cursor): void {
  skipBlanks(cursor);
  if (cursor.peek() === ';' && cursor.peek(1) !== ';') cursor.position += 1;
  skipLines(cursor);
}

function readCase(cursor: Cursor, opener: Span): CaseCommand {
  skipBlanks(cursor);
  const subject = readWord(cursor);
  const items: { patterns: Word[]; body: Script; terminator: string }[] = [];
  if (expectWord(cursor, 'in', opener)) {
    for (;;) {
      skipLines(cursor);
      if (cursor.done || readReserved(cursor) === 'esac') break;
      const before = cursor.position;
      const patterns = readPatterns(cursor);
      const body = cursor.readScript(cursor, CASE_END);
      items.push({ patterns, body, terminator: takeCaseTerminator(cursor) });
      if (cursor.position === before) break;
    }
    expectWord(cursor, 'esac', opener);
  }
  const base = { kind: 'case', start: opener.start, end: cursor.position, items, redirects: NONE } as const;
  return subject === undefined ? base : { ...base, subject };
}

function readPatterns(cursor: Cursor): Word[] {
  const start = cursor.position;
  const patterns: Word[] = [];
  if (cursor.peek() === '(') cursor.position += 1;
  for (;;) {
    skipBlanks(cursor);
    const pattern = readPattern(cursor);
    if (pattern !== undefined) patterns.push(pattern);
    skipBlanks(cursor);
    if (cursor.peek() !== '|') break;
    cursor.position += 1;
  }
  if (cursor.peek() === ')') cursor.position += 1;
  else cursor.fail('the ) after this pattern is missing', start, Math.max(cursor.position, start + 1));
  return patterns;
}

function takeCaseTerminator(cursor: Cursor): string {
  for (const text of [';;&', ';;', ';&']) {
    if (!cursor.startsWith(text)) continue;
    cursor.operators.push({ start: cursor.position, end: cursor.position + text.length });
    cursor.position += text.length;
    return text;
  }
  return '';
}

/** `[[ … ]]`; inside, `<`, `>`, `(`, `)`, `&&` and `||` are operators of the expression and newlines are blanks. */
function readConditional(cursor: Cursor, opener: Span): Command {
  const words: Word[] = [];
  for (;;) {
    skipLines(cursor);
    if (cursor.done || consumeWord(cursor, ']]') !== undefined) break;
    const operator = /&&|\|\||[<>()]/y;
    operator.lastIndex = cursor.position;
    const match = operator.exec(cursor.text);
    const start = cursor.position;
    const afterMatch = words.at(-1);
    if (afterMatch !== undefined && cursor.slice(afterMatch.start, afterMatch.end) === '=~') {
      words.push(readRegex(cursor));
      continue;
    }
    const word = match === null ? readWord(cursor) : undefined;
    if (word !== undefined) words.push(word);
    else {
      cursor.position = start + (match?.[0].length ?? 1);
      words.push({
        start,
        end: cursor.position,
        parts: [{ kind: 'literal', start, end: cursor.position, text: cursor.slice(start) }],
      });
    }
  }
  if (!cursor.slice(opener.start).endsWith(']]')) cursor.fail('this [[ is never closed', opener.start, opener.end);
  return { kind: 'conditional', start: opener.start, end: cursor.position, words, redirects: NONE };
}

/** The right side of `=~`: parentheses and pipes belong to it. */
function readRegex(cursor: Cursor): Word {
  const start = cursor.position;
  const parts: Word['parts'][number][] = [];
  while (!cursor.done && !/[ \t\n]/.test(cursor.peek())) {
    const word = readWord(cursor);
    if (word !== undefined) parts.push(...word.parts);
    else {
      const at = cursor.position;
      cursor.position += 1;
      parts.push({ kind: 'literal', start: at, end: at + 1, text: cursor.slice(at) });
    }
  }
  return { start, end: cursor.position, parts };
}

function readFunction(
  cursor: Cursor,
  start: number,
  keyword: Span | undefined,
  readCommand: ReadCommand,
): Command | undefined {
  skipBlanks(cursor);
  FUNCTION.lastIndex = cursor.position;
  const match = FUNCTION.exec(cursor.text);
  const nameStart = cursor.position;
  if (match !== null && match.index + match[0].length <= cursor.end) cursor.position += match[0].length;
  else if (keyword === undefined) return undefined;
  else while (!cursor.done && !isMeta(cursor.peek())) cursor.position += 1;
  const name = match?.[1] ?? cursor.slice(nameStart);
  skipLines(cursor);
  const body = readCompound(cursor, readCommand);
  if (body === undefined) cursor.fail(`the body of function ${name} is missing`, nameStart, nameStart + name.length);
  const nameSpan = { start: nameStart, end: nameStart + name.length };
  const end = body?.end ?? nameSpan.end;
  const head = {
    kind: 'function',
    start,
    end,
    name,
    nameSpan,
    keyword: keyword !== undefined,
    parentheses: match !== null,
  } as const;
  return body === undefined ? { ...head, redirects: NONE } : { ...head, body, redirects: NONE };
}

function readCoproc(cursor: Cursor, opener: Span, readCommand: ReadCommand): Command {
  skipBlanks(cursor);
  const before = cursor.position;
  const word = readReserved(cursor) === undefined && cursor.peek() !== '(' ? readWord(cursor) : undefined;
  skipBlanks(cursor);
  const named = word !== undefined && (cursor.peek() === '(' || readReserved(cursor) !== undefined);
  if (!named) cursor.position = before;
  const body = readCommand(cursor);
  const base = { kind: 'coproc', start: opener.start, end: body?.end ?? cursor.position, redirects: NONE } as const;
  return { ...base, ...(named && word !== undefined ? { name: word } : {}), ...(body === undefined ? {} : { body }) };
}
