// What else cgroup v2 is for: devices, freezing, killing, counting, groups below, and users without root.
import assert from 'node:assert/strict';
import { rootlessOciConfig } from '../support/oci_bundle.ts';
import { type GuestTest, limited, succeeded, values } from './guest_tests.ts';

const opensSerial = 'mknod /dev/test c 4 64 && { head -c 0 /dev/test && echo opened || echo denied; }';
const writableCgroup = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['rw'] };

function devices(name: string, rules: object[]) {
  const config = limited(name, { devices: rules }, ['sh', '-c', opensSerial]);
  return config;
}

const deviceTests: GuestTest[] = [
  {
    name: 'devices-denied',
    title: 'a device outside the list can be made but not opened',
    bundles: { 'devices-denied': devices('devices-denied', [{ allow: false, access: 'rwm' }]) },
    script: 'oci run -b /bundles/devices-denied devices-denied; true',
    check: (result) => assert.match(result.output.join('\n'), /Operation not permitted[\s\S]*denied/),
  },
  {
    name: 'devices-allowed',
    title: 'a device in the list can be opened',
    bundles: {
      'devices-allowed': devices('devices-allowed', [
        { allow: false, access: 'rwm' },
        { allow: true, type: 'c', major: 4, minor: 64, access: 'r' },
      ]),
    },
    script: 'oci run -b /bundles/devices-allowed devices-allowed',
    check: (result) => assert.deepEqual(result.output, ['opened']),
  },
  {
    name: 'devices-no-mknod',
    title: 'making nodes can be denied, and null still works',
    bundles: {
      'devices-no-mknod': limited(
        'devices-no-mknod',
        {
          devices: [
            { allow: true, access: 'rwm' },
            { allow: false, type: 'b', major: 7, access: 'rw' },
          ],
        },
        ['sh', '-c', 'echo x > /dev/null && mknod /dev/test b 7 0 && { head -c 0 /dev/test || echo denied; }'],
      ),
    },
    script: 'oci run -b /bundles/devices-no-mknod devices-no-mknod; true',
    check: (result) => assert.match(result.output.join('\n'), /Operation not permitted[\s\S]*denied/),
  },
  {
    name: 'devices-update',
    title: 'update replaces the device program while the container runs',
    bundles: { 'devices-update': limited('devices-update', {}) },
    script: `set -e
oci run -d -b /bundles/devices-update devices-update >/dev/null
oci exec devices-update sh -c '${opensSerial}'
echo '{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":4,"minor":64,"access":"rw"}]}' >/tmp/resources
oci update --resources - devices-update </tmp/resources
oci exec devices-update sh -c 'head -c 0 /dev/test && echo opened'
oci delete -f devices-update`,
    check(result) {
      succeeded(result);
      assert.match(result.output.join('\n'), /denied\nopened/);
    },
  },
];

