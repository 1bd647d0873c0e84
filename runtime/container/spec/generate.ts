// From a container's record to the OCI bundle's config.json. Pure: everything that had to be looked up is in the input.
import type { ContainerConfig, HostConfig } from '../../protocol/container_config.ts';
import { EngineError } from '../../protocol/errors.ts';
import type { ContainerRecord } from '../record.ts';
import { effectiveCapabilities } from './capabilities.ts';
import type { ContainerEdits } from './cdi.ts';
import { applyEdits } from './cdi_apply.ts';
import { deviceAccess } from './devices.ts';
import { containerMounts, initTarget, type MountInput } from './mounts.ts';
import type { OciIdMapping, OciNamespace, OciProcess, OciSeccomp, OciSpec } from './oci.ts';
import { limitsOf } from './resources.ts';
import { defaultSeccomp } from './seccomp.ts';
import { readSeccompProfile } from './seccomp_file.ts';
import { parseSecurityOptions, protectedPaths } from './security.ts';
import type { ResolvedUser } from './user.ts';

/** What the machine and this mode of the engine can give. */
export interface HostFacts {
  readonly rootless: boolean;
  readonly capabilities: ReadonlySet<string>;
  readonly hasSwapAccounting: boolean;
  readonly cgroupVersion: 1 | 2;
  /** Of memory, pids, cpu, cpuset and io: with which containers can't be limited. */
  readonly missingControllers: readonly string[];
  readonly hasSeccomp: boolean;
  readonly kernel: string;
  /** The engine's own limits: a container's can't be raised above them without CAP_SYS_RESOURCE. */
  readonly hardNofile: number;
}

