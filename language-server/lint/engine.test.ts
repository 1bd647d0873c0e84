// How the engine keeps and combines findings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../runtime/dockerfile/document.ts';
import { Linter } from './engine.ts';
import { rules } from './registry.ts';

const codes = (linter: Linter, text: string): string[] =>
  linter.lint(parseDockerfile(text)).map((problem) => problem.code);

test('one linter may look at several documents in turn', () => {
  const linter = new Linter(rules);
  assert.deepEqual(codes(linter, 'FROM debian\n'), ['DL3006']);
  assert.deepEqual(codes(linter, 'RUN cd /x && a\n'), ['DL3061', 'DL3003']);
  assert.deepEqual(codes(linter, 'RUN cd /y && a\n'), ['DL3061', 'DL3003']);
  assert.deepEqual(codes(linter, 'FROM debian\n'), ['DL3006']);
});

test('an unchanged document gives the same problem objects', () => {
  const document = parseDockerfile('FROM debian\nRUN cd /x\n');
  const linter = new Linter(rules);
  const [first] = linter.lint(document);
  assert.equal(linter.lint(document)[0], first);
});

test('problems move with the text above them', () => {
  const document = parseDockerfile('FROM debian:12\nRUN cd /x\n');
  const linter = new Linter(rules);
  const before = linter.lint(document)[0]?.range.start ?? assert.fail();
  document.update([{ start: 0, end: 0, text: '# a comment\n' }]);
  const [moved] = linter.lint(document);
  assert.equal(moved?.range.start, before + '# a comment\n'.length);
  assert.equal(document.text.slice(moved?.range.start, moved?.range.end), 'cd');
});

test('a finding of two tools is one problem: the codes of both, the worse severity, silent when either is ignored', () => {
  const text = 'FROM debian:12\nMAINTAINER ann\n';
  const [problem, ...more] = new Linter(rules).lint(parseDockerfile(text));
  assert.deepEqual(more, []);
  assert.equal(problem?.code, 'MaintainerDeprecated');
  assert.deepEqual(problem?.aliases, ['DL4000']);
  assert.equal(problem?.severity, 'error');
  assert.equal(problem?.message, 'Maintainer instruction is deprecated in favor of using label');
  assert.deepEqual(codes(new Linter(rules, { severities: { DL4000: 'off' } }), text), []);
  assert.deepEqual(codes(new Linter(rules, { check: 'skip=MaintainerDeprecated' }), text), []);
  assert.deepEqual(codes(new Linter(rules, { check: 'skip=all' }), text), ['DL4000']);
  const set = new Linter(rules, { severities: { MaintainerDeprecated: 'style' } }).lint(parseDockerfile(text));
  assert.equal(set[0]?.severity, 'style');
});

test('rules that are off by default speak when a severity is set', () => {
  const text = 'FROM debian:12\n';
  assert.deepEqual(codes(new Linter(rules), text), []);
  assert.deepEqual(codes(new Linter(rules, { severities: { DL3057: 'warning' } }), text), ['DL3057']);
});

test('a chain of thousands of stages is checked to its end', () => {
  const stages = Array.from({ length: 3_000 }, (_, i) => `FROM ${i === 0 ? 'debian:12' : `s${i - 1}`} AS s${i}\n`);
  const text = `FROM debian:12\n${stages.join('')}`;
  const codes = new Linter(rules).lint(parseDockerfile(text)).map(({ code }) => code);
  assert.deepEqual(codes, ['SL1501']);
});
