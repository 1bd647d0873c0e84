// root, mounts, devices, masked and read-only paths: what the container finds in its file system.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bundle, type Config, type Mount, runOnce, seen } from './bundle.ts';

/** The options of what is mounted at the path, inside: those of the mount, a dash, those of the superblock. */
function mountOptions(path: string, edit: (config: Config) => void): string {
  const script = `grep " ${path} " /proc/self/mountinfo | tail -1`;
  const line = seen(script, edit);
  assert.notEqual(line, '', `nothing is mounted at ${path}`);
  const words = line.split(' ');
  return `${words[5]} ${words.slice(6, words.indexOf('-')).join(' ')} - ${words.at(-1)}`;
}

const tmpfs = (...options: string[]): Mount => ({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options });
const withMount = (mount: Mount) => (config: Config) => void config.mounts.push(mount);

for (const [option, expected] of [
  ['ro', /^ro,/],
  ['nosuid', /nosuid/],
  ['nodev', /nodev/],
  ['noexec', /noexec/],
  ['noatime', /noatime/],
  ['nodiratime', /nodiratime/],
  ['nosymfollow', /nosymfollow/],
  ['size=16k', / - .*size=16k/],
  ['mode=700', / - .*mode=700/],
  ['sync', / - .*sync/],
] as const) {
  test(`a tmpfs with ${option}`, () => {
    assert.match(mountOptions('/mnt', withMount(tmpfs(option))), expected);
  });
}

for (const [option, expected] of [
  ['shared', /shared:\d+/],
  ['rshared', /shared:\d+/],
  ['unbindable', /unbindable/],
] as const) {
  test(`a mount made ${option}`, () => {
    assert.match(mountOptions('/mnt', withMount(tmpfs(option))), expected);
  });
}

test('a bind mount shows the host’s directory, read-only if asked for', () => {
  using bundle = new Bundle('cat /data/file; echo more >/data/file; echo $?', (config) => {
    config.mounts.push({ destination: '/data', source: '../data', type: 'bind', options: ['rbind', 'ro'] });
  });
  mkdirSync(join(bundle.directory, 'data'));
  writeFileSync(join(bundle.directory, 'data/file'), 'from the host\n');
  const { stdout, stderr } = bundle.run();
  assert.equal(stdout, 'from the host\n1\n');
  assert.match(stderr, /Read-only file system/);
  assert.equal(readFileSync(join(bundle.directory, 'data/file'), 'utf8'), 'from the host\n');
});

test('a file is bound onto a file, which is made if missing', () => {
  using bundle = new Bundle(['cat', '/new/place/file'], (config) => {
    config.mounts.push({ destination: '/new/place/file', source: '../file', options: ['bind'] });
  });
  writeFileSync(join(bundle.directory, 'file'), 'content\n');
  assert.equal(bundle.run().stdout, 'content\n');
});

test('rro makes the mounts below read-only too, ro does not', () => {
  for (const [option, expected] of [
    ['ro', 'written'],
    ['rro', 'refused'],
  ] as const) {
    using bundle = new Bundle('touch /data/below/file 2>/dev/null && echo written || echo refused', (config) => {
      config.mounts.push({ destination: '/data', source: '../data', options: ['rbind', option] });
    });
    mkdirSync(join(bundle.directory, 'data/below'), { recursive: true });
    const below = join(bundle.directory, 'data/below');
    spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', below]);
    try {
      assert.equal(bundle.run().stdout.trim(), expected, option);
    } finally {
      spawnSync('umount', [below]);
    }
  }
});

test('idmap shows the files with other owners', () => {
  using bundle = new Bundle(['stat', '-c', '%u:%g', '/data/file'], (config) => {
    config.mounts.push({
      destination: '/data',
      source: '../data',
      options: ['bind', 'idmap'],
      uidMappings: [{ containerID: 0, hostID: 70000, size: 1000 }],
      gidMappings: [{ containerID: 0, hostID: 80000, size: 1000 }],
    });
  });
  mkdirSync(join(bundle.directory, 'data'));
  writeFileSync(join(bundle.directory, 'data/file'), '');
  chownSync(join(bundle.directory, 'data/file'), 5, 6);
  const { stdout, stderr } = bundle.run();
  assert.equal(stderr, '');
  assert.equal(stdout.trim(), '70005:80006');
});

