import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ignoreFileProblems } from '../syntax_problems.ts';
import { ignoreCompletion, ignoreHover, ignoreLenses, ignoreTokens } from './ignore_file.ts';
import { marked } from './marked_document.ts';

const directory = mkdtempSync(join(tmpdir(), 'slipway-ignore-'));
after(() => rmSync(directory, { recursive: true }));
for (const file of ['a.log', 'keep.log', 'src/b.log', 'src/main.ts', 'node_modules/x/index.js']) {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), '');
}
const uri = pathToFileURL(join(directory, '.dockerignore')).href;
const { signal } = new AbortController();

async function hovered(text: string): Promise<string> {
  const { open, position } = marked(text, uri);
  return JSON.stringify(await ignoreHover(open, position, signal));
}

test('hover says which files a line takes out, or lets in again', async () => {
  assert.match(await hovered('**/*.l|og\n!keep.log\n'), /Excludes 2 files.*a\.log.*src\/b\.log/);
  assert.match(await hovered('**/*.log\n!kee|p.log\n'), /Lets in again 1 file.*keep\.log/);
  assert.match(await hovered('node_|modules'), /node_modules\/x\/index\.js/);
  assert.match(await hovered('nothing|'), /Excludes no file/);
  assert.equal(await hovered('# com|ment'), 'null');
});

test('lenses count the files', async () => {
  const { open } = marked('# c\n**/*.log\n!keep.log\nnode_modules\n', uri);
  const titles = (await ignoreLenses(open, signal)).map(({ command, range }) => [range.start.line, command?.title]);
  assert.deepEqual(titles, [
    [1, 'excludes 2 files'],
    [3, 'excludes 1 file'],
  ]);
});

test('completion of paths, what is common, and wildcards', async () => {
  const { open, position } = marked('|', uri);
  const labels = (await ignoreCompletion(open, position, { snippets: false })).items.map(({ label }) => label);
  for (const label of ['src/', 'a.log', '.git', '**/', '!']) assert.ok(labels.includes(label), label);
  const inside = marked('!src/m|', uri);
  const { items } = await ignoreCompletion(inside.open, inside.position, { snippets: false });
  assert.deepEqual(items.map(({ label }) => label).sort(), ['b.log', 'main.ts']);
});

test('colours and problems', () => {
  const { open } = marked('# c\n!a/*.b\n', uri);
  assert.equal(ignoreTokens(open).data.length, 5 * 5);
  assert.deepEqual(
    ignoreFileProblems('a\n!\n[\n').map(({ message }) => message),
    ['illegal exclusion pattern: "!"', 'syntax error in pattern'],
  );
});
