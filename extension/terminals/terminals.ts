// Opens terminal tabs on containers. Their processes outlive the window: after a reload each tab is opened again and joins its
// own. Only a person who closes a tab ends what runs in it.
import * as vscode from 'vscode';
import type { Engine } from '../engine.ts';
import { type SessionSource, SessionTerminal } from './session_terminal.ts';
import { joinSession, openAttach, openExec, type TerminalRecipe } from './sessions.ts';

const memoryKey = 'slipway.terminals';

export class Terminals implements vscode.Disposable {
  readonly #engine: Engine;
  readonly #memory: vscode.Memento;
  /** The recipes whose process may still run. */
  readonly #open = new Set<TerminalRecipe>();
  readonly #recipes = new Map<vscode.Terminal, TerminalRecipe>();
  readonly #subscription: vscode.Disposable;

  constructor(engine: Engine, memory: vscode.Memento) {
    this.#engine = engine;
    this.#memory = memory;
    this.#subscription = vscode.window.onDidCloseTerminal((terminal) => this.#closed(terminal));
  }

  /** Shows a new tab for the recipe. */
  open(recipe: TerminalRecipe): vscode.Terminal {
    return this.#show(recipe, async (size) => {
      const client = await this.#engine.client();
      if (recipe.kind === 'attach') return await openAttach(client, recipe.container, size);
      return await openExec(client, recipe, size, (exec) => {
        recipe.exec = exec;
        this.#remember();
      });
    });
  }

  /** Attaches a new tab to a created container and starts it, so that nothing that it writes is missed. */
  openAndStart(container: string, name: string): vscode.Terminal {
    return this.#show({ kind: 'attach', container, name }, async (size) => {
      const client = await this.#engine.client();
      const session = await openAttach(client, container, size);
      await client.call('container.start', { Container: container });
      session.resize(size.rows, size.columns);
      return session;
    });
  }

  /** After a reload: every tab that was open comes back, and says so where its process has ended meanwhile. */
  restore(): void {
    for (const recipe of this.#memory.get<TerminalRecipe[]>(memoryKey, [])) this.#show(recipe, undefined);
  }

  /** @param first opens the first session; none: it was opened by an earlier window */
  #show(
    recipe: TerminalRecipe,
    first: ((size: vscode.TerminalDimensions) => ReturnType<SessionSource['open']>) | undefined,
  ) {
    const source: SessionSource = {
      name: recipe.name,
      open: async (size, again) =>
        again || first === undefined ? await joinSession(await this.#engine.client(), recipe, size) : await first(size),
      engineBack: (signal) => this.#engine.whenRunning(signal),
      finished: () => this.#forget(recipe),
    };
    const terminal = vscode.window.createTerminal({
      name: recipe.name,
      pty: new SessionTerminal(source, first === undefined),
      iconPath: new vscode.ThemeIcon('package'),
    });
    this.#open.add(recipe);
    this.#recipes.set(terminal, recipe);
    this.#remember();
    // What comes back by itself takes nobody's cursor.
    terminal.show(first === undefined);
    return terminal;
  }

  #closed(terminal: vscode.Terminal): void {
    const recipe = this.#recipes.get(terminal);
    this.#recipes.delete(terminal);
    // The window goes, the tab comes back with the next one.
    if (recipe === undefined || terminal.exitStatus?.reason === vscode.TerminalExitReason.Shutdown) return;
    const mayRun = this.#open.has(recipe);
    this.#forget(recipe);
    if (mayRun && recipe.kind === 'exec' && recipe.exec !== undefined) void this.#hangUp(recipe.exec);
  }

  /** As every terminal does when it is closed; a process that has just ended needs none. */
  async #hangUp(exec: string): Promise<void> {
    const hangUp = this.#engine.client().then((client) => client.call('exec.kill', { Exec: exec, Signal: 'HUP' }));
    await hangUp.catch(() => undefined);
  }

  #forget(recipe: TerminalRecipe): void {
    if (this.#open.delete(recipe)) this.#remember();
  }

  #remember(): void {
    void this.#memory.update(memoryKey, [...this.#open]);
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
