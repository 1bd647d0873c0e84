// What the API got after 1.41, and combinations that the other tables have not.
import { archiveOf } from './archive.ts';
import { type Box, boxBody, create, filters, plain, run, type Sequence, type Step, start } from './sequence.ts';

const busybox = 'slipway.test/busybox';
const amd64 = encodeURIComponent('{"os":"linux","architecture":"amd64"}');
const absent = encodeURIComponent('{"os":"linux","architecture":"s390x"}');

const images: readonly Sequence[] = [
  ...plain(
    ...['manifests=1', `platform=${amd64}`, `platform=${absent}`, 'platform=nonsense', 'platform={}'].map(
      (query) => `GET /images/${busybox}/json?${query}`,
    ),
    ...[`platform=${amd64}`, `platform=${absent}`, 'platform=nonsense'].map(
      (query) => `GET /images/${busybox}/history?${query}`,
    ),
    `GET /images/${busybox}/get?platform=${amd64}`,
    `GET /images/${busybox}/get?platform=${absent}`,
    'GET /images/json?manifests=1',
    'GET /images/json?shared-size=1',
    `GET /images/json?${filters({ until: ['2001-01-01'] })}`,
    `GET /images/json?${filters({ until: ['bogus'] })}`,
    `GET /images/json?${filters({ 'label!': ['no=such'] })}`,
    `POST /images/prune?${filters({ until: ['24h'], 'label!': ['a'] })}`,
    `POST /images/${busybox}/push?platform=nonsense`,
  ),
  [
    'remove a platform of an image',
    `POST /images/${busybox}/tag?repo=copy`,
    `DELETE /images/copy?platforms=${absent}`,
    'DELETE /images/copy?platforms=nonsense',
  ],
  ['load a platform that is absent', [`POST /images/load?platform=${absent}`, archiveOf({ a: 'b' })]],
  [
    'tag an image by its id',
    `GET /images/${busybox}/json`,
    'POST /images/{Id}/tag?repo=copy&tag=1',
    'GET /images/copy:1/json',
  ],
];

const created: Readonly<Record<string, Box>> = {
  annotations: { HostConfig: { Annotations: { a: 'b' } } },
  'an annotation without a name': { HostConfig: { Annotations: { '': 'b' } } },
  'a start interval': { Healthcheck: { Test: ['CMD', 'true'], StartInterval: 2e9, StartPeriod: 5e9 } },
  'a start interval that is too quick': { Healthcheck: { Test: ['CMD', 'true'], StartInterval: 1 } },
  'an init': { HostConfig: { Init: true } },
  'paths that are masked': { HostConfig: { MaskedPaths: ['/proc/acpi'], ReadonlyPaths: [] } },
  'a limit without end': { HostConfig: { Ulimits: [{ Name: 'nofile', Soft: -1, Hard: -1 }] } },
  'options of a tmpfs': {
    HostConfig: { Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { Options: [['noexec']], SizeBytes: 4096 } }] },
  },
  'a wrong option of a tmpfs': {
    HostConfig: { Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { Options: [['bogus']] } }] },
  },
  'a bind mount that makes its source': {
    HostConfig: { Mounts: [{ Type: 'bind', Source: '/tmp', Target: '/t', BindOptions: { CreateMountpoint: true } }] },
  },
  'a bind that is read-only in two ways': {
    HostConfig: {
      Mounts: [{ Type: 'bind', Source: '/tmp', Target: '/t', BindOptions: { ReadOnlyForceRecursive: true } }],
    },
  },
  'a subpath of a volume': {
    HostConfig: { Mounts: [{ Type: 'volume', Source: 'vault', Target: '/t', VolumeOptions: { Subpath: 'a' } }] },
  },
  'a subpath that leaves the volume': {
    HostConfig: { Mounts: [{ Type: 'volume', Source: 'vault', Target: '/t', VolumeOptions: { Subpath: '../a' } }] },
  },
  'a subpath that is absolute': {
    HostConfig: { Mounts: [{ Type: 'volume', Source: 'vault', Target: '/t', VolumeOptions: { Subpath: '/a' } }] },
  },
  'a subpath of a nameless volume': {
    HostConfig: { Mounts: [{ Type: 'volume', Target: '/t', VolumeOptions: { Subpath: 'a' } }] },
  },
  'an image for a mount': { HostConfig: { Mounts: [{ Type: 'image', Source: busybox, Target: '/t' }] } },
  'two mounts at one place': {
    HostConfig: {
      Mounts: [
        { Type: 'tmpfs', Target: '/t' },
        { Type: 'tmpfs', Target: '/t' },
      ],
    },
  },
  'a stop timeout': { StopTimeout: 3 },
  'a domain name and a host name': { Hostname: 'h', Domainname: 'd.example' },
  'a cgroup namespace of the host': { HostConfig: { CgroupnsMode: 'host' } },
  'groups that are added': { HostConfig: { GroupAdd: ['12', 'nobody'] } },
  'a device request of no driver': { HostConfig: { DeviceRequests: [{ Driver: 'bogus', Count: 1 }] } },
  'a storage option': { HostConfig: { StorageOpt: { size: '1G' } } },
  'a console size': { HostConfig: { ConsoleSize: [10, 20] } },
  'an extra host of the gateway': { HostConfig: { ExtraHosts: ['h:host-gateway'] } },
  'no new privileges': { HostConfig: { SecurityOpt: ['no-new-privileges'] } },
  'no network at all': { NetworkDisabled: true },
};

