// The Containers view: what it shows is chosen by settings and a filter, and every change of a container redraws its row only.
import * as vscode from 'vscode';
import type { App } from '../commands/app.ts';
import { containerDropController } from '../drag_and_drop.ts';
import type { Engine } from '../engine.ts';
import type { Records } from '../records.ts';
import { ContainerRow, type ContainerRowSource, GroupRow } from './container_rows.ts';
import { type ContainerChoice, type GroupBy, groupContainers, isLive, type SortBy } from './grouping.ts';
import { type Row, RowProvider } from './row.ts';
import type { ViewFilter } from './view_filter.ts';

export class ContainersView implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #records: Records;
  readonly #filter: ViewFilter;
  readonly #source: ContainerRowSource;
  readonly provider = new RowProvider(() => this.#roots());
  readonly #subscriptions: vscode.Disposable[] = [this.provider];
  /** The rows on show by container: one container may stand under several headings. */
  readonly #rows = new Map<string, ContainerRow[]>();
  /** Where each container stands, as far as it shows in the headings: if that changes, rows move. */
  #layout = '';
  readonly view: vscode.TreeView<Row>;

  constructor(app: App) {
    const { engine, records, activity, filter } = app;
    this.#engine = engine;
    this.#records = records;
    this.#filter = filter;
    this.#source = {
      activity,
      record: (id) => records.get('container', id),
      style: () => {
        const settings = vscode.workspace.getConfiguration('slipway.containers');
        return { label: settings.get('label', 'name'), description: settings.get<string[]>('description', []) };
      },
      anatomy: async (id) => (await engine.client()).call('container.anatomy', { Container: id }),
    };
    this.view = vscode.window.createTreeView('slipway.containers', {
      treeDataProvider: this.provider,
      canSelectMany: true,
      showCollapseAll: true,
      dragAndDropController: containerDropController(app),
    });
    this.#subscriptions.push(
      this.view,
      engine.audience.watch(this.view),
      records.onDidChange(({ kind, id }) => {
        if (kind === 'container') this.#update(id);
      }),
      activity.onDidChange((id) => this.#redraw(id)),
      filter.onDidChange(() => this.provider.refresh()),
      engine.onDidChangeState((state) => {
        // A message hides the welcome content, whose buttons are the way out where starting again failed.
        const isBetween = state === 'starting' && this.#rows.size > 0;
        this.view.message = isBetween ? vscode.l10n.t('The engine ended; it is started again…') : '';
        this.provider.refresh();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('slipway.containers')) this.provider.refresh();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.provider.refresh()),
    );
  }

  /** One container changed: its row is drawn again, or all rows are laid out anew if it now stands elsewhere. */
  #update(id: string | undefined): void {
    this.#showBadge();
    if (!this.view.visible) this.provider.outdate();
    else if (id !== undefined && this.#layoutOf() === this.#layout) this.#redraw(id);
    else this.provider.refresh();
  }

  #redraw(id: string): void {
    for (const row of this.#rows.get(id) ?? []) this.provider.refresh(row);
  }

  #showBadge(): void {
    const running = this.#records.all('container').filter(isLive).length;
    this.view.badge =
      running === 0 ? undefined : { value: running, tooltip: vscode.l10n.t('{0} containers running', running) };
  }

  #choice(): ContainerChoice {
    const settings = vscode.workspace.getConfiguration('slipway.containers');
    const folders = vscode.workspace.workspaceFolders?.map((folder) => folder.uri.fsPath) ?? [];
    return {
      groupBy: settings.get<GroupBy>('groupBy', 'project'),
      groupLabel: settings.get('groupLabel', ''),
      sortBy: settings.get<SortBy>('sortBy', 'created'),
      filter: this.#filter.text,
      hideStopped: settings.get('hideStopped', false),
      ...(settings.get('onlyThisWorkspace', false) ? { onlyFolders: folders } : {}),
    };
  }

  #layoutOf(): string {
    const groups = groupContainers(this.#records.all('container'), this.#choice());
    return groups.map((group) => `${group.key}\0${group.containers.map(({ Id }) => Id).join()}`).join('\n');
  }

  async #roots(): Promise<readonly Row[]> {
    // A view that is shown wants the engine; a failure shows as the view's welcome content.
    await this.#engine.prepare();
    const groups = groupContainers(this.#records.all('container'), this.#choice());
    this.#layout = this.#layoutOf();
    this.#rows.clear();
    const roots = groups.flatMap((group): (ContainerRow | GroupRow)[] =>
      group.key === ''
        ? group.containers.map(({ Id }) => new ContainerRow(this.#source, Id))
        : [new GroupRow(this.#source, group)],
    );
    for (const row of roots.flatMap((root) => (root instanceof GroupRow ? root.children() : [root]))) {
      const rows = this.#rows.get(row.containerId) ?? [];
      rows.push(row);
      this.#rows.set(row.containerId, rows);
    }
    return roots;
  }

  /** For keys. */
  selection(): Promise<readonly Row[]> {
    return this.provider.selectionOf(this.view);
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }
}
