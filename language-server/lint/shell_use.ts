// The shell in an instruction: which texts a shell reads, which shell it is, and the commands in them.
import type { Command, Heredoc, Instruction, JsonString, Span } from '../../runtime/dockerfile/ast.ts';
import { sourceSpan } from '../../runtime/dockerfile/ast.ts';
import type { ParsedScript } from '../shell/ast.ts';
import { parseShell } from '../shell/parser.ts';
import { walkScript } from '../shell/walk.ts';
import { CommandCall, commandsOf } from './commands.ts';

/** The languages that the checks tell apart; `other` is a shell whose language they do not know. */
export type Dialect = 'sh' | 'dash' | 'busybox' | 'bash' | 'ksh' | 'other';

/** The shell that runs the shell form. */
export interface ShellSetting {
  readonly dialect: Dialect;
  /** PowerShell, cmd and the like: nothing in the instruction is read as a shell script. */
  readonly foreign: boolean;
  /** Whether a pipe fails when a command in it does. */
  readonly pipefail: boolean;
  /** SHELL was set, here or in a stage below. */
  readonly explicit: boolean;
  /** Whether errexit is on. */
  readonly errexit: boolean;
}

export const DEFAULT_SHELL: ShellSetting = {
  dialect: 'sh',
  foreign: false,
  pipefail: false,
  explicit: false,
  errexit: false,
};
export const FOREIGN_SHELL: ShellSetting = {
  dialect: 'other',
  foreign: true,
  pipefail: true,
  explicit: false,
  errexit: false,
};

const FOREIGN = /^(pwsh|powershell|cmd)(\.exe)?$/i;

/** Equal settings are one object, so that caches may compare them. */
const settings = new Map<string, ShellSetting>();

function intern(setting: ShellSetting): ShellSetting {
  const key = JSON.stringify(setting);
  const known = settings.get(key);
  if (known !== undefined) return known;
  settings.set(key, setting);
  return setting;
}

/** The setting that `SHELL ["…", …]` makes. */
export function shellSetting(words: readonly string[]): ShellSetting {
  const program = (words[0] ?? '').replace(/^.*[/\\]/, '');
  if (FOREIGN.test(program)) return intern({ ...FOREIGN_SHELL, explicit: true });
  const options = words.slice(1);
  const flags = options.filter((word) => /^-[^-]/.test(word)).join('');
  const pipefail = options.includes('pipefail') && flags.includes('o') && ['bash', 'zsh', 'ash'].includes(program);
  const errexit = flags.includes('e') || options.includes('errexit');
  return intern({ dialect: dialectOf(program), foreign: false, pipefail, explicit: true, errexit });
}

/** The setting that `# hadolint shell=…` makes: it says what the base image has, so it is no SHELL of the file. */
export function pragmaShell(text: string): ShellSetting {
  return intern({ ...shellSetting(text.trim().split(/\s+/)), explicit: false });
}

/** The dialect that a program of this name speaks. */
function dialectOf(program: string): Dialect {
  switch (program) {
    case 'sh':
      return 'sh';
    case 'bash':
    case 'rbash':
      return 'bash';
    case 'dash':
    case 'ash':
      return 'dash';
    case 'busybox':
      return 'busybox';
    case 'ksh':
    case 'mksh':
    case 'ksh93':
      return 'ksh';
    default:
      return 'other';
  }
}

/** A text that a shell reads. */
export interface ShellPiece {
  readonly parsed: ParsedScript;
  /** Maps offsets of the text to a span in the instruction. */
  readonly place: (span: Span) => Span;
  /** What the script itself names as its shell, in its first line or as the program that reads it. */
  readonly dialect?: Dialect;
}

export interface ShellUse {
  readonly pieces: readonly ShellPiece[];
  readonly commands: readonly CommandCall[];
  /** Where the pipes are. */
  readonly pipes: readonly Span[];
}

const NOTHING: ShellUse = { pieces: [], commands: [], pipes: [] };
const cache = new WeakMap<Instruction, ShellUse>();

/** The shell in an instruction; the answer is kept as long as the instruction object lives. */
export function shellUse(instruction: Instruction): ShellUse {
  const known = cache.get(instruction);
  if (known !== undefined) return known;
  const command = commandOf(instruction);
  const use = command === undefined ? fileUse(instruction) : useOf(instruction, command);
  cache.set(instruction, use);
  return use;
}

function commandOf(instruction: Instruction): Command | undefined {
  switch (instruction.keyword) {
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'HEALTHCHECK':
      return instruction.command;
    default:
      return undefined;
  }
}

function useOf(instruction: Instruction, command: Command): ShellUse {
  if (command.form === 'exec') return execUse(command.arguments);
  const pieces = shellPieces(instruction, command);
  const commands = pieces.flatMap((piece) => commandsOf(piece.parsed, piece.place));
  return { pieces, commands, pipes: pieces.flatMap(pipesOf) };
}

/** COPY and ADD: here-documents that are shell scripts by their first line, and stay as they are written. */
function fileUse(instruction: Instruction): ShellUse {
  if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') return NOTHING;
  const scripts = instruction.heredocs.filter(
    (heredoc) => !heredoc.expand && instruction.source.startsWith('#!', heredoc.body.start),
  );
  return scripts.length === 0
    ? NOTHING
    : { pieces: scripts.map((heredoc) => scriptPiece(instruction, heredoc)), commands: [], pipes: [] };
}

