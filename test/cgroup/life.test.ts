// Pausing, counting, updating and killing through cgroups, on this machine's own tree.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ociConfig } from '../support/oci_bundle.ts';
import { OciRuntime } from '../support/oci_runtime.ts';
import { pidOf, readGroup, whyNoController } from './tree.ts';

const mebibyte = 1 << 20;

// A zombie that its parent has not come to yet is gone too.
function assertGone(pid: number): void {
  const line = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : 'gone Z ';
  assert.match(line, / Z /, `process ${pid} lives on`);
}

describe('the life of a container in its cgroups', { skip: whyNoController('memory') ?? false }, () => {
  let runtime: OciRuntime;
  before(() => {
    runtime = new OciRuntime();
  });
  after(() => runtime[Symbol.dispose]());

  const sleeping = (resources: Record<string, unknown> = {}) => {
    const config = ociConfig(['sleep', '1000'], runtime.busyboxRoot);
    config.linux.resources = resources;
    return config;
  };
  const status = (id: string) => /"status": *"(\w+)"/.exec(runtime.must(['state', id]))?.[1];

  test('pause, resume, exec, kill and delete while paused', () => {
    const id = runtime.start(sleeping());
    const pid = pidOf(runtime, id);
    runtime.must(['pause', id]);
    assert.equal(status(id), 'paused');
    assert.equal(readGroup(pid, 'freezer', 'freezer.state'), 'FROZEN');
    assert.match(runtime.exec(id, ['true']).stderr, /paused/);
    runtime.must(['resume', id]);
    assert.equal(status(id), 'running');
    assert.equal(runtime.exec(id, ['echo', 'awake']).stdout, 'awake\n');
    runtime.must(['pause', id]);
    runtime.must(['delete', '--force', id]);
    assertGone(pid);

    // Whoever kills waits for the end, which a v1 freezer would keep from coming.
    const killed = runtime.start(sleeping());
    runtime.must(['pause', killed]);
    runtime.must(['kill', killed, 'KILL']);
    while (status(killed) !== 'stopped');
  });

  test('events --stats in the form that runc gives them', () => {
    const id = runtime.start(sleeping({ memory: { limit: 64 * mebibyte }, pids: { limit: 9 } }));
    const event = JSON.parse(runtime.must(['events', '--stats', id])) as {
      type: string;
      id: string;
      data: {
        memory: { usage: { limit: number; usage: number; failcnt: number }; raw: Record<string, number> };
        pids: { current: number; limit: number };
        cpu: { usage: { total: number; percpu: number[] } };
      };
    };
    assert.equal(event.type, 'stats');
    assert.equal(event.id, id);
    assert.equal(event.data.memory.usage.limit, 64 * mebibyte);
    assert.ok(event.data.memory.usage.usage > 0);
    assert.ok('cache' in event.data.memory.raw);
    assert.deepEqual(event.data.pids, { current: 1, limit: 9 });
    assert.ok(event.data.cpu.usage.total > 0);
    assert.ok(event.data.cpu.usage.percpu.length > 0);
    runtime.must(['delete', '--force', id]);
  });

  test('update changes a running container; a first cpuset comes with it', () => {
    const id = runtime.start(sleeping({ memory: { limit: 64 * mebibyte, swap: 128 * mebibyte } }));
    const pid = pidOf(runtime, id);
    runtime.must([
      'update',
      '--memory',
      '100m',
      '--memory-swap',
      '200m',
      '--cpu-share',
      '400',
      '--cpuset-cpus',
      '0',
      '--pids-limit',
      '20',
      id,
    ]);
    assert.equal(readGroup(pid, 'memory', 'memory.limit_in_bytes'), String(100 * mebibyte));
    assert.equal(readGroup(pid, 'memory', 'memory.memsw.limit_in_bytes'), String(200 * mebibyte));
    assert.equal(readGroup(pid, 'cpu', 'cpu.shares'), '400');
    assert.equal(readGroup(pid, 'pids', 'pids.max'), '20');
    assert.equal(readGroup(pid, 'cpuset', 'cpuset.cpus'), '0');
    assert.equal(runtime.exec(id, ['nproc']).stdout, '1\n');
    runtime.must(
      ['update', '--resources', '-', id],
      JSON.stringify({ memory: { limit: 32 * mebibyte, swap: 64 * mebibyte } }),
    );
    assert.equal(readGroup(pid, 'memory', 'memory.limit_in_bytes'), String(32 * mebibyte));
    runtime.must(['delete', '--force', id]);
  });

  test('delete --force ends every process, also those without a pid namespace', () => {
    const config = ociConfig(['sh', '-c', 'sleep 4321 & setsid sleep 4321 & sleep 4321; true'], runtime.busyboxRoot);
    config.linux.namespaces = config.linux.namespaces.filter((each) => each.type !== 'pid');
    const id = runtime.start(config);
    const pid = pidOf(runtime, id);
    let pids: string[] = [];
    while (pids.length < 4) pids = readGroup(pid, 'pids', 'cgroup.procs').split('\n');
    assert.equal(runtime.must(['ps', '--format', 'json', id]).match(/\d+/g)?.length, 4);
    runtime.must(['delete', '--force', id]);
    for (const each of pids) assertGone(Number(each));
  });

  test('a cgroup that has processes already is refused', () => {
    const first = sleeping();
    const id = runtime.start(first);
    const second = sleeping();
    second.linux.cgroupsPath = `/${id}`;
    const result = runtime.run(second);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /linux\.cgroupsPath: .*already has processes/);
    assert.equal(status(id), 'running');
    runtime.must(['delete', '--force', id]);
  });

  test('--systemd-cgroup where no systemd runs says so', (t) => {
    if (existsSync('/run/systemd/private')) return t.skip('systemd runs here');
    using systemd = new OciRuntime(undefined, ['--systemd-cgroup']);
    const config = ociConfig(['true'], systemd.busyboxRoot);
    config.linux.cgroupsPath = 'system.slice:slipway:test';
    const result = systemd.run(config);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /no systemd answers/);
    config.linux.cgroupsPath = '/not/of/that/form';
    assert.match(systemd.run(config).stderr, /linux\.cgroupsPath: .*slice:prefix:name/);
  });
});
