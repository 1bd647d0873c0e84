// cp, export, commit: a container's files.
import { createWriteStream, lstatSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { packStream, unpackStream } from '../../native/archive.ts';
import type { Client } from '../../protocol/client.ts';
import type { PathStat } from '../../protocol/container_views.ts';
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import { type CommandSpec, flag, type Invocation, list, text } from '../command.ts';
import type { CliContext } from '../context.ts';
import { humanSize } from '../format/units.ts';
import { UsageError } from '../parse.ts';

interface Place {
  /** Undefined: a path of this machine. */
  readonly container: string | undefined;
  readonly path: string;
}

/** `container:path`; a path with a slash before the colon is local. */
function parsePlace(argument: string): Place {
  if (argument === '-') return { container: undefined, path: '-' };
  const colon = argument.indexOf(':');
  if (colon <= 0 || /[/]/.test(argument.slice(0, colon)) || argument.startsWith('.'))
    return { container: undefined, path: argument };
  return { container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}

const goDirectory = 2 ** 31;

function isDirectoryMode({ mode }: PathStat): boolean {
  return mode >= goDirectory;
}

/** `dir/.` means what is in the directory. */
function meansContent(path: string): boolean {
  return /(?:^|\/)\.$/.test(path);
}

function localKind(path: string, follow: boolean): 'directory' | 'file' | 'none' {
  const status = (follow ? statSync : lstatSync)(path, { throwIfNoEntry: false });
  if (status === undefined) return 'none';
  return status.isDirectory() ? 'directory' : 'file';
}

/** Counts what goes through. */
class Counter extends Transform {
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length;
    done(null, chunk);
  }
}

async function statOrNothing(client: Client, container: string, path: string): Promise<PathStat | undefined> {
  try {
    return await client.call('container.archiveStat', { Container: container, Path: path });
  } catch (error) {
    if (isEngineError(error, 'NotFound') && error.message.startsWith('Could not find')) return undefined;
    throw error;
  }
}

async function fromContainer(
  client: Client,
  input: Invocation,
  source: { container: string; path: string },
  target: string,
): Promise<number> {
  const follow = input.flag('follow-link');
  const stat = await client.call('container.archiveStat', { Container: source.container, Path: source.path });
  const followed =
    follow && stat.linkTarget !== ''
      ? await client.call('container.archiveStat', { Container: source.container, Path: stat.linkTarget })
      : stat;
  const request = { Container: source.container, Path: source.path, Follow: follow };
  if (target === '-') {
    const { socket, outcome } = await client.stream('container.archiveGet', request);
    socket.end();
    await pipeline(socket, process.stdout, { end: false });
    await outcome;
    return 0;
  }
  const { directory, as } = localTarget(target, meansContent(source.path), isDirectoryMode(followed));
  const { socket, outcome } = await client.stream('container.archiveGet', {
    ...request,
    ...(as === undefined ? {} : { As: as }),
  });
  socket.end();
  const counter = new Counter();
  const broken = finished(socket.pipe(counter), { writable: false });
  await unpackStream(counter, {
    target: directory,
    ownership: input.flag('archive') ? 'try' : 'ignore',
    devices: 'skip',
  });
  await broken;
  await outcome;
  return counter.bytes;
}

/** Where the archive is unpacked, and under which name its content appears there. */
function localTarget(
  target: string,
  content: boolean,
  sourceIsDirectory: boolean,
): { directory: string; as: string | undefined } {
  const kind = localKind(target, true);
  if (kind === 'directory') return { directory: target, as: content ? '.' : undefined };
  if (kind === 'file' && sourceIsDirectory) throw new UsageError('cannot copy directory');
  if (kind === 'none' && target.endsWith('/') && !sourceIsDirectory)
    throw new UsageError(`invalid output path: directory "${target}" does not exist`);
  const absolute = resolve(target);
  if (localKind(dirname(absolute), true) !== 'directory')
    throw new UsageError(`invalid output path: directory "${dirname(absolute)}" does not exist`);
  return { directory: dirname(absolute), as: basename(absolute) };
}

async function toContainer(
  client: Client,
  input: Invocation,
  source: string,
  target: { container: string; path: string },
): Promise<number> {
  const found = await statOrNothing(client, target.container, target.path);
  const stat =
    found !== undefined && found.linkTarget !== ''
      ? ((await statOrNothing(client, target.container, found.linkTarget)) ?? found)
      : found;
  const targetPath = stat !== found && found !== undefined ? found.linkTarget : target.path;
  const targetIsDirectory = stat !== undefined && isDirectoryMode(stat);
  const options = { CopyUIDGID: input.flag('archive'), NoOverwriteDirNonDir: true };
  if (source === '-') {
    if (!targetIsDirectory)
      throw new UsageError(`destination "${target.container}:${target.path}" must be a directory`);
    return await put(client, { Container: target.container, Path: targetPath, ...options }, process.stdin);
  }
  const follow = input.flag('follow-link') || source.endsWith('/') || meansContent(source);
  const kind = localKind(source, follow);
  if (kind === 'none') throw new UsageError(`lstat ${resolve(source)}: no such file or directory`);
  if (kind === 'directory' && stat !== undefined && !targetIsDirectory) throw new UsageError('cannot copy directory');
  if (stat === undefined && target.path.endsWith('/') && kind === 'file')
    throw new EngineError('NotFound', `no such directory: ${target.path} in container ${target.container}`);
  const as = targetIsDirectory ? (meansContent(source) ? '.' : basename(resolve(source))) : basename(targetPath);
  const { stream } = packStream({ kind: 'path', root: '/', path: resolve(source), as, follow });
  return await put(
    client,
    { Container: target.container, Path: targetIsDirectory ? targetPath : dirname(join('/', targetPath)), ...options },
    stream,
  );
}

async function put(
  client: Client,
  request: { Container: string; Path: string; CopyUIDGID: boolean; NoOverwriteDirNonDir: boolean },
  source: Readable,
): Promise<number> {
  const { socket, outcome } = await client.stream('container.archivePut', request);
  const counter = new Counter();
  socket.resume();
  // If the engine gives up, its reason is the outcome's, not the broken pipe's.
  await pipeline(source, counter, socket).catch(async (error: unknown) => {
    await outcome;
    throw error;
  });
  await outcome;
  return counter.bytes;
}

async function cp(input: Invocation, context: CliContext): Promise<number> {
  const [from = '', to = ''] = input.args;
  const source = parsePlace(from);
  const target = parsePlace(to);
  const client = await context.engine();
  if (source.container !== undefined && target.container !== undefined)
    throw new UsageError('copying between containers is not supported');
  if (source.container === undefined && target.container === undefined)
    throw new UsageError('must specify at least one container source');
  const bytes =
    source.container === undefined
      ? await toContainer(client, input, source.path, { container: target.container ?? '', path: target.path })
      : await fromContainer(client, input, { container: source.container, path: source.path }, target.path);
  // Where nobody watches, only --quiet=false makes it talk.
  const quiet = input.has('quiet') ? input.flag('quiet') : !context.terminal.isOutputTerminal;
  if (!quiet && to !== '-') context.error(`Successfully copied ${humanSize(bytes)} to ${to}\n`);
  return 0;
}

async function exportCommand(input: Invocation, context: CliContext): Promise<number> {
  const file = input.text('output');
  if (file === undefined && context.terminal.isOutputTerminal)
    throw new UsageError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  const { socket, outcome } = await (await context.engine()).stream('container.export', {
    Container: input.args[0] ?? '',
  });
  socket.end();
  if (file === undefined) await pipeline(socket, process.stdout, { end: false });
  else await pipeline(socket, createWriteStream(file));
  await outcome;
  return 0;
}

async function commit(input: Invocation, context: CliContext): Promise<number> {
  const [Container = '', Reference] = input.args;
  const author = input.text('author');
  const message = input.text('message');
  const { Id } = await (await context.engine()).call('container.commit', {
    Container,
    Pause: input.has('pause') ? input.flag('pause') : true,
    Changes: [...input.list('change')],
    ...(Reference === undefined ? {} : { Reference }),
    ...(author === undefined ? {} : { Author: author }),
    ...(message === undefined ? {} : { Message: message }),
  });
  context.out(`${Id}\n`);
  return 0;
}

export const containerFileCommands: readonly CommandSpec[] = [
  {
    path: ['container', 'cp'],
    aliases: [['cp']],
    summary: 'Copy files/folders between a container and the local filesystem',
    usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-',
    options: [
      flag('archive', 'Archive mode (copy all uid/gid information)', 'a'),
      flag('follow-link', 'Always follow symbol link in SRC_PATH', 'L'),
      flag('quiet', 'Suppress progress output during copy', 'q'),
    ],
    min: 2,
    max: 2,
    completes: 'container',
    run: cp,
  },
  {
    path: ['container', 'export'],
    aliases: [['export']],
    summary: "Export a container's filesystem as a tar archive",
    usage: '[OPTIONS] CONTAINER',
    options: [text('output', 'string', 'Write to a file, instead of STDOUT', 'o')],
    min: 1,
    max: 1,
    completes: 'container',
    run: exportCommand,
  },
  {
    path: ['container', 'commit'],
    aliases: [['commit']],
    summary: "Create a new image from a container's changes",
    usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
    options: [
      text('author', 'string', 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', 'a'),
      list('change', 'list', 'Apply Dockerfile instruction to the created image', 'c'),
      text('message', 'string', 'Commit message', 'm'),
      flag('pause', 'Pause container during commit (default true)', 'p'),
    ],
    min: 1,
    max: 2,
    completes: 'container',
    run: commit,
  },
];
