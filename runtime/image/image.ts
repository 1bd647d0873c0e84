// The one type between all ends: registry, store, docker archive, OCI layout, import and commit. Whatever can be read as an
// `Image` can be written anywhere that takes one.
import type { Digest } from '../store/digest.ts';
import type { ImageConfig } from './config.ts';
import type { Descriptor } from './manifest.ts';

export interface ImageLayer {
  /** The layer as it travels: media type (with compression), digest and size. */
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  /** The bytes that the descriptor describes, from byte `start` on. Not verified: who stores them verifies them. */
  open(start: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface Image {
  /** The manifest's exact bytes. */
  readonly manifest: Buffer;
  readonly mediaType: string;
  readonly digest: Digest;
  /** The config's exact bytes; their digest is the image's id. */
  readonly rawConfig: Buffer;
  readonly config: ImageConfig;
  readonly configDescriptor: Descriptor;
  /** Bottom first; as many as the config has diff ids. */
  readonly layers: readonly ImageLayer[];
}

export function imageId(image: Image): Digest {
  return image.configDescriptor.digest;
}

/** One step of a long operation, for a progress display in Docker's words (protocol: TransferProgress). */
export interface Progress {
  /** The layer's short digest; absent for a line about the whole. */
  readonly id?: string;
  readonly status: string;
  /** Bytes. */
  readonly current?: number;
  readonly total?: number;
}

export type ProgressListener = (progress: Progress) => void;

export function shortId(digest: Digest): string {
  return digest.slice(7, 19);
}
