// Docker with slipway-oci as its runtime: an independent judge of the command line, the JSON, the pid files, the console
// socket and what the container is like inside.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { slipwayOci } from '../support/oci_runtime.ts';

describe('docker with slipway-oci as its runtime', { skip: whyNoDockerd() ?? false }, () => {
  let docker: Dockerd;
  let image = '';
  let counter = 0;
  // The test's daemon has no bridge.
  const quiet = ['--network', 'none'];
  const unique = () => `box-${process.pid}-${++counter}`;

  before(async () => {
    docker = await Dockerd.start({ runtime: process.env['SLIPWAY_TEST_RUNTIME'] ?? slipwayOci });
    image = docker.loadBusybox();
  });
  after(async () => {
    await docker[Symbol.asyncDispose]();
  });

  const run = (options: string[], command: string[]) =>
    docker.docker(['run', '--rm', ...quiet, ...options, image, ...command]);
  const shell = (options: string[], script: string) => {
    const result = run(options, ['sh', '-c', script]);
    assert.equal(result.status, 0, result.stderr);
    return result.stdout.trimEnd().split('\n');
  };
  const start = (options: string[] = [], command: string[] = ['sleep', '1000']) => {
    const name = unique();
    docker.must(['run', '--detach', '--name', name, ...quiet, ...options, image, ...command]);
    return name;
  };
  const inspect = (name: string, format: string) => docker.must(['inspect', '--format', format, name]).trim();

  test('output, input and environment', () => {
    const result = docker.docker(
      ['run', '--rm', ...quiet, '-i', '-e', 'GREETING=hello', image, 'sh', '-c', 'echo $GREETING; cat; echo oops >&2'],
      'fed\n',
    );
    assert.equal(result.stdout, 'hello\nfed\n');
    assert.equal(result.stderr, 'oops\n');
  });

  test('exit codes, of the program and of a program that cannot be run', () => {
    assert.equal(run([], ['sh', '-c', 'exit 7']).status, 7);
    assert.equal(run([], ['/no/such/program']).status, 127);
    assert.equal(run([], ['/etc/passwd']).status, 126);
  });

  test('user, groups, working directory, host name', () => {
    const lines = shell(
      ['--user', '1234:77', '--group-add', '99', '--workdir', '/tmp', '--hostname', 'ship'],
      'id; pwd; hostname',
    );
    assert.deepEqual(lines, ['uid=1234 gid=77 groups=77,99', '/tmp', 'ship']);
  });

  test('a terminal', () => {
    const result = run(['-t'], ['sh', '-c', 'tty; echo done']);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(result.stdout, '/dev/pts/0\r\ndone\r\n');
  });

  test('exec: output, exit code, user, terminal, in the background', () => {
    const name = start();
    const result = docker.docker(['exec', '--user', '5', '-e', 'A=b', name, 'sh', '-c', 'id -u; echo $A; exit 9']);
    assert.equal(result.stdout, '5\nb\n');
    assert.equal(result.status, 9);
    assert.equal(docker.docker(['exec', '-t', name, 'tty']).stdout, '/dev/pts/0\r\n');
    assert.match(String(docker.docker(['exec', name, '/no/such']).status), /12[67]/);
    docker.must(['exec', '--detach', name, 'sh', '-c', 'echo here > /tmp/detached']);
    docker.must(['exec', name, 'sh', '-c', 'until [ -s /tmp/detached ]; do sleep 0.02; done']);
    docker.must(['rm', '--force', name]);
  });

  test('memory, cpu, pids and cpuset limits reach the kernel', () => {
    const lines = shell(
      [
        '--memory',
        '32m',
        '--memory-swap',
        '48m',
        '--cpus',
        '0.5',
        '--cpu-shares',
        '512',
        '--pids-limit',
        '50',
        '--cpuset-cpus',
        '0',
      ],
      `cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes cpu/cpu.cfs_quota_us \
       cpu/cpu.shares pids/pids.max cpuset/cpuset.cpus; nproc`,
    );
    assert.deepEqual(lines, ['33554432', '50331648', '50000', '512', '50', '0', '1']);
  });

  test('a container out of memory is said to be', () => {
    const name = unique();
    docker.docker([
      'run',
      '--name',
      name,
      '--memory',
      '16m',
      '--memory-swap',
      '16m',
      image,
      'dd',
      'if=/dev/zero',
      'of=/dev/null',
      'bs=64M',
      'count=1',
    ]);
    assert.equal(inspect(name, '{{.State.ExitCode}} {{.State.OOMKilled}}'), '137 true');
    docker.must(['rm', name]);
  });

  test('signals, stop and kill', () => {
    const name = start([], ['sh', '-c', 'trap "exit 42" USR1; echo ready; while :; do sleep 0.05; done']);
    while (!docker.must(['logs', name]).includes('ready'));
    docker.must(['kill', '--signal', 'USR1', name]);
    assert.equal(docker.must(['wait', name]).trim(), '42');
    docker.must(['rm', name]);

    const stubborn = start();
    docker.must(['stop', '--time', '0', stubborn]);
    assert.equal(inspect(stubborn, '{{.State.ExitCode}}'), '137');
    docker.must(['start', stubborn]);
    assert.equal(inspect(stubborn, '{{.State.Status}}'), 'running');
    docker.must(['rm', '--force', stubborn]);
  });

  test('pause and unpause', () => {
    const name = start();
    docker.must(['pause', name]);
    assert.equal(inspect(name, '{{.State.Status}}'), 'paused');
    const id = inspect(name, '{{.Id}}');
    assert.equal(readFileSync(`/sys/fs/cgroup/freezer/docker/${id}/freezer.state`, 'utf8').trim(), 'FROZEN');
    docker.must(['unpause', name]);
    assert.equal(docker.must(['exec', name, 'echo', 'awake']), 'awake\n');
    docker.must(['rm', '--force', name]);
  });

  test('stats, top and update', () => {
    const name = start(['--memory', '64m']);
    const stats = docker.must(['stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', name]);
    assert.match(stats, /\/ 64MiB 1/);
    assert.match(docker.must(['top', name]), /sleep 1000/);
    docker.must(['update', '--memory', '40m', '--memory-swap', '80m', '--cpu-shares', '300', name]);
    const lines = docker.must([
      'exec',
      name,
      'cat',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes',
      '/sys/fs/cgroup/cpu/cpu.shares',
    ]);
    assert.equal(lines, '41943040\n300\n');
    docker.must(['rm', '--force', name]);
  });

  test('mounts: bind, read-only, tmpfs, volume', () => {
    const lines = shell(
      ['--read-only', '--tmpfs', '/scratch:size=1m', '--volume', `${docker.directory}:/host:ro`, '--volume', '/data'],
      'touch /x 2>&1; touch /host/x 2>&1; touch /scratch/x /data/x && echo written; ls /host/daemon.json',
    );
    assert.deepEqual(lines, [
      'touch: /x: Read-only file system',
      'touch: /host/x: Read-only file system',
      'written',
      '/host/daemon.json',
    ]);
  });

  test('capabilities, seccomp, no new privileges, masked paths', () => {
    assert.deepEqual(shell(['--cap-drop', 'ALL', '--cap-add', 'KILL'], 'grep -E "CapEff|CapBnd" /proc/self/status'), [
      'CapEff:\t0000000000000020',
      'CapBnd:\t0000000000000020',
    ]);
    assert.deepEqual(
      shell([], 'grep -E "^Seccomp:" /proc/self/status; unshare -r true 2>&1; wc -c < /proc/timer_list'),
      ['Seccomp:\t2', 'unshare: unshare(0x10000000): Operation not permitted', '0'],
    );
    assert.deepEqual(
      shell(
        ['--security-opt', 'seccomp=unconfined', '--security-opt', 'no-new-privileges'],
        'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status',
      ),
      ['NoNewPrivs:\t1', 'Seccomp:\t0'],
    );
  });

  test('devices: only what was given', () => {
    assert.match(shell([], 'mknod /fuse c 10 229; head -c 0 /fuse 2>&1; true').join('\n'), /Operation not permitted/);
    assert.deepEqual(shell(['--device', '/dev/fuse:/dev/given:r'], 'head -c 0 /dev/given && echo opened'), ['opened']);
    assert.deepEqual(shell(['--privileged'], 'head -c 0 /dev/fuse && echo opened'), ['opened']);
  });

  test('ulimits, sysctls, oom score, shared memory size', () => {
    const lines = shell(
      ['--ulimit', 'nofile=123:456', '--sysctl', 'kernel.msgmax=4242', '--oom-score-adj', '321', '--shm-size', '2m'],
      'ulimit -n; ulimit -Hn; cat /proc/sys/kernel/msgmax /proc/self/oom_score_adj; df -k /dev/shm | tail -1 | tr -s " " | cut -d " " -f 2',
    );
    assert.deepEqual(lines, ['123', '456', '4242', '321', '2048']);
  });

  test('joining another container’s namespaces', () => {
    const name = start(['--hostname', 'first', '--ipc', 'shareable']);
    const shared = ['--pid', '--network', '--ipc'].flatMap((kind) => [kind, `container:${name}`]);
    const result = docker.docker(['run', '--rm', ...shared, image, 'sh', '-c', 'hostname; pidof sleep']);
    assert.equal(result.stdout, 'first\n1\n', result.stderr);
    docker.must(['rm', '--force', name]);
  });

  test('nothing is left of a removed container', () => {
    const name = start(['--memory', '64m']);
    const id = inspect(name, '{{.Id}}');
    assert.ok(globSync(`/sys/fs/cgroup/*/docker/${id}`).length > 0);
    docker.must(['rm', '--force', name]);
    assert.deepEqual(globSync(`/sys/fs/cgroup/*/docker/${id}`), []);
    assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(id));
  });
});
