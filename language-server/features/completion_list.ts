// Gathers completion items: filters nothing (the client does), but orders them and gives each the range that it replaces.
import {
  type CompletionItem,
  CompletionItemKind,
  CompletionItemTag,
  InsertTextFormat,
  type Range,
} from 'vscode-languageserver';

/** What `resolve` needs to find an item's documentation. */
export type DocumentationKey =
  | { readonly of: 'instruction'; readonly keyword: string }
  | { readonly of: 'flag'; readonly keyword: string; readonly flag: string }
  | { readonly of: 'mount'; readonly type: string; readonly option: string }
  | { readonly of: 'directive'; readonly name: string }
  | { readonly of: 'argument'; readonly name: string }
  | { readonly of: 'rule'; readonly code: string };

export interface Candidate {
  readonly label: string;
  readonly kind: CompletionItemKind;
  /** Shown behind the label. */
  readonly detail?: string;
  /** What is inserted; the label when left out. */
  readonly text?: string;
  /** The same with places to fill in, for clients that can. */
  readonly snippet?: string;
  readonly documentation?: string;
  readonly key?: DocumentationKey;
  readonly deprecated?: boolean;
  /** Opens the completion again behind the inserted text. */
  readonly again?: boolean;
}

export interface CompletionSupport {
  readonly snippets: boolean;
}

export class CompletionBuilder {
  readonly items: CompletionItem[] = [];
  readonly #range: Range;
  readonly #support: CompletionSupport;
  /** True when typing on may bring other items. */
  incomplete = false;

  constructor(range: Range, support: CompletionSupport) {
    this.#range = range;
    this.#support = support;
  }

  get snippets(): boolean {
    return this.#support.snippets;
  }

  add(candidate: Candidate): void {
    const useSnippet = candidate.snippet !== undefined && this.#support.snippets;
    const newText = useSnippet ? (candidate.snippet ?? '') : (candidate.text ?? candidate.label);
    const item: CompletionItem = {
      label: candidate.label,
      kind: candidate.kind,
      // Items stay in the order in which they were added.
      sortText: String(this.items.length).padStart(4, '0'),
      filterText: candidate.label,
      textEdit: { range: this.#range, newText },
    };
    if (useSnippet) item.insertTextFormat = InsertTextFormat.Snippet;
    if (candidate.detail !== undefined && candidate.detail !== '') item.detail = candidate.detail;
    if (candidate.documentation !== undefined) {
      item.documentation = { kind: 'markdown', value: candidate.documentation };
    }
    if (candidate.key !== undefined) item.data = candidate.key;
    if (candidate.deprecated === true) item.tags = [CompletionItemTag.Deprecated];
    if (candidate.again === true) item.command = { title: 'Suggest', command: 'editor.action.triggerSuggest' };
    this.items.push(item);
  }

  /** Values with a word about each. */
  addValues(
    values: Readonly<Record<string, string>> | undefined,
    kind: CompletionItemKind = CompletionItemKind.Value,
  ): void {
    for (const [label, detail] of Object.entries(values ?? {})) this.add({ label, kind, detail });
  }
}

/** Text that stands for itself in a snippet. */
export function escapeSnippet(text: string): string {
  return text.replace(/[\\$}]/g, '\\$&');
}
