// Tar archives: unpacking layers into directories, packing layers and trees, and what differs between trees.
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pipe } from './filesystem.ts';
import { invoke, invokeCancellable } from './native.ts';

type Compression = 'none' | 'gzip' | 'zstd';

export interface UnpackOptions {
  /** An existing directory. Nothing in the archive can create, change or remove anything outside it. */
  target: string;
  /** How the stream is compressed; `auto` looks at its first bytes. Default `none`. */
  compression?: Compression | 'auto';
  /**
   * What becomes of `.wh.x` and `.wh..wh..opq`:
   * `overlay`: an overlay layer's form, 0:0 character devices and opaque attributes;
   * `apply`: the named files of `target` that this archive did not bring are removed (OCI: layers applied onto a tree);
   * `keep`: they are ordinary names (docker cp, import). Default `keep`.
   */
  whiteouts?: 'overlay' | 'apply' | 'keep';
  /** The layer is for an overlay mount with `userxattr` (rootless): opaque marks are `user.overlay.opaque`. */
  userXattr?: boolean;
  /** The layers below, topmost first: directories that the archive only implies take owner, mode and xattrs from them. */
  lower?: readonly string[];
  /** A tree of the same file system: a hard link to its own name leads to the file of that name there. */
  linkFrom?: string;
  /**
   * `keep`: as the archive says, and refusal is an error; `try`: ids that the user namespace doesn't map become the
   * caller's own (rootless with one id); `ignore`: everything belongs to the caller. Default `keep`.
   */
  ownership?: 'keep' | 'try' | 'ignore';
  /** Gives every entry this owner instead of the archive's (docker cp without --archive). */
  owner?: { uid: number; gid: number };
  /** `create`, or `refuse` with an error, or `skip` silently: block and character devices (fifos are always created). Default `create`. */
  devices?: 'create' | 'refuse' | 'skip';
  /** `keep`: refusal by the file system is an error; `try`: what is not supported or not permitted is left out. Default `try`. */
  xattrs?: 'keep' | 'try' | 'ignore';
  /** A directory may not take the place of a file or the reverse (docker cp's noOverwriteDirNonDir). Default false. */
  refuseTypeChange?: boolean;
  /** Computes `diffId`, and `digest` when the stream is compressed. Default false. */
  hash?: boolean;
  /** One syncfs(2) of the target's file system at the end. Default false. */
  sync?: boolean;
  /** Upper bounds; each has a generous default. An archive beyond them is refused. */
  limits?: {
    /** Number of entries; default 10 million. */
    entries?: number;
    /** Bytes of file data; default unlimited. A layer that unpacks to more than this is refused. */
    bytes?: number;
    /** Bytes of one entry's extended headers; default 1 MiB. */
    header?: number;
  };
  signal?: AbortSignal;
}

export interface UnpackResult {
  entries: number;
  /** Bytes of file data written. */
  bytes: number;
  /** Bytes of the uncompressed archive. */
  size: number;
  /** Bytes read from the stream, as compressed as they came. */
  read: number;
  /** `sha256:…` of the uncompressed archive, with `hash`. */
  diffId?: string;
  /** `sha256:…` of the stream as it came, with `hash`. */
  digest?: string;
}

export interface PackOptions {
  compression?: Compression;
  /** gzip 1–9 or zstd 1–19; default 6 and 3. */
  level?: number;
  /** Entries newer than this (seconds since the epoch) get this time: SOURCE_DATE_EPOCH. */
  clampTime?: number;
  /** Keeps fractions of seconds (as PAX records). Layers of other tools don't have them. Default false. */
  nanoseconds?: boolean;
  /** Computes `diffId` and `digest`. Default false. */
  hash?: boolean;
  signal?: AbortSignal;
}

export interface PackResult {
  entries: number;
  /** Bytes of the uncompressed archive. */
  size: number;
  /** Bytes written. */
  written: number;
  diffId?: string;
  digest?: string;
}

/** What an archive is made of. The entries are sorted by name, and the same input always gives the same bytes. */
export type PackSource =
  /** A whole tree (docker export); mounts below it are left out unless `crossMounts`. */
  | { kind: 'tree'; root: string; crossMounts?: boolean }
  /**
   * One path inside a root, links resolved inside the root (docker cp): its entries are named `<name>/…`, where name is
   * the path's last part or `as`. A link at the end is packed as a link unless `follow`. Mounts are crossed.
   */
  | { kind: 'path'; root: string; path: string; as?: string; follow?: boolean }
  /** An overlay upper directory as an OCI layer: whiteouts and opaque marks become `.wh.` entries. */
  | { kind: 'overlay'; upper: string; userXattr?: boolean }
  /** The difference of two plain trees as an OCI layer (fuse-overlayfs and copy snapshotters). */
  | { kind: 'difference'; lower: string; upper: string };

export interface Change {
  /** Absolute, as seen in the container: `/etc/hosts`. */
  path: string;
  kind: 'A' | 'C' | 'D';
}

/**
 * Unpacks the tar stream of `fd` (a pipe, socket or file; borrowed, it stays open) up to the archive's end; what follows
 * the end marker is read and, with `hash`, hashed as well. On an error the target holds what was unpacked so far.
 * Runs on a thread of its own, so that any number may wait for their streams without holding up other calls.
 */
export function unpack(fd: number, options: UnpackOptions): Promise<UnpackResult> {
  const { signal, ...rest } = options;
  return invokeCancellable('archive.unpack', { fd, ...rest }, signal);
}

/** unpack() of a Node stream, with back-pressure. An error on either side ends both. */
export async function unpackStream(source: Readable, options: UnpackOptions): Promise<UnpackResult> {
  const [readEnd, writeEnd] = pipe();
  const sink = new Socket({ fd: writeEnd, readable: false, writable: true });
  const aborter = new AbortController();
  const signal = options.signal === undefined ? aborter.signal : AbortSignal.any([options.signal, aborter.signal]);
  let feedError: unknown;
  let refused = false;
  const feeding = pipeline(source, sink).catch((error: unknown) => {
    if (refused) return; // the reader went first, and its own error says why
    feedError = error;
    aborter.abort(error);
  });
  try {
    const result = await unpack(readEnd, { ...options, signal });
    await feeding;
    if (feedError !== undefined) throw feedError;
    return result;
  } catch (error) {
    refused = feedError === undefined;
    throw feedError ?? error;
  } finally {
    closeSync(readEnd);
    sink.destroy();
    await feeding;
  }
}

/** Writes the archive of `source` to `fd` (borrowed). Runs on a thread of its own. */
function pack(fd: number, source: PackSource, options: PackOptions = {}): Promise<PackResult> {
  const { signal, ...rest } = options;
  return invokeCancellable('archive.pack', { fd, source, ...rest }, signal);
}

/**
 * pack() as a Node stream. An error destroys the stream with it and rejects `result`; destroying the stream ends the
 * packing. `result` need not be awaited.
 */
export function packStream(
  source: PackSource,
  options: PackOptions = {},
): { stream: Readable; result: Promise<PackResult> } {
  const [readEnd, writeEnd] = pipe();
  const stream = new Socket({ fd: readEnd, readable: true, writable: false });
  const result = pack(writeEnd, source, options).finally(() => closeSync(writeEnd));
  result.catch((error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))));
  return { stream, result };
}

/** What a container changed (docker diff), sorted by path: of an overlay upper directory, or of two plain trees. */
export function changes(
  source:
    | { kind: 'overlay'; upper: string; lower: readonly string[]; userXattr?: boolean }
    | { kind: 'difference'; lower: string; upper: string },
): Promise<Change[]> {
  return invoke('archive.changes', source);
}
