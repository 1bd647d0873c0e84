// What a helper that died in the middle of a build left: containers of RUN steps, mounts, scratch files. Undone at start-up,
// before the stores look at their directories; the cache itself holds finished layers only.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { listMounts, unmount } from '../native/mount.ts';
import type { EnginePaths } from '../protocol/paths.ts';
import { removeTree } from '../store/files.ts';

const run = promisify(execFile);

/** Names of RUN steps' containers: see run_step.ts. */
const buildContainer = /^build[0-9a-f]{24}$/;

export async function repairBuilds(paths: EnginePaths, ociPath: string): Promise<void> {
  const state = join(paths.execRoot, 'oci');
  const leftOver = existsSync(state) ? readdirSync(state).filter((name) => buildContainer.test(name)) : [];
  for (const id of leftOver) await run(ociPath, ['--root', state, 'delete', '--force', id]);
  const places = [join(paths.dataRoot, 'build', 'scratch'), join(paths.execRoot, 'builds')];
  const mounted = (await listMounts())
    .map(({ target }) => target)
    .filter((target) => places.some((place) => target.startsWith(`${place}/`)));
  for (const target of mounted.reverse()) await unmount(target, { detach: true });
  for (const place of places) await removeTree(place);
}
