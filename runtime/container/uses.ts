// Which containers use an image, a volume or a network: what the other nouns ask before they remove something.

import type { Container } from './container.ts';
import type { ContainerStore } from './container_store.ts';
import type { ContainerUses } from './dependencies.ts';

function user({ record, isRunning }: Container): { id: string; name: string; running: boolean } {
  return { id: record.id, name: record.name, running: isRunning };
}

export function containerUses(store: ContainerStore): ContainerUses {
  const having = (test: (container: Container) => boolean) => [...store.values()].filter(test);
  return {
    usersOfImage: (imageId) =>
      having(
        ({ record }) =>
          record.imageId === imageId || record.mounts.some(({ type, name }) => type === 'image' && name === imageId),
      ).map(user),
    usersOfVolume: (name) =>
      having(({ record }) => record.mounts.some((mount) => mount.type === 'volume' && mount.name === name)).map(user),
    usersOfNetwork: (network) =>
      having(() => true).flatMap((container) => {
        const { endpoints, attachment } = container.record;
        const entry = Object.entries(attachment?.endpoints ?? endpoints).find(
          ([name, { NetworkID }]) => name === network || NetworkID === network,
        );
        return entry === undefined ? [] : [{ ...user(container), settings: entry[1] }];
      }),
  };
}
