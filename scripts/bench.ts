// npm run bench [-- WORD…]: every benchmark (or those whose name contains a word), then one table of ours, each peer that is
// installed, the ratio, and the machine. Each benchmark prints its own figures meanwhile.
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { machine } from '../test/benchmarks/support/compare.ts';
import { type Row, recordedRows } from '../test/benchmarks/support/record.ts';

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);

function number(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** A line for each peer; the ratio is ours to theirs: below 1 is better. */
function lines({ what, unit, figures }: Row): string[][] {
  const [own, ...others] = figures;
  if (own === undefined) return [];
  const ours = `${number(own.median)} ${unit}`;
  if (others.length === 0) return [[what, ours, '', '', '']];
  return others.map(({ name, median }, index) => [
    index === 0 ? what : '',
    index === 0 ? ours : '',
    name,
    `${number(median)} ${unit}`,
    number(own.median / median),
  ]);
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

const directory = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
const results = join(directory, 'results');
writeFileSync(results, '');
const failed: string[] = [];
try {
  const files = globSync('test/benchmarks/*.ts', { cwd: root }).sort();
  for (const file of files.filter((path) => words.length === 0 || words.some((word) => path.includes(word)))) {
    const { status } = spawnSync(process.execPath, [join(root, file)], {
      stdio: 'inherit',
      env: { ...process.env, SLIPWAY_BENCH_RESULTS: results },
    });
    if (status !== 0) failed.push(basename(file, '.ts'));
  }
  console.log(`\n${machine()}\n`);
  printTable([['measure', 'slipway', 'peer', 'theirs', 'ratio'], ...recordedRows(results).flatMap(lines)]);
} finally {
  rmSync(directory, { recursive: true });
}
if (failed.length > 0) {
  console.error(`these benchmarks failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
