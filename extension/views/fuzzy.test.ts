import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzyMatches } from './fuzzy.ts';

test('letters of a word may lie apart, but in order', () => {
  assert.ok(fuzzyMatches('ngx', 'nginx'));
  assert.ok(!fuzzyMatches('xgn', 'nginx'));
});

test('every word must match, anywhere, whatever its case', () => {
  assert.ok(fuzzyMatches('DB web', 'my-web postgres-db'));
  assert.ok(!fuzzyMatches('db cache', 'my-web postgres-db'));
});

test('an empty filter matches everything', () => {
  assert.ok(fuzzyMatches('', ''));
  assert.ok(fuzzyMatches('  ', 'nginx'));
});

test('letters outside the basic plane count as one', () => {
  assert.ok(fuzzyMatches('🐳a', 'x🐳-a'));
  assert.ok(!fuzzyMatches('🐳🐳', 'x🐳'));
});