const make = (name: string): Step => ['POST /networks/create', { Name: name }];
const two = (wire: object, wave: object) => ({
  ...boxBody({ HostConfig: { NetworkMode: 'wire' } }),
  NetworkingConfig: { EndpointsConfig: { wire, wave } },
});

const containers: readonly Sequence[] = [
  ...Object.entries(created).map(
    ([name, box]): Sequence => [`create with ${name}`, create('made', box), 'GET /containers/made/json'],
  ),
  [
    'a subpath of a volume that is missing',
    ...start('made', {
      HostConfig: { Mounts: [{ Type: 'volume', Source: 'vault', Target: '/t', VolumeOptions: { Subpath: 'a' } }] },
    }),
  ],
  [
    'two networks at once',
    make('wire'),
    make('wave'),
    ['POST /containers/create?name=made', two({ Aliases: ['a'] }, { GwPriority: 5 })],
    'GET /containers/made/json',
    'POST /containers/made/start',
    'GET /containers/made/json',
    'GET /networks/wave',
    ['POST /networks/wave/disconnect', { Container: 'made' }],
    'GET /containers/made/json',
  ],
  ['two networks, one is missing', make('wire'), ['POST /containers/create?name=made', two({}, {})]],
  [
    'a hardware address of an endpoint',
    make('wire'),
    make('wave'),
    ['POST /containers/create?name=made', two({ MacAddress: '02:42:ac:11:00:09' }, {})],
    'POST /containers/made/start',
    'GET /containers/made/json',
  ],
  [
    'a wrong hardware address of an endpoint',
    make('wire'),
    make('wave'),
    ['POST /containers/create', two({ MacAddress: 'x' }, {})],
  ],
  ...[
    'stop?signal=SIGINT&t=1',
    'stop?signal=BOGUS',
    'restart?signal=SIGKILL&t=0',
    'restart?signal=BOGUS',
    'stop?t=-1',
  ].map(
    (verb): Sequence => [
      `${verb} a container`,
      ...start('made'),
      `POST /containers/made/${verb}`,
      'GET /containers/made/json',
    ],
  ),
  ['inspect by the start of an id', create('made'), 'GET /containers/{Id}/json?size=1', 'GET /containers/ma/json'],
  ['wait for a missing one to go', 'POST /containers/nobody/wait?condition=removed'],
  ['wait for what has ended', 'POST /containers/ended/wait?condition=not-running'],
  ...plain(
    `GET /containers/json?all=1&${filters({ network: ['none'], status: ['exited', 'created'] })}`,
    `GET /containers/json?all=1&${filters({ volume: ['/nowhere'], label: ['side'] })}`,
    'GET /containers/json?all=1&limit=0',
    `POST /containers/prune?${filters({ until: ['2001-01-01T00:00:00Z'] })}`,
    `POST /containers/prune?${filters({ 'label!': ['side', 'a=b'], label: ['no'] })}`,
    'GET /containers/held/top?ps_args=-o%20pid,args',
    'GET /containers/held/top?ps_args=aux',
    'GET /containers/ended/stats?stream=0',
    'GET /containers/nobody/stats?stream=0',
    'GET /containers/held/changes',
    'GET /containers/nobody/changes',
    'POST /containers/held/attach',
    'POST /containers/held/attach?logs=0&stream=0&stdout=1',
    'GET /containers/held/logs?stdout=1&tail=2&timestamps=0&since=1.5',
    'POST /containers/held/update?bogus=1',
  ),
  [
    'update everything',
    ...start('made'),
    [
      'POST /containers/made/update',
      {
        CpuShares: 512,
        Memory: 64 << 20,
        MemorySwap: -1,
        PidsLimit: 100,
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
      },
    ],
    'GET /containers/made/json',
    ['POST /containers/made/update', { NanoCpus: 5e8 }],
    ['POST /containers/made/update', { CpuPeriod: 50_000 }],
    ['POST /containers/made/update', { CpusetCpus: '0', PidsLimit: -1 }],
  ],
  [
    'exec with a console size',
    [
      'POST /containers/terminal/exec',
      { Cmd: ['stty', 'size'], Tty: true, AttachStdin: true, AttachStdout: true, ConsoleSize: [11, 22] },
    ],
    ['POST /exec/{Exec}/start', { Tty: true, ConsoleSize: [11, 22] }],
  ],
  ['exec with a console of one side', ['POST /containers/held/exec', { Cmd: ['true'], Tty: true, ConsoleSize: [1] }]],
  [
    'exec, detached with a terminal',
    ['POST /containers/held/exec', { Cmd: ['true'], Tty: true }],
    ['POST /exec/{Exec}/start', { Detach: true, Tty: true }],
  ],
  [
    'exec, started otherwise than made',
    ['POST /containers/held/exec', { Cmd: ['echo', 'a'], AttachStdout: true }],
    ['POST /exec/{Exec}/start', { Tty: true }],
  ],
  [
    'exec with privileges',
    ['POST /containers/held/exec', { Cmd: ['true'], Privileged: true, DetachKeys: 'ctrl-a,a' }],
    'GET /exec/{Exec}/json',
    'GET /containers/held/json',
  ],
];

