// The records of images: what there is, how it is called, and where its blobs are known to be.
import type { Database, Row } from '../store/database.ts';
import type { Digest } from '../store/digest.ts';
import type { Descriptor } from './manifest.ts';

export interface ImageRecord {
  /** Digest of the config. */
  readonly id: Digest;
  readonly manifest: Digest;
  readonly mediaType: string;
  readonly config: Digest;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly Digest[];
  /** Bottom first, one for each layer. */
  readonly chainIds: readonly Digest[];
  readonly parent: Digest | undefined;
  /** Milliseconds since the epoch, by the config. */
  readonly created: number;
  /** Milliseconds since the epoch when it came here. */
  readonly stored: number;
  /** Bytes, unpacked. */
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ImageName {
  /** `docker.io/library/busybox:latest`. */
  readonly name: string;
  readonly image: Digest;
  /** Milliseconds since the epoch. */
  readonly tagged: number;
}

export interface RepositoryDigest {
  /** `docker.io/library/busybox`. */
  readonly repository: string;
  readonly digest: Digest;
  readonly image: Digest;
}

const migrations = [
  `create table images (
     id text primary key,
     body text not null,
     created integer not null
   ) strict, without rowid;
   create table image_names (
     name text primary key,
     image text not null references images (id) on delete cascade,
     tagged integer not null
   ) strict, without rowid;
   create index image_names_image on image_names (image);
   create table image_digests (
     repository text not null,
     digest text not null,
     image text not null references images (id) on delete cascade,
     primary key (repository, digest)
   ) strict, without rowid;
   create index image_digests_image on image_digests (image);
   create table blob_sources (
     digest text not null,
     repository text not null,
     primary key (digest, repository)
   ) strict, without rowid;
   create table compressed_layers (
     diff_id text primary key,
     descriptor text not null
   ) strict, without rowid;`,
];

export class ImageRecords {
  readonly #database: Database;
  /** Bodies by id: parsed once. SQLite has them all; this only saves work. */
  readonly #cache = new Map<string, ImageRecord>();

  constructor(database: Database) {
    this.#database = database;
    database.migrate('image', migrations);
  }

  transaction<T>(body: () => T): T {
    return this.#database.transaction(body);
  }

  #read(row: Row): ImageRecord {
    const id = String(row.id);
    const known = this.#cache.get(id);
    if (known !== undefined) return known;
    const record = JSON.parse(String(row.body)) as ImageRecord; // written by put() below, and by nobody else
    this.#cache.set(id, record);
    return record;
  }

