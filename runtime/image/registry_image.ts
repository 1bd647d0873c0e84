// An `Image` in a registry.
import { isImageEntry, type RegistryClient } from '../registry/client.ts';
import type { Digest } from '../store/digest.ts';
import { assembleImage } from './assemble.ts';
import type { Image } from './image.ts';
import { type Descriptor, InvalidManifest, type ManifestDocument, maxConfigBytes, parseManifest } from './manifest.ts';
import { formatPlatform, hostPlatform, type Platform, selectPlatform } from './platform.ts';
import { familiar, manifestSelector, type Reference } from './reference.ts';

export interface RemoteImage {
  readonly image: Image;
  /** The digest that the reference has in the registry: the index's where there is one. */
  readonly digest: Digest;
}

/** There is no image for the platform. */
export class NoSuchPlatform extends Error {
  override readonly name = 'NoSuchPlatform';
  constructor(what: string, wanted: Platform, offered: readonly Platform[]) {
    const list = offered.length === 0 ? 'no platform' : offered.map(formatPlatform).join(', ');
    super(`no image of ${what} for platform ${formatPlatform(wanted)}: it exists for ${list}`);
  }
}

/** The entry of an index for a platform. Without a wanted platform the host's, else the only image that there is. */
export function chooseEntry(what: string, entries: readonly Descriptor[], platform: Platform | undefined): Descriptor {
  const images = entries.filter(isImageEntry);
  const wanted = platform ?? hostPlatform();
  const chosen = selectPlatform(wanted, images, (entry) => entry.platform);
  if (chosen !== undefined) return chosen;
  const [only, second] = images;
  if (only !== undefined && second === undefined && only.platform === undefined) return only;
  throw new NoSuchPlatform(
    what,
    wanted,
    images.flatMap((entry) => (entry.platform === undefined ? [] : [entry.platform])),
  );
}

/** Resolves a reference to one image. Layers are fetched when they are opened. */
export async function fetchImage(
  client: RegistryClient,
  reference: Reference,
  platform: Platform | undefined,
  signal?: AbortSignal,
): Promise<RemoteImage> {
  const first = await client.manifest(reference, manifestSelector(reference), signal);
  let fetched = first;
  let document = parseManifest(first.data, first.mediaType);
  if (document.kind === 'index') {
    const entry = chooseEntry(familiar(reference), document.manifests, platform);
    fetched = await client.manifest(reference, entry.digest, signal);
    document = parseManifest(fetched.data, entry.mediaType);
    if (document.kind === 'index') throw new InvalidManifest('an index within an index is not an image');
  }
  const rawConfig = await fetchConfig(client, reference, document, signal);
  const image = assembleImage(fetched.data, document.mediaType, rawConfig, (descriptor, start, layerSignal) =>
    client.download(reference, descriptor, start, layerSignal),
  );
  if (first === fetched) checkPlatform(image, familiar(reference), platform);
  return { image, digest: first.digest };
}

/** A single image says by its config what it is for; it is refused only where another platform was asked for by name. */
function checkPlatform(image: Image, what: string, platform: Platform | undefined): void {
  if (platform !== undefined && selectPlatform(platform, [image.config], (config) => config) === undefined)
    throw new NoSuchPlatform(what, platform, [image.config]);
}

async function fetchConfig(
  client: RegistryClient,
  reference: Reference,
  manifest: ManifestDocument,
  signal?: AbortSignal,
): Promise<Buffer> {
  if (manifest.config.size > maxConfigBytes)
    throw new InvalidManifest(`its config of ${manifest.config.size} bytes is too large`);
  return client.blob(reference, manifest.config, maxConfigBytes, signal);
}
