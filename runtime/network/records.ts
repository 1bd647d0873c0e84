// The records of networks. What containers have on them is recorded with the containers.
import type { Database } from '../store/database.ts';
import type { Configuration } from './configuration.ts';
import type { PoolRecord } from './ipam.ts';

export type NetworkDriver = 'bridge' | 'host' | 'none' | 'macvlan' | 'ipvlan';

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly driver: NetworkDriver;
  /** RFC 3339. */
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly ipamDriver: string;
  readonly ipamOptions: Readonly<Record<string, string>>;
  readonly pools: readonly PoolRecord[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** bridge: its name. macvlan and ipvlan: the parent's, and whether the engine made it. */
  readonly link: string;
  readonly ownsLink: boolean;
  /** bridge, host and none: there from the beginning, and not to be removed. */
  readonly predefined: boolean;
  /** Of a network that is a configuration only. */
  readonly configuration?: Configuration;
  /** The name of the network whose configuration this one has. */
  readonly configFrom?: string;
}

const migrations = [
  'create table networks (id text primary key, name text not null unique, body text not null) strict, without rowid',
];

export class NetworkRecords {
  readonly #database: Database;
  /** All of them, by id: a machine has few. */
  readonly #records = new Map<string, NetworkRecord>();

  constructor(database: Database) {
    this.#database = database;
    database.migrate('network', migrations);
    for (const row of database.all('select body from networks')) {
      const record = JSON.parse(String(row.body)) as NetworkRecord; // written by add() below, and by nobody else
      this.#records.set(record.id, record);
    }
  }

  add(record: NetworkRecord): void {
    this.#database.run(
      'insert into networks (id, name, body) values (?, ?, ?)',
      record.id,
      record.name,
      JSON.stringify(record),
    );
    this.#records.set(record.id, record);
  }

  remove(id: string): void {
    this.#database.run('delete from networks where id = ?', id);
    this.#records.delete(id);
  }

  all(): NetworkRecord[] {
    return [...this.#records.values()];
  }

  get(id: string): NetworkRecord | undefined {
    return this.#records.get(id);
  }

  byName(name: string): NetworkRecord | undefined {
    return this.all().find((record) => record.name === name);
  }

  byPrefix(prefix: string): NetworkRecord[] {
    return this.all().filter(({ id }) => id.startsWith(prefix));
  }
}
