// Where a build takes its files from: a directory as it lies there (never copied as a whole), a tar that the client sends, a git
// repository, or nothing at all. And the Dockerfile, with the .dockerignore that belongs to it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, lstatSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { type Duplex, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { IgnoreMatcher, parseDockerignore } from '../dockerfile/dockerignore.ts';
import { parseDockerfile } from '../dockerfile/document.ts';
import { compressionOf } from '../image/archive_source.ts';
import { unpackStream } from '../native/archive.ts';
import type { BuildRequest } from '../protocol/build.ts';
import { EngineError } from '../protocol/errors.ts';
import { fetchUrl } from '../registry/fetch_url.ts';
import { removeTree } from '../store/files.ts';
import type { SourceFile } from './failure.ts';
import type { SourceTree } from './selection.ts';

export interface BuildContext extends AsyncDisposable {
  readonly file: SourceFile;
  /** What tells this file from others of the same name. */
  readonly place: string;
  /** The main context (name ``) and the named ones. */
  tree(name: string): SourceTree;
  readonly names: ReadonlySet<string>;
}

type Definition = Pick<BuildRequest, 'Context' | 'Dockerfile' | 'DockerfileText' | 'NamedContexts'>;

/** A Dockerfile larger than this is none. */
const maxDockerfile = 10 << 20;

/** Of a tar. */
const headerSize = 512;

/**
 * @param incoming what the client sends, for a context of `-`
 * @param scratch a directory of the engine's for contexts that have to be unpacked or fetched
 */
