// What the engine tells nftables: all of it in one table of its own, found again by its name and removed with it.
//
//   guard        raw prerouting    nothing from a bridge may name 127.0.0.0/8, although the bridges route it (CVE-2020-8558)
//   dnat, local  nat               published ports, for packets that come in and for this machine's own
//   masquerade   nat postrouting   what leaves a network takes the machine's address
//   forward      filter            networks are apart: only replies and published ports get in; internal ones stay inside
//
// Per network there are two chains (to_ID, from_ID) that verdict maps lead to by the bridge's name, and one (nat_ID) that is
// led to by the source address (older kernels don't know the incoming interface in postrouting); per published port there is
// one map element. So everything can be added and removed by name.
import type { Element, Expression, Statement, TableName } from '../native/nftables.ts';

export interface FirewallNetwork {
  /** The first 12 characters of the id. */
  readonly key: string;
  readonly bridge: string;
  readonly internal: boolean;
  /** Containers may talk to each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** CIDR, both families. */
  readonly subnets: readonly string[];
}

export interface FirewallPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Undefined: every address of this machine. */
  readonly hostAddress: string | undefined;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

const isV6 = (address: string): boolean => address.includes(':');

/** The table with its base chains and maps, empty of networks. */
export function tableStatements(name: TableName): Statement[] {
  const chain = (
    on: 'prerouting' | 'output' | 'postrouting' | 'forward',
    type: 'filter' | 'nat',
    priority: number,
    chainName: string,
  ): Statement => ({
    addChain: { ...name, chain: chainName, hook: { type, on, priority, policy: 'accept' } },
  });
  const verdicts = (set: string): Statement => ({ addSet: { ...name, set, key: ['ifname'], value: ['verdict'] } });
  const rule = (chainName: string, ...expressions: Expression[]): Statement => ({
    addRule: { ...name, chain: chainName, expressions },
  });
  const port4 = ['ipv4_addr', 'inet_service'] as const;
  const port6 = ['ipv6_addr', 'inet_service'] as const;
  return [
    { addTable: name },
    { addSet: { ...name, set: 'bridges', key: ['ifname'] } },
    verdicts('to_network'),
    verdicts('from_network'),
    { addSet: { ...name, set: 'leaving4', key: ['ipv4_addr'], value: ['verdict'], interval: true } },
    { addSet: { ...name, set: 'leaving6', key: ['ipv6_addr'], value: ['verdict'], interval: true } },
    { addSet: { ...name, set: 'any4', key: ['inet_proto', 'inet_service'], value: port4 } },
    { addSet: { ...name, set: 'any6', key: ['inet_proto', 'inet_service'], value: port6 } },
    { addSet: { ...name, set: 'at4', key: ['ipv4_addr', 'inet_proto', 'inet_service'], value: port4 } },
    { addSet: { ...name, set: 'at6', key: ['ipv6_addr', 'inet_proto', 'inet_service'], value: port6 } },
    { addChain: { ...name, chain: 'published' } },
    chain('prerouting', 'filter', -300, 'guard'),
    chain('prerouting', 'nat', -100, 'dnat'),
    chain('output', 'nat', -100, 'local'),
    chain('postrouting', 'nat', 100, 'masquerade'),
    chain('forward', 'filter', 0, 'forward'),
    rule(
      'guard',
      { match: 'set', fields: ['iifname'], set: 'bridges' },
      { match: 'daddr', value: '127.0.0.0/8' },
      'drop',
    ),
    rule('dnat', { match: 'daddrType', value: 'local' }, { jump: 'published' }),
    rule('local', { match: 'daddrType', value: 'local' }, { jump: 'published' }),
    rule('published', { dnatMap: 'at4', family: 'ip', fields: ['daddr4', 'l4proto', 'dport'], port: true }),
    rule('published', { dnatMap: 'any4', family: 'ip', fields: ['l4proto', 'dport'], port: true }),
    rule('published', { dnatMap: 'at6', family: 'ip6', fields: ['daddr6', 'l4proto', 'dport'], port: true }),
    rule('published', { dnatMap: 'any6', family: 'ip6', fields: ['l4proto', 'dport'], port: true }),
    // This machine's own connections to a published port come from 127.0.0.1, which no container could answer.
    rule(
      'masquerade',
      { match: 'set', fields: ['oifname'], set: 'bridges' },
      { match: 'saddr', value: '127.0.0.0/8' },
      { masquerade: {} },
    ),
    rule('masquerade', { verdictMap: 'leaving4', fields: ['saddr4'] }),
    rule('masquerade', { verdictMap: 'leaving6', fields: ['saddr6'] }),
    rule('forward', { match: 'ctState', value: ['established', 'related'] }, 'accept'),
    rule('forward', { verdictMap: 'from_network', fields: ['iifname'] }),
    rule('forward', { verdictMap: 'to_network', fields: ['oifname'] }),
  ];
}

