// Manifests and indexes: OCI image specification (manifest.md, image-index.md) and Docker's "schema 2". What a registry or
// an archive sends is read here, once, strictly: the rest of the engine sees only checked descriptors.
import { type Digest, isDigest, parseDigest } from '../store/digest.ts';
import type { Platform } from './platform.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** What is asked for with `Accept` when a manifest is fetched, best first. */
export const manifestAccept = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
].join(', ');

/** The largest manifest, index or image config that is read into memory. The distribution specification asks for 4 MiB. */
export const maxManifestBytes = 4 << 20;
/** Configs of images with very many layers can pass 4 MiB; nobody's passes this. */
export const maxConfigBytes = 16 << 20;
const maxLayers = 512;
const maxIndexEntries = 4096;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ManifestDocument {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface IndexDocument {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/** A manifest that cannot be used; the sentence says why. */
export class InvalidManifest extends Error {
  override readonly name = 'InvalidManifest';
  constructor(why: string) {
    super(`cannot use the manifest: ${why}`);
  }
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new InvalidManifest(`${what} is not an object`);
}

function asArray(value: unknown, what: string, limit: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new InvalidManifest(`${what} is not a list`);
  if (value.length > limit)
    throw new InvalidManifest(`${what} has ${value.length} entries; at most ${limit} are allowed`);
  return value;
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readPlatform(value: unknown): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  const platform = asObject(value, 'platform');
  const os = optionalText(platform.os);
  const architecture = optionalText(platform.architecture);
  if (os === undefined || architecture === undefined) return undefined;
  const variant = optionalText(platform.variant);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function readAnnotations(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(asObject(value, 'annotations'));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function readDescriptor(value: unknown, what: string): Descriptor {
  const raw = asObject(value, what);
  const mediaType = raw.mediaType;
  if (typeof mediaType !== 'string') throw new InvalidManifest(`${what}.mediaType is missing`);
  if (!isDigest(raw.digest)) {
    try {
      parseDigest(raw.digest);
    } catch (error) {
      throw new InvalidManifest(`${what}.digest: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const size = raw.size;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new InvalidManifest(`${what}.size is not a byte count`);
  const platform = readPlatform(raw.platform);
  const annotations = readAnnotations(raw.annotations);
  return {
    mediaType,
    digest: parseDigest(raw.digest),
    size,
    ...(platform === undefined ? {} : { platform }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function parseJson(data: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    throw new InvalidManifest('it is not JSON');
  }
  return asObject(value, 'the document');
}

/**
 * Which of the two kinds a document is. A document that could be read as both (it has `manifests` and `layers`/`config`),
 * or whose own mediaType contradicts the one that it was served with, is refused: two readers would see two different
 * images under one digest (CVE-2021-41190).
 */
function resolveMediaType(document: JsonObject, served: string | undefined): string {
  const own = optionalText(document.mediaType);
  const looksLikeIndex = document.manifests !== undefined;
  const looksLikeManifest = document.layers !== undefined || document.config !== undefined;
  if (looksLikeIndex && looksLikeManifest)
    throw new InvalidManifest('it is ambiguous: it has the fields of an index and of an image at once');
  const known = served !== undefined && (isIndexType(served) || isManifestType(served)) ? served : undefined;
  if (own !== undefined && known !== undefined && own !== known)
    throw new InvalidManifest(`it is ambiguous: served as ${known}, but it calls itself ${own}`);
  const mediaType = own ?? known ?? (looksLikeIndex ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (document.schemaVersion === 1 || document.fsLayers !== undefined)
    throw new InvalidManifest('it has the obsolete Docker schema 1; push the image again with a newer client');
  if (document.schemaVersion !== 2) throw new InvalidManifest('schemaVersion is not 2');
  if (isIndexType(mediaType) && !looksLikeIndex)
    throw new InvalidManifest(`it calls itself ${mediaType} but has no manifests`);
  if (isManifestType(mediaType) && !looksLikeManifest)
    throw new InvalidManifest(`it calls itself ${mediaType} but has no layers`);
  if (!isIndexType(mediaType) && !isManifestType(mediaType))
    throw new InvalidManifest(`its media type ${mediaType.slice(0, 120)} is not that of an image`);
  return mediaType;
}

/**
 * Reads a manifest or an index. `served` is the Content-Type or the descriptor's media type, where there was one.
 * Throws `InvalidManifest`.
 */
export function parseManifest(data: Uint8Array, served?: string): ManifestDocument | IndexDocument {
  if (data.length > maxManifestBytes) throw new InvalidManifest(`it is larger than ${maxManifestBytes >> 20} MiB`);
  const document = parseJson(data);
  const mediaType = resolveMediaType(document, served?.split(';')[0]?.trim().toLowerCase());
  if (isIndexType(mediaType)) {
    const manifests = asArray(document.manifests, 'manifests', maxIndexEntries);
    return {
      kind: 'index',
      mediaType,
      manifests: manifests.map((entry, i) => readDescriptor(entry, `manifests[${i}]`)),
    };
  }
  const layers = asArray(document.layers, 'layers', maxLayers);
  return {
    kind: 'manifest',
    mediaType,
    config: readDescriptor(document.config, 'config'),
    layers: layers.map((entry, i) => readDescriptor(entry, `layers[${i}]`)),
  };
}

/** Refuses manifests of artifacts that are no images (Helm charts, signatures): their config is not an image config. */
export function requireImageConfig(manifest: ManifestDocument): void {
  const type = manifest.config.mediaType;
  if (type !== mediaTypes.ociConfig && type !== mediaTypes.dockerConfig)
    throw new InvalidManifest(`it is not a container image but an artifact of type ${type.slice(0, 120)}`);
}

export type Compression = 'gzip' | 'zstd' | 'none';

/** How a layer is compressed, by its media type; undefined where the type is not that of a layer that can be unpacked. */
export function layerCompression(mediaType: string): Compression | undefined {
  const type = mediaType.toLowerCase();
  // "non-distributable" OCI and Docker "foreign" layers unpack as the others do; they merely come from elsewhere.
  if (/^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar$/.test(type)) return 'none';
  if (/^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar\+gzip$/.test(type)) return 'gzip';
  if (/^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar\+zstd$/.test(type)) return 'zstd';
  if (/^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar$/.test(type)) return 'none';
  if (/^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar\.gzip$/.test(type)) return 'gzip';
  if (/^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar\.zstd$/.test(type)) return 'zstd';
  return undefined;
}

/** The bytes of a manifest as we write them: compact JSON, `schemaVersion` first. */
export function encodeManifest(mediaType: string, config: Descriptor, layers: readonly Descriptor[]): Buffer {
  const plain = ({ mediaType: type, size, digest }: Descriptor) => ({ mediaType: type, size, digest });
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: plain(config), layers: layers.map(plain) }));
}
