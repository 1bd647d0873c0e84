// Opens terminal tabs on containers and, after a window is reloaded, opens again those whose process still runs.
import * as vscode from 'vscode';
import type { Engine } from '../engine.ts';
import { SessionTerminal } from './session_terminal.ts';
import { openAttach, openSession, type TerminalRecipe } from './sessions.ts';

const memoryKey = 'slipway.terminals';

export class Terminals implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #memory: vscode.Memento;
  readonly #open = new Map<vscode.Terminal, TerminalRecipe>();
  readonly #subscription: vscode.Disposable;

  constructor(engine: Engine, memory: vscode.Memento) {
    this.#engine = engine;
    this.#memory = memory;
    this.#subscription = vscode.window.onDidCloseTerminal((terminal) => {
      if (this.#open.delete(terminal)) void this.#remember();
    });
  }

  /** Shows a new tab for the recipe. */
  open(recipe: TerminalRecipe): vscode.Terminal {
    const pty = new SessionTerminal(recipe.name, async (size) =>
      openSession(await this.#engine.client(), recipe, size),
    );
    return this.#show(recipe, pty);
  }

  /** Attaches a new tab to a created container and starts it, so that nothing that it writes is missed. */
  openAndStart(container: string, name: string): vscode.Terminal {
    const recipe: TerminalRecipe = { kind: 'attach', container, name };
    const pty = new SessionTerminal(name, async (size) => {
      const client = await this.#engine.client();
      const session = await openAttach(client, container, size);
      await client.call('container.start', { Container: container });
      session.resize(size.rows, size.columns);
      return session;
    });
    return this.#show(recipe, pty);
  }

  /** After a reload: terminals whose container still runs are attached again; an exec's process went with its window. */
  async restore(): Promise<void> {
    const recipes = this.#memory.get<TerminalRecipe[]>(memoryKey, []);
    if (recipes.length === 0) return;
    const client = await this.#engine.client();
    const running = new Set((await client.call('container.list', {})).map(({ Id }) => Id));
    for (const recipe of recipes) if (recipe.kind === 'attach' && running.has(recipe.container)) this.open(recipe);
    await this.#remember();
  }

  #show(recipe: TerminalRecipe, pty: SessionTerminal): vscode.Terminal {
    const terminal = vscode.window.createTerminal({
      name: recipe.name,
      pty,
      iconPath: new vscode.ThemeIcon('package'),
    });
    this.#open.set(terminal, recipe);
    void this.#remember();
    terminal.show();
    return terminal;
  }

  async #remember(): Promise<void> {
    await this.#memory.update(memoryKey, [...this.#open.values()]);
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