test('ridmap maps the mounts below, too', () => {
  using bundle = new Bundle(['stat', '-c', '%u', '/data', '/data/below'], (config) => {
    const mappings = [{ containerID: 0, hostID: 70000, size: 1000 }];
    const ids = { uidMappings: mappings, gidMappings: mappings };
    config.mounts.push({ destination: '/data', source: '../data', options: ['rbind', 'ridmap'], ...ids });
  });
  const below = join(bundle.directory, 'data/below');
  mkdirSync(below, { recursive: true });
  spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', below]);
  try {
    const { stdout, stderr } = bundle.run();
    assert.equal(stderr, '');
    assert.equal(stdout, '70000\n70000\n');
  } finally {
    spawnSync('umount', [below]);
  }
});

test('tmpcopyup keeps what the image has there, with owners, modes and links', () => {
  using bundle = new Bundle(
    'cd /var/x; cat a/file; stat -c %a:%u a a/file; readlink link; mount | grep -c " /var/x "; stat -c %a:%u:%g /etc',
    (config) => {
      const tmpfs = { type: 'tmpfs', source: 'tmpfs' };
      config.mounts.push({ ...tmpfs, destination: '/var/x', options: ['tmpcopyup', 'ro'] });
      config.mounts.push({ ...tmpfs, destination: '/etc', options: ['tmpcopyup', 'mode=1700', 'uid=4', 'gid=5'] });
    },
  );
  const place = join(bundle.rootfs, 'var/x');
  mkdirSync(join(place, 'a'), { recursive: true });
  writeFileSync(join(place, 'a/file'), 'copied\n');
  chmodSync(join(place, 'a'), 0o711);
  chmodSync(join(place, 'a/file'), 0o4755);
  chownSync(join(place, 'a/file'), 7, 7);
  chmodSync(join(place, 'a/file'), 0o4755);
  symlinkSync('a/file', join(place, 'link'));
  const { stdout, stderr } = bundle.run();
  assert.equal(stderr, '');
  assert.deepEqual(stdout.trim().split('\n'), ['copied', '711:0', '4755:7', 'a/file', '1', '1700:4:5']);
});

test('cgroup shows the container’s own cgroups', () => {
  const listed = seen('ls /sys/fs/cgroup; touch /sys/fs/cgroup/x 2>&1', (config) => {
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] });
    config.process.args[2] = `${config.process.args[2]}; true`;
  });
  assert.match(listed, /memory|cgroup\.procs/);
  assert.match(listed, /Read-only file system/);
});

test('without a cgroup namespace a cpuset that has no limits is the caller’s, to look at', () => {
  const file = '/sys/fs/cgroup/cpuset/cpuset.cpus';
  if (!existsSync(file)) return;
  const shown = seen(`cat ${file}; echo 0 2>&1 > ${file} || true`, (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' });
  });
  assert.match(shown, /^[-,\d]+\n.*Read-only file system/);
});

test('a read-only root is one', () => {
  const { stdout } = runOnce('touch /file 2>/dev/null; echo $?; touch /dev/file; echo $?', (config) => {
    config.root.readonly = true;
  });
  assert.equal(stdout, '1\n0\n');
});

test('masked paths are empty, read-only paths can’t be written', () => {
  const script =
    'wc -c </proc/keys; ls -A /proc/fs; stat -c %t:%T /proc/keys; echo 1 2>/dev/null >/proc/sys/net/ipv4/ip_forward || echo refused';
  const inside = seen(script, (config) => {
    config.linux.maskedPaths = ['/proc/keys', '/proc/fs', '/proc/not-there'];
    config.linux.readonlyPaths = ['/proc/sys', '/proc/not-there'];
  });
  assert.deepEqual(inside.split('\n'), ['0', '1:3', 'refused']);
});

