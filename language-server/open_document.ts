// A document that the client has open, with what is computed of it.
import type { DidChangeTextDocumentParams, Position, Range } from 'vscode-languageserver';
import type { Instruction, Item, Span } from '../runtime/dockerfile/ast.ts';
import { type DockerfileDocument, parseDockerfile } from '../runtime/dockerfile/document.ts';
import { Scopes } from '../runtime/dockerfile/scope.ts';
import { type StageModel, stagesOf } from '../runtime/dockerfile/stages.ts';
import { type Encoding, TextView } from './text_view.ts';

export type FileKind = 'dockerfile' | 'dockerignore';

/** What the language id and the file name say of a document; undefined for ignore files of other tools. */
export function fileKind(uri: string, languageId: string): FileKind | undefined {
  if (languageId === 'dockerignore' || /\.dockerignore$/i.test(uri)) return 'dockerignore';
  // Editors have one language for all ignore files.
  return languageId === 'ignore' ? undefined : 'dockerfile';
}

export class OpenDocument {
  readonly uri: string;
  readonly kind: FileKind;
  readonly document: DockerfileDocument;
  view: TextView;
  /** The client's version number. */
  version: number;
  #scopes: { version: number; scopes: Scopes } | undefined;

  constructor(uri: string, kind: FileKind, version: number, text: string, encoding: Encoding) {
    this.uri = uri;
    this.kind = kind;
    this.version = version;
    // A .dockerignore is held in the same structure for its lines; its items mean nothing.
    this.document = parseDockerfile(text);
    this.view = new TextView(this.document, encoding);
  }

  get text(): string {
    return this.document.text;
  }

  get model(): StageModel {
    return stagesOf(this.document);
  }

  get scopes(): Scopes {
    if (this.#scopes?.version !== this.document.version) {
      this.#scopes = { version: this.document.version, scopes: new Scopes(this.model) };
    }
    return this.#scopes.scopes;
  }

  change(params: DidChangeTextDocumentParams): void {
    for (const change of params.contentChanges) {
      if ('range' in change) {
        const start = this.view.offset(change.range.start);
        const end = Math.max(start, this.view.offset(change.range.end));
        this.document.update([{ start, end, text: change.text }]);
      } else {
        this.document.update([{ start: 0, end: this.text.length, text: change.text }]);
      }
      this.view = new TextView(this.document, this.view.encoding);
    }
    this.version = params.textDocument.version;
  }

  offset(position: Position): number {
    return this.view.offset(position);
  }

  range(item: Item, span: Span): Range {
    return this.view.spanRange(item, span);
  }

  /** The instruction at an offset and the offset in it; for ONBUILD the inner one. */
  at(offset: number): { outer: Instruction; instruction: Instruction; relative: number } | undefined {
    const outer = this.document.instructionAt(offset);
    if (outer === undefined) return undefined;
    const relative = offset - outer.start;
    const inner = outer.keyword === 'ONBUILD' ? outer.instruction : undefined;
    const instruction = inner !== undefined && relative >= inner.keywordSpan.start ? inner : outer;
    return { outer, instruction, relative };
  }
}

/** Whether the span has the offset in it; the end counts, for a cursor directly behind a word. */
export function contains(span: Span | undefined, offset: number): boolean {
  return span !== undefined && span.start <= offset && offset <= span.end;
}
