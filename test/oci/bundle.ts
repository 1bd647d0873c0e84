// Bundles for the tests of slipway-oci: a root file system of static busybox and a config.json that tests edit, in a
// directory of their own with a --root of their own. Disposing one leaves nothing on the machine.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export const program = join(import.meta.dirname, '../../dist/bin/slipway-oci');

export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}

interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}

/** The parts of config.json that tests touch; see the runtime specification. */
export interface Config {
  ociVersion: string;
  process: {
    terminal?: boolean;
    consoleSize?: { height: number; width: number };
    user: { uid: number; gid: number; umask?: number; additionalGids?: number[] };
    args: string[];
    env: string[];
    cwd: string;
    capabilities?: Record<string, string[]>;
    rlimits?: { type: string; soft: number; hard: number }[];
    noNewPrivileges?: boolean;
    oomScoreAdj?: number;
    scheduler?: Record<string, unknown>;
    ioPriority?: Record<string, unknown>;
    execCPUAffinity?: { initial?: string; final?: string };
    apparmorProfile?: string;
    selinuxLabel?: string;
  };
  root: { path: string; readonly?: boolean };
  hostname?: string;
  domainname?: string;
  mounts: Mount[];
  hooks?: Record<string, Hook[]>;
  annotations?: Record<string, string>;
  linux: {
    namespaces: { type: string; path?: string }[];
    uidMappings?: IdMapping[];
    gidMappings?: IdMapping[];
    timeOffsets?: Record<string, { secs?: number; nanosecs?: number }>;
    devices?: Record<string, unknown>[];
    netDevices?: Record<string, { name?: string }>;
    resources?: Record<string, unknown>;
    seccomp?: Record<string, unknown>;
    sysctl?: Record<string, string>;
    maskedPaths?: string[];
    readonlyPaths?: string[];
    rootfsPropagation?: string;
    personality?: Record<string, unknown>;
    intelRdt?: Record<string, unknown>;
    memoryPolicy?: Record<string, unknown>;
    cgroupsPath?: string;
  };
}

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

const devOptions = ['nosuid', 'strictatime', 'mode=755', 'size=65536k'];
const ptsOptions = ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'];

/** A container that runs `args` as root in new namespaces, with the usual mounts. */
function plainConfig(args: string[]): Config {
  const capabilities = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID', 'CAP_MKNOD'];
  return {
    ociVersion: '1.2.0',
    process: {
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: devOptions },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ptsOptions },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ],
    linux: { namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })) },
  };
}

let counter = 0;

export class Bundle {
  readonly directory = mkdtempSync('/tmp/slipway-oci-test-');
  readonly path = join(this.directory, 'bundle');
  readonly rootfs = join(this.path, 'rootfs');
  readonly root = join(this.directory, 'root');
  readonly config: Config;
  /** What executes slipway-oci: a program and its first arguments, or nothing in between. */
  through: string[] = [];
  /** Unique on the machine: cgroups are named by it. */
  readonly id = `test-${process.pid}-${counter++}`;

  /** `script`: for the container's shell; or its arguments, as an array. */
  constructor(script: string | string[], edit: (config: Config) => void = () => {}) {
    this.config = plainConfig(typeof script === 'string' ? ['/bin/sh', '-c', script] : script);
    for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'])
      mkdirSync(join(this.rootfs, name), { recursive: true });
    copyFileSync('/bin/busybox', join(this.rootfs, 'bin/busybox'));
    const applets = spawnSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n');
    for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(this.rootfs, 'bin', applet));
    edit(this.config);
    this.write();
  }

  /** Writes the (edited) configuration. */
  write(): void {
    writeFileSync(join(this.path, 'config.json'), JSON.stringify(this.config));
  }

  /** Runs slipway-oci with this --root. */
  oci(...words: string[]): Outcome {
    return this.ociWith({}, ...words);
  }

  /** The same with something on its standard input or more in its environment. */
  ociWith(options: { input?: string; env?: Record<string, string> }, ...words: string[]): Outcome {
    const [file = program, ...before] = [...this.through, program];
    const { status, stdout, stderr } = spawnSync(file, [...before, '--root', this.root, ...words], {
      encoding: 'utf8',
      input: options.input ?? '',
      env: { ...process.env, ...options.env },
      timeout: 60_000,
    });
    return { status, stdout, stderr };
  }

  run(...flags: string[]): Outcome {
    return this.oci('run', '--bundle', this.path, ...flags, this.id);
  }

  create(...flags: string[]): Outcome {
    // A created container keeps standard streams open: not those that spawnSync waits for.
    const output = join(this.directory, 'output');
    const words = [...this.through, program, '--root', this.root, 'create', '--bundle', this.path, ...flags, this.id];
    const script = `exec "$@" </dev/null >"${output}" 2>"${output}.err"`;
    const { status } = spawnSync('sh', ['-c', script, 'sh', ...words], { timeout: 60_000 });
    return { status, stdout: readFileSync(output, 'utf8'), stderr: readFileSync(`${output}.err`, 'utf8') };
  }

  /** What the created container wrote so far. */
  output(): string {
    return readFileSync(join(this.directory, 'output'), 'utf8');
  }

  state(): { status: string; pid: number; [key: string]: unknown } {
    const { status, stdout, stderr } = this.oci('state', this.id);
    if (status !== 0) throw new Error(`state failed: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** What is left of the container on the machine: directories, cgroups, processes, mounts. */
  leftovers(): string[] {
    const left: string[] = [];
    if (existsSync(join(this.root, this.id))) left.push(join(this.root, this.id));
    left.push(...cgroupsOf(this.id));
    for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n'))
      if (line.includes(this.directory)) left.push(`mount ${line}`);
    return left;
  }

  [Symbol.dispose](): void {
    this.oci('delete', '--force', this.id);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Directories with this name in any cgroup hierarchy. */
function cgroupsOf(id: string): string[] {
  const { stdout } = spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', id], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

/** Runs once and disposes; for tests that only look at the outcome. */
export function runOnce(script: string | string[], edit?: (config: Config) => void): Outcome {
  using bundle = new Bundle(script, edit);
  return bundle.run();
}

/** The container's view: standard output without the last newline; fails if it failed. */
export function seen(script: string | string[], edit?: (config: Config) => void): string {
  const { status, stdout, stderr } = runOnce(script, edit);
  if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
  return stdout.trimEnd();
}
