// Reads words: literals, quotes, expansions, globs. POSIX XCU 2.2 (quoting), 2.6 (expansions), 2.13 (patterns) and bash's additions.
import type { Part, Word } from './ast.ts';
import type { Cursor, Mode } from './cursor.ts';
import { readDollar } from './expansions.ts';
import { readBackticks, readProcess } from './substitutions.ts';

const META = new Set([' ', '\t', '\r', '\n', ';', '&', '|', '(', ')', '<', '>', '']);

/** Whether the character ends an unquoted word. */
export function isMeta(character: string): boolean {
  return META.has(character);
}

/** Reads a word at the cursor; undefined if none starts here. */
export function readWord(cursor: Cursor): Word | undefined {
  const start = cursor.position;
  const parts = readParts(cursor, 'word');
  return cursor.position === start ? undefined : { start, end: cursor.position, parts };
}

/** Collects literal characters until a part of another kind comes. */
class Collector {
  readonly parts: Part[] = [];
  private text = '';
  private start = -1;
  private end = -1;

  add(text: string, start: number, end: number): void {
    if (this.start < 0) this.start = start;
    this.text += text;
    this.end = end;
  }

  push(part: Part): void {
    this.flush();
    this.parts.push(part);
  }

  flush(): void {
    if (this.start >= 0) this.parts.push({ kind: 'literal', start: this.start, end: this.end, text: this.text });
    this.text = '';
    this.start = -1;
  }
}

/** Reads parts up to the end that the mode asks for; the closing character is not consumed. */
export function readParts(cursor: Cursor, mode: Mode): Part[] {
  const out = new Collector();
  while (!cursor.done) {
    if (readPlainRun(cursor, mode, out)) continue;
    if (ends(cursor, mode)) break;
    const part = readSpecial(cursor, mode);
    if (part !== undefined) out.push(part);
    else readLiteral(cursor, mode, out);
  }
  out.flush();
  return out.parts;
}

function ends(cursor: Cursor, mode: Mode): boolean {
  const character = cursor.peek();
  if (mode === 'word') return isMeta(character) && !startsProcess(cursor);
  if (mode === 'pattern') return isMeta(character);
  if (mode === 'double') return character === '"';
  if (mode === 'argument' || mode === 'quoted-argument') return character === '}';
  return false;
}

function startsProcess(cursor: Cursor): boolean {
  const character = cursor.peek();
  return (character === '<' || character === '>') && cursor.peek(1) === '(';
}

/** A quote, an expansion or a pattern at the cursor; undefined if the character stands for itself. */
function readSpecial(cursor: Cursor, mode: Mode): Part | undefined {
  const character = cursor.peek();
  if (character === '\\' && cursor.backticks > 0) return readUnescaped(cursor, mode);
  if (character === '$') return readDollar(cursor, mode, readParts);
  if (character === '`') return readBackticks(cursor);
  if (character === '"' && mode !== 'heredoc') return readDouble(cursor);
  if (mode !== 'word' && mode !== 'argument' && mode !== 'pattern') return undefined;
  if (character === "'") return readSingle(cursor);
  if (mode === 'argument') return undefined;
  if (startsProcess(cursor)) return readProcess(cursor);
  return readGlob(cursor) ?? (mode === 'word' ? readBrace(cursor) : undefined);
}

/** What a backslash inside backticks hides from the outer shell and not from the inner one. */
function readUnescaped(cursor: Cursor, mode: Mode): Part | undefined {
  const next = cursor.peek(1);
  if (next === '`' && cursor.backticks === 1) return readBackticks(cursor);
  if (next !== '$') return undefined;
  const start = cursor.position;
  cursor.position += 1;
  const part = readDollar(cursor, mode, readParts);
  if (part === undefined) cursor.position = start;
  return part === undefined ? undefined : { ...part, start };
}

