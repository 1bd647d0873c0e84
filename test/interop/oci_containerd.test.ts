// containerd's own client with its runc.v2 shim calling slipway-oci.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Containerd, whyNoContainerd } from '../support/containerd.ts';
import { slipwayOci } from '../support/oci_runtime.ts';

describe('containerd with slipway-oci as its runtime', { skip: whyNoContainerd() ?? false }, () => {
  let containerd: Containerd;
  let image = '';
  let counter = 0;
  const unique = () => `ctr-${process.pid}-${++counter}`;
  const runtime = process.env['SLIPWAY_TEST_RUNTIME'] ?? slipwayOci;
  const runFlags = ['--runtime', 'io.containerd.runc.v2', '--runc-binary', runtime, '--snapshotter', 'native'];

  before(async () => {
    containerd = await Containerd.start();
    image = containerd.importBusybox();
  });
  after(async () => {
    await containerd[Symbol.asyncDispose]();
  });

  const run = (command: string[], options: string[] = []) =>
    containerd.ctr(['run', '--rm', ...runFlags, ...options, image, unique(), ...command]);
  const start = (options: string[] = []) => {
    const id = unique();
    containerd.must(['run', '--detach', ...runFlags, ...options, image, id, 'sleep', '1000']);
    return id;
  };
  const status = (id: string) =>
    new RegExp(`^${id}\\s+\\d+\\s+(\\w+)`, 'm').exec(containerd.must(['tasks', 'ls']))?.[1];

  test('output and exit codes', () => {
    const result = run(['sh', '-c', 'echo out; echo err >&2; exit 5']);
    assert.equal(result.stdout, 'out\n');
    assert.equal(result.stderr, 'err\n');
    assert.equal(result.status, 5);
    assert.match(run(['/no/such/program']).stderr, /no such file|not found/i);
  });

  test('exec, its exit code and its terminal', () => {
    const id = start();
    const result = containerd.ctr(['tasks', 'exec', '--exec-id', 'one', id, 'sh', '-c', 'echo inside; exit 6']);
    assert.equal(result.stdout, 'inside\n');
    assert.equal(result.status, 6);
    containerd.must(['tasks', 'rm', '--force', id]);
    containerd.must(['containers', 'rm', id]);
  });

  test('limits, metrics, pause, resume', () => {
    const id = start(['--memory-limit', '33554432', '--cgroup', `/${unique()}`]);
    assert.match(containerd.must(['tasks', 'metrics', id]), /33554432/);
    containerd.must(['tasks', 'pause', id]);
    assert.equal(status(id), 'PAUSED');
    containerd.must(['tasks', 'resume', id]);
    assert.equal(status(id), 'RUNNING');
    assert.match(containerd.must(['tasks', 'ps', id]), /\d+/);
    containerd.must(['tasks', 'rm', '--force', id]);
    containerd.must(['containers', 'rm', id]);
  });

  test('kill ends a task, and nothing of it stays', () => {
    const cgroup = unique();
    const id = start(['--cgroup', `/${cgroup}`]);
    assert.ok(globSync(`/sys/fs/cgroup/*/${cgroup}`).length > 0);
    containerd.must(['tasks', 'kill', '--signal', 'SIGKILL', id]);
    while (status(id) === 'RUNNING');
    assert.equal(status(id), 'STOPPED');
    containerd.ctr(['tasks', 'rm', id]); // its exit code is the task's: 137
    assert.equal(status(id), undefined);
    containerd.must(['containers', 'rm', id]);
    assert.deepEqual(globSync(`/sys/fs/cgroup/*/${cgroup}`), []);
  });
});
