// The same sequences of requests to a real dockerd and to ours: status, headers that clients read, shape of bodies, bytes of
// streams and words of refusals are the same, or the difference is listed with its reason. Ours also keep to Docker's definition.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ApiDefinition, whyNoDefinition } from '../support/api_definition.ts';
import { writeBusyboxArchive } from '../support/busybox_image.ts';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { TestEngine } from '../support/slipway.ts';
import { differences } from './side_by_side/compare.ts';
import { containerSequences } from './side_by_side/containers.ts';
import { imageSequences } from './side_by_side/images.ts';
import { KnownDifferences } from './side_by_side/known.ts';
import { networkSequences } from './side_by_side/networks.ts';
import { routeOf } from './side_by_side/route.ts';
import { Side } from './side_by_side/side.ts';
import { streamSequences } from './side_by_side/streams.ts';
import { systemSequences } from './side_by_side/system.ts';

/** The words of refusals change from version to version: the list is of this one. */
function whyNotThisDockerd(): string | undefined {
  const { stdout } = spawnSync('dockerd', ['--version'], { encoding: 'utf8' });
  return stdout.includes(' 20.10.') ? undefined : `the known differences are those to 20.10, here is: ${stdout.trim()}`;
}

const tables = {
  containers: containerSequences,
  streams: streamSequences,
  images: imageSequences,
  'networks and volumes': networkSequences,
  'system, plugins and swarm': systemSequences,
};

describe('dockerd and ours, side by side', { skip: whyNoDockerd() ?? whyNotThisDockerd() ?? false }, () => {
  const known = new KnownDifferences();
  const api = whyNoDefinition() === undefined ? new ApiDefinition() : undefined;
  let dockerd: Dockerd;
  let engine: TestEngine;
  let theirs: Side;
  let ours: Side;
  before(async () => {
    dockerd = await Dockerd.start({ apart: true });
    engine = await TestEngine.start({ bare: true });
    const archive = join(dockerd.directory, 'busybox.tar');
    writeBusyboxArchive(archive);
    theirs = await Side.prepare(dockerd.socket, archive);
    ours = await Side.prepare(join(engine.directory, 'docker.sock'), archive);
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    await dockerd[Symbol.asyncDispose]();
  });

  for (const [title, sequences] of Object.entries(tables))
    describe(title, () => {
      for (const sequence of sequences)
        it(sequence[0], { timeout: 60_000 }, async () => {
          const [left, right] = await Promise.all([theirs.run(sequence), ours.run(sequence)]);
          const unknown = left.flatMap(({ method, path, seen }, step) => {
            const other = right[step]?.seen;
            assert.ok(other !== undefined);
            return known.unknown(routeOf(method, path), differences(seen, other));
          });
          const faults = right.flatMap(({ method, path, seen }) =>
            [...(seen.lines.length > 0 ? seen.lines : [undefined])].flatMap(
              (line) => api?.faults(method, path, Number(seen.words['status']), line) ?? [],
            ),
          );
          assert.deepEqual([...unknown, ...new Set(faults)], []);
        });
    });

  it('differ in all that is listed', () => {
    assert.deepEqual(known.unseen, []);
  });
});
