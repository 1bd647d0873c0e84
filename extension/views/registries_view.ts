// The Registries view: registries with known credentials, their repositories and tags, asked for when they are unfolded.
import * as vscode from 'vscode';
import { errorMessage } from '../activity.ts';
import type { Engine } from '../engine.ts';
import { type Row, RowProvider } from './row.ts';

/** A registry, a repository in it or a tag of that. */
export class RegistryRow implements Row {
  readonly id: string;
  readonly kind: 'registry' | 'repository' | 'tag' | 'problem';
  /** As it is written in a reference: `host`, `host/name`, `host/name:tag`. */
  readonly reference: string;
  readonly parent?: Row;
  readonly #label: string;
  readonly #description: string;
  readonly #children: (() => Promise<readonly RegistryRow[]>) | undefined;

  constructor(
    kind: RegistryRow['kind'],
    reference: string,
    label: string,
    description: string,
    parent?: Row,
    children?: (row: RegistryRow) => Promise<readonly RegistryRow[]>,
  ) {
    this.kind = kind;
    this.reference = reference;
    this.id = `${kind}:${reference}`;
    this.#label = label;
    this.#description = description;
    if (parent !== undefined) this.parent = parent;
    this.#children = children === undefined ? undefined : () => children(this);
  }

  item(): vscode.TreeItem {
    const icons = { registry: 'cloud', repository: 'repo', tag: 'tag', problem: 'warning' };
    const state = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(this.#label, this.#children === undefined ? state.None : state.Collapsed);
    item.description = this.#description;
    item.contextValue = this.kind;
    item.iconPath = new vscode.ThemeIcon(icons[this.kind]);
    return item;
  }

  async children(): Promise<readonly Row[]> {
    if (this.#children === undefined) return [];
    try {
      return await this.#children();
    } catch (error) {
      // A registry that can't be listed is still good for pulling: the reason stands where its content would.
      return [new RegistryRow('problem', this.reference, errorMessage(error), '', this)];
    }
  }
}

export class RegistriesView implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #provider = new RowProvider(() => this.#roots());
  readonly #subscriptions: vscode.Disposable[];

  constructor(engine: Engine) {
    this.#engine = engine;
    const view = vscode.window.createTreeView('slipway.registries', { treeDataProvider: this.#provider });
    this.#subscriptions = [
      this.#provider,
      view,
      engine.audience.watch(view),
      engine.onDidChangeState((state) => {
        if (state !== 'starting') this.#provider.refresh();
      }),
    ];
  }

  refresh(): void {
    this.#provider.refresh();
  }

  async #roots(): Promise<readonly Row[]> {
    const client = await this.#engine.prepare();
    if (client === undefined) return [];
    const registries = await client.call('registry.list', {});
    return registries.map(
      ({ Server, Username }) =>
        new RegistryRow('registry', Server, Server, Username, undefined, async (row) => {
          const names = await client.call('registry.repositories', { Server });
          return names.map((name) => this.#repository(`${Server}/${name}`, name, row));
        }),
    );
  }

  #repository(reference: string, name: string, parent: Row): RegistryRow {
    return new RegistryRow('repository', reference, name, '', parent, async (row) => {
      const client = await this.#engine.client();
      const tags = await client.call('registry.tags', { Repository: reference });
      return tags.map((tag) => new RegistryRow('tag', `${reference}:${tag}`, tag, '', row));
    });
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }
}
