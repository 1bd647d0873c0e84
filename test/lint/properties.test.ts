// Properties that hold for any document: what the linter keeps between edits never changes its answer, no input makes it
// throw, and every position lies inside the document.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Linter } from '../../language-server/lint/engine.ts';
import type { Problem } from '../../language-server/lint/problem.ts';
import { rules } from '../../language-server/lint/registry.ts';
import { parseDockerfile } from '../../runtime/dockerfile/document.ts';
import { expandTemplates } from './corpus_templates.ts';

const options = { knowledge: { today: new Date('2026-06-01') } };

/** A small generator with a seed, so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function checkPlaces(problems: readonly Problem[], text: string): void {
  for (const { code, range, fixes } of problems) {
    for (const span of [range, ...fixes.flatMap((fix) => fix.edits.map((edit) => edit.range))]) {
      assert.ok(
        span.start >= 0 && span.start <= span.end && span.end <= text.length,
        `${code} at ${span.start}..${span.end} of ${text.length}`,
      );
    }
  }
}

const PIECES = [
  '\n',
  ' ',
  '\\\n',
  '"',
  "'",
  '$',
  '${',
  '`',
  '(',
  ')',
  '<<EOF\n',
  'EOF\n',
  '#',
  '|',
  '&&',
  'FROM x AS y\n',
  'RUN apt-get install curl\n',
  '# hadolint ignore=DL3008\n',
  '# check=skip=all\n',
  'é',
  '😀',
  '\r\n',
  '[',
  ']',
  '{a,b}',
  '\u202e',
  'if',
  ' fi',
  'ARG A=1\n',
  'run x\n',
  'b',
];

test('after any sequence of edits the findings are those of a fresh look', () => {
  const random = generator(7);
  for (const { text: start } of expandTemplates().slice(0, 40)) {
    const document = parseDockerfile(start);
    const linter = new Linter(rules, options);
    linter.lint(document);
    for (let round = 0; round < 25; round += 1) {
      const from = random(document.text.length + 1);
      const to = Math.min(document.text.length, from + (random(3) === 0 ? random(40) : 0));
      document.update([{ start: from, end: to, text: PIECES[random(PIECES.length)] ?? '' }]);
      const kept = linter.lint(document);
      const fresh = new Linter(rules, options).lint(parseDockerfile(document.text));
      assert.deepEqual(kept, fresh, JSON.stringify(document.text));
      checkPlaces(kept, document.text);
    }
  }
});

test('broken input never throws, and positions stay inside', () => {
  const inputs = [
    '',
    '\ufeffFROM x\r\nRUN echo "a\r\n',
    'RUN',
    'FROM',
    'FROM \\\n\\\n',
    'RUN <<A <<B\na\nA\nb\n',
    'RUN <<\nx',
    'ONBUILD ONBUILD ONBUILD RUN x',
    `RUN ${'('.repeat(5000)}`,
    `RUN ${'$('.repeat(3000)}`,
    `RUN ${'if '.repeat(3000)}`,
    `RUN ${'`'.repeat(999)}`,
    `RUN echo ${'${a:-'.repeat(2000)}`,
    `RUN echo ${'{a,'.repeat(2000)}`,
    `FROM x\nRUN ${'a '.repeat(200_000)}`,
    Array.from({ length: 500 }, (_, i) => String.fromCharCode((i * 7919) % 65536)).join(''),
    'FROM x\nLABEL "="="=" = =\nENV = a\nARG =\nEXPOSE / : -\nCOPY\nADD <<\nHEALTHCHECK\nSHELL []\nUSER\n',
    '# hadolint ignore=\n# check=\n# check=skip\nFROM x\n# hadolint shell=\nRUN x',
  ];
  for (const text of inputs) {
    checkPlaces(new Linter(rules, options).lint(parseDockerfile(text)), text);
  }
});

test('a fix that is safe makes its finding go away and brings no syntax error', () => {
  for (const { text } of expandTemplates().slice(0, 120)) {
    const before = new Linter(rules, options).lint(parseDockerfile(text));
    for (const problem of before) {
      for (const fix of problem.fixes.filter((each) => each.safe)) {
        let after = text;
        for (const edit of [...fix.edits].sort((a, b) => b.range.start - a.range.start)) {
          after = after.slice(0, edit.range.start) + edit.newText + after.slice(edit.range.end);
        }
        const left = new Linter(rules, options).lint(parseDockerfile(after));
        const count = (problems: readonly Problem[], code: string): number =>
          problems.filter((each) => each.code === code).length;
        assert.ok(
          count(left, problem.code) < count(before, problem.code),
          `${fix.title} (${problem.code}) changes nothing:\n${after}`,
        );
        assert.equal(count(left, 'SL1001'), count(before, 'SL1001'), `${fix.title} breaks the shell:\n${after}`);
      }
    }
  }
});
