import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Audience } from './audience.ts';
import { Recovery } from './recovery.ts';

/** A recovery whose tries fail until `succeed` is called; time passes when it is told to. */
function attempts(t: test.TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const directory = mkdtempSync(join(tmpdir(), 'slipway-recovery-'));
  const audience = new Audience();
  const socket = join(directory, 'slipway.sock');
  let succeeds = false;
  let count = 0;
  const tried = new Map<number, () => void>();
  const recovery = new Recovery({
    audience,
    socket: () => socket,
    attempt: async () => {
      count += 1;
      tried.get(count)?.();
      return succeeds;
    },
  });
  t.after(() => {
    recovery.stop();
    rmSync(directory, { recursive: true });
  });
  const pass = async (milliseconds: number) => {
    t.mock.timers.tick(milliseconds);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    return count;
  };
  const until = (number: number) => new Promise<void>((resolve) => tried.set(number, resolve));
  return { recovery, audience, socket, pass, until, succeed: () => (succeeds = true) };
}

test('it tries at once, then more and more rarely, and never gives up', async (t) => {
  const { recovery, audience, pass, succeed } = attempts(t);
  audience.enter();
  recovery.start();
  const seen: number[] = [];
  for (const seconds of [0, 0.2, 1, 5, 10, 20, 30, 30, 30]) seen.push(await pass(seconds * 1000));
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(await pass(29_000), 9);
  succeed();
  assert.equal(await pass(1000), 10);
  assert.equal(await pass(60_000), 10);
});

test('nothing is tried while nobody looks; who comes waits for nothing', async (t) => {
  const { recovery, audience, pass } = attempts(t);
  recovery.start();
  assert.equal(await pass(60_000), 0);
  const seat = audience.enter();
  assert.equal(await pass(0), 0);
  assert.equal(await pass(0), 1);
  seat.dispose();
  assert.equal(await pass(60_000), 1);
  audience.enter();
  await pass(0);
  assert.equal(await pass(0), 2);
});

test('a socket that somebody makes is tried at once', async (t) => {
  const { recovery, audience, socket, pass, until } = attempts(t);
  audience.enter();
  recovery.start();
  for (const seconds of [0, 0.2, 1, 5, 10]) await pass(seconds * 1000);
  const sixth = until(6);
  writeFileSync(socket, '');
  await sixth;
});

test('an engine that ends again and again is not tried at once again', async (t) => {
  const { recovery, audience, pass, succeed } = attempts(t);
  audience.enter();
  succeed();
  recovery.start();
  assert.equal(await pass(0), 1);
  recovery.start();
  assert.equal(await pass(0), 1);
  assert.equal(await pass(200), 2);
  await pass(20_000);
  recovery.start();
  assert.equal(await pass(0), 3);
});
