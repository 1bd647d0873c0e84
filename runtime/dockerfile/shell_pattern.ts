// The patterns of ${name#pattern}, ${name%pattern} and ${name/pattern/replacement}: `*`, `?` and escapes, as BuildKit reads them.
// Matched by following all states at once: time grows with value times pattern, whatever the pattern is.

type Token = { readonly kind: 'any' | 'one' } | { readonly kind: 'literal'; readonly character: string };

/** Thrown for a pattern that BuildKit refuses. */
export class PatternError extends Error {}

function tokens(pattern: string): Token[] {
  const characters = [...pattern];
  const result: Token[] = [];
  for (let i = 0; i < characters.length; i += 1) {
    const character = characters[i] ?? '';
    if (character === '*') {
      if (result.at(-1)?.kind !== 'any') result.push({ kind: 'any' });
    } else if (character === '?') {
      result.push({ kind: 'one' });
    } else if (character !== '\\') {
      result.push({ kind: 'literal', character });
    } else {
      const next = characters[i + 1];
      // `}` and `/` are escaped for the sake of ${…}, not of the pattern.
      if (next === '}' || next === '/') continue;
      if (next !== '*' && next !== '?' && next !== '\\') throw new PatternError(`invalid escape '\\${next ?? ''}'`);
      result.push({ kind: 'literal', character: next });
      i += 1;
    }
  }
  return result;
}

/** The length of the match that begins at `from`: the longest or the shortest one; -1 when there is none. */
function matchAt(pattern: readonly Token[], value: readonly string[], from: number, longest: boolean): number {
  let states = closure(pattern, new Set([0]));
  let found = -1;
  for (let i = from; ; i += 1) {
    if (states.has(pattern.length)) {
      found = i - from;
      if (!longest) return found;
    }
    const character = value[i];
    if (character === undefined || states.size === 0) return found;
    const next = new Set<number>();
    for (const state of states) {
      const token = pattern[state];
      if (token === undefined) continue;
      if (token.kind === 'literal' ? token.character === character : character !== '\n') {
        next.add(token.kind === 'any' ? state : state + 1);
      }
    }
    states = closure(pattern, next);
  }
}

function closure(pattern: readonly Token[], states: Set<number>): Set<number> {
  for (const state of states) if (pattern[state]?.kind === 'any') states.add(state + 1);
  return states;
}

/** `${value#pattern}`; `##` when `longest`. */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  const characters = [...value];
  const length = matchAt(tokens(pattern), characters, 0, longest);
  return length > 0 ? characters.slice(length).join('') : value;
}

/** `${value%pattern}`; `%%` when `longest`. */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  const characters = [...value].reverse();
  const length = matchAt(tokens(pattern).reverse(), characters, 0, longest);
  return length > 0 ? characters.slice(length).reverse().join('') : value;
}

/** `${value/pattern/replacement}`; `//` when `all`. */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean): string {
  const parsed = tokens(pattern);
  const characters = [...value];
  let result = '';
  let at = 0;
  while (at <= characters.length) {
    const length = matchAt(parsed, characters, at, true);
    if (length < 0) {
      // A leading `*` that failed here fails up to the next line too.
      const newline = parsed[0]?.kind === 'any' ? characters.indexOf('\n', at) : at;
      const next = newline < 0 ? characters.length : newline + 1;
      result += characters.slice(at, next).join('');
      at = Math.max(next, at + 1);
      continue;
    }
    result += replacement;
    // An empty match goes before the next character; one directly behind a match is none (as in Go's ReplaceAllString).
    if (length === 0) result += characters[at] ?? '';
    at += Math.max(length, 1);
    if (!all || (length > 0 && at === characters.length)) break;
  }
  return result + characters.slice(at).join('');
}
