// linux.namespaces and what hangs on them: each new one differs from the host's, each joined one is the one joined.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { Bundle, seen } from './bundle.ts';

const files: Record<string, string> = { network: 'net', mount: 'mnt' };
/** Prints the caller's own namespaces, one per line. */
const readlinks = (names: string[]): string[] => [
  'sh',
  '-c',
  names.map((name) => `readlink /proc/self/ns/${name}`).join('; '),
];
const fileOf = (type: string): string => files[type] ?? type;

for (const type of ['pid', 'network', 'mount', 'uts', 'ipc', 'cgroup', 'time', 'user']) {
  test(`a new ${type} namespace is not the host's`, () => {
    const inside = seen(['readlink', `/proc/self/ns/${fileOf(type)}`], (config) => {
      if (type === 'time') config.linux.namespaces.push({ type });
      if (type === 'user') {
        config.linux.namespaces.push({ type });
        config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
        config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
      }
    });
    assert.match(inside, new RegExp(`^${fileOf(type)}:\\[\\d+\\]$`));
    assert.notEqual(inside, readlinkSync(`/proc/self/ns/${fileOf(type)}`));
  });
}

test('namespaces that are not listed are shared with the host', () => {
  const inside = seen(readlinks(['net', 'uts', 'ipc']), (config) => {
    config.linux.namespaces = ['pid', 'mount'].map((type) => ({ type }));
    config.mounts = config.mounts.filter((mount) => mount.type !== 'sysfs');
  });
  assert.deepEqual(
    inside.split('\n'),
    ['net', 'uts', 'ipc'].map((name) => readlinkSync(`/proc/self/ns/${name}`)),
  );
});

/** A process that keeps namespaces alive for others to join. */
class Holder implements Disposable {
  readonly process: ChildProcess;
  constructor(flags: string[]) {
    this.process = spawn('unshare', ['--fork', '--kill-child', ...flags, 'sleep', '1000'], { stdio: 'ignore' });
  }
  /** The pid of the process in the namespaces, once it is there. */
  async pid(): Promise<number> {
    for (;;) {
      const { stdout } = spawnSync('pgrep', ['-P', String(this.process.pid), 'sleep'], { encoding: 'utf8' });
      if (stdout.trim() !== '') return Number(stdout.trim());
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  [Symbol.dispose](): void {
    this.process.kill('SIGKILL');
  }
}

test('namespaces are joined by path', async () => {
  using holder = new Holder(['--net', '--uts', '--ipc', '--pid', '--cgroup', '--time']);
  const pid = await holder.pid();
  const joined = ['network', 'uts', 'ipc', 'pid', 'cgroup', 'time'];
  const names = joined.map(fileOf);
  const inside = seen(readlinks(names), (config) => {
    config.linux.namespaces = [
      { type: 'mount' },
      ...joined.map((type) => ({ type, path: `/proc/${pid}/ns/${fileOf(type)}` })),
    ];
  });
  assert.deepEqual(
    inside.split('\n'),
    names.map((name) => readlinkSync(`/proc/${pid}/ns/${name}`)),
  );
});

test('a user namespace is joined by path, and what is new belongs to it', async () => {
  using holder = new Holder(['--user', '--map-root-user']);
  const pid = await holder.pid();
  const inside = seen('readlink /proc/self/ns/user; id -u; hostname joined; hostname', (config) => {
    config.linux.namespaces = [
      ...['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      { type: 'user', path: `/proc/${pid}/ns/user` },
    ];
    for (const set of Object.values(config.process.capabilities ?? {})) set.push('CAP_SYS_ADMIN');
  });
  assert.deepEqual(inside.split('\n'), [readlinkSync(`/proc/${pid}/ns/user`), '0', 'joined']);
});

test('a path that is no namespace, or another one, is refused by its field', () => {
  for (const [path, why] of [
    ['/dev/null', 'is no namespace'],
    ['/proc/self/ns/uts', 'is a namespace of another type'],
    ['/nowhere', 'No such file or directory'],
  ] as const) {
    using bundle = new Bundle(['true'], (config) => {
      config.linux.namespaces = [{ type: 'pid' }, { type: 'mount' }, { type: 'network', path }];
    });
    const { status, stderr } = bundle.run();
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`linux\\.namespaces \\(network\\).*${why}`));
    assert.deepEqual(bundle.leftovers(), []);
  }
});

test('user ids are mapped as asked, files of unmapped ids belong to nobody', () => {
  const inside = seen('cat /proc/self/uid_map /proc/self/gid_map; id -u; stat -c %u /bin/busybox', (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [
      { containerID: 0, hostID: 100000, size: 1000 },
      { containerID: 5000, hostID: 200000, size: 10 },
    ];
    config.linux.gidMappings = [{ containerID: 0, hostID: 300000, size: 100 }];
  });
  const lines = inside.split('\n').map((line) => line.trim().split(/\s+/).join(' '));
  assert.deepEqual(lines, ['0 100000 1000', '5000 200000 10', '0 300000 100', '0', '65534']);
});

test('time offsets shift the clocks', () => {
  const uptime = Number(
    seen('cut -d. -f1 /proc/uptime', (config) => {
      config.linux.namespaces.push({ type: 'time' });
      config.linux.timeOffsets = { boottime: { secs: 1_000_000_000 }, monotonic: { secs: 5, nanosecs: 7 } };
    }),
  );
  assert.ok(uptime >= 1_000_000_000, `uptime is ${uptime}`);
  const offsets = seen('tr -s " " < /proc/self/timens_offsets', (config) => {
    config.linux.namespaces.push({ type: 'time' });
    config.linux.timeOffsets = { boottime: { secs: 3, nanosecs: 4 }, monotonic: { secs: 5, nanosecs: 7 } };
  });
  assert.deepEqual(offsets.split('\n'), ['monotonic 5 7', 'boottime 3 4']);
});

test('hostname and domainname are the container’s', () => {
  const inside = seen('hostname; cat /proc/sys/kernel/domainname', (config) => {
    config.hostname = 'harbour';
    config.domainname = 'example.org';
  });
  assert.equal(inside, 'harbour\nexample.org');
});

test('a new network namespace has its loopback up', () => {
  assert.match(seen(['ip', 'address', 'show', 'lo']), /UP/);
});

test('exec joins all of the container’s namespaces', () => {
  using bundle = new Bundle(['sleep', '1000'], (config) => {
    config.linux.namespaces.push({ type: 'time' }, { type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  });
  assert.equal(bundle.create().status, 0);
  assert.equal(bundle.oci('start', bundle.id).status, 0);
  const { pid } = bundle.state();
  const names = ['pid', 'net', 'mnt', 'uts', 'ipc', 'cgroup', 'time', 'user'];
  const { stdout, stderr } = bundle.oci('exec', bundle.id, ...readlinks(names));
  assert.equal(stderr, '');
  assert.deepEqual(
    stdout.trim().split('\n'),
    names.map((name) => readlinkSync(`/proc/${pid}/ns/${name}`)),
  );
});
