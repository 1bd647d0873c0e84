// The native unit tests, and what the built binaries ask of a machine.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkSymbols } from './check_symbols.ts';

const root = join(import.meta.dirname, '..');

test('the native unit tests pass', (t) => {
  const program = join(root, 'native/build/Release/native-tests');
  if (!existsSync(program)) return t.skip('native-tests is not built: npm run build:native');
  const { status, stdout, stderr } = spawnSync(program, { encoding: 'utf8' });
  t.diagnostic(stdout.trim());
  assert.equal(status, 0, stderr);
});

test('the binaries run on a machine with glibc 2.28 and nothing else', () => {
  assert.deepEqual(checkSymbols(join(root, 'dist/native/slipway.node')), []);
  assert.deepEqual(checkSymbols(join(root, 'dist/bin/slipway-oci')), []);
  // The check itself would find something: Node's helper programs of this machine are built for its own glibc.
  assert.notDeepEqual(checkSymbols('/usr/bin/stat'), []);
});
