// How far inside a network an address lies. A registry may send us elsewhere (a token realm, a redirect), but never further
// inside than it lies itself: a public registry can't make the helper talk to the company's network, to this machine or to
// a cloud's metadata service. The check is made on the address that is connected to, so that DNS can't trick it.
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/** From the outermost to the innermost. `link-local` (cloud metadata) is never reached through somebody's pointer. */
export type Reach = 'public' | 'private' | 'loopback';
type AddressClass = Reach | 'link-local';

function list(...subnets: readonly [string, number][]): BlockList {
  const result = new BlockList();
  for (const [net, prefix] of subnets) result.addSubnet(net, prefix, net.includes(':') ? 'ipv6' : 'ipv4');
  return result;
}

// IANA's special-purpose registries; what is not globally reachable counts as private.
// Linux connects to this machine for the unspecified address, too.
const loopback = list(['127.0.0.0', 8], ['0.0.0.0', 8], ['::', 127]);
const linkLocal = list(['169.254.0.0', 16], ['fe80::', 10], ['fd00:ec2::', 32], ['100.100.100.200', 32]);
const inside = list(
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['ff00::', 8],
);

export function classify(address: string): AddressClass {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address.replace(/%.*$/, '');
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(plain, family)) return 'loopback';
  if (linkLocal.check(plain, family)) return 'link-local';
  return inside.check(plain, family) ? 'private' : 'public';
}

const depth: Readonly<Record<AddressClass, number>> = { public: 0, private: 1, loopback: 2, 'link-local': 3 };

export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
  constructor(host: string, address: string, reach: Reach) {
    super(
      `refused to connect to ${host} (${address}): a registry with a ${reach} address must not send the engine ` +
        `to a ${classify(address)} one`,
    );
  }
}

/** Throws `ForbiddenAddress` where `host` is written as an address further inside than `reach`. */
export function checkLiteral(host: string, reach: Reach): void {
  const plain = host.replace(/^\[|\]$/g, '');
  if (isIP(plain) !== 0 && depth[classify(plain)] > depth[reach]) throw new ForbiddenAddress(host, plain, reach);
}

type LookupDone = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** A `lookup` for net.connect that refuses addresses further inside than `reach`. */
export function guardedLookup(reach: Reach): (host: string, options: LookupOptions, done: LookupDone) => void {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, []);
      const bad = addresses.find(({ address }) => depth[classify(address)] > depth[reach]);
      if (bad !== undefined) return done(new ForbiddenAddress(host, bad.address, reach), []);
      const [first] = addresses;
      if (options.all === true) return done(null, addresses);
      return first === undefined
        ? done(new Error(`${host} has no address`), [])
        : done(null, first.address, first.family);
    });
  };
}

/** How far inside a registry lies that the user named: the innermost of its addresses. Unknown names count as public. */
export async function reachOf(host: string): Promise<Reach> {
  const plain = host.replace(/^\[|\]$/g, '');
  const addresses = isIP(plain) !== 0 ? [plain] : await resolveAll(plain);
  const classes = addresses.map(classify);
  if (classes.includes('loopback')) return 'loopback';
  return classes.some((entry) => entry !== 'public') ? 'private' : 'public';
}

function resolveAll(host: string): Promise<string[]> {
  return new Promise((resolve) => {
    lookup(host, { all: true }, (error, found) => resolve(error === null ? found.map(({ address }) => address) : []));
  });
}
