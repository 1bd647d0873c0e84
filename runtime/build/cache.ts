// The build cache's records: which step, with which inputs, made which layer. Layers and blobs lie in the image store; the cache
// keeps them from being collected. Bounded: what was used longest ago goes first.

import type { StoredLayer } from '../image/commit.ts';
import type { Database, Row } from '../store/database.ts';
import type { Digest } from '../store/digest.ts';
import { Holds } from '../store/holds.ts';

export interface CacheRecord {
  readonly key: Digest;
  readonly layer: StoredLayer;
  readonly chainId: Digest;
  /** Of the layers below. */
  readonly parent: Digest | undefined;
  /** Bytes, unpacked. */
  readonly size: number;
  /** Milliseconds that making it took. */
  readonly duration: number;
  readonly description: string;
  readonly kind: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly used: number;
  readonly uses: number;
}

/** What a step looked like when it was last built, to say what is different now. No secrets: only names and digests. */
export interface StepInputs {
  readonly text: string;
  readonly args: Readonly<Record<string, string>>;
  /** Path → digest of its content and metadata. */
  readonly files: Readonly<Record<string, string>>;
}

const migrations = [
  `create table build_cache (
     key text primary key,
     body text not null,
     used integer not null
   ) strict, without rowid;
   create table build_steps (
     place text primary key,
     inputs text not null,
     key text not null
   ) strict, without rowid;`,
];

export class BuildCache {
  readonly #database: Database;
  /** Keys that builds stand on: pruning leaves them. */
  readonly holds = new Holds();

  constructor(database: Database) {
    this.#database = database;
    database.migrate('build', migrations);
  }

  get(key: Digest): CacheRecord | undefined {
    const row = this.#database.get('select body, used from build_cache where key = ?', key);
    return row === undefined ? undefined : read(row);
  }

  put(record: CacheRecord): void {
    this.#database.run(
      'insert or replace into build_cache (key, body, used) values (?, ?, ?)',
      record.key,
      JSON.stringify(record),
      record.used,
    );
  }

  /** Notes that a record served a build. */
  touch(record: CacheRecord, now: number): void {
    this.put({ ...record, used: now, uses: record.uses + 1 });
  }

  remove(key: Digest): void {
    this.#database.run('delete from build_cache where key = ?', key);
  }

  /** The one unused longest first. */
  all(): CacheRecord[] {
    return this.#database.all('select body, used from build_cache order by used').map(read);
  }

  /** What the image store must keep for the cache. */
  roots(): { blobs: Set<Digest>; chains: Set<Digest> } {
    const blobs = new Set<Digest>();
    const chains = new Set<Digest>();
    for (const { layer, chainId } of this.all()) {
      blobs.add(layer.descriptor.digest);
      chains.add(chainId);
    }
    return { blobs, chains };
  }

  lastInputs(place: string): StepInputs | undefined {
    const row = this.#database.get('select inputs from build_steps where place = ?', place);
    return row === undefined ? undefined : (JSON.parse(String(row.inputs)) as StepInputs); // written by remember() below
  }

  lastKey(place: string): Digest | undefined {
    return this.#database.get('select key from build_steps where place = ?', place)?.key as Digest | undefined;
  }

  remember(place: string, key: Digest, inputs: StepInputs): void {
    this.#database.run(
      'insert or replace into build_steps (place, inputs, key) values (?, ?, ?)',
      place,
      JSON.stringify(inputs),
      key,
    );
  }
}

function read(row: Row): CacheRecord {
  return JSON.parse(String(row.body)) as CacheRecord; // written by put() above, and by nobody else
}
