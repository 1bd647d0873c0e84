// COPY and ADD: writes the selected files into the new layer. The files travel as a tar into the native unpacker, which can't
// leave the root whatever links the image holds.
import { spawn } from 'node:child_process';
import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Header, pack } from 'tar-stream';
import { readUserFiles, resolveUser } from '../container/spec/user.ts';
import { compressionOf } from '../image/archive_source.ts';
import { type UnpackOptions, unpack, unpackStream } from '../native/archive.ts';
import { makeDirectoryInRoot, statInRoot } from '../native/filesystem.ts';
import { EngineError } from '../protocol/errors.ts';
import { applyMode } from './file_mode.ts';
import type { SelectedFile, Selection } from './selection.ts';
import type { CopyOperation } from './steps.ts';
import { keptAttributes, type TreeEntry } from './tree.ts';

export interface CopyTarget {
  /** The mounted root file system that is written to. */
  readonly root: string;
  /** Files of a stage or an image keep their owners; those of a context become root's. */
  readonly keepOwners: boolean;
  /** Seconds since the epoch: newer files get this time. */
  readonly clampTime: number | undefined;
  readonly signal: AbortSignal;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Where the files go, and whose they become. */
export interface Layout {
  readonly owner: Owner | undefined;
  /** The directory that they go into. */
  readonly base: string;
  /** The name that a lone file takes there. */
  readonly lone: string | undefined;
  /** To be unpacked. */
  readonly archives: readonly SelectedFile[];
  /** All others. */
  readonly plain: readonly SelectedFile[];
}

export async function layOut(operation: CopyOperation, selection: Selection, root: string): Promise<Layout> {
  const owner = await ownerOf(operation.chown, root);
  const archives = operation.unpack ? selection.files.filter(({ entry, isNamed }) => isNamed && isArchive(entry)) : [];
  // What an archive holds goes below the destination, whatever that looks like.
  const intoDirectory =
    selection.intoDirectory || archives.length > 0 || (await isDirectory(root, operation.destination));
  return {
    owner,
    base: intoDirectory ? operation.destination : posix.dirname(operation.destination),
    lone: intoDirectory ? undefined : posix.basename(operation.destination),
    archives,
    plain: archives.length === 0 ? selection.files : selection.files.filter((file) => !archives.includes(file)),
  };
}

export async function copyFiles(operation: CopyOperation, selection: Selection, target: CopyTarget): Promise<void> {
  const layout = await layOut(operation, selection, target.root);
  const { base, owner, archives } = layout;
  await makeDirectoryInRoot(target.root, base, owner ?? {});
  for (const { entry } of archives)
    await unpackArchive(entry.absolute, posix.join(target.root, base), target.root, base, target.signal);
  const existing = await existingDirectories(target.root, base, layout.plain);
  await writeFiles(operation, layout, { ...target, existing, unpack: { target: target.root } });
}

export interface WriteOptions extends CopyTarget {
  /** Directories that are there already keep their own mode and owner. */
  readonly existing?: ReadonlySet<string>;
  /** Directories that are made first, outermost first. */
  readonly missing?: readonly string[];
  readonly unpack: UnpackOptions;
  /** Whether a link to the same name stands for the file; see UnpackOptions.linkFrom. */
  readonly isThere?: (path: string, like: FileAttributes, target: string) => boolean;
}

/** What a file will be in the layer. */
export interface FileAttributes extends Owner {
  readonly mode: number;
  readonly size: number;
  readonly mtimeMs: number;
}

export async function writeFiles(operation: CopyOperation, layout: Layout, options: WriteOptions): Promise<void> {
  const { signal } = options;
  const stream = pack();
  const feeding = feed(stream, operation, layout, options);
  feeding.catch((error: Error) => stream.destroy(error));
  const unpacking = unpackStream(Readable.from(stream), {
    ownership: 'try',
    devices: 'refuse',
    signal,
    ...options.unpack,
  });
  const [fed, unpacked] = await Promise.allSettled([feeding, unpacking]);
  // Whichever failed took the other with it; the unpacker passes on what ended its stream.
  if (unpacked.status === 'rejected') throw unpacked.reason;
  if (fed.status === 'rejected') throw fed.reason;
}

async function feed(
  stream: ReturnType<typeof pack>,
  operation: CopyOperation,
  { base, lone, owner, plain }: Layout,
  { existing, missing = [], isThere, keepOwners, clampTime, signal }: WriteOptions,
): Promise<void> {
  const now = clampTime === undefined ? new Date() : new Date(clampTime * 1000);
  const uid = owner?.uid ?? 0;
  const gid = owner?.gid ?? 0;
  for (const path of missing)
    await writeHeader(stream, { name: `${path.slice(1)}/`, type: 'directory', mode: 0o755, mtime: now, uid, gid });
  /** Names of one file stay names of one file, as far as they were found in directories. */
  const links = new Map<string, string>();
  for (const { entry, target: relative, isNamed } of plain) {
    signal.throwIfAborted();
    const path = posix.join(base, lone ?? relative).slice(1);
    if (entry.kind === 'directory' && existing?.has(path) === true) continue;
    const mode =
      operation.chmod === undefined ? entry.mode : applyMode(operation.chmod, entry.mode, entry.kind === 'directory');
    const mtime = clamp(new Date(entry.mtime), clampTime);
    const attributes = {
      mode: mode | fileType, // the packer takes 0 for no mode at all
      uid: owner?.uid ?? (keepOwners ? entry.uid : 0),
      gid: owner?.gid ?? (keepOwners ? entry.gid : 0),
    };
    const header: Partial<Header> & { name: string } = {
      ...attributes,
      name: entry.kind === 'directory' ? `${path}/` : path,
      mtime,
      type: entry.kind,
      ...(entry.link === undefined ? {} : { linkname: entry.link }),
    };
    const first = entry.inode === undefined || isNamed ? undefined : links.get(entry.inode);
    // An archive's times are whole seconds.
    const mtimeMs = Math.floor(mtime.getTime() / 1000) * 1000;
    const like = { ...attributes, size: entry.size, mtimeMs };
    const isSame = entry.kind === 'file' && entry.inode === undefined && isThere?.(path, like, relative) === true;
    const linkname = isSame ? path : first;
    if (linkname !== undefined) await writeHeader(stream, { ...header, type: 'link', linkname });
    else await writeEntry(stream, { ...header, ...paxOf(entry) }, entry);
    if (entry.inode !== undefined && !isNamed) links.set(entry.inode, first ?? path);
  }
  for (const { name, content } of operation.inline) {
    const path = posix.join(base, lone ?? name).slice(1);
    const mode = operation.chmod === undefined ? 0o644 : applyMode(operation.chmod, 0o644, false);
    await new Promise<void>((resolve, reject) => {
      const header = { name: path, mode: mode | fileType, mtime: now, uid, gid };
      stream.entry(header, content, (error) => (error ? reject(error) : resolve()));
    });
  }
  stream.finalize();
}

function clamp(time: Date, limit: number | undefined): Date {
  return limit !== undefined && time.getTime() > limit * 1000 ? new Date(limit * 1000) : time;
}

/** A regular file's bits in st_mode. */
const fileType = 0o100000;

/** Extended attributes in the form that holds any bytes. */
function paxOf(entry: TreeEntry): { pax?: Record<string, string> } {
  const attributes = entry.kind === 'symlink' ? undefined : keptAttributes(entry);
  if (attributes === undefined) return {};
  const records = Object.entries(attributes).map(([name, value]) => [
    `LIBARCHIVE.xattr.${encodeURIComponent(name)}`,
    value,
  ]);
  return { pax: Object.fromEntries(records) };
}

async function writeHeader(stream: ReturnType<typeof pack>, header: Partial<Header> & { name: string }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.entry(header, (error) => (error ? reject(error) : resolve()));
  });
}

