// Makes the VSIX for linux-x64 from what `npm run build` left in dist/. The same input gives the same bytes.
//   npm run package [-- --out FILE]
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createVSIX } from '@vscode/vsce';

const root = join(import.meta.dirname, '..');
const staging = join(root, 'dist/package');
const { values } = parseArgs({ options: { out: { type: 'string' } } });

const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const out = values.out ?? join(root, 'dist', `slipway-linux-x64-${String(manifest.version)}.vsix`);

rmSync(staging, { recursive: true, force: true });
mkdirSync(join(staging, 'dist'), { recursive: true });
for (const file of [
  'package.nls.json',
  'package.nls.de.json',
  'README.md',
  'LICENSE',
  'extension/media',
  'extension/l10n',
  'docs/tour',
  'dist/THIRD-PARTY-NOTICES.txt',
]) {
  const target = file.replace(/^dist\//, '');
  if (existsSync(join(root, file))) cpSync(join(root, file), join(staging, target), { recursive: true });
}
for (const part of readdirSync(join(root, 'dist'))) {
  // Test runs leave bundles of their own here.
  if (
    part === 'package' ||
    part.startsWith('test-') ||
    part === 'meta.json' ||
    part.endsWith('.vsix') ||
    part.endsWith('.txt')
  )
    continue;
  cpSync(join(root, 'dist', part), join(staging, 'dist', part), { recursive: true });
}

// The installed package holds bundles only: nothing to install, no scripts, and CommonJS as the extension host loads it.
for (const field of ['scripts', 'devDependencies', 'dependencies', 'type', 'private']) delete manifest[field];
manifest.engines = { vscode: (manifest.engines as { vscode: string }).vscode };
writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);

// The time that goes into the archive's entries is the commit's, not this moment's.
process.env.SOURCE_DATE_EPOCH ??=
  spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).stdout.trim() || '0';
await createVSIX({
  cwd: staging,
  packagePath: out,
  target: 'linux-x64',
  dependencies: false,
  skipLicense: true,
  allowMissingRepository: true,
  rewriteRelativeLinks: false,
  // A rule against secrets in Dockerfiles shows one as its example.
  allowPackageSecrets: ['github'],
});
