// slipway-oci killed by SIGKILL at any point: whatever it leaves, `delete --force` cleans up.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { Bundle, program } from './bundle.ts';

/** Small and seeded, so that a failure can be repeated. */
function* randomNumbers(seed: number): Generator<number> {
  let state = seed >>> 0;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Runs a command and kills it after so many microseconds; says whether it was in time. */
async function killedAfter(bundle: Bundle, words: string[], microseconds: number): Promise<boolean> {
  const child = spawn(program, ['--root', bundle.root, ...words], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const end = process.hrtime.bigint() + BigInt(Math.round(microseconds * 1000));
  while (process.hrtime.bigint() < end && child.exitCode === null)
    await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGKILL');
  const [, signal] = await exit;
  return signal === 'SIGKILL';
}

/** Processes whose root lies in the bundle, or whose command is ours with this --root. */
function processesOf(bundle: Bundle): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid) || pid === process.pid) return false;
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes(bundle.directory) || readlinkSync(`/proc/${pid}/root`).includes(bundle.directory);
      } catch {
        return false;
      }
    });
}

const seed = 20261121;

test(`200 kills during create, start, exec and delete (seed ${seed})`, { timeout: 400_000 }, async () => {
  const random = randomNumbers(seed);
  const next = (): number => random.next().value ?? 0;
  using bundle = new Bundle(['sleep', '1000'], (config) => {
    config.linux.resources = { pids: { limit: 100 } };
  });
  const quietly = (...words: string[]): void => {
    spawnSync(program, ['--root', bundle.root, ...words], { stdio: 'ignore' });
  };
  // How long each takes here, so that the kills fall all over it.
  const begin = process.hrtime.bigint();
  quietly('create', '-b', bundle.path, bundle.id);
  const whole = Number(process.hrtime.bigint() - begin) / 1000;
  quietly('delete', '--force', bundle.id);

  let inTime = 0;
  for (let round = 0; round < 200; round += 1) {
    const step = ['create', 'start', 'exec', 'delete'][round % 4] ?? 'create';
    if (step !== 'create') quietly('create', '-b', bundle.path, bundle.id);
    if (step === 'exec') quietly('start', bundle.id);
    const words =
      {
        create: ['create', '-b', bundle.path, bundle.id],
        start: ['start', bundle.id],
        exec: ['exec', bundle.id, 'sleep', '0.01'],
        delete: ['delete', '--force', bundle.id],
      }[step] ?? [];
    if (await killedAfter(bundle, words, next() * whole * 1.2)) inTime += 1;

    const { status, stderr } = bundle.oci('delete', '--force', bundle.id);
    assert.equal(status, 0, `round ${round}, ${step}: ${stderr}`);
    assert.deepEqual(bundle.leftovers(), [], `round ${round}, ${step}`);
    while (processesOf(bundle).length > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(inTime > 50, `only ${inTime} of 200 were killed before they had finished`);
});
