// Which events a subscriber wants: Docker's filters, and times as Docker writes them.
import { EngineError } from '../protocol/errors.ts';
import type { EngineEvent } from '../protocol/event.ts';
import type { Filters } from '../protocol/method.ts';

const names = new Set([
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'scope',
  'type',
  'volume',
  'plugin',
  'builder',
  // Of a swarm: there is no such event here.
  'config',
  'node',
  'secret',
  'service',
]);

function labelMatches(event: EngineEvent, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  const value = event.Actor.Attributes[name];
  return value !== undefined && (equals < 0 || value === wanted.slice(equals + 1));
}

/** By the beginning of its name or id, as dockerd finds it. */
function actorMatches({ Actor: { ID, Attributes } }: EngineEvent, wanted: string): boolean {
  return ID.startsWith(wanted) || Attributes['name']?.startsWith(wanted) === true;
}

/** An image is found by its whole name, with or without the tag, or by the beginning of its id. */
function imageMatches({ Type, Actor: { ID, Attributes } }: EngineEvent, wanted: string): boolean {
  const name = Attributes[Type === 'image' ? 'name' : 'image'];
  if (name === wanted || name?.replace(/:[^:/]+$/, '') === wanted) return true;
  return Type === 'image' && wanted.length >= 4 && (ID.startsWith(wanted) || ID.startsWith(`sha256:${wanted}`));
}

function matches(event: EngineEvent, name: string, values: readonly string[]): boolean {
  switch (name) {
    case 'event':
      // `health_status: healthy` is found by `health_status` too.
      return values.some((value) => event.Action === value || event.Action.startsWith(`${value}:`));
    case 'type':
      return values.includes(event.Type);
    case 'scope':
      return values.includes(event.scope);
    case 'label':
      return values.every((value) => labelMatches(event, value));
    case 'image':
      return values.some((value) => imageMatches(event, value));
    default:
      return (
        (event.Type === name && values.some((value) => actorMatches(event, value))) ||
        // A network's connect event names the container, a volume's mount event too.
        (name === 'container' && values.some((value) => event.Actor.Attributes['container'] === value))
      );
  }
}

/** Throws `InvalidArgument` for a filter that does not exist. Kinds (container, image, …) are alternatives of each other's type. */
export function eventFilter(filters: Filters = {}): (event: EngineEvent) => boolean {
  const wanted = Object.entries(filters).filter(([, values]) => values.length > 0);
  for (const [name] of wanted)
    if (!names.has(name)) throw new EngineError('InvalidArgument', `invalid filter '${name}'`);
  return (event) => wanted.every(([name, values]) => matches(event, name, values));
}

const unitSeconds: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Go's duration text (`1h30m`, `10s`) in seconds, or undefined. */
function parseGoDuration(text: string): number | undefined {
  if (!/^-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    seconds += Number(number) * (unitSeconds[unit] ?? 0);
  return text.startsWith('-') ? -seconds : seconds;
}

/**
 * A point in time as Docker takes it: RFC 3339 (also without zone, or only a date: local time), Unix seconds with a
 * fraction, or a duration ago. Gives nanoseconds since the epoch; throws `InvalidArgument`.
 */
export function parseTime(text: string, now: number = Date.now()): number {
  const duration = parseGoDuration(text);
  if (duration !== undefined) return now * 1e6 - Math.round(duration * 1e9);
  const unix = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (unix !== null) return Number(unix[1]) * 1e9 + Number((unix[2] ?? '').padEnd(9, '0'));
  const stamp = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$/i.exec(
    text,
  );
  if (stamp !== null) {
    const [, date = '', clock = '00:00', fraction = '', zone = ''] = stamp;
    const milliseconds = Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
    if (!Number.isNaN(milliseconds)) return milliseconds * 1e6 + Number(fraction.padEnd(9, '0'));
  }
  throw new EngineError(
    'InvalidArgument',
    `cannot read the time "${text}": expected RFC 3339, Unix seconds or a duration such as 10m`,
  );
}
