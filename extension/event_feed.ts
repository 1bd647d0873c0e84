// From a stream of numbered events to rows that are true: everything is listed once, then each event changes one row. Where
// numbers are missing everything is listed again, and events that come meanwhile wait, so that no old list covers a new row.
import type { EngineEvent } from '../runtime/protocol/event.ts';

export interface FeedTarget {
  /** Lists everything and replaces the rows by it. */
  list(): Promise<void>;
  take(event: EngineEvent): void;
  /** The list after a gap can't be had: the rows can't be trusted any more. */
  failed(error: unknown): void;
}

export class EventFeed {
  readonly #target: FeedTarget;
  #last: number | undefined;
  #isBehind = false;
  /** Events that came before the first list and while one is under way. */
  #waiting: EngineEvent[] | undefined = [];

  constructor(target: FeedTarget) {
    this.#target = target;
  }

  push(events: readonly EngineEvent[]): void {
    for (const event of events) {
      if (this.#last !== undefined && event.sequence !== this.#last + 1) this.#isBehind = true;
      this.#last = event.sequence;
      if (this.#isBehind && this.#waiting === undefined)
        void this.fill().catch((error: unknown) => this.#target.failed(error));
      if (this.#waiting === undefined) this.#target.take(event);
      else this.#waiting.push(event);
    }
  }

  /** Lists, as often as numbers are missing again meanwhile, and takes in what waited. Rejects as the list does. */
  async fill(): Promise<void> {
    const waiting = this.#waiting ?? [];
    this.#waiting = waiting;
    do {
      this.#isBehind = false;
      await this.#target.list();
    } while (this.#isBehind);
    this.#waiting = undefined;
    for (const event of waiting) this.#target.take(event);
  }
}