const lifeTests: GuestTest[] = [
  {
    name: 'freezer',
    title: 'pause and resume use cgroup.freeze',
    bundles: { freezer: limited('freezer', {}) },
    script: `set -e
oci run -d -b /bundles/freezer freezer >/dev/null
oci pause freezer
echo "freeze=$(cat /sys/fs/cgroup/freezer/cgroup.freeze)"
grep frozen /sys/fs/cgroup/freezer/cgroup.events
oci state freezer | grep -o '"status": *"[a-z]*"'
oci resume freezer
echo "thawed=$(cat /sys/fs/cgroup/freezer/cgroup.freeze)"
oci pause freezer
oci delete -f freezer
[ ! -e /sys/fs/cgroup/freezer ]`,
    check(result) {
      succeeded(result);
      assert.equal(values(result).get('freeze'), '1');
      assert.ok(result.output.includes('frozen 1'));
      assert.match(result.output.join('\n'), /"paused"/);
      assert.equal(values(result).get('thawed'), '0');
    },
  },
  {
    name: 'stats',
    title: 'events --stats in the form that runc gives them',
    bundles: { stats: limited('stats', { memory: { limit: 67108864 }, pids: { limit: 9 } }) },
    script: 'oci run -d -b /bundles/stats stats >/dev/null; oci events --stats stats; oci delete -f stats',
    check(result) {
      succeeded(result);
      const event = JSON.parse(result.output[0] ?? '') as {
        type: string;
        id: string;
        data: {
          memory: { usage: { limit: number; usage: number } };
          pids: { current: number; limit: number };
          cpu: { usage: { total: number } };
        };
      };
      assert.equal(event.type, 'stats');
      assert.equal(event.id, 'stats');
      assert.equal(event.data.memory.usage.limit, 67108864);
      assert.ok(event.data.memory.usage.usage > 0);
      assert.deepEqual(event.data.pids, { current: 1, limit: 9 });
      assert.ok(event.data.cpu.usage.total > 0);
    },
  },
  {
    name: 'own-root',
    title: "the container's cgroup namespace begins at its own group, and its mount shows only that",
    bundles: {
      'own-root': (() => {
        const config = limited('own-root', { pids: { limit: 42 } }, [
          'sh',
          '-c',
          'cat /proc/self/cgroup; cat /sys/fs/cgroup/pids.max; touch /sys/fs/cgroup/x; true',
        ]);
        config.mounts.push({ ...writableCgroup, options: ['ro'] });
        return config;
      })(),
    },
    script: 'oci run -b /bundles/own-root own-root',
    check(result) {
      succeeded(result);
      assert.deepEqual(result.output.slice(0, 2), ['0::/', '42']);
      assert.match(result.output.join('\n'), /touch: .*Read-only/);
    },
  },
  {
    name: 'update',
    title: 'update changes the limits of a running container',
    bundles: { update: limited('update', { memory: { limit: 67108864 }, cpu: { quota: 10000, period: 100000 } }) },
    script: `set -e
oci run -d -b /bundles/update update >/dev/null
oci update --memory 33554432 --memory-swap 50331648 --cpu-quota 20000 --cpu-share 512 --pids-limit 11 --cpuset-cpus 0 update
cd /sys/fs/cgroup/update
for file in memory.max memory.swap.max cpu.max cpu.weight pids.max cpuset.cpus; do echo "$file=$(cat $file)"; done
oci update --pids-limit -1 update
echo "lifted=$(cat pids.max)"
cd /
oci delete -f update`,
    check(result) {
      succeeded(result);
      assert.deepEqual(Object.fromEntries(values(result)), {
        'memory.max': '33554432',
        'memory.swap.max': '16777216',
        'cpu.max': '20000 100000',
        'cpu.weight': '59',
        'pids.max': '11',
        'cpuset.cpus': '0',
        lifted: 'max',
      });
    },
  },
  {
    name: 'check-before-update',
    title: 'checkBeforeUpdate refuses a limit below the use instead of letting the OOM killer loose',
    bundles: {
      'check-before-update': limited('check-before-update', { memory: { limit: 134217728 } }, [
        'sh',
        '-c',
        'head -c 33554432 /dev/zero > /dev/shm/full; sleep 1000',
      ]),
    },
    script: `oci run -d -b /bundles/check-before-update check-before-update >/dev/null
await_line /sys/fs/cgroup/check-before-update/memory.stat '^shmem 33554432$'
echo '{"memory":{"limit":8388608,"checkBeforeUpdate":true}}' | oci update -r - check-before-update
echo "code=$?"
oci state check-before-update | grep -o running
cat /sys/fs/cgroup/check-before-update/memory.max
oci delete -f check-before-update`,
    check(result) {
      succeeded(result);
      assert.match(result.output.join('\n'), /linux\.resources\.memory\.limit: 8388608 is less than what is in use/);
      assert.ok(!result.output.includes('code=0'));
      assert.ok(result.output.includes('running'));
      assert.ok(result.output.includes('134217728'));
    },
  },
  {
    name: 'kill-all',
    title: 'delete --force ends every process, also those without a pid namespace',
    bundles: {
      'kill-all': (() => {
        const config = limited('kill-all', {}, ['sh', '-c', 'sleep 1234 & setsid sleep 1234 & sleep 1234; true']);
        config.linux.namespaces = config.linux.namespaces.filter((each) => each.type !== 'pid');
        return config;
      })(),
    },
    script: `oci run -d -b /bundles/kill-all kill-all >/dev/null
until [ "$(wc -l < /sys/fs/cgroup/kill-all/cgroup.procs)" -ge 4 ]; do sleep 0.02; done
oci ps kill-all | grep -c sleep
oci delete -f kill-all && [ ! -e /sys/fs/cgroup/kill-all ] && echo gone
ps | grep -c '[s]leep 1234'`,
    check: (result) => assert.deepEqual(result.output.slice(-2), ['gone', '0'], result.output.join('\n')),
  },
  {
    name: 'nested',
    title: 'exec joins a container that made groups below its own and hands controllers to them',
    bundles: {
      nested: (() => {
        const script = `cd /sys/fs/cgroup && mkdir inner && echo $$ > inner/cgroup.procs &&
          echo +pids > cgroup.subtree_control && mkdir other && echo ready > /dev/shm/ready; sleep 1000`;
        const config = limited('nested', {}, ['sh', '-c', script]);
        config.mounts.push(writableCgroup);
        return config;
      })(),
    },
    script: `oci run -d -b /bundles/nested nested >/dev/null
await_line /sys/fs/cgroup/nested/cgroup.subtree_control pids
oci exec nested cat /proc/self/cgroup
oci delete -f nested && [ ! -e /sys/fs/cgroup/nested ] && echo gone`,
    check(result) {
      succeeded(result);
      assert.deepEqual(result.output, ['0::/inner', 'gone']);
    },
  },
  {
    name: 'in-use',
    title: 'a cgroup that has processes already is refused',
    bundles: { 'in-use': limited('in-use', {}), 'in-use-2': limited('in-use', {}) },
    script: `oci run -d -b /bundles/in-use in-use >/dev/null
oci run -d -b /bundles/in-use-2 in-use-2; echo "code=$?"
oci state in-use | grep -o running
oci delete -f in-use`,
    check(result) {
      assert.match(result.output.join('\n'), /linux\.cgroupsPath: .*already has processes/);
      assert.ok(result.output.includes('running'));
    },
  },
  {
    name: 'threaded-exit',
    title: 'the exit of a limited container leaves no group behind',
    bundles: { 'threaded-exit': limited('deep/er/threaded-exit', { pids: { limit: 4 } }, ['true']) },
    script: `oci run -b /bundles/threaded-exit threaded-exit && find /sys/fs/cgroup -name threaded-exit | wc -l`,
    check: (result) => assert.deepEqual(result.output, ['0']),
  },
];

