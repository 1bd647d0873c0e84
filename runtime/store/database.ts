// Records in SQLite (node:sqlite), WAL mode. A record changes in a transaction or not at all.
//
// Durability: `synchronous=NORMAL`. A committed transaction survives the death of the process at any moment. After a power cut the
// newest transactions may be missing, but always as a whole: the start-up repair then treats what they described
// (a directory, a mount) as left over. What a caller must not lose even then is followed by `sync()`.
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export type { StatementSync } from 'node:sqlite';

/** In WAL mode an exclusive lock is taken by the first access and held until the connection closes. */
function lock(connection: DatabaseSync, path: string): void {
  try {
    connection.exec('pragma locking_mode=exclusive; pragma journal_mode=wal; begin immediate; commit');
  } catch (error) {
    connection.close();
    if (error instanceof Error && /locked|busy/i.test(error.message))
      throw new Error(`another helper works with ${path}; talk to that one, or end it first`);
    throw error;
  }
}

/** One row as SQLite gives it; columns are checked or converted where they are read. */
export type Row = Readonly<Record<string, null | number | bigint | string | Uint8Array>>;

export class Database implements Disposable {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  /**
   * Opens or creates the file, for this process alone: it is also the engine's lock, which ends with the process. Throws
   * an Error if another helper has it.
   */
  constructor(path: string) {
    this.#connection = new DatabaseSync(path, { enableForeignKeyConstraints: true });
    lock(this.#connection, path);
    this.#connection.exec(
      ' pragma synchronous=normal; pragma temp_store=memory; pragma cache_size=-4000; pragma wal_autocheckpoint=1000',
    );
    this.#connection.exec(
      'create table if not exists schema_versions (subject text primary key, version integer not null) strict',
    );
  }

  /**
   * Brings one subject's tables (a noun's) to the newest form: steps beyond the recorded version run in order, each
   * in a transaction with its version. Steps are only ever appended.
   */
  migrate(subject: string, steps: readonly string[]): void {
    const row = this.get('select version from schema_versions where subject = ?', subject);
    const version = Number(row?.['version'] ?? 0);
    if (version > steps.length)
      throw new Error(
        `cannot open the records: "${subject}" has version ${version}, this helper knows ${steps.length}; use the newer version that wrote them`,
      );
    steps.slice(version).forEach((step, index) => {
      this.transaction(() => {
        this.#connection.exec(step);
        this.run(
          'insert into schema_versions values (?, ?) on conflict (subject) do update set version = excluded.version',
          subject,
          version + index + 1,
        );
      });
    });
  }

  /** A prepared statement; the same text gives the same one. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs a change; the number of changed rows. */
  run(sql: string, ...values: (null | number | bigint | string | Uint8Array)[]): number {
    return Number(this.statement(sql).run(...values).changes);
  }

  get(sql: string, ...values: (null | number | bigint | string | Uint8Array)[]): Row | undefined {
    return this.statement(sql).get(...values);
  }

  all(sql: string, ...values: (null | number | bigint | string | Uint8Array)[]): Row[] {
    return this.statement(sql).all(...values);
  }

  /** All of it or nothing. Transactions inside transactions join the outer one. The body is synchronous on purpose. */
  transaction<T>(body: () => T): T {
    if (this.#depth > 0) return body();
    this.#connection.exec('begin immediate');
    this.#depth += 1;
    try {
      const result = body();
      this.#connection.exec('commit');
      return result;
    } catch (error) {
      // A full disk makes SQLite roll back by itself; rolling back again would hide the first error.
      if (this.#connection.isTransaction) this.#connection.exec('rollback');
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  /** Makes everything committed so far survive a power cut. */
  sync(): void {
    this.#connection.exec('pragma wal_checkpoint(passive)');
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }
}
