// No field without a test that observes it: every field of the runtime specification (spec_fields.txt) and everything that
// `features` claims is either in a test named here, or in the list of those that can't be, with the reason.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { program, runOnce } from './bundle.ts';

// The file below test/ (or native/), a part of the test's title as it stands there, and the fields. A field that ends in
// "." stands for all below it; {a,b} for either.
const observed: [string, string, string][] = [
  ['oci/config_errors.test.ts', "'version'", 'ociVersion'],
  ['oci/lifecycle.test.ts', 'created, running, stopped, gone', 'annotations'],
  [
    'oci/hooks.test.ts',
    'all six run in the specification’s order',
    'hooks.{prestart,createRuntime,createContainer,startContainer,poststart,poststop}[].{path,args,env}',
  ],
  [
    'oci/hooks.test.ts',
    'a hook that takes longer than its timeout is killed',
    'hooks.{prestart,createRuntime,createContainer,startContainer,poststart,poststop}[].timeout',
  ],
  ['oci/namespaces.test.ts', 'hostname and domainname are the container’s', 'hostname domainname'],
  ['oci/namespaces.test.ts', "a new ${type} namespace is not the host's", 'linux.namespaces[].type'],
  ['oci/namespaces.test.ts', 'namespaces are joined by path', 'linux.namespaces[].path'],
  [
    'oci/namespaces.test.ts',
    'user ids are mapped as asked',
    'linux.{uidMappings,gidMappings}[].{containerID,hostID,size}',
  ],
  ['oci/namespaces.test.ts', 'time offsets shift the clocks', 'linux.timeOffsets.'],
  ['oci/mount_options.test.ts', 'no option is claimed that nothing here observes', 'mounts[].options'],
  ['oci/rootfs.test.ts', 'a bind mount shows the host’s directory', 'mounts[].{source,destination,type}'],
  [
    'oci/rootfs.test.ts',
    'idmap shows the files with other owners',
    'mounts[].{uidMappings,gidMappings}[].{containerID,hostID,size}',
  ],
  ['oci/rootfs.test.ts', 'a read-only root is one', 'root.path root.readonly'],
  ['oci/rootfs.test.ts', 'masked paths are empty, read-only paths', 'linux.maskedPaths linux.readonlyPaths'],
  ['oci/rootfs.test.ts', 'devices of the configuration are made', 'linux.devices[].'],
  ['oci/rootfs.test.ts', 'rootfsPropagation is the root’s propagation', 'linux.rootfsPropagation'],
  ['oci/process.test.ts', 'user, group, additional groups and umask', 'process.user.{uid,gid,umask,additionalGids}'],
  ['oci/process.test.ts', 'arguments, environment and working directory', 'process.{args,env,cwd}'],
  ['oci/process.test.ts', 'a terminal of the size asked for', 'process.terminal process.consoleSize.'],
  ['oci/process.test.ts', 'the five capability sets', 'process.capabilities.'],
  ['oci/process.test.ts', 'resource limits', 'process.rlimits[].'],
  ['oci/process.test.ts', "'noNewPrivileges'", 'process.noNewPrivileges'],
  ['oci/process.test.ts', "'oomScoreAdj'", 'process.oomScoreAdj'],
  ['oci/process.test.ts', 'scheduler and I/O priority', 'process.scheduler.nice process.ioPriority.'],
  ['oci/process.test.ts', 'a scheduler: ${title}', 'process.scheduler.{policy,priority,flags,runtime,deadline,period}'],
  ['oci/process.test.ts', 'sysctls of the container’s namespaces', 'linux.sysctl'],
  ['oci/process.test.ts', "'personality'", 'linux.personality.domain'],
  ['oci/process.test.ts', "'memoryPolicy'", 'linux.memoryPolicy.'],
  ['cgroup2_vm/label_tests.ts', 'process.apparmorProfile confines', 'process.apparmorProfile'],
  ['cgroup2_vm/label_tests.ts', 'process.selinuxLabel, with categories', 'process.selinuxLabel'],
  ['cgroup2_vm/label_tests.ts', 'linux.mountLabel is every file’s', 'linux.mountLabel'],
  ['oci/lifecycle.test.ts', "'execCPUAffinity'", 'process.execCPUAffinity.'],
  ['oci/net_devices.test.ts', 'an interface moves into the container ${title}', 'linux.netDevices.*.name'],
  [
    'oci/seccomp.test.ts',
    'noNewPrivileges ?',
    'linux.seccomp.{defaultAction,defaultErrnoRet,flags,architectures} linux.seccomp.syscalls[].',
  ],
  ['oci/seccomp.test.ts', 'the listener gets the container’s state', 'linux.seccomp.{listenerPath,listenerMetadata}'],
  ['cgroup/limits.test.ts', 'unified on a hybrid machine', 'linux.resources.unified'],
  ['cgroup/limits.test.ts', 'devices: outside the list denied', 'linux.resources.devices[].'],
  ['cgroup/limits.test.ts', 'pids: the limit', 'linux.resources.pids.limit'],
  [
    'cgroup/limits.test.ts',
    'block I/O: throttles and weights of a disk',
    'linux.resources.blockIO.{throttleReadBpsDevice,throttleWriteBpsDevice,throttleReadIOPSDevice,throttleWriteIOPSDevice}[].',
  ],
  [
    'cgroup2_vm/limit_tests.ts',
    'block I/O weights and throttles',
    'linux.resources.blockIO.weight linux.resources.blockIO.weightDevice[].{major,minor,weight}',
  ],
  ['cgroup/limits.test.ts', 'cpuset: cpus and mems', 'linux.resources.cpu.{cpus,mems}'],
  ['cgroup/limits.test.ts', 'cpu: shares, quota, period, burst', 'linux.resources.cpu.{shares,quota,period,burst}'],
  [
    'cgroup/limits.test.ts',
    'cpu: real-time runtime and period',
    'linux.resources.cpu.{realtimeRuntime,realtimePeriod}',
  ],
  ['cgroup/limits.test.ts', 'cpu: idle', 'linux.resources.cpu.idle'],
  ['cgroup/limits.test.ts', 'is used there: huge pages', 'linux.resources.hugepageLimits[].'],
  [
    'cgroup/limits.test.ts',
    'memory: limit, swap, reservation, swappiness',
    'linux.resources.memory.{limit,swap,reservation,swappiness}',
  ],
  [
    'cgroup/limits.test.ts',
    'memory: kernel TCP buffers, hierarchy',
    'linux.resources.memory.{kernel,kernelTCP,useHierarchy}',
  ],
  ['cgroup/limits.test.ts', 'without the OOM killer the container waits', 'linux.resources.memory.disableOOMKiller'],
  ['cgroup2_vm/life_tests.ts', 'checkBeforeUpdate refuses a limit', 'linux.resources.memory.checkBeforeUpdate'],
  ['cgroup/limits.test.ts', 'network: classes and priorities', 'linux.resources.network.'],
  ['cgroup/limits.test.ts', 'rdma, which no tree has', 'linux.resources.rdma.*.'],
  ['cgroup/limits.test.ts', 'the groups exist while the container does', 'linux.cgroupsPath'],
  [
    'core/rdt_test.cc',
    'a_class_that_exists_must_have_the_same_schemata',
    'linux.intelRdt.{closID,schemata,l3CacheSchema,memBwSchema}',
  ],
  ['core/rdt_test.cc', 'monitoring_is_a_group_of_the_containers_own', 'linux.intelRdt.enableMonitoring'],
];

