// The protocol's image and registry methods, on top of the store.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../protocol/errors.ts';
import type { Handlers, HandlersOf } from '../protocol/handler.ts';
import type { imageMethods, TransferProgress } from '../protocol/image.ts';
import { withFailures } from './failures.ts';
import type { Progress } from './image.ts';
import type { ImageStore } from './image_store.ts';
import { importImage, loadImages, saveImages } from './load.ts';
import { type Platform, parsePlatform } from './platform.ts';
import { pullAllTags, pullImage } from './pull.ts';
import { pushImage } from './push.ts';
import { canonical, familiar, fullName, parseReference, type Reference } from './reference.ts';
import type { RegistryAccess } from './registry_access.ts';
import { pruneImages, removeImage } from './remove.ts';
import { imageHistory, inspectImage, listImages } from './views.ts';

function toTransfer({ id, status, current, total }: Progress): TransferProgress {
  return {
    ...(id === undefined ? {} : { Id: id }),
    Status: status,
    ...(current === undefined ? {} : { Current: current }),
    ...(total === undefined ? {} : { Total: total }),
  };
}

function readPlatform(text: string | undefined): Platform | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return parsePlatform(text);
  } catch (error) {
    throw new EngineError('InvalidArgument', error instanceof Error ? error.message : String(error));
  }
}

function readReference(text: string, keepUntagged = false): Reference {
  try {
    return parseReference(text, { keepUntagged });
  } catch (error) {
    throw new EngineError('InvalidArgument', error instanceof Error ? error.message : String(error));
  }
}

type PullHandlers = Pick<Handlers, 'image.pull' | 'image.push'>;

function transferHandlers(store: ImageStore, access: RegistryAccess): PullHandlers {
  return {
    'image.pull': ({ Reference: text, Platform: platform, AllTags, Auth }, { signal, progress }) =>
      withFailures(`pull ${text}`, async () => {
        using client = access.client(readReference(text).registry, Auth);
        const options = {
          client,
          platform: readPlatform(platform),
          signal,
          onProgress: (line: Progress) => progress(toTransfer(line)),
        };
        return AllTags === true ? pullAllTags(store, text, options) : [await pullImage(store, text, options)];
      }),
    'image.push': ({ Reference: text, AllTags, Auth }, { signal, progress }) =>
      withFailures(`push ${text}`, async () => {
        const asked = readReference(text, AllTags === true);
        using client = access.client(asked.registry, Auth);
        const references = AllTags === true ? tagsOf(store, asked) : [asked];
        const pushed: { Reference: string; Digest: string; Size: number }[] = [];
        for (const reference of references) {
          const record = store.find(canonical(reference));
          const result = await pushImage(record, reference, {
            blobs: store.blobs,
            records: store.records,
            client,
            concurrency: store.context.options.maxConcurrentUploads,
            onProgress: (line) => progress(toTransfer(line)),
            signal,
          });
          store.publish('push', record, familiar(reference));
          progress({ Status: `${reference.tag ?? 'digest'}: digest: ${result.digest} size: ${result.size}` });
          pushed.push({ Reference: familiar(reference), Digest: result.digest, Size: result.size });
        }
        return pushed;
      }),
  };
}

function tagsOf(store: ImageStore, asked: Reference): Reference[] {
  const prefix = `${fullName(asked)}:`;
  const found = store.records.names().filter(({ name }) => name.startsWith(prefix));
  if (found.length === 0) throw new EngineError('NotFound', `No such image: ${familiar(asked)} has no tags here`);
  return found.map(({ name }) => parseReference(name));
}

type ArchiveHandlers = Pick<Handlers, 'image.load' | 'image.save' | 'image.import'>;

function archiveHandlers(store: ImageStore): ArchiveHandlers {
  return {
    'image.load': async ({ Platform: platform }, { progress }) => {
      readPlatform(platform);
      return (duplex, signal) =>
        withFailures('load the archive', async () => ({
          Images: await loadImages(store, duplex, {
            platform,
            signal,
            onProgress: (line) => progress(toTransfer(line)),
          }),
        }));
    },
    'image.save': async ({ Images }) => {
      if (Images.length === 0) throw new EngineError('InvalidArgument', 'cannot save: no image is named');
      for (const text of Images) store.find(text);
      return (duplex, signal) =>
        withFailures('save the images', async () => {
          await pipeline(Readable.from(saveImages(store, Images), { objectMode: false }), duplex, {
            signal,
            end: false,
          });
          return null;
        });
    },
    'image.import': async ({ Reference: reference, Message, Changes, Platform: platform }) => {
      readPlatform(platform);
      return (duplex, signal) =>
        withFailures('import the archive', async () => ({
          Id: await importImage(store, duplex, {
            reference,
            message: Message,
            changes: Changes ?? [],
            platform,
            signal,
          }),
        }));
    },
  };
}

export function imageHandlers(store: ImageStore, access: RegistryAccess): HandlersOf<typeof imageMethods> {
  return {
    ...transferHandlers(store, access),
    ...archiveHandlers(store),
    'image.list': async ({ All, Filters = {}, SharedSize }) =>
      listImages(store, { filters: Filters, all: All === true, sharedSize: SharedSize === true }),
    'image.inspect': ({ Image }) => inspectImage(store, Image),
    'image.history': ({ Image }) => imageHistory(store, Image),
    'image.tag': async ({ Image, Reference: text }) => {
      store.tag(store.find(Image), store.parseName(text));
      return null;
    },
    'image.remove': ({ Image, Force, NoPrune }) =>
      removeImage(store, Image, { force: Force === true, keepParents: NoPrune === true }),
    'image.prune': ({ Filters = {} }) => pruneImages(store, Filters),
    'image.search': ({ Term, Limit, Auth }, { signal }) =>
      withFailures(`search for ${Term}`, () => access.search(Term, Limit ?? 25, Auth, signal)),
  };
}
