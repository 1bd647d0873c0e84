// Which names a container may look up: those of the containers that share a network with it.
import type { EngineOptions } from '../engine/options.ts';
import type { DnsServer, NameSource } from './dns_server.ts';
import type { Endpoint, NetworkState } from './endpoints.ts';
import { formatResolvConf, hostResolver, reachableServers } from './resolv_conf.ts';

type ResolverWishes = Pick<Endpoint['container'], 'dns' | 'dnsSearch' | 'dnsOptions'>;

/** The part of all networks that names need. */
export interface NetworkView {
  /** The networks' states by id. */
  readonly states: ReadonlyMap<string, NetworkState>;
  /** The resolvers that run, by network id. */
  readonly resolvers: ReadonlyMap<string, DnsServer>;
  readonly options: EngineOptions;
}

function addressesOf(endpoints: readonly Endpoint[]): string[] {
  return endpoints.flatMap(({ address4, address6 }) => [address4, address6].filter((address) => address !== undefined));
}

export function nameSource(view: NetworkView, networkId: string): NameSource {
  /** The networks that the asking container is on; of an address nobody has only the resolver's own. */
  const scopes = (client: string): { states: NetworkState[]; own: Endpoint | undefined } => {
    const state = view.states.get(networkId);
    const own = [...(state?.endpoints.values() ?? [])].find(
      ({ address4, address6 }) => address4 === client || address6 === client,
    );
    if (state === undefined || own === undefined) return { states: state === undefined ? [] : [state], own: undefined };
    const others = [...view.states.values()].filter(
      (other) => other !== state && other.ofContainer(own.container.id) !== undefined,
    );
    return { states: [state, ...others], own };
  };
  return {
    addresses: (name, client) => {
      const { states } = scopes(client);
      for (const state of states) {
        const suffix = `.${state.record.name.toLowerCase()}`;
        const short = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
        const asking = [...state.endpoints.values()].find(
          ({ address4, address6 }) => address4 === client || address6 === client,
        );
        const target = asking?.links.get(short) ?? short;
        const found = [...state.endpoints.values()].filter(
          ({ names, container }) =>
            names.includes(target) || container.id.startsWith(target.length >= 12 ? target : '-'),
        );
        if (found.length > 0) return addressesOf(found);
      }
      return undefined;
    },
    nameOf: (address, client) => {
      for (const { endpoints, record } of scopes(client).states)
        for (const { address4, address6, names } of endpoints.values())
          if (address4 === address || address6 === address) return `${names[0] ?? ''}.${record.name}`;
      return undefined;
    },
    upstreams: async (client) => {
      const { states, own } = scopes(client);
      // A container that is on internal networks only asks nobody outside.
      if (states.every(({ record }) => record.internal)) return [];
      if (own !== undefined && own.container.dns.length > 0) return own.container.dns;
      if (view.options.dns.length > 0) return view.options.dns;
      return hostResolver().servers;
    },
  };
}

function firstNonEmpty(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.find((list) => list.length > 0) ?? [];
}

/** resolv.conf with the host's resolvers, or those asked for. */
export function plainResolvConf(wishes: ResolverWishes, options: EngineOptions): string {
  const host = hostResolver();
  return formatResolvConf({
    servers: firstNonEmpty(wishes.dns, options.dns, reachableServers(host)),
    search: firstNonEmpty(wishes.dnsSearch, options.dnsSearch, host.search),
    options: firstNonEmpty(wishes.dnsOptions, options.dnsOptions, host.options),
  });
}

/** resolv.conf for a container on these networks: the engine's resolvers at their gateways, where there are any. */
export function containerResolvConf(view: NetworkView, endpoints: readonly Endpoint[], wishes: ResolverWishes): string {
  const gateways = endpoints
    .filter(({ network }) => view.resolvers.has(network.id))
    .flatMap(({ network }) => network.pools.map(({ Gateway }) => Gateway))
    .filter((gateway) => !gateway.includes(':') || endpoints.every(({ address4 }) => address4 === undefined));
  // As Docker does, --dns on the default bridge is written down as it is.
  const direct = wishes.dns.length > 0 && endpoints.every(({ network }) => network.predefined);
  if (gateways.length === 0 || direct) return plainResolvConf(wishes, view.options);
  const host = hostResolver();
  return formatResolvConf({
    servers: gateways.slice(0, 3),
    search: firstNonEmpty(wishes.dnsSearch, view.options.dnsSearch, host.search),
    options: [...new Set([...firstNonEmpty(wishes.dnsOptions, view.options.dnsOptions, host.options), 'ndots:0'])],
  });
}
