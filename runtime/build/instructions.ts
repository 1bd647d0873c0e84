// What each instruction does to its stage: a change of the config, a step, or both.
import { posix } from 'node:path';
import { signalNumber } from '../container/spec/signals.ts';
import type {
  Command,
  CommandInstruction,
  Instruction,
  PairsInstruction,
  TransferInstruction,
  Word,
} from '../dockerfile/ast.ts';
import { expand } from '../dockerfile/expansion.ts';
import { booleanFlag, flagValue, flagValues } from '../dockerfile/flags.ts';
import { healthcheck } from '../dockerfile/healthcheck.ts';
import { heredocContent } from '../dockerfile/heredoc.ts';
import { failureAt, type SourceFile } from './failure.ts';
import { readMounts } from './run_mounts.ts';
import type { StageState } from './stage_state.ts';
import type { FileSource, InlineFile, Operation, Step } from './steps.ts';

export interface InstructionScope {
  readonly file: SourceFile;
  readonly state: StageState;
  /** Variables replaced, quotes taken away. */
  expand(raw: string, from?: Instruction): string;
  /** As `expand`, split into words. */
  words(raw: string, from?: Instruction): readonly string[];
  /** The value of ARG `name`, given its own default. */
  argument(name: string, fallback: string | undefined): string | undefined;
  /** What `--from=name` means. */
  source(name: string): Promise<FileSource>;
}

type Made = Pick<Step, 'operation' | 'historyIndex'>;

