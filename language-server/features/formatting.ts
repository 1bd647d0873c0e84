// Formatting that never changes what the builder sees. White space is touched only where it separates words; inside a shell
// command, a quoted string, a value or a heredoc every character stays.

import type { FormattingOptions, Position, Range, TextEdit } from 'vscode-languageserver';
import { append } from '../../runtime/dockerfile/append.ts';
import { type Instruction, type Item, logicalOffset, sourceOffset } from '../../runtime/dockerfile/ast.ts';
import { trimEnd } from '../../runtime/dockerfile/characters.ts';
import { endOf } from '../../runtime/dockerfile/document.ts';
import type { OpenDocument } from '../open_document.ts';
import type { FormatSettings } from '../protocol.ts';
import { tokenizeShell } from '../shell/tokens.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface Style {
  readonly settings: FormatSettings;
  /** One step of indentation. */
  readonly indent: string;
  readonly finalNewline: boolean;
  readonly trimFinalNewlines: boolean;
}

export function styleOf(settings: FormatSettings, options: FormattingOptions): Style {
  return {
    settings,
    indent: options.insertSpaces ? ' '.repeat(Math.max(1, Math.min(16, options.tabSize))) : '\t',
    finalNewline: options.insertFinalNewline ?? true,
    trimFinalNewlines: options.trimFinalNewlines ?? true,
  };
}

export function formatDocument(open: OpenDocument, style: Style): TextEdit[] {
  return toTextEdits(open, [
    ...open.document.items.flatMap((item) => formatItem(open, item, style)),
    ...blankLines(open, style),
  ]);
}

/** Formats the items that the range touches. */
export function formatRange(open: OpenDocument, range: Range, style: Style): TextEdit[] {
  const start = open.offset(range.start);
  const end = open.offset(range.end);
  const items = open.document.items.filter((item) => item.start <= end && endOf(item) >= start);
  return toTextEdits(
    open,
    items.flatMap((item) => formatItem(open, item, style)),
  );
}

/**
 * After a line feed behind a continuation: the new line gets the indentation of the instruction's other continuation lines.
 * After an escape character at the end of a line nothing changes yet.
 */
export function formatOnType(open: OpenDocument, position: Position, character: string, style: Style): TextEdit[] {
  if (character !== '\n') return [];
  const offset = open.offset(position);
  const { document } = open;
  const line = document.lineAt(offset);
  const instruction = document.instructionAt(offset);
  if (instruction === undefined || line === instruction.startLine) return [];
  const inHeredoc = instruction.heredocs.some(
    ({ body }) => offset >= instruction.start + body.start && offset <= instruction.start + body.end,
  );
  if (inHeredoc) return [];
  const start = document.lineStartAt(line);
  const end = document.lineEndAt(line);
  const content = document.text.slice(start, end);
  // Only a line that is still empty: what stands there may be part of a command.
  if (content.trim() !== '') return [];
  const wanted = continuationIndent(open, instruction, line) ?? style.indent;
  return content === wanted ? [] : toTextEdits(open, [{ start, end, text: wanted }]);
}

/** The indentation of the nearest continuation line above. */
function continuationIndent(open: OpenDocument, instruction: Instruction, line: number): string | undefined {
  const { document } = open;
  for (let above = line - 1; above > instruction.startLine; above -= 1) {
    const text = document.text.slice(document.lineStartAt(above), document.lineEndAt(above));
    const indent = /^[ \t]*/.exec(text)?.[0] ?? '';
    if (text.trim() !== '' && indent !== '') return indent;
  }
  return undefined;
}

function toTextEdits(open: OpenDocument, edits: readonly Edit[]): TextEdit[] {
  const { text } = open;
  return edits
    .filter((edit) => text.slice(edit.start, edit.end) !== edit.text)
    .sort((a, b) => a.start - b.start)
    .map((edit) => ({ range: open.view.range(edit.start, edit.end), newText: edit.text }));
}

/** Runs of blank lines between items, and the end of the file. */
function blankLines(open: OpenDocument, style: Style): Edit[] {
  const { document } = open;
  const { text } = document;
  const edits: Edit[] = [];
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const items = document.items;
  for (const [i, item] of items.entries()) {
    const next = items[i + 1];
    if (next === undefined) break;
    const from = endOf(item);
    const to = document.lineStartAt(next.startLine);
    const gap = text.slice(from, to);
    const blanks = gap.split('\n').length - 2;
    // A heredoc or continuation that never ends owns the lines to the end of the file.
    if (blanks < 1 || gap.trim() !== '') continue;
    edits.push({ start: from, end: to, text: newline.repeat(Math.min(blanks, style.settings.maxBlankLines) + 1) });
  }
  const last = items.at(-1);
  if (last !== undefined && isClosed(last)) append(edits, finalNewline(text, endOf(last), newline, style));
  return edits;
}

