// Makes two answers comparable and says how they differ: status, headers that clients read, the shape of JSON (its keys and the
// types of its values), the wording of errors, the bytes of streams, the entries of archives.
import { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import type { Answer } from '../../support/docker_http.ts';
import { collect } from '../../support/slipway.ts';

/** A type's name, a list's common shape, or an object's keys. */
type Shape = string | { readonly list: Shape | undefined } | { readonly keys: ReadonlyMap<string, Shape> };

export interface Seen {
  /** What is compared word by word. */
  readonly words: Readonly<Record<string, string>>;
  readonly shape: Shape | undefined;
  /** JSON, one value per line. */
  readonly lines: readonly unknown[];
}

/** What ids, times, addresses, the order of Go's maps and the machine's way to the world are by chance. */
function normalise(text: string): string {
  return text
    .replace(/(?<=to network endpoints: ).*/, (names) => names.split(', ').sort().join(', '))
    .replace(/\/tmp\/(swd-|slipway-engine-)\w+\/\S*/g, 'PATH')
    .replace(/(Get "https:\/\/index\.docker\.io[^"]*": ).*/, '$1NOT REACHED')
    .replace(/[\d.]+, as there are only \d+ CPUs/g, 'N, as there are only N CPUs')
    .replace(/\b[0-9a-f]{64}\b/g, 'ID')
    .replace(/\b[0-9a-f]{12}\b/g, 'ID')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, 'TIME')
    .replace(/(\b\d+\.\d+\.\d+\.\d+|::(?=:\d))(:\d+)?\b/g, 'ADDRESS');
}

/** How ours differs from dockerd's: each difference in a line, `dockerd ≠ ours`. */
export function differences(theirs: Seen, ours: Seen): string[] {
  const names = new Set([...Object.keys(theirs.words), ...Object.keys(ours.words)]);
  const words = [...names]
    .filter((name) => theirs.words[name] !== ours.words[name])
    .map((name) => `${name}: ${show(theirs.words[name])} ≠ ${show(ours.words[name])}`);
  // Another status is another answer: its body is another one too.
  if (theirs.words['status'] !== ours.words['status']) return words.filter((line) => /^(status|message):/.test(line));
  return [...words, ...shapeDifferences(theirs.shape, ours.shape, '')];
}

function show(word: string | undefined): string {
  return word === undefined ? 'none' : JSON.stringify(word);
}

/** Reads an answer to its end. */
export async function see(answer: Answer, request: string): Promise<Seen> {
  const body = await answer.body;
  const type = answer.headers['content-type'];
  const stat = answer.headers['x-docker-container-path-stat'];
  const words: Record<string, string> = { status: String(answer.status) };
  if (type !== undefined) words['type'] = type;
  if (typeof stat === 'string') words['path stat'] = pathStat(stat);
  if (type === 'application/x-tar' || type === 'application/octet-stream')
    return { words: { ...words, ...(await entries(body, request)) }, shape: undefined, lines: [] };
  if (type !== 'application/json')
    return { words: { ...words, ...(await streams(body)) }, shape: undefined, lines: [] };
  const lines = body.toString().trim().split('\n').filter(Boolean).map(parse);
  const isList = /^(POST \/(build|images\/create|images\/load)\b|POST .*\/push\b|GET \/events)/.test(request);
  for (const line of lines) {
    const error = messageOf(line);
    if (error !== undefined) words['message'] = normalise(error);
  }
  return { words, shape: isList && answer.status < 300 ? shapeOf(lines) : shapeOf(lines[0]), lines };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = 'message' in value ? value.message : 'error' in value ? value.error : undefined;
  return typeof found === 'string' ? found : undefined;
}

function pathStat(header: string): string {
  const { mtime: _time, ...stat } = JSON.parse(Buffer.from(header, 'base64').toString()) as Record<string, unknown>;
  return JSON.stringify(stat);
}

/** Docker's frames parted; bytes that are none as they are. */
async function streams(body: Buffer): Promise<Record<string, string>> {
  if (body.length === 0) return {};
  const isFramed = body[0] !== undefined && body[0] <= 2 && body.subarray(1, 4).equals(Buffer.alloc(3));
  if (!isFramed) return { raw: normalise(body.toString()) };
  const { stdout, stderr } = await collect(Readable.from([body]));
  return { output: normalise(stdout), errors: normalise(stderr) };
}

/** What an archive holds. Of images' archives only that they are some: their layout has changed with Docker 25. */
function entries(body: Buffer, request: string): Promise<Record<string, string>> {
  if (request.startsWith('GET /images')) return Promise.resolve({});
  const list: string[] = [];
  const reader = extract();
  reader.on('entry', ({ name, type, mode, uid, linkname }: Header, stream, next) => {
    list.push(`${name} ${type} ${((mode ?? 0) & 0o7777).toString(8)} ${uid} ${linkname ?? ''}`.trim());
    stream.on('end', next).resume();
  });
  return new Promise((resolve, reject) => {
    reader.on('finish', () => resolve({ entries: list.sort().join(', ') })).on('error', reject);
    reader.end(body);
  });
}

/** Figures whose names are the kernel's, by its version and that of its cgroups. */
const kernels = new Set(['blkio_stats', 'memory_stats']);

function shapeOf(value: unknown): Shape {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return { list: value.map(shapeOf).reduce<Shape | undefined>(merge, undefined) };
  if (typeof value !== 'object') return typeof value;
  return {
    keys: new Map(
      Object.entries(value).map(([key, field]) => [normalise(key), kernels.has(key) ? 'object' : shapeOf(field)]),
    ),
  };
}

/** A list's elements have the keys of all of them. */
function merge(a: Shape | undefined, b: Shape): Shape {
  if (a === undefined || a === 'null') return b;
  if (typeof a === 'string' || typeof b === 'string') return a;
  if ('list' in a || 'list' in b) return 'list' in a && a.list !== undefined ? a : b;
  return {
    keys: new Map([...b.keys, ...[...a.keys].map(([key, of]) => [key, merge(of, b.keys.get(key) ?? of)] as const)]),
  };
}

function shapeDifferences(theirs: Shape | undefined, ours: Shape | undefined, at: string): string[] {
  if (theirs === undefined || ours === undefined) return [];
  if (typeof theirs === 'object' && typeof ours === 'object') {
    if ('list' in theirs && 'list' in ours) return shapeDifferences(theirs.list, ours.list, `${at}[]`);
    if ('keys' in theirs && 'keys' in ours) {
      const lacking = [...theirs.keys.keys()].filter((key) => !ours.keys.has(key));
      const more = [...ours.keys.keys()].filter((key) => !theirs.keys.has(key));
      const common = [...theirs.keys].filter(([key]) => ours.keys.has(key));
      return [
        ...lacking.map((key) => `-${at}.${key}`),
        ...more.map((key) => `+${at}.${key}`),
        ...common.flatMap(([key, of]) => shapeDifferences(of, ours.keys.get(key), `${at}.${key}`)),
      ];
    }
  }
  const [left, right] = [kind(theirs), kind(ours)];
  return left === right ? [] : [`${at}: ${left} ≠ ${right}`];
}

function kind(shape: Shape): string {
  return typeof shape === 'string' ? shape : 'list' in shape ? 'list' : 'object';
}
