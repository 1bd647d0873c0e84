// Arithmetic on IP addresses and networks of both families. Addresses are plain text outside, big integers inside.
import { isIP } from 'node:net';

export type Family = 4 | 6;

export interface Subnet {
  readonly family: Family;
  /** The first address. */
  readonly base: bigint;
  /** Prefix length. */
  readonly bits: number;
}

const width = (family: Family): number => (family === 4 ? 32 : 128);

function parse4(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function parse6(text: string): bigint {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded !== null) {
    const low = parse4(embedded[2] ?? '');
    return parse6(`${embedded[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const left = groups(head);
  const right = groups(tail);
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...new Array<string>(zeros).fill('0'), ...right].reduce(
    (sum, group) => sum * 65536n + BigInt(`0x${group}`),
    0n,
  );
}

/** Throws an Error for what is not an address. */
export function parseAddress(text: string): { family: Family; value: bigint } {
  const family = isIP(text);
  if (family === 4) return { family, value: parse4(text) };
  if (family === 6 && !text.includes('%')) return { family, value: parse6(text) };
  throw new Error(`"${text}" is not an IP address`);
}

export function formatAddress(family: Family, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // RFC 5952: the longest run of two or more zero groups, the first of equals, becomes "::".
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === '0') end++;
    if (end - i > best.length) best = { start: i, length: end - i };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

export function size(subnet: Subnet): bigint {
  return 1n << BigInt(width(subnet.family) - subnet.bits);
}

/** `10.0.0.0/24`; bits beyond the prefix are cleared. Throws an Error for what is not a network. */
export function parseSubnet(text: string): Subnet {
  const slash = text.indexOf('/');
  const bits = slash < 0 ? Number.NaN : Number(text.slice(slash + 1));
  const { family, value } = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (!/^\d{1,3}$/.test(text.slice(slash + 1)) || bits > width(family))
    throw new Error(`"${text}" is not a network: expected address/prefix`);
  const host = (1n << BigInt(width(family) - bits)) - 1n;
  return { family, base: value & ~host, bits };
}

export function formatSubnet({ family, base, bits }: Subnet): string {
  return `${formatAddress(family, base)}/${bits}`;
}

export function contains(subnet: Subnet, family: Family, value: bigint): boolean {
  return family === subnet.family && value >= subnet.base && value < subnet.base + size(subnet);
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.family === other.family && one.base < other.base + size(other) && other.base < one.base + size(one);
}

/** Whether an address can belong to a machine: not the network's own, nor its broadcast address. */
export function isUsable(subnet: Subnet, value: bigint): boolean {
  if (subnet.bits >= width(subnet.family) - 1) return true; // RFC 3021: both addresses of a /31 are usable
  if (value === subnet.base) return false;
  return subnet.family === 6 || value !== subnet.base + size(subnet) - 1n;
}

/** Docker's MAC for an IPv4 address: whoever gets the address next gets the MAC with it, so that no neighbour is misled. */
export function macFor(value: bigint): string {
  const bytes = [0x02n, 0x42n, ...[24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
