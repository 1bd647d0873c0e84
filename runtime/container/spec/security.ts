// --security-opt, and what of /proc and /sys a container may see.
import type { HostConfig } from '../../protocol/container_config.ts';
import { EngineError } from '../../protocol/errors.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** `unconfined`, `default`, or a profile's JSON text. */
  readonly seccomp: string;
  readonly apparmor: string | undefined;
  readonly systempathsUnconfined: boolean;
  readonly labels: readonly string[];
}

/** `name=value` or, as old clients write it, `name:value`. Throws `InvalidArgument`. */
export function parseSecurityOptions(options: readonly string[] = []): SecurityOptions {
  let noNewPrivileges = false;
  let seccomp = 'default';
  let apparmor: string | undefined;
  let systempathsUnconfined = false;
  const labels: string[] = [];
  for (const option of options) {
    const match = /^([a-z-]+)(?:[=:]([\s\S]*))?$/.exec(option);
    const [, name = '', value = ''] = match ?? [];
    switch (name) {
      case 'no-new-privileges':
        if (!['', 'true', 'false'].includes(value)) throw invalidOption(option);
        noNewPrivileges = value !== 'false';
        break;
      case 'seccomp':
        seccomp = value === 'builtin' ? 'default' : value;
        break;
      case 'apparmor':
        apparmor = value;
        break;
      case 'systempaths':
        if (value !== 'unconfined') throw invalidOption(option);
        systempathsUnconfined = true;
        break;
      case 'label':
      case 'disable':
        labels.push(value);
        break;
      case 'writable-cgroups':
        if (!['', 'true', 'false'].includes(value)) throw invalidOption(option);
        break;
      default:
        throw invalidOption(option);
    }
  }
  return { noNewPrivileges, seccomp, apparmor, systempathsUnconfined, labels };
}

function invalidOption(option: string): EngineError {
  return new EngineError('InvalidArgument', `invalid --security-opt: "${option.slice(0, 200)}"`);
}

/** Hidden: what tells about the host or reaches its hardware. */
const defaultMaskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** HostConfig's own lists win; `systempaths=unconfined` and --privileged hide nothing. */
export function protectedPaths(host: HostConfig): { masked: string[]; readonly: string[] } {
  const open = host.Privileged === true || parseSecurityOptions(host.SecurityOpt).systempathsUnconfined;
  return {
    masked: [...(host.MaskedPaths ?? (open ? [] : defaultMaskedPaths))],
    readonly: [...(host.ReadonlyPaths ?? (open ? [] : defaultReadonlyPaths))],
  };
}
