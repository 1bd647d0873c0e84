// A row of a tree view, and the provider that shows rows. Rows have stable ids, so that selection and expansion survive
// every update, and are redrawn one by one.
import * as vscode from 'vscode';

export interface Row {
  /** Unique in its view, the same for the same thing as long as it exists. */
  readonly id: string;
  readonly parent?: Row;
  item(): vscode.TreeItem;
  children?(): readonly Row[] | Promise<readonly Row[]>;
  /** Asked for when a person rests on the row. */
  tooltip?(): Promise<vscode.MarkdownString | undefined>;
}

/** How long a row that a person has selected may take to be known here again. */
const patience = 1500;

export class RowProvider implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #roots: () => readonly Row[] | Promise<readonly Row[]>;
  readonly #changed = new vscode.EventEmitter<Row | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  /** Called when the editor knows a row again. */
  readonly #waiting = new Set<() => void>();
  /** When all rows were last asked for again. */
  #refreshed = Number.NEGATIVE_INFINITY;
  /** The editor was told that its rows are out of date, and has not asked again since. */
  #isOutdated = false;

  constructor(roots: () => readonly Row[] | Promise<readonly Row[]>) {
    this.#roots = roots;
  }

  /** Redraws one row, or with none asks for all of them again. */
  refresh(row?: Row): void {
    if (row === undefined) this.#refreshed = performance.now();
    this.#changed.fire(row);
  }

  /** Rows of a view that nobody sees changed. That is said once: whoever looks next asks for all of them again. */
  outdate(): void {
    if (this.#isOutdated) return;
    this.#isOutdated = true;
    this.refresh();
  }

  /**
   * The rows selected in the view, for a key that was pressed. While the editor fetches all rows anew it forgets which are
   * selected: shortly after a refresh an empty selection is waited for.
   */
  async selectionOf(view: vscode.TreeView<Row>): Promise<readonly Row[]> {
    const isFetching = performance.now() - this.#refreshed < 2 * patience;
    if (view.selection.length > 0 || !isFetching) return view.selection;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patience);
    const look = () => {
      if (view.selection.length > 0) resolve();
    };
    this.#waiting.add(look);
    await promise;
    this.#waiting.delete(look);
    clearTimeout(timer);
    return view.selection;
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = row.item();
    item.id = row.id;
    // The editor knows the row as soon as it has taken the item.
    if (this.#waiting.size > 0) setImmediate(() => this.#waiting.forEach((look) => void look()));
    return item;
  }

  async getChildren(row?: Row): Promise<Row[]> {
    // Before the rows are read: what changes after that is told again.
    if (row === undefined) this.#isOutdated = false;
    return [...((await (row === undefined ? this.#roots() : row.children?.())) ?? [])];
  }

  getParent(row: Row): Row | undefined {
    return row.parent;
  }

  async resolveTreeItem(item: vscode.TreeItem, row: Row): Promise<vscode.TreeItem> {
    const tooltip = await row.tooltip?.();
    if (tooltip !== undefined) item.tooltip = tooltip;
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** A row without a life of its own: a fact under another row. */
export function factRow(
  parent: Row,
  key: string,
  label: string,
  description = '',
  options: { icon?: string; command?: vscode.Command; children?: () => readonly Row[] | Promise<readonly Row[]> } = {},
): Row {
  const row: Row = {
    id: `${parent.id}/${key}`,
    parent,
    item() {
      const state = vscode.TreeItemCollapsibleState;
      const item = new vscode.TreeItem(label, options.children === undefined ? state.None : state.Collapsed);
      item.description = description;
      item.contextValue = 'fact';
      if (options.icon !== undefined) item.iconPath = new vscode.ThemeIcon(options.icon);
      if (options.command !== undefined) item.command = options.command;
      return item;
    },
    ...(options.children === undefined ? {} : { children: options.children }),
  };
  return row;
}
