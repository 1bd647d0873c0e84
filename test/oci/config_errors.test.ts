// Configurations that are malformed or contradict themselves: one clear line that names the field, exit code 1, nothing left.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bundle, type Config } from './bundle.ts';

function refused(bundle: Bundle, message: RegExp, name: string): void {
  const { status, stdout, stderr } = bundle.run();
  assert.equal(status, 1, name);
  assert.equal(stdout, '', name);
  assert.match(stderr, message, name);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.deepEqual(bundle.leftovers(), [], name);
}

const mapping = { containerID: 0, hostID: 100000, size: 10 };

const wrong: [string, RegExp, (config: Config) => void][] = [
  ['version', /ociVersion: '2\.0\.0' is not supported/, (c) => Object.assign(c, { ociVersion: '2.0.0' })],
  ['root', /root\.path: is required/, (c) => Object.assign(c, { root: {} })],
  ['rootfs', /root\.path: open '\/not\/there'/, (c) => Object.assign(c.root, { path: '/not/there' })],
  ['the host’s root', /root\.path: must not be the root/, (c) => Object.assign(c.root, { path: '/' })],
  ['process', /process: is required/, (c) => Object.assign(c, { process: null })],
  ['args', /process\.args: must not be empty/, (c) => Object.assign(c.process, { args: [] })],
  ['args type', /process\.args\[1\]: must be a string/, (c) => Object.assign(c.process, { args: ['a', 1] })],
  ['NUL', /process\.args\[0\]: must not contain a NUL/, (c) => Object.assign(c.process, { args: ['a\0b'] })],
  ['cwd', /process\.cwd: must be an absolute path/, (c) => Object.assign(c.process, { cwd: 'tmp' })],
  ['env', /process\.env\[0\]: must have the form/, (c) => Object.assign(c.process, { env: ['NOVALUE'] })],
  ['uid', /process\.user\.uid: must be an integer/, (c) => Object.assign(c.process.user, { uid: 2 ** 32 })],
  ['uid -1', /process\.user\.uid: 4294967295 is no user/, (c) => Object.assign(c.process.user, { uid: 2 ** 32 - 1 })],
  [
    'rlimit',
    /rlimits\[0\]\.type: unknown value 'RLIMIT_X'/,
    (c) => Object.assign(c.process, { rlimits: [{ type: 'RLIMIT_X', soft: 1, hard: 1 }] }),
  ],
  [
    'rlimit order',
    /rlimits\[0\]: the soft limit is above/,
    (c) => Object.assign(c.process, { rlimits: [{ type: 'RLIMIT_CPU', soft: 2, hard: 1 }] }),
  ],
  [
    'rlimit twice',
    /rlimits\[1\]\.type: is there twice/,
    (c) => Object.assign(c.process, { rlimits: Array(2).fill({ type: 'RLIMIT_CPU', soft: 1, hard: 1 }) }),
  ],
  ['oom', /process\.oomScoreAdj: must be from/, (c) => Object.assign(c.process, { oomScoreAdj: 2000 })],
  [
    'ioPriority',
    /ioPriority: priority must be/,
    (c) => Object.assign(c.process, { ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 9 } }),
  ],
  [
    'scheduler',
    /scheduler\.policy: unknown value/,
    (c) => Object.assign(c.process, { scheduler: { policy: 'SCHED_NICE' } }),
  ],
  [
    'affinity',
    /execCPUAffinity\.final: must be a list/,
    (c) => Object.assign(c.process, { execCPUAffinity: { final: 'a' } }),
  ],
  [
    'terminal',
    /process\.terminal.*|a pty|devpts/,
    (c) => {
      c.process.terminal = true;
      c.mounts = c.mounts.filter((m) => m.type !== 'devpts');
    },
  ],
  [
    'hook path',
    /hooks\.poststop\[0\]: path must be absolute/,
    (c) => Object.assign(c, { hooks: { poststop: [{ path: 'x' }] } }),
  ],
  [
    'hook timeout',
    /hooks\.prestart\[0\]: timeout must be/,
    (c) => Object.assign(c, { hooks: { prestart: [{ path: '/x', timeout: 0 }] } }),
  ],
  ['mount type', /mounts\[4\] .*type: is required/, (c) => void c.mounts.push({ destination: '/x' })],
  ['mount source', /mounts\[4\] .*source: is required/, (c) => void c.mounts.push({ destination: '/x', type: 'bind' })],
  [
    'mount ids',
    /mounts\[4\]: uidMappings and gidMappings must/,
    (c) => void c.mounts.push({ destination: '/x', source: '/tmp', options: ['bind'], uidMappings: [mapping] }),
  ],
  [
    'namespace',
    /namespaces\[0\]\.type: unknown value 'net'/,
    (c) => Object.assign(c.linux, { namespaces: [{ type: 'net' }] }),
  ],
  ['namespace twice', /namespaces\[6\]\.type: is there twice/, (c) => void c.linux.namespaces.push({ type: 'pid' })],
  [
    'mappings without a namespace',
    /linux\.uidMappings: needs a user namespace/,
    (c) => Object.assign(c.linux, { uidMappings: [mapping] }),
  ],
  [
    'namespace without mappings',
    /linux\.uidMappings: is required/,
    (c) => void c.linux.namespaces.push({ type: 'user' }),
  ],
  [
    'mappings overlap',
    /linux\.uidMappings\[1\]: overlaps/,
    (c) => {
      c.linux.namespaces.push({ type: 'user' });
      Object.assign(c.linux, { uidMappings: [mapping, mapping], gidMappings: [mapping] });
    },
  ],
  [
    'mapping wraps',
    /uidMappings\[0\]: the range passes/,
    (c) => {
      c.linux.namespaces.push({ type: 'user' });
      Object.assign(c.linux, { uidMappings: [{ containerID: 2, hostID: 1, size: 2 ** 32 - 1 }] });
    },
  ],
  [
    'hostname',
    /hostname: needs a uts namespace/,
    (c) => {
      c.hostname = 'x';
      c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'uts');
    },
  ],
  [
    'time offsets',
    /linux\.timeOffsets: needs a time namespace/,
    (c) => Object.assign(c.linux, { timeOffsets: { boottime: { secs: 1 } } }),
  ],
  [
    'sysctl',
    /linux\.sysctl\.kernel\.panic: does not belong/,
    (c) => Object.assign(c.linux, { sysctl: { 'kernel.panic': '1' } }),
  ],
  [
    'sysctl path',
    /linux\.sysctl\.net\/\.\.\/kernel\/panic: is no name/,
    (c) => Object.assign(c.linux, { sysctl: { 'net/../kernel/panic': '1' } }),
  ],
  [
    'masked path',
    /linux\.maskedPaths\[0\]: must be an absolute/,
    (c) => Object.assign(c.linux, { maskedPaths: ['proc'] }),
  ],
  [
    'device',
    /linux\.devices\[0\]\.major: is required/,
    (c) => Object.assign(c.linux, { devices: [{ type: 'c', path: '/dev/x' }] }),
  ],
  [
    'device number',
    /linux\.devices\[0\]: major and minor must/,
    (c) => Object.assign(c.linux, { devices: [{ type: 'c', path: '/dev/x', major: 5000, minor: 1 }] }),
  ],
  [
    'net device',
    /linux\.netDevices\.slipway-none: find the interface/,
    (c) => Object.assign(c.linux, { netDevices: { 'slipway-none': {} } }),
  ],
  [
    'seccomp action',
    /seccomp\.defaultAction: unknown value/,
    (c) => Object.assign(c.linux, { seccomp: { defaultAction: 'ALLOW' } }),
  ],
  [
    'seccomp listener',
    /seccomp\.listenerPath: is required/,
    (c) =>
      Object.assign(c.linux, {
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }] },
      }),
  ],
  ['propagation', /rootfsPropagation: unknown value/, (c) => Object.assign(c.linux, { rootfsPropagation: 'some' })],
  [
    'personality',
    /personality\.domain: unknown value/,
    (c) => Object.assign(c.linux, { personality: { domain: 'BSD' } }),
  ],
  ['rdt', /intelRdt|resctrl/, (c) => Object.assign(c.linux, { intelRdt: { closID: 'x' } })],
  [
    'hugepages',
    /hugepageLimits\[0\]: pageSize/,
    (c) => Object.assign(c.linux, { resources: { hugepageLimits: [{ pageSize: '2XB', limit: 1 }] } }),
  ],
];