test('the default devices and links are there', () => {
  const script =
    'cd /dev; stat -c "%n %a %t:%T" null zero full random urandom tty; for l in fd stdin stdout stderr ptmx; do readlink $l; done; echo x >null; head -c 3 zero | wc -c';
  assert.deepEqual(seen(script).split('\n'), [
    'null 666 1:3',
    'zero 666 1:5',
    'full 666 1:7',
    'random 666 1:8',
    'urandom 666 1:9',
    'tty 666 5:0',
    '/proc/self/fd',
    '/proc/self/fd/0',
    '/proc/self/fd/1',
    '/proc/self/fd/2',
    'pts/ptmx',
    '3',
  ]);
});

test('devices of the configuration are made: character, block, pipe', () => {
  const inside = seen('stat -c "%F %a %u:%g %t:%T" /dev/c /dev/sub/b /dev/p', (config) => {
    config.linux.devices = [
      { path: '/dev/c', type: 'c', major: 1, minor: 3, fileMode: 0o20640, uid: 4, gid: 5 }, // as Podman: stat's mode
      { path: '/dev/sub/b', type: 'b', major: 7, minor: 300 },
      { path: '/dev/p', type: 'p', fileMode: 0o600 },
    ];
  });
  assert.deepEqual(inside.split('\n'), [
    'character special file 640 4:5 1:3',
    'block special file 666 0:0 7:12c',
    'fifo 600 0:0 0:0',
  ]);
});

test('rootfsPropagation is the root’s propagation', () => {
  for (const [propagation, expected] of [
    ['private', /^$/],
    ['shared', /shared:/],
    ['slave', /^$|master:/],
    ['unbindable', /unbindable/],
  ] as const) {
    const inside = seen('awk \'$5 == "/" { print $7 }\' /proc/self/mountinfo', (config) => {
      config.linux.rootfsPropagation = propagation;
    });
    assert.match(inside.replace(/^-$/, ''), expected, propagation);
  }
});

test('a mount that can’t be made names its place in the list and leaves nothing', () => {
  for (const [mount, message] of [
    [
      { destination: '/x', source: '/not/there', options: ['bind'] },
      /mounts\[4\] \(\/x\): open '\/not\/there': No such file/,
    ],
    [
      { destination: '/x', type: 'nofs', source: 'x' },
      /mounts\[4\] \(\/x\): mount 'nofs': the kernel has no such file system/,
    ],
    [{ destination: '/x', type: 'tmpfs', options: ['nonsense'] }, /mounts\[4\] \(\/x\).*option nonsense/],
    [{ destination: '/bin/busybox', source: '/tmp', options: ['bind'] }, /mounts\[4\] .*mount a directory on a file/],
    [{ destination: '/x', source: '/tmp', options: ['bind', 'idmap'] }, /mounts\[4\] .*idmap needs uidMappings/],
    [{ destination: '/proc/version', source: '/etc/hostname', options: ['bind'] }, /mounts\[4\] .*lies in \/proc/],
  ] as [Mount, RegExp][]) {
    using bundle = new Bundle(['true'], withMount(mount));
    const { status, stderr } = bundle.run();
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.deepEqual(bundle.leftovers(), []);
  }
});

test('links in the image lead nowhere outside', () => {
  using bundle = new Bundle('ls -d /target/made/here && cat /etc/file', (config) => {
    config.mounts.push(
      { destination: '/evil/made/here', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/etc/file', source: '../file', options: ['bind'] },
    );
  });
  writeFileSync(join(bundle.directory, 'file'), 'bound\n');
  symlinkSync('/../../../../target', join(bundle.rootfs, 'evil'));
  const { stdout, stderr } = bundle.run();
  assert.equal(stderr, '');
  assert.equal(stdout, '/target/made/here\nbound\n');
  assert.ok(!existsSync('/target'));
  assert.ok(statSync(join(bundle.rootfs, 'target/made/here')).isDirectory());
});
