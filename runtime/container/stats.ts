// What a container uses, in the shape of Docker's stats.
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { BlkioEntry, ContainerStats, CpuStats } from '../protocol/container_views.ts';
import { delay } from './abortable.ts';
import { type CgroupDirectories, cgroupOf, readNumber, readOptional, readTable } from './cgroup_files.ts';
import type { Container } from './container.ts';
import { zeroTime } from './record.ts';
import type { ContainerServices } from './services.ts';
import { timestamp } from './time.ts';

const nanosecondsPerTick = 1e9 / 100; // USER_HZ is 100 on every architecture that Linux supports here
const second = 1000;

interface Sample {
  readonly read: string;
  readonly cpu: CpuStats;
}

const noCpu: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** Nanoseconds that all CPUs have worked, and how many there are. */
async function systemCpu(): Promise<{ usage: number; online: number }> {
  const text = (await readOptional('/proc/stat')) ?? '';
  const fields = (text.split('\n', 1)[0] ?? '').trim().split(/\s+/).slice(1, 8).map(Number);
  const ticks = fields.reduce((sum, value) => sum + value, 0);
  return { usage: ticks * nanosecondsPerTick, online: text.match(/^cpu\d+ /gm)?.length ?? 1 };
}

async function cpuStats(cgroup: CgroupDirectories): Promise<CpuStats> {
  const system = await systemCpu();
  const common = { system_cpu_usage: system.usage, online_cpus: system.online };
  if (cgroup.version === 2) {
    const stat = await readTable(cgroup.directory(''), 'cpu.stat');
    const nanoseconds = (name: string) => (stat[name] ?? 0) * 1000;
    return {
      cpu_usage: {
        total_usage: nanoseconds('usage_usec'),
        usage_in_kernelmode: nanoseconds('system_usec'),
        usage_in_usermode: nanoseconds('user_usec'),
      },
      ...common,
      throttling_data: {
        periods: stat['nr_periods'] ?? 0,
        throttled_periods: stat['nr_throttled'] ?? 0,
        throttled_time: nanoseconds('throttled_usec'),
      },
    };
  }
  const account = cgroup.directory('cpuacct');
  const [total, perCpu, stat, throttle] = await Promise.all([
    readNumber(account, 'cpuacct.usage'),
    account === undefined ? undefined : readOptional(join(account, 'cpuacct.usage_percpu')),
    readTable(account, 'cpuacct.stat'),
    readTable(cgroup.directory('cpu'), 'cpu.stat'),
  ]);
  return {
    cpu_usage: {
      total_usage: total ?? 0,
      ...(perCpu === undefined ? {} : { percpu_usage: perCpu.trim().split(/\s+/).map(Number) }),
      usage_in_kernelmode: (stat['system'] ?? 0) * nanosecondsPerTick,
      usage_in_usermode: (stat['user'] ?? 0) * nanosecondsPerTick,
    },
    ...common,
    throttling_data: {
      periods: throttle['nr_periods'] ?? 0,
      throttled_periods: throttle['nr_throttled'] ?? 0,
      throttled_time: throttle['throttled_time'] ?? 0,
    },
  };
}

async function memoryStats(cgroup: CgroupDirectories): Promise<ContainerStats['memory_stats']> {
  const directory = cgroup.directory('memory');
  const names =
    cgroup.version === 2
      ? { usage: 'memory.current', limit: 'memory.max', peak: 'memory.peak' }
      : { usage: 'memory.usage_in_bytes', limit: 'memory.limit_in_bytes', peak: 'memory.max_usage_in_bytes' };
  const [usage, limit, peak, failures, stats] = await Promise.all([
    readNumber(directory, names.usage),
    readNumber(directory, names.limit),
    readNumber(directory, names.peak),
    readNumber(directory, 'memory.failcnt'),
    readTable(directory, 'memory.stat'),
  ]);
  const machine = totalmem();
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(peak === undefined ? {} : { max_usage: peak }),
    ...(failures === undefined ? {} : { failcnt: failures }),
    stats,
    limit: limit === undefined || limit > machine ? machine : limit,
  };
}

async function blkioStats(cgroup: CgroupDirectories): Promise<ContainerStats['blkio_stats']> {
  const empty = {
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  } as const;
  const directory = cgroup.directory('blkio');
  if (directory === undefined) return { io_service_bytes_recursive: null, io_serviced_recursive: null, ...empty };
  if (cgroup.version === 2) {
    const entries = parseIoStat((await readOptional(join(directory, 'io.stat'))) ?? '');
    return { io_service_bytes_recursive: entries.bytes, io_serviced_recursive: entries.count, ...empty };
  }
  const [bytes, count] = await Promise.all(
    ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'].map(
      async (name) => (await readOptional(join(directory, name))) ?? '',
    ),
  );
  return {
    io_service_bytes_recursive: parseBlkio(bytes ?? ''),
    io_serviced_recursive: parseBlkio(count ?? ''),
    ...empty,
  };
}

