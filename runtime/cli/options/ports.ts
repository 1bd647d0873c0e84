// -p and --expose: `[ip:][host[-end]:]container[-end][/protocol]`.
import type { PortBinding } from '../../protocol/container_config.ts';
import { UsageError } from '../parse.ts';

interface Range {
  readonly start: number;
  readonly end: number;
}

function parseRange(text: string, what = 'containerPort'): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const start = Number(match?.[1] ?? -1);
  const end = Number(match?.[2] ?? match?.[1] ?? -1);
  if (match === null || start > 65_535 || end > 65_535 || end < start) throw new UsageError(`invalid ${what}: ${text}`);
  return { start, end };
}

/** The parts of a publish specification; IPv6 addresses stand in brackets. */
function splitSpec(text: string): { ip: string; host: string; container: string } {
  const six = /^\[([0-9a-fA-F:.]+)\]:(.*)$/.exec(text);
  const ip = six?.[1] ?? '';
  const parts = (six?.[2] ?? text).split(':');
  if (six !== null)
    return parts.length === 1
      ? { ip, host: '', container: parts[0] ?? '' }
      : { ip, host: parts[0] ?? '', container: parts[1] ?? '' };
  if (parts.length > 3) throw new UsageError(`invalid publish opts format (should be name=value but got '${text}')`);
  if (parts.length === 1) return { ip: '', host: '', container: parts[0] ?? '' };
  if (parts.length === 2) return { ip: '', host: parts[0] ?? '', container: parts[1] ?? '' };
  return { ip: parts[0] ?? '', host: parts[1] ?? '', container: parts[2] ?? '' };
}

export interface PublishedPort {
  /** `80/tcp`. */
  readonly key: string;
  readonly binding: PortBinding;
}

function longForm(text: string): PublishedPort[] {
  const fields = new Map(
    text.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const target = fields.get('target') ?? '';
  if (!/^\d+$/.test(target)) throw new UsageError(`invalid field target in publish option: ${text}`);
  return [
    {
      key: `${target}/${fields.get('protocol') ?? 'tcp'}`,
      binding: { HostIp: '', HostPort: fields.get('published') ?? '' },
    },
  ];
}

/** Throws `UsageError`. */
export function parsePublish(text: string): PublishedPort[] {
  if (text.includes('=')) return longForm(text);
  const [address = '', protocol = 'tcp'] = text.split('/', 2);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) throw new UsageError(`invalid proto: ${protocol}`);
  const { ip, host, container } = splitSpec(address);
  if (container === '') throw new UsageError(`no port specified: ${text}<empty>`);
  const inside = parseRange(container);
  const count = inside.end - inside.start;
  const outside = host === '' ? undefined : parseRange(host, 'hostPort');
  if (outside !== undefined && outside.end - outside.start !== count && !(count === 0 && outside.end > outside.start))
    throw new UsageError(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  return Array.from({ length: count + 1 }, (_, offset) => {
    const single =
      outside === undefined ? '' : count === 0 && outside.end > outside.start ? host : String(outside.start + offset);
    return { key: `${inside.start + offset}/${protocol.toLowerCase()}`, binding: { HostIp: ip, HostPort: single } };
  });
}

/** `80`, `8000-8010/udp` as keys. */
export function parseExpose(text: string): string[] {
  const [ports = '', protocol = 'tcp'] = text.split('/', 2);
  const { start, end } = parseRange(ports);
  return Array.from({ length: end - start + 1 }, (_, offset) => `${start + offset}/${protocol.toLowerCase()}`);
}
