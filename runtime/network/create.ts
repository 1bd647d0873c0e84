// Checking what `network create` asks for, and completing it to a record.
import { randomBytes } from 'node:crypto';
import type { EngineOptions } from '../engine/options.ts';
import type { Address, Route } from '../native/netlink.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Ipam } from '../protocol/network.ts';
import { configurationOf, configured } from './configuration.ts';
import { formatSubnet, parseSubnet, type Subnet } from './ip.ts';
import { chooseSubnet, completePool, localSubnet6, type PoolRecord } from './ipam.ts';
import type { Naming } from './naming.ts';
import type { NetworkDriver, NetworkRecord } from './records.ts';

export interface CreateRequest {
  readonly Name: string;
  readonly Driver?: string;
  readonly Internal?: boolean;
  readonly Attachable?: boolean;
  readonly ConfigOnly?: boolean;
  readonly ConfigFrom?: { readonly Network?: string };
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6?: boolean;
  readonly IPAM?: Ipam;
  readonly Options?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

export const bridgeOptions = {
  name: 'com.docker.network.bridge.name',
  icc: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostAddress: 'com.docker.network.bridge.host_binding_ipv4',
  mtu: 'com.docker.network.driver.mtu',
} as const;

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const reservedNames = ['bridge', 'host', 'none', 'default', 'container'];
const macvlanModes = ['bridge', 'private', 'vepa', 'passthru'];
const ipvlanModes = ['l2', 'l3', 'l3s'];

/** Subnets that this machine reaches already: a network there would cut it off from them. */
export function hostSubnets(routes: readonly Route[], addresses: readonly Address[]): Subnet[] {
  const used = routes
    .filter(({ destination, table, type }) => destination !== 'default' && table === 254 && type === 'unicast')
    .map(({ destination }) => destination);
  return [...used, ...addresses.map(({ address }) => address)]
    .filter((text) => !text.startsWith('fe80:') && !text.startsWith('127.') && !text.startsWith('::1'))
    .map((text) => parseSubnet(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`));
}

function driverOf(text: string | undefined): NetworkDriver {
  const driver = text === undefined || text === '' || text === 'default' ? 'bridge' : text;
  if (driver === 'bridge' || driver === 'macvlan' || driver === 'ipvlan') return driver;
  if (driver === 'host' || driver === 'none' || driver === 'null')
    throw new EngineError('PermissionDenied', `only one instance of "${driver}" network is allowed`);
  throw new EngineError(
    'Unsupported',
    `cannot create the network: there is no driver "${driver}"; known are bridge, macvlan and ipvlan`,
  );
}

function checkOptions(driver: NetworkDriver, options: Readonly<Record<string, string>>): void {
  const mtu = options[bridgeOptions.mtu];
  if (mtu !== undefined && !(/^\d+$/.test(mtu) && Number(mtu) >= 68 && Number(mtu) <= 65535))
    throw new EngineError('InvalidArgument', `invalid MTU "${mtu}": expected a number from 68 to 65535`);
  const name = options[bridgeOptions.name];
  if (name !== undefined && !isLinkName(name))
    throw new EngineError(
      'InvalidArgument',
      `invalid bridge name "${name}": at most 15 characters, no "/" and no blanks`,
    );
  const parent = options.parent;
  if (parent !== undefined && !isLinkName(parent))
    throw new EngineError('InvalidArgument', `invalid parent "${parent}"`);
  if (parent === 'lo' && driver !== 'bridge')
    throw new EngineError('InvalidArgument', `loopback interface is not a valid ${driver} parent link`);
  const macvlan = options.macvlan_mode;
  if (driver === 'macvlan' && macvlan !== undefined && !macvlanModes.includes(macvlan))
    throw new EngineError('InvalidArgument', `invalid macvlan_mode "${macvlan}": known are ${macvlanModes.join(', ')}`);
  const ipvlan = options.ipvlan_mode;
  if (driver === 'ipvlan' && ipvlan !== undefined && !ipvlanModes.includes(ipvlan))
    throw new EngineError('InvalidArgument', `invalid ipvlan_mode "${ipvlan}": known are ${ipvlanModes.join(', ')}`);
  for (const key of [bridgeOptions.icc, bridgeOptions.masquerade]) {
    const value = options[key];
    if (value !== undefined && !/^(?:true|false|0|1)$/i.test(value))
      throw new EngineError('InvalidArgument', `invalid option ${key}=${value}: expected true or false`);
  }
}

function isLinkName(name: string): boolean {
  return /^[^\s/:%]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

export interface Surroundings {
  readonly options: EngineOptions;
  readonly naming: Naming;
  readonly existing: readonly NetworkRecord[];
  readonly host: readonly Subnet[];
}

function completePools(
  request: CreateRequest,
  driver: NetworkDriver,
  id: string,
  ipv6: boolean,
  { options, existing, host }: Surroundings,
): PoolRecord[] {
  const others = existing.flatMap(({ pools }) => pools.map((pool) => parseSubnet(pool.Subnet)));
  // macvlan and ipvlan networks are part of a network that the machine is in.
  const taken = driver === 'bridge' ? [...others, ...host] : others;
  const pools: PoolRecord[] = [];
  for (const asked of request.IPAM?.Config ?? []) {
    if (!asked.Subnet) {
      if (asked.Gateway || asked.IPRange)
        throw new EngineError('InvalidArgument', 'a gateway or an ip-range needs a subnet');
      continue;
    }
    pools.push(completePool(asked, [...taken, ...pools.map((pool) => parseSubnet(pool.Subnet))]));
  }
  for (const six of [false, true])
    if (driver === 'bridge' && pools.filter(({ Subnet }) => Subnet.includes(':') === six).length > 1)
      throw new EngineError('PermissionDenied', "bridge driver doesn't support multiple subnets");
  const has = (six: boolean) => pools.some(({ Subnet }) => Subnet.includes(':') === six);
  if (request.EnableIPv4 !== false && !has(false)) {
    const chosen = chooseSubnet(options.addressPools, [...others, ...host]);
    pools.unshift(completePool({ Subnet: formatSubnet(chosen) }, []));
  }
  if (ipv6 && !has(true)) {
    const local = localSubnet6(id);
    pools.push(completePool({ Subnet: formatSubnet(local) }, taken));
  }
  return pools.filter(({ Subnet }) => !Subnet.includes(':') || ipv6);
}

/** Throws InvalidArgument, AlreadyExists, Conflict, Unsupported or ResourceExhausted. */
export function completeNetwork(asked: CreateRequest, surroundings: Surroundings): NetworkRecord {
  const { naming, existing } = surroundings;
  const configuration = asked.ConfigOnly === true ? configurationOf(asked) : undefined;
  const request = configuration === undefined ? configured(asked, existing) : asked;
  const { Name: name, Options: options = {}, ConfigFrom } = request;
  if (!namePattern.test(name))
    throw new EngineError(
      'InvalidArgument',
      `invalid network name "${name.slice(0, 100)}": only letters, digits, "_", "." and "-" are allowed`,
    );
  if (existing.some((other) => other.predefined && other.name === name))
    throw new EngineError('AlreadyExists', `operation is not permitted on predefined ${name} network`);
  if (reservedNames.includes(name) || existing.some((other) => other.name === name))
    throw new EngineError('AlreadyExists', `network with name ${name} already exists`);
  const driver = configuration === undefined ? driverOf(request.Driver) : 'none';
  checkOptions(driver, options);
  if (request.EnableIPv4 === false && request.EnableIPv6 !== true)
    throw new EngineError('InvalidArgument', 'IPv4 or IPv6 must be enabled');
  const ipamDriver = request.IPAM?.Driver || 'default';
  if (ipamDriver !== 'default')
    throw new EngineError('Unsupported', `there is no IPAM driver "${ipamDriver}"; only "default"`);
  const id = randomBytes(32).toString('hex');
  const ipv6 =
    request.EnableIPv6 === true ||
    (request.IPAM?.Config ?? []).some(({ Subnet }) => Subnet?.includes(':') === true && request.EnableIPv6 !== false);
  const link = driver === 'bridge' ? options[bridgeOptions.name] : options.parent;
  if (driver === 'bridge' && link !== undefined && existing.some((other) => other.link === link))
    throw new EngineError('Conflict', `the bridge ${link} belongs to another network`);
  return {
    id,
    name,
    driver,
    created: new Date().toISOString(),
    internal: request.Internal === true,
    attachable: request.Attachable === true,
    ipv4: request.EnableIPv4 !== false,
    ipv6,
    ipamDriver,
    ipamOptions: request.IPAM?.Options ?? {},
    pools: configuration === undefined ? completePools(request, driver, id, ipv6, surroundings) : [],
    options,
    labels: request.Labels ?? {},
    link: configuration === undefined ? (link ?? (driver === 'bridge' ? naming.bridge(id) : naming.parent(id))) : '',
    ownsLink: driver === 'bridge' || link === undefined,
    predefined: false,
    ...(configuration === undefined ? {} : { configuration }),
    ...(ConfigFrom?.Network ? { configFrom: ConfigFrom.Network } : {}),
  };
}
