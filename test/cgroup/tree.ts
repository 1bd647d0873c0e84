// Finding a container's cgroup on this machine, whatever mixture of v1 and v2 it mounts.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OciRuntime } from '../support/oci_runtime.ts';

// Why tests of a v1 controller can't run here; undefined if they can.
export function whyNoController(controller: string): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may make cgroups here';
  if (!existsSync(`/sys/fs/cgroup/${controller}/cgroup.procs`)) return `no v1 controller ${controller} is mounted here`;
  return undefined;
}

// The host's pid of a container's first process.
export function pidOf(runtime: OciRuntime, id: string): number {
  const state: unknown = JSON.parse(runtime.must(['state', id]));
  if (typeof state !== 'object' || state === null || !('pid' in state)) throw new Error('a state without a pid');
  return Number(state.pid);
}

// The directory of the process's cgroup: by v1 controller, or of the v2 tree for ''.
export function groupOf(pid: number, controller: string): string {
  for (const line of readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (line !== '' && controllers.split(',').includes(controller))
      return join('/sys/fs/cgroup', controller === '' ? 'unified' : controllers, path);
  }
  throw new Error(`process ${pid} is in no hierarchy of '${controller}'`);
}

export const readGroup = (pid: number, controller: string, file: string): string =>
  readFileSync(join(groupOf(pid, controller), file), 'utf8').trim();
