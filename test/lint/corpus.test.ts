// The corpus against its golden problems. `UPDATE_GOLDEN=1 node --test test/lint/corpus.test.ts` writes them anew; look at
// the difference before committing it: every line is a finding that somebody has agreed with.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Linter } from '../../language-server/lint/engine.ts';
import { rules } from '../../language-server/lint/registry.ts';
import { parseDockerfile } from '../../runtime/dockerfile/document.ts';
import { expandTemplates } from './corpus_templates.ts';

const path = join(import.meta.dirname, 'corpus', 'golden.txt');

function findings(): string {
  return expandTemplates()
    .map(({ name, text }) => {
      const document = parseDockerfile(text);
      const problems = new Linter(rules, { knowledge: { today: new Date('2026-06-01') } }).lint(document);
      const lines = problems.map(({ code, aliases, severity, range }) => {
        const { line, character } = document.positionAt(range.start);
        return `  ${line + 1}:${character + 1} ${severity[0]} ${[code, ...aliases].join('+')} ${JSON.stringify(text.slice(range.start, range.end))}\n`;
      });
      return `${name}\n${lines.join('')}`;
    })
    .join('');
}

test('the corpus has several hundred different files', () => {
  const files = expandTemplates();
  assert.ok(files.length >= 300, String(files.length));
  assert.equal(new Set(files.map((file) => file.text)).size, files.length);
});

test('every file of the corpus has exactly its golden problems', () => {
  const now = findings();
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, now);
  assert.equal(now, readFileSync(path, 'utf8'));
});