export async function openContext(
  definition: Definition,
  incoming: Duplex | undefined,
  scratch: string,
  signal: AbortSignal,
): Promise<BuildContext> {
  await using stack = new AsyncDisposableStack();
  const temporary = async (): Promise<string> => {
    const directory = await mkdtemp(join(scratch, 'context-'));
    stack.defer(() => removeTree(directory));
    return directory;
  };
  const root = await openRoot(definition.Context, incoming, temporary, signal);
  const file = await readDockerfile(definition, root);
  const trees = new Map<string, SourceTree>();
  trees.set('', {
    root: root ?? (await temporary()),
    ignore: readIgnore(definition, root, file.path),
    what: 'the build context',
  });
  for (const [name, source] of Object.entries(definition.NamedContexts ?? {})) {
    if (source.startsWith('docker-image://') || source.startsWith('oci-layout://')) continue;
    const named = await openRoot(source, undefined, temporary, signal);
    trees.set(name, { root: named ?? (await temporary()), ignore: undefined, what: `the context ${name}` });
  }
  const cleanup = stack.move();
  return {
    file: { name: file.name, document: parseDockerfile(file.text) },
    place: placeOf(definition),
    names: new Set([...trees.keys()].filter((name) => name !== '')),
    tree(name) {
      const tree = trees.get(name);
      if (tree === undefined) throw new EngineError('NotFound', `no such build context: ${name}`);
      return tree;
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

function placeOf({ Context = '', Dockerfile = 'Dockerfile' }: Definition): string {
  const file = isAbsolute(Dockerfile) && isAbsolute(Context) ? relative(Context, Dockerfile) : Dockerfile;
  return `${Context}:${file}`;
}

const unpacked = { ownership: 'try', devices: 'skip' } as const;

async function openRoot(
  context: string | undefined,
  incoming: Readable | undefined,
  temporary: () => Promise<string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (context === undefined) return undefined;
  if (context === '-') {
    if (incoming === undefined)
      throw new EngineError('InvalidArgument', 'the context was to be sent, and there is no stream for it');
    const root = await temporary();
    await unpackStream(incoming, { target: root, compression: 'auto', ...unpacked, signal });
    return root;
  }
  if (isGitUrl(context)) return await cloneRepository(context, await temporary(), false, signal);
  if (/^https?:\/\//.test(context)) {
    const root = await temporary();
    const [start, body] = await peek((await fetchUrl(context, 'cannot fetch the context', signal)).body);
    // Whatever is no archive is a Dockerfile, as for Docker.
    if (isArchive(start)) await unpackStream(body, { target: root, compression: 'auto', ...unpacked, signal });
    else await pipeline(body, createWriteStream(join(root, 'Dockerfile')), { signal });
    return root;
  }
  const stat = isAbsolute(context) ? lstatSync(context, { throwIfNoEntry: false }) : undefined;
  if (stat === undefined) throw new EngineError('NotFound', `cannot build from ${context}: there is no such directory`);
  if (!stat.isDirectory() && !stat.isSymbolicLink())
    throw new EngineError('InvalidArgument', `cannot build from ${context}: it is not a directory`);
  return context;
}

/** The first bytes of a stream, and the stream with them. */
async function peek(stream: Readable): Promise<[Buffer, Readable]> {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    start = Buffer.concat([start, next.value]);
    if (start.length >= headerSize) break;
  }
  const rest = { [Symbol.asyncIterator]: () => chunks };
  return [
    start,
    Readable.from(
      (async function* () {
        yield start;
        yield* rest;
      })(),
    ),
  ];
}

const isArchive = (start: Buffer): boolean =>
  compressionOf(start) !== 'none' || start.subarray(257, 262).toString('latin1') === 'ustar';

function isGitUrl(url: string): boolean {
  return /^(git@|git:\/\/|ssh:\/\/|github\.com\/)/.test(url) || /^https?:\/\/[^#]*\.git(#.*)?$/.test(url);
}

/** `URL#reference:directory`. @returns the directory with the files. */
export async function cloneRepository(
  url: string,
  target: string,
  keepGit: boolean,
  signal: AbortSignal,
): Promise<string> {
  const [repository = '', fragment = ''] = url.split('#', 2);
  const [reference = '', directory = ''] = fragment.split(':', 2);
  const remote = repository.startsWith('github.com/') ? `https://${repository}` : repository;
  const git = async (...args: string[]): Promise<void> => {
    const child = spawn('git', ['-C', target, ...args], {
      signal,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
    });
    const [said, [code]] = await Promise.all([buffer(child.stderr), once(child, 'close')]);
    if (code !== 0) throw new EngineError('Unavailable', `cannot fetch ${repository}: ${said.toString('utf8').trim()}`);
  };
  await git('init', '--quiet');
  // A name that begins with a dash would be an option to git.
  if (remote.startsWith('-') || reference.startsWith('-'))
    throw new EngineError('InvalidArgument', `not a repository: ${url}`);
  await git('fetch', '--quiet', '--depth', '1', '--', remote, reference === '' ? 'HEAD' : reference);
  await git('checkout', '--quiet', 'FETCH_HEAD');
  await git('submodule', 'update', '--quiet', '--init', '--recursive', '--depth', '1');
  if (!keepGit) await removeTree(join(target, '.git'));
  const inside = join(target, join('/', directory));
  if (!existsSync(inside))
    throw new EngineError('NotFound', `the repository ${repository} has no directory ${directory}`);
  return inside;
}

async function readDockerfile(
  definition: Definition,
  root: string | undefined,
): Promise<{ name: string; path: string | undefined; text: string }> {
  const wanted = definition.Dockerfile ?? 'Dockerfile';
  const path = isAbsolute(wanted) ? wanted : root === undefined ? undefined : join(root, wanted);
  if (definition.DockerfileText !== undefined) return { name: path ?? wanted, path, text: definition.DockerfileText };
  if (path === undefined) throw new EngineError('InvalidArgument', 'there is no context and no Dockerfile');
  const found = [path, ...(definition.Dockerfile === undefined ? [join(dirname(path), 'Containerfile')] : [])].find(
    existsSync,
  );
  if (found === undefined) {
    throw new EngineError(
      'NotFound',
      `failed to read dockerfile: open ${basename(wanted)}: no such file or directory`,
      {
        remedy: `name it with --file, or write ${path}`,
      },
    );
  }
  const bytes = await readFile(found);
  if (bytes.length > maxDockerfile)
    throw new EngineError('InvalidArgument', `${found} is larger than ${maxDockerfile >> 20} MiB`);
  return { name: isAbsolute(wanted) ? found : basename(found), path: found, text: bytes.toString('utf8') };
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile comes before `.dockerignore` in the context. */
function readIgnore(
  definition: Definition,
  root: string | undefined,
  dockerfile: string | undefined,
): IgnoreMatcher | undefined {
  const own = dockerfile === undefined ? undefined : `${dockerfile}.dockerignore`;
  const candidates = [own, ...(root === undefined ? [] : [join(root, '.dockerignore')])];
  const file = candidates.find((candidate) => candidate !== undefined && existsSync(candidate));
  if (file === undefined || definition.Context === undefined) return undefined;
  const { patterns, problems } = parseDockerignore(readFileSync(file, 'utf8'));
  const [problem] = problems;
  if (problem !== undefined) throw new EngineError('InvalidArgument', `${file}: ${problem.message}`);
  return patterns.length === 0 ? undefined : new IgnoreMatcher(patterns);
}
