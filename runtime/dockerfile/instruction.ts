// Parses one instruction: its logical line, its arguments by keyword, and the heredocs behind it.
import { append } from './append.ts';
import type {
  Command,
  Instruction,
  InstructionBase,
  JsonString,
  Keyword,
  LogicalLine,
  Pair,
  SyntaxProblem,
  Word,
} from './ast.ts';
import { keywords, sourceSpan } from './ast.ts';
import { isBlank, isSpace, skipSpace, trimEnd } from './characters.ts';
import { argumentProblems } from './checks.ts';
import { findMarkers, readBodies } from './heredoc.ts';
import { parseJsonStrings } from './json_strings.ts';
import { type Escape, readLogicalLine, sourceText } from './logical_line.ts';
import { readFlags, splitAtBlanks, splitQuoted, wordAt } from './words.ts';

const knownKeywords = new Map<string, Keyword>(keywords.map((keyword) => [keyword, keyword]));

/** What is between keyword and end of line, and how to read it. */
interface Reader {
  readonly line: LogicalLine;
  readonly escape: Escape;
  /** Offsets in the logical line. */
  readonly start: number;
  readonly end: number;
  readonly problems: SyntaxProblem[];
}

/**
 * Parses the instruction that begins at `start` (a character that is not white space) of `text`.
 * `next` is the offset of the line behind it. With `detach` no string of the result keeps `text` alive.
 */
export function parseInstruction(
  text: string,
  start: number,
  startLine: number,
  escapeCharacter: Escape,
  detach: boolean,
): { instruction: Instruction; next: number } {
  const joined = readLogicalLine(text, start, escapeCharacter, detach);
  const { line } = joined;
  const split = splitKeyword(line, 0);
  const markers = canHaveHeredocs(line, split) ? findMarkers(line) : [];
  const bodies = markers.length === 0 ? { heredocs: [], ...joined } : readBodies(text, start, joined.next, markers);
  const instruction = buildInstruction(line, split, escapeCharacter, {
    start,
    startLine,
    source: sourceText(text, start, Math.max(joined.end, bodies.end), detach),
    heredocs: bodies.heredocs,
    comments: joined.comments,
    emptyContinuations: joined.emptyContinuations,
    insideOnbuild: false,
  });
  return { instruction, next: bodies.next };
}

interface KeywordSplit {
  readonly keyword: Keyword | undefined;
  /** Offsets in the logical line: the keyword, then the trimmed arguments. */
  readonly keywordStart: number;
  readonly keywordEnd: number;
  readonly argumentsStart: number;
  readonly end: number;
}

function splitKeyword(line: LogicalLine, from: number): KeywordSplit {
  const { text } = line;
  const end = trimEnd(text, from, text.length);
  const keywordStart = skipSpace(text, from, end);
  let keywordEnd = keywordStart;
  while (keywordEnd < end && !isBlank(text.charCodeAt(keywordEnd))) keywordEnd += 1;
  const keyword = knownKeywords.get(text.slice(keywordStart, keywordEnd).toUpperCase());
  return { keyword, keywordStart, keywordEnd, argumentsStart: skipSpace(text, keywordEnd, end), end };
}

/** RUN, COPY and ADD take heredocs, in ONBUILD too, but not in exec form. */
function canHaveHeredocs(line: LogicalLine, split: KeywordSplit): boolean {
  if (!line.text.includes('<<')) return false;
  const inner = split.keyword === 'ONBUILD' ? splitKeyword(line, split.argumentsStart) : split;
  if (inner.keyword !== 'RUN' && inner.keyword !== 'COPY' && inner.keyword !== 'ADD') return false;
  const { rest } = readFlags(line, inner.argumentsStart, inner.end);
  return parseJsonStrings(line.text, rest, inner.end) === undefined;
}

type Surroundings = Pick<
  InstructionBase,
  'start' | 'startLine' | 'source' | 'heredocs' | 'comments' | 'emptyContinuations' | 'insideOnbuild'
>;

function buildInstruction(
  line: LogicalLine,
  split: KeywordSplit,
  escapeCharacter: Escape,
  surroundings: Surroundings,
): Instruction {
  const { flags, rest } = readFlags(line, split.argumentsStart, split.end);
  const problems: SyntaxProblem[] = [];
  const base: InstructionBase = {
    kind: 'instruction',
    ...surroundings,
    problems,
    keywordText: line.text.slice(split.keywordStart, split.keywordEnd),
    keywordSpan: sourceSpan(line, split.keywordStart, split.keywordEnd),
    argumentsSpan: sourceSpan(line, split.argumentsStart, split.end),
    flags,
    logical: line,
    escape: escapeCharacter,
  };
  const reader: Reader = { line, escape: escapeCharacter, start: rest, end: split.end, problems };
  const instruction = readArguments(base, split.keyword, reader);
  append(problems, argumentProblems(instruction));
  for (const heredoc of surroundings.insideOnbuild ? [] : base.heredocs) {
    if (heredoc.terminator === undefined) problems.push({ message: 'unterminated heredoc', span: heredoc.span });
  }
  return instruction;
}

