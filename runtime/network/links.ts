// Interfaces: a network's bridge or parent, and a container's end of it.
import { applyNetwork, listLinks, type NetworkStep } from '../native/netlink.ts';
import { hasCode } from '../store/files.ts';
import { bridgeOptions } from './create.ts';
import { parseSubnet } from './ip.ts';
import type { NetworkRecord } from './records.ts';

const defaultMtu = 1500;

export function mtuOf(record: NetworkRecord, engineMtu: number | undefined): number {
  return Number(record.options[bridgeOptions.mtu] ?? engineMtu ?? defaultMtu);
}

function bitsOf(subnet: string): number {
  return parseSubnet(subnet).bits;
}

/** Makes the bridge, or completes one that is there: address, state, and what the rules count on. */
async function prepareBridge(record: NetworkRecord, mtu: number, exists: boolean): Promise<void> {
  const { link } = record;
  const steps: NetworkStep[] = exists ? [] : [{ do: 'addBridge', link, mtu }];
  // Published ports on 127.0.0.1 are routed to the bridge; the guard chain keeps containers from using that way.
  steps.push({ do: 'sysctl', key: `net/ipv4/conf/${link}/route_localnet`, value: '1', missingOk: true });
  steps.push({
    do: 'sysctl',
    key: `net/ipv6/conf/${link}/disable_ipv6`,
    value: record.ipv6 ? '0' : '1',
    missingOk: true,
  });
  for (const pool of record.pools)
    steps.push({ do: 'addAddress', link, address: `${pool.Gateway}/${bitsOf(pool.Subnet)}` });
  steps.push({ do: 'setLink', link, up: true });
  await applyNetwork(steps);
}

async function prepareParent(record: NetworkRecord, existing: readonly string[]): Promise<void> {
  const { link, ownsLink } = record;
  if (existing.includes(link)) return applyNetwork([{ do: 'setLink', link, up: true }]);
  const vlan = /^(.+)\.(\d{1,4})$/.exec(link);
  if (ownsLink) return makeParent(link);
  if (vlan === null) throw new Error(`there is no interface ${link}`);
  return applyNetwork([
    { do: 'addVlan', link, parent: vlan[1] ?? '', id: Number(vlan[2]) },
    { do: 'setLink', link, up: true },
  ]);
}

/** A parent that leads nowhere: a dummy, or a bridge without ports where the kernel has no dummies. */
async function makeParent(link: string): Promise<void> {
  const up: NetworkStep = { do: 'setLink', link, up: true };
  try {
    await applyNetwork([{ do: 'addDummy', link }, up]);
  } catch (error) {
    if (!hasCode(error, 'ENOTSUP', 'EOPNOTSUPP')) throw error;
    await applyNetwork([{ do: 'addBridge', link }, up]);
  }
}

/** The network's interface on the host, made where it is missing. Safe to repeat. */
export async function prepareLink(record: NetworkRecord, engineMtu: number | undefined): Promise<void> {
  const existing = (await listLinks()).map(({ name }) => name);
  if (record.driver === 'bridge') await prepareBridge(record, mtuOf(record, engineMtu), existing.includes(record.link));
  else await prepareParent(record, existing);
}

export async function removeLink(record: NetworkRecord): Promise<void> {
  if (record.ownsLink) await applyNetwork([{ do: 'deleteLink', link: record.link, missingOk: true }]);
}

export interface EndpointPlan {
  readonly record: NetworkRecord;
  /** The host's end (bridge). */
  readonly veth: string;
  /** The name in the container. */
  readonly name: string;
  readonly mac: string;
  /** With prefix length. */
  readonly address4: string | undefined;
  readonly address6: string | undefined;
  /** Further addresses, with prefix length. */
  readonly linkLocal: readonly string[];
  readonly mtu: number;
  /** A descriptor of the container's network namespace. */
  readonly namespace: number;
}

function birth({ record, veth, name, mac, mtu, namespace }: EndpointPlan): NetworkStep[] {
  if (record.driver === 'bridge')
    return [
      { do: 'addVeth', link: veth, mtu, master: record.link, peer: { name, mac, mtu, namespace } },
      { do: 'setLink', link: veth, up: true },
    ];
  // The host's names and the container's don't meet: it is born under a name of its own and renamed inside.
  if (record.driver === 'macvlan')
    return [
      {
        do: 'addMacvlan',
        link: veth,
        parent: record.link,
        mode: macvlanMode(record.options.macvlan_mode),
        mac,
        namespace,
      },
    ];
  return [
    { do: 'addIpvlan', link: veth, parent: record.link, mode: ipvlanMode(record.options.ipvlan_mode), namespace },
  ];
}

function macvlanMode(text: string | undefined): 'bridge' | 'private' | 'vepa' | 'passthru' {
  return text === 'private' || text === 'vepa' || text === 'passthru' ? text : 'bridge';
}

function ipvlanMode(text: string | undefined): 'l2' | 'l3' | 'l3s' {
  return text === 'l3' || text === 'l3s' ? text : 'l2';
}

/** Makes the container's interface with its addresses. */
export async function createEndpoint(plan: EndpointPlan): Promise<void> {
  const { record, veth, name, address4, address6, linkLocal, namespace } = plan;
  await applyNetwork(birth(plan));
  const steps: NetworkStep[] = [{ do: 'setLink', link: 'lo', up: true }];
  if (record.driver !== 'bridge') steps.push({ do: 'setLink', link: veth, name });
  steps.push({
    do: 'sysctl',
    key: `net/ipv6/conf/${name}/disable_ipv6`,
    value: address6 === undefined ? '1' : '0',
    missingOk: true,
  });
  for (const address of [address4, address6, ...linkLocal])
    if (address !== undefined) steps.push({ do: 'addAddress', link: name, address });
  steps.push({ do: 'setLink', link: name, up: true });
  await applyNetwork(steps, { namespace });
}

/** Makes this interface the way out. Layer-3 ipvlan has no neighbours, hence no gateway. */
export async function setDefaultRoutes(record: NetworkRecord, name: string, namespace: number): Promise<void> {
  if (record.internal) return;
  const flat = record.driver === 'ipvlan' && ipvlanMode(record.options.ipvlan_mode) !== 'l2';
  const steps = record.pools.map((pool): NetworkStep => {
    const six = pool.Subnet.includes(':');
    return flat
      ? { do: 'addRoute', destination: six ? '::/0' : '0.0.0.0/0', link: name }
      : { do: 'addRoute', destination: 'default', gateway: pool.Gateway, link: name };
  });
  await applyNetwork(steps, { namespace });
}
