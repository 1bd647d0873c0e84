// SIGKILL at any moment of a monitor's life: `delete --force` leaves nothing.
import assert from 'node:assert/strict';
import { closeSync, existsSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type MonitorOptions, monitorArguments } from '../../runtime/container/monitor_client.ts';
import { pidfdOpen, pidfdSendSignal, spawnMonitor, waitPidfd } from '../../runtime/native/process.ts';
import { cgroupsOf, isAlive, MonitoredContainers } from '../support/monitor.ts';

/** Repeatable numbers from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Finer than a timer. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Lets a monitor create and start at once, and kills it after a time. */
async function launchAndKill(options: MonitorOptions, milliseconds: number): Promise<void> {
  const { pidfd, syncFd } = await spawnMonitor({
    path: options.program,
    args: monitorArguments(options),
    env: { PATH: '/bin' },
  });
  writeSync(syncFd, 'start\n');
  pause(milliseconds);
  try {
    pidfdSendSignal(pidfd, 9);
  } catch {
    // it has ended already: also a moment
  }
  await waitPidfd(pidfd);
  closeSync(pidfd);
  closeSync(syncFd);
}

/** Waits for the processes that carry the id in their command line: children on their way out. Hangs if one stays. */
async function lastProcessGone(id: string): Promise<void> {
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || !isAlive(pid)) continue;
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(id)) continue;
      const pidfd = pidfdOpen(pid);
      await waitPidfd(pidfd);
      closeSync(pidfd);
    } catch {
      // gone meanwhile
    }
  }
}

async function assertNothingLeft(containers: MonitoredContainers, id: string): Promise<void> {
  await lastProcessGone(id);
  assert.deepEqual(cgroupsOf(id), []);
  assert(!existsSync(join(containers.stateRoot, id)), 'the state directory is gone');
  assert(!readFileSync('/proc/self/mountinfo', 'utf8').includes(containers.stateRoot), 'no mount is left');
}

test('a monitor killed at 150 moments of create, start, run and delete', { timeout: 300_000 }, async () => {
  await using containers = new MonitoredContainers();
  const random = randomOf(4711);
  for (let round = 0; round < 150; round += 1) {
    const options = containers.prepare({ args: round % 2 === 0 ? ['sleep', '1000'] : ['true'], log: true });
    await launchAndKill(options, random() * 25);
    const deleted = containers.command(['delete', '--force', options.id]);
    assert.equal(deleted.code, 0, deleted.stderr);
    await assertNothingLeft(containers, options.id);
  }
});

test('a monitor of an exec session killed at 50 moments leaves its container well', { timeout: 300_000 }, async () => {
  await using containers = new MonitoredContainers();
  const random = randomOf(815);
  const container = await containers.start({ script: 'read line', options: { stdin: true } });
  const session = { args: ['sleep', '1000'], env: ['PATH=/bin'], cwd: '/', user: { uid: 0, gid: 0 } };
  for (let round = 0; round < 50; round += 1) {
    await launchAndKill(containers.prepareExec(container, session), random() * 15);
    assert(isAlive(container.client.pid));
  }
  await container.client.kill(9);
  assert.equal((await container.client.exited)?.exitCode, 137);
  await container.client.ended;
  assert.equal(container.client.deletionError, undefined);
  await assertNothingLeft(containers, container.id);
});
