// Walking file trees for COPY, ADD and bind mounts: entries in a fixed order, .dockerignore respected, content known by digest.
import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { IgnoreMatcher, ParentMatches } from '../dockerfile/dockerignore.ts';
import { attributesOf } from '../native/filesystem.ts';

export interface TreeEntry {
  /** Relative to the root that was walked, without a leading slash. */
  readonly path: string;
  readonly absolute: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'fifo';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly mtime: number;
  /** When content or attributes changed last, in milliseconds since the epoch. */
  readonly changed: number;
  /** Changes whenever the content may have changed: device, inode, size and times. */
  readonly fingerprint: string;
  readonly link?: string;
  /** The same for all names of one file, where it has several. */
  readonly inode?: string;
}

/** Entries read before other work gets its turn. */
const batch = 500;

/** One entry; `undefined` where there is nothing, or something that can't be copied (a socket, a device). */
export function readEntry(root: string, path: string): TreeEntry | undefined {
  const absolute = join(root, path);
  const stat = statusOf(absolute);
  if (stat === undefined) return undefined;
  const kind = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'symlink'
        : stat.isFIFO()
          ? 'fifo'
          : undefined;
  if (kind === undefined) return undefined;
  return {
    path,
    absolute,
    kind,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: kind === 'file' ? Number(stat.size) : 0,
    mtime: Number(stat.mtimeMs),
    changed: Number(stat.ctimeMs),
    fingerprint: `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`,
    ...(kind === 'symlink' ? { link: readlinkSync(absolute) } : {}),
    ...(kind === 'file' && stat.nlink > 1n ? { inode: `${stat.dev}:${stat.ino}` } : {}),
  };
}

function statusOf(path: string) {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // Below a file there is nothing either.
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Everything below a directory, parents first, names in byte order; links are not followed.
 * @param onEntered told each directory that is read, ignored ones with something let in below among them
 */
export async function* walkTree(
  root: string,
  start: string,
  ignore?: IgnoreMatcher,
  onEntered: (directory: string) => void = () => {},
): AsyncGenerator<TreeEntry> {
  let count = 0;
  function* visit(directory: string, parent: ParentMatches | undefined): Generator<TreeEntry> {
    onEntered(directory);
    for (const name of readdirSync(join(root, directory)).sort()) {
      const path = directory === '' ? name : `${directory}/${name}`;
      const verdict = ignore?.walk(path, parent);
      const mayLetIn = verdict?.ignored === true && ignore?.mayLetInBelow(path) === true;
      if (verdict?.ignored === true && !mayLetIn) continue;
      const entry = readEntry(root, path);
      if (entry === undefined) continue;
      if (verdict?.ignored !== true) yield entry;
      if (entry.kind === 'directory') yield* visit(path, verdict?.matches);
    }
  }
  for (const entry of visit(start, parentMatches(start, ignore))) {
    yield entry;
    count += 1;
    if (count % batch === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function parentMatches(start: string, ignore: IgnoreMatcher | undefined): ParentMatches | undefined {
  let matches: ParentMatches | undefined;
  let path = '';
  for (const part of start.split('/').filter(Boolean)) {
    path = path === '' ? part : `${path}/${part}`;
    matches = ignore?.walk(path, matches).matches;
  }
  return matches;
}

/**
 * Whether a next change will show in a file's status. Times come in ticks (of 10 ms at most, of two seconds on old file systems):
 * what changed in the tick in which it is looked at may change again, and have the same time and size.
 */
export function isSettled(changed: number, isCoarse: boolean, now: number): boolean {
  return changed + (isCoarse ? 2500 : 100) < now;
}

/** Digests of files by what the kernel says of them: a file is read again only when it may have changed. */
export class FileDigests {
  readonly #known = new Map<string, string>();

  constructor(known: Iterable<readonly [string, string]> = []) {
    for (const [fingerprint, digest] of known) this.#known.set(fingerprint, digest);
  }

  async digest(entry: TreeEntry): Promise<string> {
    if (entry.kind === 'symlink') return `link:${entry.link ?? ''}`;
    if (entry.kind === 'fifo') return entry.kind;
    if (entry.kind === 'directory') {
      const attributes = keptAttributes(entry);
      return attributes === undefined ? entry.kind : `${entry.kind} ${JSON.stringify(Object.entries(attributes))}`;
    }
    const known = this.#known.get(entry.fingerprint);
    if (known !== undefined) return known;
    const begun = Date.now();
    const digest = await hashFile(entry);
    if (isSettled(entry.changed, entry.changed % 10 === 0, begun)) this.#known.set(entry.fingerprint, digest);
    return digest;
  }
}

/** Small files in one go: a stream for each costs more than reading it. */
const smallFile = 256 << 10;

async function hashFile(entry: TreeEntry): Promise<string> {
  const hash = createHash('sha256');
  if (entry.size <= smallFile) hash.update(readFileSync(entry.absolute));
  else await pipeline(createReadStream(entry.absolute, { highWaterMark: 1 << 20 }), hash, { end: false });
  const attributes = keptAttributes(entry);
  if (attributes !== undefined) hash.update(JSON.stringify(Object.entries(attributes)));
  return hash.digest('hex');
}

/** Extended attributes that go with a file, in base64: all but those that say how this machine keeps it. */
export function keptAttributes({ absolute }: TreeEntry): Record<string, string> | undefined {
  const attributes = attributesOf(absolute);
  if (attributes === undefined) return undefined;
  const kept = Object.entries(attributes).filter(
    ([name]) => name !== 'security.selinux' && !/^(trusted|user)\.overlay\./.test(name),
  );
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