/** Runs of characters that stand for themselves, by mode: read at once, because most of a script is these. */
const PLAIN: Readonly<Record<Mode, RegExp>> = {
  word: /[\w.,:=%/~^-]+/y,
  argument: /[\w.,:=%/~^-]+/y,
  pattern: /[\w.,:=%/~^-]+/y,
  double: /[^$`"\\]+/y,
  heredoc: /[^$`\\]+/y,
  'quoted-argument': /[^$`"\\}]+/y,
  arithmetic: /[^$`"\\]+/y,
};

/** Reads plain characters; false if there are none at the cursor. */
function readPlainRun(cursor: Cursor, mode: Mode, out: Collector): boolean {
  const pattern = PLAIN[mode];
  pattern.lastIndex = cursor.position;
  if (!pattern.test(cursor.text)) return false;
  const start = cursor.position;
  cursor.position = Math.min(pattern.lastIndex, cursor.end);
  out.add(cursor.slice(start), start, cursor.position);
  return true;
}

function readLiteral(cursor: Cursor, mode: Mode, out: Collector): void {
  const start = cursor.position;
  const character = cursor.peek();
  if (character !== '\\') {
    cursor.position += 1;
    out.add(character, start, cursor.position);
    return;
  }
  const next = cursor.peek(1);
  cursor.position += next === '' ? 1 : 2;
  if (next === '\n') return;
  const escapable =
    mode === 'double' || mode === 'heredoc' || mode === 'quoted-argument' ? '$`"\\}'.includes(next) : true;
  out.add(escapable && next !== '' ? next : `\\${next}`, start, cursor.position);
}

function readSingle(cursor: Cursor): Part {
  const start = cursor.position;
  const quote = cursor.text.indexOf("'", start + 1);
  const closed = quote >= 0 && quote < cursor.end;
  cursor.position = closed ? quote + 1 : cursor.end;
  if (!closed) cursor.fail('this single quote is never closed', start, start + 1);
  const text = cursor.slice(start + 1, closed ? quote : cursor.end);
  return { kind: 'single', start, end: cursor.position, text, ansi: false };
}

function readDouble(cursor: Cursor): Part {
  const start = cursor.position;
  cursor.position += 1;
  const parts = readParts(cursor, 'double');
  if (cursor.done) cursor.fail('this double quote is never closed', start, start + 1);
  else cursor.position += 1;
  return { kind: 'double', start, end: cursor.position, parts, localized: false };
}

/** Longer braces and extended patterns than this are taken as they stand: looking for each one's end must not take for ever. */
const MAX_GROUP = 1_000;
/** The longest name of a character class with its brackets, generously. */
const MAX_CLASS = 40;

function readGlob(cursor: Cursor): Part | undefined {
  const start = cursor.position;
  const character = cursor.peek();
  if ('@!+*?'.includes(character) && character !== '' && cursor.peek(1) === '(') {
    const end = closingParenthesis(cursor, start + 1);
    if (end !== undefined) {
      cursor.position = end;
      return { kind: 'extglob', start, end, text: cursor.slice(start) };
    }
  }
  if (character === '*' || character === '?') {
    cursor.position += 1;
    return { kind: 'glob', start, end: cursor.position, text: character };
  }
  if (character !== '[') return undefined;
  const end = start < cursor.unclosedBracket ? undefined : closingBracket(cursor, start);
  if (end === undefined) return undefined;
  cursor.position = end;
  return { kind: 'glob', start, end, text: cursor.slice(start) };
}

/** The offset behind the `]` of the bracket expression at `start`; undefined if it is no bracket expression. */
function closingBracket(cursor: Cursor, start: number): number | undefined {
  let at = start + 1;
  if (cursor.text[at] === '!' || cursor.text[at] === '^') at += 1;
  if (cursor.text[at] === ']') at += 1;
  for (; at < cursor.end; at += 1) {
    const character = cursor.text[at] ?? '';
    if (character === ']') return at > start + 1 ? at + 1 : undefined;
    if (character === '[' && /[:.=]/.test(cursor.text[at + 1] ?? '')) {
      const close = cursor.slice(at + 2, Math.min(cursor.end, at + MAX_CLASS)).indexOf(`${cursor.text[at + 1]}]`);
      if (close >= 0) at += close + 3;
    } else if (isMeta(character) || '"\'$`\\/'.includes(character)) break;
  }
  cursor.unclosedBracket = at;
  return undefined;
}

/** The offset behind the parenthesis that closes the one at `open`; undefined if there is none in this word. */
function closingParenthesis(cursor: Cursor, open: number): number | undefined {
  let depth = 0;
  const end = Math.min(cursor.end, open + MAX_GROUP);
  for (let at = open; at < end; at += 1) {
    const character = cursor.text[at];
    if (character === '\\') at += 1;
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (character === '\n') return undefined;
  }
  return undefined;
}

/** `{a,b}` and `{1..3}`; a brace without comma or dots stands for itself. */
function readBrace(cursor: Cursor): Part | undefined {
  if (cursor.peek() !== '{') return undefined;
  const start = cursor.position;
  const end = closingBrace(cursor, start);
  if (end === undefined) return undefined;
  const outerEnd = cursor.end;
  cursor.position = start + 1;
  cursor.end = end - 1;
  const parts = readParts(cursor, 'word');
  cursor.end = outerEnd;
  cursor.position = end;
  return { kind: 'brace', start, end, text: cursor.slice(start), parts };
}

function closingBrace(cursor: Cursor, start: number): number | undefined {
  let depth = 0;
  let separators = 0;
  const end = Math.min(cursor.end, start + MAX_GROUP);
  for (let at = start; at < end; at += 1) {
    const character = cursor.text[at] ?? '';
    if (character === '\\') at += 1;
    else if (character === '{') depth += 1;
    else if (character === '"' || character === "'") {
      const close = cursor.text.indexOf(character, at + 1);
      if (close < 0 || close >= cursor.end) return undefined;
      at = close;
    } else if (character === '}') {
      depth -= 1;
      if (depth === 0) return separators > 0 ? at + 1 : undefined;
    } else if (isMeta(character) && character !== '(' && character !== ')') return undefined;
    else if (depth === 1 && (character === ',' || isRange(cursor.text, at))) separators += 1;
  }
  return undefined;
}

/** `..` between two things, as in `{1..9}`. */
function isRange(text: string, at: number): boolean {
  return text[at] === '.' && text[at + 1] === '.' && text[at - 1] !== '{' && text[at + 2] !== '}';
}

/** The text of a word if it has no expansion and no pattern in it; quotes are taken away. */
export function literalOf(word: Word | undefined): string | undefined {
  if (word === undefined) return undefined;
  return literalParts(word.parts);
}

function literalParts(parts: readonly Part[]): string | undefined {
  let text = '';
  for (const part of parts) {
    if (part.kind === 'literal' || part.kind === 'single') text += part.text;
    else if (part.kind === 'double') {
      const inner = literalParts(part.parts);
      if (inner === undefined) return undefined;
      text += inner;
    } else return undefined;
  }
  return text;
}

/** The word as a person reads it: quotes taken away, patterns as written, every expansion as `${VAR}`. */
export function roughText(word: Word): string {
  return roughParts(word.parts);
}

function roughParts(parts: readonly Part[]): string {
  let text = '';
  for (const part of parts) {
    if (
      part.kind === 'literal' ||
      part.kind === 'single' ||
      part.kind === 'glob' ||
      part.kind === 'extglob' ||
      part.kind === 'brace'
    )
      text += part.text;
    else if (part.kind === 'double') text += roughParts(part.parts);
    else text += '${VAR}';
  }
  return text;
}
