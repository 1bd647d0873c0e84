// COPY and ADD where nothing stands in the way: the files go straight into the layer's own directory, with no overlay between,
// and those that the layer of the last build has already become links to its files. Making 20,000 inodes is what such a step
// costs; a link makes none. Layers are never written to, so nobody can tell but by the count of links.
import { lstatSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { statInRoot } from '../native/filesystem.ts';
import { type CopyTarget, type FileAttributes, layOut, writeFiles } from './copy_step.ts';
import type { Selection } from './selection.ts';
import type { CopyOperation } from './steps.ts';

/** A layer that an earlier build of the same step left. */
export interface Reference {
  /** Where its files are. */
  readonly directory: string;
  /** Whether it has this file with the content that it has now. */
  has(target: string): boolean;
}

export interface DirectTarget extends CopyTarget {
  /** The layer's own directory, in place of a mount. */
  readonly upper: string;
  /** The layers below, topmost first. */
  readonly lower: readonly string[];
  readonly userXattr: boolean;
  readonly reference: Reference | undefined;
}

/** @param target its `root` shows the layers below, and is only read. @returns false if the files must go through a mount. */
export async function copyDirectly(
  operation: CopyOperation,
  selection: Selection,
  target: DirectTarget,
): Promise<boolean> {
  const layout = await layOut(operation, selection, target.root);
  const names = layout.lone === undefined ? namesOf(operation, selection) : [layout.lone];
  if (layout.archives.length > 0 || names.some(isWhiteout) || layout.base.split('/').some(isWhiteout)) return false;
  const missing = await missingDirectories(target.root, layout.base);
  if (missing === undefined) return false;
  if (missing.length === 0 && isInTheWay(posix.join(target.root, layout.base), names)) return false;
  const { reference, upper, lower, userXattr } = target;
  await writeFiles(operation, layout, {
    ...target,
    missing,
    unpack: {
      target: upper,
      lower,
      userXattr,
      whiteouts: 'overlay',
      ...(reference === undefined ? {} : { linkFrom: reference.directory }),
    },
    ...(reference === undefined
      ? {}
      : { isThere: (path, like, name) => reference.has(name) && isLike(reference, path, like) }),
  });
  return true;
}

/** What the copied files are called, each part of each path. */
function namesOf({ inline }: CopyOperation, { files }: Selection): string[] {
  const paths = [...files.map(({ target }) => target), ...inline.map(({ name }) => name)];
  return [...new Set(paths.flatMap((path) => path.split('/')))];
}

/** In a layer's directory such a name would mean something else. */
function isWhiteout(name: string): boolean {
  return name.startsWith('.wh.');
}

/** The directories that the destination lacks, outermost first; `undefined` where links lead to it, or a file stands there. */
async function missingDirectories(root: string, base: string): Promise<string[] | undefined> {
  const missing: string[] = [];
  for (let path = posix.normalize(base).replace(/(.)\/$/, '$1'); path !== '/'; path = posix.dirname(path)) {
    try {
      const { kind, resolved } = await statInRoot(root, path);
      return kind === 'directory' && resolved === path ? missing : undefined;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined;
      missing.unshift(path);
    }
  }
  return missing;
}

/** Whether any of the names is in the directory already. */
function isInTheWay(directory: string, names: readonly string[]): boolean {
  const present = new Set(readdirSync(directory));
  return names.some((name) => present.has(name));
}

/** More links than this to one file are not made: file systems have their bounds. */
const mostLinks = 10_000;

function isLike({ directory }: Reference, path: string, like: FileAttributes): boolean {
  const there = lstatSync(posix.join(directory, path), { throwIfNoEntry: false });
  return (
    there?.isFile() === true &&
    there.nlink < mostLinks &&
    (there.mode & 0o7777) === (like.mode & 0o7777) &&
    there.uid === like.uid &&
    there.gid === like.gid &&
    there.size === like.size &&
    there.mtimeMs === like.mtimeMs
  );
}
