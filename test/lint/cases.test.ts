// Cases with their places: test/lint/cases/*.txt. A case begins with `=== CODE …: name`; in its text `{{CODE …|words}}` marks
// where each of these codes must be reported, and nowhere else. Codes that the heading does not name are not looked at.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Linter } from '../../language-server/lint/engine.ts';
import { rules } from '../../language-server/lint/registry.ts';
import { parseDockerfile } from '../../runtime/dockerfile/document.ts';

interface Case {
  readonly file: string;
  readonly name: string;
  readonly codes: readonly string[];
  readonly text: string;
  readonly expected: readonly string[];
}

const directory = join(import.meta.dirname, 'cases');

function readCases(file: string): Case[] {
  return readFileSync(join(directory, file), 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map((block) => {
      const newline = block.indexOf('\n');
      const [codes = '', name = ''] = block.slice(0, newline).split(/: (.*)/s);
      return { file, name, codes: codes.split(' '), ...readMarks(block.slice(newline + 1)) };
    });
}

function readMarks(marked: string): { text: string; expected: string[] } {
  const expected: string[] = [];
  let text = '';
  let at = 0;
  for (const match of marked.matchAll(/\{\{([A-Za-z0-9 ]+)\|(.*?)\}\}(?!\})/gs)) {
    text += marked.slice(at, match.index);
    for (const code of (match[1] ?? '').split(' ')) expected.push(entry(code, text.length, match[2] ?? ''));
    text += match[2];
    at = match.index + match[0].length;
  }
  return { text: text + marked.slice(at), expected: expected.sort() };
}

function entry(code: string, start: number, words: string): string {
  return `${code} at ${String(start).padStart(4, '0')} ${JSON.stringify(words)}`;
}

for (const file of readdirSync(directory).sort()) {
  for (const { name, codes, text, expected } of readCases(file)) {
    test(`${file}: ${codes.join(' ')}: ${name}`, () => {
      const severities = Object.fromEntries(
        rules.flatMap((rule) => (rule.severity === 'off' ? [[rule.code, 'info'] as const] : [])),
      );
      const problems = new Linter(rules, { severities, knowledge: { today: new Date('2026-06-01') } }).lint(
        parseDockerfile(text),
      );
      const found = problems.flatMap((problem) =>
        [problem.code, ...problem.aliases]
          .filter((code) => codes.includes(code))
          .map((code) => entry(code, problem.range.start, text.slice(problem.range.start, problem.range.end))),
      );
      assert.deepEqual(found.sort(), expected);
    });
  }
}
