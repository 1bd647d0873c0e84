// OCI bundles for tests: a busybox root file system and a config.json that a test changes where it matters to it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface OciProcess {
  terminal?: boolean;
  user: { uid: number; gid: number; additionalGids?: number[]; umask?: number };
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: Record<string, string[]>;
  noNewPrivileges?: boolean;
  [field: string]: unknown;
}

interface OciMount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

interface OciLinux {
  namespaces: { type: string; path?: string }[];
  cgroupsPath?: string;
  resources?: Record<string, unknown>;
  uidMappings?: { containerID: number; hostID: number; size: number }[];
  gidMappings?: { containerID: number; hostID: number; size: number }[];
  maskedPaths?: string[];
  readonlyPaths?: string[];
  [field: string]: unknown;
}

export interface OciConfig {
  ociVersion: string;
  root: { path: string; readonly?: boolean };
  process: OciProcess;
  mounts: OciMount[];
  hostname?: string;
  hooks?: Record<string, unknown>;
  annotations?: Record<string, string>;
  linux: OciLinux;
}

const standardMounts: OciMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
  { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666', 'mode=0620'] },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
];

const dockerCapabilities = [
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

// What a container engine would ask for: every namespace but user and time, Docker's capabilities, a pty-capable /dev.
export function ociConfig(args: string[], rootPath = 'rootfs'): OciConfig {
  return {
    ociVersion: '1.0.2',
    root: { path: rootPath },
    process: {
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/bin:/sbin:/usr/bin', 'HOME=/root'],
      cwd: '/',
      noNewPrivileges: true,
      capabilities: {
        bounding: dockerCapabilities,
        effective: dockerCapabilities,
        permitted: dockerCapabilities,
      },
    },
    hostname: 'box',
    mounts: standardMounts.map((mount) => ({ ...mount })),
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      resources: { devices: [{ allow: false, access: 'rwm' }] },
    },
  };
}

// The same for a user without root: one id mapped, no mounts or namespaces that need more.
export function rootlessOciConfig(args: string[], uid: number, rootPath = 'rootfs'): OciConfig {
  const config = ociConfig(args, rootPath);
  config.linux.namespaces = ['pid', 'ipc', 'uts', 'mount', 'user', 'cgroup'].map((type) => ({ type }));
  config.linux.uidMappings = [{ containerID: 0, hostID: uid, size: 1 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: uid, size: 1 }];
  config.mounts = config.mounts
    .filter((mount) => mount.destination !== '/sys')
    .map((mount) =>
      mount.destination === '/dev/pts' ? { ...mount, options: ['newinstance', 'ptmxmode=0666', 'mode=0620'] } : mount,
    );
  delete config.linux.resources;
  return config;
}

const applets = (): string[] =>
  execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox');

// bin/busybox, a link per applet, and the directories that every image has.
export function makeBusyboxRoot(directory: string): void {
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root', 'var', 'usr/bin', 'sbin'])
    mkdirSync(join(directory, name), { recursive: true });
  copyFileSync('/bin/busybox', join(directory, 'bin/busybox'));
  for (const name of applets()) symlinkSync('/bin/busybox', join(directory, 'bin', name));
  writeFileSync(
    join(directory, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  );
  writeFileSync(join(directory, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
}

// A bundle directory below `parent`, with a busybox root of its own unless the configuration names another one.
export function makeBundle(parent: string, name: string, config: OciConfig): string {
  const bundle = join(parent, name);
  mkdirSync(bundle, { recursive: true });
  if (config.root.path === 'rootfs') makeBusyboxRoot(join(bundle, 'rootfs'));
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}
