// The extension as a person has it: packaged, and installed by the editor. Made once for what the sources are now; each session
// starts with a copy.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installExtensions } from './code_server.ts';

const root = join(import.meta.dirname, '../../..');
const version: string = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
/** What is packaged, and what packages it; native parts are built by hand. */
const sources = [
  ...['extension', 'language-server', 'runtime', 'scripts', 'docs/tour'].map((folder) => `${folder}/**/*`),
  ...['package*.json', 'README.md', 'LICENSE', 'dist/bin/slipway-*', 'dist/native/*'],
];

/** When the newest of the sources was changed, and how many there are. */
function stateOfSources(): string {
  const times = globSync(sources, { cwd: root }).map((file) => statSync(join(root, file)).mtimeMs);
  return `${times.reduce((newest, time) => Math.max(newest, time), 0)}-${times.length}`;
}

/** @returns the folder of installed extensions */
export function installedExtension(): string {
  const installations = join(root, 'dist/test-editor');
  const installation = join(installations, stateOfSources());
  if (existsSync(installation)) return join(installation, 'extensions');
  for (const script of ['build.ts', 'package.ts'])
    execFileSync(process.execPath, [join(root, 'scripts', script)], { cwd: root, stdio: 'pipe' });
  rmSync(installations, { recursive: true, force: true });
  const staging = join(installations, 'new');
  mkdirSync(staging, { recursive: true });
  const folders = ['--user-data-dir', join(staging, 'user-data'), '--extensions-dir', join(staging, 'extensions')];
  installExtensions(folders, [join(root, `dist/slipway-linux-x64-${version}.vsix`)]);
  renameSync(staging, installation);
  return join(installation, 'extensions');
}