export interface SpecInput {
  readonly record: ContainerRecord;
  readonly user: ResolvedUser;
  readonly rootfs: string;
  readonly mounts: Omit<MountInput, 'host' | 'ownNetwork' | 'ownPid' | 'userNamespace'>;
  readonly facts: HostFacts;
  readonly cgroupsPath: string;
  /** Pids of the containers whose namespaces are joined. */
  readonly joined: { readonly network?: number; readonly ipc?: number; readonly pid?: number };
  readonly idMappings: { readonly uid: readonly OciIdMapping[]; readonly gid: readonly OciIdMapping[] } | undefined;
  /** Of CDI devices. */
  readonly deviceEdits: readonly ContainerEdits[];
  readonly defaultUlimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment that the process gets: the engine's own first, then the config's, the last of a name winning. */
export function processEnvironment(
  config: Pick<ContainerConfig, 'Env' | 'Hostname' | 'Tty'>,
  home: string,
  tty: boolean = config.Tty === true,
): string[] {
  const chosen = new Map<string, string>();
  const base = [defaultPath, `HOSTNAME=${config.Hostname ?? ''}`, ...(tty ? ['TERM=xterm'] : [])];
  for (const entry of [...base, ...(config.Env ?? [])]) {
    const equals = entry.indexOf('=');
    // `NAME` alone asks for the name to be unset.
    if (equals < 0) chosen.delete(entry);
    else if (equals > 0) chosen.set(entry.slice(0, equals), entry);
  }
  if (!chosen.has('HOME')) chosen.set('HOME', `HOME=${home}`);
  return [...chosen.values()];
}

/** The program and its arguments: entrypoint and command. Throws `InvalidArgument` if there is none. */
export function commandOf(config: Pick<ContainerConfig, 'Entrypoint' | 'Cmd'>): string[] {
  const entrypoint = config.Entrypoint ?? [];
  const args = [...(entrypoint.length === 1 && entrypoint[0] === '' ? [] : entrypoint), ...(config.Cmd ?? [])];
  if (args.length === 0) throw new EngineError('InvalidArgument', 'no command specified');
  return args;
}

function isHost(mode: string | undefined): boolean {
  return mode === 'host';
}

function namespaces({ record, joined, idMappings, facts }: SpecInput): OciNamespace[] {
  const host = record.hostConfig;
  const join = (type: OciNamespace['type'], file: string, pid: number): OciNamespace => ({
    type,
    path: `/proc/${pid}/ns/${file}`,
  });
  const list: OciNamespace[] = [{ type: 'mount' }];
  if (!isHost(host.NetworkMode))
    list.push(joined.network === undefined ? { type: 'network' } : join('network', 'net', joined.network));
  if (!isHost(host.PidMode)) list.push(joined.pid === undefined ? { type: 'pid' } : join('pid', 'pid', joined.pid));
  if (!isHost(host.IpcMode)) list.push(joined.ipc === undefined ? { type: 'ipc' } : join('ipc', 'ipc', joined.ipc));
  if (!isHost(host.UTSMode)) list.push({ type: 'uts' });
  // Docker's default: private on the unified hierarchy, the host's on the old ones.
  const cgroupns = host.CgroupnsMode || (facts.cgroupVersion === 2 && host.Privileged !== true ? 'private' : 'host');
  if (cgroupns === 'private') list.push({ type: 'cgroup' });
  if (idMappings !== undefined) list.push({ type: 'user' });
  return list;
}

export function rlimits({
  record,
  facts,
  defaultUlimits,
}: Pick<SpecInput, 'record' | 'facts' | 'defaultUlimits'>): { type: string; soft: number; hard: number }[] {
  const wanted = new Map(defaultUlimits.map((limit) => [limit.Name, limit]));
  for (const limit of record.hostConfig.Ulimits ?? []) wanted.set(limit.Name, limit);
  const unlimited = (value: number) => (value < 0 ? 2 ** 64 - 1 : value);
  return [...wanted.values()].map(({ Name, Soft, Hard }) => {
    if (Name === 'nofile' && Hard > facts.hardNofile && !facts.capabilities.has('CAP_SYS_RESOURCE'))
      throw new EngineError(
        'PermissionDenied',
        `cannot set the limit nofile=${Soft}:${Hard}: the engine's own hard limit is ${facts.hardNofile}, and it lacks CAP_SYS_RESOURCE`,
        { remedy: `choose at most ${facts.hardNofile}` },
      );
    return { type: `RLIMIT_${Name.toUpperCase()}`, soft: unlimited(Soft), hard: unlimited(Hard) };
  });
}

function seccompFor(host: HostConfig, capabilities: readonly string[], facts: HostFacts): OciSeccomp | undefined {
  const { seccomp } = parseSecurityOptions(host.SecurityOpt);
  if (seccomp === 'unconfined' || (host.Privileged === true && seccomp === 'default')) return undefined;
  if (!facts.hasSeccomp) {
    if (seccomp === 'default') return undefined;
    throw new EngineError('Unsupported', 'seccomp is not enabled in your kernel, cannot run a custom seccomp profile');
  }
  if (seccomp === 'default') return defaultSeccomp(capabilities);
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  return readSeccompProfile(seccomp, { capabilities: new Set(capabilities), architecture, kernel: facts.kernel });
}

/** Root gets the set in all of the kernel's places; others only as the bound of what set-uid programs may gain. */
export function capabilitySets(names: string[], uid: number): NonNullable<OciProcess['capabilities']> {
  return uid === 0
    ? { bounding: names, effective: names, permitted: names }
    : { bounding: names, effective: [], permitted: [] };
}

function processOf(input: SpecInput, capabilities: string[]): OciProcess {
  const { record, user } = input;
  const { config, hostConfig: host } = record;
  const command = commandOf(config);
  const [height = 0, width = 0] = host.ConsoleSize ?? [];
  const limits = rlimits(input);
  const { noNewPrivileges, apparmor } = parseSecurityOptions(host.SecurityOpt);
  return {
    ...(config.Tty === true ? { terminal: true } : {}),
    ...(config.Tty === true && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids] },
    args: input.mounts.initBinary === undefined ? command : [initTarget, '--', ...command],
    env: processEnvironment(config, user.home),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(capabilities, user.uid),
    ...(limits.length > 0 ? { rlimits: limits } : {}),
    noNewPrivileges,
    ...(apparmor === undefined || apparmor === 'unconfined' ? {} : { apparmorProfile: apparmor }),
    ...(host.OomScoreAdj === undefined ? {} : { oomScoreAdj: host.OomScoreAdj }),
  };
}