const archives: readonly Sequence[] = [
  [
    'put with owners',
    create('made'),
    ['PUT /containers/made/archive?path=/tmp&copyUIDGID=1', archiveOf({ a: 'b' })],
    'GET /containers/made/archive?path=/tmp/a',
  ],
  [
    'put a directory over a file',
    create('made'),
    ['PUT /containers/made/archive?path=/etc&noOverwriteDirNonDir=1', archiveOf({ 'passwd/a': 'b' })],
  ],
  [
    'put what would leave',
    create('made'),
    ['PUT /containers/made/archive?path=/tmp', archiveOf({ '../left': 'b' })],
    'HEAD /containers/made/archive?path=/left',
  ],
  [
    'put compressed nonsense',
    create('made'),
    ['PUT /containers/made/archive?path=/tmp', Buffer.from([0x1f, 0x8b, 8, 0, 1])],
  ],
  ...plain(
    'HEAD /containers/fresh/archive?path=/etc/./../etc/passwd',
    'HEAD /containers/fresh/archive?path=/../etc/passwd',
    'HEAD /containers/fresh/archive?path=/proc',
    'HEAD /containers/held/archive?path=/proc/1/status',
    'HEAD /containers/fresh/archive?path=bin/',
    'HEAD /containers/fresh/archive?path=.',
  ),
];

