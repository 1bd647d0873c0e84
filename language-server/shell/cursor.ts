// Where the shell parser stands in its text. Words and commands contain each other, so the reader of words gets the reader
// of scripts through this state instead of importing it.
import type { AndOr, Part, Script, ShellError, Span } from './ast.ts';

/** Where parts of words are read: it decides which characters are special and where reading ends. */
export type Mode = 'word' | 'double' | 'heredoc' | 'argument' | 'quoted-argument' | 'pattern' | 'arithmetic';

/** A here-document whose body has not been reached yet. */
export interface PendingHeredoc {
  readonly delimiter: string;
  readonly quoted: boolean;
  readonly stripTabs: boolean;
  /** Takes the body once it has been read. */
  readonly done: (body: Span, parts: readonly Part[]) => void;
}

export class Cursor {
  readonly text: string;
  /** The parser never reads at or behind this offset; a substitution in backticks narrows it. */
  end: number;
  position: number;
  depth = 0;
  /** How many substitutions in backticks are open: inside them a backslash before a backtick or a dollar sign goes away. */
  backticks = 0;
  /** Behind the last `[` that nothing closes: until here no other `[` is closed either. */
  unclosedBracket = 0;
  readonly errors: ShellError[] = [];
  readonly comments: Span[] = [];
  readonly keywords: Span[] = [];
  readonly operators: Span[] = [];
  readonly heredocs: PendingHeredoc[] = [];
  /** What closes the scripts that are being read, the innermost last. */
  readonly closers: ReadonlySet<string>[] = [];
  /** Reads statements up to one of the closing words or characters, which is not consumed. */
  readonly readScript: (cursor: Cursor, closers: ReadonlySet<string>) => Script;

  constructor(text: string, readScript: (cursor: Cursor, closers: ReadonlySet<string>) => Script) {
    this.text = text;
    this.end = text.length;
    this.position = 0;
    this.readScript = readScript;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** The character at `position + ahead`, or '' at the end. */
  peek(ahead = 0): string {
    const at = this.position + ahead;
    return at < this.end ? (this.text[at] ?? '') : '';
  }

  startsWith(text: string): boolean {
    return this.position + text.length <= this.end && this.text.startsWith(text, this.position);
  }

  slice(start: number, end = this.position): string {
    return this.text.slice(start, end);
  }

  fail(message: string, start: number, end = Math.max(start + 1, this.position)): void {
    this.errors.push({ message, span: { start: Math.min(start, this.end), end: Math.min(end, this.end) } });
  }
}

/** Deeper nesting than any person writes: what is inside is skipped, so that hostile input cannot exhaust the stack. */
export const MAX_DEPTH = 200;

export function emptyScript(at: number): Script {
  return { start: at, end: at, statements: [] as AndOr[] };
}