function pipesOf(piece: ShellPiece): Span[] {
  const pipes: Span[] = [];
  walkScript(piece.parsed, {
    pipeline: (pipeline) => {
      for (const operator of pipeline.operators) pipes.push(piece.place(operator));
    },
  });
  return pipes;
}

/** `["program", "argument"]`, and the script of `["sh", "-c", "script"]`. */
function execUse(words: readonly JsonString[]): ShellUse {
  const [first, ...rest] = words;
  if (first === undefined) return NOTHING;
  const place = (span: Span): Span => span;
  const args = rest.map((word) => ({ start: word.span.start, end: word.span.end, text: word.value }));
  const call = new CommandCall(first.value, first.span, args, place);
  const script = scriptArgument(first.value, rest);
  if (script === undefined) return { pieces: [], commands: [call], pipes: [] };
  return { pieces: [script], commands: [call, ...commandsOf(script.parsed, script.place)], pipes: pipesOf(script) };
}

function scriptArgument(program: string, rest: readonly JsonString[]): ShellPiece | undefined {
  const dialect = dialectOf(program.replace(/^.*\//, ''));
  const at = rest.findIndex((word) => /^-[a-z]*c$/.test(word.value));
  const script = rest[at + 1];
  if (dialect === 'other' || at < 0 || script === undefined) return undefined;
  // With escapes in the JSON string the offsets do not map one to one: then the whole string is the place.
  const plain = script.span.end - script.span.start === script.value.length + 2;
  const offset = script.span.start + 1;
  const place = (span: Span): Span => (plain ? { start: span.start + offset, end: span.end + offset } : script.span);
  return { parsed: parseShell(script.value), place, dialect };
}

/** The shell form: the command with its here-documents as the shell gets them, or the here-document as the script. */
function shellPieces(instruction: Instruction, command: Command & { form: 'shell' }): ShellPiece[] {
  if (instruction.heredocs.length === 0) return [linePiece(instruction, command)];
  const first = instruction.heredocs[0];
  if (first !== undefined && onlyHeredocs(instruction, command)) return [scriptPiece(instruction, first)];
  return [combinedPiece(instruction, command), ...stdinScripts(instruction, command)];
}

function linePiece(instruction: Instruction, command: Command & { form: 'shell' }): ShellPiece {
  const { logical } = instruction;
  const from = command.logicalStart;
  const place = (span: Span): Span => sourceSpan(logical, from + span.start, from + span.end);
  return { parsed: parseShell(command.text), place };
}

function onlyHeredocs(instruction: Instruction, command: Command & { form: 'shell' }): boolean {
  let rest = command.text;
  for (const heredoc of instruction.heredocs)
    rest = rest.replace(instruction.source.slice(heredoc.span.start, heredoc.span.end), '');
  return rest.trim() === '';
}

/** `RUN <<EOF`: the body is the script, run by what its first line names. */
function scriptPiece(instruction: Instruction, heredoc: Heredoc): ShellPiece {
  const { start, end } = heredoc.body;
  const text = instruction.source.slice(start, end);
  const place = (span: Span): Span => ({ start: start + span.start, end: start + span.end });
  const shebang = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(text);
  if (shebang === null) return { parsed: parseShell(text), place };
  const program = (shebang[1] ?? '').replace(/^.*\//, '');
  const dialect = dialectOf(program === 'env' ? (shebang[2] ?? '') : program);
  return { parsed: parseShell(dialect === 'other' ? '' : text), place, dialect };
}

/** The command line and the bodies behind it, as one script. */
function combinedPiece(instruction: Instruction, command: Command & { form: 'shell' }): ShellPiece {
  const bodies: { at: number; source: number }[] = [];
  let text = command.text;
  for (const heredoc of instruction.heredocs) {
    text += '\n';
    bodies.push({ at: text.length, source: heredoc.body.start });
    text += instruction.source.slice(heredoc.body.start, heredoc.terminator?.end ?? heredoc.body.end);
  }
  const line = linePiece(instruction, command);
  const place = (span: Span): Span => {
    const body = bodies.findLast((candidate) => candidate.at <= span.start);
    if (body === undefined) return line.place({ start: span.start, end: Math.min(span.end, command.text.length) });
    return { start: span.start - body.at + body.source, end: span.end - body.at + body.source };
  };
  return { parsed: parseShell(text), place };
}

/** `RUN bash <<'EOF'`: what a shell reads from its standard input is a script too. */
function stdinScripts(instruction: Instruction, command: Command & { form: 'shell' }): ShellPiece[] {
  const reader = /^\s*(?:\/\S*\/)?(sh|bash|dash|ash|ksh)(?:\s+-[a-z]+)*\s*(?:-s\s*)?<<-?\s*(['"])/.exec(command.text);
  const heredoc = instruction.heredocs[0];
  if (reader === null || heredoc === undefined || instruction.heredocs.length !== 1) return [];
  return [{ ...scriptPiece(instruction, heredoc), dialect: dialectOf(reader[1] ?? '') }];
}