const unobserved: Record<string, string> = {
  'process.commandLine': 'Windows only',
  'process.user.username': 'Windows only',
  'linux.personality.flags': 'the specification defines none; config_errors.test.ts: refused',
  'linux.resources.blockIO.leafWeight': 'needs CFQ, which left the kernel with 5.0; cgroup2_vm: refused',
  'linux.resources.blockIO.weightDevice[].leafWeight': 'needs CFQ, which left the kernel with 5.0',
};

// What `features` says, and where it is held to it.
const claims: [string, string, string][] = [
  ['oci/fields.test.ts', 'the versions, hooks and namespaces that are claimed', 'ociVersionMin ociVersionMax hooks'],
  ['oci/fields.test.ts', 'the versions, hooks and namespaces that are claimed', 'linux.namespaces linux.capabilities'],
  ['oci/mount_options.test.ts', 'no option is claimed that nothing here observes', 'mountOptions'],
  ['cgroup/limits.test.ts', 'limits on cgroup v1 and hybrid', 'linux.cgroup.v1'],
  ['cgroup2_vm/cgroup2.test.ts', 'cgroup v2 in a virtual machine', 'linux.cgroup.v2'],
  ['cgroup2_vm/systemd_tests.ts', 'org.systemd.property.', 'potentiallyUnsafeConfigAnnotations'],
  ['cgroup2_vm/systemd.test.ts', 'systemd in a virtual machine', 'linux.cgroup.{systemd,systemdUser}'],
  ['cgroup/limits.test.ts', 'rdma, which no tree has', 'linux.cgroup.rdma'],
  ['oci/fields.test.ts', 'every action, operator, architecture and flag of seccomp', 'linux.seccomp.'],
  ['cgroup2_vm/labels.test.ts', "name: 'AppArmor'", 'linux.apparmor.enabled'],
  ['cgroup2_vm/labels.test.ts', "name: 'SELinux'", 'linux.selinux.enabled'],
  ['core/rdt_test.cc', 'a_class_that_exists_must_have_the_same_schemata', 'linux.intelRdt.enabled'],
  ['oci/rootfs.test.ts', 'idmap shows the files with other owners', 'linux.mountExtensions.idmap.enabled'],
  ['oci/net_devices.test.ts', 'an interface moves into the container ${title}', 'linux.netDevices.enabled'],
];
const unclaimed: Record<string, string> = {
  annotations: 'a place for versions of libraries, which nothing depends on',
};

