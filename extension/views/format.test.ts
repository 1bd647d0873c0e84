import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge, formatBytes, shortId } from './format.ts';

test('bytes are written with three digits in decimal units', () => {
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(999_900), '1 MB');
  assert.equal(formatBytes(1_536), '1.54 kB');
  assert.equal(formatBytes(187_400_000), '187 MB');
});

test('ages are written in the largest unit that fits, and the future is now', () => {
  assert.equal(formatAge(0, 59_000), 'just now');
  assert.equal(formatAge(0, 60_000), '1 minute ago');
  assert.equal(formatAge(0, 3 * 86_400_000), '3 days ago');
  assert.equal(formatAge(10_000, 0), 'just now');
});

test('ids are cut to twelve digits', () => {
  assert.equal(shortId(`sha256:${'0123456789ab'.repeat(3)}`), '0123456789ab');
});
