// Semantic tokens, kept for each instruction as long as it is not edited; the shell inside RUN is coloured too.
import type { Range, SemanticTokens, SemanticTokensDelta } from 'vscode-languageserver';
import {
  type Command,
  type Heredoc,
  type Instruction,
  type Item,
  type Span,
  sourceSpan,
} from '../../runtime/dockerfile/ast.ts';
import { variablesOf } from '../../runtime/dockerfile/variables.ts';
import type { OpenDocument } from '../open_document.ts';
import { type ShellTokenType, tokenizeShell } from '../shell/tokens.ts';
import { declaration, deprecated, type TokenType, typeNumbers } from './semantic_legend.ts';

/** A coloured stretch, relative to its item. */
interface Token extends Span {
  readonly type: number;
  readonly modifiers: number;
}

/** Of an item: five numbers for each token: line from the item's first, character, length, type, modifiers. */
type Placed = readonly number[];

const shellTypes: Readonly<Record<ShellTokenType, TokenType>> = {
  comment: 'comment',
  keyword: 'keyword',
  operator: 'operator',
  command: 'function',
  option: 'parameter',
  string: 'string',
  variable: 'variable',
  number: 'number',
  function: 'function',
};

export class SemanticTokenProvider {
  /** By item; the character of the item's first line is in it, so it is kept with the start of the line. */
  #placed = new WeakMap<Item, { indentation: number; placed: Placed }>();
  readonly #last = new Map<string, { id: string; data: number[] }>();
  #nextId = 1;

  full(open: OpenDocument): SemanticTokens {
    const data = this.#encode(open, 0, Number.POSITIVE_INFINITY);
    return { resultId: this.#remember(open.uri, data), data };
  }

  range(open: OpenDocument, range: Range): SemanticTokens {
    return { data: this.#encode(open, range.start.line, range.end.line) };
  }

  /** One edit from what was sent last, or everything when the client's result is not that. */
  delta(open: OpenDocument, previousId: string): SemanticTokens | SemanticTokensDelta {
    const previous = this.#last.get(open.uri);
    if (previous === undefined || previous.id !== previousId) return this.full(open);
    const data = this.#encode(open, 0, Number.POSITIVE_INFINITY);
    const resultId = this.#remember(open.uri, data);
    const old = previous.data;
    let start = 0;
    while (start < data.length && data[start] === old[start]) start += 1;
    let oldEnd = old.length;
    let end = data.length;
    while (oldEnd > start && end > start && old[oldEnd - 1] === data[end - 1]) {
      oldEnd -= 1;
      end -= 1;
    }
    if (start === oldEnd && start === end) return { resultId, edits: [] };
    return { resultId, edits: [{ start, deleteCount: oldEnd - start, data: data.slice(start, end) }] };
  }

  forget(uri: string): void {
    this.#last.delete(uri);
  }

  #remember(uri: string, data: number[]): string {
    const id = String(this.#nextId++);
    this.#last.set(uri, { id, data });
    return id;
  }

  #encode(open: OpenDocument, firstLine: number, lastLine: number): number[] {
    const data: number[] = [];
    let line = 0;
    let character = 0;
    for (const item of open.document.items) {
      if (item.startLine > lastLine) break;
      const placed = this.#of(open, item);
      for (let i = 0; i < placed.length; i += 5) {
        const tokenLine = item.startLine + (placed[i] ?? 0);
        if (tokenLine < firstLine || tokenLine > lastLine) continue;
        const start = placed[i + 1] ?? 0;
        data.push(tokenLine - line, tokenLine === line ? start - character : start);
        data.push(placed[i + 2] ?? 0, placed[i + 3] ?? 0, placed[i + 4] ?? 0);
        line = tokenLine;
        character = start;
      }
    }
    return data;
  }

  #of(open: OpenDocument, item: Item): Placed {
    const indentation = item.start - open.document.lineStartAt(item.startLine);
    const known = this.#placed.get(item);
    if (known !== undefined && known.indentation === indentation) return known.placed;
    const placed = place(open, item, tokensOf(item));
    this.#placed.set(item, { indentation, placed });
    return placed;
  }
}

/** Splits tokens at line ends, and gives them lines and characters. */
function place(open: OpenDocument, item: Item, tokens: Token[]): Placed {
  const { document, view } = open;
  const placed: number[] = [];
  tokens.sort((a, b) => a.start - b.start || b.end - a.end);
  let free = 0;
  let line = item.startLine;
  for (const token of tokens) {
    let start = item.start + Math.max(token.start, free);
    const end = item.start + token.end;
    free = Math.max(free, token.end);
    while (start < end) {
      while (line + 1 < document.lineCount && document.lineStartAt(line + 1) <= start) line += 1;
      const stop = Math.min(end, document.lineEndAt(line));
      if (stop > start) {
        const { character } = view.position(start);
        placed.push(line - item.startLine, character, view.length(start, stop), token.type, token.modifiers);
      }
      start = line + 1 < document.lineCount ? Math.max(stop + 1, document.lineStartAt(line + 1)) : end;
    }
  }
  return placed;
}

function tokensOf(item: Item): Token[] {
  const painter = new Painter();
  if (item.kind === 'comment') painter.add({ start: 0, end: item.source.length }, 'comment');
  else if (item.kind === 'directive') {
    painter.add({ start: 0, end: 1 }, 'comment');
    painter.add(item.nameSpan, 'macro');
    painter.add(item.valueSpan, 'string');
  } else painter.instruction(item);
  return painter.tokens;
}

