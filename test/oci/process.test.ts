// process: what the container's program has, as the program itself sees it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bundle, type Config, runOnce, seen } from './bundle.ts';

const process_ = (part: Partial<Config['process']>) => (config: Config) => void Object.assign(config.process, part);

test('user, group, additional groups and umask', () => {
  const inside = seen(
    'id -u; id -g; id -G; umask',
    process_({ user: { uid: 12, gid: 34, umask: 0o27, additionalGids: [5, 6] } }),
  );
  assert.deepEqual(inside.split('\n'), ['12', '34', '34 5 6', '0027']);
});

test('arguments, environment and working directory', () => {
  const inside = seen(['sh', '-c', 'pwd; echo "$0 $1 $A"', 'zero', 'one two'], (config) => {
    config.process.cwd = '/made/on/demand';
    config.process.env.push('A=b c');
  });
  assert.equal(inside, '/made/on/demand\nzero one two b c');
});

test('HOME comes from the container’s /etc/passwd, if nobody set it', () => {
  using bundle = new Bundle('echo $HOME', process_({ user: { uid: 7, gid: 7 } }));
  writeFileSync(
    join(bundle.rootfs, 'etc/passwd'),
    'bad line\nx:x:4294967303:0::/wrapped:\nuser:x:7:7::/home/user:/bin/sh\n',
  );
  assert.equal(bundle.run().stdout, '/home/user\n');
  bundle.config.process.env.push('HOME=/else');
  bundle.write();
  assert.equal(bundle.run().stdout, '/else\n');
});

const capability = (name: string): string => `grep ${name} /proc/self/status | cut -f2`;

test('the five capability sets', () => {
  const sets = {
    bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETUID'],
    effective: ['CAP_KILL'],
    permitted: ['CAP_KILL', 'CAP_CHOWN'],
  };
  const user = { user: { uid: 5, gid: 5 } };
  const inside = seen(
    ['sh', '-c', ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(capability).join('; ')],
    process_({ ...user, capabilities: { ...sets, inheritable: ['CAP_KILL'], ambient: ['CAP_KILL'] } }),
  );
  // For another user than root only ambient capabilities outlive the execution of a program.
  assert.deepEqual(
    inside.split('\n').map((hex) => Number.parseInt(hex, 16)),
    [1 << 5, 1 << 5, 1 << 5, (1 << 0) | (1 << 5) | (1 << 7), 1 << 5],
  );
});