/** Throws `InvalidArgument`, `Unsupported` or `PermissionDenied` for what this machine can't give. */
export function generateSpec(input: SpecInput): OciSpec {
  const { record, facts, joined, idMappings } = input;
  const { config, hostConfig: host } = record;
  const capabilities = effectiveCapabilities({
    privileged: host.Privileged === true,
    add: host.CapAdd ?? [],
    drop: host.CapDrop ?? [],
    available: facts.capabilities,
  });
  const seccomp = seccompFor(host, capabilities, facts);
  const { devices, rules } = deviceAccess(host, facts.rootless);
  const limits = limitsOf(host, facts);
  const { masked, readonly } = protectedPaths(host);
  const ownUts = !isHost(host.UTSMode);
  const mounts = containerMounts({
    ...input.mounts,
    host,
    ownNetwork: !isHost(host.NetworkMode) && joined.network === undefined,
    ownPid: !isHost(host.PidMode),
    userNamespace: facts.rootless || idMappings !== undefined,
  });
  const spec: OciSpec = {
    ociVersion: '1.2.0',
    process: processOf(input, capabilities),
    root: { path: input.rootfs, ...(host.ReadonlyRootfs === true ? { readonly: true } : {}) },
    ...(ownUts && config.Hostname ? { hostname: config.Hostname } : {}),
    ...(ownUts && config.Domainname ? { domainname: config.Domainname } : {}),
    mounts,
    ...(host.Annotations === undefined ? {} : { annotations: host.Annotations }),
    linux: {
      namespaces: namespaces(input),
      ...(idMappings === undefined ? {} : { uidMappings: [...idMappings.uid], gidMappings: [...idMappings.gid] }),
      cgroupsPath: input.cgroupsPath,
      resources: { ...limits, devices: rules },
      ...(devices.length > 0 ? { devices } : {}),
      ...(seccomp === undefined ? {} : { seccomp }),
      ...(sysctls(host, facts.rootless) === undefined ? {} : { sysctl: sysctls(host, facts.rootless) ?? {} }),
      ...(masked.length > 0 ? { maskedPaths: masked } : {}),
      ...(readonly.length > 0 ? { readonlyPaths: readonly } : {}),
      ...(rootPropagation(record) === undefined ? {} : { rootfsPropagation: rootPropagation(record) ?? '' }),
    },
  };
  return applyEdits(spec, input.deviceEdits);
}

/** As Docker does: an ordinary user in a container may bind low ports and ping, where the container has its own network. */
function sysctls(host: HostConfig, rootless: boolean): Record<string, string> | undefined {
  const ownNetwork = !isHost(host.NetworkMode) && !(host.NetworkMode ?? '').startsWith('container:');
  const defaults: Record<string, string> =
    ownNetwork && host.Privileged !== true && (host.UsernsMode ?? '') === ''
      ? {
          'net.ipv4.ip_unprivileged_port_start': '0',
          'net.ipv4.ping_group_range': rootless ? '0 65535' : '0 2147483647',
        }
      : {};
  const all = { ...defaults, ...host.Sysctls };
  return Object.keys(all).length > 0 ? all : undefined;
}

/** A mount that passes on what is mounted below it needs a root that does so too. */
function rootPropagation({ mounts }: ContainerRecord): string | undefined {
  const wanted = mounts.map(({ propagation }) => propagation);
  if (wanted.some((mode) => mode === 'shared' || mode === 'rshared')) return 'rshared';
  return wanted.some((mode) => mode === 'slave' || mode === 'rslave') ? 'rslave' : undefined;
}
