// After a helper's start: finds every container's monitor again, learns what ended meanwhile, finishes or undoes what was
// half done, and removes what no record accounts for. The kernel and the monitors say what is; the records say what was.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../native/filesystem.ts';
import { listMounts, unmount } from '../native/mount.ts';
import { isFrozen } from './cgroup_files.ts';
import type { Container } from './container.ts';
import { containersRoot } from './directories.ts';
import { recoverExecs } from './exec.ts';
import { handleExit, watchExit } from './exit.ts';
import { startHealthChecks } from './health.ts';
import { connectMonitor, type MonitorClient, readExitRecord } from './monitor_client.ts';
import { networkClient, usesNetworks } from './network_client.ts';
import { deleteRuntimeState, runOci, runtimeRoot } from './oci_command.ts';
import { releaseResources } from './release.ts';
import { finishRemoval } from './remove.ts';
import { scheduleRestart, shouldStartAtBoot } from './restart_policy.ts';
import { type ContainerServices, directories } from './services.ts';
import { startContainer } from './start.ts';
import { isZeroTime } from './summary.ts';

/** `rebooted`: the machine was started since the records were last used; policies then bring containers back. */
export async function recoverContainers(services: ContainerServices, rebooted: boolean): Promise<void> {
  const { store, context } = services;
  await removeStrangers(services);
  const found = await Promise.all(
    store.all().map(async (container) => ({
      container,
      monitor: await connectMonitor(directories(services, container).monitor).catch(() => undefined),
    })),
  );
  const alive = found.filter(({ monitor }) => monitor !== undefined && monitor.status !== 'created');
  await restoreSurroundings(services, alive).catch((error: unknown) =>
    // Without networks the engine is worth less, but containers with none, or the host's, still run.
    context.log.error('cannot restore networks and volumes', error),
  );
  for (const { container, monitor } of found) {
    try {
      await recover(services, container, monitor, rebooted);
    } catch (error) {
      context.log.error('cannot recover a container', error, { id: container.id });
    }
  }
}

type Found = { readonly container: Container; readonly monitor: MonitorClient | undefined };

async function restoreSurroundings(services: ContainerServices, alive: readonly Found[]): Promise<void> {
  await services.networks.restore(
    alive.flatMap(({ container: { record }, monitor }) =>
      record.attachment === undefined || !usesNetworks(record.hostConfig)
        ? []
        : [{ client: networkClient(record), pid: monitor?.pid ?? record.state.pid, attachment: record.attachment }],
    ),
  );
  await services.volumes.restore(
    alive.flatMap(({ container: { record } }) =>
      record.mounts.filter(({ type }) => type === 'volume').map(({ name }) => ({ name, containerId: record.id })),
    ),
  );
}

async function recover(
  services: ContainerServices,
  container: Container,
  monitor: MonitorClient | undefined,
  rebooted: boolean,
): Promise<void> {
  if (container.state.status === 'removing') {
    await finishRemoval(services, container, container.record.removesVolumes === true);
    return;
  }
  if (monitor !== undefined && monitor.status !== 'created') {
    await adopt(services, container, monitor);
    return;
  }
  // A monitor that was not told to start undoes its container by itself, now that its spawner is gone.
  await monitor?.ended;
  await settle(services, container, rebooted);
}

/** It runs, or ended while we look: either way its monitor tells the rest. */
async function adopt(services: ContainerServices, container: Container, monitor: MonitorClient): Promise<void> {
  const { record } = container;
  container.monitor = monitor;
  const frozen = await isFrozen(monitor.pid);
  const paused = frozen && record.state.status === 'paused' && record.state.startedAt === monitor.startedAt;
  // Nobody recorded that it is paused: a commit, or a pause of which nobody was told that it is done.
  if (frozen && !paused) await runOci(services, container, ['resume', container.id]);
  record.state = {
    ...record.state,
    status: paused ? 'paused' : 'running',
    pid: monitor.pid,
    startedAt: monitor.startedAt,
    exitCode: 0,
    error: '',
    oomKilled: false,
  };
  services.store.save(container);
  await recoverExecs(services, container);
  startHealthChecks(services, container);
  watchExit(services, container, monitor);
}

/** No monitor: what is recorded as running has ended, known or not; and whatever a run left behind goes. */
async function settle(services: ContainerServices, container: Container, rebooted: boolean): Promise<void> {
  const { state } = container;
  const exit = readExitRecord(directories(services, container).monitor);
  const wasRunning = container.isRunning;
  const endedUnseen =
    exit !== undefined && !isZeroTime(exit.startedAt || state.startedAt) && exit.finishedAt > state.finishedAt;
  if (wasRunning || endedUnseen) {
    // Its processes may still be there if the monitor was killed.
    await deleteRuntimeState(services, container.id);
    if (exit?.startedAt) state.startedAt = exit.startedAt;
    if (rebooted) container.stopRequested = true;
    handleExit(services, container, undefined, exit);
    container.stopRequested = false;
  } else {
    container.record.attachment = undefined;
    await releaseResources(services, container);
  }
  if (state.status === 'restarting' && !rebooted) scheduleRestart(services, container);
  if (rebooted && shouldStartAtBoot(container, wasRunning))
    startContainer(services, container).catch((error: unknown) =>
      services.context.log.error('cannot start a container after the reboot', error, { id: container.id }),
    );
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Directories, mounts and runtime state of containers that no record knows. */
async function removeStrangers(services: ContainerServices): Promise<void> {
  const { context, store } = services;
  const roots = containersRoot(context.paths);
  const unknown = (id: string) => /^[0-9a-f]{64}$/.test(id) && !store.has(id);
  const strangers = new Set([roots.data, roots.exec, runtimeRoot(services)].flatMap(entries).filter(unknown));
  if (strangers.size === 0) return;
  const mounts = (await listMounts()).map(({ target }) => target);
  for (const id of strangers) {
    context.log.info('removing what is left of an unknown container', { id });
    await deleteRuntimeState(services, id);
    for (const target of mounts.reverse())
      if (target.startsWith(join(roots.data, id, '/')) || target.startsWith(join(roots.exec, id, '/')))
        await unmount(target, { detach: true }).catch(() => false);
    await services.networks.release(id).catch(() => {});
    await removeTree(join(roots.data, id)).catch((error: unknown) =>
      context.log.error('cannot remove a directory', error, { id }),
    );
    rmSync(join(roots.exec, id), { recursive: true, force: true });
  }
}
