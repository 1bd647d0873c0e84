// Every resource field: the value in the kernel's file, and its effect where one can be seen in a small machine.
import assert from 'node:assert/strict';
import { type GuestTest, limited, refused, succeeded, values } from './guest_tests.ts';

const mebibyte = 1 << 20;

// Starts the container, prints "file=content" for each file of its cgroup, removes it.
function showing(name: string, files: string[]): string {
  const prints = files.map((file) => `echo "${file}=$(cat /sys/fs/cgroup/${name}/${file} | tr '\\n' ';')"`).join('\n');
  return `set -e\noci run -d -b /bundles/${name} ${name} >/dev/null\n${prints}\noci delete -f ${name}\n[ ! -e /sys/fs/cgroup/${name} ]`;
}

function fileTest(name: string, title: string, resources: Record<string, unknown>, wanted: Record<string, string>) {
  const test: GuestTest = {
    name,
    title,
    bundles: { [name]: limited(name, resources) },
    script: showing(name, Object.keys(wanted)),
    check(result) {
      succeeded(result);
      assert.deepEqual(Object.fromEntries(values(result)), wanted);
    },
  };
  return test;
}

const nullBlock = { major: 252, minor: 0 }; // replaced in the guest's config by the device's real number

const files: GuestTest[] = [
  fileTest(
    'memory-files',
    'memory limit, swap and reservation',
    { memory: { limit: 64 * mebibyte, swap: 96 * mebibyte, reservation: 32 * mebibyte } },
    { 'memory.max': '67108864;', 'memory.swap.max': '33554432;', 'memory.low': '33554432;' },
  ),
  fileTest(
    'memory-noswap',
    'swap equal to memory means no swap',
    { memory: { limit: 64 * mebibyte, swap: 64 * mebibyte } },
    { 'memory.max': '67108864;', 'memory.swap.max': '0;' },
  ),
  fileTest(
    'cpu-files',
    'cpu shares, quota, period and burst',
    { cpu: { shares: 1024, quota: 50_000, period: 200_000, burst: 10_000 } },
    { 'cpu.weight': '100;', 'cpu.max': '50000 200000;', 'cpu.max.burst': '10000;' },
  ),
  fileTest('cpu-period', 'a period alone keeps the quota', { cpu: { period: 50_000 } }, { 'cpu.max': 'max 50000;' }),
  fileTest('cpu-idle', 'cpu idle', { cpu: { idle: 1 } }, { 'cpu.idle': '1;' }),
  fileTest('pids-files', 'pids limit', { pids: { limit: 77 } }, { 'pids.max': '77;' }),
  fileTest('pids-unlimited', 'pids limit -1 is none', { pids: { limit: -1 } }, { 'pids.max': 'max;' }),
  fileTest(
    'hugetlb-files',
    'huge pages and their reservations',
    { hugepageLimits: [{ pageSize: '2MB', limit: 4 * mebibyte }] },
    { 'hugetlb.2MB.max': '4194304;', 'hugetlb.2MB.rsvd.max': '4194304;' },
  ),
  fileTest(
    'cpuset-files',
    'cpus and mems',
    { cpu: { cpus: '1', mems: '0' } },
    { 'cpuset.cpus': '1;', 'cpuset.mems': '0;', 'cpuset.cpus.effective': '1;' },
  ),
  fileTest(
    'unified-files',
    'unified writes any file',
    { unified: { 'memory.high': '50331648', 'pids.max': '5', 'cpu.weight': '250' } },
    { 'memory.high': '50331648;', 'pids.max': '5;', 'cpu.weight': '250;' },
  ),
];

const blockIo: GuestTest = {
  name: 'block-io',
  title: 'block I/O weights and throttles',
  bundles: {
    'block-io': limited('block-io', {
      blockIO: {
        weight: 500,
        weightDevice: [{ ...nullBlock, weight: 300 }],
        throttleReadBpsDevice: [{ ...nullBlock, rate: 1048576 }],
        throttleWriteBpsDevice: [{ ...nullBlock, rate: 2097152 }],
        throttleReadIOPSDevice: [{ ...nullBlock, rate: 100 }],
        throttleWriteIOPSDevice: [{ ...nullBlock, rate: 200 }],
      },
    }),
  },
  script: `set -e
number=$(cat /sys/block/nullb0/dev)
echo bfq > /sys/block/nullb0/queue/scheduler
sed -i "s/\\"major\\":252,\\"minor\\":0/\\"major\\":\${number%:*},\\"minor\\":\${number#*:}/g" /bundles/block-io/config.json
oci run -d -b /bundles/block-io block-io >/dev/null
cd /sys/fs/cgroup/block-io
echo "weight=$(cat io.bfq.weight | sed "s/^$number/device/" | tr '\\n' ';')"
echo "max=$(sed "s/^$number/device/" io.max)"
oci delete -f block-io`,
  check(result) {
    succeeded(result);
    assert.equal(values(result).get('weight'), 'default 500;device 300;');
    assert.equal(values(result).get('max'), 'device rbps=1048576 wbps=2097152 riops=100 wiops=200');
  },
};

