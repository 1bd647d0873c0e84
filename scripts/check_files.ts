// Files that are too long to have one subject. Those that may be are listed with the reason.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const limit = 500;

const exceptions: Readonly<Record<string, string>> = {
  'package.json': 'one manifest of the extension: VS Code takes its contributions from nowhere else',
  'package-lock.json': 'written by npm',
  'language-server/lint/RULES.md': 'generated: a page for each rule',
  'test/lint/corpus/golden.txt': 'the corpus: what every file of it reports',
  'test/lint/shell_bodies.txt': 'RUN bodies that shellcheck judges beside us: one list',
};

const { stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
const long = stdout
  .split('\0')
  .filter((path) => /\.(ts|cc|h|c|md|json|txt|yml)$/.test(path) && !(path in exceptions))
  .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length - 1 }))
  .filter(({ lines }) => lines > limit);

for (const { path, lines } of long) console.error(`${path}: ${lines} lines, more than ${limit}; part it by subject`);
console.log(`${Object.keys(exceptions).length} files may be longer than ${limit} lines:`);
for (const [path, reason] of Object.entries(exceptions)) console.log(`  ${path}: ${reason}`);
process.exitCode = long.length === 0 ? 0 : 1;
