// A network's record as the firewall sees it.
import type { EngineOptions } from '../engine/options.ts';
import { bridgeOptions } from './create.ts';
import type { FirewallNetwork } from './firewall.ts';
import type { NetworkRecord } from './records.ts';

function enabled(value: string | undefined, fallback: boolean): boolean {
  return value === undefined ? fallback : /^(?:true|1)$/i.test(value);
}

export function firewallNetwork(record: NetworkRecord, options: EngineOptions): FirewallNetwork {
  const icc = record.predefined ? options.interContainer : true;
  return {
    key: record.id.slice(0, 12),
    bridge: record.link,
    internal: record.internal,
    icc: enabled(record.options[bridgeOptions.icc], icc),
    masquerade: enabled(record.options[bridgeOptions.masquerade], true),
    subnets: record.pools.map(({ Subnet }) => Subnet),
  };
}
