// The filter text that all views share. It stays with the workspace.
import * as vscode from 'vscode';

const key = 'slipway.filter';

export class ViewFilter implements vscode.Disposable {
  readonly #memory: vscode.Memento;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#announce();
  }

  get text(): string {
    return this.#memory.get(key, '');
  }

  async set(text: string): Promise<void> {
    await this.#memory.update(key, text === '' ? undefined : text);
    this.#announce();
  }

  #announce(): void {
    void vscode.commands.executeCommand('setContext', 'slipway.filtered', this.text !== '');
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
