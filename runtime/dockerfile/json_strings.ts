// The exec form: a JSON array of strings, each with its place.

export interface PlacedString {
  readonly value: string;
  /** Offsets in the text, quotes included. */
  readonly start: number;
  readonly end: number;
}

/**
 * Reads `text.slice(from, to)` as BuildKit does: `undefined` when it is no JSON array (then the shell form is meant),
 * 'mixed' when it is one but has elements that are no strings.
 */
export function parseJsonStrings(text: string, from: number, to: number): PlacedString[] | 'mixed' | undefined {
  if (text.charCodeAt(from) !== 0x5b || text.lastIndexOf(']', to - 1) < from) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.slice(from, to));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const result: PlacedString[] = [];
  let at = from + 1;
  for (const value of parsed) {
    if (typeof value !== 'string') return 'mixed';
    const start = text.indexOf('"', at);
    let end = start + 1;
    while (end < to && text.charCodeAt(end) !== 0x22) end += text.charCodeAt(end) === 0x5c ? 2 : 1;
    result.push({ value, start, end: end + 1 });
    at = end + 1;
  }
  return result;
}
