// Networks as clients see them.

import { booleanFilter, checkFilters, labelsMatch } from '../image/filters.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Filters } from '../protocol/method.ts';
import type { Network } from '../protocol/network.ts';
import type { Endpoint, NetworkState } from './endpoints.ts';
import type { NetworkStore } from './network_store.ts';

const withBits = (address: string | undefined, bits: number): string =>
  address === undefined ? '' : `${address}/${bits}`;

function containersOf(endpoints: Iterable<Endpoint>): Network['Containers'] {
  return Object.fromEntries(
    [...endpoints].map(({ id, container, mac, address4, address6, bits4, bits6 }) => [
      container.id,
      {
        Name: container.name.replace(/^\//, ''),
        EndpointID: id,
        MacAddress: mac,
        IPv4Address: withBits(address4, bits4),
        IPv6Address: withBits(address6, bits6),
      },
    ]),
  );
}

export function describeNetwork({ record, endpoints }: NetworkState, withContainers = false): Network {
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver === 'none' ? 'null' : record.driver,
    EnableIPv4: record.ipv4,
    EnableIPv6: record.ipv6,
    IPAM: {
      Driver: record.ipamDriver,
      Options: { ...record.ipamOptions },
      Config: (record.configuration ?? record.pools).map((pool) => ({
        ...pool,
        ...(pool.AuxiliaryAddresses === undefined ? {} : { AuxiliaryAddresses: { ...pool.AuxiliaryAddresses } }),
      })),
    },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: false,
    ConfigFrom: { Network: record.configFrom ?? '' },
    ConfigOnly: record.configuration !== undefined,
    Containers: withContainers ? containersOf(endpoints.values()) : {},
    Options: { ...record.options },
    Labels: { ...record.labels },
  };
}

const listFilters = ['dangling', 'driver', 'id', 'label', 'label!', 'name', 'scope', 'type'];

export function listNetworks(store: NetworkStore, filters: Filters): Network[] {
  checkFilters(filters, listFilters);
  const type = filters['type']?.find((value) => value !== 'builtin' && value !== 'custom');
  if (type !== undefined) throw new EngineError('InvalidArgument', `invalid filter: 'type'='${type}'`);
  const dangling = booleanFilter(filters, 'dangling');
  const any = (name: string, test: (value: string) => boolean) =>
    filters[name] === undefined || filters[name].some(test);
  return [...store.states.values()]
    .filter(({ record, endpoints }) => {
      const unused = endpoints.size === 0 && !record.predefined && store.uses.usersOfNetwork(record.name).length === 0;
      return (
        any('driver', (value) => value === record.driver || (value === 'null' && record.driver === 'none')) &&
        any('id', (value) => record.id.startsWith(value)) &&
        any('name', (value) => record.name.includes(value)) &&
        any('scope', (value) => value === 'local') &&
        any('type', (value) => value === (record.predefined ? 'builtin' : 'custom')) &&
        (dangling === undefined || dangling === unused) &&
        labelsMatch(record.labels, filters)
      );
    })
    .map((state) => describeNetwork(state))
    .sort((one, other) => (one.Name < other.Name ? -1 : 1));
}
