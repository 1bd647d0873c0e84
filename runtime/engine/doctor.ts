// What this machine denies, told before somebody runs into it, each with the command that helps.
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerServices } from '../container/services.ts';
import type { DoctorCheck, Limitation } from '../protocol/system.ts';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function check(
  name: string,
  title: string,
  problem: string | undefined,
  fix?: string,
  status: DoctorCheck['Status'] = 'error',
): DoctorCheck {
  if (problem === undefined) return { Name: name, Title: title, Status: 'ok', Message: 'as it should be' };
  return { Name: name, Title: title, Status: status, Message: problem, ...(fix === undefined ? {} : { Fix: fix }) };
}

function kernelCheck(kernel: string): DoctorCheck {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const old = major < 5 || (major === 5 && minor < 4);
  return check(
    'kernel',
    'Linux kernel',
    old ? `Linux ${kernel} is older than 5.4` : undefined,
    'use a newer distribution kernel',
  );
}

function controllersCheck({ facts }: ContainerServices): DoctorCheck {
  const missing = facts.missingControllers.filter((name) => name !== 'io');
  const problem = missing.length > 0 ? `limits for ${missing.join(', ')} are not available` : undefined;
  const [fix, status] = facts.rootless
    ? (['sudo systemctl set-property user-$(id -u).slice Delegate=yes', 'warning'] as const)
    : facts.cgroupVersion === 1
      ? (['boot with cgroup_enable=memory', 'error'] as const)
      : (['boot with systemd.unified_cgroup_hierarchy=1', 'warning'] as const);
  return check('cgroup', 'Control groups', problem, fix, status);
}

function subordinateIdsCheck(rootless: boolean): DoctorCheck {
  const user = process.env['USER'] ?? String(process.getuid?.() ?? 0);
  const has = (path: string) => new RegExp(`^(?:${user}|${process.getuid?.()}):\\d+:\\d+`, 'm').test(read(path));
  const missing = rootless && !(has('/etc/subuid') && has('/etc/subgid'));
  return check(
    'subordinate-ids',
    'Subordinate user ids',
    missing ? `${user} has no ranges in /etc/subuid and /etc/subgid: containers have one user only` : undefined,
    `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`,
    'warning',
  );
}

function overlayCheck(): DoctorCheck {
  const known = /\boverlay$/m.test(read('/proc/filesystems'));
  return check(
    'overlay',
    'Overlay file system',
    known ? undefined : 'the kernel has no overlay file system loaded',
    'sudo modprobe overlay',
  );
}

function portsCheck(rootless: boolean): DoctorCheck {
  const first = Number(read('/proc/sys/net/ipv4/ip_unprivileged_port_start') || '1024');
  const denied = rootless && first > 80;
  return check(
    'low-ports',
    'Ports below 1024',
    denied ? `ports below ${first} can't be published` : undefined,
    'sudo sysctl net.ipv4.ip_unprivileged_port_start=80',
    'warning',
  );
}

function networkCheck(rootless: boolean): DoctorCheck {
  if (rootless) {
    const found = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'pasta')));
    const problem = found ? undefined : 'containers reach nothing outside: pasta is not installed';
    return check('network', 'Networks', problem, 'sudo apt-get install passt', 'warning');
  }
  const off = read('/proc/sys/net/ipv4/ip_forward') === '0';
  return check(
    'network',
    'Networks',
    off ? 'IPv4 forwarding is off; the engine turns it on with the first network' : undefined,
    'sudo sysctl net.ipv4.ip_forward=1',
    'warning',
  );
}

function diskCheck(dataRoot: string): DoctorCheck {
  const { bavail, bsize } = statfsSync(dataRoot);
  const free = bavail * bsize;
  return check(
    'disk',
    'Free disk space',
    free < 1 << 30 ? `only ${Math.floor(free / 2 ** 20)} MiB are free below ${dataRoot}` : undefined,
    'slipway system prune',
    'warning',
  );
}

function programsCheck({ ociPath, initPath }: ContainerServices): DoctorCheck {
  const missing = [ociPath, initPath].filter((path) => {
    try {
      accessSync(path, constants.X_OK);
      return false;
    } catch {
      return true;
    }
  });
  return check(
    'programs',
    "The engine's own programs",
    missing.length > 0 ? `missing or not executable: ${missing.join(', ')}` : undefined,
    'install Slipway again',
  );
}

export async function doctorChecks(services: ContainerServices): Promise<DoctorCheck[]> {
  const { rootless, paths } = services.context;
  return [
    kernelCheck(services.facts.kernel),
    controllersCheck(services),
    check(
      'seccomp',
      'System call filters',
      services.facts.hasSeccomp ? undefined : 'the kernel has no seccomp: containers may use every system call',
      undefined,
      'warning',
    ),
    subordinateIdsCheck(rootless),
    overlayCheck(),
    portsCheck(rootless),
    networkCheck(rootless),
    diskCheck(paths.dataRoot),
    programsCheck(services),
  ];
}

/** For `info`: the machine's denials, without what is merely unusual. */
export function limitations(services: ContainerServices): Limitation[] {
  const { facts } = services;
  const list: Limitation[] = [];
  if (!facts.hasSwapAccounting) list.push({ Name: 'swap-limit', Message: 'No swap limit support' });
  if (!facts.capabilities.has('CAP_SYS_RESOURCE'))
    list.push({
      Name: 'raise-limits',
      Message: `The engine can't raise resource limits above its own (nofile ${facts.hardNofile})`,
    });
  if (!existsSync('/proc/sys/net/ipv4/ip_forward')) list.push({ Name: 'ipv4', Message: 'This kernel has no IPv4' });
  return list;
}
