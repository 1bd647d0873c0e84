// Removing containers. From the moment that a removal is recorded it is finished, by the next helper if need be.
import { existsSync, readdirSync } from 'node:fs';
import { diskFailure } from '../engine/disk_failure.ts';
import { removeTree, treeSize } from '../native/filesystem.ts';
import type { PruneContainersResult } from '../protocol/container.ts';
import { EngineError, isEngineError } from '../protocol/errors.ts';
import type { Filters } from '../protocol/method.ts';
import type { Container } from './container.ts';
import { pruneFilter } from './list.ts';
import { releaseResources } from './release.ts';
import { type ContainerServices, directories, publish } from './services.ts';
import { killForRemoval } from './stop.ts';

export interface RemoveOptions {
  readonly force: boolean;
  /** Anonymous volumes go too. */
  readonly volumes: boolean;
}

/** Two clients may remove the same container: the second waits for the first's removal and succeeds with it. */
export function removeContainer(
  services: ContainerServices,
  container: Container,
  options: RemoveOptions,
): Promise<void> {
  if (container.removal !== undefined) return container.removal;
  if (container.isRunning && !options.force) return Promise.reject(stillRunning(container));
  const removal = remove(services, container, options);
  container.removal = removal;
  removal.catch(() => {
    container.removal = undefined;
  });
  return removal;
}

function stillRunning({ id, state, record }: Container): EngineError {
  const what =
    state.status === 'paused'
      ? 'paused and must be unpaused first'
      : 'running: stop the container before removing or force remove';
  return new EngineError('Conflict', `cannot remove container "${record.name}": container is ${what}`, {
    details: { Container: id },
  });
}

async function remove(services: ContainerServices, container: Container, options: RemoveOptions): Promise<void> {
  if (options.force) await killForRemoval(services, container, new AbortController().signal);
  clearTimeout(container.restartTimer);
  await container.exclusive(async () => {
    if (container.isRunning) throw stillRunning(container);
    container.state.status = 'removing';
    container.record.removesVolumes = options.volumes;
    try {
      services.store.save(container);
    } catch (error) {
      // On a full disk it is the removal that makes room for the record: if nobody comes to finish it, nobody has begun it.
      if (diskFailure('', error)?.kind !== 'ResourceExhausted') throw error;
    }
    await finishRemoval(services, container, options.volumes);
  });
}

/** Everything but the record first, then the record: a helper that dies in between finds `removing` and goes on. */
export async function finishRemoval(
  services: ContainerServices,
  container: Container,
  volumes: boolean,
): Promise<void> {
  const { record } = container;
  if (container.rootfsUsers > 0) container.holdsResources = true;
  container.rootfsUsers = 0;
  if (container.holdsResources) await releaseResources(services, container);
  const { upper, data } = directories(services, container);
  // Files of an overlay that is not quite gone would keep their room on the disk.
  if (existsSync(upper) && readdirSync(upper).length > 0) await services.settling.get(container.id);
  try {
    await removeTree(data);
  } catch (error) {
    record.state.status = 'dead';
    record.state.error = error instanceof Error ? error.message : String(error);
    services.store.save(container);
    throw error;
  }
  services.store.delete(container);
  container.isRemoved = true;
  publish(services, container, 'destroy', {}, null);
  container.changes.emit('removed');
  if (!volumes) return;
  for (const { type, name, source } of record.mounts)
    if (type === 'volume' && source === '') await services.volumes.removeAnonymous(name);
}

/** Removes all that do not run and match. */
export async function pruneContainers(
  services: ContainerServices,
  filters: Filters | undefined,
): Promise<PruneContainersResult> {
  const wanted = pruneFilter(filters);
  const result: PruneContainersResult = { ContainersDeleted: [], SpaceReclaimed: 0 };
  for (const container of services.store.all()) {
    const { status } = container.state;
    if ((status !== 'created' && status !== 'exited' && status !== 'dead') || !wanted(container)) continue;
    try {
      const { blocks } = await treeSize(directories(services, container).upper);
      await removeContainer(services, container, { force: false, volumes: false });
      result.ContainersDeleted.push(container.id);
      result.SpaceReclaimed += blocks;
    } catch (error) {
      // Started or removed by somebody else meanwhile.
      if (!isEngineError(error)) services.context.log.error('cannot prune a container', error, { id: container.id });
    }
  }
  services.context.events.publish({
    type: 'container',
    action: 'prune',
    id: '',
    attributes: { reclaimed: String(result.SpaceReclaimed) },
  });
  return result;
}
