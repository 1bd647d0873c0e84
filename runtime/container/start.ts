// Starting a container: root file system, bundle, monitor, network, go. Whatever fails on the way undoes what was done.
import { EngineError } from '../protocol/errors.ts';
import { writeBundle } from './bundle.ts';
import type { Container } from './container.ts';
import { rewriteEtcFiles, writeEtcFiles } from './etc_files.ts';
import { removeIfAutomatic, watchExit } from './exit.ts';
import { startHealthChecks } from './health.ts';
import type { Monitor } from './monitor.ts';
import { networkClient, usesNetworks } from './network_client.ts';
import { releaseResources } from './release.ts';
import { mountRootfs } from './rootfs.ts';
import { type ContainerServices, directories, publish } from './services.ts';
import { spawnContainerMonitor } from './spawn.ts';
import { timestamp } from './time.ts';

/** The verb: throws NotModified if it runs already. */
export async function startContainer(services: ContainerServices, container: Container): Promise<void> {
  await container.exclusive(async () => {
    assertStartable(container);
    clearTimeout(container.restartTimer);
    container.stopRequested = false;
    container.record.stoppedByUser = false;
    await startLocked(services, container);
  });
}

function assertStartable(container: Container): void {
  if (container.removal !== undefined || container.state.status === 'removing' || container.state.status === 'dead')
    throw new EngineError('Conflict', `container is marked for removal and cannot be started: ${container.id}`);
  if (container.state.status === 'paused')
    throw new EngineError('Conflict', 'cannot start a paused container, try unpause instead');
  if (container.isRunning) throw new EngineError('NotModified', `container ${container.id} is already running`);
}

/** The caller holds the container's turn (`exclusive`) and knows that it does not run. */
export async function startLocked(services: ContainerServices, container: Container): Promise<void> {
  try {
    await container.gone;
    const monitor = await prepare(services, container);
    container.monitor = monitor;
    // Whoever attaches now misses nothing.
    await Promise.all([...container.joiners].map((join) => join()));
    const { pid, startedAt } = await monitor.start();
    recordStart(services, container, monitor, pid, startedAt);
  } catch (error) {
    container.monitor?.abort();
    container.monitor = undefined;
    await recordFailure(services, container, error);
    throw error;
  }
}

/** Everything up to the point where the program could run. */
async function prepare(services: ContainerServices, container: Container): Promise<Monitor> {
  const { record } = container;
  container.holdsResources = true;
  const image = await services.images.resolve(record.imageId);
  if (container.rootfsUsers === 0) await mountRootfs(services, container, image.lowerDirs);
  record.attachment = undefined;
  writeEtcFiles(services, record);
  await writeBundle(services, record);
  const monitor = await spawnContainerMonitor(services, container);
  try {
    if (usesNetworks(record.hostConfig)) {
      record.attachment = await services.networks.attach(networkClient(record), monitor.pid);
      rewriteEtcFiles(services, record);
      // From `start` on it runs, whoever is there to see it: the next helper must know whose interfaces these are.
      services.store.save(container);
    }
    return monitor;
  } catch (error) {
    monitor.abort();
    throw error;
  }
}

function recordStart(
  services: ContainerServices,
  container: Container,
  monitor: Monitor,
  pid: number,
  startedAt: string,
): void {
  const { record } = container;
  record.state = {
    status: 'running',
    pid,
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt,
    finishedAt: record.state.finishedAt,
    health: undefined,
  };
  startHealthChecks(services, container);
  services.store.save(container);
  watchExit(services, container, monitor);
  publish(services, container, 'start');
  container.changes.emit('started');
}

const failureCodes: Partial<Record<string, number>> = { CommandNotFound: 127, CommandNotExecutable: 126 };

/** As Docker does: a container that could not be started keeps the reason and the code that `run` ends with. */
async function recordFailure(services: ContainerServices, container: Container, error: unknown): Promise<void> {
  const { record } = container;
  const kind = error instanceof EngineError ? error.kind : 'Internal';
  record.state = {
    ...record.state,
    status: record.state.status === 'created' ? 'created' : 'exited',
    pid: 0,
    exitCode: failureCodes[kind] ?? 128,
    error: error instanceof Error ? error.message : String(error),
    finishedAt: record.state.status === 'created' ? record.state.finishedAt : timestamp(),
  };
  record.attachment = undefined;
  await releaseResources(services, container);
  services.store.save(container);
  container.changes.emit('failed');
  // Removing takes the container's turn, which is ours until the failure is told.
  setImmediate(() => void removeIfAutomatic(services, container));
  services.context.log.info('a container could not be started', { id: container.id, why: record.state.error });
  services.context.log.debug('its bundle', { path: directories(services, container).bundle });
}