  put(record: ImageRecord): void {
    this.#cache.delete(record.id);
    this.#database.run(
      'insert into images (id, body, created) values (?, ?, ?) on conflict (id) do update set body = excluded.body',
      record.id,
      JSON.stringify(record),
      record.created,
    );
  }

  get(id: Digest): ImageRecord | undefined {
    const row = this.#database.get('select id, body from images where id = ?', id);
    return row === undefined ? undefined : this.#read(row);
  }

  /** Newest first. */
  all(): ImageRecord[] {
    return this.#database.all('select id, body from images order by created desc, id').map((row) => this.#read(row));
  }

  /** At most two, which is enough to know that a prefix is ambiguous. */
  byPrefix(hex: string): ImageRecord[] {
    const from = `sha256:${hex}`;
    const rows = this.#database.all('select id, body from images where id >= ? and id < ? limit 2', from, `${from}g`);
    return rows.map((row) => this.#read(row));
  }

  remove(id: Digest): void {
    this.#cache.delete(id);
    this.#database.run('delete from images where id = ?', id);
  }

  /** Points a name at an image; answers the one that it pointed at before. */
  setName(name: string, image: Digest, tagged: number): Digest | undefined {
    const before = this.nameTarget(name);
    this.#database.run(
      'insert into image_names (name, image, tagged) values (?, ?, ?) on conflict (name) do update set image = excluded.image, tagged = excluded.tagged',
      name,
      image,
      tagged,
    );
    return before;
  }

  nameTarget(name: string): Digest | undefined {
    return this.#database.get('select image from image_names where name = ?', name)?.image as Digest | undefined;
  }

  removeName(name: string): boolean {
    return this.#database.run('delete from image_names where name = ?', name) > 0;
  }

  names(image?: Digest): ImageName[] {
    const rows =
      image === undefined
        ? this.#database.all('select name, image, tagged from image_names order by name')
        : this.#database.all('select name, image, tagged from image_names where image = ? order by name', image);
    return rows as unknown as ImageName[]; // the columns are the fields
  }

  addDigest(repository: string, digest: Digest, image: Digest): void {
    this.#database.run(
      'insert or replace into image_digests (repository, digest, image) values (?, ?, ?)',
      repository,
      digest,
      image,
    );
  }

  digestTarget(repository: string, digest: Digest): Digest | undefined {
    const row = this.#database.get(
      'select image from image_digests where repository = ? and digest = ?',
      repository,
      digest,
    );
    return row?.image as Digest | undefined;
  }

  removeDigest(repository: string, digest: Digest): boolean {
    return this.#database.run('delete from image_digests where repository = ? and digest = ?', repository, digest) > 0;
  }

  digests(image?: Digest): RepositoryDigest[] {
    const rows =
      image === undefined
        ? this.#database.all('select repository, digest, image from image_digests order by repository, digest')
        : this.#database.all(
            'select repository, digest, image from image_digests where image = ? order by repository, digest',
            image,
          );
    return rows as unknown as RepositoryDigest[]; // the columns are the fields
  }

  /** Remembers that a registry's repository (`host/path`) has a blob, for cross-repository mounts. */
  addBlobSource(digest: Digest, repository: string): void {
    this.#database.run('insert or ignore into blob_sources (digest, repository) values (?, ?)', digest, repository);
  }

  blobSources(digest: Digest): string[] {
    return this.#database
      .all('select repository from blob_sources where digest = ?', digest)
      .map((row) => String(row.repository));
  }

  /** The compressed form of an uncompressed layer, made for a push. */
  compressedLayer(diffId: Digest): Descriptor | undefined {
    const row = this.#database.get('select descriptor from compressed_layers where diff_id = ?', diffId);
    return row === undefined ? undefined : (JSON.parse(String(row.descriptor)) as Descriptor);
  }

  setCompressedLayer(diffId: Digest, descriptor: Descriptor): void {
    this.#database.run(
      'insert or replace into compressed_layers (diff_id, descriptor) values (?, ?)',
      diffId,
      JSON.stringify(descriptor),
    );
  }

  /** What the records say is needed: every blob and every layer of every image. */
  roots(): { blobs: Set<Digest>; chains: Set<Digest> } {
    const blobs = new Set<Digest>();
    const chains = new Set<Digest>();
    for (const record of this.all()) {
      blobs.add(record.manifest).add(record.config);
      for (const layer of record.layers) blobs.add(layer.digest);
      for (const chainId of record.chainIds) chains.add(chainId);
      for (const diffId of record.diffIds) {
        const compressed = this.compressedLayer(diffId);
        if (compressed !== undefined) blobs.add(compressed.digest);
      }
    }
    return { blobs, chains };
  }

  /** Forgets what is known about blobs that are no more. */
  forgetBlobs(kept: ReadonlySet<Digest>): void {
    for (const row of this.#database.all('select distinct digest from blob_sources'))
      if (!kept.has(row.digest as Digest))
        this.#database.run('delete from blob_sources where digest = ?', row.digest as string);
    for (const row of this.#database.all('select diff_id, descriptor from compressed_layers')) {
      const { digest } = JSON.parse(String(row.descriptor)) as Descriptor;
      if (!kept.has(digest)) this.#database.run('delete from compressed_layers where diff_id = ?', String(row.diff_id));
    }
  }
}
