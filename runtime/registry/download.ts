// Streaming one blob, resumed where it broke off.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Descriptor } from '../image/manifest.ts';
import { canonical, type Reference } from '../image/reference.ts';
import type { Connection } from './connection.ts';
import { RegistryError } from './errors.ts';
import type { HttpResponse } from './http.ts';
import { delayBefore, Transient } from './retry.ts';

/** Bytes after which a resumed download counts as getting on, so that the number of attempts starts again. */
const progressBytes = 1 << 18;

export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/**
 * The bytes of a blob from `start` to its end. Broken connections are continued with Range requests. Exactly as many bytes
 * come as the descriptor says, or an error; whether they are the right ones (the digest) is for the caller to check.
 */
export async function* download(
  connection: Connection,
  reference: Reference,
  descriptor: Descriptor,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const what = `pull ${canonical(reference)}`;
  let offset = start;
  let failures = 0;
  for (;;) {
    const begin = offset;
    try {
      const response = await connection.once({
        method: 'GET',
        path: `/v2/${reference.repository}/blobs/${descriptor.digest}`,
        headers: begin > 0 ? { range: `bytes=${begin}-` } : {},
        scope: pullScope(reference.repository),
        what,
        ...(signal === undefined ? {} : { signal }),
      });
      for await (const chunk of body(response, begin, descriptor, what)) {
        offset += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Transient)) throw error;
      if (offset - begin >= progressBytes) failures = 0;
      failures += 1;
      const delay = delayBefore(connection.retry, failures, error.after);
      if (delay === undefined) throw error.cause;
      await sleep(delay, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** The first byte's place in the blob: servers may ignore Range and send everything. */
function offsetOf(response: HttpResponse, start: number, what: string): number {
  if (response.status !== 206) return 0;
  const range = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1];
  if (range !== undefined && Number(range) <= start) return Number(range);
  response.body.destroy();
  throw new RegistryError(`cannot ${what}: the registry continued at another place than asked for`, response.status);
}

/** One response's bytes from `start` on. A consumer that stops early closes the connection. */
async function* body(
  response: HttpResponse,
  start: number,
  descriptor: Descriptor,
  what: string,
): AsyncGenerator<Uint8Array> {
  let skip = start - offsetOf(response, start, what);
  let offset = start;
  const chunks = response.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  response.body.on('error', () => {}); // the iterator tells it, too, while somebody reads
  try {
    for (;;) {
      const next = await chunks.next().catch((cause: unknown) => {
        // Everything came; that the server promised more is its own affair.
        if (offset === descriptor.size) return { done: true, value: undefined } as const;
        throw broken(`the connection broke after ${offset} of ${descriptor.size} bytes`, what, cause);
      });
      if (next.done === true) break;
      const fresh = next.value.subarray(skip);
      skip = Math.max(0, skip - next.value.length);
      offset += fresh.length;
      if (offset > descriptor.size)
        throw new RegistryError(
          `cannot ${what}: ${descriptor.digest} is longer than the ${descriptor.size} bytes that its manifest says`,
          0,
          'SIZE_INVALID',
        );
      if (fresh.length > 0) yield fresh;
    }
  } finally {
    response.body.destroy();
  }
  if (offset < descriptor.size) throw broken(`only ${offset} of ${descriptor.size} bytes came`, what);
}

function broken(why: string, what: string, cause?: unknown): Transient {
  return new Transient(new RegistryError(`cannot ${what}: ${why}`, 0, 'BLOB_TRUNCATED', { cause }));
}
