// `--build-context NAME=oci-layout://DIRECTORY[:TAG][@DIGEST]`: an image of an OCI layout on disk (image-layout.md) as a base.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageStore } from '../image/image_store.ts';
import { loadImages } from '../image/load.ts';
import type { Descriptor } from '../image/manifest.ts';
import { formatPlatform, type Platform } from '../image/platform.ts';
import { packStream } from '../native/archive.ts';
import { EngineError } from '../protocol/errors.ts';

const scheme = 'oci-layout://';

export function isLayout(source: string): boolean {
  return source.startsWith(scheme);
}

interface LayoutReference {
  readonly directory: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function parseLayout(source: string): LayoutReference {
  const {
    directory = '',
    tag,
    digest,
  } = /^(?<directory>.*?)(?::(?<tag>[\w][\w.-]*))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(
    source.slice(scheme.length),
  )?.groups ?? {};
  if (!directory.startsWith('/'))
    throw new EngineError('InvalidArgument', `invalid build context ${source}: the layout's path must be absolute`);
  return { directory, tag, digest };
}

/** Tools write the whole name or the tag alone. Without a tag, `latest` or the only image there is. */
function isMeant({ digest, annotations = {} }: Descriptor, wanted: LayoutReference, isOnly: boolean): boolean {
  if (wanted.digest !== undefined) return digest === wanted.digest;
  const name = annotations['org.opencontainers.image.ref.name'] ?? '';
  const tag = wanted.tag ?? 'latest';
  return name === tag || name.endsWith(`:${tag}`) || (wanted.tag === undefined && isOnly);
}

/** Brings the image into the store, without a name, and gives its id. */
export async function loadLayoutImage(
  images: ImageStore,
  source: string,
  platform: Platform,
  signal: AbortSignal,
): Promise<string> {
  const wanted = parseLayout(source);
  if (!existsSync(join(wanted.directory, 'index.json')))
    throw new EngineError('NotFound', `${source}: ${wanted.directory} is not an OCI layout: it has no index.json`);
  const { stream, result } = packStream({ kind: 'tree', root: wanted.directory });
  const select = (entries: readonly Descriptor[]) =>
    entries.filter((entry) => isMeant(entry, wanted, entries.length === 1)).slice(0, 1);
  const [image] = await loadImages(images, stream, {
    platform: formatPlatform(platform),
    onProgress: () => {},
    signal,
    select,
  });
  await result;
  if (image === undefined)
    throw new EngineError('NotFound', `${source}: the layout has no image ${wanted.digest ?? wanted.tag ?? 'latest'}`);
  return image.Id;
}