/** `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …` */
function parseIoStat(text: string): { bytes: BlkioEntry[]; count: BlkioEntry[] } {
  const result: { bytes: BlkioEntry[]; count: BlkioEntry[] } = { bytes: [], count: [] };
  for (const line of text.split('\n')) {
    const [device, ...pairs] = line.split(' ');
    const [major, minor] = (device ?? '').split(':').map(Number);
    if (major === undefined || minor === undefined || Number.isNaN(major)) continue;
    for (const pair of pairs) {
      const [key, value = '0'] = pair.split('=');
      const op = key?.startsWith('r') ? 'read' : key?.startsWith('w') ? 'write' : undefined;
      if (op === undefined) continue;
      const list = key?.endsWith('bytes') ? result.bytes : result.count;
      list.push({ major, minor, op, value: Number(value) });
    }
  }
  return result;
}

/** `8:0 Read 4096` */
function parseBlkio(text: string): BlkioEntry[] {
  return [...text.matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(([, major, minor, op = '', value]) => ({
    major: Number(major),
    minor: Number(minor),
    op: op.toLowerCase(),
    value: Number(value),
  }));
}

/** The interfaces in its network namespace, the loopback left out. */
async function networkStats(pid: number): Promise<ContainerStats['networks']> {
  const text = (await readOptional(`/proc/${pid}/net/dev`)) ?? '';
  const networks: NonNullable<ContainerStats['networks']> = {};
  for (const line of text.split('\n').slice(2)) {
    const [name, values] = line.split(':');
    if (name === undefined || values === undefined || name.trim() === 'lo') continue;
    const [
      rxBytes = 0,
      rxPackets = 0,
      rxErrors = 0,
      rxDropped = 0,
      ,
      ,
      ,
      ,
      txBytes = 0,
      txPackets = 0,
      txErrors = 0,
      txDropped = 0,
    ] = values.trim().split(/\s+/).map(Number);
    networks[name.trim()] = {
      rx_bytes: rxBytes,
      rx_packets: rxPackets,
      rx_errors: rxErrors,
      rx_dropped: rxDropped,
      tx_bytes: txBytes,
      tx_packets: txPackets,
      tx_errors: txErrors,
      tx_dropped: txDropped,
    };
  }
  return networks;
}

async function reading(container: Container, previous: Sample | undefined): Promise<ContainerStats> {
  const { id, name, state, hostConfig } = { ...container.record };
  const cgroup = state.pid > 0 ? await cgroupOf(state.pid) : undefined;
  const base = {
    id,
    name: `/${name}`,
    read: cgroup === undefined ? zeroTime : timestamp(),
    preread: previous?.read ?? zeroTime,
    num_procs: 0,
    storage_stats: {},
    precpu_stats: previous?.cpu ?? noCpu,
  };
  if (cgroup === undefined)
    return { ...base, pids_stats: {}, cpu_stats: noCpu, memory_stats: {}, blkio_stats: noBlkio };
  const pids = cgroup.directory('pids');
  const [cpu, memory, blkio, current, limit, networks] = await Promise.all([
    cpuStats(cgroup),
    memoryStats(cgroup),
    blkioStats(cgroup),
    readNumber(pids, 'pids.current'),
    readNumber(pids, 'pids.max'),
    hostConfig.NetworkMode === 'host' ? undefined : networkStats(state.pid),
  ]);
  return {
    ...base,
    pids_stats: { ...(current === undefined ? {} : { current }), ...(limit === undefined ? {} : { limit }) },
    cpu_stats: cpu,
    memory_stats: memory,
    blkio_stats: blkio,
    ...(networks === undefined ? {} : { networks }),
  };
}

const noBlkio: ContainerStats['blkio_stats'] = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

export interface StatsOptions {
  readonly stream: boolean;
  readonly oneShot: boolean;
  readonly signal: AbortSignal;
  readonly progress: (stats: ContainerStats) => void;
}

/** container.stats: one reading (with one a second before it, for percentages, unless one-shot), or one each second. */
export async function statsOf(
  _services: ContainerServices,
  container: Container,
  options: StatsOptions,
): Promise<ContainerStats> {
  let last = await reading(container, undefined);
  if (options.stream) {
    options.progress(last);
    while (!container.isRemoved) {
      await delay(second, options.signal);
      last = await reading(container, { read: last.read, cpu: last.cpu_stats });
      options.progress(last);
    }
    return last;
  }
  if (options.oneShot || !container.isRunning) return last;
  await delay(second, options.signal);
  return await reading(container, { read: last.read, cpu: last.cpu_stats });
}
