// What a machine needs to boot with systemd and a message bus: this machine's own packages, with the libraries that they
// load, and a unit that runs the test's scripts.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import type { Cpio } from './cpio.ts';

const packages = ['systemd', 'dbus', 'dbus-daemon', 'dbus-system-bus-common', 'dbus-session-bus-common'];

/** Why no machine can boot with systemd; undefined if one can. */
export function whyNoSystemd(): string | undefined {
  const { status } = spawnSync('dpkg-query', ['-W', ...packages], { stdio: 'ignore' });
  return status === 0 ? undefined : `the packages ${packages.join(', ')} are not all installed`;
}

/** The user that the bus runs as. */
export const busUser = {
  passwd: 'messagebus:x:100:100::/nonexistent:/bin/false\n',
  group: 'messagebus:x:100:\n',
};

// Nothing but the bus and the scripts, whose output goes to the serial line.
const units: Record<string, string> = {
  'guest.target': '[Unit]\nRequires=dbus.socket guest.service\nAfter=dbus.socket\nAllowIsolate=yes\n',
  'guest.service': `[Unit]
DefaultDependencies=no
After=dbus.socket
Wants=dbus.service
[Service]
Type=oneshot
ExecStart=/guest/main
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
TimeoutStartSec=infinity
Delegate=yes
`,
};

const notNeeded = /\/(doc|man|locale|lintian|bash-completion|zsh|catalog|polkit-1|pkgconfig)\//;

/** Adds the files, in a tree where /bin, /sbin and /lib are parts of /usr. */
export function addSystemd(archive: Cpio): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    archive.directory(`usr/${name}`);
    archive.symlink(name, `usr/${name}`);
  }
  const added = new Set<string>();
  const add = (path: string): void => {
    const place = path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/').slice(1);
    if (added.has(place) || !existsSync(path)) return;
    added.add(place);
    const status = lstatSync(path);
    if (status.isDirectory()) archive.directory(place);
    else if (status.isSymbolicLink()) archive.symlink(place, readlinkSync(path));
    else if (status.isFile()) archive.file(place, readFileSync(path), status.mode & 0o7777);
  };
  const files = execFileSync('dpkg', ['-L', ...packages], { encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && path !== '/.' && !notNeeded.test(`${path}/`));
  for (const path of files) add(path);
  const programs = files.filter((path) => existsSync(path) && lstatSync(path).isFile() && isElf(path));
  for (const library of librariesOf(programs)) {
    // The name that programs ask for may be a link to the file.
    add(library);
    if (lstatSync(library).isSymbolicLink()) add(execFileSync('realpath', [library], { encoding: 'utf8' }).trim());
  }
  for (const [name, text] of Object.entries(units)) archive.file(`etc/systemd/system/${name}`, text);
  archive.symlink('etc/systemd/system/default.target', 'guest.target');
  archive.file('etc/machine-id', '');
  for (const name of ['run', 'var/lib', 'var/log', 'tmp', 'proc', 'sys', 'dev', 'root']) archive.directory(name);
}

const isElf = (path: string) => readFileSync(path).subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));

function librariesOf(programs: string[]): Set<string> {
  const { stdout } = spawnSync('ldd', programs, { encoding: 'utf8', maxBuffer: 64 << 20 });
  return new Set([...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = '']) => path));
}
