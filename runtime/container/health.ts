// Health checks: a command run in the container at intervals; its exit codes make the container healthy or unhealthy.
import type { HealthConfig } from '../protocol/container_config.ts';
import type { HealthStatus } from '../protocol/container_views.ts';
import { abortable } from './abortable.ts';
import type { Container } from './container.ts';
import { runAndCapture } from './exec.ts';
import { type ContainerServices, publish } from './services.ts';
import { timestamp } from './time.ts';

const second = 1e9;
const keptResults = 5;
const maxOutput = 4096;

interface Check {
  readonly command: readonly string[];
  /** Milliseconds. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** Docker's defaults; undefined where there is nothing to check. */
function healthCheckOf(config: HealthConfig | undefined, shell: readonly string[] | undefined): Check | undefined {
  const [kind, ...words] = config?.Test ?? [];
  if (config === undefined || kind === undefined || kind === 'NONE' || kind === '') return undefined;
  const milliseconds = (value: number | undefined, fallback: number) => (value || fallback) / 1e6;
  return {
    command:
      kind === 'CMD-SHELL' ? [...(shell ?? ['/bin/sh', '-c']), ...words] : kind === 'CMD' ? words : [kind, ...words],
    interval: milliseconds(config.Interval, 30 * second),
    timeout: milliseconds(config.Timeout, 30 * second),
    startPeriod: (config.StartPeriod ?? 0) / 1e6,
    startInterval: milliseconds(config.StartInterval, 5 * second),
    retries: config.Retries || 3,
  };
}

/** Begins (or, after a helper's restart, goes on) to check; ends with `container.health`'s disposal. */
export function startHealthChecks(services: ContainerServices, container: Container): void {
  const { record } = container;
  const check = healthCheckOf(record.config.Healthcheck, record.config.Shell);
  if (check === undefined) return;
  record.state.health ??= { status: 'starting', failingStreak: 0, log: [] };
  const aborter = new AbortController();
  container.health?.[Symbol.dispose]();
  container.health = { [Symbol.dispose]: () => aborter.abort() };
  checkRepeatedly(services, container, check, aborter.signal).catch((error: unknown) => {
    if (!aborter.signal.aborted) services.context.log.error('health checks ended', error, { id: container.id });
  });
}

async function checkRepeatedly(
  services: ContainerServices,
  container: Container,
  check: Check,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const inStart = withinStartPeriod(container, check) && container.state.health?.status === 'starting';
    const wait = inStart ? check.startInterval : check.interval;
    await abortable(signal, (resolve) => {
      const timer = setTimeout(resolve, wait);
      return () => clearTimeout(timer);
    });
    if (container.state.status === 'paused') continue;
    await checkOnce(services, container, check, signal);
  }
}

function withinStartPeriod({ state }: Container, { startPeriod }: Check): boolean {
  return Date.now() - Date.parse(state.startedAt) < startPeriod;
}

async function checkOnce(
  services: ContainerServices,
  container: Container,
  check: Check,
  signal: AbortSignal,
): Promise<void> {
  const start = timestamp();
  let exitCode = -1;
  let output = '';
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(check.timeout)]);
    const result = await runAndCapture(services, container, check.command, maxOutput, timeout);
    ({ exitCode, output } = result);
  } catch (error) {
    if (signal.aborted) return;
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    output = timedOut
      ? `Health check exceeded timeout (${check.timeout} ms)`
      : error instanceof Error
        ? error.message
        : String(error);
  }
  if (signal.aborted) return;
  record(services, container, check, { Start: start, End: timestamp(), ExitCode: exitCode, Output: output });
}

function record(
  services: ContainerServices,
  container: Container,
  check: Check,
  result: { Start: string; End: string; ExitCode: number; Output: string },
): void {
  const { health } = container.state;
  if (health === undefined) return;
  const before = health.status;
  health.log = [...health.log, result].slice(-keptResults);
  if (result.ExitCode === 0) {
    health.failingStreak = 0;
    health.status = 'healthy';
  } else if (!(before === 'starting' && withinStartPeriod(container, check))) {
    health.failingStreak += 1;
    if (health.failingStreak >= check.retries) health.status = 'unhealthy';
  }
  services.store.save(container);
  if (health.status !== before) announce(services, container, health.status);
}

function announce(services: ContainerServices, container: Container, status: HealthStatus): void {
  publish(services, container, `health_status: ${status}`);
}
