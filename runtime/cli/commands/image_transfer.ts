// pull, push, load, save, import: images on the move, with a line of progress per layer.
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { Client } from '../../protocol/client.ts';
import { EngineError } from '../../protocol/errors.ts';
import type { TransferProgress } from '../../protocol/image.ts';
import type { Params } from '../../protocol/methods.ts';
import { type CommandSpec, flag, type Invocation, list, type OptionSpec, text } from '../command.ts';
import type { CliContext } from '../context.ts';
import { humanSize } from '../format/units.ts';
import { UsageError } from '../parse.ts';
import type { Terminal } from '../terminal.ts';

/** Draws each layer's line in place on a terminal; elsewhere prints a layer's states once each. */
class ProgressLines {
  readonly #output: NodeJS.WriteStream;
  readonly #lines = new Map<string, string>();
  readonly #said = new Set<string>();

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  show({ Id, Status, Current, Total }: TransferProgress): void {
    if (Id === undefined) {
      this.#output.write(`${Status}\n`);
      return;
    }
    if (!this.#output.isTTY) {
      const text = `${Id}: ${Status}`;
      if (Current !== undefined && Total !== undefined && Current < Total) return;
      if (!this.#said.has(text)) this.#output.write(`${text}\n`);
      this.#said.add(text);
      return;
    }
    const figures =
      Current === undefined
        ? ''
        : ` ${bar(Current, Total)}${humanSize(Current)}${Total === undefined ? '' : `/${humanSize(Total)}`}`;
    this.#lines.set(Id, `${Id}: ${Status}${figures}`);
    this.#redraw(Id);
  }

  #redraw(id: string): void {
    const ids = [...this.#lines.keys()];
    const position = ids.length - ids.indexOf(id);
    const line = this.#lines.get(id) ?? '';
    if (!this.#said.has(id)) {
      this.#said.add(id);
      this.#output.write(`${line}\n`);
      return;
    }
    const width = this.#output.columns ?? 80;
    this.#output.write(`\x1b[${position}A\r\x1b[2K${line.slice(0, width - 1)}\x1b[${position}B\r`);
  }
}

function bar(current: number, total: number | undefined): string {
  if (total === undefined || total === 0) return '';
  const filled = Math.min(50, Math.floor((current / total) * 50));
  return `[${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}${' '.repeat(50 - filled)}]  `;
}

function outputOf(terminal: Terminal, toErrors: boolean): NodeJS.WriteStream {
  return toErrors ? terminal.errors : terminal.output;
}

export async function pullWithProgress(
  client: Client,
  context: CliContext,
  request: Params<'image.pull'>,
  { quiet, toErrors }: { quiet: boolean; toErrors: boolean },
): Promise<void> {
  const lines = new ProgressLines(outputOf(context.terminal, toErrors));
  const pulled = await client.call('image.pull', request, {
    signal: context.signal,
    ...(quiet ? {} : { onProgress: (value: TransferProgress) => lines.show(value) }),
  });
  const say = toErrors ? context.error : context.out;
  for (const { Reference, Digest, Updated } of pulled) {
    if (quiet) {
      if (!toErrors) context.out(`${Reference}\n`);
      continue;
    }
    say(`Digest: ${Digest}\n`);
    say(`Status: ${Updated ? 'Downloaded newer image' : 'Image is up to date'} for ${Reference}\n`);
    if (!toErrors) say(`${Reference}\n`);
  }
}

async function pull(input: Invocation, context: CliContext): Promise<number> {
  const [Reference = ''] = input.args;
  const platform = input.text('platform');
  const request = {
    Reference,
    AllTags: input.flag('all-tags'),
    ...(platform === undefined ? {} : { Platform: platform }),
  };
  await pullWithProgress(await context.engine(), context, request, { quiet: input.flag('quiet'), toErrors: false });
  return 0;
}

async function push(input: Invocation, context: CliContext): Promise<number> {
  const [Reference = ''] = input.args;
  const platform = input.text('platform');
  const quiet = input.flag('quiet');
  const lines = new ProgressLines(context.terminal.output);
  const pushed = await (await context.engine()).call(
    'image.push',
    { Reference, AllTags: input.flag('all-tags'), ...(platform === undefined ? {} : { Platform: platform }) },
    { signal: context.signal, ...(quiet ? {} : { onProgress: (value: TransferProgress) => lines.show(value) }) },
  );
  for (const { Reference: reference, Digest, Size } of pushed)
    context.out(
      quiet ? `${reference}\n` : `${/:([^/]+)$/.exec(reference)?.[1] ?? reference}: digest: ${Digest} size: ${Size}\n`,
    );
  return 0;
}

async function load(input: Invocation, context: CliContext): Promise<number> {
  const file = input.text('input');
  if (file === undefined && context.terminal.isInputTerminal)
    throw new UsageError('requested load from stdin, but stdin is empty');
  const platform = input.text('platform');
  const source = file === undefined ? process.stdin : await openFile(file);
  const lines = new ProgressLines(context.terminal.output);
  const { socket, outcome } = await (await context.engine()).stream(
    'image.load',
    platform === undefined ? {} : { Platform: platform },
    {
      signal: context.signal,
      ...(input.flag('quiet') ? {} : { onProgress: (value: TransferProgress) => lines.show(value) }),
    },
  );
  await send(source, socket, outcome);
  for (const { Id, References } of (await outcome).Images)
    context.out(
      References.length > 0 ? References.map((name) => `Loaded image: ${name}\n`).join('') : `Loaded image ID: ${Id}\n`,
    );
  return 0;
}

/** Writes all of the source to the engine. If the engine gives up, its reason is the outcome's, not the broken pipe's. */
async function send(
  source: NodeJS.ReadableStream,
  socket: NodeJS.ReadWriteStream,
  outcome: Promise<unknown>,
): Promise<void> {
  socket.resume();
  await pipeline(source, socket).catch(async (error: unknown) => {
    await outcome;
    throw error;
  });
}

async function save(input: Invocation, context: CliContext): Promise<number> {
  const file = input.text('output');
  if (file === undefined && context.terminal.isOutputTerminal)
    throw new UsageError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  const platform = input.text('platform');
  const { socket, outcome } = await (await context.engine()).stream(
    'image.save',
    { Images: [...input.args], ...(platform === undefined ? {} : { Platform: platform }) },
    { signal: context.signal },
  );
  socket.end();
  const copying =
    file === undefined ? pipeline(socket, process.stdout, { end: false }) : pipeline(socket, createWriteStream(file));
  await copying.catch(async (error: unknown) => {
    await outcome;
    throw error;
  });
  await outcome;
  return 0;
}

/** Open, so that a file that isn't there is told before anything is sent. */
async function openFile(path: string): Promise<NodeJS.ReadableStream> {
  try {
    return (await open(path)).createReadStream();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error(`open ${path}: no such file or directory`);
    throw error;
  }
}

async function openSource(path: string): Promise<NodeJS.ReadableStream> {
  if (path === '-') return process.stdin;
  if (!/^https?:\/\//.test(path)) return await openFile(path);
  const response = await fetch(path);
  if (!response.ok || response.body === null)
    throw new EngineError('Unavailable', `cannot fetch ${path}: ${response.status} ${response.statusText}`);
  // Node's and the DOM's declarations of one and the same class differ.
  return Readable.fromWeb(response.body as WebStream);
}

async function importCommand(input: Invocation, context: CliContext): Promise<number> {
  const [path = '', Reference] = input.args;
  const message = input.text('message');
  const platform = input.text('platform');
  const source = await openSource(path);
  const { socket, outcome } = await (await context.engine()).stream('image.import', {
    Changes: [...input.list('change')],
    ...(Reference === undefined ? {} : { Reference }),
    ...(message === undefined ? {} : { Message: message }),
    ...(platform === undefined ? {} : { Platform: platform }),
  });
  await send(source, socket, outcome);
  context.out(`${(await outcome).Id}\n`);
  return 0;
}

const platformOption = text('platform', 'string', 'Set platform if server is multi-platform capable');
const trust: OptionSpec = { ...flag('disable-content-trust', 'Skip image verification'), hidden: true };

export const imageTransferCommands: readonly CommandSpec[] = [
  {
    path: ['image', 'pull'],
    aliases: [['pull']],
    summary: 'Download an image from a registry',
    usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
    options: [
      flag('all-tags', 'Download all tagged images in the repository', 'a'),
      platformOption,
      flag('quiet', 'Suppress verbose output', 'q'),
      trust,
    ],
    min: 1,
    max: 1,
    completes: 'image',
    run: pull,
  },
  {
    path: ['image', 'push'],
    aliases: [['push']],
    summary: 'Upload an image to a registry',
    usage: '[OPTIONS] NAME[:TAG]',
    options: [
      flag('all-tags', 'Push all tags of an image to the repository', 'a'),
      platformOption,
      flag('quiet', 'Suppress verbose output', 'q'),
      trust,
    ],
    min: 1,
    max: 1,
    completes: 'image',
    run: push,
  },
  {
    path: ['image', 'load'],
    aliases: [['load']],
    summary: 'Load an image from a tar archive or STDIN',
    usage: '[OPTIONS]',
    options: [
      text('input', 'string', 'Read from tar archive file, instead of STDIN', 'i'),
      platformOption,
      flag('quiet', 'Suppress the load output', 'q'),
    ],
    min: 0,
    max: 0,
    run: load,
  },
  {
    path: ['image', 'save'],
    aliases: [['save']],
    summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    options: [text('output', 'string', 'Write to a file, instead of STDOUT', 'o'), platformOption],
    min: 1,
    completes: 'image',
    run: save,
  },
  {
    path: ['image', 'import'],
    aliases: [['import']],
    summary: 'Import the contents from a tarball to create a filesystem image',
    usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
    options: [
      list('change', 'list', 'Apply Dockerfile instruction to the created image', 'c'),
      text('message', 'string', 'Set commit message for imported image', 'm'),
      platformOption,
    ],
    min: 1,
    max: 2,
    completes: 'file',
    run: importCommand,
  },
];
