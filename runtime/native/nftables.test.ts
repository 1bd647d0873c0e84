import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { createNetworkNamespace, removeNamespace } from './namespaces.ts';
import { applyRules, type Element, type Expression, listTable, listTables, type Statement } from './nftables.ts';

const name = { family: 'inet', table: 'slipway' } as const;
let directory = '';
let namespace = -1;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'slipway-nft-'));
  await createNetworkNamespace(join(directory, 'net'));
  namespace = openSync(join(directory, 'net'), 'r');
});
after(async () => {
  closeSync(namespace);
  await removeNamespace(join(directory, 'net'));
  rmSync(directory, { recursive: true });
});
beforeEach(() => applyRules([{ destroyTable: name }], { namespace }));

const apply = (...statements: Statement[]) => applyRules(statements, { namespace });
const nft = (...words: string[]): string =>
  execFileSync('nsenter', [`--net=${join(directory, 'net')}`, 'nft', ...words], { encoding: 'utf8' });
const rule = (chain: string, ...expressions: Expression[]): Statement => ({ addRule: { ...name, chain, expressions } });

test('every expression is shown by nft as it was meant', async () => {
  const meant: [Expression[], string][] = [
    [[{ match: 'iifname', value: 'slip0' }, 'accept'], 'iifname "slip0" accept'],
    [[{ match: 'oifname', value: 'slip*', not: true }, 'drop'], 'oifname != "slip*" drop'],
    [[{ match: 'saddr', value: '10.1.2.3' }, 'return'], 'ip saddr 10.1.2.3 return'],
    [[{ match: 'daddr', value: '10.1.0.0/20', not: true }, 'accept'], 'ip daddr != 10.1.0.0/20 accept'],
    [[{ match: 'daddr', value: 'fd00::/64' }, 'accept'], 'ip6 daddr fd00::/64 accept'],
    [[{ match: 'l4proto', value: 'icmp' }, 'accept'], 'meta l4proto icmp accept'],
    [[{ match: 'dport', protocol: 'tcp', value: 80 }, 'accept'], 'tcp dport 80 accept'],
    [[{ match: 'sport', protocol: 'udp', value: [1000, 1010], not: true }, 'drop'], 'udp sport != 1000-1010 drop'],
    [[{ match: 'ctState', value: ['established', 'related'] }, 'accept'], 'ct state established,related accept'],
    [[{ match: 'ctStatus', value: ['dnat'] }, 'accept'], 'ct status dnat accept'],
    [[{ match: 'mark', value: 7 }, 'accept'], 'meta mark 0x00000007 accept'],
    [[{ match: 'ctmark', value: 7, mask: 15 }, 'accept'], 'ct mark & 0x0000000f == 0x00000007 accept'],
    [[{ match: 'daddrType', value: 'local' }, 'accept'], 'fib daddr type local accept'],
    [[{ match: 'nfproto', value: 'ipv6' }, 'counter', 'accept'], 'meta nfproto ipv6 counter packets 0 bytes 0 accept'],
    [[{ setMark: 3 }, { setCtMark: 4 }], 'meta mark set 0x00000003 ct mark set 0x00000004'],
    [[{ log: 'seen: ' }, { jump: 'other' }], 'log prefix "seen: " jump other'],
    [[{ reject: 'admin-prohibited' }], 'reject with icmpx admin-prohibited'],
    [[{ reject: 'tcp-reset' }], 'meta l4proto tcp reject with tcp reset'],
    [[{ goto: 'other' }], 'goto other'],
  ];
  await apply(
    { addTable: name },
    { addChain: { ...name, chain: 'other' } },
    { addChain: { ...name, chain: 'test', hook: { type: 'filter', on: 'forward', priority: -5, policy: 'drop' } } },
    ...meant.map(([expressions]) => rule('test', ...expressions)),
  );
  const shown = nft('list', 'chain', 'inet', 'slipway', 'test');
  assert.match(shown, /type filter hook forward priority filter - 5; policy drop;/);
  const lines = shown.split('\n').slice(3, -3);
  assert.deepEqual(
    lines.map((line) => line.trim()),
    meant.map(([, text]) => text),
  );
});

