// Every command of the manifest is given by a person in some story: by its title from the palette or a menu, by a key, by a lens.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Commands that no menu names: what a story does instead. */
const otherwise: Readonly<Record<string, string>> = {
  'slipway.image.buildStage': "lens('Build', 0)",
  'slipway.image.runStage': "lens('Run', 0)",
};

test('every command appears in a story', () => {
  const manifest: { contributes: { commands: { command: string; title: string }[] } } = JSON.parse(
    read('package.json'),
  );
  const titles: Record<string, string> = JSON.parse(read('package.nls.json'));
  const stories = globSync('test/editor/*.test.ts', { cwd: root })
    .filter((path) => !path.endsWith('coverage.test.ts'))
    .map(read)
    .join('\n');
  const untold = manifest.contributes.commands.filter(({ command, title }) => {
    const text = titles[title.slice(1, -1)] ?? title;
    const told = [`'${text}'`, `Slipway: ${text}`, otherwise[command]];
    return !told.some((words) => words !== undefined && stories.includes(words));
  });
  assert.deepEqual(
    untold.map(({ command }) => command),
    [],
  );
});
