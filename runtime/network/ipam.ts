// Address management: which networks get which subnets, and which container gets which address.
import { createHash } from 'node:crypto';
import type { AddressPool } from '../engine/options.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Ipam } from '../protocol/network.ts';
import {
  contains,
  type Family,
  formatAddress,
  formatSubnet,
  isUsable,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
  size,
} from './ip.ts';

/** One subnet of a network as it is recorded: all of it text, Docker's names. */
export interface PoolRecord {
  readonly Subnet: string;
  readonly Gateway: string;
  readonly IPRange?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

function checked<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new EngineError(
      'InvalidArgument',
      `invalid ${what}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** A network without bits behind its prefix: with them it is a mistake, or an address that was meant. */
function withoutHost(what: string, text: string): Subnet {
  const subnet = checked(what, () => parseSubnet(text));
  if (parseAddress(text.replace(/\/.*/, '')).value === subnet.base) return subnet;
  const message = `invalid network config:\ninvalid ${what} ${text}: it should be ${formatSubnet(subnet)}`;
  throw new EngineError('InvalidArgument', message);
}

/** The next free subnet of the default pools that touches nothing in `taken`. */
export function chooseSubnet(pools: readonly AddressPool[], taken: readonly Subnet[]): Subnet {
  for (const pool of pools) {
    const slash = pool.base.indexOf('/');
    const whole = parseSubnet(pool.base);
    // A base may begin in the middle (172.17.0.0/12): what lies before it is left alone.
    let base = parseSubnet(`${pool.base.slice(0, slash)}/${pool.size}`).base;
    for (; base < whole.base + size(whole); base += size({ ...whole, bits: pool.size })) {
      const candidate: Subnet = { family: whole.family, base, bits: pool.size };
      if (!taken.some((other) => overlaps(other, candidate))) return candidate;
    }
  }
  throw new EngineError(
    'ResourceExhausted',
    'could not find an available, non-overlapping subnet among the default address pools',
    {
      remedy:
        'Name one with --subnet, remove unused networks (slipway network prune), or configure more default-address-pools',
    },
  );
}

/** A unique local /64 (RFC 4193) that the network's id decides. */
export function localSubnet6(id: string): Subnet {
  const hash = createHash('sha256').update(id).digest();
  return parseSubnet(
    `fd${hash.toString('hex', 0, 1)}:${hash.toString('hex', 1, 3)}:${hash.toString('hex', 3, 5)}:${hash.toString('hex', 5, 7)}::/64`,
  );
}

type PoolRequest = NonNullable<Ipam['Config']>[number];

/** Checks one asked-for subnet and completes it. `gateway`: whether the driver needs one. */
export function completePool(request: PoolRequest, taken: readonly Subnet[]): PoolRecord {
  const subnet = withoutHost('subnet', request.Subnet ?? '');
  const collision = taken.find((other) => overlaps(other, subnet));
  if (collision !== undefined)
    throw new EngineError(
      'Conflict',
      `invalid pool request: Pool overlaps with other one on this address space: the subnet ${formatSubnet(subnet)} overlaps with ${formatSubnet(collision)}, which another network or this machine uses`,
    );
  const within = (what: string, text: string): string => {
    const { family, value } = checked(what, () => parseAddress(text));
    if (!contains(subnet, family, value))
      throw new EngineError('InvalidArgument', `invalid ${what}: ${text} is not in the subnet ${formatSubnet(subnet)}`);
    return formatAddress(family, value);
  };
  const gateway = request.Gateway
    ? within('gateway', request.Gateway.replace(/\/.*$/, ''))
    : formatAddress(subnet.family, subnet.base + 1n);
  const range = request.IPRange ? withoutHost('ip-range', request.IPRange) : undefined;
  if (range !== undefined && (!contains(subnet, range.family, range.base) || range.bits < subnet.bits))
    throw new EngineError(
      'InvalidArgument',
      `invalid ip-range: ${request.IPRange} is not in the subnet ${formatSubnet(subnet)}`,
    );
  const auxiliary = Object.entries(request.AuxiliaryAddresses ?? {}).map(
    ([name, address]) => [name, within(`auxiliary address ${name}`, address)] as const,
  );
  return {
    Subnet: formatSubnet(subnet),
    Gateway: gateway,
    ...(range === undefined ? {} : { IPRange: formatSubnet(range) }),
    ...(auxiliary.length === 0 ? {} : { AuxiliaryAddresses: Object.fromEntries(auxiliary) }),
  };
}

/** Hands out the addresses of one subnet. In memory only: what running containers have is told to it again after a restart. */
export class AddressSpace {
  readonly subnet: Subnet;
  readonly #range: Subnet;
  readonly #reserved = new Set<bigint>();
  readonly #used = new Set<bigint>();
  /** Below it everything in the range is taken. */
  #next: bigint;

  constructor(record: PoolRecord) {
    this.subnet = parseSubnet(record.Subnet);
    this.#range = record.IPRange === undefined ? this.subnet : parseSubnet(record.IPRange);
    this.#next = this.#range.base;
    for (const text of [record.Gateway, ...Object.values(record.AuxiliaryAddresses ?? {})])
      this.#reserved.add(parseAddress(text).value);
  }

  get family(): Family {
    return this.subnet.family;
  }

  #isFree(value: bigint): boolean {
    return isUsable(this.subnet, value) && !this.#reserved.has(value) && !this.#used.has(value);
  }

  /** The lowest free address. Throws ResourceExhausted. */
  allocate(): bigint {
    for (let value = this.#next; value < this.#range.base + size(this.#range); value++) {
      if (!this.#isFree(value)) continue;
      this.#used.add(value);
      this.#next = value + 1n;
      return value;
    }
    throw new EngineError('ResourceExhausted', `no available address in ${formatSubnet(this.#range)}`, {
      remedy: 'Disconnect containers, or create a larger network',
    });
  }

  /** Takes a certain address. Throws InvalidArgument where it lies outside, Conflict where it is taken. */
  claim(text: string): bigint {
    const { family, value } = checked('address', () => parseAddress(text));
    if (!contains(this.subnet, family, value))
      throw new EngineError(
        'InvalidArgument',
        `invalid address ${text}: it does not belong to the network's subnet ${formatSubnet(this.subnet)}`,
      );
    if (!this.#isFree(value)) throw new EngineError('Conflict', `address ${text} is already in use`);
    this.#used.add(value);
    return value;
  }

  release(value: bigint): void {
    if (this.#used.delete(value) && value < this.#next && value >= this.#range.base) this.#next = value;
  }
}