// "a.{b,c}[].{d,e}" -> "a.b[].d", …
function expand(pattern: string): string[] {
  const [whole, choices = ''] = /\{([^}]*)\}/.exec(pattern) ?? [];
  if (whole === undefined) return [pattern];
  return choices.split(',').flatMap((choice) => expand(pattern.replace(whole, choice)));
}

function listed(kind: string): string[] {
  const lines = readFileSync(join(import.meta.dirname, 'spec_fields.txt'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
}

const features = () => JSON.parse(spawnSync(program, ['features'], { encoding: 'utf8' }).stdout);

for (const [kind, tests, reasons] of [
  ['config', observed, unobserved],
  ['features', claims, unclaimed],
] as const) {
  const patterns = tests.flatMap(([, , fields]) => fields.split(' ').flatMap(expand));
  const covers = (pattern: string, field: string) =>
    pattern.endsWith('.') ? field.startsWith(pattern) : field === pattern;

  test(`every field of ${kind} is observed by a test, or has a reason`, () => {
    const missing = listed(kind).filter(
      (field) => reasons[field] === undefined && !patterns.some((pattern) => covers(pattern, field)),
    );
    assert.deepEqual(missing, []);
  });

  test(`the table of ${kind} names fields that there are`, () => {
    const fields = listed(kind);
    const wrong = patterns.filter((pattern) => !fields.some((field) => covers(pattern, field)));
    assert.deepEqual([...wrong, ...Object.keys(reasons).filter((field) => !fields.includes(field))], []);
  });

  test(`the table of ${kind} names tests that there are`, () => {
    for (const [file, title] of tests) {
      const folder = file.startsWith('core/') ? '../../native' : '..';
      const text = readFileSync(join(import.meta.dirname, folder, file), 'utf8');
      assert.ok(text.includes(title), `${file} has no '${title}'`);
    }
  });
}

test('the versions, hooks and namespaces that are claimed are those of the specification', () => {
  const { ociVersionMin, ociVersionMax, hooks, linux } = features();
  assert.deepEqual([ociVersionMin, ociVersionMax], ['1.0.0', '1.3.0']);
  const ofSpec = new Set(listed('config').flatMap((field) => /^hooks\.(\w+)/.exec(field)?.[1] ?? []));
  assert.deepEqual(new Set(hooks), ofSpec);
  assert.deepEqual(linux.namespaces, ['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts']);
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  for (const part of ['apparmor', 'selinux', 'intelRdt']) assert.deepEqual(linux[part], { enabled: true });
  assert.ok(linux.capabilities.length > last, 'a capability of this kernel is missing');
});

test('every action, operator, architecture and flag of seccomp that is claimed is accepted', () => {
  const { actions, operators, archs, supportedFlags } = features().linux.seccomp;
  const text = readFileSync(join(import.meta.dirname, '../../native/core/seccomp_test.cc'), 'utf8');
  const inTests = (name: string) => text.includes(name) || seccompTests.includes(name);
  const seccompTests = readFileSync(join(import.meta.dirname, 'seccomp.test.ts'), 'utf8');
  assert.deepEqual(
    [...actions, ...operators, ...supportedFlags].filter((name: string) => !inTests(name)),
    [],
  );
  for (const arch of archs) {
    const { status, stderr } = runOnce(['true'], (config) => {
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', architectures: [arch] };
    });
    // Of the other byte order: one filter can't hold both, which libseccomp says.
    if (/MIPS(64|64N32)?$|PARISC|PPC(64)?$|S390/.test(arch)) assert.match(stderr, /seccomp\.architectures\[0\]/, arch);
    else assert.equal(status, 0, `${arch}: ${stderr}`);
  }
});
