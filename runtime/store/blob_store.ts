// The content store: manifests, configs and layers as they travel, under blobs/sha256/<hex>.
//
// The life of a blob: bytes go to ingest/ (a partial download keeps its name, so that it can be resumed), are hashed while
// they stream, synced, and then renamed to their digest. A name under blobs/ is therefore always whole and right. Blobs are
// never changed. `collect` removes those that neither a record nor a hold names.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Digest, digestOf, hexOf, isDigest } from './digest.ts';
import { hasCode, privateDirectory, publish, writeFully } from './files.ts';
import { Holds, KeyedLock } from './holds.ts';

/** Content that is not what its digest says. */
export class DigestMismatch extends Error {
  override readonly name = 'DigestMismatch';
  constructor(what: string, expected: Digest, actual: Digest) {
    super(`${what} is not what it should be: expected digest ${expected}, got ${actual}`);
  }
}

export interface IngestExpectation {
  readonly digest?: Digest;
  /** Bytes; more or fewer are an error, and reading stops at the first byte too many. */
  readonly size?: number;
  /** Called before the blob gets its name, so that a hold can be taken in time. */
  readonly onDigest?: (digest: Digest) => void;
}

const readChunk = 1 << 20;
/** Part of the disk that stays free for everything else. */
const reserve = 0.01;

export class BlobStore {
  /** Digests that must not be collected although no record names them yet. */
  readonly holds = new Holds();
  readonly #blobs: string;
  readonly #ingest: string;
  readonly #partialLocks = new KeyedLock();
  /** Giving and taking a blob's name: whoever looks for it waits until it is there or gone. */
  readonly #names = new KeyedLock();

  private constructor(blobs: string, ingest: string) {
    this.#blobs = blobs;
    this.#ingest = ingest;
  }

  /** Opens (or makes) the store below the engine's data root. */
  static async open(dataRoot: string): Promise<BlobStore> {
    await privateDirectory(dataRoot);
    await privateDirectory(join(dataRoot, 'blobs'));
    return new BlobStore(
      await privateDirectory(join(dataRoot, 'blobs', 'sha256')),
      await privateDirectory(join(dataRoot, 'ingest')),
    );
  }

