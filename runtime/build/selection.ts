// Which files of a source COPY and ADD take, and where in the destination each of them goes.
import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { compilePattern, IgnoreMatcher, parseDockerignore } from '../dockerfile/dockerignore.ts';
import { statInRoot } from '../native/filesystem.ts';
import { EngineError } from '../protocol/errors.ts';
import type { CopyOperation } from './steps.ts';
import { readEntry, type TreeEntry, walkTree } from './tree.ts';

export interface SourceTree {
  readonly root: string;
  readonly ignore: IgnoreMatcher | undefined;
  /** For messages: `the build context`, `stage build`. */
  readonly what: string;
}

export interface SelectedFile {
  readonly entry: TreeEntry;
  /** Relative to the destination; empty for a lone file that takes the destination's own name. */
  readonly target: string;
  /** A source that was named itself, not found inside a directory: ADD unpacks only these. */
  readonly isNamed: boolean;
}

export interface Selection {
  readonly files: readonly SelectedFile[];
  /** The destination is a directory whatever it is now: several sources, or a directory among them. */
  readonly intoDirectory: boolean;
  /** All paths whose change would change the selection; unknown where wildcards or links led to the files. */
  readonly seen: readonly string[] | undefined;
}

/** @throws EngineError NotFound for a source that is not there, InvalidArgument for one that leaves the source. */
export async function select(tree: SourceTree, operation: CopyOperation): Promise<Selection> {
  const excludes =
    operation.excludes.length === 0
      ? undefined
      : new IgnoreMatcher(parseDockerignore(operation.excludes.join('\n')).patterns);
  const files: SelectedFile[] = [];
  const seen: string[] = [];
  let isDirect = !operation.parents;
  let directories = 0;
  let named = operation.inline.length;
  for (const source of operation.sources) {
    const matches = await matchSource(tree, source);
    if (matches.length === 0) throw missing(tree, source);
    named += matches.length;
    for (const path of matches) {
      const entry = await resolveEntry(tree, path);
      if (entry === undefined) throw missing(tree, source);
      if (entry.kind === 'directory') directories += 1;
      isDirect &&= !/[*?[\\]/.test(source) && entry.path === path && entry.path === cleanSource(tree, source);
      seen.push(entry.path === '' ? '.' : entry.path);
      for (const file of await selectPath(tree, source, path, entry, operation, { excludes, seen })) files.push(file);
    }
  }
  return {
    files,
    seen: isDirect ? seen : undefined,
    intoDirectory: named > 1 || directories > 0 || operation.parents || operation.destination.endsWith('/'),
  };
}

async function selectPath(
  tree: SourceTree,
  source: string,
  path: string,
  entry: TreeEntry,
  { parents }: CopyOperation,
  { excludes, seen }: { excludes: IgnoreMatcher | undefined; seen: string[] },
): Promise<SelectedFile[]> {
  const kept = parents ? keptParents(source, path) : '';
  const selected: SelectedFile[] = [];
  if (parents) {
    // The directories on the way come along, with their own modes.
    const parts = kept.split('/').filter(Boolean);
    for (let count = 1; count < parts.length; count += 1) {
      const target = parts.slice(0, count).join('/');
      const ancestor = readEntry(tree.root, posix.join(path.slice(0, path.length - kept.length), target));
      if (ancestor?.kind === 'directory') selected.push({ entry: ancestor, target, isNamed: false });
    }
  }
  if (entry.kind !== 'directory') {
    const name = posix.basename(path);
    if (excludes?.ignores(path) === true || excludes?.ignores(name) === true) return [];
    return [...selected, { entry, target: parents ? kept : name, isNamed: true }];
  }
  if (parents && kept !== '') selected.push({ entry, target: kept, isNamed: false });
  const onEntered = (directory: string): void => void seen.push(directory === '' ? '.' : directory);
  for await (const inner of walkTree(tree.root, entry.path, tree.ignore, onEntered)) {
    if (inner.kind !== 'directory') seen.push(inner.path);
    const relative = entry.path === '' ? inner.path : inner.path.slice(entry.path.length + 1);
    // Patterns are relative to the source, or to the context where the whole path comes along.
    if (excludes?.ignores(parents ? inner.path : relative) === true) continue;
    selected.push({ entry: inner, target: parents ? posix.join(kept, relative) : relative, isNamed: false });
  }
  return selected;
}

/** With --parents: the path from the `/./` in the source on, the whole path without one. */
function keptParents(source: string, path: string): string {
  const pivot = source.indexOf('/./');
  if (pivot < 0) return path;
  const depth = source
    .slice(0, pivot)
    .split('/')
    .filter((part) => part !== '' && part !== '.').length;
  return path.split('/').slice(depth).join('/');
}

/** The paths that a source means: itself, or what its wildcards find. What is ignored doesn't exist. */
async function matchSource(tree: SourceTree, source: string): Promise<string[]> {
  const clean = cleanSource(tree, source);
  if (!/[*?[\\]/.test(clean))
    return tree.ignore?.ignores(clean) === true && !tree.ignore.mayLetInBelow(clean) ? [] : [clean];
  const parts = clean.split('/');
  let found = [''];
  let wasWild = false;
  for (const part of parts) {
    const next: string[] = [];
    const isWild = /[*?[\\]/.test(part);
    const test = isWild ? compilePattern(part) : undefined;
    for (const directory of found) {
      if (part === '**') next.push(directory, ...(await directoriesBelow(tree, directory)));
      // Links that a wildcard finds are not followed.
      else if (test === undefined) {
        if (!wasWild || readEntry(tree.root, directory)?.kind === 'directory') next.push(posix.join(directory, part));
      } else for (const name of namesIn(tree, directory)) if (test(name)) next.push(posix.join(directory, name));
    }
    found = next;
    wasWild ||= isWild;
  }
  return found
    .filter((path) => path !== '' && readEntry(tree.root, path) !== undefined && tree.ignore?.ignores(path) !== true)
    .sort();
}

async function directoriesBelow(tree: SourceTree, directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of walkTree(tree.root, directory, tree.ignore)) {
    if (entry.kind === 'directory') found.push(entry.path);
  }
  return found;
}

function namesIn(tree: SourceTree, directory: string): string[] {
  const entry = directory === '' ? undefined : readEntry(tree.root, directory);
  if (directory !== '' && entry?.kind !== 'directory') return [];
  return readdirSync(posix.join(tree.root, directory)).sort();
}

/** A path of the source without its leading slash; never one above it. */
function cleanSource(tree: SourceTree, source: string): string {
  const clean = posix.normalize(`/${source}`).slice(1).replace(/\/$/, '');
  const depth = source.split('/').reduce((level, part) => {
    if (level < 0) return level;
    return part === '..' ? level - 1 : part === '' || part === '.' ? level : level + 1;
  }, 0);
  if (depth < 0) {
    throw new EngineError('InvalidArgument', `forbidden path outside ${tree.what}: ${source}`);
  }
  return clean;
}

/** A source that is a link means what it leads to, inside the source only. */
async function resolveEntry(tree: SourceTree, path: string): Promise<TreeEntry | undefined> {
  const entry = path === '' ? readEntry(tree.root, '') : undefined;
  if (entry !== undefined) return entry;
  try {
    const { resolved } = await statInRoot(tree.root, `/${path}`, true);
    return readEntry(tree.root, resolved.replace(/^\/+/, ''));
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(String(error.code)))
      return undefined;
    throw error;
  }
}

function missing(tree: SourceTree, source: string): EngineError {
  const ignored = tree.ignore?.ignores(posix.normalize(source).replace(/^\/+/, '')) === true;
  const why = ignored ? 'excluded by .dockerignore' : 'not found';
  return new EngineError(
    'NotFound',
    `failed to compute cache key: "/${source.replace(/^\/+/, '')}": ${why} in ${tree.what}`,
  );
}
