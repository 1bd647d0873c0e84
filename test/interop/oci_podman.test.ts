// Podman and its conmon with slipway-oci as their runtime.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { slipwayOci } from '../support/oci_runtime.ts';
import { Podman, whyNoPodman } from '../support/podman.ts';

describe('podman with slipway-oci as its runtime', { skip: whyNoPodman() ?? false }, () => {
  let podman: Podman;
  let image = '';
  let counter = 0;
  // Podman would raise the limits on open files and processes, which only a user with CAP_SYS_RESOURCE may.
  const quiet = ['--network', 'none', '--ulimit', 'nofile=1024:2048', '--ulimit', 'nproc=4096:4096'];
  const unique = () => `pod-${process.pid}-${++counter}`;

  before(() => {
    podman = new Podman(process.env['SLIPWAY_TEST_RUNTIME'] ?? slipwayOci);
    image = podman.loadBusybox();
  });
  after(() => podman[Symbol.dispose]());

  const run = (options: string[], command: string[]) =>
    podman.podman(['run', '--rm', ...quiet, ...options, image, ...command]);
  const shell = (options: string[], script: string) => {
    const result = run(options, ['sh', '-c', script]);
    assert.equal(result.status, 0, result.stderr);
    return result.stdout.trimEnd().split('\n');
  };
  const start = (options: string[] = [], command = ['sleep', '1000']) => {
    const name = unique();
    podman.must(['run', '--detach', ...quiet, '--name', name, ...options, image, ...command]);
    return name;
  };

  test('output, input, exit codes', () => {
    const result = podman.podman(
      ['run', '--rm', '-i', ...quiet, image, 'sh', '-c', 'cat; echo err >&2; exit 3'],
      'fed\n',
    );
    assert.equal(result.stdout, 'fed\n');
    assert.equal(result.stderr, 'err\n');
    assert.equal(result.status, 3);
    assert.equal(run([], ['/no/such/program']).status, 127);
    assert.equal(run([], ['/etc/passwd']).status, 126);
  });

  test('a terminal', () => {
    assert.equal(run(['-t'], ['sh', '-c', 'tty; echo done']).stdout, '/dev/pts/0\r\ndone\r\n');
  });

  test('limits reach the kernel', () => {
    const lines = shell(
      ['--memory', '32m', '--cpus', '0.5', '--pids-limit', '50', '--cpuset-cpus', '0'],
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max cpuset/cpuset.cpus',
    );
    assert.deepEqual(lines, ['33554432', '50000', '50', '0']);
  });

  test('exec, its exit code and its terminal', () => {
    const name = start();
    const result = podman.podman(['exec', '--user', '9', name, 'sh', '-c', 'id -u; exit 4']);
    assert.equal(result.stdout, '9\n');
    assert.equal(result.status, 4);
    assert.equal(podman.podman(['exec', '-t', name, 'tty']).stdout, '/dev/pts/0\r\n');
    podman.must(['rm', '--force', '--time', '0', name]);
  });

  test('pause, unpause, stats, kill, wait', () => {
    const name = start(['--memory', '64m']);
    const state = () => podman.must(['inspect', '--format', '{{.State.Status}}', name]).trim();
    podman.must(['pause', name]);
    assert.equal(state(), 'paused');
    podman.must(['unpause', name]);
    assert.equal(state(), 'running');
    assert.match(podman.must(['stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDS}}', name]), /67\.11MB 1/);
    podman.must(['pause', name]);
    podman.must(['kill', '--signal', 'KILL', name]);
    assert.equal(podman.must(['wait', name]).trim(), '137');
    podman.must(['rm', name]);
  });

  test('user namespaces: the container’s root is somebody else outside', () => {
    const lines = shell(['--uidmap', '0:100000:1000', '--gidmap', '0:100000:1000'], 'id -u; cat /proc/self/uid_map');
    assert.deepEqual(
      lines.map((line) => line.trim().replaceAll(/\s+/g, ' ')),
      ['0', '0 100000 1000'],
    );
  });

  test('devices of the host, one and all', () => {
    assert.match(shell(['--device', '/dev/null:/dev/own'], 'ls -l /dev/own')[0] ?? '', /^crw-rw-rw- /);
    assert.ok(shell(['--privileged'], 'ls /dev').length > 20);
  });

  test('read-only root, tmpfs, capabilities, seccomp', () => {
    const lines = shell(
      ['--read-only', '--cap-drop', 'all', '--tmpfs', '/scratch:mode=700'],
      'touch /x 2>&1; touch /scratch/x && stat -c %a /scratch; grep -E "^(CapEff|Seccomp):" /proc/self/status',
    );
    assert.deepEqual(lines, ['touch: /x: Read-only file system', '700', 'CapEff:\t0000000000000000', 'Seccomp:\t2']);
  });
});