function readArguments(base: InstructionBase, keyword: Keyword | undefined, reader: Reader): Instruction {
  switch (keyword) {
    case 'FROM': {
      const [image, as, name, ...more] = readWords(reader);
      if (more.length > 0 && as?.raw.toLowerCase() === 'as') {
        const span = { start: base.keywordSpan.start, end: base.argumentsSpan.end };
        reader.problems.push({ message: 'FROM requires either one or three arguments', span });
      }
      return { ...base, keyword, ...optional({ image, as, name }) };
    }
    case 'ARG':
      return { ...base, keyword, pairs: readPairs(reader) };
    case 'ENV':
    case 'LABEL':
      return { ...base, keyword, ...readLabels(reader, keyword) };
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'SHELL':
      return { ...base, keyword, ...optional({ command: readCommand(reader) }) };
    case 'COPY':
    case 'ADD': {
      const { json, words } = readMaybeJson(reader);
      // BuildKit refuses a single argument, but somebody who types wants it seen as a source.
      const destination = words.length > 1 ? words.at(-1) : undefined;
      const sources = destination === undefined ? words : words.slice(0, -1);
      return { ...base, keyword, json, sources, ...optional({ destination }) };
    }
    case 'EXPOSE':
      return { ...base, keyword, json: false, words: readWords(reader) };
    case 'VOLUME':
      return { ...base, keyword, ...readMaybeJson(reader) };
    case 'USER':
    case 'WORKDIR':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      return { ...base, keyword, ...optional({ value: readRest(reader) }) };
    case 'HEALTHCHECK':
      return { ...base, keyword, ...readHealthcheck(reader) };
    case 'ONBUILD':
      return { ...base, keyword, ...optional({ instruction: readTrigger(base, reader) }) };
    default:
      return { ...base, keyword: 'UNKNOWN' };
  }
}

/** Leaves out what is undefined, so that `'name' in instruction` tells the truth. */
function optional<T extends object>(properties: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const result: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in properties) {
    const value = properties[key];
    // The compiler does not narrow an indexed type by a check of its value.
    if (value !== undefined) result[key] = value as Exclude<T[typeof key], undefined>;
  }
  return result;
}

function readWords({ line, start, end }: Reader): Word[] {
  return splitAtBlanks(line.text, start, end).map((range) => wordAt(line, range));
}

function readRest({ line, start, end }: Reader): Word | undefined {
  return start < end ? wordAt(line, { start, end }) : undefined;
}

function readJson({ line, start, end, problems }: Reader): JsonString[] | undefined {
  const strings = parseJsonStrings(line.text, start, end);
  if (strings === 'mixed') {
    const message = 'when using JSON array syntax, arrays must be comprised of strings only';
    problems.push({ message, span: sourceSpan(line, start, end) });
    return [];
  }
  return strings?.map((string) => ({ span: sourceSpan(line, string.start, string.end), value: string.value }));
}

function readMaybeJson(reader: Reader): { json: boolean; words: Word[] } {
  const strings = readJson(reader);
  if (strings === undefined) return { json: false, words: readWords(reader) };
  return { json: true, words: strings.map(({ span, value }) => ({ span, raw: value })) };
}

function readCommand(reader: Reader): Command | undefined {
  const { line, start, end } = reader;
  if (start >= end) return undefined;
  const span = sourceSpan(line, start, end);
  const strings = readJson(reader);
  if (strings !== undefined) return { form: 'exec', span, arguments: strings };
  return { form: 'shell', span, text: line.text.slice(start, end), logicalStart: start };
}

function readPairs({ line, start, end, escape: character }: Reader): Pair[] {
  return splitQuoted(line.text, start, end, character.charCodeAt(0)).map((range) => {
    const equals = line.text.indexOf('=', range.start);
    const span = sourceSpan(line, range.start, range.end);
    if (equals < 0 || equals >= range.end) return { span, key: wordAt(line, range) };
    const key = wordAt(line, { start: range.start, end: equals });
    return { span, key, value: wordAt(line, { start: equals + 1, end: range.end }) };
  });
}

/** `name=value …`, or the old form `name value` when the first word has no `=`. */
function readLabels(reader: Reader, keyword: 'ENV' | 'LABEL'): { pairs: Pair[]; legacy: boolean } {
  const pairs = readPairs(reader);
  const [first] = pairs;
  if (first === undefined) return { pairs, legacy: false };
  if (first.value !== undefined) {
    for (const pair of pairs) {
      if (pair.value !== undefined) continue;
      const message = `Syntax error - can't find = in ${JSON.stringify(pair.key.raw)}. Must be of the form: name=value`;
      reader.problems.push({ message, span: pair.span });
    }
    return { pairs, legacy: false };
  }
  const { line, start, end } = reader;
  let keyEnd = start;
  while (keyEnd < end && !isBlank(line.text.charCodeAt(keyEnd))) keyEnd += 1;
  let valueStart = keyEnd;
  while (valueStart < end && isBlank(line.text.charCodeAt(valueStart))) valueStart += 1;
  const key = wordAt(line, { start, end: keyEnd });
  const span = sourceSpan(line, start, end);
  if (valueStart === keyEnd) {
    reader.problems.push({ message: `${keyword} must have two arguments`, span });
    return { pairs: [{ span, key }], legacy: true };
  }
  return { pairs: [{ span, key, value: wordAt(line, { start: valueStart, end }) }], legacy: true };
}

function readHealthcheck(reader: Reader): { type?: Word; command?: Command } {
  const { line, start, end } = reader;
  let typeEnd = start;
  while (typeEnd < end && !isSpace(line.text.charCodeAt(typeEnd))) typeEnd += 1;
  if (typeEnd === start) return {};
  const type = wordAt(line, { start, end: typeEnd });
  return { type, ...optional({ command: readCommand({ ...reader, start: skipSpace(line.text, typeEnd, end) }) }) };
}

function readTrigger(base: InstructionBase, { line, start, end }: Reader): Instruction | undefined {
  // A chain of ONBUILDs is refused, so nobody asks what the second one holds.
  if (start >= end || base.insideOnbuild) return undefined;
  const { source, heredocs, comments, emptyContinuations } = base;
  const surroundings = { start: base.start, startLine: base.startLine, source, heredocs, comments, emptyContinuations };
  return buildInstruction(line, splitKeyword(line, start), base.escape, { ...surroundings, insideOnbuild: true });
}
