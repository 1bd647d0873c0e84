// The names of links and tables. An engine of its own paths (tests, a second user) has names of its own, and knows its things
// again by them after a crash: `sl` bridges and parents, `ve` ends of veth pairs, then four digits for the engine.
import { createHash } from 'node:crypto';
import type { TableName } from '../native/nftables.ts';
import { defaultPaths, type EnginePaths } from '../protocol/paths.ts';

export interface Naming {
  readonly table: TableName;
  readonly defaultBridge: string;
  bridge(networkId: string): string;
  /** The parent that the engine makes for a macvlan or ipvlan network without one. */
  parent(networkId: string): string;
  veth(endpointId: string): string;
  /** Whether a link is of this engine's making. */
  isOurs(link: string): boolean;
}

export function namingFor(paths: EnginePaths): Naming {
  const tag = createHash('sha256').update(paths.dataRoot).digest('hex').slice(0, 4);
  const standard = paths.dataRoot === defaultPaths({}, 0).dataRoot;
  const defaultBridge = standard ? 'slipway0' : `sl${tag}-default`;
  return {
    table: { family: 'inet', table: standard ? 'slipway' : `slipway-${tag}` },
    defaultBridge,
    bridge: (id) => `sl${tag}-${id.slice(0, 8)}`,
    parent: (id) => `sp${tag}-${id.slice(0, 8)}`,
    veth: (id) => `ve${tag}-${id.slice(0, 8)}`,
    isOurs: (link) => link === defaultBridge || new RegExp(`^(?:sl|sp|ve)${tag}-[0-9a-f]{8}$`).test(link),
  };
}
