// Reads what starts with a dollar sign. POSIX XCU 2.6.2 to 2.6.4 and bash's own forms.
import type { Part, Span } from './ast.ts';
import { type Cursor, MAX_DEPTH, type Mode } from './cursor.ts';
import { readSubstitution } from './substitutions.ts';

type ReadParts = (cursor: Cursor, mode: Mode) => Part[];

const NAME_START = /[A-Za-z_]/;
const NAME = /[A-Za-z0-9_]/;
const SPECIAL = '@*#?-$!0123456789';

/** The expansion or `$'…'`/`$"…"` at the cursor, which stands at a dollar sign; undefined if the dollar sign is just that. */
export function readDollar(cursor: Cursor, mode: Mode, readParts: ReadParts): Part | undefined {
  const start = cursor.position;
  const next = cursor.peek(1);
  if (next === '(') {
    if (cursor.peek(2) === '(') return readArithmetic(cursor, readParts) ?? readSubstitution(cursor);
    return readSubstitution(cursor);
  }
  if (next === '{') return readBraced(cursor, mode, readParts);
  if (next === '[') return readLegacyArithmetic(cursor, readParts);
  if (mode === 'word' || mode === 'argument' || mode === 'pattern') {
    if (next === "'") return readAnsi(cursor, start);
    if (next === '"') return readLocalized(cursor, start, readParts);
  }
  return readPlain(cursor, start, next);
}

function readPlain(cursor: Cursor, start: number, next: string): Part | undefined {
  let end = start + 1;
  if (NAME_START.test(next)) while (end < cursor.end && NAME.test(cursor.text[end] ?? '')) end += 1;
  else if (next !== '' && SPECIAL.includes(next)) end += 1;
  else return undefined;
  cursor.position = end;
  const nameSpan = { start: start + 1, end };
  const name = cursor.slice(start + 1);
  return {
    kind: 'parameter',
    start,
    end,
    braced: false,
    prefix: '',
    name,
    nameSpan,
    operator: '',
    argument: [],
    body: name,
  };
}

function readAnsi(cursor: Cursor, start: number): Part {
  let at = start + 2;
  while (at < cursor.end && cursor.text[at] !== "'") at += cursor.text[at] === '\\' ? 2 : 1;
  at = Math.min(at, cursor.end);
  const text = cursor.slice(start + 2, at);
  if (at >= cursor.end) cursor.fail('this quote is never closed', start, start + 2);
  cursor.position = Math.min(at + 1, cursor.end);
  return { kind: 'single', start, end: cursor.position, text, ansi: true };
}

function readLocalized(cursor: Cursor, start: number, readParts: ReadParts): Part {
  cursor.position = start + 2;
  const parts = readParts(cursor, 'double');
  if (cursor.done) cursor.fail('this double quote is never closed', start, start + 2);
  else cursor.position += 1;
  return { kind: 'double', start, end: cursor.position, parts, localized: true };
}

/** `${…}`; the cursor stands at the dollar sign. */
function readBraced(cursor: Cursor, mode: Mode, readParts: ReadParts): Part {
  const start = cursor.position;
  cursor.position += 2;
  const bodyStart = cursor.position;
  const prefix = readPrefix(cursor);
  const nameSpan = readName(cursor);
  const name = cursor.slice(nameSpan.start, nameSpan.end);
  const index = readIndex(cursor);
  const operator = readOperator(cursor);
  const quoted = mode === 'double' || mode === 'heredoc' || mode === 'quoted-argument';
  const argument = readArgument(cursor, quoted ? 'quoted-argument' : 'argument', readParts);
  const body = cursor.slice(bodyStart);
  if (cursor.done) cursor.fail('this ${ is never closed', start, start + 2);
  else cursor.position += 1;
  if (name === '' && body !== '') cursor.fail('a variable name is missing after ${', start, cursor.position);
  const base = {
    kind: 'parameter',
    start,
    end: cursor.position,
    braced: true,
    prefix,
    name,
    nameSpan,
    operator,
    argument,
    body,
  } as const;
  return index === undefined ? base : { ...base, index };
}

function readArgument(cursor: Cursor, mode: Mode, readParts: ReadParts): Part[] {
  if (cursor.depth >= MAX_DEPTH) {
    cursor.position = cursor.end;
    return [];
  }
  cursor.depth += 1;
  const parts = readParts(cursor, mode);
  cursor.depth -= 1;
  return parts;
}

