// The engine: puts the nouns together and gives the doors their handlers. Nothing else knows all of them.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildCache } from '../build/cache.ts';
import { buildHandlers } from '../build/handlers.ts';
import { KnownSelections } from '../build/known_selections.ts';
import { repairBuilds } from '../build/repair.ts';
import { FileDigests } from '../build/tree.ts';
import { connectHandlers } from '../container/connect.ts';
import { ContainerStore } from '../container/container_store.ts';
import { containersRoot } from '../container/directories.ts';
import { fileHandlers } from '../container/files.ts';
import { containerHandlers, execHandlers } from '../container/handlers.ts';
import { recoverContainers } from '../container/recovery.ts';
import type { ContainerServices } from '../container/services.ts';
import { stopContainer } from '../container/stop.ts';
import { containerUses } from '../container/uses.ts';
import { imageHandlers } from '../image/handlers.ts';
import { ImageStore } from '../image/image_store.ts';
import { RegistryAccess, registryHandlers } from '../image/registry_access.ts';
import { networkHandlers } from '../network/handlers.ts';
import { NetworkStore } from '../network/network_store.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Handlers } from '../protocol/handler.ts';
import { type MethodName, methods } from '../protocol/methods.ts';
import { volumeHandlers } from '../volume/handlers.ts';
import { VolumeStore } from '../volume/volume_store.ts';
import { ensureBaseLayer } from './base_layer.ts';
import { withBuiltinImages } from './builtin_images.ts';
import type { EngineContext } from './context.ts';
import { gatherHostFacts } from './host_facts.ts';
import { programs } from './programs.ts';
import { systemHandlers } from './system.ts';

export interface Engine {
  readonly handlers: Handlers;
  readonly containers: ContainerServices;
  /** False while something needs a helper: running containers, builds. */
  isIdle(): boolean;
  /** Stops every running container, each with its own signal and timeout. */
  stopContainers(): Promise<void>;
  /** The helper ends: takes away what no running container needs. */
  close(): Promise<void>;
}

/** What no part of this engine serves. */
function unsupported(method: MethodName): () => Promise<never> {
  return () => Promise.reject(new EngineError('Unsupported', `this engine does not offer ${method}`));
}

/** True at the first start after the machine's own. */
function isFirstOfBoot({ database }: EngineContext): boolean {
  database.migrate('engine', ['create table engine (key text primary key, value text not null) strict']);
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const before = database.get("select value from engine where key = 'boot'")?.['value'];
  database.run("insert into engine values ('boot', ?) on conflict (key) do update set value = excluded.value", boot);
  return before !== undefined && before !== boot;
}

/** Opens everything and repairs what an earlier helper left; the engine is ready to serve afterwards. */
export async function openEngine(context: EngineContext, shutdown: (stopContainers: boolean) => void): Promise<Engine> {
  const rebooted = isFirstOfBoot(context);
  const roots = containersRoot(context.paths);
  for (const path of [roots.data, roots.exec, join(context.paths.execRoot, 'oci')])
    mkdirSync(path, { recursive: true, mode: 0o700 });
  const store = new ContainerStore(context.database);
  const uses = containerUses(store);
  const { ociPath, initPath, helloPath } = programs();
  await repairBuilds(context.paths, ociPath);
  const buildCache = new BuildCache(context.database);
  const images = await ImageStore.open(context, uses, () => buildCache.roots());
  const access = new RegistryAccess(context.options);
  const networks = await NetworkStore.open(context, uses);
  const volumes = await VolumeStore.open(context, uses);
  const imageMethods = imageHandlers(images, access);
  const containers: ContainerServices = {
    context,
    store,
    images: withBuiltinImages(images, imageMethods, helloPath),
    networks,
    volumes,
    facts: gatherHostFacts(context.rootless),
    ociPath,
    initPath,
    baseLayer: ensureBaseLayer(context.paths.dataRoot),
    settling: new Map(),
  };
  await recoverContainers(containers, rebooted);
  const digests = new FileDigests();
  const selections = new KnownSelections(digests);
  const build = { images, containers, cache: buildCache, digests, selections, registries: access };
  const containerMethods = containerHandlers(containers);
  const nouns = {
    ...containerMethods,
    ...execHandlers(containers),
    ...fileHandlers(containers),
    ...imageMethods,
    ...buildHandlers(build, { ...imageMethods, ...containerMethods }),
    ...registryHandlers(access),
    ...networkHandlers(networks),
    ...connectHandlers(containers, (reference) => networks.find(reference)),
    ...volumeHandlers(volumes),
  };
  const offered: Partial<Handlers> = { ...nouns, ...systemHandlers({ context, containers, nouns, shutdown }) };
  // Every method has an entry: those that no noun gave answer that they are not offered.
  const handlers = { ...Object.fromEntries(names().map((name) => [name, unsupported(name)])), ...offered } as Handlers;
  return {
    handlers,
    containers,
    isIdle: () => ![...store.values()].some(({ isRunning, state }) => isRunning || state.status === 'restarting'),
    stopContainers: () => stopAll(containers),
    close: () => networks[Symbol.asyncDispose](),
  };
}

function names(): MethodName[] {
  return Object.keys(methods) as MethodName[]; // Object.keys forgets them
}

async function stopAll(services: ContainerServices): Promise<void> {
  const { shutdownTimeout } = services.context.options;
  const running = [...services.store.values()].filter(({ isRunning }) => isRunning);
  await Promise.allSettled(
    running.map((container) =>
      stopContainer(
        services,
        container,
        { timeout: container.record.config.StopTimeout ?? shutdownTimeout },
        new AbortController().signal,
      ),
    ),
  );
}
