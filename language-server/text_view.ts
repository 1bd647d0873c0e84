// Translates between the library's UTF-16 offsets and the positions that the client speaks.
import type { Position, Range } from 'vscode-languageserver';
import type { Item, Span } from '../runtime/dockerfile/ast.ts';

export type Encoding = 'utf-16' | 'utf-8';

/** A text with lines: a DockerfileDocument, or any other. */
export interface LineText {
  readonly text: string;
  positionAt(offset: number): Position;
  offsetAt(position: Position): number;
  lineStartAt(line: number): number;
  lineEndAt(line: number): number;
  readonly lineCount: number;
}

export class TextView {
  readonly document: LineText;
  readonly encoding: Encoding;
  /** How many bytes come before an offset of a line: where the last question was answered, to go on from there. */
  #known = { line: -1, offset: 0, bytes: 0 };

  constructor(document: LineText, encoding: Encoding) {
    this.document = document;
    this.encoding = encoding;
  }

  position(offset: number): Position {
    const position = this.document.positionAt(offset);
    if (this.encoding === 'utf-16') return position;
    const start = this.document.lineStartAt(position.line);
    return { line: position.line, character: this.#bytes(position.line, start, start + position.character) };
  }

  offset(position: Position): number {
    if (this.encoding === 'utf-16' || position.line < 0 || position.line >= this.document.lineCount) {
      return this.document.offsetAt(position);
    }
    const start = this.document.lineStartAt(position.line);
    const end = this.document.lineEndAt(position.line);
    const { text } = this.document;
    let at = start;
    for (let bytes = 0; at < end && bytes < position.character; ) {
      const code = text.codePointAt(at) ?? 0;
      bytes += byteLength(code);
      at += code > 0xffff ? 2 : 1;
    }
    return at;
  }

  /** The range of two absolute offsets. */
  range(start: number, end: number): Range {
    return { start: this.position(start), end: this.position(end) };
  }

  /** The range of a span of an item. */
  spanRange(item: Item, span: Span): Range {
    return this.range(item.start + span.start, item.start + span.end);
  }

  /** The length of the text between two offsets on one line, in the client's units. */
  length(start: number, end: number): number {
    if (this.encoding === 'utf-16') return end - start;
    return countBytes(this.document.text, start, end);
  }

  #bytes(line: number, start: number, offset: number): number {
    const known = this.#known;
    const goOn = known.line === line && known.offset <= offset && known.offset >= start;
    const from = goOn ? known.offset : start;
    const bytes = (goOn ? known.bytes : 0) + countBytes(this.document.text, from, offset);
    this.#known = { line, offset, bytes };
    return bytes;
  }
}

function byteLength(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

function countBytes(text: string, start: number, end: number): number {
  let bytes = 0;
  for (let at = start; at < end; ) {
    const code = text.codePointAt(at) ?? 0;
    bytes += byteLength(code);
    at += code > 0xffff ? 2 : 1;
  }
  return bytes;
}
