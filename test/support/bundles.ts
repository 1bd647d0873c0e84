// The helper and the CLI, bundled once per run of the tests: starting dozens of them from two hundred sources each would take
// most of a test's time. The bundles lie in dist/ beside the native parts, as in a build; what V8 compiled of them lies there, too.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
/** Names the folder that all test files of a run share; a file that runs alone has its own. */
const variable = 'SLIPWAY_TEST_BUNDLES';

/** A folder that goes with this process. */
export function bundleFolder(): string {
  const folder = join(root, 'dist', `test-${process.pid}`);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  process.env[variable] = folder;
  return folder;
}

async function bundle(): Promise<{ helper: string; cli: string }> {
  const folder = process.env[variable] ?? bundleFolder();
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compiled');
  if (!existsSync(folder)) {
    const fresh = `${folder}.new`;
    await build({
      entryPoints: { slipwayd: join(root, 'runtime/slipwayd.ts'), slipway: join(root, 'runtime/cli/main.ts') },
      outdir: fresh,
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      external: ['*.node'],
      logLevel: 'warning',
      outExtension: { '.js': '.cjs' },
      define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    });
    renameSync(fresh, folder);
  }
  return { helper: join(folder, 'slipwayd.cjs'), cli: join(folder, 'slipway.cjs') };
}

let made: Promise<{ helper: string; cli: string }> | undefined;

/** Paths of both programs, for this Node. */
export function bundles(): Promise<{ helper: string; cli: string }> {
  made ??= bundle();
  return made;
}
