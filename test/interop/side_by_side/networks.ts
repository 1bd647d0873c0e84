// Networks and volumes.
import { boxBody, create, filters, plain, run, type Sequence, type Step, start } from './sequence.ts';

const make = (Name: string, more: object = {}): Step => [
  'POST /networks/create',
  { Name, CheckDuplicate: true, ...more },
];
const ipam = (...Config: object[]) => ({ IPAM: { Config } });
const connect = (network: string, Container: string, EndpointConfig?: object): Step => [
  `POST /networks/${network}/connect`,
  { Container, ...(EndpointConfig === undefined ? {} : { EndpointConfig }) },
];
const disconnect = (network: string, Container: string, Force = false): Step => [
  `POST /networks/${network}/disconnect`,
  { Container, Force },
];

const list = (name: string, wanted: unknown): Sequence => [
  `list networks by ${name}`,
  `GET /networks?${filters(wanted)}`,
];

const lists: readonly Sequence[] = [
  ...plain(
    'GET /networks',
    'GET /networks/none',
    'GET /networks/host',
    'GET /networks/bridge',
    'GET /networks/nothing',
    'GET /networks/bridge?verbose=1',
    'GET /networks/bridge?verbose=maybe',
    'GET /networks/bridge?scope=swarm',
    'GET /networks?filters=nonsense',
  ),
  list('driver', { driver: ['bridge'] }),
  list('name', { name: ['bridge'] }),
  list('scope', { scope: ['local'] }),
  list('a scope that is none', { scope: ['bogus'] }),
  list('type', { type: ['builtin'] }),
  list('a type that is none', { type: ['bogus'] }),
  list('label', { label: ['no=such'] }),
  list('being dangling', { dangling: ['true'] }),
  list('being dangling, perhaps', { dangling: ['maybe'] }),
  list('an unknown filter', { unknown: ['a'] }),
];

const created: Readonly<Record<string, object>> = {
  'the host driver': { Driver: 'host' },
  'the null driver': { Driver: 'null' },
  'an overlay': { Driver: 'overlay' },
  'a macvlan of the loopback': { Driver: 'macvlan', Options: { parent: 'lo' } },
  'the scope of a swarm': { Scope: 'swarm' },
  'a subnet': ipam({ Subnet: '172.31.77.0/24', Gateway: '172.31.77.1' }),
  'a subnet that is none': ipam({ Subnet: 'nonsense' }),
  'a subnet with host bits': ipam({ Subnet: '172.31.77.9/24' }),
  'a gateway that is none': ipam({ Subnet: '172.31.77.0/24', Gateway: 'nonsense' }),
  'a gateway outside': ipam({ Subnet: '172.31.77.0/24', Gateway: '172.31.78.1' }),
  'a range outside': ipam({ Subnet: '172.31.77.0/24', IPRange: '172.31.78.0/25' }),
  'a range that is none': ipam({ Subnet: '172.31.77.0/24', IPRange: 'nonsense' }),
  'a gateway without a subnet': ipam({ Gateway: '172.31.77.1' }),
  'two subnets': ipam({ Subnet: '172.31.77.0/24' }, { Subnet: '172.31.78.0/24' }),
  'an option of the bridge': { Options: { 'com.docker.network.bridge.enable_icc': 'false' } },
  'a wrong option of the bridge': { Options: { 'com.docker.network.bridge.enable_icc': 'maybe' } },
  'a wrong MTU': { Options: { 'com.docker.network.driver.mtu': 'abc' } },
  'an internal one': { Internal: true, Labels: { a: 'b' } },
  'an attachable one': { Attachable: true },
  'IPv6 without a subnet': { EnableIPv6: true },
  'an ingress': { Ingress: true },
};

