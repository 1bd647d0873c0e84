// Giving back what a run of a container used. Every step is safe to repeat, and one that fails does not stop the others.
import { removeTree } from '../native/filesystem.ts';
import type { Container } from './container.ts';
import { usesNetworks } from './network_client.ts';
import { unmountImage, unmountRootfs, unmountSharedMemory, unmountSubpath } from './rootfs.ts';
import { type ContainerServices, directories } from './services.ts';

export async function releaseResources(services: ContainerServices, container: Container): Promise<void> {
  const { record } = container;
  const paths = directories(services, container);
  let complete = container.rootfsUsers === 0;
  const attempt = async (what: string, step: () => Promise<unknown>) => {
    try {
      await step();
    } catch (error) {
      complete = false;
      services.context.log.error(`cannot ${what}`, error, { id: container.id });
    }
  };
  const steps: Promise<void>[] = [];
  if (container.rootfsUsers === 0)
    steps.push(attempt('unmount the root file system', () => unmountRootfs(services, container)));
  if (usesNetworks(record.hostConfig))
    steps.push(attempt('release the networks', () => services.networks.release(container.id)));
  if (record.hostConfig.IpcMode === 'shareable')
    steps.push(attempt('unmount the shared memory', () => unmountSharedMemory(paths.shm)));
  for (const [index, { type, name, subpath }] of record.mounts.entries()) {
    if (subpath !== '') steps.push(attempt('unmount a subpath', () => unmountSubpath(services, container, index)));
    if (type === 'volume') steps.push(attempt('release a volume', () => services.volumes.unmount(name, container.id)));
    else if (type === 'image') steps.push(attempt('unmount an image', () => unmountImage(services, container, name)));
  }
  // Shared memory, images and subpaths are mounted in there.
  const { hostConfig, mounts } = record;
  if (hostConfig.IpcMode === 'shareable' || mounts.some(({ type, subpath }) => type === 'image' || subpath !== ''))
    await Promise.all(steps.splice(0));
  await Promise.all([...steps, attempt('remove the bundle', () => removeTree(paths.bundle))]);
  container.holdsResources = !complete;
}
