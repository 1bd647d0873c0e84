// What newer flags and heredocs leave in the tree, which Debian's Buildah does not know yet.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { slipwayBuild } from '../support/built_image.ts';
import { TestEngine } from '../support/slipway.ts';

const cases: readonly { readonly what: string; readonly file: string; readonly files: readonly string[] }[] = [
  { what: '--parents', file: 'COPY --parents x/y/f.md a.txt /o/', files: ['/o/a.txt', '/o/x/y/f.md'] },
  { what: '--parents with a pivot', file: 'COPY --parents x/./y/*.md /o/', files: ['/o/y/f.md'] },
  { what: '--exclude', file: 'COPY --exclude=*.txt --exclude=**/z x /o/', files: ['/o/y/f.md'] },
  { what: '--unpack=false', file: 'ADD --unpack=false t.tar /o', files: ['/o'] },
  { what: '--unpack', file: 'ADD --unpack=true t.tar /o', files: ['/o/a.txt'] },
  { what: 'heredocs', file: 'COPY <<one <<two /o/\n1\none\n2\ntwo', files: ['/o/one', '/o/two'] },
];

describe('flags of COPY and ADD', () => {
  const context = mkdtempSync(join(tmpdir(), 'slipway-flags-'));
  let engine: TestEngine;
  before(async () => {
    for (const name of ['x/y/z/g.md', 'x/y/f.md', 'x/h.txt', 'a.txt']) {
      mkdirSync(dirname(join(context, name)), { recursive: true });
      writeFileSync(join(context, name), name);
    }
    execFileSync('tar', ['-C', context, '-cf', join(context, 't.tar'), 'a.txt']);
    engine = await TestEngine.start({ bare: true });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(context, { recursive: true });
  });

  for (const { what, file, files } of cases) {
    it(what, async () => {
      writeFileSync(join(context, 'Dockerfile'), `FROM scratch\n${file}\n`);
      const image = await slipwayBuild(engine, context, { args: {} });
      const made = [...image].filter(([, text]) => text.startsWith('file ')).map(([path]) => path);
      assert.deepEqual(made.sort(), files);
    });
  }
});
