// A Dockerfile as a list of items that follows edits: only the instructions that an edit touches are parsed again, and every
// other instruction stays the same object (its `start` and `startLine` move), so that results may be cached by instruction.
import type { Comment, Directive, Instruction, Item } from './ast.ts';
import { skipSpace } from './characters.ts';
import { readDirective } from './directive.ts';
import { parseInstruction } from './instruction.ts';
import { LineIndex, type Position } from './line_index.ts';
import { type Escape, lineEnd, sourceText } from './logical_line.ts';

/** A replacement of `[start, end)` of the text by `text`. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Parses a Dockerfile. Never throws: what is wrong is in the items' `problems`. */
export function parseDockerfile(text: string): DockerfileDocument {
  return new DockerfileDocument(text);
}

export class DockerfileDocument {
  #text: string;
  #items: Item[] = [];
  #lines: LineIndex;
  #escape: Escape = '\\';
  /** The end of the line that ends the directives: an edit up to here may change what is a directive. */
  #directivesEnd = 0;
  #instructions: Instruction[] | undefined;
  #version = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lines = new LineIndex(text);
    this.#parse(0, [], 0, Number.POSITIVE_INFINITY, false);
  }

  get text(): string {
    return this.#text;
  }

  /** Comments, directives and instructions in order. */
  get items(): readonly Item[] {
    return this.#items;
  }

  get instructions(): readonly Instruction[] {
    this.#instructions ??= this.#items.filter((item) => item.kind === 'instruction');
    return this.#instructions;
  }

  /** The escape character that the `escape` directive sets. */
  get escape(): Escape {
    return this.#escape;
  }

  get lineCount(): number {
    return this.#lines.lineCount;
  }

  /** Grows with every update: what is computed for the whole document may be kept by it. */
  get version(): number {
    return this.#version;
  }

  directive(name: Directive['name']): Directive | undefined {
    for (const item of this.#items) {
      if (item.kind === 'directive' && item.name === name) return item;
      if (item.kind === 'instruction') return undefined;
    }
    return undefined;
  }

  positionAt(offset: number): Position {
    const line = this.#lines.lineAt(Math.max(0, offset));
    return { line, character: Math.max(0, Math.min(offset, this.lineEndAt(line)) - this.#lines.start(line)) };
  }

  /** The offset of a position; beyond the end of the line it is the end of the line. */
  offsetAt(position: Position): number {
    if (position.line < 0) return 0;
    if (position.line >= this.#lines.lineCount) return this.#text.length;
    const start = this.#lines.start(position.line);
    return Math.max(start, Math.min(start + position.character, this.lineEndAt(position.line)));
  }

  lineStartAt(line: number): number {
    return this.#lines.start(line);
  }

  /** The end of a line without its terminator. */
  lineEndAt(line: number): number {
    const start = this.#lines.start(line);
    if (line + 1 >= this.#lines.lineCount) return this.#text.length;
    const next = this.#lines.start(line + 1);
    if (next - 2 >= start && this.#text.charCodeAt(next - 1) === 0x0a && this.#text.charCodeAt(next - 2) === 0x0d) {
      return next - 2;
    }
    return Math.max(start, next - 1);
  }

  lineAt(offset: number): number {
    return this.#lines.lineAt(offset);
  }

  /** The index of the first item that ends at or after `offset`; the number of items when there is none. */
  itemIndexAt(offset: number): number {
    return firstEndingAtOrAfter(this.#items, offset);
  }

  /** The item whose lines contain `offset`. */
  itemAt(offset: number): Item | undefined {
    const item = this.#items[this.itemIndexAt(offset)];
    return item !== undefined && this.#lineStart(item) <= offset ? item : undefined;
  }

  instructionAt(offset: number): Instruction | undefined {
    const item = this.itemAt(offset);
    return item?.kind === 'instruction' ? item : undefined;
  }

  /** Applies changes one after the other, each to the text that the one before left. */
  update(changes: readonly TextChange[]): void {
    for (const change of changes) this.#apply(change);
    this.#version += 1;
    this.#instructions = undefined;
  }

  #apply(change: TextChange): void {
    const start = Math.max(0, Math.min(change.start, this.#text.length));
    const end = Math.max(start, Math.min(change.end, this.#text.length));
    const old = this.#items;
    const linesBefore = this.#lines.lineCount;
    const lineStart = lineStartBefore(this.#text, start);
    const first = firstEndingAtOrAfter(old, lineStart);
    const firstItem = old[first];
    const itemStart = firstItem === undefined ? lineStart : lineStartBefore(this.#text, firstItem.start);
    const inDirectives = start <= this.#directivesEnd;
    this.#text = this.#text.slice(0, start) + change.text + this.#text.slice(end);
    this.#lines.update(this.#text, start, end, change.text.length);
    const delta = change.text.length - (end - start);
    const moved = { delta, lines: this.#lines.lineCount - linesBefore };
    if (inDirectives) {
      this.#parse(0, old, 0, start + change.text.length, true, moved, this.#directivesEnd);
    } else {
      this.#parse(Math.min(lineStart, itemStart), old, first, start + change.text.length, true, moved);
    }
  }

  #lineStart(item: Item): number {
    return this.#lines.start(item.startLine);
  }

  /**
   * Parses from `from` on, which is the start of a line, and keeps `old[0 … kept)`. As soon as a line begins behind
   * `changedEnd` at which an old item or the space between two began too, the rest of the old items is taken over.
   */
  #parse(
    from: number,
    old: Item[],
    kept: number,
    changedEnd: number,
    detach: boolean,
    moved = { delta: 0, lines: 0 },
    oldDirectivesEnd = -1,
  ): void {
    const items: Item[] = [];
    let at = from;
    let reuse = kept;
    let resync = true;
    if (from === 0) {
      const before = this.#escape;
      at = this.#parseDirectives(items, detach);
      resync = before === this.#escape;
    }
    while (at < this.#text.length) {
      if (resync && at > changedEnd && at - moved.delta > oldDirectivesEnd) {
        const position = at - moved.delta;
        while ((old[reuse]?.start ?? Number.POSITIVE_INFINITY) < position && endOf(old[reuse]) < position) reuse += 1;
        if ((old[reuse]?.start ?? Number.POSITIVE_INFINITY) >= position) break;
      }
      at = this.#parseLine(items, at, detach);
    }
    if (at >= this.#text.length) reuse = old.length;
    for (let i = reuse; i < old.length; i += 1) moveItem(old[i], moved);
    if (kept === 0 && reuse === old.length) this.#items = items;
    else if (items.length < 1000) old.splice(kept, reuse - kept, ...items);
    else this.#items = old.slice(0, kept).concat(items, old.slice(reuse));
    if (from > 0) return;
    // Directives seen, so the next line is the one that ended them.
    this.#directivesEnd = this.#findDirectivesEnd();
  }

  /** Reads the directives at the top; returns where the first other line begins. */
  #parseDirectives(items: Item[], detach: boolean): number {
    this.#escape = '\\';
    const seen = new Set<string>();
    let at = this.#text.charCodeAt(0) === 0xfeff ? 1 : 0;
    if (this.#text.startsWith('#!', at)) at = this.#parseLine(items, at, detach);
    while (at < this.#text.length) {
      const { end, next } = lineEnd(this.#text, at);
      const start = skipSpace(this.#text, at, end);
      const source = sourceText(this.#text, start, end, detach);
      const directive = readDirective(source, start, this.#lines.lineAt(start), seen);
      if (directive === undefined) return at;
      items.push(directive);
      if (directive.name === 'escape' && (directive.value === '\\' || directive.value === '`')) {
        this.#escape = directive.value;
      }
      at = next;
    }
    return at;
  }

  #findDirectivesEnd(): number {
    let at = this.#text.charCodeAt(0) === 0xfeff ? 1 : 0;
    if (this.#text.startsWith('#!', at)) at = lineEnd(this.#text, at).next;
    for (const item of this.#items) {
      if (item.kind === 'directive') at = lineEnd(this.#text, item.start).next;
      else if (item.start >= at) break;
    }
    return lineEnd(this.#text, at).next;
  }

  /** Reads the item that begins on the line at `at`, if the line is not blank; returns where the next one begins. */
  #parseLine(items: Item[], at: number, detach: boolean): number {
    const { end, next } = lineEnd(this.#text, at);
    const start = skipSpace(this.#text, at, end);
    if (start === end) return next;
    const startLine = this.#lines.lineAt(start);
    if (this.#text.charCodeAt(start) === 0x23) {
      const source = sourceText(this.#text, start, end, detach);
      const comment: Comment = { kind: 'comment', start, startLine, source, problems: [] };
      items.push(comment);
      return next;
    }
    const parsed = parseInstruction(this.#text, start, startLine, this.#escape, detach);
    items.push(parsed.instruction);
    return parsed.next;
  }
}

/** The start of the line (ended by LF) that `offset` is in. */
function lineStartBefore(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** The offset behind the item's last character. */
export function endOf(item: Item | undefined): number {
  return item === undefined ? Number.POSITIVE_INFINITY : item.start + item.source.length;
}

function moveItem(item: Item | undefined, by: { delta: number; lines: number }): void {
  if (item === undefined) return;
  item.start += by.delta;
  item.startLine += by.lines;
  if (item.kind === 'instruction' && item.keyword === 'ONBUILD') moveItem(item.instruction, by);
}

function firstEndingAtOrAfter(items: readonly Item[], offset: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(items[middle]) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
