// One layer that lies between every image and its containers: the mount points that the runtime needs (/proc, /dev, /etc/hosts, …).
// They are there before the container's own layer, so that they never show as its changes and are never committed.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const directories = ['dev/pts', 'dev/shm', 'proc', 'sys', 'etc'];
const files = ['dev/console', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf', '.dockerenv'];

/** Makes it below the data root if it is not there yet; its path. */
export function ensureBaseLayer(dataRoot: string): string {
  const root = join(dataRoot, 'base');
  mkdirSync(root, { recursive: true, mode: 0o755 });
  for (const path of directories) mkdirSync(join(root, path), { recursive: true, mode: 0o755 });
  for (const path of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    if (!existsSync(join(root, path))) writeFileSync(join(root, path), '', { mode: 0o755 });
  }
  if (!existsSync(join(root, 'etc/mtab'))) {
    try {
      symlinkSync('/proc/mounts', join(root, 'etc/mtab'));
    } catch (error) {
      // A dangling link does not "exist", but is there.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return root;
}
