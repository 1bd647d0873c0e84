// The build context on disk: its entries for completion, and what .dockerignore takes out of it.
import type { Dirent } from 'node:fs';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IgnoreMatcher, type ParentMatches, parseDockerignore } from '../runtime/dockerfile/dockerignore.ts';

export interface ContextEntry {
  /** Relative to the context, with slashes. */
  readonly path: string;
  readonly isDirectory: boolean;
}

/** What a listing of ignored files found. `complete` is false when the context was too large to look at all of it. */
export interface IgnoredFiles {
  /** For each pattern, the files that are ignored because of it. */
  readonly byPattern: readonly (readonly string[])[];
  readonly complete: boolean;
}

/** Entries that a walk looks at before it gives up: more would be in the way of somebody who types. */
const walkLimit = 20_000;
const entryLimit = 2_000;

/** The directory of a file document; undefined for documents that are in no file system. */
export function directoryOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? dirname(fileURLToPath(uri)) : undefined;
  } catch {
    // A file URL of another host, or one that is malformed.
    return undefined;
  }
}

/** The context that belongs to a Dockerfile: the setting's, else the Dockerfile's own directory. */
export function contextOf(uri: string, setting: string | undefined): string | undefined {
  const directory = directoryOf(uri);
  return directory === undefined || setting === undefined ? directory : resolve(directory, setting);
}

/** The matcher of `<Dockerfile>.dockerignore`, else of the context's `.dockerignore`; undefined when there is neither. */
export function ignoreMatcherOf(uri: string, context: string): IgnoreMatcher | undefined {
  const own = uri.startsWith('file:') ? `${fileURLToPath(uri)}.dockerignore` : undefined;
  for (const path of [own, join(context, '.dockerignore')]) {
    if (path === undefined || !existsSync(path)) continue;
    try {
      return new IgnoreMatcher(parseDockerignore(readFileSync(path, 'utf8')).patterns);
    } catch {
      // Gone or not readable since the look: as if it were not there.
    }
  }
  return undefined;
}

/** Where the file that ignores for a .dockerignore document's patterns lies: its own directory. */
export function contextOfIgnoreFile(uri: string): string | undefined {
  return directoryOf(uri);
}

/** The entries of a directory of the context; empty when it is not there or outside. */
export async function listContext(
  context: string,
  directory: string,
  matcher: IgnoreMatcher | undefined,
): Promise<ContextEntry[]> {
  const path = resolve(context, directory);
  if (path !== context && !path.startsWith(context.endsWith(sep) ? context : context + sep)) return [];
  const entries = await read(path);
  const prefix = relative(context, path).split(sep).join('/');
  return entries.slice(0, entryLimit).flatMap((entry) => {
    const entryPath = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    const isDirectory = entry.isDirectory();
    const ignored = matcher?.ignores(entryPath) === true && !(isDirectory && matcher.mayLetInBelow(entryPath));
    return ignored ? [] : [{ path: entryPath, isDirectory }];
  });
}

async function read(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch {
    // Not there (yet), no directory, no right to look: nothing to offer.
    return [];
  }
}

/** Which files of the context each pattern takes out. */
export async function ignoredFiles(
  context: string,
  matcher: IgnoreMatcher,
  signal: AbortSignal,
): Promise<IgnoredFiles> {
  const byPattern: string[][] = matcher.patterns.map(() => []);
  const queue: { path: string; matches: ParentMatches | undefined }[] = [{ path: '', matches: undefined }];
  let seen = 0;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const entry of await read(join(context, next.path))) {
      seen += 1;
      if (seen > walkLimit || signal.aborted) return { byPattern, complete: false };
      const path = next.path === '' ? entry.name : `${next.path}/${entry.name}`;
      const { ignored, matches } = matcher.walk(path, next.matches);
      if (entry.isDirectory()) queue.push({ path, matches });
      else if (ignored) byPattern[matches.lastIndexOf(true)]?.push(path);
    }
  }
  return { byPattern, complete: true };
}

/** Whether a path of the context is there. */
export function existsInContext(context: string, path: string): 'file' | 'directory' | undefined {
  try {
    const found = statSync(join(context, path));
    return found.isDirectory() ? 'directory' : 'file';
  } catch {
    return undefined;
  }
}
