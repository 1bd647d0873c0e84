// What a person names by an http(s) address, fetched: files of ADD, build contexts, and archives to import.
import { Readable } from 'node:stream';
import { EngineError } from '../protocol/errors.ts';

/**
 * @param failure how the error begins, before the address: "cannot fetch the context"
 * @throws EngineError NotFound and Unavailable, naming the address and why; the signal's reason
 */
export async function fetchUrl(
  url: string,
  failure: string,
  signal: AbortSignal,
): Promise<{ response: Response; body: Readable }> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    const { cause = error } = error instanceof Error ? error : {};
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('Unavailable', `${failure} ${url}: ${why}`);
  });
  if (!response.ok || response.body === null)
    throw new EngineError(
      response.status === 404 ? 'NotFound' : 'Unavailable',
      `${failure} ${url}: invalid response status ${response.status}`,
    );
  return { response, body: Readable.from(response.body) };
}
