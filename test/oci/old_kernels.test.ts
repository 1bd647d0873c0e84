// Kernels that lack what newer ones have: the same program where the system calls that came after a version answer ENOSYS.
// A container runs there too, or the answer names what is missing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bundle, type Config, type Mount } from './bundle.ts';

// By the version that brought them. From number 424 on all architectures have the same numbers.
const calls: [string, Record<string, number>][] = [
  ['5.12', { mount_setattr: 442 }],
  ['5.9', { close_range: 436 }],
  ['5.8', { faccessat2: 439 }],
  ['5.6', { openat2: 437, pidfd_getfd: 438 }],
  ['5.3', { pidfd_open: 434, clone3: 435 }],
  ['5.2', { open_tree: 428, move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432, fspick: 433 }],
  ['5.1', { pidfd_send_signal: 424 }],
];

const masked = (config: Config) => {
  config.linux.maskedPaths = ['/proc/keys', '/proc/fs'];
  config.linux.readonlyPaths = ['/proc/sys'];
  config.linux.sysctl = { 'kernel.shmmni': '123' };
};
const withUser = (config: Config) => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
};

// What runs everywhere: a script, its output, and the configuration that it shows.
const everywhere: [string, string, string, (config: Config) => void][] = [
  ['a plain container', 'echo $$; hostname', '1\ncastle', (c) => Object.assign(c, { hostname: 'castle' })],
  [
    'masked and read-only paths, sysctls',
    'wc -c < /proc/keys; ls /proc/fs; cat /proc/sys/kernel/shmmni; echo 1 2>/dev/null >/proc/sys/kernel/shmmni || echo refused',
    '0\n123\nrefused',
    masked,
  ],
  [
    'a read-only root',
    'touch /x 2>/dev/null || echo refused; touch /dev/x && echo dev',
    'refused\ndev',
    (c) => Object.assign(c.root, { readonly: true }),
  ],
  [
    'bind mounts, one read-only and without set-user-ID programs',
    'cat /data/file; touch /data/x 2>/dev/null || echo refused; grep " /data " /proc/self/mountinfo | cut -d" " -f6 | cut -c1-9; cat /one; touch /data2/y; ls /data2',
    'from the host\nrefused\nro,nosuid\nfrom the host\nfile\ny',
    (c) =>
      c.mounts.push(
        { destination: '/data', source: '../data', options: ['rbind', 'ro', 'nosuid'] },
        { destination: '/one', source: '../data/file', options: ['bind', 'ro'] },
        { destination: '/data2', source: '../data', options: ['bind'] },
      ),
  ],
  [
    'tmpcopyup and propagation',
    'cat /var/kept; grep -c "shared:" /proc/self/mountinfo; touch /var/x 2>/dev/null || echo refused',
    'kept\n1\nrefused',
    (c) =>
      c.mounts.push(
        { destination: '/var', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup', 'ro'] },
        { destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['shared'] },
      ),
  ],
  [
    'cgroups',
    'ls /sys/fs/cgroup | grep -c -e pids -e cgroup.procs | sed s/[1-9].*/some/',
    'some',
    (c) =>
      c.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] }),
  ],
  ['a user namespace', 'id -u; cut -c1-24 /proc/self/uid_map | tr -s " "', '0\n 0 100000', withUser],
  [
    'hooks',
    'cat /made',
    'hook',
    (c) => Object.assign(c, { hooks: { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', 'cat >&2'] }] } }),
  ],
];

describe('system calls that are not there', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  const directory = mkdtempSync('/tmp/slipway-calls-');
  const wrapper = join(directory, 'without_calls');
  before(() => execFileSync('gcc', ['-O1', '-o', wrapper, join(import.meta.dirname, '../support/without_calls.c')]));
  after(() => rmSync(directory, { recursive: true, force: true }));

  class OldBundle extends Bundle {
    constructor(numbers: number[], script: string | string[], edit?: (config: Config) => void) {
      super(script, edit);
      this.through = [wrapper, numbers.join()];
      chmodSync(this.directory, 0o755); // without detached mounts the container's own user has to get to its root
      mkdirSync(join(this.directory, 'data'));
      writeFileSync(join(this.directory, 'data/file'), 'from the host\n');
      mkdirSync(join(this.rootfs, 'var'));
      writeFileSync(join(this.rootfs, 'var/kept'), 'kept\n');
      writeFileSync(join(this.rootfs, 'made'), 'hook\n');
    }
  }

  const gone: number[] = [];
  for (const [version, names] of calls) {
    gone.push(...Object.values(names));
    const numbers = [...gone];
    for (const [title, script, wanted, edit] of everywhere)
      test(`before ${version}: ${title}`, () => {
        using bundle = new OldBundle(numbers, script, edit);
        const { status, stdout, stderr } = bundle.run();
        assert.equal(stderr, '');
        assert.equal(stdout.trimEnd(), wanted);
        assert.equal(status, 0);
        assert.deepEqual(bundle.leftovers(), []);
      });

    test(`before ${version}: create, start, exec, kill, delete`, () => {
      using bundle = new OldBundle(numbers, ['sleep', '1000']);
      const { status, stderr } = bundle.create();
      assert.equal(status, 0, stderr);
      for (const [words, output] of [
        [['start', bundle.id], ''],
        [['exec', bundle.id, 'sh', '-c', 'echo $$ | sed s/[0-9]*/number/'], 'number\n'],
        [['kill', bundle.id, 'KILL'], ''],
        [['delete', '--force', bundle.id], ''],
      ] as [string[], string][]) {
        const did = bundle.oci(...words);
        assert.deepEqual([words[0], did.stderr, did.stdout, did.status], [words[0], '', output, 0]);
      }
      assert.deepEqual(bundle.leftovers(), []);
    });

    const mappings = [{ containerID: 0, hostID: 70000, size: 10 }];
    const refused: [string, Partial<Mount>, RegExp][] = [
      ['rro', { options: ['rbind', 'rro'] }, /rro need mount_setattr\(2\), Linux 5\.12/],
      [
        'idmap',
        { options: ['bind', 'idmap'], uidMappings: mappings, gidMappings: mappings },
        /mapping its ids needs mount_setattr\(2\), Linux 5\.12/,
      ],
    ];
    for (const [title, option, why] of refused)
      test(`before ${version}: ${title} is refused, with the version that has it`, () => {
        using bundle = new OldBundle(numbers, ['true'], (config) => {
          config.mounts.push({ destination: '/data', source: '../data', ...option });
        });
        const { status, stderr } = bundle.run();
        assert.equal(status, 1);
        assert.match(stderr, why);
        assert.deepEqual(bundle.leftovers(), []);
      });
  }

  test('the wrapper does what it says', () => {
    const numbers = calls.flatMap(([, names]) => Object.values(names)).join();
    const status = execFileSync(wrapper, [numbers, '/bin/cat', '/proc/self/status'], { encoding: 'utf8' });
    assert.match(status, /^Seccomp:\t2$/m);
  });
});
