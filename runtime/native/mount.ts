// Mounting: overlays of any number of layers, binds, and what mount(8) could do.
import { readFile } from 'node:fs/promises';
import { invoke } from './native.ts';

export interface OverlayMount {
  /** The layers, topmost first; at most 500 (the kernel's limit). */
  lower: readonly string[];
  /** Writable layer and its work directory, on one file system; without them the mount is read-only. */
  upper?: string;
  work?: string;
  target: string;
  /** Overlay's own attributes are user.overlay.*: what a user namespace may write. Layers must be unpacked likewise. */
  userXattr?: boolean;
  /** Syncs are skipped: faster, and the upper layer is lost in a crash of the machine. */
  volatile?: boolean;
  readonly?: boolean;
  /** Flags as mount(8) names them: `nosuid`, `nodev`, `noexec`, `noatime`. */
  options?: readonly string[];
  /** A mount namespace to mount in (a descriptor of /proc/PID/ns/mnt); the paths are looked up in it. */
  namespace?: number;
}

export interface Mount {
  /** `bind`, `rbind`, or a file system's name: `tmpfs`, `nfs`. */
  type: string;
  source: string;
  target: string;
  /** As in /etc/fstab: `['ro', 'nosuid', 'size=64m', 'rslave']`; what is not a flag goes to the file system. */
  options?: readonly string[];
  namespace?: number;
}

export interface MountPoint {
  id: number;
  parent: number;
  /** Decoded (no \040). */
  target: string;
  /** The directory of the file system that is visible there. */
  root: string;
  type: string;
  source: string;
  options: string;
  /** `master:1`, `shared:2`, … */
  propagation: string[];
}

/**
 * Mounts an overlay with redirect_dir=off, metacopy=off and index=off (as far as the kernel lets them be named), so that
 * the upper directory always is a plain OCI-like difference that can be packed.
 */
export function mountOverlay(options: OverlayMount): Promise<void> {
  return invoke('mount.overlay', options);
}

/** A bind with `ro` or other flags is made so for the bind alone (not for what is mounted below it, unless `rbind` and `rro`). */
export function mount(options: Mount): Promise<void> {
  return invoke('mount.mount', options);
}

/** False where nothing was mounted. `detach` unmounts lazily; links at the end of `path` are not followed. */
export function unmount(path: string, options: { detach?: boolean; namespace?: number } = {}): Promise<boolean> {
  return invoke('mount.unmount', { path, ...options });
}

/**
 * Unmounts all that is mounted at a directory, lazily. The promise inside settles when the file systems are gone: the kernel
 * first syncs the whole disk below an overlay, for which a caller need not wait.
 */
export async function unmountAll(path: string): Promise<{ readonly settled: Promise<void> }> {
  const fd = await invoke<number>('mount.hide', { path });
  return { settled: fd < 0 ? Promise.resolve() : invoke<void>('mount.letGo', { fd }) };
}

/** The mounts that this process (or `pid`) sees, in mount order. */
export async function listMounts(pid: number | 'self' = 'self'): Promise<MountPoint[]> {
  const text = await readFile(`/proc/${pid}/mountinfo`, 'utf8');
  return text.trimEnd().split('\n').map(parseMount);
}

/** One line of mountinfo(5): `36 35 98:0 /root /target rw,noatime master:1 - ext3 /dev/root rw,errors=continue`. */
function parseMount(line: string): MountPoint {
  const [left = '', right = ''] = line.split(' - ', 2);
  const [id, parent, , root = '', target = '', options = '', ...propagation] = left.split(' ');
  const [type = '', source = ''] = right.split(' ');
  return {
    id: Number(id),
    parent: Number(parent),
    target: unescapeOctal(target),
    root: unescapeOctal(root),
    type,
    source: unescapeOctal(source),
    options,
    propagation,
  };
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
