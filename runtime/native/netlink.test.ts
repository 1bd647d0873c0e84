import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createNetworkNamespace, removeNamespace } from './namespaces.ts';
import { NativeError } from './native.ts';
import {
  applyNetwork,
  flushConntrack,
  type Link,
  listAddresses,
  listLinks,
  listRoutes,
  type NetworkStep,
  readSysctl,
} from './netlink.ts';

// Everything happens between two namespaces of the test's own, so that nobody else's network is touched.
let directory = '';
let router = -1;
let host = -1;
const pathOf = (name: string) => join(directory, name);

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'slipway-net-'));
  await createNetworkNamespace(pathOf('router'));
  await createNetworkNamespace(pathOf('host'));
  router = openSync(pathOf('router'), 'r');
  host = openSync(pathOf('host'), 'r');
});
after(async () => {
  closeSync(router);
  closeSync(host);
  await removeNamespace(pathOf('router'));
  await removeNamespace(pathOf('host'));
  rmSync(directory, { recursive: true });
});

const run = (name: string, ...command: string[]): string =>
  execFileSync('nsenter', [`--net=${pathOf(name)}`, ...command], { encoding: 'utf8' });

async function linkNamed(namespace: number, name: string): Promise<Link | undefined> {
  return (await listLinks({ namespace })).find((link) => link.name === name);
}

test('a bridge and a veth pair into another namespace carry packets', async () => {
  await applyNetwork(
    [
      { do: 'addBridge', link: 'sw0', mac: '02:42:00:00:00:01' },
      { do: 'addAddress', link: 'sw0', address: '10.9.0.1/24' },
      { do: 'addAddress', link: 'sw0', address: 'fd00:9::1/64' },
      { do: 'setLink', link: 'sw0', up: true },
      {
        do: 'addVeth',
        link: 'v1',
        mtu: 1400,
        master: 'sw0',
        peer: { name: 'eth0', mac: '02:42:0a:09:00:02', namespace: host },
      },
      { do: 'setLink', link: 'v1', up: true, hairpin: true },
    ],
    { namespace: router },
  );
  await applyNetwork(
    [
      { do: 'addAddress', link: 'eth0', address: '10.9.0.2/24' },
      { do: 'addAddress', link: 'eth0', address: 'fd00:9::2/64' },
      { do: 'setLink', link: 'eth0', up: true },
      { do: 'addRoute', destination: 'default', gateway: '10.9.0.1' },
      { do: 'addRoute', destination: 'default', gateway: 'fd00:9::1', link: 'eth0' },
      { do: 'addRoute', destination: '192.0.2.7/24', gateway: '10.9.0.1', metric: 77 },
    ],
    { namespace: host },
  );
  const [bridge, near, far] = await Promise.all([
    linkNamed(router, 'sw0'),
    linkNamed(router, 'v1'),
    linkNamed(host, 'eth0'),
  ]);
  assert.equal(bridge?.kind, 'bridge');
  assert.equal(bridge?.mac, '02:42:00:00:00:01');
  assert.equal(near?.master, bridge?.index);
  assert.deepEqual([far?.kind, far?.mac, far?.mtu, far?.up], ['veth', '02:42:0a:09:00:02', 1400, true]);
  assert.equal(far?.parent, near?.index);

  const addresses = (await listAddresses({ namespace: host })).filter(({ link }) => link === far?.index);
  assert.deepEqual(
    addresses.filter(({ scope }) => scope === 'global').map(({ address, tentative }) => [address, tentative]),
    [
      ['10.9.0.2/24', false],
      ['fd00:9::2/64', false],
    ],
  );
  const routes = (await listRoutes({ namespace: host })).filter(({ table }) => table === 254);
  assert.ok(
    routes.some((route) => route.destination === '192.0.2.0/24' && route.metric === 77 && route.protocol === 4),
  );
  assert.ok(routes.some((route) => route.destination === 'default' && route.gateway === 'fd00:9::1'));

  run('host', 'busybox', 'ping', '-c1', '-W2', '10.9.0.1');
  run('host', 'busybox', 'ping', '-c1', '-W2', 'fd00:9::1');
  assert.match(run('router', 'bridge', '-d', 'link', 'show', 'dev', 'v1'), /hairpin on/);
  assert.ok(((await linkNamed(host, 'eth0'))?.statistics.rxPackets ?? 0) > 0);
});

test('applying again changes nothing, taking away what is not there can be forgiven', async () => {
  const again: NetworkStep[] = [
    { do: 'addAddress', link: 'eth0', address: '10.9.0.2/24' },
    { do: 'addRoute', destination: 'default', gateway: '10.9.0.1' },
    { do: 'deleteRoute', destination: '198.51.100.0/24', missingOk: true },
    { do: 'deleteAddress', link: 'eth0', address: '10.9.0.99/24', missingOk: true },
    { do: 'deleteLink', link: 'nosuch', missingOk: true },
  ];
  await applyNetwork(again, { namespace: host });
  await assert.rejects(applyNetwork([{ do: 'deleteLink', link: 'nosuch' }], { namespace: host }), (error) => {
    assert.ok(error instanceof NativeError);
    assert.equal(error.code, 'ENODEV');
    assert.match(error.message, /step 0 \(deleteLink\).*nosuch/);
    return true;
  });
});

