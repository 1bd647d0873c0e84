// Events as `docker events` prints them, and as its templates see them.
import type { EngineEvent } from '../../protocol/event.ts';

/** One event as `docker events` prints it. */
export function eventText({ Type, Action, Actor, timeNano }: EngineEvent): string {
  const whole = new Date(Math.floor(timeNano / 1e6)).toISOString();
  const fraction = String(timeNano % 1e9).padStart(9, '0');
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  return `${whole.slice(0, 19)}.${fraction}Z ${Type} ${Action} ${Actor.ID}${attributes === '' ? '' : ` (${attributes})`}`;
}

/** Templates have Go's names of the fields, JSON has others. */
export function goEvent({ Record: _row, sequence: _sequence, ...event }: EngineEvent): object {
  const { Type, Action, Actor, scope, time, timeNano } = event;
  const legacy = Type === 'container' || Type === 'image';
  const named = {
    Status: legacy ? Action : '',
    ID: legacy ? Actor.ID : '',
    From: legacy ? (Actor.Attributes['image'] ?? '') : '',
    Scope: scope,
    Time: time,
    TimeNano: timeNano,
  };
  return Object.defineProperties(
    event,
    Object.fromEntries(Object.entries(named).map(([name, value]) => [name, { value }])),
  );
}