  path(digest: Digest): string {
    return join(this.#blobs, hexOf(digest));
  }

  /** Bytes, or undefined where the blob is not there. */
  size(digest: Digest): Promise<number | undefined> {
    return this.#names.run(digest, async () => {
      try {
        return (await stat(this.path(digest))).size;
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined;
        throw error;
      }
    });
  }

  #publish(temporary: string, digest: Digest): Promise<void> {
    return this.#names.run(digest, () => publish(temporary, this.path(digest)));
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  /** `start` and `end` (inclusive) choose a part. */
  read(digest: Digest, part: { readonly start?: number; readonly end?: number } = {}): ReadStream {
    return createReadStream(this.path(digest), { highWaterMark: readChunk, ...part });
  }

  /** A small blob (manifest, config) as a whole, its digest checked again. */
  async readAll(digest: Digest, limit: number): Promise<Buffer> {
    const size = await this.size(digest);
    if (size === undefined)
      throw new Error(`content ${digest} is missing from the store; pull or load the image again`);
    if (size > limit) throw new Error(`content ${digest} has ${size} bytes; at most ${limit} are read at once`);
    const data = await readFile(this.path(digest));
    const actual = digestOf(data);
    if (actual !== digest) throw new DigestMismatch('a blob of the store', digest, actual);
    return data;
  }

  /** Stores a small blob. */
  async put(data: Uint8Array, expected?: Digest): Promise<Digest> {
    const digest = digestOf(data);
    if (expected !== undefined && digest !== expected) throw new DigestMismatch('the content', expected, digest);
    if (await this.has(digest)) return digest;
    const temporary = this.temporaryPath();
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await writeFully(file, data);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#publish(temporary, digest);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return digest;
  }

  /** Stores a stream of any length. On any error nothing is left behind. */
  async ingest(
    source: Readable | AsyncIterable<Uint8Array>,
    expected: IngestExpectation = {},
  ): Promise<{ digest: Digest; size: number }> {
    const temporary = this.temporaryPath();
    const file = await open(temporary, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      let size = 0;
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        size += chunk.length;
        if (expected.size !== undefined && size > expected.size)
          throw new Error(`the content is longer than the ${expected.size} bytes it should have`);
        hash.update(chunk);
        await writeFully(file, chunk);
      }
      if (expected.size !== undefined && size !== expected.size)
        throw new Error(`the content ended after ${size} of ${expected.size} bytes`);
      const digest: Digest = `sha256:${hash.digest('hex')}`;
      if (expected.digest !== undefined && digest !== expected.digest)
        throw new DigestMismatch('the content', expected.digest, digest);
      expected.onDigest?.(digest);
      await file.sync();
      await this.#publish(temporary, digest);
      return { digest, size };
    } finally {
      await file.close();
      await rm(temporary, { force: true });
    }
  }

  /** Bytes that may be stored before the disk is as full as it should get. */
  async available(): Promise<number> {
    const { bavail, blocks, bsize } = await statfs(this.#ingest);
    return Math.max(0, bavail - Math.ceil(blocks * reserve)) * bsize;
  }

  /** A name below ingest/ for bytes whose digest is not known yet. */
  temporaryPath(): string {
    return join(this.#ingest, `${randomUUID()}.tmp`);
  }

  /**
   * Runs `task` with the partial download of `digest`, alone: a second caller for the same digest waits. What the task has
   * written stays for the next attempt unless it discards or commits it.
   */
  withPartial<T>(digest: Digest, task: (partial: PartialBlob) => Promise<T>): Promise<T> {
    return this.#partialLocks.run(digest, async () => {
      const path = join(this.#ingest, `${hexOf(digest)}.partial`);
      const file = await open(path, 'a+', 0o600);
      const partial = new PartialBlob(file, path, (await file.stat()).size, () => this.#publish(path, digest));
      try {
        return await task(partial);
      } finally {
        await partial.close();
      }
    });
  }

  remove(digest: Digest): Promise<void> {
    return this.#names.run(digest, () => rm(this.path(digest), { force: true }));
  }

  /** Removes the blob unless somebody holds it by now; the bytes freed. */
  #removeUnheld(digest: Digest): Promise<number> {
    return this.#names.run(digest, async () => {
      if (this.holds.has(digest)) return 0;
      try {
        const { size } = await stat(this.path(digest));
        await rm(this.path(digest));
        return size;
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return 0; // another collection was faster
        throw error;
      }
    });
  }

  async *list(): AsyncGenerator<Digest> {
    for (const name of await readdir(this.#blobs)) {
      const digest = `sha256:${name}`;
      if (isDigest(digest)) yield digest;
    }
  }

  /**
   * Removes every blob that is neither in `keep` nor held, and answers the bytes freed. Call `holds.linger()` before reading
   * the records that `keep` comes from. With `partials`, also the remains
   * of interrupted downloads and ingests (at start-up, when nothing is under way).
   */
  async collect(
    keep: ReadonlySet<Digest>,
    options: { readonly partials: 'keep' | 'temporary' | 'all' },
  ): Promise<number> {
    let freed = 0;
    for await (const digest of this.list()) {
      if (!keep.has(digest)) freed += await this.#removeUnheld(digest);
    }
    if (options.partials === 'keep') return freed;
    for (const name of await readdir(this.#ingest)) {
      if (name.endsWith('.partial') && options.partials === 'temporary') continue;
      const path = join(this.#ingest, name);
      freed += (await stat(path)).size;
      await rm(path, { force: true });
    }
    return freed;
  }
}

/** The bytes of a blob that have come so far. */
export class PartialBlob {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #publish: () => Promise<void>;
  #size: number;

  constructor(file: FileHandle, path: string, size: number, publish: () => Promise<void>) {
    this.#file = file;
    this.#path = path;
    this.#size = size;
    this.#publish = publish;
  }

  get size(): number {
    return this.#size;
  }

  async append(chunk: Uint8Array): Promise<void> {
    await writeFully(this.#file, chunk);
    this.#size += chunk.length;
  }

  /** What is there, from the first byte. */
  read(): ReadStream {
    return createReadStream(this.#path, { highWaterMark: readChunk });
  }

  /** Starts again from nothing. */
  async reset(): Promise<void> {
    await this.#file.truncate(0);
    this.#size = 0;
  }

  /** The caller has verified the digest: the blob gets its name. */
  async commit(): Promise<void> {
    await this.#file.sync();
    await this.#publish();
  }

  async discard(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** Closes the file; an empty partial is not worth keeping. */
  async close(): Promise<void> {
    await this.#file.close();
    if (this.#size === 0) await this.discard();
  }
}