class Painter {
  readonly tokens: Token[] = [];
  /** What must not be painted over: variables. */
  #variables: readonly Span[] = [];

  add(span: Span | undefined, type: TokenType, modifiers = 0): void {
    if (span === undefined || span.end <= span.start) return;
    this.tokens.push({ start: span.start, end: span.end, type: typeNumbers.get(type) ?? 0, modifiers });
  }

  instruction(instruction: Instruction): void {
    for (const span of instruction.comments) this.add(span, 'comment');
    this.#one(instruction);
  }

  #one(instruction: Instruction): void {
    this.add(instruction.keywordSpan, 'keyword', instruction.keyword === 'MAINTAINER' ? deprecated : 0);
    const variables = variablesOf(instruction).filter(({ by }) => by === 'builder');
    this.#variables = variables.map(({ span }) => span);
    for (const { nameSpan } of variables) this.add(nameSpan, 'variable');
    for (const flag of instruction.flags) {
      this.add({ start: flag.span.start, end: flag.nameSpan.end }, 'parameter');
      if (flag.value !== undefined) this.#split(flag.value.span, flag.name === 'from' ? 'class' : 'string');
    }
    this.#arguments(instruction);
    for (const heredoc of instruction.heredocs) this.#heredoc(instruction, heredoc);
  }

  /** Paints a span around the variables in it. */
  #split(span: Span, type: TokenType, modifiers = 0): void {
    let at = span.start;
    for (const variable of this.#variables) {
      if (variable.end <= at || variable.start >= span.end) continue;
      this.add({ start: at, end: variable.start }, type, modifiers);
      at = variable.end;
    }
    this.add({ start: at, end: span.end }, type, modifiers);
  }

  #arguments(instruction: Instruction): void {
    switch (instruction.keyword) {
      case 'FROM':
        if (instruction.image !== undefined) this.#split(instruction.image.span, 'namespace');
        this.add(instruction.as?.span, 'keyword');
        this.add(instruction.name?.span, 'class', declaration);
        break;
      case 'ARG':
      case 'ENV':
      case 'LABEL':
        for (const { key, value } of instruction.pairs) {
          if (instruction.keyword === 'LABEL') this.#split(key.span, 'property');
          else this.#split(key.span, 'variable', declaration);
          if (value !== undefined) this.#split(value.span, 'string');
        }
        break;
      case 'COPY':
      case 'ADD':
        for (const word of [...instruction.sources, instruction.destination]) {
          const isMarker = instruction.heredocs.some(({ span }) => span.start === word?.span.start);
          if (word !== undefined && !isMarker) this.#split(word.span, 'string');
        }
        break;
      case 'EXPOSE':
        for (const { span } of instruction.words) this.#split(span, 'number');
        break;
      case 'VOLUME':
        for (const { span } of instruction.words) this.#split(span, 'string');
        break;
      case 'USER':
      case 'WORKDIR':
      case 'STOPSIGNAL':
      case 'MAINTAINER':
        if (instruction.value !== undefined) this.#split(instruction.value.span, 'string');
        break;
      case 'HEALTHCHECK':
        this.add(instruction.type?.span, 'keyword');
        this.#command(instruction, instruction.command);
        break;
      case 'RUN':
      case 'CMD':
      case 'ENTRYPOINT':
      case 'SHELL':
        this.#command(instruction, instruction.command);
        break;
      case 'ONBUILD':
        if (instruction.instruction !== undefined) this.#one(instruction.instruction);
        break;
      case 'UNKNOWN':
        break;
    }
  }

  #command(instruction: Instruction, command: Command | undefined): void {
    if (command?.form === 'exec') {
      for (const { span } of command.arguments) this.add(span, 'string');
    } else if (command?.form === 'shell') {
      const markers = instruction.heredocs.map(({ span }) => span);
      for (const token of tokenizeShell(command.text)) {
        const start = command.logicalStart + token.start;
        const span = sourceSpan(instruction.logical, start, start + token.end - token.start);
        if (markers.some((marker) => marker.start < span.end && span.start < marker.end)) continue;
        this.#physical(instruction, span, shellTypes[token.type]);
      }
    }
  }

  /** A token of the logical line may run over continuations and the comments between them: those are not painted. */
  #physical(instruction: Instruction, span: Span, type: TokenType): void {
    const { physical, logical, text } = instruction.logical;
    if (physical.length === 1) {
      this.add(span, type);
      return;
    }
    for (const [i, start] of physical.entries()) {
      const length = (logical[i + 1] ?? text.length) - (logical[i] ?? 0);
      this.add({ start: Math.max(span.start, start), end: Math.min(span.end, start + length) }, type);
    }
  }

  #heredoc(instruction: Instruction, heredoc: Heredoc): void {
    const { span, nameSpan, body } = heredoc;
    this.add({ start: span.start, end: nameSpan.start }, 'operator');
    this.add(nameSpan, 'label', declaration);
    this.add({ start: nameSpan.end, end: span.end }, 'operator');
    this.add(heredoc.terminator, 'label');
    const inner = instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction;
    const script = inner?.keyword === 'RUN' && inner.command?.span.start === instruction.heredocs[0]?.span.start;
    if (!script) {
      this.#split(body, 'string');
      return;
    }
    const text = instruction.source.slice(body.start, body.end);
    if (/^#!.*(?:python|node|perl|ruby|php)/.test(text)) return;
    for (const token of tokenizeShell(text)) {
      this.add({ start: body.start + token.start, end: body.start + token.end }, shellTypes[token.type]);
    }
  }
}
