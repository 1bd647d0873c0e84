// The helper and the CLI, bundled once per test file: starting dozens of them from two hundred sources each would take
// most of a test's time. The bundles lie in dist/ beside the native parts, as in a build.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
const directory = join(root, 'dist', `test-${process.pid}`);

async function bundle(): Promise<{ helper: string; cli: string }> {
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  await build({
    entryPoints: { slipwayd: join(root, 'runtime/slipwayd.ts'), slipway: join(root, 'runtime/cli/main.ts') },
    outdir: directory,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    external: ['*.node'],
    logLevel: 'warning',
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  });
  return { helper: join(directory, 'slipwayd.cjs'), cli: join(directory, 'slipway.cjs') };
}

let made: Promise<{ helper: string; cli: string }> | undefined;

/** Paths of both programs, for this Node. */
export function bundles(): Promise<{ helper: string; cli: string }> {
  made ??= bundle();
  return made;
}
