// The helper is killed at random moments of a build: what it left in the cache gives right results, and nothing else is left.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildRemains } from '../support/build_remains.ts';
import { type BuiltImage, slipwayBuild } from '../support/built_image.ts';
import { TestEngine } from '../support/slipway.ts';
import { seeded } from '../support/workload.ts';

const dockerfile = `FROM busybox AS one
WORKDIR /w
COPY dir ./
RUN --mount=type=cache,target=/c test -e /c/v || { echo v > /c/new && mv /c/new /c/v; }; cp /c/v made
FROM busybox AS two
RUN for i in 1 2 3 4 5; do echo $i > /f$i; done && ln /f1 /g
FROM busybox
LABEL a=1
COPY --from=one --chown=3:4 /w /w
COPY --from=two /f1 /g /x/
RUN --mount=type=bind,from=two,target=/m cat /m/f2 > /y && rm /x/f1
`;

/** Engines that are killed side by side: while one starts, the other builds. */
const seeds = [4, 5];
const rounds = 100 / seeds.length;

describe('a build that is killed at 100 random moments', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-kill-'));
  let expected: BuiltImage;
  let duration = 0;
  before(async () => {
    mkdirSync(join(folder, 'dir/sub'), { recursive: true });
    for (let number = 0; number < 50; number += 1) writeFileSync(join(folder, `dir/sub/${number}`), `${number}\n`);
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    await using undisturbed = await TestEngine.start({ inMemory: true });
    const started = performance.now();
    expected = await slipwayBuild(undisturbed, folder, { args: {} });
    duration = performance.now() - started;
  });
  after(() => rmSync(folder, { recursive: true }));

  it('leaves nothing, and a cache that gives the same tree and config', async () => {
    await Promise.all(seeds.map(killOften));
  });

  async function killOften(seed: number): Promise<void> {
    const random = seeded(seed);
    const cgroupParent = `/slipway-kill-${process.pid}-${seed}`;
    await using engine = await TestEngine.start({ args: ['--cgroup-parent', cgroupParent], inMemory: true });
    for (let round = 1; round <= rounds; round += 1) {
      const request = { Context: folder, Network: 'none', Tags: ['made'], NoCache: round % 2 === 0 };
      const building = engine.client.stream('build.run', request).then(async ({ socket, outcome }) => {
        socket.on('error', () => {});
        socket.end();
        await outcome;
      });
      const settled = Promise.allSettled([building]);
      await delay(random() * duration * 0.7);
      await engine.endHelper('SIGKILL');
      await settled;
      await engine.startHelper();
      assert.deepEqual(buildRemains(engine, cgroupParent), [], `seed ${seed}, round ${round}`);
      if (round % 10 === 0)
        assert.deepEqual(await slipwayBuild(engine, folder, { args: {} }), expected, `seed ${seed}, round ${round}`);
      if (round % 20 === 0) await engine.client.call('build.cachePrune', { All: true });
    }
  }
});
