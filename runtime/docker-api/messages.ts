// Streams of JSON messages: what pull, push, load and build print line by line.
import type { ServerResponse } from 'node:http';
import { isEngineError } from '../protocol/errors.ts';
import type { TransferProgress } from '../protocol/image.ts';
import type { Exchange } from './exchange.ts';
import { messageOf } from './failure.ts';

/** Bytes. */
const maxUnread = 1 << 20;

/** Writes one JSON message per line; the answer begins with the first one, so that earlier failures keep their status code. */
export class MessageWriter {
  readonly #exchange: Exchange;
  #response: ServerResponse | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  write(message: object): void {
    this.#response ??= this.#exchange.open(200, 'application/json');
    this.#response.write(`${JSON.stringify(message)}\r\n`);
  }

  fail(message: string, detail: { readonly code?: number } = {}): void {
    this.write({ errorDetail: { ...detail, message }, error: message });
  }

  /** Runs the work; a failure after the first message becomes the last message. */
  async run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#response === undefined) throw error;
      const code = isEngineError(error, 'RuntimeFailed') ? error.details?.['ExitCode'] : undefined;
      // The client of the classic builder ends with this code.
      this.fail(messageOf(error), typeof code === 'number' ? { code } : {});
    }
    this.#response ??= this.#exchange.open(200, 'application/json');
    this.#response.end();
  }

  /** A line of Docker's progress display. Figures are left out for a client that does not read: they would only pile up. */
  transfer({ Id, Status, Current, Total }: TransferProgress): void {
    const hasFigures = Current !== undefined && Total !== undefined && Total > 0;
    if (hasFigures && (this.#response?.writableLength ?? 0) > maxUnread) return;
    this.write({
      status: Status,
      ...(Id === undefined ? {} : { progressDetail: hasFigures ? { current: Current, total: Total } : {} }),
      ...(hasFigures ? { progress: progressBar(Current, Total) } : {}),
      ...(Id === undefined ? {} : { id: Id }),
    });
  }
}

/** Docker's own bar: fifty cells, the figures in decimal units right of it. */
function progressBar(current: number, total: number): string {
  const done = Math.min(50, Math.floor((current / total) * 50));
  const bar = done >= 50 ? '='.repeat(50) : `${'='.repeat(done)}>${' '.repeat(49 - done)}`;
  return `[${bar}]  ${bytes(current).padStart(7)}/${bytes(total)}`;
}

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
