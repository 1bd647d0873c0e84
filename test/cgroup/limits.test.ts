// Every field of linux.resources on this machine's own tree (v1 controllers with a hybrid v2 tree): what the kernel's file
// says, and what the container feels of it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ociConfig } from '../support/oci_bundle.ts';
import { OciRuntime } from '../support/oci_runtime.ts';
import { groupOf, pidOf, readGroup, whyNoController } from './tree.ts';

const mebibyte = 1 << 20;

describe('limits on cgroup v1 and hybrid', { skip: whyNoController('memory') ?? false }, () => {
  let runtime: OciRuntime;
  before(() => {
    runtime = new OciRuntime();
  });
  after(() => runtime[Symbol.dispose]());

  function withResources(resources: Record<string, unknown>, args = ['sleep', '1000']) {
    const config = ociConfig(args, runtime.busyboxRoot);
    config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], ...resources };
    return config;
  }

  // Starts a container with the limits and compares files of its groups.
  function files(
    title: string,
    controller: string,
    resources: Record<string, unknown>,
    wanted: Record<string, string>,
  ) {
    test(title, (t) => {
      const reason = whyNoController(controller);
      if (reason !== undefined) return t.skip(reason);
      const id = runtime.start(withResources(resources));
      const pid = pidOf(runtime, id);
      const seen = Object.keys(wanted).map((file) => [file, readGroup(pid, controller, file)]);
      assert.deepEqual(Object.fromEntries(seen), wanted);
      runtime.must(['delete', '--force', id]);
    });
  }

  files(
    'memory: limit, swap, reservation, swappiness',
    'memory',
    { memory: { limit: 64 * mebibyte, swap: 96 * mebibyte, reservation: 32 * mebibyte, swappiness: 17 } },
    {
      'memory.limit_in_bytes': '67108864',
      'memory.memsw.limit_in_bytes': '100663296',
      'memory.soft_limit_in_bytes': '33554432',
      'memory.swappiness': '17',
    },
  );
  files(
    'memory: kernel TCP buffers, hierarchy',
    'memory',
    { memory: { kernel: 32 * mebibyte, kernelTCP: 16 * mebibyte, useHierarchy: true } },
    { 'memory.kmem.tcp.limit_in_bytes': '16777216', 'memory.use_hierarchy': '1' },
  );
  files(
    'memory: -1 lifts both limits',
    'memory',
    { memory: { limit: -1 } },
    { 'memory.limit_in_bytes': '9223372036854771712' },
  );
  files(
    'cpu: shares, quota, period, burst',
    'cpu',
    { cpu: { shares: 333, quota: 50_000, period: 200_000, burst: 10_000 } },
    { 'cpu.shares': '333', 'cpu.cfs_quota_us': '50000', 'cpu.cfs_period_us': '200000', 'cpu.cfs_burst_us': '10000' },
  );
  files('cpu: idle', 'cpu', { cpu: { idle: 1 } }, { 'cpu.idle': '1' });
  files(
    'cpuset: cpus and mems',
    'cpuset',
    { cpu: { cpus: '0', mems: '0' } },
    { 'cpuset.cpus': '0', 'cpuset.mems': '0' },
  );
  files('pids: the limit', 'pids', { pids: { limit: 77 } }, { 'pids.max': '77' });
  files('pids: -1 is no limit', 'pids', { pids: { limit: -1 } }, { 'pids.max': 'max' });

  test('cpu: real-time runtime and period', (t) => {
    if (!existsSync('/sys/fs/cgroup/cpu/cpu.rt_runtime_us')) return t.skip('a kernel without CONFIG_RT_GROUP_SCHED');
    const id = runtime.start(withResources({ cpu: { realtimeRuntime: 1000, realtimePeriod: 500_000 } }));
    const pid = pidOf(runtime, id);
    assert.equal(readGroup(pid, 'cpu', 'cpu.rt_runtime_us'), '1000');
    assert.equal(readGroup(pid, 'cpu', 'cpu.rt_period_us'), '500000');
    runtime.must(['delete', '--force', id]);
  });

  test('block I/O: throttles and weights of a disk', (t) => {
    const disk = ['vda', 'sda', 'nvme0n1'].find((name) => existsSync(`/sys/block/${name}/dev`));
    if (disk === undefined) return t.skip('no disk here');
    const [major, minor] = readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim().split(':').map(Number);
    const device = { major, minor };
    const blockIO = {
      throttleReadBpsDevice: [{ ...device, rate: 1_000_000 }],
      throttleWriteBpsDevice: [{ ...device, rate: 2_000_000 }],
      throttleReadIOPSDevice: [{ ...device, rate: 300 }],
      throttleWriteIOPSDevice: [{ ...device, rate: 400 }],
    };
    const id = runtime.start(withResources({ blockIO }));
    const pid = pidOf(runtime, id);
    const value = (file: string) => readGroup(pid, 'blkio', `blkio.throttle.${file}_device`);
    assert.equal(value('read_bps'), `${major}:${minor} 1000000`);
    assert.equal(value('write_bps'), `${major}:${minor} 2000000`);
    assert.equal(value('read_iops'), `${major}:${minor} 300`);
    assert.equal(value('write_iops'), `${major}:${minor} 400`);
    const hasWeights = existsSync(`${groupOf(pid, 'blkio')}/blkio.bfq.weight`);
    runtime.must(['delete', '--force', id]);
    if (!hasWeights) return;
    const weighted = runtime.start(withResources({ blockIO: { weight: 321 } }));
    assert.equal(readGroup(pidOf(runtime, weighted), 'blkio', 'blkio.bfq.weight').split('\n')[0], '321');
    runtime.must(['delete', '--force', weighted]);
  });

  test('a controller that only the v2 tree has is used there: huge pages', (t) => {
    if (whyNoController('hugetlb') === undefined) return t.skip('hugetlb is a v1 controller here');
    const offered = readFileSync('/sys/fs/cgroup/unified/cgroup.controllers', 'utf8');
    if (!offered.includes('hugetlb')) return t.skip('no hugetlb controller in the v2 tree');
    const id = runtime.start(withResources({ hugepageLimits: [{ pageSize: '2MB', limit: 4 * mebibyte }] }));
    const pid = pidOf(runtime, id);
    assert.equal(readGroup(pid, '', 'hugetlb.2MB.max'), '4194304');
    assert.equal(readGroup(pid, '', 'hugetlb.2MB.rsvd.max'), '4194304');
    runtime.must(['delete', '--force', id]);
  });

  test('unified on a hybrid machine writes to the v2 tree', () => {
    const id = runtime.start(withResources({ unified: { 'cgroup.max.descendants': '7' } }));
    assert.equal(readGroup(pidOf(runtime, id), '', 'cgroup.max.descendants'), '7');
    runtime.must(['delete', '--force', id]);
  });

  for (const [title, resources, words] of [
    ['rdma, which no tree has', { rdma: { mlx5_0: { hcaHandles: 1 } } }, /linux\.resources\.rdma: .*controller 'rdma'/],
    ['a file that v2 does not have', { unified: { 'no.such': '1' } }, /linux\.resources\.unified\['no\.such'\]/],
    ['swappiness beyond 100', { memory: { swappiness: 101 } }, /linux\.resources\.memory\.swappiness: 101/],
    ['a quota that the kernel refuses', { cpu: { quota: 7 } }, /linux\.resources\.cpu\.quota: cannot set 7/],
    ['CPUs that are not there', { cpu: { cpus: '0-4000' } }, /linux\.resources\.cpu\.cpus: .*cpuset\.cpus/],
    ['swap below memory', { memory: { limit: 64 * mebibyte, swap: mebibyte } }, /linux\.resources\.memory\./],
    ['shares beyond the kernel’s range', { cpu: { shares: 1 << 30 } }, /linux\.resources\.cpu\.shares: .*maximum/],
    [
      'a hole in a device wildcard',
      {
        devices: [
          { allow: true, type: 'c', major: 10, access: 'rw' },
          { allow: false, type: 'c', major: 10, minor: 200, access: 'rw' },
        ],
      },
      /linux\.resources\.devices\[1\]: .*v1/,
    ],
  ] as const)
    test(`refuses ${title}, naming the field, and leaves nothing`, () => {
      const config = withResources(resources);
      const { id, bundle } = runtime.container(config);
      const result = runtime.command(['run', '--bundle', bundle, id]);
      assert.notEqual(result.code, 0);
      assert.match(result.stderr, words);
      assert.equal(existsSync(`/sys/fs/cgroup/memory/${id}`), false);
      assert.equal(existsSync(`/sys/fs/cgroup/unified/${id}`), false);
    });

  test('network: classes and priorities where v1 has them, else refused', () => {
    const config = withResources({ network: { classID: 7 } });
    const { id, bundle } = runtime.container(config);
    const result = runtime.command(['run', '--detach', '--bundle', bundle, id]);
    if (whyNoController('net_cls') === undefined)
      assert.equal(readGroup(pidOf(runtime, id), 'net_cls', 'net_cls.classid'), '7');
    else assert.match(result.stderr, /linux\.resources\.network\.classID: .*net_cls/);
  });

  test('too much memory is killed, and counted', () => {
    const script = 'dd if=/dev/zero of=/dev/null bs=64M count=1; echo $?';
    const result = runtime.run(
      withResources({ memory: { limit: 16 * mebibyte, swap: 16 * mebibyte } }, ['sh', '-c', script]),
    );
    assert.equal(result.stdout, '137\n', result.stderr);
  });

  test('without the OOM killer the container waits instead of dying', () => {
    const id = runtime.start(withResources({ memory: { limit: 64 * mebibyte, disableOOMKiller: true } }));
    assert.match(readGroup(pidOf(runtime, id), 'memory', 'memory.oom_control'), /oom_kill_disable 1/);
    runtime.must(['delete', '--force', id]);
  });

  test('no more processes than the limit', () => {
    const result = runtime.run(
      withResources({ pids: { limit: 3 } }, ['sh', '-c', 'for i in 1 2 3 4 5; do sleep 1 & done; wait']),
    );
    assert.match(result.stderr, /can't fork/);
  });

  test('a container sees only its CPUs', () => {
    const result = runtime.run(withResources({ cpu: { cpus: '1' } }, ['nproc']));
    assert.equal(result.stdout, '1\n', result.stderr);
  });

  test('a quota throttles', async () => {
    const id = runtime.start(
      withResources({ cpu: { quota: 5000, period: 100_000 } }, ['sh', '-c', 'while :; do :; done']),
    );
    const pid = pidOf(runtime, id);
    while (!/nr_throttled [1-9]/.test(readGroup(pid, 'cpu', 'cpu.stat'))) await new Promise(setImmediate);
    runtime.must(['delete', '--force', id]);
  });

  test('devices: outside the list denied, inside allowed, changed by update', () => {
    const attempt = ['sh', '-c', 'mknod /tmp/fuse c 10 229; head -c 0 /tmp/fuse && echo opened; rm -f /tmp/fuse'];
    const config = (rules: object[]) => {
      const made = withResources({ devices: rules }, attempt);
      made.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' });
      return made;
    };
    const deny = { allow: false, access: 'rwm' };
    const fuse = { allow: true, type: 'c', major: 10, minor: 229, access: 'r' };
    assert.match(runtime.run(config([deny])).stderr, /Operation not permitted/);
    assert.equal(runtime.run(config([deny, fuse])).stdout, 'opened\n');
    assert.equal(runtime.run(config([{ allow: true, access: 'rwm' }])).stdout, 'opened\n');
    assert.match(runtime.run(config([deny, fuse, { ...fuse, allow: false }])).stderr, /Operation not permitted/);
    assert.match(runtime.run(config([])).stderr, /Operation not permitted/);

    const id = runtime.start({ ...config([deny]), process: { ...config([deny]).process, args: ['sleep', '1000'] } });
    assert.match(runtime.exec(id, attempt).stderr, /Operation not permitted/);
    runtime.must(['update', '--resources', '-', id], JSON.stringify({ devices: [deny, fuse] }));
    assert.equal(runtime.exec(id, attempt).stdout, 'opened\n');
    runtime.must(['delete', '--force', id]);
  });

  test('the groups exist while the container does, and no longer', () => {
    const id = runtime.start(withResources({ memory: { limit: 64 * mebibyte } }));
    const group = groupOf(pidOf(runtime, id), 'memory');
    assert.ok(statSync(group).isDirectory());
    runtime.must(['delete', '--force', id]);
    for (const controller of ['memory', 'cpu', 'cpuset', 'pids', 'freezer', 'devices', 'blkio', 'systemd', 'unified'])
      assert.equal(existsSync(`/sys/fs/cgroup/${controller}/${id}`), false, controller);
  });
});
