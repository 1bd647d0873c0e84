// Files inside a root that they can't leave (a container's or an image's), whatever links its owner swaps meanwhile; and
// whole trees.
import { addon, invoke } from './native.ts';

export interface FileStatus {
  /** The last part of the path as it was asked for. */
  name: string;
  kind: 'file' | 'directory' | 'symlink' | 'block' | 'character' | 'fifo' | 'socket';
  size: number;
  /** Permission bits with setuid, setgid and sticky: 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch, with fractions. */
  mtime: number;
  /** Where a symbolic link points, as written in it. */
  linkTarget?: string;
  /** The path inside the root with every link resolved (that of a link's parent, where the link itself was asked for). */
  resolved: string;
}

/** A pipe: [read end, write end], close-on-exec. Give an end to net.Socket (which then owns it) or to a native call. */
export function pipe(): [number, number] {
  return addon().pipe();
}

/** Extended attributes by name, in base64; a link at the path's end is not followed. `undefined` where there are none. */
export function attributesOf(path: string): Record<string, string> | undefined {
  return addon().attributes(path);
}

/** `root` may be /proc/PID/root. Links on the way are followed inside the root; one at the end only with `follow`. */
export function statInRoot(root: string, path: string, follow = false): Promise<FileStatus> {
  return invoke('filesystem.stat', { root, path, follow });
}

/**
 * Opens a file inside the root: `flags` of open(2) (fs.constants); the caller closes the descriptor. Magic links
 * (/proc/PID/fd/…) are never followed. A fifo or device is opened without waiting only if O_NONBLOCK is given.
 */
export function openInRoot(root: string, path: string, flags: number, mode = 0o644): Promise<number> {
  return invoke('filesystem.open', { root, path, flags, mode });
}

/** Reads a regular file of at most `limit` bytes (EFBIG beyond); anything else than a regular file is refused. */
export async function readFileInRoot(root: string, path: string, limit = 1 << 20): Promise<Buffer> {
  return Buffer.from(await invoke<string>('filesystem.readFile', { root, path, limit }), 'base64');
}

/** Replaces or creates a regular file, making its parent directories. */
export function writeFileInRoot(
  root: string,
  path: string,
  content: Buffer,
  { mode = 0o644, uid = 0, gid = 0 }: { mode?: number; uid?: number; gid?: number } = {},
): Promise<void> {
  return invoke('filesystem.writeFile', { root, path, content: content.toString('base64'), mode, uid, gid });
}

/** mkdir -p inside the root; the new directories' paths, outermost first. Only they get the mode and owner. */
export function makeDirectoryInRoot(
  root: string,
  path: string,
  { mode = 0o755, uid = 0, gid = 0 }: { mode?: number; uid?: number; gid?: number } = {},
): Promise<string[]> {
  return invoke('filesystem.makeDirectory', { root, path, mode, uid, gid });
}

/** Removes a whole tree (rm -rf): never follows links, and does not enter file systems mounted below it (EBUSY). No error if absent. */
export function removeTree(path: string): Promise<void> {
  return invoke('filesystem.removeTree', { path });
}

/**
 * Copies the content of directory `from` into the existing directory `to` with owners, modes, times, xattrs, hard links,
 * devices and holes; reflinks where the file system has them. `from` itself gives its owner and mode to `to`. What `to` has of
 * the same name is an error (EEXIST) unless it is to be replaced; directories are joined.
 */
export function copyTree(
  from: string,
  to: string,
  options: { ownership?: 'keep' | 'try' | 'ignore'; replace?: boolean } = {},
): Promise<{ entries: number; bytes: number }> {
  return invoke('filesystem.copyTree', { from, to, ...options });
}

/** How much a tree holds: `bytes` of file data (hard links once) and `blocks`, the bytes that it takes on disk. */
export function treeSize(path: string): Promise<{ entries: number; bytes: number; blocks: number }> {
  return invoke('filesystem.treeSize', { path });
}

/**
 * What the kernel knows of files (not of their content) as one digest: it is another one whenever one of them may have changed.
 * `paths` are relative to the root, with `//` between them; one that is absent counts, too. `newest` is the latest change, in
 * milliseconds since the epoch; `isCoarse` if no time has a part below 10 ms.
 */
export function stampPaths(
  root: string,
  paths: string,
): Promise<{ digest: string; newest: number; isCoarse: boolean }> {
  return invoke('filesystem.stamp', { root, paths });
}
