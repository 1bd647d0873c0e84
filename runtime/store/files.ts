// Small file system steps that the stores share.
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a rename or a new name in `directory` survive a power cut. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A directory that only the engine's user can enter (CVE-2021-41091). Corrects the mode of one that is there. */
export async function privateDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const handle = await open(path, 'r');
  try {
    await handle.chmod(0o700);
  } finally {
    await handle.close();
  }
  return path;
}

/** Renames a file whose content is already synced, and syncs the directory. */
export async function publish(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}

/** Writes all of `data`; FileHandle.write may write less than asked for. */
export async function writeFully(file: FileHandle, data: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < data.length) offset += (await file.write(data, offset)).bytesWritten;
}

/** Removes a tree and doesn't mind its absence. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 2 });
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