function finalNewline(text: string, end: number, newline: string, style: Style): Edit[] {
  const tail = text.slice(end);
  if (tail.trim() !== '') return [];
  if (tail.includes('\n') ? style.trimFinalNewlines : style.finalNewline) {
    return [{ start: end, end: text.length, text: newline }];
  }
  return [];
}

/** Whether what is appended to the file would not belong to the item. */
function isClosed(item: Item): boolean {
  if (item.kind !== 'instruction') return true;
  if (item.heredocs.length > 0) return item.heredocs.every(({ terminator }) => terminator !== undefined);
  return !/[\\`][ \t]*[\r\n]*$/.test(item.source) && !item.source.endsWith('\n');
}

function formatItem(open: OpenDocument, item: Item, style: Style): Edit[] {
  const lineStart = open.document.lineStartAt(item.startLine);
  const edits: Edit[] = [];
  // A lone CR is a line end for the editor but not for the builder: such files are left alone.
  if (/\r(?!\n)/.test(item.source)) return [];
  const lead = open.text.slice(lineStart, item.start);
  if (/^[ \t]+$/.test(lead)) edits.push({ start: lineStart, end: item.start, text: '' });
  if (item.kind !== 'instruction') {
    const trimmed = trimEnd(item.source, 0, item.source.length);
    if (item.kind === 'comment') edits.push({ start: item.start + trimmed, end: endOf(item), text: '' });
    return edits;
  }
  append(edits, new InstructionFormatter(item, style).edits());
  return edits;
}

/** Stretches of the logical line, in its offsets. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

class InstructionFormatter {
  readonly #instruction: Instruction;
  readonly #style: Style;
  readonly #edits: Edit[] = [];

  constructor(instruction: Instruction, style: Style) {
    this.#instruction = instruction;
    this.#style = style;
  }

  edits(): Edit[] {
    if (this.#instruction.keyword === 'UNKNOWN') return [];
    this.#keywords(this.#instruction);
    this.#gaps(separators(this.#instruction));
    if (this.#style.settings.indentCommands) this.#indentCommand();
    this.#trailing();
    return this.#edits;
  }

  #replace(start: number, end: number, text: string): void {
    const base = this.#instruction.start;
    if (this.#instruction.source.slice(start, end) !== text) {
      this.#edits.push({ start: base + start, end: base + end, text });
    }
  }

  #keywords(instruction: Instruction): void {
    const { keywordCase } = this.#style.settings;
    if (keywordCase === 'preserve') return;
    const change = (text: string): string => (keywordCase === 'upper' ? text.toUpperCase() : text.toLowerCase());
    const { start, end } = instruction.keywordSpan;
    // A keyword over two lines has a continuation in it.
    if (end - start === instruction.keywordText.length) this.#replace(start, end, change(instruction.keywordText));
    if (instruction.keyword === 'FROM' && instruction.as?.raw.toLowerCase() === 'as') {
      const { span, raw } = instruction.as;
      if (span.end - span.start === raw.length) this.#replace(span.start, span.end, change(raw));
    }
    if (instruction.keyword === 'HEALTHCHECK' && instruction.type !== undefined) {
      const { span, raw } = instruction.type;
      if (/^(cmd|none)$/i.test(raw) && span.end - span.start === raw.length) {
        this.#replace(span.start, span.end, change(raw));
      }
    }
    if (instruction.keyword === 'ONBUILD' && instruction.instruction !== undefined) {
      this.#keywords(instruction.instruction);
    }
  }

  /** One blank between words on a line; one step of indentation at least on a continuation line. */
  #gaps(gaps: readonly Stretch[]): void {
    const { logical: line, source } = this.#instruction;
    for (const gap of gaps) {
      const start = gap.start === 0 ? 0 : sourceOffset(line, gap.start - 1) + 1;
      const end = sourceOffset(line, gap.end);
      const written = source.slice(start, end);
      if (!written.includes('\n')) {
        this.#replace(start, end, ' ');
        continue;
      }
      this.#continued(start, end);
    }
  }

  /** A gap that runs over continuations: a blank before each escape character, indentation for the next word. */
  #continued(start: number, end: number): void {
    const { source } = this.#instruction;
    const firstBreak = source.indexOf('\n', start);
    const lead = /^[ \t]*/.exec(source.slice(start, firstBreak))?.[0] ?? '';
    this.#replace(start, start + lead.length, ' ');
    const lastBreak = source.lastIndexOf('\n', end - 1);
    const indent = source.slice(lastBreak + 1, end);
    if (indent === '') this.#replace(end, end, this.#style.indent);
  }

  /** Indents continuation lines of a shell command that begin a word in the first column. */
  #indentCommand(): void {
    const { logical: line, escape: character } = this.#instruction;
    const instruction = this.#instruction;
    if (!('command' in instruction) || instruction.command?.form !== 'shell' || character !== '\\') return;
    const { text, logicalStart } = instruction.command;
    const quoted = tokenizeShell(text).filter(({ type }) => type === 'string' || type === 'variable');
    for (const [i, start] of line.physical.entries()) {
      const at = (line.logical[i] ?? 0) - logicalStart;
      if (i === 0 || at <= 0 || !/[ \t]/.test(text[at - 1] ?? '') || /[ \t]/.test(text[at] ?? ' ')) continue;
      if (quoted.some((token) => token.start < at && at < token.end)) continue;
      this.#replace(start, start, this.#style.indent);
    }
  }

  /** Blanks behind the escape character that continues a line, and at the end of the last line. */
  #trailing(): void {
    const { source, heredocs, logical, escape: character } = this.#instruction;
    const pattern = character === '\\' ? /\\([ \t]+)(?=\r?\n)/g : /`([ \t]+)(?=\r?\n)/g;
    const firstBody = heredocs[0]?.body.start ?? source.length;
    for (const match of source.slice(0, firstBody).matchAll(pattern)) {
      const at = match.index + 1;
      // Inside a comment the characters are the writer's; only where the logical line was cut they are a continuation.
      if (!logical.physical.some((start) => start > at) || this.#inComment(at)) continue;
      this.#replace(at, at + (match[1]?.length ?? 0), '');
    }
    if (heredocs.length > 0) return;
    const trimmed = trimEnd(source, 0, source.length);
    if (!source.slice(trimmed).includes('\n') && !source.slice(0, trimmed).endsWith(character)) {
      this.#replace(trimmed, source.length, '');
    }
  }

  #inComment(offset: number): boolean {
    return this.#instruction.comments.some(({ start, end }) => start <= offset && offset <= end);
  }
}

