// hooks: the six kinds, their order, their view, their failures.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bundle, type Config } from './bundle.ts';

const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

test('all six run in the specification’s order, each with the state on its standard input', () => {
  using bundle = new Bundle('echo program >>/log');
  const log = join(bundle.rootfs, 'log');
  // Those of the host write to the container's file from outside; those in the container from inside.
  const script = join(bundle.directory, 'hook');
  writeFileSync(
    script,
    `#!/bin/sh\nread -r state || true; echo "$1 $state $A $PWD $(umask) $(readlink /proc/self/ns/net)" >>${log}\n`,
  );
  writeFileSync(
    join(bundle.rootfs, 'hook'),
    '#!/bin/sh\nread -r state; echo "$1 $state $A $PWD $(umask) inside" >>/log\n',
  );
  chmodSync(script, 0o755);
  chmodSync(join(bundle.rootfs, 'hook'), 0o755);
  bundle.config.hooks = Object.fromEntries(
    kinds.map((kind) => [
      kind,
      [
        {
          path: kind === 'startContainer' ? '/hook' : script,
          args: ['hook', kind],
          env: [`A=${kind}!`, 'PATH=/bin:/usr/bin'],
        },
      ],
    ]),
  );
  bundle.write();
  writeFileSync(log, '');
  assert.equal(bundle.create().stderr, '');
  assert.equal(bundle.oci('start', bundle.id).stderr, '');
  bundle.oci('kill', bundle.id, 'KILL');
  assert.equal(bundle.oci('delete', '--force', bundle.id).stderr, '');

  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const order = lines.map((line) => line.split(' ')[0]).filter((word) => word !== 'program');
  assert.deepEqual(order, kinds);
  const status: Record<string, string> = {};
  for (const line of lines.filter((line) => !line.startsWith('program'))) {
    const [kind = '', json = '', environment, directory, mask] = line.split(' ');
    const state = JSON.parse(json);
    status[kind] = state.status;
    assert.equal(state.id, bundle.id);
    assert.equal(state.bundle, bundle.path);
    assert.equal(environment, `${kind}!`);
    assert.equal(directory, kind === 'startContainer' ? '/' : bundle.path, kind);
    assert.equal(mask, '0022', kind);
    if (kind !== 'poststop') assert.ok(state.pid > 1);
  }
  assert.deepEqual(status, {
    prestart: 'creating',
    createRuntime: 'creating',
    createContainer: 'creating',
    startContainer: 'created',
    poststart: 'running',
    poststop: 'stopped',
  });
  const host = readlinkSync('/proc/self/ns/net');
  for (const line of lines) {
    if (/^(prestart|createRuntime|poststart|poststop) /.test(line)) assert.ok(line.endsWith(host), line);
    if (line.startsWith('createContainer')) assert.ok(!line.endsWith(host), line);
  }
});

const failing = (kind: string) => (config: Config) => {
  config.hooks = { [kind]: [{ path: '/bin/sh', args: ['sh', '-c', 'echo because >&2; exit 3'] }] };
};

for (const kind of ['prestart', 'createRuntime', 'createContainer']) {
  test(`a failing ${kind} hook undoes the creation`, () => {
    using bundle = new Bundle(['true'], failing(kind));
    const { status, stderr } = bundle.create();
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`hooks\\.${kind}\\[0\\]: '/bin/sh': failed with exit status 3: because`));
    assert.deepEqual(bundle.leftovers(), []);
  });
}

for (const kind of ['startContainer', 'poststart']) {
  test(`a failing ${kind} hook stops the container`, async () => {
    using bundle = new Bundle(['sleep', '1000'], failing(kind));
    assert.equal(bundle.create().status, 0);
    const { status, stderr } = bundle.oci('start', bundle.id);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`hooks\\.${kind}\\[0\\]`));
    while (bundle.state().status !== 'stopped') await new Promise((resolve) => setImmediate(resolve));
  });
}

test('a failing poststop hook is a warning, and the next one runs', () => {
  using bundle = new Bundle(['true'], failing('poststop'));
  const flag = join(bundle.directory, 'flag');
  bundle.config.hooks?.['poststop']?.push({ path: '/usr/bin/touch', args: ['touch', flag] });
  bundle.write();
  const { status, stderr } = bundle.run();
  assert.equal(status, 0);
  assert.match(stderr, /level=warning.*hooks\.poststop/);
  readFileSync(flag);
  assert.deepEqual(bundle.leftovers(), []);
});

test('a hook that takes longer than its timeout is killed', () => {
  using bundle = new Bundle(['true'], (config) => {
    config.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '1000'], timeout: 1 }] };
  });
  const { status, stderr } = bundle.create();
  assert.equal(status, 1);
  assert.match(stderr, /took longer than its timeout of 1 s/);
  assert.deepEqual(bundle.leftovers(), []);
});
