// The mounts of a container: the kernel's file systems that every container has, the engine's files (hosts, hostname,
// resolv.conf), and what was asked for, parents before children.
import type { HostConfig } from '../../protocol/container_config.ts';
import type { ContainerMount } from '../record.ts';
import type { OciMount } from './oci.ts';

export interface MountInput {
  readonly host: HostConfig;
  readonly mounts: readonly (ContainerMount & { readonly hostPath: string })[];
  readonly files: { readonly hostname: string; readonly hosts: string; readonly resolvConf: string };
  /** Where /dev/shm comes from: a size in bytes, a host path to share, or none. */
  readonly shm: { readonly size: number } | { readonly path: string } | undefined;
  /** For --init: the program on the host. */
  readonly initBinary: string | undefined;
  /** /sys of the own network namespace can be mounted; with the host's it must be bound. */
  readonly ownNetwork: boolean;
  readonly userNamespace: boolean;
  readonly ownPid: boolean;
}

/** Where --init's program appears inside. */
export const initTarget = '/sbin/docker-init';

function kernelMounts({ host, shm, ownNetwork, userNamespace }: MountInput): OciMount[] {
  const privileged = host.Privileged === true;
  const access = privileged ? 'rw' : 'ro';
  const sysOptions = ['nosuid', 'noexec', 'nodev', access];
  const mounts: OciMount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    // A user namespace that doesn't own the network namespace can't mount its sysfs.
    userNamespace && !ownNetwork
      ? { destination: '/sys', type: 'bind', source: '/sys', options: ['rbind', 'nosuid', 'noexec', 'nodev', access] }
      : { destination: '/sys', type: 'sysfs', source: 'sysfs', options: sysOptions },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: privileged ? ['nosuid', 'noexec', 'nodev'] : ['ro', 'nosuid', 'noexec', 'nodev'],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  ];
  if (shm !== undefined && 'size' in shm)
    mounts.push({
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${shm.size}`],
    });
  else if (shm !== undefined)
    mounts.push({ destination: '/dev/shm', type: 'bind', source: shm.path, options: ['rbind', 'rprivate'] });
  return mounts;
}

function engineFiles({ files, host }: MountInput): OciMount[] {
  const options = ['rbind', 'rprivate', host.ReadonlyRootfs === true ? 'ro' : 'rw'];
  return [
    { destination: '/etc/resolv.conf', type: 'bind', source: files.resolvConf, options },
    { destination: '/etc/hostname', type: 'bind', source: files.hostname, options },
    { destination: '/etc/hosts', type: 'bind', source: files.hosts, options },
  ];
}

function asked(mount: MountInput['mounts'][number]): OciMount {
  const { type, destination, readOnly, options, recursive, propagation, hostPath } = mount;
  if (type === 'tmpfs') {
    const flags = options.length > 0 ? options : [];
    const base = ['nosuid', 'nodev', 'noexec'].filter((flag) => !flags.includes(flag.slice(2)));
    return { destination, type: 'tmpfs', source: 'tmpfs', options: [...base, ...flags] };
  }
  return {
    destination,
    type: 'bind',
    source: hostPath,
    options: [recursive ? 'rbind' : 'bind', propagation || 'rprivate', ...(readOnly ? ['ro'] : [])],
  };
}

/** In the order in which they are to be mounted; a later one for the same place (a -v onto /dev/shm) replaces the earlier. */
export function containerMounts(input: MountInput): OciMount[] {
  const wanted = input.mounts.map(asked);
  const taken = new Set(wanted.map(({ destination }) => destination));
  const own = [...kernelMounts(input), ...engineFiles(input)].filter(({ destination }) => !taken.has(destination));
  const depth = ({ destination }: OciMount) => destination.split('/').length;
  const init: OciMount[] =
    input.initBinary === undefined
      ? []
      : [{ destination: initTarget, type: 'bind', source: input.initBinary, options: ['bind', 'ro'] }];
  const sorted = [...wanted].sort((a, b) => depth(a) - depth(b));
  // Kernel file systems come first; then, of all the rest, a parent must be there before what is mounted inside it.
  return [...own, ...sorted, ...init];
}
