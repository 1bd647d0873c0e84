// Reading a container's cgroup: where it is (from /proc/PID/cgroup and the mounted hierarchies), and its files.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Directories of one process's cgroups by controller; `''` is the unified hierarchy. */
export interface CgroupDirectories {
  readonly version: 1 | 2;
  readonly path: string;
  directory(controller: string): string | undefined;
}

let hierarchies: Promise<Map<string, string>> | undefined;

/** Mount points by controller, from mountinfo(5). They don't change while a machine is up. */
function mountedHierarchies(): Promise<Map<string, string>> {
  hierarchies ??= readFile('/proc/self/mountinfo', 'utf8').then((text) => {
    const found = new Map<string, string>();
    for (const line of text.trimEnd().split('\n')) {
      const [left = '', right = ''] = line.split(' - ', 2);
      const target = left.split(' ')[4] ?? '';
      const [type, , options = ''] = right.split(' ');
      if (type === 'cgroup2') found.set('', target);
      if (type === 'cgroup') for (const name of options.split(',')) found.set(name, target);
    }
    return found;
  });
  return hierarchies;
}

export async function cgroupOf(pid: number): Promise<CgroupDirectories | undefined> {
  const text = await readOptional(`/proc/${pid}/cgroup`);
  if (text === undefined) return undefined;
  const mounts = await mountedHierarchies();
  const paths = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    const [, controllers = '', ...rest] = line.split(':');
    for (const controller of controllers.split(',')) paths.set(controller, rest.join(':'));
  }
  const version = mounts.has('memory') ? 1 : 2;
  return {
    version,
    path: paths.get(version === 1 ? 'memory' : '') ?? '',
    directory: (controller) => {
      const key = version === 2 ? '' : controller;
      const [mount, path] = [mounts.get(key), paths.get(key)];
      return mount === undefined || path === undefined ? undefined : join(mount, path);
    },
  };
}

/** Whether a process is in a frozen cgroup, or one that is being frozen. */
export async function isFrozen(pid: number): Promise<boolean> {
  const cgroup = await cgroupOf(pid);
  const [first, unified] = [cgroup?.directory('freezer'), cgroup?.directory('')];
  const state = first === undefined ? undefined : await readOptional(join(first, 'freezer.state'));
  if (state !== undefined) return !state.startsWith('THAWED');
  return unified !== undefined && (await readOptional(join(unified, 'cgroup.freeze')))?.trim() === '1';
}

/** Undefined for a file that is not there (a controller that is off, a process that has ended). */
export async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** One number; `max` and what does not parse are undefined. */
export async function readNumber(directory: string | undefined, name: string): Promise<number | undefined> {
  const text = directory === undefined ? undefined : await readOptional(join(directory, name));
  const number = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  return Number.isNaN(number) ? undefined : number;
}

/** `name value` lines. */
export async function readTable(directory: string | undefined, name: string): Promise<Record<string, number>> {
  const text = directory === undefined ? undefined : await readOptional(join(directory, name));
  return Object.fromEntries(
    (text ?? '')
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([key, value]) => (key && value !== undefined && /^\d+$/.test(value) ? [[key, Number(value)]] : [])),
  );
}
