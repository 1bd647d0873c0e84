// The syntax tree of a Dockerfile.
//
// Why an own parser and not the `dockerfile-ast` package: that one parses lazily and from scratch at every question, which
// costs the whole file per keystroke; it has no identity for unchanged instructions, joins heredocs and continuations in
// ways that lose the mapping back to the source, and does not word errors as BuildKit does. The builder and the language
// server need the same exact answers, so both stand on this tree, which follows BuildKit's own parser
// (github.com/moby/buildkit, frontend/dockerfile/{parser,instructions,shell}).
//
// Offsets are UTF-16 code units. A document is a list of items; each item (instruction, comment, directive) knows where it
// starts in the document, and every span inside it is relative to that start. So an edit elsewhere moves an item without
// touching what is inside, and whatever was computed for an item object stays valid as long as the object lives.

/** A half-open range of UTF-16 offsets, relative to the start of the item that contains it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A finding of the parser itself, worded as BuildKit words it. */
export interface SyntaxProblem {
  readonly message: string;
  readonly span: Span;
}

/** What every item of a document has. `start` and `startLine` move when text before the item changes. */
interface ItemBase {
  /** Absolute offset of the first character that is not white space. */
  start: number;
  /** Zero-based line of `start` (lines end with LF, CRLF or CR, as LSP counts them). */
  startLine: number;
  /** The item's text from `start` to the end of its last line, without that line's terminator. */
  readonly source: string;
  readonly problems: readonly SyntaxProblem[];
}

export interface Comment extends ItemBase {
  readonly kind: 'comment';
}

/** `# name=value` at the top of the file. */
export interface Directive extends ItemBase {
  readonly kind: 'directive';
  /** Lower case. */
  readonly name: 'syntax' | 'escape' | 'check';
  readonly nameSpan: Span;
  readonly value: string;
  readonly valueSpan: Span;
}

export type Item = Comment | Directive | Instruction;

/** A piece of the logical line (continuations and the comments between them taken out), as it is written. */
export interface Word {
  readonly span: Span;
  /** As written, with quotes, escapes and variables, but without continuations: what is between the ends of `span`. */
  readonly raw: string;
}

/** An element of a JSON array: `span` includes the quotes, `value` is decoded. */
export interface JsonString {
  readonly span: Span;
  readonly value: string;
}

/** `--name` or `--name=value` after the keyword. */
export interface Flag {
  readonly span: Span;
  /** Without the dashes, as written (BuildKit wants lower case). */
  readonly name: string;
  readonly nameSpan: Span;
  /** Absent when there is no `=`. `raw` as written; `value` with quotes and escapes of the flag itself taken away. */
  readonly value?: Word & { readonly value: string };
}

/** `<<NAME` in RUN, COPY or ADD, with the lines that belong to it. */
export interface Heredoc {
  /** `3<<-"EOF"`, the whole marker. */
  readonly span: Span;
  readonly fileDescriptor: number;
  /** Without quotes. */
  readonly name: string;
  /** The name inside the marker, without quotes. */
  readonly nameSpan: Span;
  /** False when any part of the name is quoted: variables in the body stay as they are. */
  readonly expand: boolean;
  /** `<<-`: leading tabs are taken off the body's lines. */
  readonly chomp: boolean;
  /** The body's lines, the last newline included. */
  readonly body: Span;
  /** The closing line's word. Absent when the file ends first. */
  readonly terminator?: Span;
}

/** A command in shell form: one string for a shell. */
interface ShellForm {
  readonly form: 'shell';
  readonly span: Span;
  /** The logical text, continuations taken out; `logicalStart` is where it begins in `instruction.logical.text`. */
  readonly text: string;
  readonly logicalStart: number;
}

/** A command in exec form: `["program", "argument"]`. */
interface ExecForm {
  readonly form: 'exec';
  readonly span: Span;
  readonly arguments: readonly JsonString[];
}

export type Command = ShellForm | ExecForm;

/** `NAME=value` or `NAME` in ARG; `key=value` in ENV and LABEL. */
export interface Pair {
  readonly span: Span;
  readonly key: Word;
  /** Absent for `ARG NAME`, and where the value is missing by mistake. */
  readonly value?: Word;
}

/**
 * The logical line: the instruction's own lines joined as the builder joins them (heredoc bodies are not in it).
 * `sourceOffset` maps an offset in `text` to an offset in `source`; `logicalOffset` is the way back.
 */
export interface LogicalLine {
  readonly text: string;
  /** Pieces in order: `logical[i]` is where piece i begins in `text`, `physical[i]` where it begins in `source`. */
  readonly logical: readonly number[];
  readonly physical: readonly number[];
}

