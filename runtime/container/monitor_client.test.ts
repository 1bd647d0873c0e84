import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readExitRecord } from './monitor_client.ts';

test('an exit record that a power cut left empty or torn says nothing, and stops nobody', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-exit-record-'));
  context.after(() => rmSync(directory, { recursive: true }));
  assert.equal(readExitRecord(join(directory, 'nowhere')), undefined);
  assert.equal(readExitRecord(directory), undefined);
  for (const torn of ['', '\0\0\0\0', '{"exitCode":']) {
    writeFileSync(join(directory, 'exit.json'), torn);
    assert.equal(readExitRecord(directory), undefined);
  }
  writeFileSync(join(directory, 'exit.json'), '{"exitCode":3}\n');
  assert.equal(readExitRecord(directory)?.exitCode, 3);
});

test('an exit record that can’t be read is an error, not an unknown exit', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-exit-record-'));
  context.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'exit.json'));
  assert.throws(() => readExitRecord(directory), { code: 'EISDIR' });
});
