// The engine's own event bus: nouns publish, doors subscribe. The last 10,000 events are kept for `since`.
import type { EngineEvent, EventType } from '../protocol/event.ts';

const kept = 10_000;

export interface EventSource {
  readonly type: EventType;
  readonly action: string;
  readonly id: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** The changed row, null when it is gone. */
  readonly record?: NonNullable<EngineEvent['Record']> | null;
}

export type EventListener = (event: EngineEvent) => void;

/** Nanoseconds since the epoch; strictly growing, so that events have an order even when the clock does not move on. */
export class EventBus {
  readonly #listeners = new Set<EventListener>();
  readonly #history: EngineEvent[] = [];
  #sequence = 0;
  #lastNano = 0;

  publish({ type, action, id, attributes = {}, record }: EventSource): void {
    const timeNano = Math.max(Date.now() * 1e6, this.#lastNano + 1000);
    this.#lastNano = timeNano;
    const event: EngineEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: { ...attributes } },
      scope: 'local',
      time: Math.floor(timeNano / 1e9),
      timeNano,
      sequence: ++this.#sequence,
      ...(record === undefined ? {} : { Record: record }),
    };
    // Rows of the past are of no use to anybody: kept events are small.
    const { Record: _, ...plain } = event;
    this.#history.push(plain);
    if (this.#history.length >= kept * 1.1) this.#history.splice(0, this.#history.length - kept);
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls the listener for every event from now on; it must not throw, and must not wait. */
  subscribe(listener: EventListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Kept events with `since <= timeNano < until`, oldest first. */
  past(since: number, until: number): EngineEvent[] {
    return this.#history.filter((event) => event.timeNano >= since && event.timeNano < until);
  }
}
