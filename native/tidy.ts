// clang-tidy over the native sources, as many at once as there are processors: npm run tidy [-- WORD…]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);
const sources = globSync('native/{core,oci,addon}/**/*.cc', { cwd: root })
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .sort();
const flags = ['-std=gnu++20', '-Inative', '-D_GNU_SOURCE', '-Inode_modules/node-addon-api', '-I/usr/include/node'];
let failed = 0;

async function check(source: string): Promise<void> {
  const child = spawn('clang-tidy', ['--quiet', source, '--', ...flags], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [findings, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>]);
  if (code === 0) return;
  failed += 1;
  console.error(findings || `clang-tidy failed on ${source}`);
}

const waiting = [...sources];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await check(next);
  }),
);
console.log(`${sources.length} files, ${failed} with findings`);
process.exitCode = failed === 0 ? 0 : 1;