function readPrefix(cursor: Cursor): '' | '!' | '#' {
  const character = cursor.peek();
  const next = cursor.peek(1);
  if (character === '!' && (NAME_START.test(next) || /[0-9@*#]/.test(next))) {
    cursor.position += 1;
    return '!';
  }
  if (character === '#' && next !== '}' && !'%:=+-/#?'.includes(next)) {
    cursor.position += 1;
    return '#';
  }
  if (character === '#' && '#?-'.includes(next) && next !== '' && cursor.peek(2) === '}') {
    cursor.position += 1;
    return '#';
  }
  return '';
}

function readName(cursor: Cursor): Span {
  const start = cursor.position;
  if (NAME_START.test(cursor.peek())) while (!cursor.done && NAME.test(cursor.peek())) cursor.position += 1;
  else if (/[0-9]/.test(cursor.peek())) while (!cursor.done && /[0-9]/.test(cursor.peek())) cursor.position += 1;
  else if (cursor.peek() !== '' && SPECIAL.includes(cursor.peek())) cursor.position += 1;
  return { start, end: cursor.position };
}

function readIndex(cursor: Cursor): string | undefined {
  if (cursor.peek() !== '[') return undefined;
  let depth = 0;
  for (let at = cursor.position; at < cursor.end; at += 1) {
    if (cursor.text[at] === '[') depth += 1;
    else if (cursor.text[at] === ']') depth -= 1;
    if (depth === 0) {
      const index = cursor.slice(cursor.position + 1, at);
      cursor.position = at + 1;
      return index;
    }
  }
  return undefined;
}

const OPERATORS = [
  ':-',
  ':=',
  ':?',
  ':+',
  '##',
  '%%',
  '//',
  '/#',
  '/%',
  '^^',
  ',,',
  '-',
  '=',
  '?',
  '+',
  '#',
  '%',
  '/',
  '^',
  ',',
  '@',
  ':',
  '*',
];

function readOperator(cursor: Cursor): string {
  for (const operator of OPERATORS) {
    if (!cursor.startsWith(operator)) continue;
    cursor.position += operator.length;
    return operator;
  }
  return '';
}

/** `$((…))`; undefined if it turns out to be a command substitution that begins with a subshell. */
function readArithmetic(cursor: Cursor, readParts: ReadParts): Part | undefined {
  const start = cursor.position;
  const end = arithmeticEnd(cursor, start + 3);
  if (end === undefined) return undefined;
  const parts = readArithmeticParts(cursor, start + 3, end, readParts);
  const text = cursor.slice(start + 3, end);
  cursor.position = end + 2;
  return { kind: 'arithmetic', start, end: end + 2, legacy: false, parts, text };
}

function readLegacyArithmetic(cursor: Cursor, readParts: ReadParts): Part | undefined {
  const start = cursor.position;
  const close = cursor.text.indexOf(']', start);
  if (close < 0 || close >= cursor.end) return undefined;
  const parts = readArithmeticParts(cursor, start + 2, close, readParts);
  const text = cursor.slice(start + 2, close);
  cursor.position = close + 1;
  return { kind: 'arithmetic', start, end: close + 1, legacy: true, parts, text };
}

/** The parts of the arithmetic text between two offsets; the cursor is left behind them. */
export function readArithmeticParts(cursor: Cursor, start: number, end: number, readParts: ReadParts): Part[] {
  const outerEnd = cursor.end;
  cursor.position = start;
  cursor.end = end;
  const parts = readParts(cursor, 'arithmetic');
  cursor.end = outerEnd;
  return parts;
}

/** The offset of the `))` that closes the arithmetic whose text begins at `from`; undefined if there is none. */
export function arithmeticEnd(cursor: Cursor, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < cursor.end; at += 1) {
    const character = cursor.text[at];
    if (character === '\\') at += 1;
    else if (character === "'" || character === '"' || character === '`') {
      const close = cursor.text.indexOf(character, at + 1);
      if (close < 0 || close >= cursor.end) return undefined;
      at = close;
    } else if (character === '(') depth += 1;
    else if (character === ')') {
      if (depth > 0) depth -= 1;
      else return cursor.text[at + 1] === ')' && at + 1 < cursor.end ? at : undefined;
    }
  }
  return undefined;
}