const network = (name: string, body: object): Sequence => [
  `network with ${name}`,
  ['POST /networks/create', { Name: 'wire', ...body }],
  'GET /networks/wire',
];

const others: readonly Sequence[] = [
  network('no IPv4', { EnableIPv4: false, EnableIPv6: true }),
  network('neither protocol', { EnableIPv4: false }),
  network('a configuration only', { ConfigOnly: true, Labels: { a: 'b' } }),
  network('the configuration of another', { ConfigFrom: { Network: 'nothing' } }),
  [
    'a configuration and a network of it',
    ['POST /networks/create', { Name: 'plan', ConfigOnly: true, IPAM: { Config: [{ Subnet: '10.211.7.0/24' }] } }],
    ['POST /networks/create', { Name: 'wire', ConfigFrom: { Network: 'plan' } }],
    'GET /networks/wire',
    ['POST /networks/create', { Name: 'wave', ConfigFrom: { Network: 'plan' }, Labels: { a: 'b' } }],
    ['POST /networks/create', { Name: 'wave', ConfigFrom: { Network: 'plan' }, Options: { a: 'b' } }],
    ['POST /networks/create', { Name: 'wave', ConfigFrom: { Network: 'plan' }, ConfigOnly: true }],
    ['POST /networks/create', { Name: 'wave', ConfigOnly: true, Internal: true }],
    'DELETE /networks/plan',
    'DELETE /networks/wire',
    'DELETE /networks/plan',
  ],
  network('a range with host bits', { IPAM: { Config: [{ Subnet: '10.211.8.0/24', IPRange: '10.211.8.9/25' }] } }),
  network('an auxiliary address', {
    IPAM: { Config: [{ Subnet: '10.211.4.0/24', AuxiliaryAddresses: { a: '10.211.4.7' } }] },
  }),
  network('options of the bridge', {
    Options: { 'com.docker.network.bridge.name': 'sbs0', 'com.docker.network.bridge.gateway_mode_ipv4': 'routed' },
  }),
  network('a check of duplicates', { CheckDuplicate: true }),
  network('two subnets of one family', {
    IPAM: { Config: [{ Subnet: '10.211.5.0/24' }, { Subnet: '10.211.6.0/24' }] },
  }),
  ...plain(
    ...['container', 'image', 'volume', 'build-cache', 'bogus'].map((type) => `GET /system/df?type=${type}`),
    'GET /system/df?type=container&type=image&verbose=1',
    `GET /events?since=1&until=2&${filters({ scope: ['local'], node: ['a'], daemon: ['a'] })}`,
    'GET /events?since=1&until=2.5',
    `POST /volumes/prune?${filters({ all: ['true'], 'label!': ['a'] })}`,
    `POST /volumes/prune?${filters({ all: ['maybe'] })}`,
    `POST /build/prune?all=1&${filters({ until: ['1h'] })}`,
    `POST /build/prune?${filters({ label: ['a'] })}`,
    'POST /build/prune?reserved-space=abc',
    'GET /images/search?term=a&limit=200',
    `GET /images/search?term=a&${filters({ bogus: ['a'] })}`,
    'POST /build/prune?max-used-space=1&min-free-space=1',
    'PUT /volumes/vault?version=1',
    'HEAD /info',
    'GET /info/',
    'GET //info',
    'GET /containers/',
    'POST /containers//start',
    'GET /volumes/',
  ),
  ['a cluster volume', ['POST /volumes/create', { Name: 'vault', ClusterVolumeSpec: {} }]],
  [
    'a volume in use, told by its size',
    ...run('user', 'echo abc >/v/a', { HostConfig: { Binds: ['vault:/v'] } }),
    'GET /system/df?type=volume',
    `GET /containers/json?all=1&${filters({ volume: ['vault'] })}`,
    `GET /volumes?${filters({ dangling: ['false'] })}`,
  ],
];

export const recentTables: Readonly<Record<string, readonly Sequence[]>> = {
  'images of later versions': images,
  'containers of later versions': containers,
  'archives of later versions': archives,
  'what else later versions have': others,
};
