// Blanks, comments, newlines, reserved words and the bodies of here-documents.
import type { Span } from './ast.ts';
import type { Cursor, PendingHeredoc } from './cursor.ts';
import { isMeta, readParts } from './words.ts';

const RESERVED = new Set([
  ...['if', 'then', 'elif', 'else', 'fi', 'for', 'select', 'while', 'until', 'do', 'done', 'case', 'esac', 'in'],
  ...['function', '{', '}', '!', '[[', 'time', 'coproc'],
]);

/** Skips blanks, continued lines and a comment up to (not over) the next newline. */
export function skipBlanks(cursor: Cursor): void {
  while (!cursor.done) {
    const character = cursor.peek();
    if (character === ' ' || character === '\t' || character === '\r') cursor.position += 1;
    else if (character === '\\' && cursor.peek(1) === '\n') cursor.position += 2;
    else if (character === '#') skipComment(cursor);
    else return;
  }
}

function skipComment(cursor: Cursor): void {
  const start = cursor.position;
  const newline = cursor.text.indexOf('\n', start);
  cursor.position = newline < 0 || newline > cursor.end ? cursor.end : newline;
  cursor.comments.push({ start, end: cursor.position });
}

/** As `skipBlanks`, and over newlines; here-documents that wait for their bodies get them. */
export function skipLines(cursor: Cursor): void {
  for (;;) {
    skipBlanks(cursor);
    if (cursor.peek() !== '\n') return;
    cursor.position += 1;
    for (const heredoc of cursor.heredocs.splice(0)) readBody(cursor, heredoc);
  }
}

/** Lines up to the delimiter; when the text ends first, the body is all that is left (bash warns, and so does the parser). */
function readBody(cursor: Cursor, heredoc: PendingHeredoc): void {
  const start = cursor.position;
  while (!cursor.done) {
    const newline = cursor.text.indexOf('\n', cursor.position);
    const lineEnd = newline < 0 || newline > cursor.end ? cursor.end : newline;
    const line = cursor.slice(cursor.position, lineEnd);
    if ((heredoc.stripTabs ? line.replace(/^\t+/, '') : line) === heredoc.delimiter) {
      finishBody(cursor, heredoc, { start, end: cursor.position }, lineEnd);
      return;
    }
    cursor.position = Math.min(lineEnd + 1, cursor.end);
  }
  cursor.fail(`the here-document is not ended by a line "${heredoc.delimiter}"`, start - 1, start);
  finishBody(cursor, heredoc, { start, end: cursor.end }, cursor.end);
}

function finishBody(cursor: Cursor, heredoc: PendingHeredoc, body: Span, after: number): void {
  if (heredoc.quoted) heredoc.done(body, []);
  else {
    const outerEnd = cursor.end;
    cursor.position = body.start;
    cursor.end = body.end;
    heredoc.done(body, readParts(cursor, 'heredoc'));
    cursor.end = outerEnd;
  }
  cursor.position = after;
}

/** The reserved word at the cursor, which stays where it is. */
export function readReserved(cursor: Cursor): string | undefined {
  let end = cursor.position;
  while (end < cursor.end && end - cursor.position < 9 && !isMeta(cursor.text[end] ?? '')) end += 1;
  const word = cursor.slice(cursor.position, end);
  return RESERVED.has(word) ? word : undefined;
}

/** Consumes `word` if it stands at the cursor as a word of its own. */
export function consumeWord(cursor: Cursor, word: string): Span | undefined {
  if (!cursor.startsWith(word) || !isMeta(cursor.peek(word.length))) return undefined;
  const span = { start: cursor.position, end: cursor.position + word.length };
  cursor.position = span.end;
  cursor.keywords.push(span);
  return span;
}

/** As `consumeWord` after blanks and newlines; its absence is an error at `opener`. */
export function expectWord(cursor: Cursor, word: string, opener: Span): boolean {
  skipLines(cursor);
  if (consumeWord(cursor, word) !== undefined) return true;
  cursor.fail(
    `${JSON.stringify(word)} is missing for this ${JSON.stringify(cursor.slice(opener.start, opener.end))}`,
    opener.start,
    opener.end,
  );
  return false;
}
