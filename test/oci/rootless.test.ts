// slipway-oci as an ordinary user runs it: no root anywhere, one mapped id or the subordinate ones, no cgroup of its own.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bundle, type Config, program } from './bundle.ts';

const user = 'slipway-oci-user';

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'a user is made by root';
  for (const name of ['newuidmap', 'useradd', 'setpriv'])
    if (spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0) return `there is no ${name}`;
  const { status } = spawnSync('setpriv', ['--reuid', '65534', '--clear-groups', 'test', '-x', program]);
  return status === 0 ? undefined : `other users can not execute ${program}`;
}

describe('slipway-oci of an ordinary user', { skip: whyNot() ?? false, timeout: 120_000 }, () => {
  let uid = 0;
  let gid = 0;
  let subordinate = 0;
  let through: string[] = [];
  before(() => {
    spawnSync('userdel', ['--remove', user], { stdio: 'ignore' });
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', user]);
    uid = Number(execFileSync('id', ['-u', user]));
    gid = Number(execFileSync('id', ['-g', user]));
    subordinate = Number(new RegExp(`^${user}:(\\d+):`, 'm').exec(readFileSync('/etc/subuid', 'utf8'))?.[1]);
    through = ['setpriv', '--reuid', user, '--regid', user, '--clear-groups'];
  });
  after(() => execFileSync('userdel', ['--force', '--remove', user], { stdio: 'ignore' }));

  /** A bundle that belongs to the user. Its configuration is what `spec --rootless` writes, edited. */
  class UserBundle extends Bundle {
    constructor(script: string | string[], edit: (config: Config) => void = () => {}) {
      super(script);
      const { args } = this.config.process;
      this.through = through;
      rmSync(join(this.path, 'config.json'));
      execFileSync('chown', ['-R', `${user}:`, this.directory]);
      const { status, stderr } = this.oci('spec', '--rootless', '--bundle', this.path);
      assert.equal(status, 0, stderr);
      Object.assign(this.config, JSON.parse(readFileSync(join(this.path, 'config.json'), 'utf8')));
      Object.assign(this.config.process, { args, terminal: false });
      edit(this.config);
      this.write();
    }
  }
  const manyIds = (config: Config) => {
    for (const [field, own] of [
      ['uidMappings', uid],
      ['gidMappings', gid],
    ] as const)
      config.linux[field] = [
        { containerID: 0, hostID: own, size: 1 },
        { containerID: 1, hostID: subordinate, size: 65535 },
      ];
    config.root.readonly = false;
    const capabilities = ['CAP_CHOWN', 'CAP_SETUID', 'CAP_SETGID', 'CAP_FOWNER'];
    config.process.capabilities = { bounding: capabilities, effective: capabilities, permitted: capabilities };
  };
  const writable = (config: Config) => Object.assign(config.root, { readonly: false });
  const network = (config: Config) => {
    config.linux.namespaces.push({ type: 'network' });
    config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
  };

  const map = 'tr -s " " < /proc/self/uid_map';
  const shows: [string, string, (config: Config) => void, () => string][] = [
    ['spec --rootless maps the user to root', `id -u; id -g; ${map}`, () => {}, () => `0\n0\n 0 ${uid} 1`],
    [
      'subordinate ids become the other ids',
      `${map}; touch /new && chown 7:8 /new && stat -c %u:%g /new`,
      manyIds,
      () => ` 0 ${uid} 1\n 1 ${subordinate} 65535\n7:8`,
    ],
    [
      'another user than root, with groups, among the subordinate ones',
      'id -u; id -g; id -G',
      (config) => {
        manyIds(config);
        config.process.user = { uid: 5, gid: 6, additionalGids: [7, 8] };
      },
      () => '5\n6\n6 7 8',
    ],
    [
      'what root in the container makes is the user’s',
      'touch /made; stat -c %u /made; touch /proc/sys/kernel/x 2>/dev/null || echo refused',
      writable,
      () => '0\nrefused',
    ],
    [
      'devices are the machine’s, and can be used',
      'stat -c %t:%T /dev/null /dev/urandom; echo x > /dev/null; head -c 3 /dev/zero | wc -c',
      () => {},
      () => '1:3\n1:9\n3',
    ],
    [
      'a terminal',
      'tty; [ -c /dev/console ] && echo console',
      (config) => Object.assign(config.process, { terminal: true }),
      () => '/dev/pts/0\r\nconsole\r',
    ],
    [
      'a network namespace of its own, with its sysctls',
      'cat /proc/sys/net/ipv4/ip_forward; ip address show lo | grep -o -m1 LOOPBACK,UP',
      network,
      () => '1\nLOOPBACK,UP',
    ],
    [
      'a directory of the user’s, read-only',
      'cat /data/file; touch /data/x 2>/dev/null || echo refused',
      (config) => config.mounts.push({ destination: '/data', source: '../data', options: ['rbind', 'ro'] }),
      () => 'of the user\nrefused',
    ],
    [
      'masked paths and an own tmpfs',
      'wc -c < /proc/keys; mount | grep -c "tmpfs on /mnt"',
      (config) => config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['size=64k'] }),
      () => '0\n1',
    ],
    [
      'its cgroup is the caller’s, as there is no other',
      'grep -q :: /proc/self/cgroup && echo there',
      () => {},
      () => 'there',
    ],
  ];
  for (const [title, script, edit, wanted] of shows)
    test(title, () => {
      using bundle = new UserBundle(script, edit);
      mkdirSync(join(bundle.directory, 'data'));
      writeFileSync(join(bundle.directory, 'data/file'), 'of the user\n');
      const { status, stdout, stderr } = bundle.run();
      assert.equal(stderr, '');
      assert.equal(stdout.trimEnd(), wanted().trimEnd());
      assert.equal(status, 0);
      assert.deepEqual(bundle.leftovers(), []);
    });

  for (const [title, edit] of [
    ['one id', () => {}],
    ['many ids', manyIds],
  ] as const)
    test(`create, state, start, exec, kill and delete with ${title}`, () => {
      using bundle = new UserBundle(['sleep', '1000'], edit);
      const created = bundle.create();
      assert.equal(created.status, 0, created.stderr);
      const { pid, status } = bundle.state();
      assert.equal(status, 'created');
      assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`^Uid:\\t${uid}\\t`, 'm'));
      for (const [words, output] of [
        [['start', bundle.id], ''],
        [['exec', bundle.id, 'sh', '-c', 'id -u; readlink /proc/self/ns/user'], `0\n${namespaceOf(pid)}\n`],
        [['exec', '--env', 'A=b', '--cwd', '/tmp', bundle.id, 'sh', '-c', 'echo $A; pwd'], 'b\n/tmp\n'],
        [['exec', '--tty', bundle.id, 'tty'], '/dev/pts/0\r\n'],
      ] as [string[], string][]) {
        const did = bundle.oci(...words);
        assert.deepEqual([words[0], did.stderr, did.stdout, did.status], [words[0], '', output, 0]);
      }
      const other = bundle.oci('exec', '--user', '5:6', bundle.id, 'id');
      if (title === 'many ids') assert.equal(other.stdout, 'uid=5 gid=6\n', other.stderr);
      else assert.match(other.stderr, /process\.user\.[ug]id|5:6/);
      assert.equal(bundle.oci('kill', bundle.id, 'KILL').stderr, '');
      while (bundle.state().status !== 'stopped');
      assert.equal(bundle.oci('delete', bundle.id).stderr, '');
      assert.deepEqual(bundle.leftovers(), []);
    });

  test('limits that need a cgroup are refused by their field, with the way out', () => {
    for (const [field, resources] of [
      ['memory.limit', { memory: { limit: 1 << 26 } }],
      ['cpu.quota', { cpu: { quota: 50_000 } }],
      ['pids.limit', { pids: { limit: 7 } }],
    ] as const) {
      using bundle = new UserBundle(['true'], (config) => Object.assign(config.linux, { resources }));
      const { status, stderr } = bundle.run();
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`linux\\.resources\\.${field}: .*delegated to this user`));
      assert.deepEqual(bundle.leftovers(), []);
    }
  });

  test('what a user may not have is refused in one line', () => {
    for (const [edit, words] of [
      [(c: Config) => Object.assign(c.process.user, { uid: 5 }), /process\.user\.uid/],
      [(c: Config) => Object.assign(c.process.user, { additionalGids: [5] }), /process\.user\.additionalGids/],
      [
        (c: Config) => Object.assign(c.linux, { uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] }),
        /linux\.uidMappings: newuidmap/,
      ],
      [(c: Config) => Object.assign(c.linux, { sysctl: { 'vm.swappiness': '1' } }), /linux\.sysctl\.vm\.swappiness/],
      [
        (c: Config) => Object.assign(c.linux, { devices: [{ path: '/dev/x', type: 'c', major: 1, minor: 3 }] }),
        /linux\.devices\[0\].*\/dev\/x/,
      ],
    ] as const) {
      using bundle = new UserBundle(['true'], edit);
      const { status, stderr } = bundle.run();
      assert.equal(status, 1, String(words));
      assert.match(stderr, words);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.deepEqual(bundle.leftovers(), []);
    }
  });

  // Podman calls its runtime as the root of the user's namespace.
  for (const [whose, before, own] of [
    ['the user', [], () => uid],
    ['the root of the user’s namespace', ['unshare', '--map-root-user'], () => 0],
  ] as const)
    test(`without --root the state of ${whose} is in XDG_RUNTIME_DIR`, () => {
      using bundle = new UserBundle(['true'], (config) => {
        for (const field of ['uidMappings', 'gidMappings'] as const)
          config.linux[field] = [{ containerID: 0, hostID: own(), size: 1 }];
      });
      const runtime = mkdtempSync('/tmp/slipway-runtime-dir-');
      try {
        chmodSync(runtime, 0o700);
        execFileSync('chown', [`${user}:`, runtime]);
        const [file = '', ...words] = [...through, ...before, program, 'run', '--bundle', bundle.path, bundle.id];
        const env = { ...process.env, USER: user, XDG_RUNTIME_DIR: runtime };
        const { status, stderr } = spawnSync(file, words, { encoding: 'utf8', env });
        assert.equal(stderr, '');
        assert.equal(status, 0);
        assert.ok(existsSync(join(runtime, 'slipway-oci')));
      } finally {
        rmSync(runtime, { recursive: true });
      }
    });

  const namespaceOf = (pid: number) => execFileSync('readlink', [`/proc/${pid}/ns/user`], { encoding: 'utf8' }).trim();
});
