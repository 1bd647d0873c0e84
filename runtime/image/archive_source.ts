// Reads an image archive (a tar, perhaps compressed) into blobs, and finds the images in it. The archive's names are keys
// into a table and never become paths of this machine.
import { posix } from 'node:path';
import { PassThrough, pipeline, type Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { EngineError } from '../protocol/errors.ts';
import type { BlobStore } from '../store/blob_store.ts';
import type { Digest } from '../store/digest.ts';
import type { Hold } from '../store/holds.ts';
import { InvalidManifest, maxConfigBytes } from './manifest.ts';
import { readTar } from './tar_reader.ts';

export interface ArchivedFile {
  readonly digest: Digest;
  readonly size: number;
}

const maxEntries = 100_000;

/** The files of an archive by name; links within it are followed. */
export class ArchiveFiles {
  readonly #blobs: BlobStore;
  readonly #files = new Map<string, ArchivedFile>();
  readonly #links = new Map<string, string>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Stores every file of the archive as a blob, under `hold`; who keeps none of them lets the collector have them. */
  static async read(source: Readable, blobs: BlobStore, hold: Hold, signal: AbortSignal): Promise<ArchiveFiles> {
    const files = new ArchiveFiles(blobs);
    let entries = 0;
    for await (const entry of readTar(decompressed(source))) {
      signal.throwIfAborted();
      if (++entries > maxEntries) throw new InvalidManifest(`the archive has more than ${maxEntries} entries`);
      if (entry.type === 'file') {
        // A few bytes of zstd can stand for terabytes: what can't fit is refused before it fills the disk.
        if (entry.size > (await blobs.available()))
          throw new EngineError(
            'ResourceExhausted',
            `cannot load the archive: ${entry.name.slice(0, 100)} of ${entry.size} bytes does not fit on the disk`,
          );
        const stored = await blobs.ingest(entry.content, { size: entry.size, onDigest: (digest) => hold.add(digest) });
        files.#files.set(entry.name, stored);
      } else if (entry.type === 'symlink')
        files.#links.set(entry.name, posix.join(posix.dirname(entry.name), entry.link));
      else if (entry.type === 'hardlink') files.#links.set(entry.name, entry.link.replace(/^(?:\.?\/)+/, ''));
    }
    return files;
  }

  find(name: string): ArchivedFile | undefined {
    let at = posix.normalize(name);
    for (let hops = 0; hops < 10; hops++) {
      const link = this.#links.get(at);
      if (link === undefined) return this.#files.get(at);
      at = posix.normalize(link);
    }
    return undefined;
  }

  get digests(): Digest[] {
    return [...new Set([...this.#files.values()].map(({ digest }) => digest))];
  }

  /** A file that must be there and small. */
  async readFile(name: string): Promise<Buffer> {
    const file = this.find(name);
    if (file === undefined) throw new InvalidManifest(`the archive has no ${name.slice(0, 200)}`);
    return this.#blobs.readAll(file.digest, maxConfigBytes);
  }

  async readJson(name: string): Promise<unknown> {
    const data = await this.readFile(name);
    try {
      return JSON.parse(data.toString('utf8'));
    } catch {
      throw new InvalidManifest(`${name.slice(0, 200)} in the archive is not JSON`);
    }
  }
}

/** Recognises gzip and zstd by their first bytes. */
export function compressionOf(start: Uint8Array): 'gzip' | 'zstd' | 'other' | 'none' {
  const is = (...bytes: number[]) => bytes.every((byte, i) => start[i] === byte);
  if (is(0x1f, 0x8b)) return 'gzip';
  if (is(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (is(0x42, 0x5a, 0x68) || is(0xfd, 0x37, 0x7a, 0x58, 0x5a)) return 'other';
  return 'none';
}

/** The stream, decompressed where it is gzip or zstd. */
function decompressed(source: Readable): Readable {
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  let started = false;
  const detector = new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      if (!started) {
        started = true;
        const kind = compressionOf(chunk);
        if (kind === 'other')
          return done(new InvalidManifest('the archive is compressed with bzip2 or xz; only gzip and zstd are read'));
        const decoder =
          kind === 'gzip'
            ? createGunzip({ chunkSize: 1 << 18 })
            : kind === 'zstd'
              ? createZstdDecompress({ chunkSize: 1 << 18 })
              : new PassThrough();
        pipeline(detector, decoder, output, () => {}); // an error destroys `output` with it, and its reader sees it
      }
      done(null, chunk);
    },
    flush(done) {
      if (!started) output.end();
      done();
    },
  });
  pipeline(source, detector, (error) => {
    if (error) output.destroy(error);
  });
  return output;
}