test('address translation', async () => {
  const meant: [string, Expression[], string][] = [
    ['pre', [{ dnat: { address: '10.0.0.2', port: 8080 } }], 'dnat ip to 10.0.0.2:8080'],
    ['pre', [{ dnat: { address: 'fd00::2', port: [80, 90] } }], 'dnat ip6 to [fd00::2]:80-90'],
    ['pre', [{ dnat: { address: '10.0.0.2' } }], 'dnat ip to 10.0.0.2'],
    [
      'pre',
      [{ match: 'dport', protocol: 'udp', value: 53 }, { redirect: { port: 5353 } }],
      'udp dport 53 redirect to :5353',
    ],
    ['post', [{ match: 'saddr', value: '10.0.0.0/24' }, { masquerade: {} }], 'ip saddr 10.0.0.0/24 masquerade'],
    ['post', [{ masquerade: { fullyRandom: true } }], 'masquerade fully-random'],
    ['post', [{ snat: { address: '192.0.2.1' } }], 'snat ip to 192.0.2.1'],
  ];
  await apply(
    { addTable: name },
    { addChain: { ...name, chain: 'pre', hook: { type: 'nat', on: 'prerouting', priority: -100 } } },
    { addChain: { ...name, chain: 'post', hook: { type: 'nat', on: 'postrouting', priority: 100 } } },
    ...meant.map(([chain, expressions]) => rule(chain, ...expressions)),
  );
  const shown = nft('list', 'table', 'inet', 'slipway')
    .split('\n')
    .map((line) => line.trim());
  for (const [, , text] of meant)
    assert.ok(
      shown.some((line) => line.endsWith(text)),
      `${text} in ${shown.join('\n')}`,
    );
});

test('sets, maps and verdict maps, with single values, ranges and concatenations', async () => {
  const element = (key: string[], value?: Element['value']): Element =>
    value === undefined ? { key } : { key, value };
  await apply(
    { addTable: name },
    { addChain: { ...name, chain: 'pre', hook: { type: 'nat', on: 'prerouting', priority: -100 } } },
    { addChain: { ...name, chain: 'inner' } },
    { addSet: { ...name, set: 'bridges', key: ['ifname'] } },
    { addSet: { ...name, set: 'nets', key: ['ipv4_addr'], value: ['verdict'], interval: true } },
    { addSet: { ...name, set: 'ports', key: ['inet_proto', 'inet_service'], value: ['ipv4_addr', 'inet_service'] } },
    {
      addSet: {
        ...name,
        set: 'at6',
        key: ['ipv6_addr', 'inet_proto', 'inet_service'],
        value: ['ipv6_addr', 'inet_service'],
      },
    },
    { addSet: { ...name, set: 'wide', key: ['ipv4_addr', 'inet_service'], interval: true } },
    rule('inner', { match: 'set', fields: ['oifname'], set: 'bridges', not: true }, 'return'),
    rule('inner', { verdictMap: 'nets', fields: ['saddr4'] }),
    rule('inner', { match: 'set', fields: ['daddr4', 'dport'], set: 'wide' }, 'drop'),
    rule('pre', { dnatMap: 'ports', family: 'ip', fields: ['l4proto', 'dport'], port: true }),
    rule('pre', { dnatMap: 'at6', family: 'ip6', fields: ['daddr6', 'l4proto', 'dport'], port: true }),
  );
  // In a transaction of their own: the types come from the kernel.
  await apply(
    { addElements: { ...name, set: 'bridges', elements: [{ key: ['slip0'], comment: 'a net' }, element(['slip1'])] } },
    {
      addElements: {
        ...name,
        set: 'nets',
        elements: [element(['10.0.0.0/24'], { jump: 'inner' }), element(['255.255.255.0/24'], 'drop')],
      },
    },
    { addElements: { ...name, set: 'ports', elements: [element(['tcp', '8080'], ['10.0.0.2', '80'])] } },
    { addElements: { ...name, set: 'at6', elements: [element(['fd00::1', 'udp', '53'], ['fd00:1::2', '5353'])] } },
    { addElements: { ...name, set: 'wide', elements: [element(['10.0.0.0/8', '80-90'])] } },
  );
  const shown = nft('list', 'table', 'inet', 'slipway');
  for (const text of [
    'elements = { "slip0" comment "a net",',
    '10.0.0.0/24 : jump inner',
    '255.255.255.0/24 : drop',
    'elements = { tcp . 8080 : 10.0.0.2 . 80 }',
    'elements = { fd00::1 . udp . 53 : fd00:1::2 . 5353 }',
    'elements = { 10.0.0.0/8 . 80-90 }',
    'oifname != @bridges return',
    'ip saddr vmap @nets',
    'ip daddr . th dport @wide drop',
    'dnat ip to meta l4proto . th dport map @ports',
    'dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6',
  ]) {
    assert.ok(shown.includes(text), `${text} in ${shown}`);
  }
  await apply(
    { deleteElements: { ...name, set: 'nets', elements: [element(['10.0.0.0/24'])] } },
    { deleteElements: { ...name, set: 'wide', elements: [element(['10.0.0.0/8', '80-90'])] } },
    { flushSet: { ...name, set: 'bridges' } },
  );
  const table = await listTable(name, { namespace });
  assert.deepEqual(
    table?.sets.map((set) => [set.name, set.map, set.elements]),
    [
      ['bridges', false, 0],
      ['nets', true, 1],
      ['ports', true, 1],
      ['at6', true, 1],
      ['wide', false, 0],
    ],
  );
});

