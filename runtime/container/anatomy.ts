// A container as the kernel sees it: what nobody else shows in one place.
import { readlink } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { Anatomy, AnatomyLayer, AnatomyNamespace } from '../protocol/container_views.ts';
import { containerChanges } from './archive.ts';
import { type CgroupDirectories, cgroupOf, readNumber, readOptional } from './cgroup_files.ts';
import type { Container } from './container.ts';
import { mountPoints, networkSettings, stateView } from './inspect.ts';
import { sizesOf } from './list.ts';
import type { ContainerServices } from './services.ts';
import { capabilitiesOfMask, effectiveCapabilities } from './spec/capabilities.ts';
import { parseSecurityOptions } from './spec/security.ts';
import { readUserFiles } from './spec/user.ts';
import { pidsOf } from './top.ts';

const types = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;
const maxChanges = 10_000;
const ticksPerSecond = 100;

async function namespaceInode(pid: number | 'self', type: string): Promise<number> {
  try {
    return Number(/\[(\d+)\]/.exec(await readlink(`/proc/${pid}/ns/${type}`))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function namespacesOf(services: ContainerServices, container: Container): Promise<AnatomyNamespace[]> {
  const others = [...services.store.values()].filter((other) => other !== container && other.isRunning);
  return await Promise.all(
    types.map(async (type) => {
      const [own, host, ...theirs] = await Promise.all([
        namespaceInode(container.state.pid, type),
        namespaceInode('self', type),
        ...others.map(({ state }) => namespaceInode(state.pid, type)),
      ]);
      const shared = others.filter((_, index) => own !== 0 && theirs[index] === own).map(({ id }) => id);
      return { Type: type, Inode: own, Host: own === host, SharedWith: shared };
    }),
  );
}

async function processesOf(container: Container): Promise<Anatomy['Processes']> {
  if (!container.isRunning) return [];
  const { passwd } = await readUserFiles(`/proc/${container.state.pid}/root`);
  const names = new Map(passwd.split('\n').map((line) => [line.split(':')[2] ?? '', line.split(':')[0] ?? '']));
  const found = await Promise.all((await pidsOf(container)).map((pid) => processOf(pid, names)));
  return found.filter((process) => process !== undefined);
}

async function processOf(
  pid: number,
  names: ReadonlyMap<string, string>,
): Promise<Anatomy['Processes'][number] | undefined> {
  const [status, stat, commandLine] = await Promise.all(
    ['status', 'stat', 'cmdline'].map((name) => readOptional(`/proc/${pid}/${name}`)),
  );
  if (status === undefined || stat === undefined) return undefined;
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  // The name in parentheses may contain anything; fields are counted from behind it.
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const uid = field('Uid').split(/\s+/)[0] ?? '';
  return {
    Pid: Number(field('NSpid').split(/\s+/).at(-1) ?? pid),
    HostPid: pid,
    ParentPid: Number(field('PPid')),
    User: names.get(uid) ?? uid,
    Command: commandLine ? commandLine.replaceAll('\0', ' ').trim() : `[${field('Name')}]`,
    CpuSeconds: (Number(rest[11] ?? 0) + Number(rest[12] ?? 0)) / ticksPerSecond,
    RssBytes: Number.parseInt(field('VmRSS') || '0', 10) * 1024,
  };
}

async function cpuLimit(cgroup: CgroupDirectories): Promise<number | null> {
  const directory = cgroup.directory('cpu');
  if (directory === undefined) return null;
  if (cgroup.version === 2) {
    const [quota, period] = ((await readOptional(`${directory}/cpu.max`)) ?? 'max').trim().split(' ');
    return quota === undefined || quota === 'max' ? null : Number(quota) / Number(period ?? 100_000);
  }
  const [quota = -1, period = 100_000] = await Promise.all([
    readNumber(directory, 'cpu.cfs_quota_us'),
    readNumber(directory, 'cpu.cfs_period_us'),
  ]);
  return quota > 0 ? quota / period : null;
}

async function cgroupView(container: Container): Promise<Anatomy['Cgroup']> {
  const cgroup = container.isRunning ? await cgroupOf(container.state.pid) : undefined;
  if (cgroup === undefined)
    return { Path: '', Version: 2, MemoryLimit: null, PidsLimit: null, Cpus: null, CpuShares: null };
  const two = cgroup.version === 2;
  const [memory, pids, shares, limit] = await Promise.all([
    readNumber(cgroup.directory('memory'), two ? 'memory.max' : 'memory.limit_in_bytes'),
    readNumber(cgroup.directory('pids'), 'pids.max'),
    readNumber(cgroup.directory('cpu'), two ? 'cpu.weight' : 'cpu.shares'),
    cpuLimit(cgroup),
  ]);
  return {
    Path: cgroup.path,
    Version: cgroup.version,
    // v1 writes "no limit" as the largest page-aligned number.
    MemoryLimit: memory === undefined || memory > 2 ** 60 ? null : memory,
    PidsLimit: pids ?? null,
    Cpus: limit === null ? null : Math.min(limit, cpus().length),
    CpuShares: shares ?? null,
  };
}

/** Newest first, with the instruction that made each. */
async function layersOf(services: ContainerServices, container: Container): Promise<AnatomyLayer[]> {
  const { config, layers } = await services.images.resolve(container.record.imageId);
  const made = config.history.filter((entry) => entry.empty_layer !== true);
  return config.rootfs.diff_ids
    .map((diffId, index) => ({
      ChainId: layers[index]?.chainId ?? '',
      DiffId: diffId,
      CreatedBy: made[index]?.created_by ?? '',
      Size: layers[index]?.size ?? 0,
    }))
    .reverse();
}

/** What it may do at all: the bounding set of its first process, or what it would be given. */
async function capabilitiesView(services: ContainerServices, container: Container): Promise<string[]> {
  const status = container.isRunning ? await readOptional(`/proc/${container.state.pid}/status`) : undefined;
  const mask = status === undefined ? undefined : /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (mask !== undefined) return [...capabilitiesOfMask(BigInt(`0x${mask}`))];
  const { Privileged, CapAdd, CapDrop } = container.record.hostConfig;
  return effectiveCapabilities({
    privileged: Privileged === true,
    add: CapAdd ?? [],
    drop: CapDrop ?? [],
    available: services.facts.capabilities,
  });
}

export async function anatomyOf(services: ContainerServices, container: Container): Promise<Anatomy> {
  const { record } = container;
  const security = parseSecurityOptions(record.hostConfig.SecurityOpt);
  const [processes, namespaces, cgroup, layers, changed, sizes, capabilities] = await Promise.all([
    processesOf(container),
    container.isRunning ? namespacesOf(services, container) : [],
    cgroupView(container),
    layersOf(services, container),
    containerChanges(services, container),
    sizesOf(services, container),
    capabilitiesView(services, container),
  ]);
  return {
    Id: record.id,
    Name: record.name,
    State: stateView(container),
    Processes: processes,
    Namespaces: namespaces,
    Cgroup: cgroup,
    Layers: layers,
    Changes: changed.slice(0, maxChanges),
    ChangesTruncated: changed.length > maxChanges,
    SizeRw: sizes.SizeRw,
    Mounts: mountPoints(services, record),
    NetworkSettings: networkSettings(record),
    Capabilities: capabilities,
    Seccomp:
      record.hostConfig.Privileged === true
        ? 'unconfined'
        : security.seccomp === 'default'
          ? 'default'
          : security.seccomp === 'unconfined'
            ? 'unconfined'
            : 'custom',
    NoNewPrivileges: security.noNewPrivileges,
    RequestedMounts: record.hostConfig.Mounts ?? [],
  };
}
