// For tests: a document from a text in which `|` marks the cursor, `«…»` a range.
import type { Position, Range, TextEdit } from 'vscode-languageserver';
import { EngineKnowledge } from '../engine.ts';
import { OpenDocument } from '../open_document.ts';
import { defaultSettings } from '../protocol.ts';
import type { Services } from '../services.ts';

export interface Marked {
  readonly open: OpenDocument;
  readonly position: Position;
}

/** Opens the text without its `|` and gives the cursor's position. */
export function marked(text: string, uri = 'untitled:Dockerfile'): Marked {
  const offset = text.indexOf('|');
  const plain = offset < 0 ? text : text.slice(0, offset) + text.slice(offset + 1);
  const open = opened(plain, uri);
  return { open, position: open.view.position(Math.max(0, offset)) };
}

export function opened(text: string, uri = 'untitled:Dockerfile'): OpenDocument {
  return new OpenDocument(uri, uri.endsWith('.dockerignore') ? 'dockerignore' : 'dockerfile', 1, text, 'utf-16');
}

/** Services without a helper. */
export const services: Services = {
  settings: defaultSettings,
  engine: new EngineKnowledge('/nonexistent/slipway.sock'),
};

/** The text of a range. */
export function textOf(open: OpenDocument, range: Range): string {
  return open.text.slice(open.offset(range.start), open.offset(range.end));
}

/** The text after edits, which must not overlap. */
export function applied(open: OpenDocument, edits: readonly TextEdit[]): string {
  let text = open.text;
  const sorted = edits
    .map(({ range, newText }) => ({ start: open.offset(range.start), end: open.offset(range.end), newText }))
    .sort((a, b) => b.start - a.start || b.end - a.end);
  let limit = Number.POSITIVE_INFINITY;
  for (const { start, end, newText } of sorted) {
    if (end > limit) throw new Error(`edits overlap at ${start}`);
    text = text.slice(0, start) + newText + text.slice(end);
    limit = start;
  }
  return text;
}
