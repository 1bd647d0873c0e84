// Devices: --device, --device-cgroup-rule, --privileged.
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { HostConfig } from '../../protocol/container_config.ts';
import type { OciDevice, OciDeviceRule } from './oci.ts';
import { deviceNumbers, parseDeviceRule } from './resources.ts';

export interface DeviceAccess {
  readonly devices: OciDevice[];
  readonly rules: OciDeviceRule[];
}

/** The devices that every container has are the OCI runtime's own affair (config-linux.md, "Default Devices"). */
const baseRules: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  // Making device nodes is harmless where using them is not allowed; package managers do it.
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' },
  { allow: true, type: 'c', major: 1, minor: 5, access: 'rwm' },
  { allow: true, type: 'c', major: 1, minor: 7, access: 'rwm' },
  { allow: true, type: 'c', major: 1, minor: 8, access: 'rwm' },
  { allow: true, type: 'c', major: 1, minor: 9, access: 'rwm' },
  { allow: true, type: 'c', major: 5, minor: 0, access: 'rwm' },
  { allow: true, type: 'c', major: 5, minor: 1, access: 'rwm' },
  { allow: true, type: 'c', major: 5, minor: 2, access: 'rwm' },
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

function device(hostPath: string, containerPath: string): OciDevice {
  const { type, major, minor, mode, uid, gid } = deviceNumbers(hostPath);
  return { path: containerPath, type, major, minor, fileMode: mode, uid, gid };
}

/** A device, or every device below a directory (`--device /dev/snd`). */
function mapped(hostPath: string, containerPath: string): OciDevice[] {
  let isDirectory = false;
  try {
    isDirectory = statSync(hostPath).isDirectory();
  } catch {
    // device() says what is missing.
  }
  if (!isDirectory) return [device(hostPath, containerPath)];
  const found = readdirSync(hostPath, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isCharacterDevice() || entry.isBlockDevice())
    .map((entry) => join(entry.parentPath, entry.name));
  return found.map((path) => device(path, join(containerPath, path.slice(hostPath.length))));
}

function ruleOf({ type, major, minor }: OciDevice, access: string): OciDeviceRule {
  return {
    allow: true,
    type: type === 'b' ? 'b' : 'c',
    ...(major === undefined ? {} : { major }),
    ...(minor === undefined ? {} : { minor }),
    access,
  };
}

/** Terminals, and what the runtime makes itself, are not taken over from the host. */
const notPassedOn = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev', 'console', 'ptmx']);

function hostDevices(directory = '/dev'): OciDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (notPassedOn.has(basename(path))) return [];
    if (entry.isDirectory()) return hostDevices(path);
    return entry.isCharacterDevice() || entry.isBlockDevice() ? [device(path, path)] : [];
  });
}

/** Throws `InvalidArgument` for devices that the machine does not have. */
export function deviceAccess(host: HostConfig, rootless: boolean): DeviceAccess {
  if (host.Privileged === true) {
    // In a user namespace nodes can't be made, and the runtime binds the host's own; only what is asked for is passed on.
    return { devices: rootless ? [] : hostDevices(), rules: [{ allow: true, access: 'rwm' }] };
  }
  const devices: OciDevice[] = [];
  const rules: OciDeviceRule[] = [...baseRules];
  for (const { PathOnHost = '', PathInContainer, CgroupPermissions } of host.Devices ?? []) {
    for (const found of mapped(PathOnHost, PathInContainer || PathOnHost)) {
      devices.push(found);
      rules.push(ruleOf(found, CgroupPermissions || 'rwm'));
    }
  }
  for (const rule of host.DeviceCgroupRules ?? []) rules.push(parseDeviceRule(rule));
  return { devices, rules };
}