const effects: GuestTest[] = [
  {
    name: 'memory-oom',
    title: 'a container over its memory limit is killed, and the kernel counts it',
    bundles: {
      'memory-oom': limited('memory-oom', { memory: { limit: 16 * mebibyte, swap: 16 * mebibyte } }, [
        'sh',
        '-c',
        'dd if=/dev/zero of=/dev/null bs=64M count=1; echo "dd=$?"',
      ]),
    },
    script: `oci create -b /bundles/memory-oom memory-oom
oci start memory-oom
await_line /sys/fs/cgroup/memory-oom/cgroup.events 'populated 0'
grep -q '^oom_kill [1-9]' /sys/fs/cgroup/memory-oom/memory.events && echo killed
oci delete memory-oom`,
    check(result) {
      succeeded(result);
      assert.ok(result.output.includes('killed'), result.output.join('\n'));
      assert.ok(result.output.includes('dd=137'), result.output.join('\n'));
    },
  },
  {
    name: 'pids-effect',
    title: 'no more processes than the limit',
    bundles: {
      'pids-effect': limited('pids-effect', { pids: { limit: 3 } }, [
        'sh',
        '-c',
        'for i in 1 2 3 4 5; do sleep 1 & done; wait',
      ]),
    },
    script: 'oci run -b /bundles/pids-effect pids-effect',
    check(result) {
      assert.match(result.output.join('\n'), /can't fork/);
    },
  },
  {
    name: 'cpu-effect',
    title: 'a busy container is throttled by its quota',
    bundles: {
      'cpu-effect': limited('cpu-effect', { cpu: { quota: 5000, period: 100_000 } }, [
        'sh',
        '-c',
        'while :; do :; done',
      ]),
    },
    script: `set -e
oci run -d -b /bundles/cpu-effect cpu-effect >/dev/null
await_line /sys/fs/cgroup/cpu-effect/cpu.stat 'nr_throttled [1-9]'
oci events --stats cpu-effect
oci delete -f cpu-effect`,
    check(result) {
      succeeded(result);
      const stats: unknown = JSON.parse(result.output[0] ?? '');
      assert.match(JSON.stringify(stats), /"throttledPeriods":[1-9]/);
    },
  },
  {
    name: 'cpuset-effect',
    title: 'a container sees only its CPUs',
    bundles: { 'cpuset-effect': limited('cpuset-effect', { cpu: { cpus: '1' } }, ['sh', '-c', 'nproc; taskset -p 1']) },
    script: 'oci run -b /bundles/cpuset-effect cpuset-effect',
    check(result) {
      succeeded(result);
      assert.deepEqual(result.output, ['1', "pid 1's current affinity mask: 2"]);
    },
  },
];

export const limitTests: GuestTest[] = [
  ...files,
  blockIo,
  ...effects,
  refused('no-swappiness', { memory: { swappiness: 10 } }, /linux\.resources\.memory\.swappiness: .*cgroup v2 has no/),
  refused('no-kernel', { memory: { kernel: 1000000 } }, /linux\.resources\.memory\.kernel: .*cgroup v2/),
  refused(
    'no-oom-off',
    { memory: { disableOOMKiller: true } },
    /linux\.resources\.memory\.disableOOMKiller: .*cgroup v2/,
  ),
  refused('no-realtime', { cpu: { realtimeRuntime: 1000 } }, /linux\.resources\.cpu\.realtimeRuntime: .*cgroup v2/),
  refused('no-class', { network: { classID: 1 } }, /linux\.resources\.network\.classID: .*net_cls/),
  refused('no-leaf', { blockIO: { leafWeight: 100 } }, /linux\.resources\.blockIO\.leafWeight: .*cgroup v2/),
  refused('no-rdma', { rdma: { mlx9: { hcaHandles: 1 } } }, /linux\.resources\.rdma\.mlx9: .*rdma\.max/),
  refused('no-page', { hugepageLimits: [{ pageSize: '3MB', limit: 1 }] }, /linux\.resources\.hugepageLimits\[0\]/),
  refused('no-file', { unified: { 'memory.nothing': '1' } }, /linux\.resources\.unified\['memory\.nothing'\]/),
  refused('no-slash', { unified: { '../escape': '1' } }, /linux\.resources\.unified\['\.\.\/escape'\]/),
  refused('bad-swap', { memory: { limit: 64 * mebibyte, swap: mebibyte } }, /linux\.resources\.memory\.swap: /),
  refused('bad-quota', { cpu: { quota: 7 } }, /linux\.resources\.cpu\.quota: cannot set 7.*cpu\.max/),
];
