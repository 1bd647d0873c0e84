// The records of volumes.
import type { Database } from '../store/database.ts';

export interface VolumeEntry {
  readonly name: string;
  readonly driver: string;
  /** RFC 3339. */
  readonly created: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `type`, `device`, `o`: as mount(8) takes them. */
  readonly options: Readonly<Record<string, string>>;
  /** Made for one container without a name. */
  readonly anonymous: boolean;
}

const migrations = ['create table volumes (name text primary key, body text not null) strict, without rowid'];

export class VolumeRecords {
  readonly #database: Database;
  readonly #entries = new Map<string, VolumeEntry>();

  constructor(database: Database) {
    this.#database = database;
    database.migrate('volume', migrations);
    for (const row of database.all('select body from volumes order by name')) {
      const entry = JSON.parse(String(row.body)) as VolumeEntry; // written by add() below, and by nobody else
      this.#entries.set(entry.name, entry);
    }
  }

  add(entry: VolumeEntry): void {
    this.#database.run('insert into volumes (name, body) values (?, ?)', entry.name, JSON.stringify(entry));
    this.#entries.set(entry.name, entry);
  }

  remove(name: string): void {
    this.#database.run('delete from volumes where name = ?', name);
    this.#entries.delete(name);
  }

  get(name: string): VolumeEntry | undefined {
    return this.#entries.get(name);
  }

  all(): VolumeEntry[] {
    return [...this.#entries.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }
}
