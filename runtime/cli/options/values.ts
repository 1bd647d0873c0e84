// Small readings of option values that several commands share.
import { readFileSync } from 'node:fs';
import { FlagError, UsageError } from '../parse.ts';

/** `name=value` pairs; a name alone gets the empty value. */
export function toMap(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** Filters as the protocol takes them. Throws `UsageError` for one without `=`. */
export function toFilters(values: readonly string[]): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  for (const value of values) {
    const equals = value.indexOf('=');
    if (equals < 0)
      throw new FlagError(
        `invalid argument "${value}" for "-f, --filter" flag: bad format of filter (expected name=value)`,
      );
    const name = value.slice(0, equals).trim().toLowerCase();
    filters[name] = [...(filters[name] ?? []), value.slice(equals + 1).trim()];
  }
  return filters;
}

/** Lines of a file without comments and empty ones. */
function fileLines(path: string, what: string): string[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`open ${path}: no such file or directory (${what})`);
  }
  return content
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** -e and --env-file: `NAME=value`, or `NAME` taken from our own environment (left away if it is not there). */
export function environmentOf(
  files: readonly string[],
  values: readonly string[],
  environment: NodeJS.ProcessEnv,
): string[] {
  const resolve = (entry: string): string[] => {
    if (entry.includes('=')) return [entry];
    const value = environment[entry];
    return value === undefined ? [] : [`${entry}=${value}`];
  };
  for (const value of values)
    if (value === '' || value.startsWith('=')) throw new UsageError(`invalid environment variable: ${value}`);
  const fromFiles = files.flatMap((path) => fileLines(path, '--env-file'));
  const wrong = fromFiles.find((line) => /^\S*\s/.test(line.split('=', 1)[0] ?? ''));
  if (wrong !== undefined) throw new UsageError(`variable '${wrong.split('=', 1)[0]}' contains whitespaces`);
  return [...fromFiles, ...values].flatMap(resolve);
}

export function labelsOf(files: readonly string[], values: readonly string[]): Record<string, string> {
  return toMap([...files.flatMap((path) => fileLines(path, '--label-file')), ...values]);
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's duration in nanoseconds. Throws `UsageError`. */
export function parseDuration(text: string, option: string): number {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text))
    throw new UsageError(`invalid argument "${text}" for "${option}" flag: time: invalid duration "${text}"`);
  let nanoseconds = 0;
  for (const [, number = '0', unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    nanoseconds += Number(number) * (units[unit] ?? 0);
  return Math.round(nanoseconds);
}

/** `nofile=1024:2048` */
export function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^(\w+)=(-?\d+|unlimited)(?::(-?\d+|unlimited))?$/.exec(text);
  if (match === null) throw new UsageError(`invalid ulimit argument: ${text}`);
  const value = (word: string) => (word === 'unlimited' ? -1 : Number(word));
  const [, name = '', soft = '0', hard = soft] = match;
  return { Name: name, Soft: value(soft), Hard: value(hard) };
}

/** `/dev/sda:10m` */
export function parseThrottle(text: string, size: (value: string) => number): { Path: string; Rate: number } {
  const colon = text.lastIndexOf(':');
  if (colon <= 0 || !text.startsWith('/dev/')) throw new UsageError(`bad format for device path: ${text}`);
  return { Path: text.slice(0, colon), Rate: size(text.slice(colon + 1)) };
}

/** `/dev/x[:/dev/y[:rwm]]` */
export function parseDevice(text: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const parts = text.split(':');
  if (parts.length > 3 || parts[0] === '') throw new UsageError(`invalid device specification: ${text}`);
  const [host = '', second, third] = parts;
  const isMode = (word: string | undefined) => word !== undefined && /^[rwm]{1,3}$/.test(word);
  if (third !== undefined && !isMode(third)) throw new UsageError(`invalid device mode: ${third}`);
  const inside = second === undefined || (third === undefined && isMode(second)) ? host : second;
  return {
    PathOnHost: host,
    PathInContainer: inside,
    CgroupPermissions: third ?? (isMode(second) ? (second ?? 'rwm') : 'rwm'),
  };
}

/** `--device vendor.com/class=name`: a CDI device, not a path. */
export function isCdiDevice(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_.-]*\/[A-Za-z][A-Za-z0-9_-]*=[A-Za-z0-9][A-Za-z0-9_.:-]*$/.test(text);
}

interface GpuRequest {
  Driver: string;
  Count: number;
  DeviceIDs?: string[];
  Capabilities: string[][];
  Options: Record<string, string>;
}

/** `--gpus all`, `2`, `device=0`, `"device=0,1"`, `driver=nvidia,count=2,"capabilities=compute,utility"`. */
export function parseGpus(text: string): GpuRequest {
  const request: GpuRequest = { Driver: '', Count: 0, Capabilities: [['gpu']], Options: {} };
  const count = (word: string) => {
    if (word !== 'all' && !/^-?\d+$/.test(word)) throw new UsageError(`count (${word}) must be "all" or an integer`);
    request.Count = word === 'all' ? -1 : Number(word);
  };
  const seen = new Set<string>();
  for (const [, quoted, plain = ''] of text.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)) {
    const field = quoted ?? plain;
    const [key = '', ...rest] = field.includes('=') ? field.split('=') : ['count', field];
    const value = rest.join('=');
    if (seen.has(key)) throw new UsageError(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    if (key === 'count') count(value);
    else if (key === 'driver') request.Driver = value;
    else if (key === 'device') request.DeviceIDs = value.split(',');
    else if (key === 'capabilities') request.Capabilities = [[...value.split(','), 'gpu']];
    else if (key === 'options')
      request.Options = Object.fromEntries(value.split(',').map((pair) => [...pair.split('='), ''].slice(0, 2)));
    else throw new UsageError(`unexpected key '${key}' in '${field}'`);
  }
  if (request.Count === 0 && request.DeviceIDs === undefined) request.Count = 1;
  return request;
}
