// One name for the images of several platforms: an index (OCI image specification, image-index.md) in a registry or an archive.
import type { RegistryClient } from '../registry/client.ts';
import { Upload } from '../registry/upload.ts';
import { digestOf } from '../store/digest.ts';
import { type Descriptor, mediaTypes } from './manifest.ts';
import type { Platform } from './platform.ts';
import { type PushedImage, type PushOptions, pushImage } from './push.ts';
import type { ImageRecord } from './records.ts';
import type { Reference } from './reference.ts';

export interface PlatformImage {
  readonly record: ImageRecord;
  readonly platform: Platform;
}

export type PlatformDescriptor = Descriptor & { readonly platform: Platform };

/** The bytes of an index as we write it. */
export function encodeIndex(entries: readonly PlatformDescriptor[]): Buffer {
  const manifests = entries.map(({ mediaType, size, digest, platform: { os, architecture, variant } }) => ({
    mediaType,
    size,
    digest,
    platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
  }));
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
}

/** Pushes each image by its digest, then the index under the reference's tag. */
export async function pushIndex(
  images: readonly PlatformImage[],
  reference: Reference,
  options: PushOptions & { readonly client: RegistryClient },
): Promise<PushedImage> {
  const { tag, ...untagged } = reference;
  const entries: PlatformDescriptor[] = [];
  for (const { record, platform } of images) {
    const { digest, size } = await pushImage(record, untagged, options);
    entries.push({ mediaType: record.mediaType, digest, size, platform });
  }
  const index = encodeIndex(entries);
  const digest = digestOf(index);
  const upload = new Upload(options.client, reference, options.signal);
  await upload.manifest(index, mediaTypes.ociIndex, tag ?? digest, digest);
  return { digest, size: index.length };
}