/** Small files whole: a stream for each would cost more than the reading. */
const smallFile = 1 << 20;

async function writeEntry(
  stream: ReturnType<typeof pack>,
  header: Partial<Header> & { name: string },
  entry: TreeEntry,
): Promise<void> {
  if (entry.kind === 'file' && entry.size > smallFile) {
    const sink = stream.entry({ ...header, size: entry.size });
    // It fails, too, when nobody takes the archive any more.
    await pipeline(createReadStream(entry.absolute, { end: entry.size - 1 }), sink);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (entry.kind === 'file') stream.entry(header, readFileSync(entry.absolute), done);
    else stream.entry(header, done);
  });
}

/** Directories that are there already keep their own mode and owner. */
async function existingDirectories(root: string, base: string, files: readonly SelectedFile[]): Promise<Set<string>> {
  const existing = new Set<string>();
  for (const { entry, target } of files) {
    if (entry.kind !== 'directory') continue;
    const path = posix.join(base, target);
    // What lies in a directory that isn't there isn't there either.
    const parent = posix.dirname(path);
    if (parent !== base.replace(/\/$/, '') && parent !== '/' && !existing.has(parent.slice(1))) continue;
    if (await isDirectory(root, path)) existing.add(path.slice(1));
  }
  return existing;
}

