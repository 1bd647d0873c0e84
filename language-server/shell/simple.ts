// Reads simple commands: assignments, words and redirections. POSIX XCU 2.9.1, 2.7.
import type { Assignment, Part, Redirect, SimpleCommand, Span, Word } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { skipBlanks, skipLines } from './layout.ts';
import { isMeta, literalOf, readParts, readWord } from './words.ts';

/** Commands whose arguments are assignments where they look like one. */
const DECLARING = new Set(['export', 'readonly', 'local', 'declare', 'typeset']);

const ASSIGNMENT = /([A-Za-z_][A-Za-z0-9_]*)(\[[^\]\s]*\])?(\+?)=/y;

/** A simple command at the cursor; undefined if nothing of one is there. */
export function readSimple(cursor: Cursor): SimpleCommand | undefined {
  const start = cursor.position;
  let end = start;
  const assignments: Assignment[] = [];
  const words: Word[] = [];
  const redirects: Redirect[] = [];
  const argumentAssignments = new Map<number, Assignment>();
  let declaring = false;
  for (;;) {
    skipBlanks(cursor);
    const redirect = readRedirect(cursor);
    if (redirect !== undefined) redirects.push(redirect);
    else {
      const assignment = words.length === 0 || declaring ? readAssignment(cursor) : undefined;
      if (assignment !== undefined && words.length === 0) assignments.push(assignment);
      else if (assignment !== undefined) {
        argumentAssignments.set(words.length, assignment);
        words.push(assignmentWord(assignment));
      } else {
        const word = readWord(cursor);
        if (word === undefined) break;
        if (words.length === 0) declaring = DECLARING.has(literalOf(word) ?? '');
        words.push(word);
      }
    }
    end = cursor.position;
  }
  if (end === start) return undefined;
  return { kind: 'simple', start, end, assignments, words, redirects, argumentAssignments };
}

function assignmentWord(assignment: Assignment): Word {
  const { start, end, name, value } = assignment;
  const text = `${name}${assignment.index === undefined ? '' : `[${assignment.index}]`}${assignment.append ? '+=' : '='}`;
  const head: Part = { kind: 'literal', start, end: start + text.length, text };
  return { start, end, parts: [head, ...(value?.parts ?? [])] };
}

function readAssignment(cursor: Cursor): Assignment | undefined {
  ASSIGNMENT.lastIndex = cursor.position;
  const match = ASSIGNMENT.exec(cursor.text);
  if (match === null || match.index + match[0].length > cursor.end) return undefined;
  const start = cursor.position;
  const name = match[1] ?? '';
  cursor.position += match[0].length;
  const base = {
    start,
    name,
    nameSpan: { start, end: start + name.length },
    append: match[3] === '+',
    ...(match[2] === undefined ? {} : { index: match[2].slice(1, -1) }),
  };
  if (cursor.peek() === '(') return { ...base, array: readArray(cursor), end: cursor.position };
  const value = readWord(cursor);
  return { ...base, ...(value === undefined ? {} : { value }), end: cursor.position };
}

function readArray(cursor: Cursor): Word[] {
  const open = cursor.position;
  cursor.position += 1;
  const words: Word[] = [];
  for (;;) {
    skipLines(cursor);
    const word = readWord(cursor);
    if (word === undefined) break;
    words.push(word);
  }
  if (cursor.peek() === ')') cursor.position += 1;
  else cursor.fail('this parenthesis is never closed', open, open + 1);
  return words;
}

const REDIRECT = /(\d+|\{[A-Za-z_][A-Za-z0-9_]*\})?(<<<|<<-|<<|<&|<>|<|>>|>&|>\||>)/y;
const REDIRECT_BOTH = /(&>>|&>)/y;

/** A redirection at the cursor, with its target. */
function readRedirect(cursor: Cursor): Redirect | undefined {
  const start = cursor.position;
  const both = matchAt(REDIRECT_BOTH, cursor);
  const match = both ?? matchAt(REDIRECT, cursor);
  if (match === undefined) return undefined;
  const descriptor = both === undefined ? (match[1] ?? '') : '';
  const operator = (both === undefined ? match[2] : match[1]) ?? '';
  // `<(…)` at the start of a word is a process substitution.
  if (descriptor === '' && (operator === '<' || operator === '>') && cursor.peek(1) === '(') return undefined;
  cursor.position += match[0].length;
  cursor.operators.push({ start, end: cursor.position });
  skipBlanks(cursor);
  const target = operator === '<&' || operator === '>&' ? readDescriptorTarget(cursor) : readWord(cursor);
  if (target === undefined) {
    cursor.fail(`a file is missing after ${operator}`, start, start + match[0].length);
    return { start, end: start + match[0].length, operator, descriptor };
  }
  if (operator === '<<' || operator === '<<-')
    return readHeredoc(cursor, { start, end: cursor.position }, operator, descriptor, target);
  return { start, end: cursor.position, operator, descriptor, target };
}

/** The `2` or `-` of `>&2`: `>&-` ends at the dash. */
function readDescriptorTarget(cursor: Cursor): Word | undefined {
  if (cursor.peek() !== '-' || !isMeta(cursor.peek(1))) return readWord(cursor);
  const start = cursor.position;
  cursor.position += 1;
  return { start, end: cursor.position, parts: [{ kind: 'literal', start, end: cursor.position, text: '-' }] };
}

function matchAt(pattern: RegExp, cursor: Cursor): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.position;
  const match = pattern.exec(cursor.text);
  return match === null || match.index + match[0].length > cursor.end ? undefined : match;
}

function readHeredoc(cursor: Cursor, span: Span, operator: string, descriptor: string, target: Word): Redirect {
  const quoted =
    target.parts.some((part) => part.kind !== 'literal') || cursor.slice(target.start, target.end).includes('\\');
  const delimiter = literalOf(target) ?? cursor.slice(target.start, target.end);
  const redirect: Redirect & { heredoc?: Redirect['heredoc'] } = { ...span, operator, descriptor, target };
  cursor.heredocs.push({
    delimiter,
    quoted,
    stripTabs: operator === '<<-',
    done: (body, parts) => Object.assign(redirect, { heredoc: { body, quoted, parts } }),
  });
  return redirect;
}

/** Redirections behind a compound command. */
export function readRedirects(cursor: Cursor): Redirect[] {
  const redirects: Redirect[] = [];
  for (;;) {
    const before = cursor.position;
    skipBlanks(cursor);
    const redirect = readRedirect(cursor);
    if (redirect === undefined) {
      cursor.position = before;
      return redirects;
    }
    redirects.push(redirect);
  }
}

/** Parts of a case pattern up to `|` or `)`. */
export function readPattern(cursor: Cursor): Word | undefined {
  const start = cursor.position;
  const parts = readParts(cursor, 'pattern');
  return cursor.position === start ? undefined : { start, end: cursor.position, parts };
}
