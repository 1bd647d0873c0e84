// The package: the same bytes from the same build, nothing in it that doesn't belong there, and a check that would see it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkPackage } from './check_release.ts';

const root = join(import.meta.dirname, '..');
const directory = mkdtempSync(join(tmpdir(), 'slipway-package-'));
after(() => rmSync(directory, { recursive: true }));

function makePackage(name: string): string {
  const path = join(directory, name);
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/package.ts'), '--out', path], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return path;
}

test('two packages of one build are equal to the last byte', () => {
  assert.ok(readFileSync(makePackage('one.vsix')).equals(readFileSync(makePackage('two.vsix'))));
});

test('the package holds what people need and nothing else', async () => {
  assert.deepEqual(await checkPackage(makePackage('good.vsix')), []);
});

test('a package with development files, a program that cannot run and a path of this machine is refused', async () => {
  const stray = join(root, 'dist/lib/stray.js.map');
  const program = join(root, 'dist/bin/slipway-hello');
  try {
    writeFileSync(stray, `{ "file": "${root}/runtime/slipwayd.ts" }`);
    chmodSync(program, 0o644);
    assert.deepEqual(await checkPackage(makePackage('bad.vsix')), [
      'dist/bin/slipway-hello is not executable for everybody (mode 644)',
      'dist/lib/stray.js.map does not belong into the package',
      `dist/lib/stray.js.map names the absolute path ${root}`,
    ]);
  } finally {
    rmSync(stray);
    chmodSync(program, 0o755);
  }
});

test('every bundled package stands in the notices with its licence', () => {
  const notices = readFileSync(join(root, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
  for (const name of [
    'vscode-jsonrpc',
    'vscode-languageclient',
    'vscode-languageserver',
    'tar-stream',
    'ws',
    'typebox',
  ])
    assert.match(notices, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, 'm'));
  for (const library of ['libseccomp', 'libzstd', 'zlib1g', 'rapidjson', 'libc6', 'libstdc\\+\\+'])
    assert.match(notices, new RegExp(`^${library}`, 'm'));
});
