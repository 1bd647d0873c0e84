// A helper that rests while containers run is mostly code that only starting and stopping things needs.
import { releaseMemory } from '../native/memory.ts';
import type { EventBus } from './events.ts';
import type { Log } from './log.ts';

/** Nothing happened for so long. Longer than the pauses of a person at work in a terminal. */
const quiet = 4000;

/** Gives memory back once after each time of work. */
export function restAfter(events: EventBus, log: Log): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      releaseMemory().catch((error: unknown) => log.error('cannot give memory back', error));
    }, quiet).unref();
  };
  const subscription = events.subscribe(wait);
  wait();
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      subscription[Symbol.dispose]();
    },
  };
}