for (const [name, message, edit] of wrong) {
  test(`a wrong ${name} is named`, () => {
    using bundle = new Bundle(['true'], edit);
    refused(bundle, message, name);
  });
}

test('bad JSON is named by line and column', () => {
  using bundle = new Bundle(['true']);
  writeFileSync(join(bundle.path, 'config.json'), '{\n  "ociVersion": "1.2.0",,\n}');
  refused(bundle, /config\.json: line 2, column 25: /, 'comma');
  for (const text of ['', '[]', '[[[[', '{"a":'.repeat(100_000), '\u0000', '{"ociVersion":1e999}']) {
    writeFileSync(join(bundle.path, 'config.json'), text);
    refused(bundle, /config\.json/, text.slice(0, 20));
  }
});

test('a missing bundle, configuration or root file system', () => {
  using bundle = new Bundle(['true']);
  assert.match(bundle.oci('run', '--bundle', '/not/there', 'x').stderr, /bundle: open '\/not\/there': No such file/);
  rmSync(join(bundle.path, 'config.json'));
  refused(bundle, /config\.json': No such file/, 'config.json');
  bundle.write();
  rmSync(bundle.rootfs, { recursive: true });
  refused(bundle, /root\.path: open/, 'rootfs');
});

test('a full disk for the state leaves nothing', () => {
  using bundle = new Bundle(['true']);
  mkdirSync(bundle.root);
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,nr_inodes=3', 'tmpfs', bundle.root]);
  try {
    writeFileSync(join(bundle.root, 'filler'), 'x'.repeat(4096));
    const { status, stderr } = bundle.run();
    assert.equal(status, 1);
    assert.match(stderr, /No space left on device/);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  } finally {
    spawnSync('umount', [bundle.root]);
  }
  assert.deepEqual(bundle.leftovers(), []);
});
