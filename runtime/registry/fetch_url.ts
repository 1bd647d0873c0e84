// What a person names by an http(s) address, fetched: build contexts, and archives to import.
import { Readable } from 'node:stream';
import { EngineError } from '../protocol/errors.ts';

/**
 * @param what for the error: "the context"
 * @throws EngineError NotFound and Unavailable, naming the address and why; the signal's reason
 */
export async function fetchUrl(url: string, what: string, signal: AbortSignal): Promise<Readable> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    const { cause = error } = error instanceof Error ? error : {};
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('Unavailable', `cannot fetch ${what} ${url}: ${why}`);
  });
  if (!response.ok || response.body === null)
    throw new EngineError(
      response.status === 404 ? 'NotFound' : 'Unavailable',
      `cannot fetch ${what} ${url}: status ${response.status}`,
    );
  return Readable.from(response.body);
}
