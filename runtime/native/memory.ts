// The helper's own memory.
import { invoke } from './native.ts';

/**
 * Gives back to the kernel what resting does not need: pages of the program's code, which come back from the page cache when
 * they run again, and what the allocator holds free. Takes about a millisecond, off the main thread.
 */
export async function releaseMemory(): Promise<void> {
  await invoke('memory.release', {});
}
