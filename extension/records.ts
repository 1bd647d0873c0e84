// The rows that the views show: listed once after connecting, then kept true by the engine's events, one row at a time.
import * as vscode from 'vscode';
import type { ContainerSummary } from '../runtime/protocol/container_views.ts';
import type { EngineEvent } from '../runtime/protocol/event.ts';
import type { ImageSummary } from '../runtime/protocol/image.ts';
import type { Network } from '../runtime/protocol/network.ts';
import type { Volume } from '../runtime/protocol/volume.ts';

export interface RecordTypes {
  container: ContainerSummary;
  image: ImageSummary;
  network: Network;
  volume: Volume;
}
export type RecordKind = keyof RecordTypes;

/** What changed: one row (`id`), or which rows there are at all (no `id`). */
export interface RecordChange {
  kind: RecordKind;
  id?: string;
}

const kinds: readonly RecordKind[] = ['container', 'image', 'network', 'volume'];

/** Holds nothing that the engine doesn't; empty while there is no connection. */
export class Records implements vscode.Disposable {
  readonly #rows: { [K in RecordKind]: Map<string, RecordTypes[K]> } = {
    container: new Map(),
    image: new Map(),
    network: new Map(),
    volume: new Map(),
  };
  readonly #changed = new vscode.EventEmitter<RecordChange>();
  readonly onDidChange = this.#changed.event;

  all<K extends RecordKind>(kind: K): RecordTypes[K][] {
    return [...this.#rows[kind].values()];
  }

  get<K extends RecordKind>(kind: K, id: string): RecordTypes[K] | undefined {
    return this.#rows[kind].get(id);
  }

  /** Replaces every row of a kind, as after connecting. */
  replace<K extends RecordKind>(kind: K, records: readonly RecordTypes[K][]): void {
    const rows = this.#rows[kind];
    rows.clear();
    for (const record of records) rows.set(recordId(kind, record), record);
    this.#changed.fire({ kind });
  }

  clear(): void {
    for (const kind of kinds) this.replace(kind, []);
  }

  /** Takes one event in: its record is the row as it is now, null where it is gone. */
  apply(event: EngineEvent): void {
    const kind = kinds.find((known) => known === event.Type);
    if (kind === undefined || event.Record === undefined) return;
    const id = event.Actor.ID;
    if (event.Record === null) {
      if (this.#rows[kind].delete(id)) this.#changed.fire({ kind });
      return;
    }
    // The protocol ties the record's type to the event's; the checker can't follow that through a union.
    const rows = this.#rows[kind] as Map<string, RecordTypes[RecordKind]>;
    const isNew = !rows.has(id);
    rows.set(id, event.Record);
    this.#changed.fire(isNew ? { kind } : { kind, id });
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** By what the engine's events name a record. */
export function recordId<K extends RecordKind>(kind: K, record: RecordTypes[K]): string {
  return kind === 'volume' ? (record as Volume).Name : (record as Exclude<RecordTypes[RecordKind], Volume>).Id;
}