function rootless(cgroupsPath: string, resources?: Record<string, unknown>) {
  const config = rootlessOciConfig(['sh', '-c', 'cat /proc/self/cgroup; id -u'], 1000, '/rootfs');
  config.linux.cgroupsPath = cgroupsPath;
  if (resources !== undefined) config.linux.resources = resources;
  return config;
}

// A user in a group that was handed over as systemd would do it: the directory and three of its files.
const delegate = `set -e
echo "+memory +pids +cpu" > /sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/delegated/session
echo "+memory +pids +cpu" > /sys/fs/cgroup/delegated/cgroup.subtree_control
for part in delegated delegated/session; do
  for file in . cgroup.procs cgroup.subtree_control cgroup.threads; do chown 1000 /sys/fs/cgroup/$part/$file; done
done
as_user() { sh -c 'echo $$ > /sys/fs/cgroup/delegated/session/cgroup.procs; exec su user -s /bin/sh -c "$*"' sh "$@"; }
mkdir -p /tmp/state && chown 1000 /tmp/state
`;

const rootlessTests: GuestTest[] = [
  {
    name: 'rootless-delegated',
    title: 'without root, limits work in a delegated group',
    bundles: { 'rootless-delegated': rootless('/delegated/box', { pids: { limit: 7 } }) },
    script: `${delegate}
as_user slipway-oci --root /tmp/state create -b /bundles/rootless-delegated box
echo "limit=$(cat /sys/fs/cgroup/delegated/box/pids.max)"
as_user slipway-oci --root /tmp/state start box
await_line /sys/fs/cgroup/delegated/box/cgroup.events 'populated 0'
as_user slipway-oci --root /tmp/state delete box
[ ! -e /sys/fs/cgroup/delegated/box ]`,
    check(result) {
      succeeded(result);
      assert.ok(result.output.includes('limit=7'), result.output.join('\n'));
      assert.ok(result.output.includes('0::/'), result.output.join('\n'));
    },
  },
  {
    name: 'rootless-unlimited',
    title: 'without root and delegation, a container without limits runs',
    bundles: { 'rootless-unlimited': rootless('/not-mine/box') },
    script: `mkdir -p /tmp/state && chown 1000 /tmp/state
su user -s /bin/sh -c 'slipway-oci --root /tmp/state run -b /bundles/rootless-unlimited box'`,
    check(result) {
      succeeded(result);
      assert.equal(result.output.at(-1), '0');
    },
  },
  {
    name: 'rootless-refused',
    title: 'without root and delegation, a limit is refused with what is missing',
    bundles: { 'rootless-refused': rootless('/not-mine/box', { memory: { limit: 1 << 26 } }) },
    script: `mkdir -p /tmp/state && chown 1000 /tmp/state
su user -s /bin/sh -c 'slipway-oci --root /tmp/state run -b /bundles/rootless-refused box'; echo "code=$?"; ls /tmp/state`,
    check(result) {
      assert.match(result.output.join('\n'), /linux\.resources\.memory\.limit: .*delegated/);
      assert.ok(result.output.at(-1)?.startsWith('code=') && result.output.at(-1) !== 'code=0');
    },
  },
];

export const otherTests: GuestTest[] = [...deviceTests, ...lifeTests, ...rootlessTests];
