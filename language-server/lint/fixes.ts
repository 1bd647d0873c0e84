// Helpers that make fixes.
import type { Span } from '../../runtime/dockerfile/ast.ts';
import type { Edit, Fix } from './problem.ts';

/** A fix that replaces one stretch. */
export function replaceFix(title: string, range: Span, newText: string, safe = true): Fix {
  return { title, edits: [{ range, newText }], safe };
}

/** A fix that puts text in at one place. */
export function insertFix(title: string, at: number, newText: string, safe = true): Fix {
  return { title, edits: [{ range: { start: at, end: at }, newText }], safe };
}

/** A fix of several edits. */
export function editsFix(title: string, edits: readonly Edit[], safe = true): Fix {
  return { title, edits, safe };
}

/** The part of a word from which `offset` and `length` count, in the instruction; the whole word if it is written over lines. */
export function within(span: Span, raw: string, offset: number, length: number): Span {
  if (span.end - span.start !== raw.length) return span;
  return { start: span.start + offset, end: span.start + offset + length };
}
