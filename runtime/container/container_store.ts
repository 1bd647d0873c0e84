// The containers' records: in SQLite, and in memory for reading. Memory follows the database, never the other way round.
import { EngineError } from '../protocol/errors.ts';
import type { Database } from '../store/database.ts';
import { Container } from './container.ts';
import type { ContainerRecord } from './record.ts';

const steps = [
  'create table containers (id text primary key, name text not null unique, record text not null) strict, without rowid',
];

export class ContainerStore {
  readonly #database: Database;
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();
  #sorted: readonly Container[] | undefined;

  constructor(database: Database) {
    this.#database = database;
    database.migrate('containers', steps);
    for (const row of database.all('select record from containers')) {
      // Written by save() below in this or an earlier version; migrations keep the form.
      const record = JSON.parse(String(row['record'])) as ContainerRecord;
      this.#remember(new Container(record));
    }
  }

  /** Newest first. */
  all(): readonly Container[] {
    this.#sorted ??= [...this.#byId.values()].sort((a, b) => (a.record.created < b.record.created ? 1 : -1));
    return this.#sorted;
  }

  values(): IterableIterator<Container> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  byName(name: string): Container | undefined {
    return this.#byName.get(name);
  }

  /** By id, name, or an id prefix that only one has. Throws `NotFound`, or `InvalidArgument` for an ambiguous prefix. */
  find(ref: string): Container {
    const exact = this.#byId.get(ref) ?? this.#byName.get(ref.startsWith('/') ? ref.slice(1) : ref);
    if (exact !== undefined) return exact;
    if (/^[0-9a-f]+$/.test(ref)) {
      const matches: Container[] = [];
      for (const container of this.#byId.values()) if (container.id.startsWith(ref)) matches.push(container);
      if (matches.length > 1)
        throw new EngineError('InvalidArgument', `Multiple IDs found with provided prefix: ${ref}`);
      if (matches[0] !== undefined) return matches[0];
    }
    throw new EngineError('NotFound', `No such container: ${ref}`);
  }

  /** Throws `AlreadyExists`. */
  insert(record: ContainerRecord): Container {
    this.assertNameFree(record.name);
    this.#database.run('insert into containers values (?, ?, ?)', record.id, record.name, JSON.stringify(record));
    const container = new Container(record);
    this.#remember(container);
    return container;
  }

  assertNameFree(name: string): void {
    const holder = this.#byName.get(name);
    if (holder !== undefined)
      throw new EngineError(
        'AlreadyExists',
        `Conflict. The container name "/${name}" is already in use by container "${holder.id}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
  }

  save({ record }: Container): void {
    this.#database.run('update containers set record = ? where id = ?', JSON.stringify(record), record.id);
  }

  rename(container: Container, name: string): void {
    this.assertNameFree(name);
    const { record } = container;
    const changed = { ...record, name };
    this.#database.run(
      'update containers set name = ?, record = ? where id = ?',
      name,
      JSON.stringify(changed),
      record.id,
    );
    this.#byName.delete(record.name);
    record.name = name;
    this.#byName.set(name, container);
  }

  delete({ record }: Container): void {
    this.#database.run('delete from containers where id = ?', record.id);
    this.#byId.delete(record.id);
    this.#byName.delete(record.name);
    this.#sorted = undefined;
  }

  #remember(container: Container): void {
    this.#byId.set(container.id, container);
    this.#byName.set(container.record.name, container);
    this.#sorted = undefined;
  }
}