test('a link is renamed, moved and deleted', async () => {
  await applyNetwork(
    [
      { do: 'addVeth', link: 'tmp0', peer: { name: 'tmp1' } },
      { do: 'setLink', link: 'tmp1', name: 'renamed', mtu: 1300, mac: '02:00:00:00:00:09' },
      { do: 'setLink', link: 'renamed', namespace: host },
    ],
    { namespace: router },
  );
  const moved = await linkNamed(host, 'renamed');
  assert.deepEqual([moved?.mtu, moved?.mac], [1300, '02:00:00:00:00:09']);
  await applyNetwork([{ do: 'setLink', link: 'v1', master: null }], { namespace: router });
  assert.equal((await linkNamed(router, 'v1'))?.master, undefined);
  await applyNetwork([{ do: 'setLink', link: 'v1', master: 'sw0' }], { namespace: router });
  await applyNetwork([{ do: 'deleteLink', link: 'tmp0' }], { namespace: router });
  assert.equal(await linkNamed(host, 'renamed'), undefined);
});

test('macvlan in a namespace; ipvlan, vlan and dummy where the kernel has them', async (t) => {
  const add = (step: NetworkStep) => applyNetwork([step], { namespace: router });
  await add({ do: 'addMacvlan', link: 'mv0', parent: 'sw0', mode: 'bridge', namespace: host });
  assert.match(run('host', 'ip', '-d', 'link', 'show', 'mv0'), /macvlan mode bridge/);
  const others: NetworkStep[] = [
    { do: 'addIpvlan', link: 'iv0', parent: 'sw0', mode: 'l3', flag: 'private' },
    { do: 'addVlan', link: 'sw0.5', parent: 'sw0', id: 5 },
    { do: 'addDummy', link: 'du0' },
  ];
  for (const step of others) {
    await add(step).catch((error: NativeError) => {
      assert.equal(error.code, 'ENOTSUP');
      assert.match(error.message, /Unknown device type/);
      t.diagnostic(`${step.do}: not in this kernel`);
    });
  }
});

test('sysctls of a namespace', async () => {
  await applyNetwork([{ do: 'sysctl', key: 'net.ipv4.ip_forward', value: '0' }], { namespace: host });
  await applyNetwork(
    [
      { do: 'sysctl', key: 'net.ipv4.ip_forward', value: '1' },
      { do: 'sysctl', key: 'net/ipv6/conf/v1/disable_ipv6', value: '1' },
      { do: 'sysctl', key: 'net.nosuch', value: '1', missingOk: true },
    ],
    { namespace: router },
  );
  assert.equal(await readSysctl('net.ipv4.ip_forward', { namespace: router }), '1');
  assert.equal(await readSysctl('net.ipv4.ip_forward', { namespace: host }), '0');
  await assert.rejects(readSysctl('net/../../self/environ', { namespace: host }), /no name of a sysctl/);
});

test('wrong values are refused before the kernel sees them', async () => {
  const refused: [NetworkStep, RegExp][] = [
    [{ do: 'addBridge', link: 'a-name-that-is-too-long' }, /1 to 15 characters/],
    [{ do: 'addBridge', link: 'x', mac: '02:42' }, /no MAC address/],
    [{ do: 'addAddress', link: 'sw0', address: '10.0.0.256/8' }, /no IP address/],
    [{ do: 'addAddress', link: 'sw0', address: '10.0.0.1/33' }, /prefix/],
    [{ do: 'addRoute', destination: '10.0.0.0/8', gateway: 'fd00::1' }, /different IP versions/],
    [{ do: 'addMacvlan', link: 'x', parent: 'sw0', mode: 'odd' as 'bridge' }, /unknown/],
    [{ do: 'nothing' } as unknown as NetworkStep, /no step/],
  ];
  for (const [step, message] of refused) await assert.rejects(applyNetwork([step], { namespace: router }), message);
});

test('a tracked connection is forgotten', async (t) => {
  // A rule that looks at connections turns tracking on in the namespace.
  const nft = spawnSync('nsenter', [
    `--net=${pathOf('router')}`,
    'nft',
    'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c ct state new counter',
  ]);
  if (nft.status !== 0) return t.skip(`nft does not work here: ${nft.stderr}`);
  run('host', 'bash', '-c', 'echo x > /dev/udp/10.9.0.1/5555');
  const filter = { protocol: 'udp', destinationPort: 5555 } as const;
  assert.equal(await flushConntrack({ ...filter, destination: '10.9.0.77' }, { namespace: router }), 0);
  assert.equal(await flushConntrack({ ...filter, destination: '10.9.0.1' }, { namespace: router }), 1);
  assert.equal(await flushConntrack(filter, { namespace: router }), 0);
});
