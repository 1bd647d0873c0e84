// What is under way on which row, and what went wrong on it last: rows show it until the next try.
import * as vscode from 'vscode';
import { isEngineError } from '../runtime/protocol/errors.ts';

export type RowActivity = { state: 'busy'; label: string } | { state: 'failed'; message: string };

export class Activity implements vscode.Disposable {
  readonly #rows = new Map<string, RowActivity>();
  readonly #changed = new vscode.EventEmitter<string>();
  /** Fires with the id of the row whose activity changed. */
  readonly onDidChange = this.#changed.event;

  get(id: string): RowActivity | undefined {
    return this.#rows.get(id);
  }

  /** Runs `work` with the row shown as busy. A failure stays on the row and is thrown on. */
  async run<T>(id: string, label: string, work: () => Promise<T>): Promise<T> {
    this.#set(id, { state: 'busy', label });
    try {
      const result = await work();
      this.#set(id, undefined);
      return result;
    } catch (error) {
      this.#set(id, isCancelled(error) ? undefined : { state: 'failed', message: errorMessage(error) });
      throw error;
    }
  }

  #set(id: string, activity: RowActivity | undefined): void {
    if (activity === undefined) this.#rows.delete(id);
    else this.#rows.set(id, activity);
    this.#changed.fire(id);
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether a person called it off: nothing to report. */
export function isCancelled(error: unknown): boolean {
  return (
    error instanceof vscode.CancellationError ||
    isEngineError(error, 'Cancelled') ||
    (error instanceof Error && error.name === 'AbortError')
  );
}