const chainsOf = ({ key }: FirewallNetwork) => ({ to: `to_${key}`, from: `from_${key}`, nat: `nat_${key}` });

function verdictElements(network: FirewallNetwork): [string, Element][] {
  const { to, from, nat } = chainsOf(network);
  return [
    ['bridges', { key: [network.bridge] }],
    ['to_network', { key: [network.bridge], value: { jump: to } }],
    ['from_network', { key: [network.bridge], value: { jump: from } }],
    ...network.subnets.map((subnet): [string, Element] => [
      isV6(subnet) ? 'leaving6' : 'leaving4',
      { key: [subnet], value: { jump: nat } },
    ]),
  ];
}

export function addNetworkStatements(name: TableName, network: FirewallNetwork): Statement[] {
  const { bridge, internal, icc } = network;
  const { to, from, nat } = chainsOf(network);
  const rule = (chain: string, ...expressions: Expression[]): Statement => ({
    addRule: { ...name, chain, expressions },
  });
  const statements: Statement[] = [to, from, nat].map((chain) => ({ addChain: { ...name, chain } }));
  if (internal) statements.push(rule(from, { match: 'oifname', value: bridge, not: true }, 'drop'));
  statements.push(rule(to, { match: 'iifname', value: bridge }, icc ? 'accept' : 'drop'));
  if (!internal) statements.push(rule(to, { match: 'ctStatus', value: ['dnat'] }, 'accept'));
  statements.push(rule(to, 'drop'));
  if (!internal) {
    // A container that asks for a published port of its own network by the machine's address: the answer must come back here.
    statements.push(
      rule(nat, { match: 'oifname', value: bridge }, { match: 'ctStatus', value: ['dnat'] }, { masquerade: {} }),
    );
    if (network.masquerade)
      statements.push(rule(nat, { match: 'oifname', value: bridge, not: true }, { masquerade: {} }));
  }
  for (const [set, element] of verdictElements(network))
    statements.push({ addElements: { ...name, set, elements: [element] } });
  return statements;
}

export function removeNetworkStatements(name: TableName, network: FirewallNetwork): Statement[] {
  const { to, from, nat } = chainsOf(network);
  return [
    ...verdictElements(network).map(
      ([set, element]): Statement => ({ deleteElements: { ...name, set, elements: [element] } }),
    ),
    ...[to, from, nat].flatMap((chain): Statement[] => [
      { flush: { ...name, chain } },
      { deleteChain: { ...name, chain } },
    ]),
  ];
}

function portElement(port: FirewallPort): { set: string; element: Element } {
  const six = isV6(port.address);
  const key = [port.protocol, String(port.hostPort)];
  const value = [port.address, String(port.port)];
  if (port.hostAddress === undefined) return { set: six ? 'any6' : 'any4', element: { key, value } };
  return { set: six ? 'at6' : 'at4', element: { key: [port.hostAddress, ...key], value } };
}

function portStatements(
  name: TableName,
  ports: readonly FirewallPort[],
  action: 'addElements' | 'deleteElements',
): Statement[] {
  const sets = Map.groupBy(ports.map(portElement), ({ set }) => set);
  return [...sets].map(([set, entries]): Statement => {
    const body = { ...name, set, elements: entries.map(({ element }) => element) };
    return action === 'addElements' ? { addElements: body } : { deleteElements: body };
  });
}

export function addPortStatements(name: TableName, ports: readonly FirewallPort[]): Statement[] {
  return portStatements(name, ports, 'addElements');
}

export function removePortStatements(name: TableName, ports: readonly FirewallPort[]): Statement[] {
  return portStatements(name, ports, 'deleteElements');
}
