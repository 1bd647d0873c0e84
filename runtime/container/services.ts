// What every verb of a container works with.
import type { EngineContext } from '../engine/context.ts';
import type { EventSource } from '../engine/events.ts';
import type { Container } from './container.ts';
import type { ContainerStore } from './container_store.ts';
import type { ImageSource, Networks, Volumes } from './dependencies.ts';
import { type ContainerDirectories, directoriesOf } from './directories.ts';
import type { HostFacts } from './spec/generate.ts';
import { summarize } from './summary.ts';

export interface ContainerServices {
  readonly context: EngineContext;
  readonly store: ContainerStore;
  readonly images: ImageSource;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly facts: HostFacts;
  /** The OCI runtime and monitor program. */
  readonly ociPath: string;
  /** The program of --init. */
  readonly initPath: string;
  /** A lower directory with the mount points that every container needs, so that they don't show as the container's changes. */
  readonly baseLayer: string;
  /** By container id: root file systems that are unmounted, and that the kernel has not let go of yet (rootfs.ts). */
  readonly settling: Map<string, Promise<void>>;
}

export function directories({ context }: ContainerServices, container: { readonly id: string }): ContainerDirectories {
  return directoriesOf(context.paths, container.id);
}

/** Docker's event attributes: image, name, and all labels. */
export function publish(
  { context }: ContainerServices,
  container: Container,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
  record: EventSource['record'] = summarize(container),
): void {
  const { config, name } = container.record;
  context.events.publish({
    type: 'container',
    action,
    id: container.id,
    attributes: { ...config.Labels, image: config.Image ?? '', name, ...attributes },
    ...(record === undefined ? {} : { record }),
  });
}
