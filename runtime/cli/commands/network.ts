// network create, ls, rm, connect, disconnect, prune
import type { EndpointSettings } from '../../protocol/container_config.ts';
import { isEngineError } from '../../protocol/errors.ts';
import type { Ipam, Network } from '../../protocol/network.ts';
import {
  type CommandSpec,
  filterOption,
  flag,
  forceOption,
  formatOption,
  type Invocation,
  list,
  noTruncOption,
  number,
  pruneFilterOption,
  quietOption,
  text,
} from '../command.ts';
import type { CliContext } from '../context.ts';
import { renderList, type TableRow, type TableSpec } from '../format/table.ts';
import { shortId } from '../format/units.ts';
import { toFilters, toMap } from '../options/values.ts';
import { UsageError } from '../parse.ts';
import { goTime, labelsText } from './container_list.ts';
import { confirm, forEach } from './many.ts';

const table: TableSpec = {
  headings: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
  columns: ['ID', 'Name', 'Driver', 'Scope'],
};

function row(network: Network, trunc: boolean): TableRow {
  return {
    ID: trunc ? shortId(network.Id) : network.Id,
    Name: network.Name,
    Driver: network.Driver,
    Scope: network.Scope,
    IPv4: String(network.EnableIPv4),
    IPv6: String(network.EnableIPv6),
    Internal: String(network.Internal),
    Labels: labelsText(network.Labels),
    Label: (name: string) => network.Labels[name] ?? '',
    CreatedAt: goTime(Date.parse(network.Created) / 1000),
  };
}

async function ls(input: Invocation, context: CliContext): Promise<number> {
  const networks = await (await context.engine()).call('network.list', { Filters: toFilters(input.list('filter')) });
  const trunc = !input.flag('no-trunc');
  const sorted = [...networks].sort((a, b) => (a.Name < b.Name ? -1 : 1));
  if (input.flag('quiet') && !input.has('format'))
    context.out(sorted.map(({ Id }) => `${trunc ? shortId(Id) : Id}\n`).join(''));
  else
    context.out(
      renderList(
        sorted.map((network) => row(network, trunc)),
        table,
        input.text('format'),
      ),
    );
  return 0;
}

function inSubnet(address: string, subnet: string): boolean {
  const value = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const [base = '', bits = '32'] = subnet.split('/');
  if (address.includes(':') !== base.includes(':')) return false;
  // IPv6 pools are told apart by the engine; with one IPv6 subnet there is nothing to choose.
  if (address.includes(':')) return true;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(value(address) / size) === Math.floor(value(base) / size);
}

/** Subnets, ranges, gateways and reserved addresses belong together by who contains whom. */
function ipamOf(input: Invocation): Ipam {
  const subnets = input.list('subnet').flatMap((value) => value.split(','));
  const configs = subnets.map((Subnet): NonNullable<Ipam['Config']>[number] => ({ Subnet }));
  const find = (address: string, what: string) => {
    const found = configs.find(({ Subnet = '' }) => inSubnet(address.split('/')[0] ?? '', Subnet));
    if (found === undefined) throw new UsageError(`no matching subnet for ${what} ${address}`);
    return found;
  };
  for (const value of input.list('ip-range')) find(value, 'range').IPRange = value;
  for (const value of input.list('gateway')) find(value, 'gateway').Gateway = value;
  for (const [name, address] of Object.entries(toMap(input.list('aux-address')))) {
    const config = find(address, 'aux-address');
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address };
  }
  return { Driver: input.text('ipam-driver') ?? 'default', Options: toMap(input.list('ipam-opt')), Config: configs };
}

async function create(input: Invocation, context: CliContext): Promise<number> {
  const { Id, Warning } = await (await context.engine()).call('network.create', {
    Name: input.args[0] ?? '',
    Driver: input.text('driver') ?? 'bridge',
    Internal: input.flag('internal'),
    Attachable: input.flag('attachable'),
    ConfigOnly: input.flag('config-only'),
    ...(input.has('config-from') ? { ConfigFrom: { Network: input.text('config-from') ?? '' } } : {}),
    ...(input.has('ipv4') ? { EnableIPv4: input.flag('ipv4') } : {}),
    ...(input.has('ipv6') ? { EnableIPv6: input.flag('ipv6') } : {}),
    IPAM: ipamOf(input),
    Options: toMap(input.list('opt')),
    Labels: toMap(input.list('label')),
  });
  if (Warning !== '') context.error(`WARNING: ${Warning}\n`);
  context.out(`${Id}\n`);
  return 0;
}

async function remove(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  return await forEach(context, input.args, async (ref) => {
    try {
      await client.call('network.remove', { Network: ref });
    } catch (error) {
      if (!input.flag('force') || !isEngineError(error, 'NotFound')) throw error;
      return undefined;
    }
    return ref;
  });
}

