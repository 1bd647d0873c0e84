// Directories in memory: what syncs each of its writes to a disk would wait there for most of a test's time.
import { execFileSync } from 'node:child_process';

/** Lays an empty file system over an empty directory; whoever does so is root. */
export function keepInMemory(directory: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'slipway-test', directory]);
}

/** The directory can be removed then. */
export function freeMemory(directory: string): void {
  execFileSync('umount', ['--lazy', directory]);
}
