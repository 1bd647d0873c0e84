// Figures for the table that `npm run bench` prints: each benchmark adds its own to the file that SLIPWAY_BENCH_RESULTS names.
import { appendFileSync, readFileSync } from 'node:fs';

export interface Measured {
  /** `busybox true, one container, whole process`. */
  readonly what: string;
  readonly unit: string;
  readonly name: string;
  readonly median: number;
}

export interface Row {
  readonly what: string;
  readonly unit: string;
  /** The first one is ours. */
  readonly figures: readonly { readonly name: string; readonly median: number }[];
}

const file = process.env['SLIPWAY_BENCH_RESULTS'];

/** Does nothing when a benchmark runs alone: it has printed its figures itself. */
export function record(measured: Measured): void {
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(measured)}\n`);
}

/** The figures of all benchmarks, those of one measure together. */
export function recordedRows(path: string): Row[] {
  const measured = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Measured); // written by record
  const groups = Map.groupBy(measured, ({ what, unit }) => `${what}\n${unit}`);
  return [...groups.values()].map((figures) => ({
    what: figures[0]?.what ?? '',
    unit: figures[0]?.unit ?? '',
    figures: figures.map(({ name, median }) => ({ name, median })),
  }));
}
