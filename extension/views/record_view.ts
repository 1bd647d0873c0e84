// A view of one kind of record without headings: Images, Volumes and Networks.
import * as vscode from 'vscode';
import type { Activity } from '../activity.ts';
import type { Engine } from '../engine.ts';
import { type RecordKind, type Records, type RecordTypes, recordId } from '../records.ts';
import { showActivity } from './container_rows.ts';
import { fuzzyMatches } from './fuzzy.ts';
import { type Row, RowProvider } from './row.ts';
import type { ViewFilter } from './view_filter.ts';

/** How records of a kind look. */
export interface RecordStyle<K extends RecordKind> {
  kind: K;
  viewId: string;
  /** The text that the filter searches. */
  text(record: RecordTypes[K]): string;
  item(record: RecordTypes[K]): vscode.TreeItem;
  compare(a: RecordTypes[K], b: RecordTypes[K]): number;
  tooltip(record: RecordTypes[K]): Promise<vscode.MarkdownString>;
}

export class RecordRow<K extends RecordKind> implements Row {
  readonly id: string;
  readonly kind: K;
  readonly #view: RecordView<K>;

  constructor(view: RecordView<K>, kind: K, id: string) {
    this.#view = view;
    this.kind = kind;
    this.id = id;
  }

  item(): vscode.TreeItem {
    return this.#view.itemOf(this.id);
  }

  tooltip(): Promise<vscode.MarkdownString | undefined> {
    return this.#view.tooltipOf(this.id);
  }
}

export class RecordView<K extends RecordKind> implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #records: Records;
  readonly #activity: Activity;
  readonly #filter: ViewFilter;
  readonly #style: RecordStyle<K>;
  readonly provider = new RowProvider(() => this.#roots());
  readonly #rows = new Map<string, RecordRow<K>>();
  readonly #subscriptions: vscode.Disposable[];
  readonly view: vscode.TreeView<Row>;

  constructor(engine: Engine, records: Records, activity: Activity, filter: ViewFilter, style: RecordStyle<K>) {
    this.#engine = engine;
    this.#records = records;
    this.#activity = activity;
    this.#filter = filter;
    this.#style = style;
    this.view = vscode.window.createTreeView(style.viewId, { treeDataProvider: this.provider, canSelectMany: true });
    this.#subscriptions = [
      this.provider,
      this.view,
      engine.audience.watch(this.view),
      records.onDidChange(({ kind, id }) => {
        if (kind !== style.kind) return;
        if (!this.view.visible) this.provider.outdate();
        else if (id === undefined) this.provider.refresh();
        else this.#redraw(id);
      }),
      activity.onDidChange((id) => this.#redraw(id)),
      filter.onDidChange(() => this.provider.refresh()),
      engine.onDidChangeState(() => this.provider.refresh()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(`${style.viewId}`)) this.provider.refresh();
      }),
    ];
  }

  itemOf(id: string): vscode.TreeItem {
    const record = this.#records.get(this.#style.kind, id);
    if (record === undefined) return new vscode.TreeItem(id);
    const item = this.#style.item(record);
    showActivity(item, this.#activity.get(id));
    return item;
  }

  async tooltipOf(id: string): Promise<vscode.MarkdownString | undefined> {
    const record = this.#records.get(this.#style.kind, id);
    return record === undefined ? undefined : await this.#style.tooltip(record);
  }

  #redraw(id: string): void {
    const row = this.#rows.get(id);
    if (row !== undefined) this.provider.refresh(row);
  }

  async #roots(): Promise<readonly Row[]> {
    await this.#engine.prepare();
    const shown = this.#records
      .all(this.#style.kind)
      .filter((record) => fuzzyMatches(this.#filter.text, this.#style.text(record)))
      .sort((a, b) => this.#style.compare(a, b))
      .map((record) => recordId(this.#style.kind, record));
    this.#rows.clear();
    for (const id of shown) this.#rows.set(id, new RecordRow(this, this.#style.kind, id));
    return [...this.#rows.values()];
  }

  /** For keys. */
  selection(): Promise<readonly Row[]> {
    return this.provider.selectionOf(this.view);
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }
}
