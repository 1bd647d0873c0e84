// Containers on networks, in memory: who has which address under which names. Containers' own records hold what is needed to
// build this again after a restart.
import { randomBytes } from 'node:crypto';
import type { NetworkClient } from '../container/dependencies.ts';
import type { EndpointSettings } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import { formatAddress, macFor, parseAddress } from './ip.ts';
import { AddressSpace } from './ipam.ts';
import type { NetworkRecord } from './records.ts';

export interface Endpoint {
  readonly id: string;
  readonly network: NetworkRecord;
  readonly container: NetworkClient;
  readonly address4: string | undefined;
  readonly address6: string | undefined;
  readonly bits4: number;
  readonly bits6: number;
  readonly mac: string;
  /** Names that resolve to it: container's, short id, hostname, aliases. Lower case. */
  readonly names: readonly string[];
  /** Names that this container alone knows others by: alias to container. */
  readonly links: ReadonlyMap<string, string>;
  readonly settings: EndpointSettings;
}

interface OwnAddress {
  readonly text: string;
  readonly bits: number;
  readonly value: bigint;
}

/** With colons or hyphens. */
export function isMac(text: string): boolean {
  return /^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text);
}

/** One network's addresses and endpoints. */
export class NetworkState {
  readonly record: NetworkRecord;
  readonly endpoints = new Map<string, Endpoint>();
  readonly #spaces: readonly AddressSpace[];

  constructor(record: NetworkRecord) {
    this.record = record;
    this.#spaces = record.pools.map((pool) => new AddressSpace(pool));
  }

  ofContainer(containerId: string): Endpoint | undefined {
    return [...this.endpoints.values()].find(({ container }) => container.id === containerId);
  }

  #address(family: 4 | 6, wanted: string | undefined): OwnAddress | undefined {
    const spaces = this.#spaces.filter((space) => space.family === family);
    const [first] = spaces;
    if (first === undefined) {
      if (wanted)
        throw new EngineError(
          'InvalidArgument',
          `cannot use address ${wanted}: network ${this.record.name} has no IPv${family} subnet`,
        );
      return undefined;
    }
    if (!wanted) {
      const value = first.allocate();
      return { value, text: formatAddress(family, value), bits: first.subnet.bits };
    }
    const space = spaces.find((each) => covers(each, wanted)) ?? first;
    const value = space.claim(wanted);
    return { value, text: formatAddress(family, value), bits: space.subnet.bits };
  }

  /** Reserves addresses and makes the endpoint known. Throws where a wish can't be met; then nothing is reserved. */
  add(container: NetworkClient, settings: EndpointSettings): Endpoint {
    if (this.ofContainer(container.id) !== undefined)
      throw new EngineError(
        'Conflict',
        `container ${container.name} is already connected to network ${this.record.name}`,
      );
    const mac = settings.MacAddress?.toLowerCase().replaceAll('-', ':');
    const four = this.#address(4, settings.IPAMConfig?.IPv4Address);
    let six: OwnAddress | undefined;
    try {
      six = this.#address(6, settings.IPAMConfig?.IPv6Address);
    } catch (error) {
      if (four !== undefined) this.#release(four.text);
      throw error;
    }
    const random = randomBytes(4).readUInt32BE();
    return this.#remember({
      id: randomBytes(32).toString('hex'),
      network: this.record,
      container,
      address4: four?.text,
      address6: six?.text,
      bits4: four?.bits ?? 0,
      bits6: six?.bits ?? 0,
      mac: mac || macFor(four?.value ?? BigInt(random)),
      names: namesOf(container, settings),
      links: linksOf(settings),
      settings,
    });
  }

  /** An endpoint of a running container, as it was recorded. */
  restore(container: NetworkClient, settings: EndpointSettings): Endpoint {
    for (const text of [settings.IPAddress, settings.GlobalIPv6Address]) {
      if (!text) continue;
      const space = this.#spaces.find((each) => covers(each, text));
      try {
        space?.claim(text);
      } catch {
        // two records with one address can't be put right here; both containers run
      }
    }
    return this.#remember({
      id: settings.EndpointID ?? '',
      network: this.record,
      container,
      address4: settings.IPAddress || undefined,
      address6: settings.GlobalIPv6Address || undefined,
      bits4: settings.IPPrefixLen ?? 0,
      bits6: settings.GlobalIPv6PrefixLen ?? 0,
      mac: settings.MacAddress ?? '',
      names: (settings.DNSNames ?? []).map((name) => name.toLowerCase()),
      links: linksOf(settings),
      settings,
    });
  }

  #remember(endpoint: Endpoint): Endpoint {
    this.endpoints.set(endpoint.id, endpoint);
    return endpoint;
  }

  remove(endpoint: Endpoint): void {
    if (!this.endpoints.delete(endpoint.id)) return;
    for (const text of [endpoint.address4, endpoint.address6]) if (text !== undefined) this.#release(text);
  }

  #release(text: string): void {
    this.#spaces.find((space) => covers(space, text))?.release(parseAddress(text).value);
  }
}

function covers({ subnet }: AddressSpace, text: string): boolean {
  try {
    const { family, value } = parseAddress(text);
    return (
      family === subnet.family &&
      value >= subnet.base &&
      value < subnet.base + (1n << BigInt((family === 4 ? 32 : 128) - subnet.bits))
    );
  } catch {
    return false;
  }
}

function namesOf(container: NetworkClient, settings: EndpointSettings): string[] {
  const names = [
    container.name.replace(/^\//, ''),
    ...(settings.Aliases ?? []),
    container.id.slice(0, 12),
    container.hostname,
  ];
  return [...new Set(names.filter((name) => name !== '').map((name) => name.toLowerCase()))];
}

function linksOf(settings: EndpointSettings): Map<string, string> {
  return new Map(
    (settings.Links ?? []).map((link) => {
      const [target = '', alias = target] = link.split(':');
      return [alias.toLowerCase(), target.toLowerCase()];
    }),
  );
}

/** The endpoint as inspect shows it and containers record it. */
export function describeEndpoint({
  id,
  network,
  address4,
  address6,
  bits4,
  bits6,
  mac,
  names,
  settings,
}: Endpoint): EndpointSettings {
  const gateway = (six: boolean) => network.pools.find((pool) => pool.Subnet.includes(':') === six)?.Gateway ?? '';
  return {
    ...settings,
    NetworkID: network.id,
    EndpointID: id,
    MacAddress: mac,
    IPAddress: address4 ?? '',
    IPPrefixLen: bits4,
    Gateway: network.internal || address4 === undefined ? '' : gateway(false),
    GlobalIPv6Address: address6 ?? '',
    GlobalIPv6PrefixLen: bits6,
    IPv6Gateway: network.internal || address6 === undefined ? '' : gateway(true),
    DNSNames: [...names],
  };
}
