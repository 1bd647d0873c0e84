// Limits: from Docker's HostConfig to the OCI specification's resources.
import { statSync } from 'node:fs';
import type { Resources } from '../../protocol/container_config.ts';
import { EngineError } from '../../protocol/errors.ts';
import type { OciDeviceRule, OciResources } from './oci.ts';

const defaultCpuPeriod = 100_000;

/** The numbers of a device file of this machine. Throws `InvalidArgument`. */
export function deviceNumbers(path: string): {
  major: number;
  minor: number;
  type: 'b' | 'c';
  mode: number;
  uid: number;
  gid: number;
} {
  let status: ReturnType<typeof statSync>;
  try {
    status = statSync(path);
  } catch {
    throw new EngineError(
      'InvalidArgument',
      `error gathering device information while adding custom device "${path}": no such file or directory`,
    );
  }
  if (!status.isBlockDevice() && !status.isCharacterDevice())
    throw new EngineError(
      'InvalidArgument',
      `error gathering device information while adding custom device "${path}": not a device node`,
    );
  const { rdev } = status;
  // makedev(3), for the 12 and 20 bits that Linux itself uses.
  const major = (rdev >>> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  return {
    major,
    minor,
    type: status.isBlockDevice() ? 'b' : 'c',
    mode: status.mode & 0o777,
    uid: status.uid,
    gid: status.gid,
  };
}

function omitUndefined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  // Only members whose value is undefined go, and every member of T that may be absent is optional.
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

function given(value: number | undefined): number | undefined {
  return value === undefined || value === 0 ? undefined : value;
}

function cpu(from: Resources): NonNullable<OciResources['cpu']> {
  const byNano = from.NanoCpus !== undefined && from.NanoCpus > 0;
  return omitUndefined<NonNullable<OciResources['cpu']>>({
    shares: given(from.CpuShares),
    quota: byNano ? Math.round(((from.NanoCpus ?? 0) * defaultCpuPeriod) / 1e9) : given(from.CpuQuota),
    period: byNano ? defaultCpuPeriod : given(from.CpuPeriod),
    realtimeRuntime: given(from.CpuRealtimeRuntime),
    realtimePeriod: given(from.CpuRealtimePeriod),
    cpus: from.CpusetCpus || undefined,
    mems: from.CpusetMems || undefined,
  });
}

/** Docker's rule: with a limit and no swap given, as much swap again as memory. */
function effectiveSwap({ Memory = 0, MemorySwap = 0 }: Resources): number | undefined {
  if (MemorySwap !== 0) return MemorySwap;
  return Memory > 0 ? Memory * 2 : undefined;
}

function memory(from: Resources, hasSwap: boolean): NonNullable<OciResources['memory']> {
  return omitUndefined<NonNullable<OciResources['memory']>>({
    limit: given(from.Memory),
    reservation: given(from.MemoryReservation),
    swap: hasSwap ? effectiveSwap(from) : undefined,
    swappiness: from.MemorySwappiness === -1 ? undefined : from.MemorySwappiness,
    disableOOMKiller: from.OomKillDisable === true ? true : undefined,
  });
}

function throttles(devices: readonly { Path: string; Rate: number }[] | undefined) {
  if (devices === undefined || devices.length === 0) return undefined;
  return devices.map(({ Path, Rate }) => {
    const { major, minor } = deviceNumbers(Path);
    return { major, minor, rate: Rate };
  });
}

function blockIO(from: Resources): NonNullable<OciResources['blockIO']> {
  return omitUndefined<NonNullable<OciResources['blockIO']>>({
    weight: given(from.BlkioWeight),
    weightDevice: from.BlkioWeightDevice?.map(({ Path, Weight }) => {
      const { major, minor } = deviceNumbers(Path);
      return { major, minor, weight: Weight };
    }),
    throttleReadBpsDevice: throttles(from.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttles(from.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttles(from.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttles(from.BlkioDeviceWriteIOps),
  });
}

function ifAny<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}

/** Everything but devices; also what `update` sends for a running container. */
export function limitsOf(from: Resources, host: { hasSwapAccounting: boolean }): OciResources {
  return omitUndefined<OciResources>({
    memory: ifAny(memory(from, host.hasSwapAccounting)),
    cpu: ifAny(cpu(from)),
    blockIO: ifAny(blockIO(from)),
    pids:
      from.PidsLimit === undefined || from.PidsLimit === 0
        ? undefined
        : { limit: from.PidsLimit < 0 ? -1 : from.PidsLimit },
  });
}

/** `c 42:* rmw`. Throws `InvalidArgument`. */
export function parseDeviceRule(text: string): OciDeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text.trim());
  if (match === null) throw new EngineError('InvalidArgument', `invalid device cgroup rule format: '${text}'`);
  const [, type = 'a', major = '*', minor = '*', access = 'rwm'] = match;
  return {
    allow: true,
    type: type === 'b' || type === 'c' ? type : 'a',
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}
