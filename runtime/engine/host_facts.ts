// What this machine and this process can give to containers, asked once at the start.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { capabilitiesOfMask } from '../container/spec/capabilities.ts';
import type { HostFacts } from '../container/spec/generate.ts';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Mount points of cgroup hierarchies: by controller for v1, `''` for the unified one. */
function cgroupMounts(): Map<string, string> {
  const mounts = new Map<string, string>();
  for (const line of read('/proc/self/mounts').split('\n')) {
    const [, target = '', type, options = ''] = line.split(' ');
    if (type === 'cgroup2') mounts.set('', target);
    if (type === 'cgroup') for (const name of options.split(',')) mounts.set(name, target);
  }
  return mounts;
}

/** Whether swap is limited apart from memory: a kernel option, on v1 also a boot parameter. */
function swapAccounting(mounts: ReadonlyMap<string, string>): boolean {
  const memory = mounts.get('memory');
  if (memory !== undefined) return existsSync(join(memory, 'memory.memsw.limit_in_bytes'));
  const unified = mounts.get('');
  if (unified === undefined) return false;
  try {
    return readdirSync(unified, { withFileTypes: true }).some(
      (entry) => entry.isDirectory() && existsSync(join(unified, entry.name, 'memory.swap.max')),
    );
  } catch {
    return false;
  }
}

const controllers = ['memory', 'pids', 'cpu', 'cpuset', 'io'];

/** The cgroup controllers with which this engine can't limit its containers. */
function missingControllers(rootless: boolean, version: 1 | 2): string[] {
  if (version === 1) {
    // Those of version 1 belong to root, and can't be given away piece by piece.
    const enabled = rootless ? '' : read('/proc/cgroups').replace(/^blkio\b/m, 'io');
    return controllers.filter((name) => !new RegExp(`^${name}\\s+\\d+\\s+\\d+\\s+1`, 'm').test(enabled));
  }
  const own = read('/proc/self/cgroup').split('::')[1]?.trim() ?? '/';
  const available = read(`/sys/fs/cgroup${rootless ? own : ''}/cgroup.controllers`)
    .trim()
    .split(' ');
  return controllers.filter((name) => !available.includes(name));
}

export function gatherHostFacts(rootless: boolean): HostFacts {
  const status = read('/proc/self/status');
  const mounts = cgroupMounts();
  const cgroupVersion = mounts.has('memory') ? 1 : 2;
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(read('/proc/self/limits'))?.[1] ?? 'unlimited';
  return {
    rootless,
    capabilities: capabilitiesOfMask(BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)),
    hasSwapAccounting: swapAccounting(mounts),
    cgroupVersion,
    missingControllers: missingControllers(rootless, cgroupVersion),
    hasSeccomp: /^Seccomp:/m.test(status),
    kernel: release(),
    hardNofile: hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard),
  };
}
