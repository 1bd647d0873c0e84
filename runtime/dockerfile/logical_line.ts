// Joins physical lines into the logical line of an instruction: continuations, and the comments and blank lines between them.
import type { LogicalLine, Span } from './ast.ts';
import { skipSpace } from './characters.ts';

export type Escape = '\\' | '`';

/** A logical line read from a text; all offsets but `end` and `next` are relative to the first character read. */
export interface JoinedLines {
  readonly line: LogicalLine;
  readonly comments: readonly Span[];
  readonly emptyContinuations: readonly Span[];
  /** Offset in the text of the end of the last line, without its terminator. */
  readonly end: number;
  /** Offset in the text where the next line begins. */
  readonly next: number;
}

/** The end of the line that `from` is in, without CR and LF, and the start of the next one. */
export function lineEnd(text: string, from: number): { end: number; next: number } {
  const newline = text.indexOf('\n', from);
  const next = newline < 0 ? text.length : newline + 1;
  let end = newline < 0 ? text.length : newline;
  while (end > from && text.charCodeAt(end - 1) === 0x0d) end -= 1;
  return { end, next };
}

/**
 * Where the escape character stands that continues this line, or -1. As BuildKit: it is the last character but blanks, and
 * the one before it is not an escape character too.
 */
function continuation(text: string, from: number, to: number, escapeCode: number): number {
  let at = to;
  while (at > from && (text.charCodeAt(at - 1) === 0x20 || text.charCodeAt(at - 1) === 0x09)) at -= 1;
  if (at === from || text.charCodeAt(at - 1) !== escapeCode) return -1;
  return at - 1 > from && text.charCodeAt(at - 2) === escapeCode ? -1 : at - 1;
}

/** A string of its own: V8's slices keep the whole text alive that they were cut from. */
function detached(slice: string): string {
  return ` ${slice}`.slice(1);
}

/** Reads the logical line that begins at `start` (a character that is not white space). */
export function readLogicalLine(text: string, start: number, escapeCharacter: Escape, detach: boolean): JoinedLines {
  const escapeCode = escapeCharacter.charCodeAt(0);
  let { end, next } = lineEnd(text, start);
  let cut = continuation(text, start, end, escapeCode);
  if (cut < 0 || next === text.length) {
    const slice = text.slice(start, cut < 0 ? end : cut);
    const line = { text: detach ? detached(slice) : slice, logical: [0], physical: [0] };
    return { line, comments: [], emptyContinuations: [], end: cut < 0 ? end : next, next };
  }
  const parts = [text.slice(start, cut)];
  const logical = [0];
  const physical = [0];
  const comments: Span[] = [];
  const emptyContinuations: Span[] = [];
  let length = cut - start;
  while (cut >= 0 && next < text.length) {
    const from = next;
    ({ end, next } = lineEnd(text, from));
    const first = skipSpace(text, from, end);
    if (first === end) {
      emptyContinuations.push({ start: from - start, end: end - start });
    } else if (text.charCodeAt(first) === 0x23) {
      comments.push({ start: first - start, end: end - start });
    } else {
      cut = continuation(text, from, end, escapeCode);
      const stop = cut < 0 ? end : cut;
      if (stop === from) continue;
      parts.push(text.slice(from, stop));
      logical.push(length);
      physical.push(from - start);
      length += stop - from;
    }
  }
  // A continuation that nothing follows reaches to the end of the text: whatever is appended belongs to it.
  if (cut >= 0) end = next;
  // join copies the pieces, so the result is detached from the text anyhow.
  return { line: { text: parts.join(''), logical, physical }, comments, emptyContinuations, end, next };
}

/** The source of an item, as a string that outlives the document's text cheaply. */
export function sourceText(text: string, start: number, end: number, detach: boolean): string {
  const slice = text.slice(start, end);
  return detach ? detached(slice) : slice;
}
