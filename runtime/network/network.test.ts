import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isEngineError } from '../protocol/errors.ts';
import { encodeAnswer, parseQuestion, recordTypes, reverseAddress } from './dns_message.ts';
import { formatAddress, isUsable, overlaps, parseAddress, parseSubnet } from './ip.ts';
import { AddressSpace, chooseSubnet, completePool } from './ipam.ts';
import { fromPortMap, portWishes, toPortMap } from './port_map.ts';
import { formatResolvConf, parseResolvConf } from './resolv_conf.ts';

const kind = (expected: string) => (error: unknown) => isEngineError(error) && error.kind === expected;

describe('addresses', () => {
  for (const text of [
    '0.0.0.0',
    '255.255.255.255',
    '10.0.0.1',
    '::',
    '::1',
    '2001:db8::1',
    'fd00:1:2:3::',
    '1:0:0:2::3',
    'fe80::1:0:0:1',
  ])
    test(`${text} survives`, () => {
      const { family, value } = parseAddress(text);
      assert.equal(formatAddress(family, value), text);
    });

  test('networks overlap or not', () => {
    assert.equal(overlaps(parseSubnet('10.0.0.0/8'), parseSubnet('10.9.0.0/16')), true);
    assert.equal(overlaps(parseSubnet('10.0.0.0/16'), parseSubnet('10.1.0.0/16')), false);
    assert.equal(overlaps(parseSubnet('0.0.0.0/0'), parseSubnet('::/0')), false);
    assert.equal(isUsable(parseSubnet('10.0.0.0/24'), parseAddress('10.0.0.255').value), false);
    assert.equal(isUsable(parseSubnet('10.0.0.0/31'), parseAddress('10.0.0.1').value), true);
    for (const bad of ['10.0.0.0', '10.0.0.0/33', 'x/8', '10.0.0.0/', '::/129']) assert.throws(() => parseSubnet(bad));
  });
});

describe('address management', () => {
  const pools = [{ base: '172.17.0.0/12', size: 16 }];

  test('the first free subnet, past what is taken', () => {
    const taken = [parseSubnet('172.17.0.0/16'), parseSubnet('172.18.5.0/24')];
    assert.equal(formatAddress(4, chooseSubnet(pools, taken).base), '172.19.0.0');
    assert.throws(() => chooseSubnet(pools, [parseSubnet('172.16.0.0/12')]), kind('ResourceExhausted'));
  });

  test('what is asked for is checked', () => {
    assert.deepEqual(completePool({ Subnet: '10.1.2.0/24', Gateway: '10.1.2.254' }, []), {
      Subnet: '10.1.2.0/24',
      Gateway: '10.1.2.254',
    });
    assert.throws(() => completePool({ Subnet: '10.1.2.0/24', Gateway: '10.1.3.1' }, []), kind('InvalidArgument'));
    for (const wrong of [{ Subnet: '10.1.2.3/24' }, { Subnet: '10.1.2.0/24', IPRange: '10.1.2.1/25' }])
      assert.throws(() => completePool(wrong, []), kind('InvalidArgument'));
    assert.throws(() => completePool({ Subnet: '10.1.2.0/24', IPRange: '10.0.0.0/8' }, []), kind('InvalidArgument'));
    assert.throws(() => completePool({ Subnet: '10.1.2.0/24' }, [parseSubnet('10.1.0.0/16')]), kind('Conflict'));
  });

  test('gives out, takes back, and runs out', () => {
    const space = new AddressSpace({
      Subnet: '10.0.0.0/29',
      Gateway: '10.0.0.1',
      AuxiliaryAddresses: { router: '10.0.0.3' },
    });
    const given = [space.allocate(), space.allocate()].map((value) => formatAddress(4, value));
    assert.deepEqual(given, ['10.0.0.2', '10.0.0.4']);
    assert.throws(() => space.claim('10.0.0.4'), kind('Conflict'));
    assert.throws(() => space.claim('10.0.1.4'), kind('InvalidArgument'));
    space.claim('10.0.0.6');
    assert.equal(formatAddress(4, space.allocate()), '10.0.0.5');
    assert.throws(() => space.allocate(), kind('ResourceExhausted'));
    space.release(parseAddress('10.0.0.2').value);
    assert.equal(formatAddress(4, space.allocate()), '10.0.0.2');
  });

  test('keeps to the range', () => {
    const space = new AddressSpace({ Subnet: '10.0.0.0/16', Gateway: '10.0.0.1', IPRange: '10.0.5.0/30' });
    assert.deepEqual(
      [1, 2, 3, 4].map(() => formatAddress(4, space.allocate())),
      ['10.0.5.0', '10.0.5.1', '10.0.5.2', '10.0.5.3'],
    );
  });
});