async function isDirectory(root: string, path: string): Promise<boolean> {
  try {
    return (await statInRoot(root, path, true)).kind === 'directory';
  } catch {
    return false;
  }
}

/** `--chown` and the USER of WORKDIR: numbers, or names of the image's own passwd and group. */
async function ownerOf(chown: string | undefined, root: string): Promise<Owner | undefined> {
  if (chown === undefined || chown === '') return undefined;
  const { uid, gid } = resolveUser(chown, await readUserFiles(root));
  // `--chown=user` alone gives the group of the same number, as BuildKit does.
  return chown.includes(':') ? { uid, gid } : { uid, gid: /^\d+$/.test(chown) ? uid : gid };
}

const magic: readonly [string, Buffer][] = [
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
];

function head(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(512);
    return bytes.subarray(0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

/** Known by its first bytes, not by its name. */
function isArchive(entry: TreeEntry): boolean {
  if (entry.kind !== 'file' || entry.size < 10) return false;
  const bytes = head(entry.absolute);
  if (bytes.subarray(257, 262).toString('latin1') === 'ustar') return true;
  const compression = compressionOf(bytes);
  return (
    compression === 'gzip' ||
    compression === 'zstd' ||
    magic.some(([, start]) => bytes.subarray(0, start.length).equals(start))
  );
}

/** Unpacks an archive of the context below the destination. */
async function unpackArchive(
  file: string,
  _target: string,
  root: string,
  base: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = head(file);
  const program = magic.find(([, start]) => bytes.subarray(0, start.length).equals(start))?.[0];
  const { resolved } = await statInRoot(root, base, true);
  const options = { target: posix.join(root, resolved), ownership: 'try', devices: 'skip', signal } as const;
  if (program === undefined) {
    const fd = openSync(file, 'r');
    try {
      await unpack(fd, { ...options, compression: 'auto' });
    } finally {
      closeSync(fd);
    }
    return;
  }
  const child = spawn(program, ['-dc', file], { stdio: ['ignore', 'pipe', 'ignore'], signal });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', () =>
      reject(
        new EngineError(
          'Unsupported',
          `cannot unpack ${posix.basename(file)}: ${program} is not installed on this machine`,
        ),
      ),
    );
  });
  await Promise.race([unpackStream(child.stdout, options), failed]);
}

/** A user that the image does not know makes a directory of root's, as in BuildKit. */
export async function userOf(user: string, root: string): Promise<Partial<Owner>> {
  try {
    return (await ownerOf(user, root)) ?? {};
  } catch (error) {
    if (error instanceof EngineError) return {};
    throw error;
  }
}
