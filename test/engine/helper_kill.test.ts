// The helper is killed at random moments of a random workload. What ran runs on, and what records, kernel and disk say is the same.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { differences } from '../support/audit.ts';
import { TestLayout } from '../support/layout.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { TestEngine } from '../support/slipway.ts';
import { seeded, Workload } from '../support/workload.ts';

const kills = Number(process.env['SLIPWAY_TEST_KILLS'] ?? 300);
const firstSeed = Number(process.env['SLIPWAY_TEST_SEED'] ?? 1);
/** Engines that are tortured at the same time; each takes its part of the kills. */
const engines = 3;
/** Longest life of a helper, and longest time in which everything has to be in order after a restart, in milliseconds. */
const lifetime = 400;
const patience = 10_000;

const whyNot = process.getuid?.() === 0 ? false : 'the kernel is asked for what only root sees';

describe('a helper that is killed at any moment', { skip: whyNot, concurrency: engines, timeout: 900_000 }, () => {
  let registry: TestRegistry;
  let images: string[];
  before(async () => {
    registry = await startRegistry();
    await using layout = await TestLayout.create();
    images = [];
    for (const name of ['one', 'two']) {
      const files = { 'bin/sleep': '#!/bin/sh\n', [`etc/${name}`]: name, noise: 'x'.repeat(300_000) };
      await layout.add(name, [{ files: { 'etc/shared': 'shared' } }, { files }]);
      images.push(`${registry.host}/kill/${name}:1`);
      await layout.push(name, `${registry.host}/kill/${name}:1`);
    }
  });
  after(() => registry[Symbol.asyncDispose]());

  for (let index = 0; index < engines; index += 1)
    it(`keeps its word (seed ${firstSeed + index})`, () => torture(firstSeed + index, images));
});

async function torture(seed: number, images: readonly string[]): Promise<void> {
  const random = seeded(seed);
  const cgroupParent = `/slipway-test-${process.pid}-${seed}`;
  await using engine = await TestEngine.start({
    args: [
      '--cgroup-parent',
      cgroupParent,
      '--bip',
      `172.29.${seed % 256}.1/24`,
      '--default-address-pool',
      `base=10.${seed % 256}.0.0/16,size=24`,
    ],
  });
  const work = new Workload(random, images);
  const count = 'i=0; while :; do echo $i; i=$((i+1)); usleep 20000; done';
  const counters = await Promise.all(
    ['none', 'bridge'].map((NetworkMode) =>
      engine.start({ Name: `kept-${NetworkMode}`, Config: { Cmd: ['sh', '-c', count] }, HostConfig: { NetworkMode } }),
    ),
  );
  const pids = () =>
    Promise.all(
      counters.map(async (id) => (await engine.client.call('container.inspect', { Container: id })).State.Pid),
    );
  const first = await pids();
  for (let round = 0; round < kills / engines; round += 1) {
    const workers = [work.run(engine), work.run(engine), work.run(engine)];
    // Not a wait for anything: the moment is what is chosen at random.
    await delay(random() ** 3 * lifetime);
    await engine.endHelper('SIGKILL');
    await Promise.all(workers);
    await engine.startHelper();
    assert.deepEqual(await pids(), first, `round ${round}`);
    assert.deepEqual(await settled(engine, cgroupParent), [], `round ${round}`);
    assert.deepEqual(work.complaints, [], `round ${round}`);
  }
  for (const id of counters) {
    const numbers = (await engine.logs(id)).stdout.trim().split('\n').map(Number);
    assert.deepEqual(
      numbers.findIndex((number, index) => number !== index),
      -1,
    );
  }
  await leavesNothing(engine);
}

/** The monitors take their last things away by themselves: there is a time for that, and then there is none. */
async function settled(engine: TestEngine, cgroupParent: string): Promise<string[]> {
  const end = Date.now() + patience;
  let found = await differences(engine, cgroupParent);
  while (found.length > 0 && Date.now() < end) {
    await delay(20);
    found = await differences(engine, cgroupParent);
  }
  return found;
}

async function leavesNothing({ client }: TestEngine): Promise<void> {
  for (const { Id } of await client.call('container.list', { All: true }))
    await client.call('container.remove', { Container: Id, Force: true, Volumes: true });
  for (const { Id } of await client.call('image.list', {}))
    await client.call('image.remove', { Image: Id, Force: true });
  await client.call('build.cachePrune', { All: true });
  await client.call('image.prune', {});
  const { LayersSize } = await client.call('system.diskUsage', {});
  assert.equal(LayersSize, 0);
}
