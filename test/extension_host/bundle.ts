// Bundles the suite as an extension host loads it: as one CommonJS file, and as an extension to install.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { build } from 'esbuild';

/** @returns the file that @vscode/test-electron takes */
export async function bundleSuite(directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const outfile = join(directory, 'suite.js');
  await build({
    entryPoints: [join(import.meta.dirname, 'entry.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: ['vscode'],
    logLevel: 'warning',
  });
  return outfile;
}

/** @returns a VSIX that runs the suite when a window opens */
export async function packageSuite(directory: string): Promise<string> {
  await bundleSuite(directory);
  const manifest = {
    name: 'slipway-suite',
    publisher: 'slipway',
    version: '0.0.1',
    license: 'MIT',
    engines: { vscode: '^1.120.0' },
    main: './suite.js',
    files: ['suite.js'],
    extensionKind: ['workspace'],
    activationEvents: ['onStartupFinished'],
  };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(directory, 'README.md'), 'Runs the suite.\n');
  const packagePath = join(directory, 'suite.vsix');
  await createVSIX({
    cwd: directory,
    packagePath,
    dependencies: false,
    skipLicense: true,
    allowMissingRepository: true,
  });
  return packagePath;
}
