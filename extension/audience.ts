// Who looks: the views that are visible and the terminals that wait. While nobody does, the extension does no work.
import { EventEmitter } from 'node:events';

/** The part of a tree view that tells whether it is on the screen. */
interface Watched {
  readonly visible: boolean;
  onDidChangeVisibility(listener: (event: { readonly visible: boolean }) => void): { dispose(): void };
}

export class Audience {
  readonly #seats = new Set<object>();
  readonly #changes = new EventEmitter<{ change: [] }>().setMaxListeners(0);

  get isPresent(): boolean {
    return this.#seats.size > 0;
  }

  /** Somebody looks until this is disposed of. */
  enter(): Disposable & { dispose(): void } {
    const seat = {};
    this.#set(seat, true);
    const dispose = () => this.#set(seat, false);
    return { dispose, [Symbol.dispose]: dispose };
  }

  /** Whoever sees the view is counted, as long as it is visible. */
  watch(view: Watched): { dispose(): void } {
    const seat = {};
    this.#set(seat, view.visible);
    const subscription = view.onDidChangeVisibility(({ visible }) => this.#set(seat, visible));
    return {
      dispose: () => {
        subscription.dispose();
        this.#set(seat, false);
      },
    };
  }

  /** Calls once, when somebody comes or the last one leaves. */
  onceChanged(listener: () => void): { dispose(): void } {
    this.#changes.once('change', listener);
    return { dispose: () => this.#changes.off('change', listener) };
  }

  #set(seat: object, isThere: boolean): void {
    const before = this.isPresent;
    if (isThere) this.#seats.add(seat);
    else this.#seats.delete(seat);
    if (before !== this.isPresent) this.#changes.emit('change');
  }
}
