// ADD of a URL or a git repository.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, utimes } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../protocol/errors.ts';
import { fetchUrl } from '../registry/fetch_url.ts';
import { removeTree } from '../store/files.ts';
import { cloneRepository } from './context.ts';
import { copyFiles } from './copy_step.ts';
import { type Selection, select } from './selection.ts';
import type { CopyOperation, FetchOperation } from './steps.ts';
import { readEntry } from './tree.ts';

/** Writes what the URLs name to the destination. @throws EngineError of fetchUrl(), or DataCorrupt for a wrong checksum. */
export async function fetchInto(
  operation: FetchOperation,
  root: string,
  scratch: string,
  signal: AbortSignal,
): Promise<void> {
  for (const source of operation.sources) await fetchOne(operation, source, root, scratch, signal);
}

type Source = FetchOperation['sources'][number];

async function fetchOne(
  operation: FetchOperation,
  { url, isGit }: Source,
  root: string,
  scratch: string,
  signal: AbortSignal,
): Promise<void> {
  const directory = await mkdtemp(join(scratch, 'fetch-'));
  try {
    const { destination, chown, chmod, unpack } = operation;
    const copy: CopyOperation = {
      kind: 'copy',
      from: { kind: 'context', name: '' },
      sources: ['/'],
      inline: [],
      destination,
      chown,
      chmod: chmod ?? (isGit ? undefined : '600'),
      link: false,
      parents: false,
      excludes: [],
      unpack,
    };
    const selection = isGit
      ? await cloned(url, operation.keepGitDirectory, copy, directory, signal)
      : await downloaded(url, operation, directory, signal);
    await copyFiles(copy, selection, { root, keepOwners: false, clampTime: undefined, signal });
  } finally {
    await removeTree(directory);
  }
}

async function cloned(
  url: string,
  keepGitDirectory: boolean,
  copy: CopyOperation,
  directory: string,
  signal: AbortSignal,
): Promise<Selection> {
  const tree = await cloneRepository(url, directory, keepGitDirectory, signal);
  return await select({ root: tree, ignore: undefined, what: url }, copy);
}

async function downloaded(
  url: string,
  operation: FetchOperation,
  directory: string,
  signal: AbortSignal,
): Promise<Selection> {
  const { response, body } = await fetchUrl(url, 'failed to load', signal);
  const name = fileName(response);
  const file = join(directory, 'file');
  const hash = createHash('sha256');
  await pipeline(
    body,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(file),
    { signal },
  );
  const digest = `sha256:${hash.digest('hex')}`;
  if (operation.checksum !== undefined && operation.checksum !== digest) {
    throw new EngineError('DataCorrupt', `digest mismatch ${digest}: ${operation.checksum}`);
  }
  const modified = Date.parse(response.headers.get('last-modified') ?? '');
  if (!Number.isNaN(modified)) await utimes(file, modified / 1000, modified / 1000);
  const entry = readEntry(directory, 'file');
  if (entry === undefined) throw new EngineError('Unavailable', `failed to load ${url}`);
  return {
    files: [{ entry, target: name, isNamed: true }],
    intoDirectory: operation.destination.endsWith('/'),
    seen: undefined,
  };
}

/** What the server calls it, or the last part of the address. */
function fileName(response: Response): string {
  const named = /filename="?([^";]+)"?/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const name = posix.basename(named ?? new URL(response.url).pathname);
  if (name === '' || name === '/')
    throw new EngineError('InvalidArgument', `cannot determine a file name from ${response.url}`);
  return name;
}
