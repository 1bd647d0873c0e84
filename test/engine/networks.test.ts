// Networks with real namespaces: processes that wait in one, as containers' do, and talk with the kernel's own tools.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import type { NetworkAttachment, NetworkClient } from '../../runtime/container/dependencies.ts';
import type { EngineContext } from '../../runtime/engine/context.ts';
import { EventBus } from '../../runtime/engine/events.ts';
import { Log } from '../../runtime/engine/log.ts';
import { defaultOptions, type EngineOptions } from '../../runtime/engine/options.ts';
import { listLinks } from '../../runtime/native/netlink.ts';
import { listTable } from '../../runtime/native/nftables.ts';
import { networkHandlers } from '../../runtime/network/handlers.ts';
import { NetworkStore } from '../../runtime/network/network_store.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { Database } from '../../runtime/store/database.ts';
import { callContext } from '../support/image_store.ts';
import { freePort, must, run } from '../support/registry.ts';

const isKind = (kind: string) => (error: unknown) => isEngineError(error) && error.kind === kind;
const pools = [{ base: '10.213.0.0/16', size: 24 }];

/** A process in a network namespace of its own, that waits. */
class Sandbox implements AsyncDisposable {
  readonly client: NetworkClient;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, client: NetworkClient) {
    this.#child = child;
    this.client = client;
  }

  static async start(name: string, wishes: Partial<NetworkClient> = {}): Promise<Sandbox> {
    const child = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const client: NetworkClient = {
      id: randomBytes(32).toString('hex'),
      name: `/${name}`,
      hostname: `${name}-host`,
      networkMode: 'default',
      endpoints: {},
      portBindings: {},
      publishAll: false,
      exposedPorts: [],
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      sysctls: {},
      ...wishes,
    };
    return new Sandbox(child, client);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  run(program: string, ...args: string[]) {
    return run('nsenter', ['--net', '--target', String(this.pid), program, ...args]);
  }

  must(program: string, ...args: string[]) {
    return must('nsenter', ['--net', '--target', String(this.pid), program, ...args]);
  }

  /** Asks the resolver of the container's resolv.conf, as a program in it would. */
  async resolve(name: string, attachment: NetworkAttachment, type = 'A'): Promise<string[]> {
    const server = /nameserver (\S+)/.exec(attachment.resolvConf)?.[1] ?? '';
    const code = `const {Resolver}=require('dns').promises;const r=new Resolver({timeout:2000,tries:1});r.setServers(['${server}']);r.resolve('${name}','${type}').then(a=>console.log(a.join(' ')),e=>console.log('!'+e.code))`;
    return (await this.must(process.execPath, '-e', code)).split(' ').filter(Boolean);
  }

  /** A server that answers every connection (or datagram) with the sandbox's name. */
  async serve(port: number, protocol: 'tcp' | 'udp' = 'tcp'): Promise<ChildProcess> {
    const code =
      protocol === 'tcp'
        ? `require('net').createServer(s=>{s.on('error',()=>{});s.end('${this.client.name}')}).listen(${port},()=>console.log('up'))`
        : `const s=require('dgram').createSocket('udp4');s.on('message',(m,r)=>s.send('${this.client.name}',r.port,r.address));s.bind(${port},()=>console.log('up'))`;
    const child = spawn('nsenter', ['--net', '--target', String(this.pid), process.execPath, '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return child;
  }

  /** Whether packets get there and back: a closed port answers, too. */
  async reaches(address: string): Promise<boolean> {
    const code = `const s=require('net').connect({port:9,host:'${address}',timeout:1000});s.on('error',e=>{console.log(e.code);s.destroy()});s.on('connect',()=>{console.log('up');s.destroy()});s.on('timeout',()=>{console.log('timeout');s.destroy()})`;
    return ['up', 'ECONNREFUSED'].includes((await this.must(process.execPath, '-e', code)).trim());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

async function askTcp(host: string, port: number): Promise<string> {
  return text(
    connect({ host, port, timeout: 5000 }).on('timeout', function (this: import('node:net').Socket) {
      this.destroy(new Error('no answer'));
    }),
  );
}

class TestNetworks implements AsyncDisposable {
  readonly directory: string;
  readonly context: EngineContext;
  readonly store: NetworkStore;
  readonly handlers: ReturnType<typeof networkHandlers>;

  private constructor(directory: string, context: EngineContext, store: NetworkStore) {
    this.directory = directory;
    this.context = context;
    this.store = store;
    this.handlers = networkHandlers(store);
  }

  static async open(options: Partial<EngineOptions> = {}, known?: string): Promise<TestNetworks> {
    const directory = known ?? (await mkdtemp(join(tmpdir(), 'slipway-net-')));
    const context: EngineContext = {
      paths: { dataRoot: directory, execRoot: directory, socket: join(directory, 's') },
      database: new Database(join(directory, 'records.db')),
      events: new EventBus(),
      options: { ...defaultOptions, addressPools: pools, ...options },
      log: new Log('error'),
      rootless: false,
    };
    return new TestNetworks(directory, context, await NetworkStore.open(context, { usersOfNetwork: () => [] }));
  }

  /** As a helper that was killed and started again. */
  async restart(): Promise<TestNetworks> {
    for (const resolver of this.store.resolvers.values()) await resolver[Symbol.asyncDispose]();
    this.context.database[Symbol.dispose]();
    return TestNetworks.open({}, this.directory);
  }

  create(Name: string, rest: object = {}) {
    return this.handlers['network.create']({ Name, ...rest }, callContext());
  }

  async ourLinks(): Promise<string[]> {
    return (await listLinks()).map(({ name }) => name).filter((name) => this.store.naming.isOurs(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const state of this.store.states.values())
      for (const { container } of [...state.endpoints.values()]) await this.store.release(container.id);
    for (const { id, predefined } of this.store.records.all()) if (!predefined) await this.store.remove(id);
    await this.store[Symbol.asyncDispose]();
    // The ends of containers' pairs go with their namespaces, which the kernel takes apart in its own time.
    assert.deepEqual(
      (await this.ourLinks()).filter((link) => !link.startsWith('ve')),
      [],
    );
    assert.equal(await listTable(this.store.naming.table), undefined);
    this.context.database[Symbol.dispose]();
    await rm(this.directory, { recursive: true });
  }
}

const skip = process.getuid?.() === 0 ? false : 'networks need root here';
const endings: (() => void)[] = [];
after(() => {
  for (const end of endings) end();
});

describe('bridge networks', { skip }, () => {
  test('containers reach each other by name and alias, and what lies outside only through the gateway', async () => {
    await using networks = await TestNetworks.open();
    const { Id } = await networks.create('front', { Labels: { a: 'b' } });
    await using web = await Sandbox.start('web', { networkMode: 'front', endpoints: { front: { Aliases: ['www'] } } });
    await using shell = await Sandbox.start('shell', { networkMode: Id.slice(0, 8) });
    const attachedWeb = await networks.store.attach(web.client, web.pid);
    const attached = await networks.store.attach(shell.client, shell.pid);
    const address = attachedWeb.endpoints['front']?.IPAddress ?? '';
    assert.match(address, /^10\.213\.\d+\.2$/);
    const server = await web.serve(80);
    endings.push(() => server.kill());
    for (const name of ['web', 'www', 'WEB', 'web.front', 'web-host', web.client.id.slice(0, 12)])
      assert.deepEqual(await shell.resolve(name, attached), [address], name);
    const answer = await shell.must(
      process.execPath,
      '-e',
      `require('net').connect(80,'${address}').pipe(process.stdout)`,
    );
    assert.equal(answer, '/web');
    assert.match(await shell.must('ip', 'route'), /default via 10\.213\.\d+\.1 dev eth0/);
    assert.deepEqual(await shell.resolve(`2.${address.split('.')[2]}.213.10.in-addr.arpa`, attached, 'PTR'), [
      'web.front',
    ]);
    const inspected = await networks.handlers['network.inspect']({ Network: 'front' }, callContext());
    assert.equal(inspected.Containers[web.client.id]?.IPv4Address, `${address}/24`);
    server.kill();
  });

  test('networks are apart, and internal ones have no way out', async () => {
    await using networks = await TestNetworks.open();
    await networks.create('one');
    await networks.create('two');
    await networks.create('inside', { Internal: true });
    await using a = await Sandbox.start('a', { networkMode: 'one' });
    await using b = await Sandbox.start('b', { networkMode: 'two' });
    await using c = await Sandbox.start('c', { networkMode: 'inside' });
    const attachedA = await networks.store.attach(a.client, a.pid);
    const attachedB = await networks.store.attach(b.client, b.pid);
    const attachedC = await networks.store.attach(c.client, c.pid);
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    const addressB = attachedB.endpoints['two']?.IPAddress ?? '';
    assert.equal(await a.reaches(attachedA.endpoints['one']?.Gateway ?? ''), true);
    if (own !== undefined) assert.equal(await a.reaches(own), true);
    assert.equal(await a.reaches(addressB), false);
    assert.doesNotMatch(await c.must('ip', 'route'), /default/);
    assert.match((await a.resolve('b', attachedA))[0] ?? '', /^!/);
    assert.deepEqual(await c.resolve('example.com', attachedC), ['!ENOTFOUND']);
  });

  test('ports are published on every address, on one, by range and at random, for TCP and UDP', async () => {
    await using networks = await TestNetworks.open();
    await networks.create('pub');
    const [any, local, udp] = [await freePort(), await freePort(), await freePort()];
    await using web = await Sandbox.start('web', {
      networkMode: 'pub',
      portBindings: {
        '80/tcp': [{ HostPort: String(any) }, { HostIp: '127.0.0.1', HostPort: String(local) }],
        '53/udp': [{ HostPort: String(udp) }],
      },
      exposedPorts: ['90/tcp'],
      publishAll: true,
    });
    const { ports } = await networks.store.attach(web.client, web.pid);
    const server = await web.serve(80);
    const datagrams = await web.serve(53, 'udp');
    const other = await web.serve(90);
    endings.push(() => [server, datagrams, other].map((child) => child.kill()));
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    for (const host of ['127.0.0.1', '::1', ...(own === undefined ? [] : [own])])
      assert.equal(await askTcp(host, any), '/web', host);
    assert.equal(await askTcp('127.0.0.1', local), '/web');
    if (own !== undefined) await assert.rejects(askTcp(own, local));
    const random = Number(ports['90/tcp']?.[0]?.HostPort);
    assert.equal(await askTcp('127.0.0.1', random), '/web');
    const question = `const s=require('dgram').createSocket('udp4');s.on('message',m=>{console.log(String(m));s.close()});s.send('q',${udp},'127.0.0.1')`;
    assert.equal((await must(process.execPath, ['-e', question])).trim(), '/web');

    await using guest = await Sandbox.start('guest', { networkMode: 'pub' });
    const { endpoints } = await networks.store.attach(guest.client, guest.pid);
    // CVE-2020-8558: a container must not reach what listens on the host's loopback.
    const loopback = createServer((socket) => socket.end('secret')).listen(0, '127.0.0.1');
    endings.push(() => loopback.close());
    await once(loopback, 'listening');
    const address = loopback.address();
    const loopbackPort = typeof address === 'object' ? address?.port : 0;
    await guest.must('sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1');
    await guest.must('ip', 'addr', 'del', '127.0.0.1/8', 'dev', 'lo');
    await guest.must('ip', 'route', 'add', '127.0.0.1', 'via', endpoints.pub?.Gateway ?? '', 'dev', 'eth0');
    const reached = await guest.run(
      'timeout',
      '2',
      process.execPath,
      '-e',
      `require('net').connect(${loopbackPort},'127.0.0.1').on('error',()=>process.exit(1)).pipe(process.stdout)`,
    );
    assert.notEqual(reached.stdout, 'secret');
    loopback.close();

    await networks.store.release(web.client.id);
    await assert.rejects(askTcp('127.0.0.1', any));
    for (const child of [server, datagrams, other]) child.kill();
  });

  test('a taken port is refused with the name of its holder, and nothing is left of the attempt', async () => {
    await using networks = await TestNetworks.open();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const HostPort = String(typeof address === 'object' ? address?.port : 0);
    await using first = await Sandbox.start('first', {
      portBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort }] },
    });
    await assert.rejects(networks.store.attach(first.client, first.pid), (error) => {
      assert.ok(isEngineError(error, 'Conflict'));
      assert.match(
        error.message,
        new RegExp(`127\\.0\\.0\\.1:${HostPort}: port is already allocated by .+ \\(pid ${process.pid}\\)`),
      );
      return true;
    });
    assert.equal(networks.store.endpointsOf(first.client.id).length, 0);
    server.close();
    await once(server, 'close');
    await using second = await Sandbox.start('second', { portBindings: { '80/tcp': [{ HostPort }] } });
    await networks.store.attach(second.client, second.pid);
    await using third = await Sandbox.start('third', {
      portBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort }] },
    });
    await assert.rejects(networks.store.attach(third.client, third.pid), /already allocated by container second/);
  });

  test('static addresses, IPv6, MAC, link-local addresses and ranges', async () => {
    await using networks = await TestNetworks.open();
    await networks.create('dual', {
      EnableIPv6: true,
      IPAM: {
        Config: [
          {
            Subnet: '10.214.5.0/24',
            Gateway: '10.214.5.254',
            IPRange: '10.214.5.128/25',
            AuxiliaryAddresses: { r: '10.214.5.128' },
          },
          { Subnet: 'fd42:5::/64' },
        ],
      },
    });
    await using fixed = await Sandbox.start('fixed', {
      networkMode: 'dual',
      endpoints: {
        dual: {
          IPAMConfig: { IPv4Address: '10.214.5.7', IPv6Address: 'fd42:5::7', LinkLocalIPs: ['169.254.9.9'] },
          MacAddress: '02:00:00:00:05:07',
        },
      },
    });
    const { endpoints } = await networks.store.attach(fixed.client, fixed.pid);
    assert.equal(endpoints['dual']?.IPAddress, '10.214.5.7');
    assert.equal(endpoints['dual']?.Gateway, '10.214.5.254');
    const shown = await fixed.must('ip', 'addr', 'show', 'eth0');
    for (const expected of ['02:00:00:00:05:07', '10.214.5.7/24', 'fd42:5::7/64', '169.254.9.9/16'])
      assert.ok(shown.includes(expected), shown);
    assert.equal(await fixed.reaches('fd42:5::1'), true);
    await using next = await Sandbox.start('next', { networkMode: 'dual' });
    assert.equal((await networks.store.attach(next.client, next.pid)).endpoints['dual']?.IPAddress, '10.214.5.129');
    await using same = await Sandbox.start('same', {
      networkMode: 'dual',
      endpoints: { dual: { IPAMConfig: { IPv4Address: '10.214.5.7' } } },
    });
    await assert.rejects(networks.store.attach(same.client, same.pid), isKind('Conflict'));
    await using alien = await Sandbox.start('alien', {
      networkMode: 'dual',
      endpoints: { dual: { IPAMConfig: { IPv4Address: '10.99.0.1' } } },
    });
    await assert.rejects(networks.store.attach(alien.client, alien.pid), isKind('InvalidArgument'));
  });

  test('connect and disconnect while it runs; the way out moves along', async () => {
    await using networks = await TestNetworks.open();
    await networks.create('one');
    await networks.create('two');
    await using box = await Sandbox.start('box', { networkMode: 'one' });
    await networks.store.attach(box.client, box.pid);
    const attached = await networks.store.connect(box.client, box.pid, 'two', { Aliases: ['boxy'] });
    assert.deepEqual(Object.keys(attached.endpoints), ['one', 'two']);
    assert.equal((await box.must('ip', '-o', '-4', 'addr')).split('\n').length, 3);
    await assert.rejects(networks.store.connect(box.client, box.pid, 'two', {}), isKind('Conflict'));
    await networks.store.disconnect(box.client, box.pid, 'one');
    assert.match(
      await box.must('ip', 'route'),
      new RegExp(`default via ${attached.endpoints['two']?.Gateway} dev eth1`),
    );
    await assert.rejects(networks.store.disconnect(box.client, box.pid, 'one'), isKind('Conflict'));
    await assert.rejects(networks.handlers['network.remove']({ Network: 'two' }, callContext()), isKind('Conflict'));
  });

  test('a network that goes takes its bridge and its rules along, and touches nobody else', async () => {
    await using networks = await TestNetworks.open();
    await networks.create('gone');
    await networks.create('stays');
    const before = await listTable(networks.store.naming.table);
    assert.equal((await networks.ourLinks()).length, 2);
    await networks.handlers['network.remove']({ Network: 'gone' }, callContext());
    const left = await listTable(networks.store.naming.table);
    assert.equal((await networks.ourLinks()).length, 1);
    assert.equal((before?.chains.length ?? 0) - (left?.chains.length ?? 0), 3);
    await networks.handlers['network.prune']({}, callContext());
    assert.equal(await listTable(networks.store.naming.table), undefined);
    assert.deepEqual(await networks.ourLinks(), []);
  });

  test('after a restart what runs goes on, and what belongs to nobody is removed', async () => {
    const first = await TestNetworks.open();
    await first.create('kept');
    const port = await freePort();
    await using web = await Sandbox.start('web', {
      networkMode: 'kept',
      portBindings: { '80/tcp': [{ HostPort: String(port) }] },
    });
    const attachment = await first.store.attach(web.client, web.pid);
    const server = await web.serve(80);
    endings.push(() => server.kill());
    const stray = first.store.naming.bridge('0123456789abcdef');
    await must('ip', ['link', 'add', stray, 'type', 'bridge']);
    await using second = await first.restart();
    await second.store.restore([{ client: web.client, pid: web.pid, attachment }]);
    assert.equal((await second.ourLinks()).includes(stray), false);
    assert.equal(await askTcp('127.0.0.1', port), '/web');
    await using shell = await Sandbox.start('shell', { networkMode: 'kept' });
    const attached = await second.store.attach(shell.client, shell.pid);
    assert.notEqual(attached.endpoints['kept']?.IPAddress, attachment.endpoints['kept']?.IPAddress);
    assert.deepEqual(await shell.resolve('web', attached), [attachment.endpoints['kept']?.IPAddress]);
    server.kill();
  });

  test('what can not be is refused', async () => {
    await using networks = await TestNetworks.open();
    await networks.create('taken', { IPAM: { Config: [{ Subnet: '10.215.0.0/24' }] } });
    await assert.rejects(networks.create('taken'), isKind('AlreadyExists'));
    await assert.rejects(networks.create('bridge'), isKind('AlreadyExists'));
    await assert.rejects(networks.create('../x'), isKind('InvalidArgument'));
    await assert.rejects(networks.create('o', { IPAM: { Config: [{ Subnet: '10.215.0.0/16' }] } }), isKind('Conflict'));
    await assert.rejects(networks.create('o', { IPAM: { Config: [{ Subnet: 'banana' }] } }), isKind('InvalidArgument'));
    await assert.rejects(networks.create('o', { Driver: 'overlay' }), isKind('Unsupported'));
    await assert.rejects(
      networks.create('o', { Options: { 'com.docker.network.bridge.name': '../../etc' } }),
      isKind('InvalidArgument'),
    );
    await assert.rejects(
      networks.handlers['network.remove']({ Network: 'bridge' }, callContext()),
      isKind('PermissionDenied'),
    );
    await assert.rejects(networks.handlers['network.remove']({ Network: 'absent' }, callContext()), isKind('NotFound'));
    const names = (await networks.handlers['network.list']({ Filters: { type: ['builtin'] } }, callContext())).map(
      ({ Name }) => Name,
    );
    assert.deepEqual(names, ['bridge', 'host', 'none']);
  });
});

describe('macvlan and ipvlan networks', { skip }, () => {
  for (const driver of ['macvlan', 'ipvlan']) {
    test(`${driver}: containers reach each other past the host`, async (t) => {
      await using networks = await TestNetworks.open();
      try {
        await networks.create('lan', { Driver: driver, IPAM: { Config: [{ Subnet: '10.216.0.0/24' }] } });
        await using a = await Sandbox.start('a', { networkMode: 'lan' });
        await using b = await Sandbox.start('b', { networkMode: 'lan' });
        await networks.store.attach(a.client, a.pid);
        const { endpoints } = await networks.store.attach(b.client, b.pid);
        assert.equal(await a.reaches(endpoints.lan?.IPAddress ?? ''), true);
      } catch (error) {
        if (isEngineError(error, 'Unsupported')) return t.skip(`this kernel has no ${driver}`);
        throw error;
      }
    });
  }
});
