// Restart policies with back-off: 100 ms, doubling with each restart to a minute; a run of ten seconds starts over.
import type { Container } from './container.ts';
import { type ContainerServices, publish } from './services.ts';
import { startLocked } from './start.ts';

const firstDelay = 100;
const longestDelay = 60_000;
const healthyRun = 10_000;

/** Whether the policy wants it again after this exit. */
export function shouldRestart(container: Container, exitCode: number): boolean {
  if (container.stopRequested || container.removal !== undefined) return false;
  return policyWants(container, exitCode);
}

function policyWants({ record }: Container, exitCode: number): boolean {
  const { Name = 'no', MaximumRetryCount = 0 } = record.hostConfig.RestartPolicy ?? {};
  switch (Name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !record.stoppedByUser;
    case 'on-failure':
      return exitCode !== 0 && (MaximumRetryCount === 0 || record.restartCount < MaximumRetryCount);
    default:
      return false;
  }
}

/** After the helper's or the machine's restart: `always` comes back even if a person had stopped it, as in Docker. */
export function shouldStartAtBoot({ record }: Container, wasRunning: boolean): boolean {
  const { Name = 'no' } = record.hostConfig.RestartPolicy ?? {};
  if (Name === 'always') return true;
  if (Name === 'unless-stopped') return !record.stoppedByUser;
  return Name === 'on-failure' && wasRunning && record.state.exitCode !== 0;
}

function nextDelay(container: Container): number {
  const { startedAt, finishedAt } = container.state;
  const ranFor = Date.parse(finishedAt) - Date.parse(startedAt);
  const delay = ranFor > healthyRun || container.restartDelay === 0 ? firstDelay : container.restartDelay * 2;
  container.restartDelay = Math.min(delay, longestDelay);
  return container.restartDelay;
}

/** The container is `restarting` and cleaned up; it starts again after the back-off unless somebody stops or removes it. */
export function scheduleRestart(services: ContainerServices, container: Container): void {
  clearTimeout(container.restartTimer);
  container.restartTimer = setTimeout(() => void restartNow(services, container), nextDelay(container));
}

async function restartNow(services: ContainerServices, container: Container): Promise<void> {
  await container.exclusive(async () => {
    if (container.state.status !== 'restarting' || container.removal !== undefined) return;
    container.record.restartCount += 1;
    try {
      await startLocked(services, container);
    } catch (error) {
      services.context.log.warn('a restart failed', {
        id: container.id,
        why: error instanceof Error ? error.message : String(error),
      });
      if (!shouldRestart(container, container.state.exitCode)) return;
      container.state.status = 'restarting';
      services.store.save(container);
      scheduleRestart(services, container);
    }
  });
}

/** Ends a pending restart: the container counts as exited. */
export function cancelRestart(services: ContainerServices, container: Container): boolean {
  if (container.state.status !== 'restarting') return false;
  clearTimeout(container.restartTimer);
  container.state.status = 'exited';
  services.store.save(container);
  publish(services, container, 'stop');
  container.changes.emit('exit');
  return true;
}
