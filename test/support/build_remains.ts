// What a build must not leave: mounts, containers of RUN, scratch directories, cgroups.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestEngine } from './slipway.ts';

/** @param cgroupParent that this engine alone has */
export function buildRemains(engine: TestEngine, cgroupParent: string): string[] {
  const places = [
    join(engine.execRoot, 'builds'),
    join(engine.execRoot, 'oci'),
    join(engine.dataRoot, 'build/scratch'),
    ...readdirSync('/sys/fs/cgroup').map((controller) => join('/sys/fs/cgroup', controller, cgroupParent)),
  ];
  const found = places
    .filter((place) => existsSync(place))
    .flatMap((place) =>
      readdirSync(place, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== '~seccomp')
        .map(({ name }) => join(place, name)),
    );
  return [...engine.mounts(), ...found];
}

/** Waits for the end of what a build that nobody listens to any more still does; no event tells of it. */
export async function untilNothingRemains(engine: TestEngine, cgroupParent: string, deadline: number): Promise<void> {
  while (buildRemains(engine, cgroupParent).length > 0 && performance.now() < deadline) await delay(10);
}
