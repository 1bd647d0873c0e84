// Which capabilities a container gets: Docker's default set, changed by --cap-add, --cap-drop and --privileged.
import { EngineError } from '../../protocol/errors.ts';

/** In the kernel's order; the position is the number (linux/capability.h). */
export const allCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

/** What Docker leaves to root in a container: enough for packages and servers, nothing about the host. */
const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** `net_admin`, `NET_ADMIN`, `CAP_NET_ADMIN`, `all`. Throws `InvalidArgument`. */
export function normaliseCapability(name: string, field = 'capability'): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!allCapabilities.some((known) => known === full))
    throw new EngineError('InvalidArgument', `invalid ${field}: unknown capability: "${full}"`);
  return full;
}

export interface CapabilityRequest {
  readonly privileged: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
  /** What the engine itself may give: the bounding set of its process. */
  readonly available: ReadonlySet<string>;
}

/** Docker's rules: `--cap-add ALL` starts from all, `--cap-drop ALL` from none, then the single ones. Kernel order. */
export function effectiveCapabilities({ privileged, add, drop, available }: CapabilityRequest): string[] {
  const added = add.map((name) => normaliseCapability(name));
  const dropped = drop.map((name) => normaliseCapability(name));
  const chosen = new Set<string>(
    privileged || added.includes('ALL') ? allCapabilities : dropped.includes('ALL') ? [] : defaultCapabilities,
  );
  if (!privileged) {
    if (!added.includes('ALL')) for (const name of added) chosen.add(name);
    if (!dropped.includes('ALL') || added.includes('ALL')) for (const name of dropped) chosen.delete(name);
  }
  return allCapabilities.filter((name) => chosen.has(name) && available.has(name));
}

/** Names of a /proc/PID/status mask (CapBnd). */
export function capabilitiesOfMask(mask: bigint): Set<string> {
  return new Set(allCapabilities.filter((_, number) => (mask >> BigInt(number)) & 1n));
}