const networks: readonly Sequence[] = [
  ['network without a body', 'POST /networks/create'],
  ['network from malformed JSON', ['POST /networks/create', '{']],
  ['network without a name', ['POST /networks/create', {}]],
  ['network with a space for a name', make(' ')],
  ['network with a wrong name', make('a/b')],
  ['network named as one that is there', make('bridge')],
  ['network named host', make('host')],
  [
    'network over another',
    make('wire', ipam({ Subnet: '172.31.77.0/24' })),
    make('wave', ipam({ Subnet: '172.31.77.128/25' })),
  ],
  ['network made twice', make('wire'), make('wire')],
  ...Object.entries(created).map(
    ([name, more]): Sequence => [`network with ${name}`, make('wire', more), 'GET /networks/wire'],
  ),
  ...plain('DELETE /networks/nothing', 'DELETE /networks/bridge', 'DELETE /networks/host', 'DELETE /networks/none'),
  ['network removed', make('wire'), 'DELETE /networks/wire', 'GET /networks/wire'],
  [
    'network in use removed',
    make('wire'),
    ...start('user', { HostConfig: { NetworkMode: 'wire' } }),
    'GET /networks/wire',
    'DELETE /networks/wire',
  ],
  ['connect without a body', 'POST /networks/bridge/connect'],
  ['connect without a container', ['POST /networks/bridge/connect', {}]],
  ['connect to a missing network', connect('nothing', 'held')],
  ['connect a missing container', connect('bridge', 'nobody')],
  ['connect to the host network', connect('host', 'held')],
  ['connect to none', connect('none', 'fresh')],
  ['connect what has no network', make('wire'), ...start('user'), connect('wire', 'user')],
  [
    'connect twice',
    make('wire'),
    ...start('user', { HostConfig: { NetworkMode: 'bridge' } }),
    connect('wire', 'user'),
    connect('wire', 'user'),
    'GET /containers/user/json',
  ],
  [
    'connect a fresh container',
    make('wire'),
    create('user', { HostConfig: { NetworkMode: 'bridge' } }),
    connect('wire', 'user', { Aliases: ['www'] }),
    'GET /containers/user/json',
  ],
  [
    'connect with an address',
    make('wire', ipam({ Subnet: '172.31.77.0/24' })),
    ...start('user', { HostConfig: { NetworkMode: 'bridge' } }),
    connect('wire', 'user', { IPAMConfig: { IPv4Address: '172.31.77.9' } }),
    'GET /containers/user/json',
  ],
  [
    'connect with an address outside',
    make('wire', ipam({ Subnet: '172.31.77.0/24' })),
    ...start('user', { HostConfig: { NetworkMode: 'bridge' } }),
    connect('wire', 'user', { IPAMConfig: { IPv4Address: '172.31.78.9' } }),
  ],
  [
    'connect with an address and no subnet',
    make('wire'),
    ...start('user', { HostConfig: { NetworkMode: 'bridge' } }),
    connect('wire', 'user', { IPAMConfig: { IPv4Address: '172.31.78.9' } }),
  ],
  [
    'connect with an address that is none',
    make('wire', ipam({ Subnet: '172.31.77.0/24' })),
    ...start('user', { HostConfig: { NetworkMode: 'bridge' } }),
    connect('wire', 'user', { IPAMConfig: { IPv4Address: 'nonsense' } }),
  ],
  ['disconnect without a body', 'POST /networks/bridge/disconnect'],
  ['disconnect from a missing network', disconnect('nothing', 'held')],
  ['disconnect a missing container', disconnect('bridge', 'nobody')],
  ['disconnect a missing container by force', disconnect('bridge', 'nobody', true)],
  ['disconnect what is not connected', make('wire'), ...start('user'), disconnect('wire', 'user')],
  [
    'disconnect',
    ...start('user', { HostConfig: { NetworkMode: 'bridge' } }),
    disconnect('bridge', 'user'),
    'GET /containers/user/json',
  ],
  [
    'disconnect from the host network',
    ...start('user', { HostConfig: { NetworkMode: 'host' } }),
    disconnect('host', 'user'),
  ],
  [
    'publish a port',
    ...start('user', {
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { NetworkMode: 'bridge', PortBindings: { '80/tcp': [{ HostPort: '45678' }] } },
    }),
    'GET /containers/user/json',
    'GET /containers/json',
  ],
  [
    'publish a port twice',
    ...start('user', {
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { NetworkMode: 'bridge', PortBindings: { '80/tcp': [{ HostPort: '45678' }] } },
    }),
    ...start('other', {
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { NetworkMode: 'bridge', PortBindings: { '80/tcp': [{ HostPort: '45678' }] } },
    }),
  ],
  [
    'two networks at creation',
    make('wire'),
    make('wave'),
    [
      'POST /containers/create?name=user',
      {
        ...boxBody({ HostConfig: { NetworkMode: 'wire' } }),
        NetworkingConfig: { EndpointsConfig: { wire: {}, wave: {} } },
      },
    ],
  ],
  [
    'an endpoint that is not the mode',
    make('wire'),
    [
      'POST /containers/create?name=user',
      {
        ...boxBody({ HostConfig: { NetworkMode: 'bridge' } }),
        NetworkingConfig: { EndpointsConfig: { wire: { IPAMConfig: { IPv4Address: '10.0.0.9' } } } },
      },
    ],
    'POST /containers/user/start',
  ],
  [
    'prune networks',
    make('wire', { Labels: { prune: 'me' } }),
    `POST /networks/prune?${filters({ label: ['prune=me'] })}`,
  ],
  ['prune no networks', `POST /networks/prune?${filters({ label: ['no=such'] })}`],
  ['prune networks by a wrong filter', `POST /networks/prune?${filters({ bogus: ['a'] })}`],
  ['prune networks until a time that is none', `POST /networks/prune?${filters({ until: ['bogus'] })}`],
];

