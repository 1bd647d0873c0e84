// Runs peers alternately, so that a machine that is busier for a while is so for all of them, and prints a table.
import { cpus, loadavg, release, totalmem } from 'node:os';
import { record } from './record.ts';

export interface Peer {
  readonly name: string;
  /** Does the work once; answers the time if the whole call is not what counts, in milliseconds. */
  readonly run: () => Promise<number | undefined> | number | undefined;
}

export interface Comparison {
  readonly title: string;
  readonly rounds: number;
  readonly peers: readonly Peer[];
  /** Not counted rounds before. */
  readonly warmUp?: number;
  readonly unit?: string;
}

export interface Figures {
  readonly name: string;
  readonly median: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** The figures of each peer, printed too; ratios are to the first one's median. */
export async function compare({ title, rounds, peers, warmUp = 1, unit = 'ms' }: Comparison): Promise<Figures[]> {
  const samples = new Map<string, number[]>(peers.map(({ name }) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const { name, run } of peers) {
      const start = performance.now();
      const measured = await run();
      if (round >= 0) samples.get(name)?.push(measured ?? performance.now() - start);
    }
  }
  const figures = peers.map(({ name }) => figuresOf(name, samples.get(name) ?? []));
  for (const { name, median } of figures) record({ what: title, unit, name, median });
  printFigures(`${title}, ${rounds} rounds, alternately, in ${unit}`, figures);
  return figures;
}

export function figuresOf(name: string, values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1
      ? sorted[middle]
      : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  return {
    name,
    median: median ?? Number.NaN,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  };
}

function printFigures(title: string, figures: readonly Figures[]): void {
  console.log(`\n${title}\n${machine()}`);
  const first = figures[0]?.median ?? Number.NaN;
  const number = (value: number) => value.toFixed(value < 100 ? 2 : 0).padStart(10);
  console.log(
    `${'peer'.padEnd(32)}${['median', 'mean', 'min', 'max', 'ratio'].map((word) => word.padStart(10)).join('')}`,
  );
  for (const { name, median, mean, min, max } of figures) {
    console.log(`${name.padEnd(32)}${[median, mean, min, max, median / first].map(number).join('')}`);
  }
}

/** What the figures were taken on. */
export function machine(): string {
  const processors = cpus();
  const load = loadavg().map((value) => value.toFixed(1));
  return `${processors.length} x ${processors[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, load ${load.join(' ')}`;
}
