// What happens when a container ends: the record first, then whoever waits, then the cleaning up, then --rm or a restart.
import { EngineError } from '../protocol/errors.ts';
import type { Container } from './container.ts';
import type { ExitRecord, Monitor } from './monitor.ts';
import { releaseResources } from './release.ts';
import { removeContainer } from './remove.ts';
import { scheduleRestart, shouldRestart } from './restart_policy.ts';
import { type ContainerServices, publish } from './services.ts';
import { timestamp } from './time.ts';

/** Follows a running container to its end. */
export function watchExit(services: ContainerServices, container: Container, monitor: Monitor): void {
  monitor.onOom(() => publish(services, container, 'oom', {}, undefined));
  monitor.exited.then(
    (exit) => handleExit(services, container, monitor, exit),
    (error: unknown) => services.context.log.error('lost sight of a container', error, { id: container.id }),
  );
}

/** Docker's code for "ended, nobody knows how". */
const unknownExit = 255;

function recordExit(container: Container, exit: ExitRecord | undefined, restarting: boolean): void {
  const { record } = container;
  record.state = {
    ...record.state,
    status: restarting ? 'restarting' : 'exited',
    pid: 0,
    exitCode: exit?.exitCode ?? unknownExit,
    error: exit === undefined ? 'the monitor was killed; how the container ended is not known' : (exit.error ?? ''),
    oomKilled: exit?.oomKilled ?? false,
    finishedAt: exit?.finishedAt ?? timestamp(),
  };
  record.attachment = undefined;
}

export function handleExit(
  services: ContainerServices,
  container: Container,
  monitor: Monitor | undefined,
  exit: ExitRecord | undefined,
): void {
  const { record } = container;
  container.health?.[Symbol.dispose]();
  container.health = undefined;
  if (record.state.health !== undefined && record.state.health.status === 'starting')
    record.state.health.status = 'unhealthy';
  const code = exit?.exitCode ?? unknownExit;
  const restarting = shouldRestart(container, code);
  recordExit(container, exit, restarting);
  container.monitor = undefined;
  try {
    services.store.save(container);
  } catch (error) {
    // A full disk must not make anybody wait for what has happened: the monitor's own record of it is there for the next helper.
    services.context.log.error('cannot record how a container ended', error, { id: container.id });
  }
  const seconds = Math.max(
    0,
    Math.round((Date.parse(record.state.finishedAt) - Date.parse(record.state.startedAt)) / 1000),
  );
  publish(services, container, 'die', { exitCode: String(code), execDuration: String(seconds) });
  container.changes.emit('exit');
  // The monitor takes the cgroups away meanwhile; only a next start of this container has to wait for that.
  container.gone = monitor?.deleted ?? Promise.resolve();
  const cleaned = container.exclusive(() => releaseResources(services, container));
  void cleaned.then(() => afterwards(services, container, restarting));
}

async function afterwards(services: ContainerServices, container: Container, restarting: boolean): Promise<void> {
  if (restarting) scheduleRestart(services, container);
  else await removeIfAutomatic(services, container);
}

/** `--rm`: a container that has ended, or could not be started, goes with everything that it wrote. */
export async function removeIfAutomatic(services: ContainerServices, container: Container): Promise<void> {
  if (container.record.hostConfig.AutoRemove !== true || container.isRunning) return;
  try {
    await removeContainer(services, container, { force: false, volumes: true });
  } catch (error) {
    // A client may have removed it meanwhile.
    if (!(error instanceof EngineError))
      services.context.log.error('cannot remove a container after its end', error, { id: container.id });
  }
}
