// linux.netDevices: interfaces of the host that become the container's, with name and addresses.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { Bundle, type Config } from './bundle.ts';

// One end of a veth pair; no other interface can be made everywhere.
class Interface implements Disposable {
  static #count = 0;
  readonly name = `sl${process.pid % 10_000}n${Interface.#count++}`;
  readonly peer = `${this.name}p`;
  constructor() {
    const ip = (...words: string[]) => execFileSync('ip', words);
    ip('link', 'add', this.name, 'type', 'veth', 'peer', 'name', this.peer);
    ip('address', 'add', '192.0.2.7/24', 'dev', this.name);
    ip('-6', 'address', 'add', '2001:db8::7/64', 'dev', this.name, 'nodad');
    ip('link', 'set', this.name, 'mtu', '1300', 'up');
  }
  isHere(): boolean {
    return spawnSync('ip', ['link', 'show', this.name]).status === 0;
  }
  [Symbol.dispose](): void {
    spawnSync('ip', ['link', 'delete', this.peer]);
  }
}

describe('network devices', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  const script = 'cat /sys/class/net/$0/mtu; ip address show $0 | grep -o "inet6* [^ ]*"';
  for (const [title, name] of [
    ['with its own name', undefined],
    ['under another name', 'quay0'],
  ] as const)
    test(`an interface moves into the container ${title}`, () => {
      using device = new Interface();
      const given = name ?? device.name;
      using bundle = new Bundle(['sh', '-c', script, given], (config) => {
        config.linux.netDevices = { [device.name]: name === undefined ? {} : { name } };
      });
      const { stdout, stderr } = bundle.run();
      assert.equal(stderr, '');
      const lines = stdout.trim().split('\n');
      assert.equal(lines[0], '1300');
      assert.ok(lines.includes('inet 192.0.2.7/24'), stdout);
      assert.ok(lines.includes('inet6 2001:db8::7/64'), stdout);
      assert.equal(device.isHere(), false);
    });

  const wrong: [string, RegExp, (config: Config, device: string) => void][] = [
    [
      'an interface that is not there',
      /linux\.netDevices/,
      (c) => Object.assign(c.linux, { netDevices: { none0: {} } }),
    ],
    [
      'no network namespace of its own',
      /linux\.netDevices/,
      (c, device) => {
        c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'network');
        c.mounts = c.mounts.filter(({ type }) => type !== 'sysfs');
        c.linux.netDevices = { [device]: {} };
      },
    ],
  ];
  for (const [title, words, edit] of wrong)
    test(`${title} is refused, and nothing is moved`, () => {
      using device = new Interface();
      using bundle = new Bundle(['true'], (config) => edit(config, device.name));
      const { status, stderr } = bundle.run();
      assert.equal(status, 1);
      assert.match(stderr, words);
      assert.equal(device.isHere(), true);
      assert.deepEqual(bundle.leftovers(), []);
    });
});
