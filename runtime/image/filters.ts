// Docker's filters for images and for what is pruned.
import { EngineError } from '../protocol/errors.ts';
import type { Filters } from '../protocol/method.ts';

/** Throws InvalidArgument for a filter that this list doesn't know. */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  const unknown = Object.keys(filters).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new EngineError('InvalidArgument', `invalid filter '${unknown}'; known are ${known.join(', ')}`);
}

/** `label=key`, `label=key=value`: all of them must match. `label!` values: none may. */
export function labelsMatch(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  const matches = (wanted: string) => {
    const equals = wanted.indexOf('=');
    if (equals < 0) return Object.hasOwn(labels, wanted);
    const key = wanted.slice(0, equals);
    return Object.hasOwn(labels, key) && labels[key] === wanted.slice(equals + 1);
  };
  return (filters.label ?? []).every(matches) && !(filters['label!'] ?? []).some(matches);
}

/** The boolean filter `name`; undefined where it isn't given. */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const value = filters[name]?.at(-1);
  if (value === undefined) return undefined;
  if (['1', 'true', 'True', 'TRUE', 't', 'T'].includes(value)) return true;
  if (['0', 'false', 'False', 'FALSE', 'f', 'F'].includes(value)) return false;
  throw new EngineError('InvalidArgument', `invalid filter '${name}=${value}'; use true or false`);
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `until`: a duration back from now (`24h`, `1h30m`), seconds since the epoch, or a date. Milliseconds since the epoch. */
export function untilFilter(filters: Filters, now: number): number | undefined {
  const text = filters.until?.at(-1);
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) {
    let back = 0;
    for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
      back += Number(count) * (units[unit] ?? 0);
    return now - back;
  }
  const date = Date.parse(text);
  if (Number.isNaN(date))
    throw new EngineError('InvalidArgument', `invalid filter 'until=${text}'; use a duration such as 24h, or a date`);
  return date;
}

/** Docker's reference patterns are path.Match's: `*` and `?` stay within one path component. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern.replace(/[.+^${}()|\\]|\*|\?/g, (char) =>
    char === '*' ? '[^/]*' : char === '?' ? '[^/]' : `\\${char}`,
  );
  try {
    return new RegExp(`^${source}$`).test(text);
  } catch {
    throw new EngineError('InvalidArgument', `invalid filter 'reference=${pattern}': the pattern is malformed`);
  }
}