async function connect(input: Invocation, context: CliContext): Promise<number> {
  const [NetworkRef = '', Container = ''] = input.args;
  const settings: EndpointSettings = {};
  const [ip, ip6, links, aliases] = [input.text('ip'), input.text('ip6'), input.list('link'), input.list('alias')];
  const local = input.list('link-local-ip');
  if (ip !== undefined || ip6 !== undefined || local.length > 0)
    settings.IPAMConfig = {
      ...(ip === undefined ? {} : { IPv4Address: ip }),
      ...(ip6 === undefined ? {} : { IPv6Address: ip6 }),
      ...(local.length > 0 ? { LinkLocalIPs: [...local] } : {}),
    };
  if (links.length > 0) settings.Links = [...links];
  if (aliases.length > 0) settings.Aliases = [...aliases];
  if (input.has('driver-opt')) settings.DriverOpts = toMap(input.list('driver-opt'));
  const GwPriority = input.number('gw-priority');
  if (GwPriority !== undefined) settings.GwPriority = GwPriority;
  await (await context.engine()).call('network.connect', { Network: NetworkRef, Container, EndpointConfig: settings });
  return 0;
}

async function disconnect(input: Invocation, context: CliContext): Promise<number> {
  const [NetworkRef = '', Container = ''] = input.args;
  await (await context.engine()).call('network.disconnect', {
    Network: NetworkRef,
    Container,
    Force: input.flag('force'),
  });
  return 0;
}

async function prune(input: Invocation, context: CliContext): Promise<number> {
  const filters = toFilters(input.list('filter'));
  if (
    !input.flag('force') &&
    !(await confirm(context, 'WARNING! This will remove all custom networks not used by at least one container.'))
  )
    return 0;
  const { NetworksDeleted } = await (await context.engine()).call('network.prune', { Filters: filters });
  if (NetworksDeleted.length > 0) context.out(`Deleted Networks:\n${NetworksDeleted.join('\n')}\n\n`);
  return 0;
}

export const networkCommands: readonly CommandSpec[] = [
  {
    path: ['network', 'ls'],
    aliases: [['network', 'list']],
    summary: 'List networks',
    usage: '[OPTIONS]',
    options: [filterOption, formatOption, noTruncOption, quietOption],
    min: 0,
    max: 0,
    run: ls,
  },
  {
    path: ['network', 'create'],
    summary: 'Create a network',
    usage: '[OPTIONS] NETWORK',
    options: [
      text('driver', 'string', 'Driver to manage the Network (default "bridge")', 'd'),
      list('subnet', 'strings', 'Subnet in CIDR format that represents a network segment'),
      list('gateway', 'strings', 'IPv4 or IPv6 Gateway for the master subnet'),
      list('ip-range', 'strings', 'Allocate container ip from a sub-range'),
      list('aux-address', 'map', 'Auxiliary IPv4 or IPv6 addresses used by Network driver'),
      text('ipam-driver', 'string', 'IP Address Management Driver'),
      list('ipam-opt', 'map', 'Set IPAM driver specific options'),
      flag('internal', 'Restrict external access to the network'),
      flag('ipv4', 'Enable or disable IPv4 address assignment'),
      flag('ipv6', 'Enable or disable IPv6 address assignment'),
      flag('attachable', 'Enable manual container attachment'),
      flag('config-only', 'Create a configuration only network'),
      text('config-from', 'string', 'The network from which to copy the configuration'),
      list('label', 'list', 'Set metadata on a network'),
      list('opt', 'map', 'Set driver specific options', 'o'),
    ],
    min: 1,
    max: 1,
    run: create,
  },
  {
    path: ['network', 'rm'],
    aliases: [['network', 'remove']],
    summary: 'Remove one or more networks',
    usage: 'NETWORK [NETWORK...]',
    options: [flag('force', 'Do not error if the network does not exist', 'f')],
    min: 1,
    completes: ['network', 'container'],
    run: remove,
  },
  {
    path: ['network', 'connect'],
    summary: 'Connect a container to a network',
    usage: '[OPTIONS] NETWORK CONTAINER',
    options: [
      list('alias', 'strings', 'Add network-scoped alias for the container'),
      list('driver-opt', 'strings', 'driver options for the network'),
      number('gw-priority', 'int', 'Highest gw-priority provides the default gateway'),
      text('ip', 'ip', 'IPv4 address (e.g., "172.30.100.104")'),
      text('ip6', 'ip', 'IPv6 address (e.g., "2001:db8::33")'),
      list('link', 'list', 'Add link to another container'),
      list('link-local-ip', 'strings', 'Add a link-local address for the container'),
    ],
    min: 2,
    max: 2,
    completes: 'network',
    run: connect,
  },
  {
    path: ['network', 'disconnect'],
    summary: 'Disconnect a container from a network',
    usage: '[OPTIONS] NETWORK CONTAINER',
    options: [flag('force', 'Force the container to disconnect from a network', 'f')],
    min: 2,
    max: 2,
    completes: 'network',
    run: disconnect,
  },
  {
    path: ['network', 'prune'],
    summary: 'Remove all unused networks',
    usage: '[OPTIONS]',
    options: [pruneFilterOption, forceOption],
    min: 0,
    max: 0,
    run: prune,
  },
];
