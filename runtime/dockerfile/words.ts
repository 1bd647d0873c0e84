// Splits the arguments of an instruction into words, each with its offsets in the logical line.
import type { Flag, LogicalLine, Word } from './ast.ts';
import { sourceSpan } from './ast.ts';
import { isBlank, isSpace, skipSpace } from './characters.ts';

/** A half-open range of offsets in the logical line's text. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const singleQuote = 0x27;
const doubleQuote = 0x22;

/** The word at a range of the logical line. */
export function wordAt(line: LogicalLine, range: Range): Word {
  return { span: sourceSpan(line, range.start, range.end), raw: line.text.slice(range.start, range.end) };
}

/** Words between blanks, quotes without meaning: FROM, COPY, ADD, EXPOSE, VOLUME. */
export function splitAtBlanks(text: string, from: number, to: number): Range[] {
  const words: Range[] = [];
  let at = from;
  while (at < to) {
    while (at < to && isBlank(text.charCodeAt(at))) at += 1;
    const start = at;
    while (at < to && !isBlank(text.charCodeAt(at))) at += 1;
    if (at > start) words.push({ start, end: at });
  }
  return words;
}

/** Words between white space, with quotes and escapes kept in them: ENV, LABEL, ARG. */
export function splitQuoted(text: string, from: number, to: number, escapeCode: number): Range[] {
  const words: Range[] = [];
  let at = skipSpace(text, from, to);
  while (at < to) {
    const start = at;
    let quote = 0;
    while (at < to) {
      const code = text.charCodeAt(at);
      if (quote === 0 && isSpace(code)) break;
      if (code === escapeCode && quote !== singleQuote) at += 1;
      else if (quote !== 0) quote = code === quote ? 0 : quote;
      else if (code === singleQuote || code === doubleQuote) quote = code;
      at += 1;
    }
    at = Math.min(at, to);
    words.push({ start, end: at });
    at = skipSpace(text, at, to);
  }
  return words;
}

/** The flags at the beginning of the arguments, and where the other arguments begin. */
export function readFlags(line: LogicalLine, from: number, to: number): { flags: Flag[]; rest: number } {
  const { text } = line;
  const flags: Flag[] = [];
  let at = skipSpace(text, from, to);
  while (text.charCodeAt(at) === 0x2d && text.charCodeAt(at + 1) === 0x2d && at + 1 < to) {
    const { end, value } = unquote(text, at, to);
    // A bare `--` ends the flags.
    if (value === '--') return { flags, rest: skipSpace(text, end, to) };
    flags.push(flagOf(line, at, end));
    at = skipSpace(text, end, to);
  }
  return { flags, rest: at };
}

function flagOf(line: LogicalLine, start: number, end: number): Flag {
  const { text } = line;
  const equals = text.indexOf('=', start);
  const nameEnd = equals < 0 || equals >= end ? end : equals;
  const flag = {
    span: sourceSpan(line, start, end),
    name: unquote(text, start, nameEnd).value.slice(2),
    nameSpan: sourceSpan(line, start + 2, nameEnd),
  };
  if (nameEnd === end) return flag;
  const value = unquote(text, nameEnd + 1, end).value;
  return { ...flag, value: { ...wordAt(line, { start: nameEnd + 1, end }), value } };
}

/** Reads one flag word: quotes and backslashes are taken away here, whatever the file's escape character is. */
function unquote(text: string, from: number, to: number): { end: number; value: string } {
  let at = from;
  let value = '';
  let quote = 0;
  let copied = from;
  const flush = (skip: number) => {
    value += text.slice(copied, at);
    at += skip;
    copied = at;
  };
  while (at < to) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) {
      flush(1);
      at += 1;
    } else if (quote !== 0 ? code === quote : code === singleQuote || code === doubleQuote) {
      quote = quote === 0 ? code : 0;
      flush(1);
    } else if (quote === 0 && isSpace(code)) break;
    else at += 1;
  }
  at = Math.min(at, to);
  return { end: at, value: value + text.slice(copied, at) };
}
