// A virtual machine with nothing but cgroup v2: Debian's cloud kernel under qemu without hardware help, an initramfs made
// here, and shell scripts to run in it, whose output comes back over the serial line.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { OciConfig } from '../support/oci_bundle.ts';
import { slipwayOci } from '../support/oci_runtime.ts';
import { Cpio } from './cpio.ts';
import { addSystemd, busUser } from './systemd_files.ts';

export interface GuestScript {
  name: string;
  // By the name of the bundle: /bundles/NAME in the guest. Their root is the guest's /rootfs.
  bundles?: Record<string, OciConfig>;
  // busybox sh; `oci` runs slipway-oci. Its output and exit code are what the test judges.
  script: string;
}

export interface GuestResult {
  code: number;
  output: string[];
}

// The machine's first process: a script, or systemd, under which the same scripts run.
export type First = 'busybox' | 'systemd';

export interface Machine {
  first?: First;
  // More words on the kernel's command line.
  append?: string;
  // More files, by their paths in the guest.
  files?: Record<string, Buffer>;
}

// Below /lib/modules/VERSION/kernel; loaded in the order of their names.
const kernelModules = [
  'block/bfq.ko',
  'drivers/block/null_blk/null_blk.ko',
  'fs/configfs/configfs.ko',
  'fs/overlayfs/overlay.ko',
];
const bootLimit = 240_000; // milliseconds; without hardware help and with a busy host

// Why there can be no machine here; undefined if there can.
export function whyNoMachine(): string | undefined {
  if (kernelImage() === undefined) return 'no /boot/vmlinuz-*-cloud-* (package linux-image-cloud-amd64)';
  if (!existsSync('/usr/bin/qemu-system-x86_64')) return 'no qemu-system-x86_64 (package qemu-system-x86)';
  if (!existsSync('/bin/busybox')) return 'no /bin/busybox (package busybox-static)';
  return undefined;
}

function kernelImage(): string | undefined {
  return globSync('/boot/vmlinuz-*-cloud-*').sort().at(-1);
}

const init = `#!/bin/busybox sh
# The first root can't be left by pivot_root, so everything moves to a tmpfs first.
/bin/busybox mkdir -p /proc /sys /dev /new
/bin/busybox mount -t tmpfs -o mode=755 tmpfs /new
/bin/busybox mv /etc /rootfs /bundles /guest /modules /bin /new/
exec /new/bin/busybox switch_root /new /guest/main
`;

// With systemd the first process is it, and what is here follows as its service (systemd_files.ts).
const systemdInit = init
  .replace('/guest/main', '/lib/systemd/systemd')
  .replace('/bin /new/', '/usr /bin /lib /lib64 /sbin /run /var /new/');

const runScripts = `for script in /guest/scripts/*; do
  echo "@@BEGIN $(basename $script)"
  timeout -s KILL 60 sh -c ". /guest/functions; . $script" 2>&1 </dev/null
  echo "@@END $?"
done
echo "@@DONE"
sync
poweroff -f
`;

const systemdMain = `#!/bin/busybox sh
export PATH=/bin HOME=/root SYSTEMD_PAGER=cat TERM=dumb
for name in $(busybox --list); do [ -e /bin/$name ] || ln -s busybox /bin/$name; done
${runScripts}`;

const main = `#!/bin/busybox sh
export PATH=/bin HOME=/root
for name in $(busybox --list); do [ -e /bin/$name ] || ln -s busybox /bin/$name; done
mkdir -p /proc /sys /dev /run /tmp /root
chmod 1777 /tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
for module in /modules/*.ko; do insmod $module 2>/dev/null; done
${runScripts}`;

const functions = `
oci() { slipway-oci "$@"; }
# Waits until a file holds a line that matches: an event for what has none.
await_line() { while ! grep -q "$2" "$1" 2>/dev/null; do sleep 0.02; done; }
`;

function initramfs(scripts: GuestScript[], kernel: string, { first = 'busybox', files = {} }: Machine): Buffer {
  const archive = new Cpio();
  for (const [path, content] of Object.entries(files)) archive.file(path.slice(1), content);
  if (first === 'systemd') addSystemd(archive);
  const busybox = readFileSync('/bin/busybox');
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
  archive.file('init', first === 'systemd' ? systemdInit : init, 0o755);
  archive.file('bin/busybox', busybox, 0o755);
  archive.file('bin/slipway-oci', readFileSync(slipwayOci), 0o755);
  archive.file('etc/passwd', `root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n${busUser.passwd}`);
  archive.file('etc/group', `root:x:0:\nuser:x:1000:\n${busUser.group}`);
  archive.file('guest/main', first === 'systemd' ? systemdMain : main, 0o755);
  archive.file('guest/functions', functions);
  const modules = `/lib/modules/${kernel.replace('/boot/vmlinuz-', '')}/kernel`;
  archive.directory('modules');
  for (const name of kernelModules) {
    const file = join(modules, name);
    if (existsSync(file)) archive.file(`modules/${basename(name)}`, readFileSync(file));
  }
  archive.file('rootfs/bin/busybox', busybox, 0o755);
  for (const name of applets) if (name !== 'busybox') archive.symlink(`rootfs/bin/${name}`, 'busybox');
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'etc', 'root']) archive.directory(`rootfs/${name}`);
  archive.file('rootfs/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  archive.directory('bundles');
  for (const script of scripts) {
    archive.file(`guest/scripts/${script.name}`, script.script);
    for (const [name, config] of Object.entries(script.bundles ?? {}))
      archive.file(
        `bundles/${name}/config.json`,
        JSON.stringify({ ...config, root: { ...config.root, path: '/rootfs' } }),
      );
  }
  return archive.finish();
}

// Boots, runs the scripts in the order of their names, powers off. A script that the machine did not come to is missing in
// the result; `console` is everything that it said.
export async function runInMachine(
  scripts: GuestScript[],
  machine: Machine = {},
): Promise<{ results: Map<string, GuestResult>; console: string[] }> {
  const kernel = kernelImage();
  if (kernel === undefined) throw new Error('cannot boot a machine: no cloud kernel in /boot');
  const directory = mkdtempSync(join(tmpdir(), 'slipway-vm-'));
  try {
    const image = join(directory, 'initramfs');
    writeFileSync(image, initramfs(scripts, kernel, machine));
    return await boot(kernel, image, machine.append ?? '');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function boot(kernel: string, image: string, more: string) {
  const append = `console=ttyS0 quiet loglevel=1 panic=-1 swapaccount=1 random.trust_cpu=on ${more}`;
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ['-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-smp', '2', '-m', '1024'],
      ['-kernel', kernel, '-initrd', image, '-append', append],
      ['-nographic', '-no-reboot', '-nodefaults', '-serial', 'stdio'],
    ].flat(),
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: bootLimit, killSignal: 'SIGKILL' },
  );
  const results = new Map<string, GuestResult>();
  const console: string[] = [];
  let current: { name: string; output: string[] } | undefined;
  for await (const raw of createInterface({ input: qemu.stdout })) {
    const line = raw.replaceAll('\r', '');
    console.push(line);
    const end = /^(.*)@@END (\d+)$/.exec(line);
    if (line.includes('@@BEGIN ')) {
      current = { name: line.slice(line.indexOf('@@BEGIN ') + 8), output: [] };
    } else if (end !== null && current !== undefined) {
      if (end[1] !== undefined && end[1] !== '') current.output.push(end[1]);
      results.set(current.name, { code: Number(end[2]), output: current.output });
      current = undefined;
    } else current?.output.push(line);
  }
  return { results, console };
}
