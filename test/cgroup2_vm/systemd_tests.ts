// --systemd-cgroup where systemd owns the tree: scopes, as systemd itself shows them.
import assert from 'node:assert/strict';
import { type OciConfig, rootlessOciConfig } from '../support/oci_bundle.ts';
import { type GuestTest, limited, succeeded, values } from './guest_tests.ts';

const mebibyte = 1 << 20;

function scoped(name: string, resources: Record<string, unknown> = {}, args?: string[]): OciConfig {
  const config = limited(name, resources, args);
  config.linux.cgroupsPath = `system.slice:test:${name}`;
  return config;
}

const show = (name: string, ...properties: string[]) =>
  `systemctl show test-${name}.scope ${properties.map((each) => `-p ${each}`).join(' ')}`;

export const systemdTests: GuestTest[] = [
  {
    name: 'scope',
    title: 'a container with limits is a scope with those limits',
    bundles: {
      scope: scoped('scope', {
        memory: { limit: 64 * mebibyte, swap: 96 * mebibyte, reservation: 32 * mebibyte },
        cpu: { shares: 1024, quota: 50_000, period: 100_000, cpus: '1' },
        pids: { limit: 33 },
      }),
    },
    script: `set -e
oci --systemd-cgroup run -d -b /bundles/scope scope >/dev/null
${show('scope', 'ActiveState', 'Slice', 'Delegate', 'MemoryMax', 'MemorySwapMax', 'MemoryLow', 'CPUWeight', 'CPUQuotaPerSecUSec', 'TasksMax', 'AllowedCPUs')}
cd /sys/fs/cgroup/system.slice/test-scope.scope
for file in memory.max memory.swap.max cpu.max pids.max cpuset.cpus; do echo "$file=$(cat $file)"; done
echo "listed=$(systemctl list-units --type=scope --no-legend --plain | grep -c test-scope)"
systemctl daemon-reload
echo "reloaded=$(cat memory.max) $(cat cpu.max) $(cat pids.max)"
cd /
oci delete -f scope
echo "after=$(systemctl is-active test-scope.scope)"
[ ! -e /sys/fs/cgroup/system.slice/test-scope.scope ]`,
    check(result) {
      succeeded(result);
      assert.deepEqual(Object.fromEntries(values(result)), {
        ActiveState: 'active',
        Slice: 'system.slice',
        Delegate: 'yes',
        MemoryMax: '67108864',
        MemorySwapMax: '33554432',
        MemoryLow: '33554432',
        CPUWeight: '100',
        CPUQuotaPerSecUSec: '500ms',
        TasksMax: '33',
        AllowedCPUs: '1',
        'memory.max': '67108864',
        'memory.swap.max': '33554432',
        'cpu.max': '50000 100000',
        'pids.max': '33',
        'cpuset.cpus': '1',
        listed: '1',
        reloaded: '67108864 50000 100000 33',
        after: 'inactive',
      });
    },
  },
  {
    name: 'scope-annotated',
    title: 'annotations org.systemd.property.* are the scope’s properties; “Sec” is in seconds',
    bundles: {
      'scope-annotated': {
        ...scoped('scope-annotated'),
        annotations: {
          'org.systemd.property.TimeoutStopSec': 'uint64 7',
          'org.systemd.property.CollectMode': "'inactive-or-failed'",
        },
      },
    },
    script: `set -e
oci --systemd-cgroup run -d -b /bundles/scope-annotated scope-annotated >/dev/null
${show('scope-annotated', 'TimeoutStopUSec', 'CollectMode')}
oci delete -f scope-annotated`,
    check(result) {
      succeeded(result);
      assert.deepEqual(Object.fromEntries(values(result)), {
        TimeoutStopUSec: '7s',
        CollectMode: 'inactive-or-failed',
      });
    },
  },
  {
    name: 'scope-update',
    title: 'update tells systemd, so that a reload keeps it',
    bundles: { 'scope-update': scoped('scope-update', { memory: { limit: 64 * mebibyte } }) },
    script: `set -e
oci --systemd-cgroup run -d -b /bundles/scope-update scope-update >/dev/null
oci update --memory 33554432 --memory-swap 33554432 --cpu-quota 20000 --pids-limit 11 scope-update
${show('scope-update', 'MemoryMax', 'CPUQuotaPerSecUSec', 'TasksMax')}
systemctl daemon-reload
cd /sys/fs/cgroup/system.slice/test-scope-update.scope
for file in memory.max cpu.max pids.max; do echo "$file=$(cat $file)"; done
cd /
oci delete -f scope-update`,
    check(result) {
      succeeded(result);
      assert.deepEqual(Object.fromEntries(values(result)), {
        MemoryMax: '33554432',
        CPUQuotaPerSecUSec: '200ms',
        TasksMax: '11',
        'memory.max': '33554432',
        'cpu.max': '20000 100000',
        'pids.max': '11',
      });
    },
  },
  {
    name: 'scope-life',
    title: 'create, start, exec, pause, resume and kill, all in the scope',
    bundles: { 'scope-life': scoped('scope-life') },
    script: `set -e
oci --systemd-cgroup create -b /bundles/scope-life scope-life >/dev/null
oci start scope-life
oci exec scope-life cat /proc/self/cgroup
oci exec -d scope-life sleep 1000 >/dev/null
group=/sys/fs/cgroup/system.slice/test-scope-life.scope
echo "processes=$(cat $group/cgroup.procs | wc -l)"
oci pause scope-life
echo "frozen=$(grep -c 'frozen 1' $group/cgroup.events)"
oci resume scope-life
oci kill scope-life KILL
while [ -e $group ]; do sleep 0.02; done
oci delete scope-life
${show('scope-life', 'LoadState')}`,
    check(result) {
      succeeded(result);
      assert.ok(result.output.includes('0::/'), result.output.join('\n'));
      assert.equal(values(result).get('processes'), '2');
      assert.equal(values(result).get('frozen'), '1');
      assert.equal(values(result).get('LoadState'), 'not-found');
    },
  },
  {
    name: 'scope-devices',
    title: 'devices are what the configuration allows, also after a reload',
    bundles: {
      'scope-devices': scoped('scope-devices', {
        devices: [
          { allow: false, access: 'rwm' },
          { allow: true, access: 'm' },
          { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' },
        ],
      }),
    },
    script: `set -e
oci --systemd-cgroup run -d -b /bundles/scope-devices scope-devices >/dev/null
systemctl daemon-reload
oci exec scope-devices sh -c 'echo x > /dev/null && echo null; mknod /dev/test c 4 64 && head -c 0 /dev/test'  || echo denied
oci delete -f scope-devices`,
    check(result) {
      succeeded(result);
      assert.match(result.output.join('\n'), /null[\s\S]*not permitted[\s\S]*denied/);
    },
  },
  {
    name: 'scope-run',
    title: 'a run that ends leaves no scope',
    bundles: { 'scope-run': scoped('scope-run', { pids: { limit: 9 } }, ['cat', '/proc/self/cgroup']) },
    script: `set -e
oci --systemd-cgroup run -b /bundles/scope-run scope-run
while [ -e /sys/fs/cgroup/system.slice/test-scope-run.scope ]; do sleep 0.02; done
${show('scope-run', 'LoadState')}`,
    check(result) {
      succeeded(result);
      assert.deepEqual(result.output, ['0::/', 'LoadState=not-found']);
    },
  },
  {
    name: 'scope-path',
    title: 'a path that is not slice:prefix:name is refused by its field',
    bundles: { 'scope-path': limited('scope-path', {}) },
    script: 'oci --systemd-cgroup run -b /bundles/scope-path scope-path; echo "code=$?"',
    check: (result) => assert.match(result.output.join('\n'), /linux\.cgroupsPath: .*slice:prefix:name[\s\S]*code=1/),
  },
  {
    name: 'scope-user',
    title: 'without root the scope is the user’s own systemd’s',
    bundles: {
      'scope-user': (() => {
        const config = rootlessOciConfig(['sleep', '1000'], 1000, '/rootfs');
        config.linux.cgroupsPath = 'user.slice:test:mine';
        config.linux.resources = { pids: { limit: 7 } };
        return config;
      })(),
    },
    script: `set -e
mkdir -p /run/user/1000/state && chown -R 1000 /run/user/1000
systemd-run --quiet --unit manager --uid=1000 -p Delegate=yes -p Environment=XDG_RUNTIME_DIR=/run/user/1000 /lib/systemd/systemd --user
until [ -S /run/user/1000/systemd/private ]; do sleep 0.05; done
as_user() { XDG_RUNTIME_DIR=/run/user/1000 su user -s /bin/sh -c "$*"; }
# A process can only be moved within what the user owns, the manager's group: so one of the manager's starts it.
as_user systemd-run --user --quiet --unit inner -p Delegate=yes /bin/sh -c \\''slipway-oci --systemd-cgroup --root /run/user/1000/state run -d -b /bundles/scope-user mine </dev/null >/run/user/1000/log 2>&1; echo done >> /run/user/1000/log; sleep 1000'\\'
await_line /run/user/1000/log done
cat /run/user/1000/log
as_user systemctl --user show test-mine.scope -p ActiveState -p TasksMax
as_user slipway-oci --systemd-cgroup --root /run/user/1000/state delete -f mine
echo "after=$(as_user systemctl --user is-active test-mine.scope)"`,
    check(result) {
      succeeded(result);
      assert.equal(values(result).get('ActiveState'), 'active', result.output.join('\n'));
      assert.equal(values(result).get('TasksMax'), '7');
      assert.equal(values(result).get('after'), 'inactive');
    },
  },
];
