// Reading a container's log (Docker's json-file, rotated): tail, since, until, follow.

import type { Duplex } from 'node:stream';
import { parseTime } from '../engine/event_filter.ts';
import { EngineError } from '../protocol/errors.ts';
import { encodeFrame, stderrFrame, stdoutFrame } from '../protocol/framing.ts';
import type { StreamServer } from '../protocol/handler.ts';
import type { Params } from '../protocol/methods.ts';
import { abortable } from './abortable.ts';
import type { Container } from './container.ts';
import { type LogEntry, logFiles, parseEntry, readLines, tailStart } from './log_files.ts';
import { LogFollower } from './log_follower.ts';
import { type ContainerServices, directories } from './services.ts';

type LogOptions = Omit<Params<'container.logs'>, 'Container'>;

interface Window {
  readonly since: number;
  readonly until: number;
}

function entryTime(entry: LogEntry): number {
  const match = /^(.{19})(?:\.(\d{1,9}))?(.*)$/.exec(entry.time);
  if (match === null) return 0;
  const [, whole = '', fraction = '', zone = 'Z'] = match;
  return Date.parse(`${whole}${zone}`) * 1e6 + Number(fraction.padEnd(9, '0'));
}

/** The file has no zeros at the end of a fraction; people see columns of one width (RFC3339NanoFixed). */
function fixedTime(time: string): string {
  return time.replace(
    /(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/,
    (_, fraction = '', zone) => `.${fraction.padEnd(9, '0')}${zone}`,
  );
}

/** One record as the client wants it. */
function format(entry: LogEntry, options: LogOptions, tty: boolean): Buffer {
  const details = options.Details === true ? `${detailText(entry.attrs ?? {})} ` : '';
  const stamp = options.Timestamps === true ? `${fixedTime(entry.time)} ` : '';
  const bytes = Buffer.from(`${stamp}${details}${entry.log}`);
  return tty ? bytes : encodeFrame(entry.stream === 'stderr' ? stderrFrame : stdoutFrame, bytes);
}

function detailText(attrs: Readonly<Record<string, string>>): string {
  return Object.entries(attrs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join(',');
}

function wants(entry: LogEntry, options: LogOptions, { since }: Window): boolean {
  const wanted = entry.stream === 'stderr' ? options.Stderr === true : options.Stdout === true;
  return wanted && (since === Number.NEGATIVE_INFINITY || entryTime(entry) >= since);
}

async function send(client: Duplex, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (client.write(bytes)) return;
  await abortable(signal, (resolve) => {
    client.once('drain', resolve);
    return () => void client.off('drain', resolve);
  });
}

/** Writes what is in the log by now, and with Follow what comes, until the container ends. */
export async function writeLogs(
  services: ContainerServices,
  container: Container,
  options: LogOptions,
  client: Duplex,
  signal: AbortSignal,
): Promise<void> {
  const path = directories(services, container).log;
  const tty = container.record.config.Tty === true;
  const window: Window = {
    since: options.Since ? parseTime(options.Since) : Number.NEGATIVE_INFINITY,
    until: options.Until ? parseTime(options.Until) : Number.POSITIVE_INFINITY,
  };
  const follow = options.Follow === true && window.until > Date.now() * 1e6;
  const tail =
    options.Tail === undefined || options.Tail === '' || options.Tail === 'all' ? undefined : Number(options.Tail);
  const follower = follow ? new LogFollower(container, path) : undefined;
  const stop = follower === undefined ? signal : AbortSignal.any([signal, untilSignal(window.until)]);
  try {
    const start = await tailStart(await logFiles(path), tail);
    const lines = follower === undefined ? readLines(start) : follower.lines(start, stop);
    for await (const line of lines) {
      const entry = parseEntry(line);
      if (entry === undefined) continue;
      if (window.until !== Number.POSITIVE_INFINITY && entryTime(entry) > window.until) break;
      if (wants(entry, options, window)) await send(client, format(entry, options, tty), signal);
    }
  } catch (error) {
    if (!stop.aborted || signal.aborted) throw error;
  } finally {
    follower?.[Symbol.dispose]();
  }
}

function untilSignal(until: number): AbortSignal {
  const milliseconds = until / 1e6 - Date.now();
  return milliseconds < 2 ** 31 ? AbortSignal.timeout(Math.max(0, milliseconds)) : new AbortController().signal;
}

/** container.logs */
export async function logsOf(
  services: ContainerServices,
  container: Container,
  params: LogOptions,
): Promise<StreamServer<'container.logs'>> {
  if (container.record.hostConfig.LogConfig?.Type === 'none')
    throw new EngineError('Unsupported', 'configured logging driver does not support reading');
  if (params.Stdout !== true && params.Stderr !== true)
    throw new EngineError('InvalidArgument', 'Bad parameters: you must choose at least one stream');
  if (params.Tail !== undefined && !/^(?:all|\d*)$/.test(params.Tail))
    throw new EngineError('InvalidArgument', `invalid tail: "${params.Tail}": expected a number or "all"`);
  if (params.Since) parseTime(params.Since);
  if (params.Until) parseTime(params.Until);
  return async (client, signal) => {
    client.resume();
    await writeLogs(services, container, params, client, signal);
    return null;
  };
}
