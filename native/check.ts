// clang-format over the native sources. --format rewrites instead of checking.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const sources = globSync('native/{core,oci,addon}/**/*.{cc,h}', { cwd: root }).sort();

function check(program: string, args: string[]): void {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(`${program}: ${error.message}; install it with .ci/install-packages`);
  if (status !== 0) process.exitCode = 1;
}

check('clang-format', process.argv.includes('--format') ? ['-i', ...sources] : ['--dry-run', '--Werror', ...sources]);
