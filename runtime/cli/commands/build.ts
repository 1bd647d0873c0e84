// build, and the build cache: builder prune and du.
import { createWriteStream, existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { BuildOutcome, BuildProgress, BuildRequest } from '../../protocol/build.ts';
import { parseSize } from '../../protocol/size.ts';
import { type CommandSpec, flag, forceOption, type Invocation, pruneFilterOption, text } from '../command.ts';
import type { CliContext } from '../context.ts';
import { LiveProgress } from '../format/build_progress.ts';
import { humanSize } from '../format/units.ts';
import { buildFlags } from '../options/build_flags.ts';
import { UsageError } from '../parse.ts';
import { confirm } from './many.ts';

/** `NAME=value`; `NAME` alone takes the value of the environment, and counts for nothing where that has none. */
function pairs(values: readonly string[], environment: NodeJS.ProcessEnv = {}): Record<string, string> {
  const entries = values.flatMap((value): [string, string][] => {
    const at = value.indexOf('=');
    if (at >= 0) return [[value.slice(0, at), value.slice(at + 1)]];
    const known = environment[value];
    return known === undefined ? [] : [[value, known]];
  });
  return Object.fromEntries(entries);
}

/** `type=local,dest=out`: comma separated fields. */
function fields(value: string): Map<string, string> {
  return new Map(
    value.split(',').map((field): [string, string] => {
      const at = field.indexOf('=');
      return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}

function typed(value: string, simple: (value: string) => { Type: string; Attributes: Record<string, string> }) {
  if (!value.includes('=')) return simple(value);
  const { type: Type = 'image', ...Attributes } = Object.fromEntries(fields(value));
  return { Type, Attributes };
}

/** `-o DIR` means local files, `-o -` a tar on standard output. Paths are made absolute: the engine stands elsewhere. */
function output(value: string): { Type: string; Attributes: Record<string, string> } {
  const parsed = typed(value, (dest) =>
    dest === '-' ? { Type: 'tar', Attributes: { dest } } : { Type: 'local', Attributes: { dest } },
  );
  const { dest } = parsed.Attributes;
  if (dest === undefined || dest === '-') return parsed;
  return { Type: parsed.Type, Attributes: { ...parsed.Attributes, dest: resolve(dest) } };
}

/** A name alone is that of an image; directories are made absolute. */
function cache(value: string): { Type: string; Attributes: Record<string, string> } {
  const { Type, Attributes } = typed(value, (ref) => ({ Type: 'registry', Attributes: { ref } }));
  for (const name of ['src', 'dest']) {
    const directory = Attributes[name];
    if (directory !== undefined) Attributes[name] = resolve(directory);
  }
  return { Type, Attributes };
}

/** `id=x,src=file`, `id=x,env=NAME`. */
function secret(value: string, environment: NodeJS.ProcessEnv): NonNullable<BuildRequest['Secrets']>[number] {
  const from = fields(value);
  const file = from.get('src') ?? from.get('source');
  const Id = from.get('id') ?? file ?? '';
  if (Id === '') throw new UsageError(`invalid secret ${value}: it needs an id`);
  const variable =
    from.get('env') ??
    (from.get('type') === 'env' || (file === undefined && environment[Id] !== undefined) ? Id : undefined);
  if (variable !== undefined) {
    const Value = environment[variable];
    if (Value === undefined) throw new UsageError(`invalid secret ${value}: the variable ${variable} is not set`);
    return { Id, Value };
  }
  const path = resolve(file ?? Id);
  if (!existsSync(path)) throw new UsageError(`invalid secret ${value}: there is no file ${path}`);
  return { Id, File: path };
}

function ssh(value: string, environment: NodeJS.ProcessEnv): NonNullable<BuildRequest['Ssh']>[number] {
  const [Id = 'default', paths] = value.split('=', 2);
  const Paths =
    paths === undefined ? [environment['SSH_AUTH_SOCK'] ?? ''] : paths.split(',').map((path) => resolve(path));
  if (Paths[0] === '') throw new UsageError(`invalid ssh ${value}: no agent runs (SSH_AUTH_SOCK is not set)`);
  return { Id, Paths };
}

function isRemote(context: string): boolean {
  return /^(https?:\/\/|git:\/\/|ssh:\/\/|git@|github\.com\/)/.test(context);
}

async function requestOf(input: Invocation, context: CliContext): Promise<BuildRequest> {
  const { environment } = context;
  const [place = ''] = input.args;
  const file = input.text('file');
  const size = (name: string): number | undefined => {
    const value = input.text(name);
    return value === undefined ? undefined : parseSize(value);
  };
  // `build -` reads a Dockerfile or a tar; `-f - DIR` reads the Dockerfile only.
  const request: BuildRequest = {
    ...(place === '-' ? {} : { Context: isRemote(place) ? place : resolve(place) }),
    ...(file === '-' ? { DockerfileText: await readText(process.stdin) } : {}),
    Tags: [...input.list('tag')],
    BuildArgs: pairs(input.list('build-arg'), environment),
    Labels: pairs(input.list('label')),
    NamedContexts: Object.fromEntries(
      Object.entries(pairs(input.list('build-context'))).map(([name, source]) => [
        name,
        isRemote(source) || source.includes('://') ? source : resolve(source),
      ]),
    ),
    Secrets: input.list('secret').map((value) => secret(value, environment)),
    Ssh: input.list('ssh').map((value) => ssh(value, environment)),
    Outputs: [
      ...input.list('output').map(output),
      ...(input.flag('push') ? [{ Type: 'registry', Attributes: {} }] : []),
    ],
    CacheFrom: input.list('cache-from').map(cache),
    CacheTo: input.list('cache-to').map(cache),
    NoCache: input.flag('no-cache'),
    NoCacheFilter: input.list('no-cache-filter').flatMap((value) => value.split(',')),
    Pull: input.flag('pull'),
    AddHosts: [...input.list('add-host')],
    Entitlements: [...input.list('allow')],
    Ulimits: input.list('ulimit').map(ulimit),
  };
  const optional = {
    Dockerfile:
      file === undefined || file === '-' ? undefined : isRemote(place) || place === '-' ? file : resolve(file),
    Target: input.text('target'),
    Platforms:
      input.list('platform').length > 0 ? input.list('platform').flatMap((value) => value.split(',')) : undefined,
    Network: input.text('network'),
    ShmSize: size('shm-size'),
    CgroupParent: input.text('cgroup-parent'),
    Memory: size('memory'),
    MemorySwap: size('memory-swap'),
    CpuShares: input.number('cpu-shares'),
    CpuPeriod: input.number('cpu-period'),
    CpuQuota: input.number('cpu-quota'),
    CpusetCpus: input.text('cpuset-cpus'),
    CpusetMems: input.text('cpuset-mems'),
    SourceDateEpoch: environment['SOURCE_DATE_EPOCH'] ? Number(environment['SOURCE_DATE_EPOCH']) : undefined,
  };
  return { ...request, ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) };
}

function ulimit(value: string): { Name: string; Soft: number; Hard: number } {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(value);
  if (match === null) throw new UsageError(`invalid ulimit argument: ${value}`);
  return { Name: match[1] ?? '', Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

/** What standard input holds for `build -`: a tar begins with a name and has "ustar" further on, or is compressed. */
async function* withFirst(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

function isArchive(bytes: Buffer): boolean {
  const starts = [
    [0x1f, 0x8b],
    [0x28, 0xb5, 0x2f, 0xfd],
    [0x42, 0x5a, 0x68],
    [0xfd, 0x37, 0x7a],
  ];
  return (
    bytes.subarray(257, 262).toString('latin1') === 'ustar' ||
    starts.some((start) => start.every((byte, at) => bytes[at] === byte))
  );
}

/** Prints steps as BuildKit's plain progress does, or as JSON lines. */
class Printer {
  readonly #context: CliContext;
  readonly #isJson: boolean;
  readonly #numbers = new Map<string, { number: number; name: string; started: number }>();

  constructor(context: CliContext, isJson: boolean) {
    this.#context = context;
    this.#isJson = isJson;
  }

  show(progress: BuildProgress): void {
    if (this.#isJson) {
      this.#context.error(`${JSON.stringify(progress)}\n`);
      return;
    }
    switch (progress.Kind) {
      case 'vertex':
        this.#numbers.set(progress.Id, { number: this.#numbers.size + 1, name: progress.Name, started: 0 });
        return;
      case 'started': {
        const step = this.#numbers.get(progress.Id);
        if (step !== undefined) step.started = Date.parse(progress.Time);
        this.#line(progress.Id, step?.name ?? '');
        return;
      }
      case 'completed': {
        const seconds = (Date.parse(progress.Time) - (this.#numbers.get(progress.Id)?.started ?? 0)) / 1000;
        const word =
          progress.Error !== undefined
            ? `ERROR: ${progress.Error}`
            : progress.Cached
              ? 'CACHED'
              : `DONE ${seconds.toFixed(1)}s`;
        this.#line(progress.Id, word);
        return;
      }
      case 'log':
        for (const line of progress.Text.replace(/\n$/, '').split('\n')) this.#line(progress.Id, line);
        return;
      case 'problem':
        if (progress.Problem.Severity === 'warning') this.#context.error(`WARNING: ${progress.Problem.Message}\n`);
        return;
      case 'status':
        return;
    }
  }

  #line(id: string, text: string): void {
    this.#context.error(`#${this.#numbers.get(id)?.number ?? 0} ${text}\n`);
  }
}

/** `auto` is live on a terminal; without one there is nothing to redraw. */
function printerFor(progress: string, context: CliContext, stack: DisposableStack): Pick<Printer, 'show'> {
  const { errors } = context.terminal;
  const isLive = errors.isTTY === true && (progress === 'tty' || progress === 'auto');
  if (!isLive) return new Printer(context, progress === 'rawjson' || progress === 'json');
  const screen = () => ({ rows: errors.rows || 24, columns: errors.columns || 80 });
  return stack.use(new LiveProgress((text) => context.error(text), screen));
}

async function build(input: Invocation, context: CliContext): Promise<number> {
  const request = await requestOf(input, context);
  const client = await context.engine();
  if (input.flag('check')) return await check(request, context);
  const progress = input.text('progress') ?? 'auto';
  using stack = new DisposableStack();
  const isQuiet = input.flag('quiet') || progress === 'quiet';
  let source: AsyncIterable<Buffer> | undefined;
  if (input.args[0] === '-') {
    const iterator = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const { value } = await iterator.next();
    const first: Buffer = value ?? Buffer.alloc(0);
    const rest: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => iterator };
    if (isArchive(first)) {
      source = withFirst(first, rest);
      request.Context = '-';
    } else {
      const chunks: Buffer[] = [];
      for await (const chunk of withFirst(first, rest)) chunks.push(chunk);
      request.DockerfileText = Buffer.concat(chunks).toString('utf8');
    }
  }
  const printer = isQuiet ? undefined : printerFor(progress, context, stack);
  const { socket, outcome } = await client.stream('build.run', request, {
    signal: context.signal,
    ...(printer === undefined ? {} : { onProgress: (value: BuildProgress) => printer.show(value) }),
  });
  const sending = source === undefined ? socket.end() : pipeline(source, socket).catch(() => {});
  const receiving = pipeline(socket, createWriteStream('', { fd: 1, autoClose: false })).catch(() => {});
  const result = await outcome;
  await Promise.all([sending, receiving]);
  stack.dispose();
  report(input, context, result, isQuiet);
  return 0;
}

function report(input: Invocation, context: CliContext, result: BuildOutcome, isQuiet: boolean): void {
  const [image, second] = result.Images;
  // Several platforms have no image id in common; what a registry or archive has of them is the index.
  const id = second === undefined ? image?.Id : result.Digest;
  const idFile = input.text('iidfile');
  if (idFile !== undefined) writeFileSync(idFile, id ?? '');
  const metadataFile = input.text('metadata-file');
  if (metadataFile !== undefined) writeFileSync(metadataFile, `${JSON.stringify(result.Metadata, undefined, 2)}\n`);
  if (image === undefined) return;
  if (isQuiet) context.out(`${id ?? image.Id}\n`);
  else
    for (const line of [
      ...result.Images.map(({ Id }) => `writing image ${Id}`),
      ...result.References.map((name) => `naming to ${name}`),
    ])
      context.error(`${line}\n`);
}

/** `--check`: findings as `file:line:column: message`; exit code 1 where there are any. */
async function check(request: BuildRequest, context: CliContext): Promise<number> {
  const { Context, Dockerfile, DockerfileText, NamedContexts, Target, BuildArgs } = request;
  const all = { Context, Dockerfile, DockerfileText, NamedContexts, Target, BuildArgs };
  const params = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const problems = await (await context.engine()).call('build.check', params, { signal: context.signal });
  for (const { Message, Range, Severity } of problems) {
    const place = Range === undefined ? '' : `${Range.File}:${Range.Start.Line + 1}:${Range.Start.Character + 1}: `;
    context.out(`${place}${Severity}: ${Message}\n`);
  }
  if (problems.length === 0) context.out('Check complete, no warnings found.\n');
  return problems.length === 0 ? 0 : 1;
}

async function du(input: Invocation, context: CliContext): Promise<number> {
  const records = await (await context.engine()).call('build.cacheList', {});
  const rows = records.map(({ ID, Size, LastUsedAt, Description }) =>
    [
      ID.padEnd(28),
      humanSize(Size).padEnd(12),
      (LastUsedAt ?? 'never').padEnd(26),
      input.flag('verbose') ? Description : '',
    ]
      .join('')
      .trimEnd(),
  );
  const total = records.reduce((sum, { Size }) => sum + Size, 0);
  context.out(
    [`${'ID'.padEnd(28)}${'SIZE'.padEnd(12)}LAST ACCESSED`, ...rows, `Total:\t${humanSize(total)}`, ''].join('\n'),
  );
  return 0;
}

async function prune(input: Invocation, context: CliContext): Promise<number> {
  const question = 'WARNING! This will remove all build cache that is not in use.';
  if (!input.flag('force') && !(await confirm(context, question))) return 0;
  const sizes = {
    ReservedSpace: input.text('keep-storage') ?? input.text('reserved-space'),
    MaxUsedSpace: input.text('max-used-space'),
    MinFreeSpace: input.text('min-free-space'),
  };
  const given = Object.entries(sizes).flatMap(([name, size]) => (size === undefined ? [] : [[name, parseSize(size)]]));
  const Filters = Object.fromEntries(
    Object.entries(pairs(input.list('filter'))).map(([name, value]) => [name, [value]]),
  );
  const { CachesDeleted, SpaceReclaimed } = await (await context.engine()).call('build.cachePrune', {
    All: input.flag('all'),
    Filters,
    ...Object.fromEntries(given),
  });
  for (const id of CachesDeleted) context.out(`${id}\n`);
  context.out(`Total:\t${humanSize(SpaceReclaimed)}\n`);
  return 0;
}

export const buildCommands: readonly CommandSpec[] = [
  {
    path: ['image', 'build'],
    aliases: [['build'], ['builder', 'build']],
    summary: 'Build an image from a Dockerfile',
    usage: '[OPTIONS] PATH | URL | -',
    min: 1,
    max: 1,
    completes: 'file',
    options: buildFlags,
    run: build,
  },
  {
    path: ['builder', 'du'],
    summary: 'Show the disk use of the build cache',
    usage: '[OPTIONS]',
    min: 0,
    max: 0,
    options: [flag('verbose', 'Show what each record is')],
    run: du,
  },
  {
    path: ['builder', 'prune'],
    summary: 'Remove build cache',
    usage: '[OPTIONS]',
    min: 0,
    max: 0,
    options: [
      flag('all', 'Remove all unused build cache, not just dangling ones', 'a'),
      pruneFilterOption,
      forceOption,
      text('keep-storage', 'bytes', 'Amount of disk space to keep for cache'),
      text('reserved-space', 'bytes', 'Amount of disk space always allowed to keep for cache'),
      text('max-used-space', 'bytes', 'Maximum amount of disk space allowed to keep for cache'),
      text('min-free-space', 'bytes', 'Target amount of free disk space after pruning'),
    ],
    run: prune,
  },
];
