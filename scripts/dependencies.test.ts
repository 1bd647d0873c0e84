// DEPENDENCIES.md names every package of package.json with the licence that it really has, and nothing that is gone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T; // npm's own files
}

test('every dependency has a row with its licence', () => {
  const page = readFileSync(join(root, 'DEPENDENCIES.md'), 'utf8');
  const listed = new Map<string, string>();
  for (const line of page.split('\n')) {
    const [, names = '', , licence = ''] = line.split('|').map((cell) => cell.trim());
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/g)) listed.set(name, licence);
  }
  const { dependencies, devDependencies } = readJson<Record<string, Record<string, string>>>('package.json');
  const installed = Object.keys({ ...dependencies, ...devDependencies }).sort();
  assert.deepEqual([...listed.keys()].sort(), installed);
  for (const [name, licence] of listed)
    assert.equal(readJson<{ license: string }>(`node_modules/${name}/package.json`).license, licence, name);
});