export interface InstructionBase extends ItemBase {
  readonly kind: 'instruction';
  /** As written. */
  readonly keywordText: string;
  readonly keywordSpan: Span;
  /** Everything behind the keyword up to the end of the logical line, trimmed, flags included. */
  readonly argumentsSpan: Span;
  readonly flags: readonly Flag[];
  readonly heredocs: readonly Heredoc[];
  readonly logical: LogicalLine;
  /** Comment lines between continuation lines. */
  readonly comments: readonly Span[];
  /** Blank lines between continuation lines (BuildKit warns of them). */
  readonly emptyContinuations: readonly Span[];
  /** The escape character of the file. */
  readonly escape: '\\' | '`';
  /** The ONBUILD around this instruction. Spans of an inner instruction are relative to the outer one's start. */
  readonly insideOnbuild: boolean;
}

export interface FromInstruction extends InstructionBase {
  readonly keyword: 'FROM';
  readonly image?: Word;
  /** The word AS. */
  readonly as?: Word;
  /** The stage's name. */
  readonly name?: Word;
}

export interface ArgInstruction extends InstructionBase {
  readonly keyword: 'ARG';
  readonly pairs: readonly Pair[];
}

export interface PairsInstruction extends InstructionBase {
  readonly keyword: 'ENV' | 'LABEL';
  readonly pairs: readonly Pair[];
  /** `ENV name value`. */
  readonly legacy: boolean;
}

export interface CommandInstruction extends InstructionBase {
  readonly keyword: 'RUN' | 'CMD' | 'ENTRYPOINT' | 'SHELL';
  /** Absent when nothing is written. */
  readonly command?: Command;
}

export interface TransferInstruction extends InstructionBase {
  readonly keyword: 'COPY' | 'ADD';
  /** True for the JSON form; then `raw` of the words is the decoded string and spans include the quotes. */
  readonly json: boolean;
  readonly sources: readonly Word[];
  readonly destination?: Word;
}

interface WordsInstruction extends InstructionBase {
  readonly keyword: 'EXPOSE' | 'VOLUME';
  /** True for VOLUME's JSON form; see TransferInstruction. */
  readonly json: boolean;
  readonly words: readonly Word[];
}

export interface ValueInstruction extends InstructionBase {
  readonly keyword: 'USER' | 'WORKDIR' | 'STOPSIGNAL' | 'MAINTAINER';
  readonly value?: Word;
}

export interface HealthcheckInstruction extends InstructionBase {
  readonly keyword: 'HEALTHCHECK';
  /** NONE or CMD, as written. */
  readonly type?: Word;
  readonly command?: Command;
}

export interface OnbuildInstruction extends InstructionBase {
  readonly keyword: 'ONBUILD';
  readonly instruction?: Instruction;
}

interface UnknownInstruction extends InstructionBase {
  readonly keyword: 'UNKNOWN';
}

export type Instruction =
  | FromInstruction
  | ArgInstruction
  | PairsInstruction
  | CommandInstruction
  | TransferInstruction
  | WordsInstruction
  | ValueInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | UnknownInstruction;

/** The instruction type of a keyword: `InstructionOf<'RUN'>` is CommandInstruction. */
export type InstructionOf<K extends Instruction['keyword']> = { [I in Instruction as I['keyword']]: I }[K];

export type Keyword = Exclude<Instruction['keyword'], 'UNKNOWN'>;

/** Every instruction that `docker/dockerfile:1` knows. */
export const keywords = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
] as const satisfies readonly Keyword[];

/** Maps an offset in `line.text` to one in the instruction's source. An offset between two pieces maps to the second's start. */
export function sourceOffset(line: LogicalLine, offset: number): number {
  const piece = lastAtOrBefore(line.logical, offset);
  return offset - (line.logical[piece] ?? 0) + (line.physical[piece] ?? 0);
}

/** As `sourceOffset`, but an offset between two pieces maps to the first's end: right for the end of a span. */
function sourceEnd(line: LogicalLine, offset: number): number {
  return offset === 0 ? sourceOffset(line, 0) : sourceOffset(line, offset - 1) + 1;
}

/** The span in the source of `line.text.slice(start, end)`. */
export function sourceSpan(line: LogicalLine, start: number, end: number): Span {
  const from = sourceOffset(line, start);
  return { start: from, end: end > start ? sourceEnd(line, end) : from };
}

/** Maps an offset in the instruction's source to one in `line.text`; what was taken out maps to the place where it was. */
export function logicalOffset(line: LogicalLine, offset: number): number {
  const piece = lastAtOrBefore(line.physical, offset);
  const start = line.logical[piece] ?? 0;
  const end = line.logical[piece + 1] ?? line.text.length;
  return Math.max(0, Math.min(offset - (line.physical[piece] ?? 0) + start, end));
}

function lastAtOrBefore(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
