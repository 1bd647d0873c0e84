// Sends the tables of sequences to a dockerd and to ours, and holds the answers against each other.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ApiDefinition, whyNoDefinition } from '../../support/api_definition.ts';
import { writeBusyboxArchive } from '../../support/busybox_image.ts';
import { Dockerd, whyNoDockerd } from '../../support/dockerd.ts';
import { TestEngine } from '../../support/slipway.ts';
import { differences } from './compare.ts';
import { type Known, KnownDifferences } from './known.ts';
import { routeOf } from './route.ts';
import { type Sequence, unhurried } from './sequence.ts';
import { Side, type Told } from './side.ts';

export interface Judge {
  /** Of dockerd, as it tells it; the words of refusals change from version to version: the list is of this one. */
  readonly version: string;
  /** The newest version of the API that it speaks. */
  readonly api: string;
  /** Folder of its programs; the machine's if absent. */
  readonly programs?: string;
  readonly known: readonly Known[];
  readonly tables: Readonly<Record<string, readonly Sequence[]>>;
}

function whyNot({ version, programs = '' }: Judge): string | undefined {
  const { stdout } = spawnSync(join(programs, 'dockerd'), ['--version'], { encoding: 'utf8' });
  if (stdout?.includes(` ${version}.`) === true) return undefined;
  return `the known differences are those to dockerd ${version}, here is: ${stdout?.trim() ?? 'none'}`;
}

export function compareWith(judge: Judge): void {
  const { version, api, programs, tables } = judge;
  const name = `dockerd ${version} and ours, side by side`;
  describe(name, { skip: whyNoDockerd() ?? whyNot(judge) ?? false }, () => {
    const known = new KnownDifferences(judge.known);
    const definition = whyNoDefinition() === undefined ? new ApiDefinition() : undefined;
    let dockerd: Dockerd;
    let engine: TestEngine;
    let theirs: Side;
    let ours: Side;
    let early: Promise<Told[]>;
    before(async () => {
      dockerd = await Dockerd.start({ apart: true, ...(programs === undefined ? {} : { programs }) });
      engine = await TestEngine.start({ bare: true });
      const archive = join(dockerd.directory, 'busybox.tar');
      writeBusyboxArchive(archive);
      theirs = await Side.prepare(dockerd.socket, api, archive);
      early = theirs.run(
        Object.values(tables)
          .flat()
          .find(([name]) => name === unhurried) ?? [unhurried],
        false,
      );
      ours = await Side.prepare(join(engine.directory, 'docker.sock'), api, archive);
    });
    after(async () => {
      await engine[Symbol.asyncDispose]();
      await dockerd[Symbol.asyncDispose]();
    });

    for (const [title, sequences] of Object.entries(tables))
      describe(title, () => {
        for (const sequence of sequences)
          it(sequence[0], { timeout: 60_000 }, async () => {
            const [left, right] = await Promise.all([
              sequence[0] === unhurried ? early : theirs.run(sequence),
              ours.run(sequence),
            ]);
            const unknown = left.flatMap(({ method, path, seen }, step) => {
              const other = right[step]?.seen;
              assert.ok(other !== undefined);
              return known.unknown(routeOf(method, path), differences(seen, other));
            });
            const faults = right.flatMap(({ method, path, seen }) =>
              [...(seen.lines.length > 0 ? seen.lines : [undefined])].flatMap(
                (line) => definition?.faults(method, path, Number(seen.words['status']), line) ?? [],
              ),
            );
            assert.deepEqual([...unknown, ...new Set(faults)], []);
          });
      });

    it('differ in all that is listed', () => {
      assert.deepEqual(known.unseen, []);
    });
  });
}
