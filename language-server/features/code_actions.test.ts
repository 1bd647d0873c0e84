import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CodeAction } from 'vscode-languageserver';
import type { Problem } from '../lint/problem.ts';
import { LintService } from '../linting.ts';
import { defaultSettings } from '../protocol.ts';
import { codeActions, fixAllKind } from './code_actions.ts';
import { applied, marked, opened } from './marked_document.ts';

const lint = new LintService(
  () => defaultSettings,
  () => [],
);

function actionsAt(text: string, only?: string[]): { actions: CodeAction[]; apply: (title: string) => string } {
  const { open, position } = marked(text);
  const context = { diagnostics: [], ...(only === undefined ? {} : { only }) };
  const actions = codeActions(open, { start: position, end: position }, context, lint.problems(open));
  const apply = (title: string): string => {
    const action = actions.find((each) => each.title === title);
    assert.ok(action, `${title} among ${actions.map((each) => each.title).join(', ')}`);
    return applied(open, action.edit?.changes?.[open.uri] ?? []);
  };
  return { actions, apply };
}

describe('ignoring', () => {
  test("with a comment of the finding's tool above the instruction", () => {
    assert.equal(
      actionsAt('FROM a:1\nRUN cd| /x\n').apply('Ignore DL3003 here'),
      'FROM a:1\n# hadolint ignore=DL3003\nRUN cd /x\n',
    );
    assert.equal(
      actionsAt('FROM a:1 a|s b\nRUN x\n').apply('Ignore FromAsCasing here'),
      '# check=skip=FromAsCasing\nFROM a:1 as b\nRUN x\n',
    );
  });

  test('in the comment that is there', () => {
    assert.equal(
      actionsAt('FROM a:1\n# hadolint ignore=DL3004\nRUN cd| /x\n').apply('Ignore DL3003 here'),
      'FROM a:1\n# hadolint ignore=DL3004,DL3003\nRUN cd /x\n',
    );
  });

  test('silences the finding', () => {
    const text = actionsAt('FROM a:1\nRUN cd| /x\n').apply('Ignore DL3003 here');
    assert.ok(!lint.problems(opened(text)).some(({ code }) => code === 'DL3003'));
  });

  test('is not offered for what the builder refuses', () => {
    assert.ok(!actionsAt('FROM a:1\nFO|O x').actions.some(({ title }) => title.startsWith('Ignore syntax')));
  });
});

/** Problems of a made-up rule, one at each `x`. */
function problemsAt(text: string, safe: boolean): Problem[] {
  return [...text.matchAll(/x/g)].map(({ index }) => ({
    code: 'T1',
    aliases: [],
    source: 'slipway',
    severity: 'warning',
    message: 'x',
    range: { start: index, end: index + 1 },
    href: '',
    fixes: [{ title: 'Write y', safe, edits: [{ range: { start: index, end: index + 1 }, newText: 'y' }] }],
  }));
}

test('a fix, the same fix everywhere, and fixing all on request', () => {
  const { open, position } = marked('FROM |x\nRUN x');
  const range = { start: position, end: position };
  const problems = problemsAt(open.text, true);
  const actions = codeActions(open, range, { diagnostics: [] }, problems);
  assert.deepEqual(
    actions.map(({ title }) => title),
    ['Write y', 'Fix all T1 problems'],
  );
  assert.equal(applied(open, actions[0]?.edit?.changes?.[open.uri] ?? []), 'FROM y\nRUN x');
  assert.equal(applied(open, actions[1]?.edit?.changes?.[open.uri] ?? []), 'FROM y\nRUN y');
  const all = codeActions(open, range, { diagnostics: [], only: ['source.fixAll'] }, problems);
  assert.deepEqual(
    all.map(({ kind }) => kind),
    [fixAllKind],
  );
  const unsafe = codeActions(open, range, { diagnostics: [], only: ['source.fixAll'] }, problemsAt(open.text, false));
  assert.deepEqual(unsafe, []);
});

test('real fixes leave a file with fewer problems', () => {
  const text = 'from a:1 as b\nMAINTAINER me\nENV x y\n';
  const open = opened(text);
  const before = lint.problems(open);
  const range = { start: { line: 0, character: 0 }, end: { line: 3, character: 0 } };
  const [all] = codeActions(open, range, { diagnostics: [], only: [fixAllKind] }, before);
  const fixed = applied(open, all?.edit?.changes?.[open.uri] ?? []);
  assert.notEqual(fixed, text);
  assert.ok(lint.problems(opened(fixed)).length < before.length);
});

test('a line with thousands of problems: a short menu, and all of them fixed at once', () => {
  const { open } = marked(`FROM a:1\nRUN echo|${' $y'.repeat(5_000)}\n`);
  const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } };
  const actions = codeActions(open, range, { diagnostics: [] }, lint.problems(open));
  assert.ok(actions.length < 300, String(actions.length));
  const all = actions.find(({ title }) => title === 'Fix all SC2086 problems');
  assert.equal(applied(open, all?.edit?.changes?.[open.uri] ?? []), `FROM a:1\nRUN echo${' "$y"'.repeat(5_000)}\n`);
});
