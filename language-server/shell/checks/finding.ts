// What the checks of shell scripts find. Codes are ShellCheck's, so that people know them; texts are our own.
import type { Span } from '../ast.ts';

/** The languages that the checks tell apart. */
export type ShellDialect = 'sh' | 'dash' | 'busybox' | 'bash' | 'ksh';

interface ShellEdit extends Span {
  readonly text: string;
}

export interface ShellFix {
  readonly title: string;
  readonly edits: readonly ShellEdit[];
  readonly safe: boolean;
}

export interface ShellFinding extends Span {
  readonly code: string;
  readonly message: string;
  readonly fix?: ShellFix;
  /** The variable that the finding is about: one that is known to be harmless may be left out. */
  readonly variable?: string;
}

export type Say = (
  code: string,
  span: Span,
  message: string,
  extra?: { readonly fix?: ShellFix; readonly variable?: string },
) => void;

/** A fix that puts `before` and `after` around a stretch. */
export function surround(title: string, span: Span, before: string, after: string, safe = true): ShellFix {
  return {
    title,
    safe,
    edits: [
      { start: span.start, end: span.start, text: before },
      { start: span.end, end: span.end, text: after },
    ],
  };
}

/** A fix that replaces a stretch. */
export function replacement(title: string, span: Span, text: string, safe = true): ShellFix {
  return { title, safe, edits: [{ start: span.start, end: span.end, text }] };
}
