// One client's event subscription: filtered, batched, in order, and bounded: a client that does not read loses events
// (it sees a gap in `sequence`) instead of filling the engine's memory.
import { eventFilter, parseTime } from '../engine/event_filter.ts';
import type { EventBus } from '../engine/events.ts';
import type { EngineEvent, EventNotification } from '../protocol/event.ts';
import type { Params } from '../protocol/methods.ts';

const maxWaiting = 10_000;

/** Sends one notification; resolves when the socket has taken it. */
export type Send = (message: EventNotification) => Promise<void>;

export class EventFeed implements Disposable {
  readonly #id: string;
  readonly #send: Send;
  readonly #waiting: EngineEvent[] = [];
  readonly #subscription: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  #ending = false;
  #disposed = false;

  constructor(id: string, bus: EventBus, params: Params<'event.subscribe'>, send: Send) {
    this.#id = id;
    this.#send = send;
    const wanted = eventFilter(params.Filters);
    const since = params.Since === undefined ? undefined : parseTime(params.Since);
    const until = params.Until === undefined ? Number.POSITIVE_INFINITY : parseTime(params.Until);
    if (since !== undefined) this.#waiting.push(...bus.past(since, until).filter(wanted));
    const left = until / 1e6 - Date.now();
    if (left > 0) {
      this.#subscription = bus.subscribe((event) => {
        if (event.timeNano >= until || !wanted(event) || this.#waiting.length >= maxWaiting) return;
        this.#waiting.push(event);
        void this.#pump();
      });
      // A timer takes at most 2^31-1 ms; who waits longer than 24 days waits for ever.
      if (left < 2 ** 31 - 1) this.#timer = setTimeout(() => this.#end(), left);
    } else {
      this.#ending = true;
    }
  }

  /** Begins to send. Apart from the constructor, so that the answer with the id goes first. */
  start(): void {
    void this.#pump();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#subscription?.[Symbol.dispose]();
    clearTimeout(this.#timer);
  }

  #end(): void {
    this.#ending = true;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (!this.#disposed && this.#waiting.length > 0) {
        await this.#send({ Subscription: this.#id, Events: this.#waiting.splice(0, 500) });
      }
      if (this.#ending && !this.#disposed) {
        await this.#send({ Subscription: this.#id, Events: [], Ended: true });
        this[Symbol.dispose]();
      }
    } catch {
      // The connection is gone, and disposes of this feed itself.
      this[Symbol.dispose]();
    } finally {
      this.#sending = false;
    }
  }
}
