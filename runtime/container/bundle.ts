// The OCI bundle of one start: looks up what the specification needs, and writes config.json.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../protocol/errors.ts';
import type { ContainerRecord } from './record.ts';
import { mountImage, mountSharedMemory, mountSubpath } from './rootfs.ts';
import { type ContainerServices, directories } from './services.ts';
import { cdiEdits } from './spec/cdi.ts';
import { generateSpec, type SpecInput } from './spec/generate.ts';
import { readUserFiles, resolveUser } from './spec/user.ts';

/** RLIM_INFINITY does not fit a JavaScript number; it is written digit by digit. */
const infinity = 2 ** 64 - 1;
const rawJson = (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON; // in V8 since 11.4, not yet in TypeScript's library

export function stringifySpec(document: object): string {
  return JSON.stringify(document, (_, value: unknown) =>
    value === infinity ? rawJson('18446744073709551615') : value,
  );
}

function joinedPid(services: ContainerServices, mode: string | undefined, what: string): number | undefined {
  if (!mode?.startsWith('container:')) return undefined;
  const other = services.store.find(mode.slice('container:'.length));
  if (!other.isRunning)
    throw new EngineError('Conflict', `cannot join ${what} of a non running container: ${other.id}`, {
      remedy: `start it first: slipway start ${other.record.name}`,
    });
  return other.state.pid;
}

function joined(services: ContainerServices, { hostConfig }: ContainerRecord): SpecInput['joined'] {
  const network = joinedPid(services, hostConfig.NetworkMode, 'network');
  const ipc = joinedPid(services, hostConfig.IpcMode, 'IPC');
  const pid = joinedPid(services, hostConfig.PidMode, 'PID');
  return {
    ...(network === undefined ? {} : { network }),
    ...(ipc === undefined ? {} : { ipc }),
    ...(pid === undefined ? {} : { pid }),
  };
}

async function sharedMemory(services: ContainerServices, record: ContainerRecord): Promise<SpecInput['mounts']['shm']> {
  const { IpcMode = 'private', ShmSize = 64 << 20 } = record.hostConfig;
  if (IpcMode === 'none') return undefined;
  if (IpcMode === 'host') return { path: '/dev/shm' };
  if (IpcMode.startsWith('container:')) {
    const other = services.store.find(IpcMode.slice('container:'.length));
    if (other.record.hostConfig.IpcMode === 'host') return { path: '/dev/shm' };
    if (other.record.hostConfig.IpcMode !== 'shareable')
      throw new EngineError('InvalidArgument', `cannot join IPC of container ${other.id}: it is not shareable`, {
        remedy: 'create that container with --ipc shareable',
      });
    return { path: directories(services, other).shm };
  }
  if (IpcMode !== 'shareable') return { size: ShmSize };
  const { shm } = directories(services, record);
  await mountSharedMemory(shm, ShmSize);
  return { path: shm };
}

async function hostPaths(services: ContainerServices, record: ContainerRecord): Promise<SpecInput['mounts']['mounts']> {
  const found: SpecInput['mounts']['mounts'][number][] = [];
  const below = (directory: string, { subpath }: { readonly subpath: string }) =>
    subpath === '' ? directory : mountSubpath(services, record, found.length, directory, subpath);
  for (const mount of record.mounts) {
    if (mount.type === 'volume') {
      const directory = await services.volumes.mount(mount.name, record.id);
      found.push({ ...mount, hostPath: await below(directory, mount) });
    } else if (mount.type === 'image') {
      const directory = await mountImage(services, record, mount.name);
      found.push({ ...mount, hostPath: await below(directory, mount) });
    } else {
      found.push({ ...mount, hostPath: mount.source });
    }
  }
  return found;
}

/** cgroupfs: a path; systemd: `slice:prefix:name`. */
function cgroupsPath(services: ContainerServices, record: ContainerRecord): string {
  const { options, rootless } = services.context;
  const parent = record.hostConfig.CgroupParent || options.cgroupParent;
  if (options.cgroupDriver === 'systemd')
    return `${parent ?? (rootless ? 'user.slice' : 'system.slice')}:slipway:${record.id}`;
  return join(parent ?? '/slipway', record.id);
}

/** Writes the bundle for a mounted root file system. */
export async function writeBundle(services: ContainerServices, record: ContainerRecord): Promise<void> {
  const paths = directories(services, record);
  // Left by an earlier run, of which everything is recorded.
  rmSync(paths.monitor, { recursive: true, force: true });
  mkdirSync(paths.bundle, { recursive: true, mode: 0o700 });
  const [files, mounts, shm, deviceEdits] = await Promise.all([
    readUserFiles(paths.rootfs),
    hostPaths(services, record),
    sharedMemory(services, record),
    cdiEdits(record.hostConfig.DeviceRequests ?? [], services.context.options.cdiSpecDirs),
  ]);
  const user = resolveUser(record.config.User ?? '', files, record.hostConfig.GroupAdd);
  const wantsInit = record.hostConfig.Init ?? services.context.options.init;
  const spec = generateSpec({
    record,
    user,
    rootfs: paths.rootfs,
    mounts: {
      mounts,
      files: { hostname: paths.hostname, hosts: paths.hosts, resolvConf: paths.resolvConf },
      shm,
      initBinary: wantsInit ? services.initPath : undefined,
    },
    facts: services.facts,
    cgroupsPath: cgroupsPath(services, record),
    joined: joined(services, record),
    idMappings: undefined,
    deviceEdits,
    defaultUlimits: services.context.options.defaultUlimits,
  });
  writeFileSync(join(paths.bundle, 'config.json'), stringifySpec(spec), { mode: 0o600 });
}
