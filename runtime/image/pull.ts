// Pulling: from a registry into the store, under a name.

import type { PulledImage } from '../protocol/image.ts';
import { listTags } from '../registry/catalog.ts';
import type { RegistryClient } from '../registry/client.ts';
import { RegistryError } from '../registry/errors.ts';
import type { ProgressListener } from './image.ts';
import type { ImageStore } from './image_store.ts';
import type { Platform } from './platform.ts';
import { candidates, canonical, familiar, fullName, parseReference, type Reference } from './reference.ts';
import { fetchImage, type RemoteImage } from './registry_image.ts';

export interface PullOptions {
  readonly client: RegistryClient;
  readonly platform: Platform | undefined;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

/** Looks a short name up in each registry of the search list; the first that has it gives it. */
async function locate(
  text: string,
  searchList: readonly string[],
  options: PullOptions,
): Promise<{ reference: Reference; remote: RemoteImage }> {
  const places = candidates(text, searchList);
  let last: unknown;
  for (const reference of places) {
    try {
      return { reference, remote: await fetchImage(options.client, reference, options.platform, options.signal) };
    } catch (error) {
      const absent = error instanceof RegistryError && [401, 403, 404].includes(error.status);
      if (!absent || places.length === 1) throw error;
      last = error;
    }
  }
  throw last;
}

export async function pullImage(store: ImageStore, text: string, options: PullOptions): Promise<PulledImage> {
  const { onProgress, signal } = options;
  const { reference, remote } = await locate(text, store.context.options.registrySearch, options);
  const { image, digest } = remote;
  onProgress({ id: reference.tag ?? digest, status: `Pulling from ${reference.repository}` });
  const before =
    reference.digest === undefined
      ? store.records.nameTarget(canonical(reference))
      : store.records.digestTarget(fullName(reference), digest);
  const record = await store.writer.write(image, {
    onProgress,
    signal,
    name: ({ id, layers, config }) => {
      const repository = fullName(reference);
      store.records.addDigest(repository, digest, id);
      if (reference.digest === undefined) store.setName(id, reference);
      for (const blob of [config, ...layers.map((layer) => layer.digest)])
        store.records.addBlobSource(blob, repository);
    },
  });
  const Updated = before !== record.id;
  onProgress({ status: `Digest: ${digest}` });
  onProgress({
    status: `Status: ${Updated ? 'Downloaded newer image' : 'Image is up to date'} for ${familiar(reference)}`,
  });
  store.publish('pull', record, familiar(reference));
  return { Id: record.id, Reference: familiar(reference), Digest: digest, Updated };
}

/** Every tag of a repository, one after the other. */
export async function pullAllTags(store: ImageStore, text: string, options: PullOptions): Promise<PulledImage[]> {
  const reference = parseReference(text, { keepUntagged: true });
  if (reference.tag !== undefined || reference.digest !== undefined)
    throw new RegistryError('cannot pull all tags: the name has a tag or digest already', 404);
  const pulled: PulledImage[] = [];
  for (const tag of await listTags(options.client, reference, options.signal))
    pulled.push(await pullImage(store, `${fullName(reference)}:${tag}`, options));
  return pulled;
}
