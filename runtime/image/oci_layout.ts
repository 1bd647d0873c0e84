// OCI image layouts in a tar (image-layout.md): index.json, oci-layout and blobs/sha256/*.
import type { BlobStore } from '../store/blob_store.ts';
import { hexOf } from '../store/digest.ts';
import type { ArchiveFiles } from './archive_source.ts';
import { assembleImage } from './assemble.ts';
import type { ArchivedImage } from './docker_archive.ts';
import { type Descriptor, InvalidManifest, parseManifest } from './manifest.ts';
import type { Platform } from './platform.ts';
import { parseReference, type Reference } from './reference.ts';
import { chooseEntry } from './registry_image.ts';

/** What containerd and Docker write the full name to; the standard's own annotation often has the tag alone. */
const fullNameAnnotation = 'io.containerd.image.name';
const nameAnnotation = 'org.opencontainers.image.ref.name';
const maxNesting = 4;

function referencesOf({ annotations = {} }: Descriptor): Reference[] {
  const standard = annotations[nameAnnotation];
  // A bare tag says nothing about the repository.
  const text =
    annotations[fullNameAnnotation] ?? (standard !== undefined && /[:/]/.test(standard) ? standard : undefined);
  if (text === undefined) return [];
  try {
    return [parseReference(text)];
  } catch {
    return []; // the annotation is free text: an image with a strange one loads without a name
  }
}

export async function readOciLayout(
  files: ArchiveFiles,
  blobs: BlobStore,
  platform: Platform | undefined,
  select: (entries: readonly Descriptor[]) => readonly Descriptor[] = (entries) => entries,
): Promise<ArchivedImage[]> {
  const index = parseManifest(await files.readFile('index.json'), undefined);
  if (index.kind !== 'index') throw new InvalidManifest('index.json is not an index');
  const images = new Map<string, { image: ArchivedImage['image']; references: Reference[] }>();
  for (const entry of select(index.manifests)) {
    const image = await readImage(files, blobs, entry, platform, 0);
    const known = images.get(image.digest);
    if (known === undefined) images.set(image.digest, { image, references: referencesOf(entry) });
    else known.references.push(...referencesOf(entry));
  }
  return [...images.values()];
}

async function readImage(
  files: ArchiveFiles,
  blobs: BlobStore,
  entry: Descriptor,
  platform: Platform | undefined,
  depth: number,
): Promise<ArchivedImage['image']> {
  const data = await readBlob(files, entry);
  const document = parseManifest(data, entry.mediaType);
  if (document.kind === 'index') {
    if (depth >= maxNesting) throw new InvalidManifest('indexes are nested too deeply');
    return readImage(files, blobs, chooseEntry('the archive', document.manifests, platform), platform, depth + 1);
  }
  const rawConfig = await readBlob(files, document.config);
  for (const layer of document.layers) findBlob(files, layer);
  return assembleImage(data, entry.mediaType, rawConfig, (descriptor, start) =>
    blobs.read(descriptor.digest, { start }),
  );
}

/** The name in the archive must be the content's digest: the file was hashed when it was stored. */
function findBlob(files: ArchiveFiles, descriptor: Descriptor): string {
  const name = `blobs/sha256/${hexOf(descriptor.digest)}`;
  const file = files.find(name);
  if (file === undefined) throw new InvalidManifest(`the archive has no ${name}`);
  if (file.digest !== descriptor.digest)
    throw new InvalidManifest(`${name} in the archive has other content than its name says`);
  return name;
}

async function readBlob(files: ArchiveFiles, descriptor: Descriptor): Promise<Buffer> {
  return files.readFile(findBlob(files, descriptor));
}