test('root has what the bounding set leaves, and nothing without capabilities', () => {
  const sets = { bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'], permitted: ['CAP_CHOWN'] };
  assert.equal(Number.parseInt(seen(capability('CapEff'), process_({ capabilities: sets })), 16), 1);
  assert.equal(Number.parseInt(seen(capability('CapBnd'), process_({ capabilities: {} })), 16), 0);
});

test('an unknown capability is a warning', () => {
  const { status, stderr } = runOnce(['true'], (config) => config.process.capabilities?.bounding?.push('CAP_FLY'));
  assert.equal(status, 0);
  assert.match(stderr, /level=warning.*CAP_FLY/);
});

test('resource limits', () => {
  const rlimits = [
    { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 },
    { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
  ];
  const inside = seen('ulimit -Sn; ulimit -Hn; ulimit -c', process_({ rlimits }));
  assert.equal(inside, '100\n200\n0');
});

test('noNewPrivileges', () => {
  const line = 'grep NoNewPrivs /proc/self/status | cut -f2';
  assert.equal(seen(line, process_({ noNewPrivileges: true })), '1');
  assert.equal(seen(line, process_({ noNewPrivileges: false })), '0');
});

test('oomScoreAdj', () => {
  assert.equal(seen(['cat', '/proc/self/oom_score_adj'], process_({ oomScoreAdj: 345 })), '345');
  const withUserNamespace = (config: Config): void => {
    config.process.oomScoreAdj = 346;
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  };
  assert.equal(seen(['cat', '/proc/self/oom_score_adj'], withUserNamespace), '346');
});

test('scheduler and I/O priority', () => {
  const scheduler = { policy: 'SCHED_BATCH', nice: 7 };
  const ioPriority = { class: 'IOPRIO_CLASS_IDLE', priority: 0 };
  // Fields 19 (nice) and 41 (policy) of /proc/PID/stat.
  const inside = seen('cut -d" " -f19,41 /proc/self/stat; ionice -p $$', process_({ scheduler, ioPriority }));
  assert.equal(inside, '7 3\nidle');
});

const schedulers: [string, Record<string, unknown>, RegExp][] = [
  ['real time', { policy: 'SCHED_RR', priority: 5 }, /SCHED_RR\n.*priority: 5\n/],
  [
    'first in, first out',
    { policy: 'SCHED_FIFO', priority: 7, flags: ['SCHED_FLAG_RESET_ON_FORK'] },
    /SCHED_FIFO\|SCHED_RESET_ON_FORK\n.*priority: 7\n/,
  ],
  ['idle', { policy: 'SCHED_IDLE' }, /SCHED_IDLE/],
  [
    'deadline',
    { policy: 'SCHED_DEADLINE', runtime: 10_000_000, deadline: 20_000_000, period: 30_000_000 },
    /SCHED_DEADLINE[\s\S]*: 10000000\/20000000\/30000000/,
  ],
];
for (const [title, scheduler, wanted] of schedulers)
  test(`a scheduler: ${title}`, () => {
    using bundle = new Bundle(['sleep', '1000'], (config) => {
      config.process.scheduler = scheduler;
      // Where the kernel shares real time out to groups, a new one has none.
      if (existsSync('/sys/fs/cgroup/cpu/cpu.rt_runtime_us'))
        config.linux.resources = { cpu: { realtimeRuntime: 1000, realtimePeriod: 500_000 } };
    });
    assert.equal(bundle.create().stderr, '');
    assert.equal(bundle.oci('start', bundle.id).stderr, '');
    const { stdout } = spawnSync('chrt', ['-p', String(bundle.state().pid)], { encoding: 'utf8' });
    assert.match(stdout, wanted);
  });

test('sysctls of the container’s namespaces', () => {
  const inside = seen('cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward', (config) => {
    config.linux.sysctl = { 'kernel.shmmni': '123', 'net/ipv4/ip_forward': '1' };
  });
  assert.equal(inside, '123\n1');
});

test('personality', () => {
  assert.equal(
    seen(['uname', '-m'], (config) => {
      config.linux.personality = { domain: 'LINUX32' };
    }),
    'i686',
  );
});

test('memoryPolicy', () => {
  const policy = seen(['sh', '-c', 'head -1 /proc/self/numa_maps'], (config) => {
    config.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] };
  });
  assert.match(policy, /bind=static:0/);
});

test('a terminal of the size asked for', () => {
  const { status, stdout } = runOnce('tty; stty size; test -c /dev/console && echo console', (config) => {
    config.process.terminal = true;
    config.process.consoleSize = { height: 33, width: 99 };
  });
  assert.equal(status, 0);
  assert.deepEqual(stdout.trim().split('\r\n'), ['/dev/pts/0', '33 99', 'console']);
});

test('the exit code is the program’s, or 128 and its signal', () => {
  assert.equal(runOnce('exit 42').status, 42);
  // In its own pid namespace the first process takes no signal from itself; a child can die of one.
  assert.equal(runOnce('sh -c "kill -9 \\$\\$"; exit $?').status, 137);
});

test('only standard streams reach the program', () => {
  assert.deepEqual(seen('ls /proc/$$/fd; true').split('\n'), ['0', '1', '2']);
});

test('PATH is searched inside the container', () => {
  using bundle = new Bundle(['tool'], process_({ env: ['PATH=/nowhere:/opt'] }));
  const missing = bundle.run();
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /exec: \\"tool\\": executable file not found in \$PATH/);
  assert.deepEqual(bundle.leftovers(), []);

  bundle.config.process.env = ['PATH=/tmp:/bin'];
  bundle.write();
  writeFileSync(join(bundle.rootfs, 'tmp/tool'), '#!/bin/sh\necho found\n');
  const denied = bundle.run();
  assert.match(denied.stderr, /permission denied/);
  chmodSync(join(bundle.rootfs, 'tmp/tool'), 0o755);
  assert.equal(bundle.run().stdout, 'found\n');
});

test('labels that the kernel has no module for are refused by their field', () => {
  for (const [sign, edit, field] of [
    ['/sys/kernel/security/apparmor', process_({ apparmorProfile: 'some' }), 'process.apparmorProfile'],
    ['/sys/fs/selinux/enforce', process_({ selinuxLabel: 'a:b:c:s0' }), 'process.selinuxLabel'],
    [
      '/sys/fs/selinux/enforce',
      (config: Config) => Object.assign(config.linux, { mountLabel: 'a:b:c:s0:c1,c2' }),
      'linux.mountLabel',
    ],
  ] as const) {
    if (existsSync(sign)) continue; // test/cgroup2_vm has machines with them
    const { status, stderr } = runOnce(['true'], edit);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`${field}: .* is not enabled`));
  }
});
