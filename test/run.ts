// Runs the tests and ends with one line: N passed, N failed, N skipped. Every skip is printed with its reason.
//   npm test                      everything that this machine can run
//   npm test -- native oci/       only the test files whose path contains one of the words
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);

const files = globSync(
  ['extension', 'language-server', 'runtime', 'native', 'scripts', 'test'].map((part) => `${part}/**/*.test.ts`),
  {
    cwd: root,
    exclude: (path) => path === 'native/build' || path.endsWith('/node_modules'),
  },
)
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();

const counts = { passed: 0, failed: 0, skipped: 0 };
const skips: string[] = [];

// One file after the other: many of them use the machine's cgroups, mounts and network, and two cores share badly.
const stream = run({ files: files.map((file) => join(root, file)), cwd: root, concurrency: 1 });
stream.on('test:pass', (event) => {
  if (event.details.type === 'suite') return;
  const reason = event.skip ?? event.todo;
  if (reason === undefined) counts.passed += 1;
  else {
    counts.skipped += 1;
    skips.push(`${event.name}: ${typeof reason === 'string' ? reason : 'no reason given'}`);
  }
});
stream.on('test:fail', (event) => {
  if (event.details.type !== 'suite') counts.failed += 1;
});
const report = stream.compose(spec());
report.pipe(process.stdout, { end: false });
await finished(report, { writable: false });

for (const skip of skips) console.log(`skipped: ${skip}`);
if (counts.passed + counts.failed === 0) counts.failed = 1;
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
