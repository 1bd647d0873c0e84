// Images: OCI images and Docker schema 2, by name, id or digest.
import { Type } from 'typebox';
import type { ContainerConfig } from './container_config.ts';
import {
  call,
  filters,
  flag,
  optionalInteger,
  optionalText,
  optionalTexts,
  params,
  stream,
  text,
  texts,
} from './method.ts';

/** Docker's AuthConfig: overrides what `config.json` has for this call. */
export const AuthSchema = Type.Object({
  username: optionalText(),
  password: optionalText(),
  auth: optionalText(),
  serveraddress: optionalText(),
  identitytoken: optionalText(),
  registrytoken: optionalText(),
});

/** A row of a list. Events carry it as `Record`. */
export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  /** Seconds since the epoch. */
  Created: number;
  /** Bytes, unpacked, all layers. */
  Size: number;
  /** -1: not computed. */
  SharedSize: number;
  Labels: Record<string, string>;
  /** -1: not computed. */
  Containers: number;
  Manifests?: ImageManifestSummary[];
}

interface ImageManifestSummary {
  ID: string;
  Descriptor: { mediaType: string; digest: string; size: number; platform?: OciPlatform };
  Available: boolean;
  Size: { Content: number; Total: number };
  Kind: 'image' | 'attestation' | 'unknown';
  ImageData?: { Platform: OciPlatform; Size: { Unpacked: number }; Containers: string[] };
}

export interface OciPlatform {
  architecture: string;
  os: string;
  variant?: string;
}

export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  Created: string;
  Author: string;
  Config: ContainerConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  Size: number;
  GraphDriver: { Name: string; Data: Record<string, string> };
  RootFS: { Type: 'layers'; Layers: string[] };
  Metadata: { LastTagTime: string };
  Descriptor?: { mediaType: string; digest: string; size: number };
  Manifests?: ImageManifestSummary[];
}

export interface ImageHistoryItem {
  Id: string;
  /** Seconds since the epoch. */
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  /** Bytes. */
  Size: number;
  Comment: string;
}

/** One line of Docker's progress display: what happens to one layer or to the whole. */
export interface TransferProgress {
  /** The layer's short digest; absent: a line about the whole. */
  Id?: string;
  /** `Pulling fs layer`, `Downloading`, `Verifying Checksum`, `Download complete`, `Extracting`, `Pull complete`, `Already exists`, `Pushing`, … */
  Status: string;
  /** Bytes so far and in all, where known. */
  Current?: number;
  Total?: number;
}

export interface PulledImage {
  Id: string;
  /** The reference with registry and tag, as a person writes it. */
  Reference: string;
  /** Of the manifest or index. */
  Digest: string;
  /** False: the same image was here already. */
  Updated: boolean;
}

export interface RemovedImage {
  Untagged?: string;
  Deleted?: string;
}

export const imageMethods = {
  'image.list': call<ImageSummary[]>()({
    summary: 'Lists images, newest first. Filters: before dangling label reference since until.',
    params: params({ All: flag(), Filters: filters(), SharedSize: flag(), Manifests: flag() }),
  }),
  'image.inspect': call<ImageInspect>()({
    summary: 'Everything known of one image.',
    params: params({ Image: text(), Platform: optionalText(), Manifests: flag() }),
    errors: ['NotFound'],
  }),
  'image.history': call<ImageHistoryItem[]>()({
    summary: 'How the image came to be, newest first.',
    params: params({ Image: text(), Platform: optionalText() }),
    errors: ['NotFound'],
  }),
  'image.pull': call<PulledImage[], TransferProgress>()({
    summary: 'Fetches an image, or with AllTags a whole repository.',
    params: params({ Reference: text(), Platform: optionalText(), AllTags: flag(), Auth: Type.Optional(AuthSchema) }),
    errors: ['NotFound', 'Unauthorized', 'Unavailable', 'DataCorrupt', 'ResourceExhausted', 'Unsupported'],
  }),
  'image.push': call<{ Reference: string; Digest: string; Size: number }[], TransferProgress>()({
    summary: 'Sends an image to its registry.',
    params: params({ Reference: text(), Platform: optionalText(), AllTags: flag(), Auth: Type.Optional(AuthSchema) }),
    errors: ['NotFound', 'Unauthorized', 'Unavailable', 'PermissionDenied'],
  }),
  'image.tag': call<null>()({
    summary: 'Gives an image one more name.',
    params: params({ Image: text(), Reference: text() }),
    errors: ['NotFound'],
  }),
  'image.remove': call<RemovedImage[]>()({
    summary: 'Removes a name, and the image with its last name. Force: although stopped containers use it.',
    params: params({ Image: text(), Force: flag(), NoPrune: flag(), Platforms: optionalTexts() }),
    errors: ['NotFound', 'Conflict'],
  }),
  'image.prune': call<{ ImagesDeleted: RemovedImage[]; SpaceReclaimed: number }>()({
    summary:
      'Removes unused images: without a name, or with filter dangling=false every one that no container uses. Filters: dangling label label! until.',
    params: params({ Filters: filters() }),
  }),
  'image.load': stream<{ Images: { Id: string; References: string[] }[] }, TransferProgress>()({
    summary: 'Loads the docker archive or OCI layout (tar, gzip, zstd) that the client writes.',
    params: params({ Platform: optionalText() }),
    errors: ['DataCorrupt', 'ResourceExhausted', 'Unsupported'],
  }),
  'image.save': stream<null>()({
    summary: 'Images as one tar archive that is a docker archive and an OCI layout at once.',
    params: params({ Images: texts(), Platform: optionalText() }),
    errors: ['NotFound'],
  }),
  'image.import': stream<{ Id: string }, TransferProgress>()({
    summary: 'Makes an image of one layer from the tar archive (plain or compressed) that the client writes.',
    params: params({
      Reference: optionalText(),
      Message: optionalText(),
      Changes: optionalTexts(),
      Platform: optionalText(),
    }),
    errors: ['DataCorrupt', 'ResourceExhausted'],
  }),
  'image.search': call<{ name: string; description: string; star_count: number; is_official: boolean }[]>()({
    summary: 'Asks the registry for repositories by name.',
    params: params({ Term: text(), Limit: optionalInteger(), Filters: filters(), Auth: Type.Optional(AuthSchema) }),
    errors: ['Unavailable', 'Unauthorized', 'Unsupported'],
  }),
} as const;
