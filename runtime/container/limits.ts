// Limits for which this engine has no cgroup controller are dropped, and the client hears so, in Docker's words.
import type { Resources } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';

interface Rule {
  readonly controller: string;
  readonly fields: readonly (keyof Resources)[];
  readonly warning: string;
}

const kernel = 'Your kernel does not support';
const unmounted = 'or the cgroup is not mounted.';

const rules: readonly Rule[] = [
  {
    controller: 'memory',
    fields: ['Memory', 'MemorySwap'],
    warning: `${kernel} memory limit capabilities ${unmounted} Limitation discarded.`,
  },
  {
    controller: 'memory',
    fields: ['MemorySwappiness'],
    warning: `${kernel} memory swappiness capabilities ${unmounted} Memory swappiness discarded.`,
  },
  {
    controller: 'memory',
    fields: ['MemoryReservation'],
    warning: `${kernel} memory soft limit capabilities ${unmounted} Limitation discarded.`,
  },
  {
    controller: 'memory',
    fields: ['OomKillDisable'],
    warning: `${kernel} OomKillDisable. OomKillDisable discarded.`,
  },
  {
    controller: 'pids',
    fields: ['PidsLimit'],
    warning: `${kernel} PIDs limit capabilities ${unmounted} PIDs limit discarded.`,
  },
  { controller: 'cpu', fields: ['CpuShares'], warning: `${kernel} CPU shares ${unmounted} Shares discarded.` },
  {
    controller: 'cpu',
    fields: ['CpuPeriod', 'CpuQuota'],
    warning: `${kernel} CPU CFS scheduler. CPU period/quota discarded.`,
  },
  {
    controller: 'cpuset',
    fields: ['CpusetCpus', 'CpusetMems'],
    warning: `${kernel} cpuset ${unmounted} Cpuset discarded.`,
  },
  {
    controller: 'io',
    fields: ['BlkioWeight', 'BlkioWeightDevice'],
    warning: `${kernel} Block I/O weight ${unmounted} Weight discarded.`,
  },
  {
    controller: 'io',
    fields: ['BlkioDeviceReadBps', 'BlkioDeviceWriteBps', 'BlkioDeviceReadIOps', 'BlkioDeviceWriteIOps'],
    warning: `${kernel} Block I/O limits ${unmounted} Block I/O limits discarded.`,
  },
];

function isLimit(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value) && value !== -1;
}

/** Without the limits that can't be kept. Throws where Docker refuses to go without one. */
export function keepableLimits<T extends Resources>(
  asked: T,
  missing: readonly string[],
): { readonly limits: T; readonly warnings: readonly string[] } {
  const limits = { ...asked };
  const warnings: string[] = [];
  if (missing.includes('cpu') && isLimit(asked.NanoCpus))
    throw new EngineError(
      'InvalidArgument',
      `NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler ${unmounted}`,
      { remedy: 'Limits without root need delegated cgroups: see slipway system doctor' },
    );
  for (const { controller, fields, warning } of rules) {
    if (!missing.includes(controller)) continue;
    if (fields.some((field) => isLimit(asked[field]))) warnings.push(warning);
    for (const field of fields) delete limits[field];
  }
  return { limits, warnings };
}
