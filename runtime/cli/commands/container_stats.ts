// stats: a live table of what containers use.
import type { Client } from '../../protocol/client.ts';
import type { ContainerStats } from '../../protocol/container_views.ts';
import { type CommandSpec, flag, formatOption, type Invocation, noTruncOption } from '../command.ts';
import type { CliContext } from '../context.ts';
import { renderList, type TableRow, type TableSpec } from '../format/table.ts';
import { binarySize, humanSize, shortId } from '../format/units.ts';

const table: TableSpec = {
  headings: {
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    Name: 'NAME',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
  columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
};

/** Percent of one CPU since the reading before. */
function cpuPercent({ cpu_stats: now, precpu_stats: before }: ContainerStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const system = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  return used > 0 && system > 0 && before.system_cpu_usage !== undefined
    ? (used / system) * (now.online_cpus ?? 1) * 100
    : 0;
}

/** Without the page cache that the kernel would give back, as Docker counts. */
function memoryUse({ memory_stats: { usage = 0, stats = {} } }: ContainerStats): number {
  const cache = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0;
  return cache < usage ? usage - cache : usage;
}

function blockIo({ blkio_stats }: ContainerStats): { read: number; write: number } {
  let read = 0;
  let write = 0;
  for (const { op, value } of blkio_stats.io_service_bytes_recursive ?? []) {
    if (op === 'read') read += value;
    if (op === 'write') write += value;
  }
  return { read, write };
}

function row(stats: ContainerStats, trunc: boolean): TableRow {
  const memory = memoryUse(stats);
  const limit = stats.memory_stats.limit ?? 0;
  const networks = Object.values(stats.networks ?? {});
  const sum = (pick: 'rx_bytes' | 'tx_bytes') => networks.reduce((total, network) => total + network[pick], 0);
  const { read, write } = blockIo(stats);
  return {
    Container: trunc ? shortId(stats.id) : stats.id,
    ID: trunc ? shortId(stats.id) : stats.id,
    Name: stats.name.replace(/^\//, ''),
    CPUPerc: `${cpuPercent(stats).toFixed(2)}%`,
    MemUsage: `${binarySize(memory)} / ${binarySize(limit)}`,
    MemPerc: `${(limit > 0 ? (memory / limit) * 100 : 0).toFixed(2)}%`,
    NetIO: `${humanSize(sum('rx_bytes'))} / ${humanSize(sum('tx_bytes'))}`,
    BlockIO: `${humanSize(read)} / ${humanSize(write)}`,
    PIDs: String(stats.pids_stats.current ?? 0),
  };
}

async function wanted(client: Client, input: Invocation): Promise<string[]> {
  if (input.args.length > 0) return [...input.args];
  return (await client.call('container.list', { All: input.flag('all') })).map(({ Id }) => Id);
}

async function stats(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const refs = await wanted(client, input);
  const trunc = !input.flag('no-trunc');
  const print = (readings: readonly ContainerStats[]) =>
    renderList(
      readings.map((reading) => row(reading, trunc)),
      table,
      input.text('format'),
    );
  if (input.flag('no-stream')) {
    context.out(print(await Promise.all(refs.map((Container) => client.call('container.stats', { Container })))));
    return 0;
  }
  const latest = new Map<string, ContainerStats>();
  const clear = context.terminal.isOutputTerminal ? '\x1b[H\x1b[2J' : '';
  const draw = () => context.out(`${clear}${print([...latest.values()])}`);
  const timer = setInterval(draw, 1000);
  try {
    await Promise.all(
      refs.map((Container) =>
        client.call(
          'container.stats',
          { Container, Stream: true },
          { signal: context.signal, onProgress: (reading) => latest.set(Container, reading) },
        ),
      ),
    );
  } finally {
    clearInterval(timer);
  }
  return 0;
}

export const containerStatsCommands: readonly CommandSpec[] = [
  {
    path: ['container', 'stats'],
    aliases: [['stats']],
    summary: 'Display a live stream of container(s) resource usage statistics',
    usage: '[OPTIONS] [CONTAINER...]',
    options: [
      flag('all', 'Show all containers (default shows just running)', 'a'),
      formatOption,
      flag('no-stream', 'Disable streaming stats and only pull the first result'),
      noTruncOption,
    ],
    min: 0,
    completes: 'container',
    run: stats,
  },
];