/** @returns the step that the instruction makes; `undefined` for those that only change the config. */
export async function applyInstruction(scope: InstructionScope, instruction: Instruction): Promise<Made | undefined> {
  const { state } = scope;
  const { config } = state;
  switch (instruction.keyword) {
    case 'ARG': {
      // Other than with ENV, each default sees what stands before it in the line.
      const texts = instruction.pairs.map((pair) => {
        const name = scope.expand(pair.key.raw);
        const fallback = pair.value === undefined ? undefined : scope.expand(pair.value.raw);
        const value = scope.argument(name, fallback);
        state.setArgument(name, value);
        return value === undefined ? name : `${name}=${value}`;
      });
      state.record(`ARG ${texts.join(' ')}`, true);
      return undefined;
    }
    case 'ENV': {
      // All values of one ENV see the variables as they were before it.
      const pairs = expandPairs(scope, instruction);
      for (const [name, value] of pairs) state.setEnvironment(name, value);
      state.record(`ENV ${pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`, true);
      return undefined;
    }
    case 'LABEL': {
      const pairs = expandPairs(scope, instruction);
      config.Labels = { ...config.Labels, ...Object.fromEntries(pairs) };
      state.record(`LABEL ${pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`, true);
      return undefined;
    }
    case 'CMD':
      config.Cmd = commandWords(instruction.command, state);
      state.record(`CMD ${JSON.stringify(config.Cmd)}`, true);
      return undefined;
    case 'ENTRYPOINT':
      config.Entrypoint = commandWords(instruction.command, state);
      // A new entrypoint makes the base image's command meaningless; one set in this stage stays.
      if (!isSetInStage(state, 'CMD')) delete config.Cmd;
      state.record(`ENTRYPOINT ${JSON.stringify(config.Entrypoint)}`, true);
      return undefined;
    case 'SHELL':
      config.Shell = commandWords(instruction.command, state);
      state.record(`SHELL ${JSON.stringify(config.Shell)}`, true);
      return undefined;
    case 'USER':
      config.User = scope.expand(instruction.value?.raw ?? '');
      state.record(`USER ${config.User}`, true);
      return undefined;
    case 'STOPSIGNAL':
      config.StopSignal = scope.expand(instruction.value?.raw ?? '');
      checkSignal(scope, instruction, config.StopSignal);
      state.record(`STOPSIGNAL ${config.StopSignal}`, true);
      return undefined;
    case 'MAINTAINER':
      state.author = instruction.value?.raw ?? '';
      state.record(`MAINTAINER ${state.author}`, true);
      return undefined;
    case 'EXPOSE': {
      const ports = instruction.words
        .flatMap((word) => scope.words(word.raw))
        .flatMap((port) => expandPorts(scope, instruction, port));
      config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
      state.record(`EXPOSE ${ports.join(' ')}`, true);
      return undefined;
    }
    case 'VOLUME': {
      const paths = instruction.words.flatMap((word) =>
        instruction.json ? [scope.expand(word.raw)] : [...scope.words(word.raw)],
      );
      config.Volumes = { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
      state.record(`VOLUME [${paths.join(' ')}]`, true);
      return undefined;
    }
    case 'HEALTHCHECK':
      config.Healthcheck = healthcheck(instruction);
      state.record(historyText(instruction), true);
      return undefined;
    case 'ONBUILD':
      config.OnBuild = [...(config.OnBuild ?? []), instruction.logical.text.trim().replace(/^\S+\s+/, '')];
      state.record(historyText(instruction), true);
      return undefined;
    case 'WORKDIR': {
      const path = scope.expand(instruction.value?.raw ?? '');
      config.WorkingDir = posix.resolve(state.workingDirectory, path);
      const historyIndex = state.record(`WORKDIR ${config.WorkingDir}`, false);
      return { operation: { kind: 'workdir', path: config.WorkingDir, user: config.User ?? '' }, historyIndex };
    }
    case 'RUN':
      return await run(scope, instruction);
    case 'COPY':
    case 'ADD':
      return await transfer(scope, instruction);
    case 'FROM':
    case 'UNKNOWN':
      throw failureAt(scope.file, instruction, `unexpected instruction ${instruction.keywordText}`);
  }
}

function historyText(instruction: Instruction): string {
  return instruction.logical.text.trim().replace(/\s+/g, ' ').replace(/^\S+/, instruction.keyword);
}

function isSetInStage(state: StageState, keyword: string): boolean {
  return state.history.slice(state.inherited).some(({ created_by }) => created_by?.startsWith(`${keyword} `) === true);
}

function expandPairs(scope: InstructionScope, instruction: PairsInstruction): [string, string][] {
  return instruction.pairs.map((pair) => [scope.expand(pair.key.raw), scope.expand(pair.value?.raw ?? '')]);
}

/** A command as the config has it: exec form as it is, shell form behind the stage's shell. */
function commandWords(command: Command | undefined, state: StageState): string[] {
  if (command === undefined) return [];
  if (command.form === 'exec') return command.arguments.map(({ value }) => value);
  return [...state.shell, command.text];
}

/** `80`, `80/udp`, `8000-8002/tcp`: each port with its protocol. */
function expandPorts(scope: InstructionScope, instruction: Instruction, text: string): string[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/([a-zA-Z]+))?$/.exec(text.replace(/^.*:/, ''));
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  const protocol = (match?.[3] ?? 'tcp').toLowerCase();
  if (match === null || last < first || last > 65_535 || !['tcp', 'udp', 'sctp'].includes(protocol)) {
    throw failureAt(scope.file, instruction, `invalid containerPort: ${text}`);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}

async function run(scope: InstructionScope, instruction: CommandInstruction): Promise<Made> {
  const { state } = scope;
  const { args, inline } = runCommand(instruction, state);
  const network = flagValue(instruction, 'network') ?? 'default';
  const operation: Operation = {
    kind: 'run',
    args,
    inline,
    env: state.runEnvironment(),
    user: state.config.User ?? '',
    cwd: state.workingDirectory,
    mounts: await readMounts(scope, instruction),
    network: network === 'none' || network === 'host' ? network : 'default',
    privileged: flagValue(instruction, 'security') === 'insecure',
  };
  const used = [...state.args];
  const prefix =
    used.length === 0 ? '' : `|${used.length} ${used.map(([name, value]) => `${name}=${value}`).join(' ')} `;
  const historyIndex = state.record(`RUN ${prefix}${args.join(' ')}`, false);
  return { operation, historyIndex };
}

function checkSignal({ file }: InstructionScope, instruction: Instruction, signal: string): void {
  try {
    signalNumber(signal);
  } catch (error) {
    throw failureAt(file, instruction, `invalid signal: ${signal}`, { cause: error });
  }
}

/** Heredocs of RUN: a lone one is the script itself, others are files that the command reads. */
function runCommand(instruction: CommandInstruction, state: StageState): { args: string[]; inline: InlineFile[] } {
  const { command, heredocs, source } = instruction;
  if (command?.form === 'exec') return { args: command.arguments.map(({ value }) => value), inline: [] };
  const text = command?.text.trim() ?? '';
  const [heredoc] = heredocs;
  if (heredoc === undefined) return { args: [...state.shell, text], inline: [] };
  const isAlone = heredocs.length === 1 && /^\d*<<-?\s*\S+$/.test(text);
  if (isAlone) {
    const content = heredocContent(source, heredoc);
    if (!content.startsWith('#!')) return { args: [...state.shell, content], inline: [] };
    // A script with its own interpreter is put where the kernel can start it.
    return { args: [...state.shell, `/dev/pipes/${heredoc.name}`], inline: [{ name: heredoc.name, content }] };
  }
  // The shell reads the heredocs itself: the command with its bodies, as a script would have them.
  const bodies = heredocs.map((one) => `${heredocContent(source, { ...one, chomp: false })}${one.name}\n`).join('');
  return { args: [...state.shell, `${text}\n${bodies}`], inline: [] };
}

async function transfer(scope: InstructionScope, instruction: TransferInstruction): Promise<Made> {
  const { state } = scope;
  const isAdd = instruction.keyword === 'ADD';
  const word = ({ raw }: Word): string => scope.expand(raw);
  const written = instruction.sources.filter((source) => !isInline(instruction, source)).map(word);
  const destination = destinationOf(instruction.destination === undefined ? '' : word(instruction.destination), state);
  const options = {
    destination,
    chown: optional(scope, flagValue(instruction, 'chown')),
    chmod: optional(scope, flagValue(instruction, 'chmod')),
  };
  const unpackFlag = flagValue(instruction, 'unpack');
  const historyIndex = state.record(
    `${instruction.keyword} ${[...flagTexts(instruction), ...written, destination].join(' ')}`,
    false,
  );
  const remote = isAdd ? written.filter(isRemote) : [];
  if (remote.length > 0) {
    if (written.length > remote.length)
      throw failureAt(
        scope.file,
        instruction,
        'ADD takes files of the context or URLs, not both: write two instructions',
      );
    if (remote.length > 1 && !destination.endsWith('/'))
      throw failureAt(
        scope.file,
        instruction,
        'ADD of more than one source needs a directory: end the destination with a /',
      );
    const checksum = optional(scope, flagValue(instruction, 'checksum'));
    if (checksum !== undefined && remote.length > 1)
      throw failureAt(scope.file, instruction, "checksum can't be specified for multiple sources");
    const operation: Operation = {
      kind: 'fetch',
      sources: remote.map((url) => ({ url, isGit: isGitSource(url) })),
      keepGitDirectory: booleanFlag(instruction, 'keep-git-dir'),
      checksum,
      ...options,
      unpack: unpackFlag !== undefined && booleanFlag(instruction, 'unpack'),
    };
    return { operation, historyIndex };
  }
  const from = flagValue(instruction, 'from');
  const operation: Operation = {
    kind: 'copy',
    from: from === undefined ? { kind: 'context', name: '' } : await scope.source(from),
    sources: written,
    inline: inlineFiles(scope, instruction),
    ...options,
    link: booleanFlag(instruction, 'link'),
    parents: booleanFlag(instruction, 'parents'),
    excludes: flagValues(instruction, 'exclude').map((pattern) => scope.expand(pattern)),
    unpack: isAdd && (unpackFlag === undefined || booleanFlag(instruction, 'unpack')),
  };
  return { operation, historyIndex };
}

function optional(scope: InstructionScope, raw: string | undefined): string | undefined {
  return raw === undefined ? undefined : scope.expand(raw);
}

function flagTexts(instruction: Instruction): string[] {
  return instruction.flags.map(({ name, value }) => (value === undefined ? `--${name}` : `--${name}=${value.value}`));
}

function isInline(instruction: TransferInstruction, source: Word): boolean {
  return instruction.heredocs.some(({ span }) => span.start === source.span.start);
}

/** Heredocs of COPY and ADD are files; their variables are the builder's unless the delimiter is quoted. */
function inlineFiles(scope: InstructionScope, instruction: TransferInstruction): InlineFile[] {
  return instruction.heredocs.map((heredoc) => {
    const body = heredocContent(instruction.source, heredoc);
    const content = heredoc.expand
      ? expand(body, scope.state.variables, { escape: instruction.escape, ignoreQuotes: true, rawEscapes: false }).value
      : body;
    return { name: heredoc.name, content };
  });
}

/** Absolute; a trailing slash (or `.`) keeps meaning "a directory". */
function destinationOf(text: string, state: StageState): string {
  const path = posix.resolve(state.workingDirectory, text);
  const isDirectory = text.endsWith('/') || /(^|\/)\.\.?$/.test(text);
  return isDirectory && path !== '/' ? `${path}/` : path;
}

function isRemote(source: string): boolean {
  return /^https?:\/\//.test(source) || isGitSource(source);
}

function isGitSource(source: string): boolean {
  return /^(git@|git:\/\/|ssh:\/\/)/.test(source) || /^https?:\/\/.*\.git(#.*)?$/.test(source);
}
