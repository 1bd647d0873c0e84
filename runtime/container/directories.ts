// Where a container's files are. What must outlive a reboot is in the data root; what a reboot ends is in the exec root.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EnginePaths } from '../protocol/paths.ts';

export interface ContainerDirectories {
  /** Data root: everything below. */
  readonly data: string;
  /** The writable layer and overlay's work directory beside it. */
  readonly upper: string;
  readonly work: string;
  /** Where the root file system is mounted while somebody needs it. */
  readonly rootfs: string;
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
  readonly log: string;
  /** Exec root: the bundle (config.json), the monitor's directory, exec sessions. */
  readonly bundle: string;
  readonly monitor: string;
  readonly execs: string;
  /** Of the shareable /dev/shm. */
  readonly shm: string;
  /** Where images are mounted that the container shows (--mount type=image). */
  readonly images: string;
  /** Where parts of volumes are bound that the container shows (--mount volume-subpath=…). */
  readonly subpaths: string;
}

export function containersRoot(paths: EnginePaths): { data: string; exec: string } {
  return { data: join(paths.dataRoot, 'containers'), exec: join(paths.execRoot, 'containers') };
}

export function directoriesOf(paths: EnginePaths, id: string): ContainerDirectories {
  const roots = containersRoot(paths);
  const data = join(roots.data, id);
  const bundle = join(roots.exec, id);
  return {
    data,
    upper: join(data, 'upper'),
    work: join(data, 'work'),
    rootfs: join(data, 'rootfs'),
    hostname: join(data, 'hostname'),
    hosts: join(data, 'hosts'),
    resolvConf: join(data, 'resolv.conf'),
    log: join(data, `${id}-json.log`),
    bundle,
    monitor: join(bundle, 'monitor'),
    execs: join(bundle, 'execs'),
    shm: join(bundle, 'shm'),
    images: join(bundle, 'images'),
    subpaths: join(bundle, 'subpaths'),
  };
}

/** Nobody but the engine's user looks into them (CVE-2021-41091): the way there is closed above. */
export function makeDirectories(directories: ContainerDirectories): void {
  mkdirSync(directories.data, { mode: 0o700 });
  mkdirSync(directories.upper, { mode: 0o755 });
  mkdirSync(directories.work, { mode: 0o700 });
  mkdirSync(directories.rootfs, { mode: 0o755 });
}
