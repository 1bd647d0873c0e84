// .dockerignore: its lines, and Docker's own way of matching paths against them (github.com/moby/patternmatcher).

/** A line that says something. Offsets are in the text of the file. */
export interface IgnorePattern {
  /** Cleaned as Docker cleans it, without `!`. */
  readonly pattern: string;
  /** `!pattern`: what matches is let in again. */
  readonly exclusion: boolean;
  readonly start: number;
  readonly end: number;
  /** Zero-based. */
  readonly line: number;
}

interface IgnoreProblem {
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

export interface IgnoreFile {
  readonly patterns: readonly IgnorePattern[];
  /** Lines for which Docker refuses the whole file. They are not among the patterns. */
  readonly problems: readonly IgnoreProblem[];
}

/** Reads a .dockerignore file. Never throws. */
export function parseDockerignore(text: string): IgnoreFile {
  const patterns: IgnorePattern[] = [];
  const problems: IgnoreProblem[] = [];
  let offset = 0;
  for (const [line, raw] of text.split('\n').entries()) {
    const lineStart = offset;
    offset += raw.length + 1;
    const content = line === 0 ? raw.replace(/^\ufeff/, '') : raw;
    if (content.startsWith('#') || content.trim() === '') continue;
    const start = lineStart + raw.length - content.trimStart().length;
    const range = { start, end: start + content.trim().length };
    const exclusion = content.trim().startsWith('!');
    const pattern = cleanPattern(exclusion ? content.trim().slice(1).trim() : content.trim());
    if (pattern === '') problems.push({ message: 'illegal exclusion pattern: "!"', ...range });
    else if (!isValidPattern(pattern)) problems.push({ message: 'syntax error in pattern', ...range });
    else patterns.push({ pattern, exclusion, ...range, line });
  }
  return { patterns, problems };
}

function cleanPattern(pattern: string): string {
  if (pattern === '') return '';
  const cleaned = cleanPath(pattern);
  return cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned;
}

/** Go's filepath.Clean for slashes. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !rooted) parts.push(part);
  }
  const joined = parts.join('/');
  return rooted ? `/${joined}` : joined || '.';
}

/** Whether Go's filepath.Match takes the pattern. */
function isValidPattern(pattern: string): boolean {
  let i = 0;
  while (i < pattern.length) {
    if (pattern[i] === '\\') {
      if (i + 1 >= pattern.length) return false;
      i += 2;
    } else if (pattern[i] === '[') {
      const end = classEnd(pattern, i);
      if (end < 0) return false;
      i = end;
    } else i += 1;
  }
  return true;
}

/** The offset behind the character class that begins at `from`, or -1 when it is malformed. */
function classEnd(pattern: string, from: number): number {
  let i = from + 1;
  if (pattern[i] === '^') i += 1;
  for (let count = 0; ; count += 1) {
    if (pattern[i] === ']' && count > 0) return i + 1;
    i = classCharacterEnd(pattern, i);
    if (i < 0) return -1;
    if (pattern[i] !== '-') continue;
    i = classCharacterEnd(pattern, i + 1);
    if (i < 0) return -1;
  }
}

function classCharacterEnd(pattern: string, at: number): number {
  const character = pattern[at];
  if (character === undefined || character === '-' || character === ']') return -1;
  if (character !== '\\') return at + 1;
  return at + 1 < pattern.length ? at + 2 : -1;
}

type Test = (path: string) => boolean;

/** What one pattern accepts, without regard to parents. */
export function compilePattern(pattern: string): Test {
  let source = '^';
  let plain = true;
  let leading = false;
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern[i] ?? '';
    if (character === '*' && pattern[i + 1] === '*') {
      leading = i === 0;
      i += 1;
      // `**/` is `**`.
      if (pattern[i + 1] === '/') i += 1;
      const last = i + 1 >= pattern.length;
      if (last && plain) return (path) => path.startsWith(pattern.slice(0, -2));
      source += last ? '.*' : '(.*/)?';
      plain = false;
    } else if (character === '*' || character === '?') {
      source += character === '*' ? '[^/]*' : '[^/]';
      plain = leading = false;
    } else if (character === '\\') {
      i += 1;
      source += `\\${pattern[i] ?? '\\'}`;
      plain = leading = false;
    } else if (character === '[' || character === ']') {
      source += character;
      plain = leading = false;
    } else source += '.+()|{}$'.includes(character) ? `\\${character}` : character;
  }
  if (plain) return (path) => path === pattern;
  if (leading) return suffixTest(pattern.slice(2));
  try {
    const expression = new RegExp(`${source}$`, 's');
    return (path) => expression.test(path);
  } catch {
    return () => false;
  }
}

/** `**suffix`; `**` before `/name` takes `name` itself too. */
function suffixTest(suffix: string): Test {
  return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
}

/** For every pattern, whether it took the directory: handed down while a tree is walked. */
export type ParentMatches = readonly boolean[];

export class IgnoreMatcher {
  readonly patterns: readonly IgnorePattern[];
  readonly #tests: readonly Test[];

  constructor(patterns: readonly IgnorePattern[]) {
    this.patterns = patterns;
    this.#tests = patterns.map(({ pattern }) => compilePattern(pattern));
  }

  /** Whether the path (relative to the context, with slashes) is ignored. The context itself never is. */
  ignores(path: string): boolean {
    const decisive = this.decisive(path);
    return decisive !== undefined && !decisive.exclusion;
  }

  /**
   * The pattern that has the last word about the path, or undefined when none speaks of it. Decided as BuildKit's walk
   * decides: from the top down, each directory handing on which patterns took it.
   */
  decisive(path: string): IgnorePattern | undefined {
    const cleaned = cleanPath(path).replace(/^\//, '');
    if (cleaned === '.' || cleaned === '') return undefined;
    let matches: ParentMatches | undefined;
    for (const candidate of withParents(cleaned)) ({ matches } = this.walk(candidate, matches));
    return this.patterns[matches?.lastIndexOf(true) ?? -1];
  }

  /** Whether an entry is ignored, given what is known of its directory: each pattern is tried once for each entry. */
  walk(path: string, parent: ParentMatches | undefined): { ignored: boolean; matches: ParentMatches } {
    const matches: boolean[] = [];
    let ignored = false;
    for (const [i, pattern] of this.patterns.entries()) {
      // A pattern that would change nothing is not tried.
      const match = parent?.[i] === true || (pattern.exclusion === ignored && this.#tests[i]?.(path) === true);
      matches.push(match);
      if (match) ignored = !pattern.exclusion;
    }
    return { ignored, matches };
  }

  /** Whether something below an ignored directory may be let in again, so that a walk must look into it. */
  mayLetInBelow(directory: string): boolean {
    const prefix = `${directory}/`;
    return this.patterns.some(({ pattern, exclusion }) => {
      if (!exclusion) return false;
      const literal = /^[^*?[\\]*/.exec(pattern)?.[0] ?? '';
      return literal === pattern
        ? pattern.startsWith(prefix)
        : literal.startsWith(prefix) || prefix.startsWith(literal);
    });
  }
}

/** `a`, `a/b`, `a/b/c` for `a/b/c`. */
function withParents(path: string): string[] {
  const paths: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) paths.push(path.slice(0, at));
  paths.push(path);
  return paths;
}