/** The stretches of white space in the logical line that only separate words. */
function separators(instruction: Instruction): Stretch[] {
  const { text } = instruction.logical;
  const last = trimEnd(text, 0, text.length);
  const fixed = fixedStretches(instruction).sort((a, b) => a.start - b.start);
  const gaps: Stretch[] = [];
  let next = 0;
  let fixedEnd = 0;
  for (const match of text.matchAll(/[ \t]+/g)) {
    const start = match.index;
    const end = start + match[0].length;
    // How far the fixed stretches that begin before the gap's end reach.
    for (let stretch = fixed[next]; stretch !== undefined && stretch.start < end; stretch = fixed[++next]) {
      fixedEnd = Math.max(fixedEnd, stretch.end);
    }
    if (start > 0 && end < last && fixedEnd <= start) gaps.push({ start, end });
  }
  return gaps;
}

/** What must stay as it is: everything between the ends of values, commands, quoted words and flags. */
function fixedStretches(instruction: Instruction): Stretch[] {
  const map = logicalMapper(instruction);
  const fixed = instruction.flags.map(({ span }) => map(span.start, span.end));
  const rest = (start: number): Stretch => ({ start: map(start, start).start, end: instruction.logical.text.length });
  switch (instruction.keyword) {
    case 'ARG':
    case 'ENV':
    case 'LABEL':
      if (instruction.problems.length > 0) return [rest(instruction.argumentsSpan.start)];
      append(
        fixed,
        instruction.pairs.map((pair) => map(pair.span.start, pair.span.end)),
      );
      break;
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'SHELL':
    case 'HEALTHCHECK':
      if (instruction.command?.form === 'shell') fixed.push(rest(instruction.command.span.start));
      else if (instruction.command !== undefined) {
        append(
          fixed,
          instruction.command.arguments.map(({ span }) => map(span.start, span.end)),
        );
      }
      break;
    case 'COPY':
    case 'ADD':
      if (instruction.heredocs.length > 0) return [rest(instruction.argumentsSpan.start)];
      if (instruction.json)
        append(
          fixed,
          instruction.sources.map(({ span }) => map(span.start, span.end)),
        );
      if (instruction.json && instruction.destination !== undefined) {
        fixed.push(map(instruction.destination.span.start, instruction.destination.span.end));
      }
      break;
    case 'VOLUME':
      if (instruction.json)
        append(
          fixed,
          instruction.words.map(({ span }) => map(span.start, span.end)),
        );
      break;
    case 'USER':
    case 'WORKDIR':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      if (instruction.value !== undefined) fixed.push(map(instruction.value.span.start, instruction.value.span.end));
      break;
    case 'ONBUILD':
      // The trigger is kept as written in the image.
      return [rest(instruction.argumentsSpan.start)];
    case 'UNKNOWN':
      return [rest(0)];
    default:
      break;
  }
  return fixed;
}

/** Maps spans of the source to stretches of the logical line. */
function logicalMapper(instruction: Instruction): (start: number, end: number) => Stretch {
  const { logical: line } = instruction;
  const at = (offset: number): number => logicalOffset(line, offset);
  return (start, end) => ({ start: at(start), end: at(Math.max(start, end - 1)) + (end > start ? 1 : 0) });
}
