// Containers at the doors: each method, thin.
import type { containerMethods } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';
import type { execMethods } from '../protocol/exec.ts';
import type { HandlersOf } from '../protocol/handler.ts';
import { anatomyOf } from './anatomy.ts';
import { archiveGet, archivePut, archiveStat, containerChanges, exportContainer } from './archive.ts';
import { attachContainer } from './attach.ts';
import { commitContainer } from './commit.ts';
import { createContainer } from './create.ts';
import {
  attachExec,
  createExec,
  type ExecSession,
  inspectExec,
  killExec,
  resizeExec,
  startExec,
  startExecDetached,
} from './exec.ts';
import { inspectContainer } from './inspect.ts';
import { listContainers } from './list.ts';
import { logsOf } from './logs.ts';
import { pruneContainers, removeContainer } from './remove.ts';
import { type ContainerServices, publish } from './services.ts';
import { startContainer } from './start.ts';
import { statsOf } from './stats.ts';
import { killContainer, pauseContainer, restartContainer, stopContainer, unpauseContainer } from './stop.ts';
import { topOf } from './top.ts';
import { renameContainer, updateContainer } from './update.ts';
import { waitContainer } from './wait.ts';

function stopOptions({ Signal, Timeout }: { Signal?: string; Timeout?: number }) {
  return {
    ...(Signal === undefined ? {} : { signal: Signal }),
    ...(Timeout === undefined ? {} : { timeout: Timeout }),
  };
}

export function containerHandlers(services: ContainerServices): HandlersOf<typeof containerMethods> {
  const { store } = services;
  return {
    'container.list': (params) => listContainers(services, params),
    'container.inspect': ({ Container, Size }) => inspectContainer(services, store.find(Container), Size === true),
    'container.create': (params) => createContainer(services, params),
    'container.start': async ({ Container }) => {
      await startContainer(services, store.find(Container));
      return null;
    },
    'container.stop': async ({ Container, ...options }, { signal }) => {
      await stopContainer(services, store.find(Container), stopOptions(options), signal);
      return null;
    },
    'container.restart': async ({ Container, ...options }, { signal }) => {
      await restartContainer(services, store.find(Container), stopOptions(options), signal);
      return null;
    },
    'container.kill': async ({ Container, Signal }) => {
      await killContainer(services, store.find(Container), Signal ?? '');
      return null;
    },
    'container.pause': async ({ Container }) => {
      await pauseContainer(services, store.find(Container));
      return null;
    },
    'container.unpause': async ({ Container }) => {
      await unpauseContainer(services, store.find(Container));
      return null;
    },
    'container.wait': ({ Container, Condition }, { signal }) =>
      waitContainer(store.find(Container), Condition ?? '', signal),
    'container.remove': async ({ Container, Force, Volumes, Link }) => {
      if (Link === true)
        throw new EngineError(
          'Unsupported',
          'legacy links are not supported: put both containers on one network instead',
        );
      await removeContainer(services, store.find(Container), { force: Force === true, volumes: Volumes === true });
      return null;
    },
    'container.prune': ({ Filters }) => pruneContainers(services, Filters),
    'container.rename': async ({ Container, Name }) => {
      await renameContainer(services, store.find(Container), Name);
      return null;
    },
    'container.update': (params) => updateContainer(services, store.find(params.Container), params),
    'container.top': ({ Container, PsArgs }) => topOf(services, store.find(Container), PsArgs ?? ''),
    'container.changes': ({ Container }) => containerChanges(services, store.find(Container)),
    'container.stats': ({ Container, Stream, OneShot }, { signal, progress }) =>
      statsOf(services, store.find(Container), {
        stream: Stream === true,
        oneShot: OneShot === true,
        signal,
        progress,
      }),
    'container.resize': async ({ Container, Height, Width }) => {
      const container = store.find(Container);
      if (container.monitor === undefined)
        throw new EngineError('Conflict', `container ${container.id} is not running`);
      await container.monitor.resize(Height, Width);
      publish(services, container, 'resize', { height: String(Height), width: String(Width) }, undefined);
      return null;
    },
    'container.logs': ({ Container, ...options }) => logsOf(services, store.find(Container), options),
    'container.attach': (params) => attachContainer(services, store.find(params.Container), params),
    'container.export': async ({ Container }) => exportContainer(services, store.find(Container)),
    'container.archiveStat': ({ Container, Path }) => archiveStat(services, store.find(Container), Path, Container),
    'container.archiveGet': (params) => archiveGet(services, store.find(params.Container), params),
    'container.archivePut': (params) => archivePut(services, store.find(params.Container), params),
    'container.commit': (params) => commitContainer(services, store.find(params.Container), params),
    'container.anatomy': ({ Container }) => anatomyOf(services, store.find(Container)),
  };
}

function findExec({ store }: ContainerServices, id: string): ExecSession {
  for (const container of store.values()) {
    const session = container.execs.get(id);
    if (session !== undefined) return session;
  }
  throw new EngineError('NotFound', `No such exec instance: ${id}`);
}

export function execHandlers(services: ContainerServices): HandlersOf<typeof execMethods> {
  return {
    'exec.create': async (params) => createExec(services, services.store.find(params.Container), params),
    'exec.start': ({ Exec, Height = 0, Width = 0 }) =>
      startExec(services, findExec(services, Exec), { height: Height, width: Width }),
    'exec.attach': async ({ Exec }) => attachExec(services, findExec(services, Exec)),
    'exec.startDetached': async ({ Exec }) => {
      await startExecDetached(services, findExec(services, Exec));
      return null;
    },
    'exec.resize': async ({ Exec, Height, Width }) => {
      await resizeExec(findExec(services, Exec), Height, Width);
      return null;
    },
    'exec.kill': async ({ Exec, Signal }) => {
      await killExec(findExec(services, Exec), Signal ?? '');
      return null;
    },
    'exec.inspect': async ({ Exec }) => inspectExec(findExec(services, Exec)),
  };
}
