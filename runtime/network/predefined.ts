// The networks that are always there: bridge, host and none.
import { randomBytes } from 'node:crypto';
import type { EngineOptions } from '../engine/options.ts';
import { bridgeOptions } from './create.ts';
import { formatSubnet, parseSubnet, type Subnet } from './ip.ts';
import { chooseSubnet, completePool, type PoolRecord } from './ipam.ts';
import type { Naming } from './naming.ts';
import type { NetworkDriver, NetworkRecord, NetworkRecords } from './records.ts';

function record(
  name: string,
  driver: NetworkDriver,
  link: string,
  pools: readonly PoolRecord[],
  options: Readonly<Record<string, string>>,
): NetworkRecord {
  return {
    id: randomBytes(32).toString('hex'),
    name,
    driver,
    created: new Date().toISOString(),
    internal: false,
    attachable: false,
    ipv4: true,
    ipv6: false,
    ipamDriver: 'default',
    ipamOptions: {},
    pools,
    options,
    labels: {},
    link,
    ownsLink: driver === 'bridge',
    predefined: true,
  };
}

export function addPredefined(
  records: NetworkRecords,
  naming: Naming,
  options: EngineOptions,
  host: readonly Subnet[],
): void {
  // `bip` is the gateway's address with the network's prefix length.
  const subnet = options.bip === undefined ? chooseSubnet(options.addressPools, host) : parseSubnet(options.bip);
  const gateway = options.bip?.replace(/\/.*$/, '');
  const pool = completePool(
    { Subnet: formatSubnet(subnet), ...(gateway === undefined ? {} : { Gateway: gateway }) },
    [],
  );
  records.add(
    record('bridge', 'bridge', naming.defaultBridge, [pool], {
      'com.docker.network.bridge.default_bridge': 'true',
      [bridgeOptions.name]: naming.defaultBridge,
      [bridgeOptions.icc]: String(options.interContainer),
      [bridgeOptions.masquerade]: 'true',
      [bridgeOptions.hostAddress]: '0.0.0.0',
      [bridgeOptions.mtu]: '1500',
    }),
  );
  records.add(record('host', 'host', '', [], {}));
  records.add(record('none', 'none', '', [], {}));
}