describe('port maps', () => {
  test('from wishes to what inspect shows and back', () => {
    const wishes = portWishes(
      { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
      ['90/tcp'],
      false,
    );
    assert.deepEqual(
      wishes.map(({ containerPort, hostPorts }) => [containerPort, hostPorts]),
      [
        [80, [8080, 8080]],
        [53, undefined],
      ],
    );
    const held = [
      { protocol: 'tcp', containerPort: 80, hostAddress: '', hostPort: 8080 },
      { protocol: 'udp', containerPort: 53, hostAddress: '127.0.0.1', hostPort: 40000 },
    ] as const;
    const map = toPortMap(held, ['90/tcp']);
    assert.deepEqual(map, {
      '90/tcp': null,
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '8080' },
        { HostIp: '::', HostPort: '8080' },
      ],
      '53/udp': [{ HostIp: '127.0.0.1', HostPort: '40000' }],
    });
    assert.deepEqual(fromPortMap(map), held);
  });

  test('publish-all takes ranges and leaves explicit ones', () => {
    const wishes = portWishes({ '8001/tcp': [{ HostPort: '1' }] }, ['8000-8002/tcp'], true);
    assert.deepEqual(
      wishes.map(({ containerPort }) => containerPort),
      [8001, 8000, 8002],
    );
  });

  test('nonsense is refused', () => {
    for (const map of [
      { '0/tcp': [] },
      { '80/foo': [] },
      { '80/tcp': [{ HostPort: '70000' }] },
      { '80/tcp': [{ HostPort: '9-8' }] },
      { '80/tcp': [{ HostIp: 'host' }] },
    ])
      assert.throws(() => portWishes(map, [], false), kind('InvalidArgument'), JSON.stringify(map));
  });
});

describe('names', () => {
  const query = (name: string, type: number) => {
    const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
    return Buffer.concat([
      Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      ...labels,
      Buffer.from([0, 0, type, 0, 1]),
    ]);
  };

  test('a question and its answer', () => {
    const question = parseQuestion(query('Web.Net', recordTypes.A));
    assert.ok(question);
    assert.equal(question.name, 'web.net');
    const answer = encodeAnswer(question, ['10.0.0.2', 'fd00::1']);
    assert.equal(answer.readUInt16BE(0), 0x1234);
    assert.equal(answer.readUInt16BE(6), 1);
    assert.deepEqual([...answer.subarray(-4)], [10, 0, 0, 2]);
  });

  test('what is no question is left alone', () => {
    for (const bad of [
      Buffer.alloc(0),
      Buffer.alloc(12),
      Buffer.alloc(600, 0xff),
      query('a', 1).subarray(0, 15),
      Buffer.concat([query('a', 1).subarray(0, 12), Buffer.from([0xc0, 0x0c, 0, 1, 0, 1])]),
    ])
      assert.equal(parseQuestion(bad), undefined);
  });

  test('reverse names', () => {
    assert.equal(reverseAddress('2.0.17.172.in-addr.arpa'), '172.17.0.2');
    assert.equal(reverseAddress(`1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`), 'fd00::1');
    assert.equal(reverseAddress('example.com'), undefined);
  });

  test('resolv.conf', () => {
    const settings = parseResolvConf('# c\nnameserver 1.1.1.1\nsearch a b\noptions ndots:2 rotate\n');
    assert.deepEqual(settings, { servers: ['1.1.1.1'], search: ['a', 'b'], options: ['ndots:2', 'rotate'] });
    assert.equal(formatResolvConf({ ...settings, search: ['.'] }), 'nameserver 1.1.1.1\noptions ndots:2 rotate\n');
  });
});
