// The same Dockerfiles through Slipway, Buildah, Docker's classic builder and BuildKit: the same config, history and tree. What both of
// them came before is compared to what the case states from the Dockerfile reference.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  Buildah,
  type BuiltImage,
  buildKitPrograms,
  DockerBuilder,
  type Judge,
  slipwayBuild,
  whyNoBuildah,
  whyNoBuildKit,
} from '../support/built_image.ts';
import { busyboxReference, writeBusyboxArchive } from '../support/busybox_image.ts';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { TestEngine } from '../support/slipway.ts';
import { addCases } from './conformance_cases/add.ts';
import type { Case, Peer } from './conformance_cases/case.ts';
import { configCases } from './conformance_cases/config.ts';
import { copyCases } from './conformance_cases/copy.ts';
import { runCases } from './conformance_cases/run.ts';
import { stageCases } from './conformance_cases/stages.ts';
import { variableCases } from './conformance_cases/variables.ts';

const cases = [...copyCases, ...addCases, ...variableCases, ...configCases, ...stageCases, ...runCases];
const skip = whyNoBuildah() ?? whyNoDockerd() ?? false;
const withoutBuildKit = whyNoBuildKit() ?? false;

describe('the same Dockerfiles through other builders', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-conformance-'));
  const context = join(folder, 'context');
  const stack = new AsyncDisposableStack();
  const judges = new Map<Peer, Judge>();
  /** What every image has that was built on one of the two bases. */
  const given = new Map<string, Set<string>>();
  let engine: TestEngine;

  before(async () => {
    const archive = join(folder, 'busybox.tar');
    writeBusyboxArchive(archive);
    makeContext(context);
    engine = stack.use(await TestEngine.start({ bare: true, inMemory: true }));
    const dockerd = stack.use(await Dockerd.start({ inMemory: true }));
    dockerd.loadBusybox();
    judges.set('buildah', stack.use(await Buildah.start(archive)));
    judges.set('docker', DockerBuilder.classic(dockerd));
    if (withoutBuildKit === false) {
      const newer = stack.use(await Dockerd.start({ programs: buildKitPrograms, inMemory: true }));
      newer.loadBusybox();
      judges.set('buildkit', DockerBuilder.buildKit(newer));
    }
    const { code, stderr } = await engine.cli(['load', '-i', archive]);
    assert.equal(code, 0, stderr);
    for (const base of ['scratch', 'BASE']) {
      writeFile({ file: `FROM ${base}` });
      for (const [key, value] of await slipwayBuild(engine, context, { args: {} }))
        given.set(key, (given.get(key) ?? new Set()).add(value));
    }
  });
  after(async () => {
    await stack.disposeAsync();
    rmSync(folder, { recursive: true });
  });

  const writeFile = ({ file, ignore = '' }: Pick<Case, 'file' | 'ignore'>): void => {
    writeFileSync(join(context, 'Dockerfile'), `${file.replaceAll('BASE', busyboxReference)}\n`);
    writeFileSync(join(context, '.dockerignore'), `${ignore}\n`);
  };

  it('has BuildKit for what the others do not know', { skip: withoutBuildKit }, () => {
    assert.deepEqual([...judges.keys()], ['buildah', 'docker', 'buildkit']);
  });

  for (const one of cases) {
    const { what, args = {}, target, without = [], expected, differs = {} } = one;
    it(what, async () => {
      writeFile(one);
      const options = { args, ...(target === undefined ? {} : { target }) };
      const asked = [...judges].filter(
        ([peer]) => !without.includes(peer) && (peer !== 'buildkit' || without.length > 0),
      );
      assert.ok(asked.length > 0 || expected !== undefined, 'nobody judges it');
      const [ours, ...theirs] = await Promise.all([
        slipwayBuild(engine, context, options),
        ...asked.map(([, judge]) => judge.build(context, options)),
      ]);
      for (const [index, [peer]] of asked.entries())
        compare(ours, theirs[index] ?? new Map(), peer, differs[peer]?.entries ?? []);
      if (expected !== undefined) compareExpected(ours, expected, asked.length === 0);
    });
  }

  function compare(ours: BuiltImage, theirs: BuiltImage, peer: Peer, known: readonly string[]): void {
    const keys = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
    // Buildah writes one layer, and one line of history, for the whole file.
    const different = keys.filter((key) => ours.get(key) !== theirs.get(key) && (key !== 'history' || theirs.has(key)));
    assert.deepEqual(
      different.filter((key) => !known.includes(key)),
      [],
      different.map((key) => `${key}\n  slipway: ${ours.get(key)}\n  ${peer}: ${theirs.get(key)}`).join('\n'),
    );
    for (const key of known) assert.ok(different.includes(key), `${key} does not differ from ${peer} any more`);
  }

  function compareExpected(ours: BuiltImage, expected: NonNullable<Case['expected']>, isAll: boolean): void {
    for (const [key, value] of Object.entries(expected)) assert.equal(ours.get(key), value, key);
    const more = [...ours].filter(
      ([key, value]) => !Object.hasOwn(expected, key) && key !== 'history' && given.get(key)?.has(value) !== true,
    );
    if (isAll) assert.deepEqual(more, []);
  }
});

/** Files, links and archives with fixed modes: one context for all. */
function makeContext(context: string): void {
  const files = ['a.txt', 'b.txt', 'with space.txt', 'dir/one.txt', 'dir/two.txt', 'dir/sub/three.txt', 'links/file'];
  const modes = { 'run.sh': 0o750, 'modes/setuid': 0o4755, 'modes/none': 0o000, 'modes/write': 0o666 };
  const odd = ['star[1].md', 'hidden/.dot', 'hidden/.in/plain', 'modes/sticky/x', 'marked/plain', 'marked/capable'];
  const all = { ...Object.fromEntries([...files, ...odd].map((name) => [name, 0o644])), ...modes };
  for (const [name, mode] of Object.entries(all)) {
    mkdirSync(dirname(join(context, name)), { recursive: true });
    writeFileSync(join(context, name), `${name}\n`);
    chmodSync(join(context, name), mode);
  }
  mkdirSync(join(context, 'empty'), { mode: 0o755 });
  mkdirSync(join(context, 'archives'));
  for (const [name, mode] of Object.entries({ 'dir/sub': 0o755, links: 0o711, 'modes/sticky': 0o1777, marked: 0o755 }))
    chmodSync(join(context, name), mode);
  symlinkSync('file', join(context, 'links/relative'));
  symlinkSync('/nowhere', join(context, 'links/dangling'));
  symlinkSync('dir', join(context, 'todir'));
  execFileSync('setcap', ['cap_net_raw+ep', join(context, 'marked/capable')]);
  const pack = (flag: string, name: string, ...sources: string[]): void => {
    const fixed = ['--sort=name', '--owner=11', '--group=12', '--xattrs', '--xattrs-include=*'];
    execFileSync('tar', ['-C', context, ...fixed, flag, join(context, name), ...sources]);
  };
  for (const suffix of ['', '.gz', '.bz2', '.xz']) pack('-caf', `tree.tar${suffix}`, 'dir', 'links');
  pack('-caf', 'tree.tar.zst', 'dir');
  pack('-cf', 'archive.txt', 'a.txt', 'dir');
  pack('-cf', 'archives/inner.tar', 'a.txt');
  pack('-cf', 'marked.tar', 'marked');
  writeFileSync(join(context, 'fake.tar'), 'not a tar\n', { mode: 0o644 });
}