const volume = (body?: unknown): Step => ['POST /volumes/create', body];

const volumes: readonly Sequence[] = [
  ...plain(
    'GET /volumes',
    'GET /volumes/nothing',
    'GET /volumes?filters=nonsense',
    'DELETE /volumes/nothing',
    'DELETE /volumes/nothing?force=1',
  ),
  ...Object.entries({
    name: { name: ['vault'] },
    driver: { driver: ['local'] },
    label: { label: ['a=b'] },
    'being dangling': { dangling: ['true'] },
    'being dangling, perhaps': { dangling: ['maybe'] },
    'an unknown filter': { unknown: ['a'] },
  }).map(
    ([name, wanted]): Sequence => [
      `list volumes by ${name}`,
      volume({ Name: 'vault', Labels: { a: 'b' } }),
      `GET /volumes?${filters(wanted)}`,
    ],
  ),
  ['volume without a body', volume()],
  ['volume from malformed JSON', volume('{')],
  ['volume without a name', volume({}), 'GET /volumes'],
  ['volume with a wrong name', volume({ Name: 'a/b' })],
  ['volume with a name that is too short', volume({ Name: 'a' })],
  ['volume with a wrong option', volume({ Name: 'vault', DriverOpts: { bogus: '1' } })],
  ['volume with a type and no device', volume({ Name: 'vault', DriverOpts: { type: 'tmpfs' } })],
  [
    'volume with options',
    volume({ Name: 'vault', DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' } }),
    'GET /volumes/vault',
  ],
  ['volume with a wrong size', volume({ Name: 'vault', DriverOpts: { size: 'abc' } })],
  ['volume made twice', volume({ Name: 'vault' }), volume({ Name: 'vault' }), 'GET /volumes/vault'],
  [
    'volume made twice with other options',
    volume({ Name: 'vault' }),
    volume({ Name: 'vault', DriverOpts: { type: 'tmpfs', device: 'tmpfs' } }),
  ],
  ['volume removed', volume({ Name: 'vault' }), 'DELETE /volumes/vault', 'GET /volumes/vault'],
  [
    'volume in use removed',
    create('user', { HostConfig: { Binds: ['vault:/v'] } }),
    'DELETE /volumes/vault',
    'DELETE /volumes/vault?force=1',
    'GET /containers/user/json',
  ],
  [
    'volume that goes with its container',
    ...run('user', 'true', { Volumes: { '/v': {} } }),
    'GET /volumes',
    'DELETE /containers/user?v=1',
    'GET /volumes',
  ],
  [
    'prune volumes',
    volume({ Name: 'vault', Labels: { prune: 'me' } }),
    `POST /volumes/prune?${filters({ label: ['prune=me'] })}`,
  ],
  ['prune no volumes', `POST /volumes/prune?${filters({ label: ['no=such'] })}`],
  ['prune volumes by a wrong filter', `POST /volumes/prune?${filters({ bogus: ['a'] })}`],
];

export const networkSequences: readonly Sequence[] = [...lists, ...networks, ...volumes];
