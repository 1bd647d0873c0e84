// Ending containers: stop, kill, restart; and freezing them: pause, unpause.
import { EngineError, isEngineError } from '../protocol/errors.ts';
import { delay } from './abortable.ts';
import { type Container, unlessEnded } from './container.ts';
import { runOci } from './oci_command.ts';
import { cancelRestart } from './restart_policy.ts';
import { type ContainerServices, publish } from './services.ts';
import { signalNumber } from './spec/signals.ts';
import { startContainer } from './start.ts';
import { untilStopped } from './wait.ts';

const sigterm = 15;
const sigkill = 9;
const defaultTimeout = 10;
/** After SIGKILL the kernel needs a moment; a process in uninterruptible sleep may need more than anybody wants to wait. */
const killPatience = 10_000;

async function signalProcess(services: ContainerServices, container: Container, signal: number): Promise<void> {
  const { monitor } = container;
  if (monitor === undefined || !container.isRunning)
    throw new EngineError('Conflict', `container ${container.id} is not running`);
  await monitor.kill(signal);
  publish(services, container, 'kill', { signal: String(signal) }, undefined);
}

/** True: it stopped within the time. */
async function stopsWithin(container: Container, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  const timer = new AbortController();
  const stop = AbortSignal.any([signal, timer.signal]);
  const outcome = await Promise.race([
    untilStopped(container, stop).then(() => true),
    delay(milliseconds, stop).then(() => false),
  ]).finally(() => timer.abort());
  return outcome;
}

/** Frozen processes take no signals: they are thawed for it. */
async function thaw(services: ContainerServices, container: Container): Promise<void> {
  if (container.state.status === 'paused') await unpauseContainer(services, container);
}

async function killUntilDead(services: ContainerServices, container: Container, signal: AbortSignal): Promise<void> {
  await signalProcess(services, container, sigkill).catch(ignoreStopped);
  if (await stopsWithin(container, killPatience, signal)) return;
  throw new EngineError(
    'Unavailable',
    `container ${container.id} does not end although it was killed: a process waits for the kernel`,
    {
      remedy: 'look at its processes with: slipway top; a hanging device or network file system is the usual reason',
    },
  );
}

function ignoreStopped(error: unknown): void {
  // It ended by itself in between, which is what was wanted.
  if (!isEngineError(error, 'Conflict') && !isEngineError(error, 'NotFound')) throw error;
}

/** Ends it in order, then by force. It is stopped when this resolves. */
async function stopRunning(
  services: ContainerServices,
  container: Container,
  options: { readonly signal?: string; readonly timeout?: number },
  abort: AbortSignal,
): Promise<void> {
  const { config } = container.record;
  const number = signalNumber(options.signal || config.StopSignal || String(sigterm));
  const timeout = options.timeout ?? config.StopTimeout ?? defaultTimeout;
  await signalProcess(services, container, number).catch(ignoreStopped);
  await thaw(services, container);
  const patience = timeout < 0 ? 2 ** 31 - 1 : timeout * 1000;
  if (await stopsWithin(container, patience, abort)) return;
  await killUntilDead(services, container, abort);
}

export async function stopContainer(
  services: ContainerServices,
  container: Container,
  options: { readonly signal?: string; readonly timeout?: number },
  abort: AbortSignal,
): Promise<void> {
  if (cancelRestart(services, container)) {
    container.record.stoppedByUser = true;
    services.store.save(container);
    return;
  }
  if (!container.isRunning) throw new EngineError('NotModified', `container ${container.id} is not running`);
  container.stopRequested = true;
  container.record.stoppedByUser = true;
  await stopRunning(services, container, options, abort);
  publish(services, container, 'stop');
}

export async function killContainer(services: ContainerServices, container: Container, signal: string): Promise<void> {
  const number = signalNumber(signal || String(sigkill));
  if (cancelRestart(services, container)) return;
  if (!container.isRunning) throw new EngineError('Conflict', `container ${container.id} is not running`);
  const stopNumber = signalNumber(container.record.config.StopSignal || String(sigterm));
  // A kill that is meant to end it counts as a person's stop; SIGHUP and the like do not.
  if (number === sigkill || number === stopNumber) {
    container.stopRequested = true;
    container.record.stoppedByUser = true;
  }
  await signalProcess(services, container, number);
  if (number === sigkill) await thaw(services, container);
}

/** For `remove --force`. */
export async function killForRemoval(
  services: ContainerServices,
  container: Container,
  abort: AbortSignal,
): Promise<void> {
  cancelRestart(services, container);
  if (!container.isRunning) return;
  container.stopRequested = true;
  const killing = killUntilDead(services, container, abort);
  await thaw(services, container).catch(ignoreStopped);
  await killing;
}

export async function restartContainer(
  services: ContainerServices,
  container: Container,
  options: { readonly signal?: string; readonly timeout?: number },
  abort: AbortSignal,
): Promise<void> {
  cancelRestart(services, container);
  if (container.isRunning) {
    container.stopRequested = true;
    await stopRunning(services, container, options, abort);
    publish(services, container, 'stop');
  }
  await startContainer(services, container);
  publish(services, container, 'restart');
}

export async function pauseContainer(
  services: ContainerServices,
  container: Container,
  until: 'told otherwise' | 'for now' = 'told otherwise',
): Promise<void> {
  await container.exclusive(async () => {
    if (!container.isRunning) throw new EngineError('Conflict', `container ${container.id} is not running`);
    if (container.state.status === 'paused')
      throw new EngineError('Conflict', `Container ${container.id} is already paused`);
    await unlessEnded(container, () => runOci(services, container, ['pause', container.id]));
    container.state.status = 'paused';
    if (until === 'told otherwise') services.store.save(container);
    publish(services, container, 'pause');
  });
}

export async function unpauseContainer(services: ContainerServices, container: Container): Promise<void> {
  await container.exclusive(async () => {
    if (container.state.status !== 'paused')
      throw new EngineError('Conflict', `Container ${container.id} is not paused`);
    await unlessEnded(container, () => runOci(services, container, ['resume', container.id]));
    // A signal that waited for the thaw may have ended it by now: then its exit is what is recorded.
    if (container.isRunning) {
      container.state.status = 'running';
      services.store.save(container);
    }
    publish(services, container, 'unpause');
  });
}