test('a thousand elements go in one transaction', async () => {
  const elements = Array.from({ length: 1000 }, (_, index) => ({ key: ['tcp', String(1000 + index)] }));
  await apply(
    { addTable: name },
    { addSet: { ...name, set: 'many', key: ['inet_proto', 'inet_service'] } },
    { addElements: { ...name, set: 'many', elements } },
  );
  assert.equal((await listTable(name, { namespace }))?.sets[0]?.elements, 1000);
});

test('all or nothing, and the error names the statement', async () => {
  const error = /statement 2 \(addRule in inet slipway\/nosuch\).*No such file or directory/;
  await assert.rejects(apply({ addTable: name }, { addChain: { ...name, chain: 'c' } }, rule('nosuch', 'drop')), error);
  assert.equal(await listTable(name, { namespace }), undefined);
  await assert.rejects(apply({ deleteTable: name }), { code: 'ENOENT' });
  await apply({ createTable: name });
  await assert.rejects(apply({ createTable: name }), { code: 'EEXIST' });
  await assert.rejects(apply({ addElements: { ...name, set: 'none', elements: [{ key: ['1'] }] } }), /no set 'none'/);
});

test('what is wrong in a description is told by its place', async () => {
  const table = { addTable: name };
  const refused: [Statement, RegExp][] = [
    [rule('c', { match: 'saddr', value: 'nonsense' }), /statements\[1\]\.addRule\.expressions\[0\].*no IP address/],
    [rule('c', { match: 'ctState', value: ['odd' as 'new'] }), /unknown 'odd'/],
    [rule('c', { dport: 1 } as unknown as Expression), /is no expression/],
    [{ addSet: { ...name, set: 's', key: ['odd' as 'mark'] } }, /unknown type 'odd'/],
    [{ addChain: { family: 'arp' as 'ip', table: 't', chain: 'c' } }, /family must be/],
    [{ nothing: {} } as unknown as Statement, /is no statement/],
  ];
  for (const [statement, message] of refused) await assert.rejects(apply(table, statement), message);
  const v4: Statement = {
    addRule: { family: 'ip', table: 't', chain: 'c', expressions: [{ match: 'saddr', value: 'fd00::1' }] },
  };
  await assert.rejects(apply(v4), /not of the table's family/);
});

test('rules are listed with handles and comments, flushed and deleted one by one', async () => {
  await apply(
    { addTable: name },
    { addChain: { ...name, chain: 'c' } },
    { addRule: { ...name, chain: 'c', expressions: ['counter', 'accept'], comment: 'net:abc' } },
    { addRule: { ...name, chain: 'c', expressions: ['drop'], first: true } },
  );
  const table = await listTable(name, { namespace });
  assert.deepEqual(
    table?.rules.map(({ comment, expressions }) => [comment, expressions]),
    [
      [undefined, ['immediate']],
      ['net:abc', ['counter', 'immediate']],
    ],
  );
  assert.match(nft('list', 'ruleset'), /comment "net:abc"/);
  await apply({ deleteRule: { ...name, chain: 'c', handle: table?.rules[1]?.handle ?? 0 } });
  assert.equal((await listTable(name, { namespace }))?.rules.length, 1);
  await apply({ flush: { ...name, chain: 'c' } }, { deleteChain: { ...name, chain: 'c' } });
  nft('add', 'table', 'ip', 'somebodys');
  assert.deepEqual(await listTables({ namespace }), [name, { family: 'ip', table: 'somebodys' }]);
  nft('delete', 'table', 'ip', 'somebodys');
  await apply({ deleteTable: name });
});
