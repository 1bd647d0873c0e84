// What the engine asks of registries, by the OCI distribution specification 1.1. A client lives for one operation (a pull,
// a push): the tokens that it gathers go with it.

import { type Descriptor, isIndexType, manifestAccept, maxManifestBytes } from '../image/manifest.ts';
import { canonical, type Reference } from '../image/reference.ts';
import { type Digest, digestOf, isDigest } from '../store/digest.ts';
import { Connection } from './connection.ts';
import { type CredentialSource, noCredentials } from './credentials.ts';
import { download, pullScope } from './download.ts';
import { RegistryError } from './errors.ts';
import { endpointsFor, type RegistrySettings } from './hosts.ts';
import { discardBody, HttpClient, type HttpResponse, readBody } from './http.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry.ts';

export interface FetchedManifest {
  readonly data: Buffer;
  readonly digest: Digest;
  /** The Content-Type that it came with. */
  readonly mediaType: string | undefined;
  /** When it was put there, where the registry tells. */
  readonly lastModified: string | undefined;
}

export interface RegistryClientOptions {
  readonly settings?: RegistrySettings;
  readonly credentials?: CredentialSource;
  readonly retry?: RetryPolicy;
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly idleTimeout?: number;
}

export class RegistryClient implements Disposable {
  readonly #http = new HttpClient();
  readonly #options: RegistryClientOptions;
  readonly #connections = new Map<string, Promise<Connection[]>>();

  constructor(options: RegistryClientOptions = {}) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  /** A request without credentials to a public server that is no registry. */
  plain(url: URL, signal: AbortSignal): Promise<HttpResponse> {
    return this.#http.send({ method: 'GET', url, reach: 'public', signal });
  }

  #connectionsOf(registry: string): Promise<Connection[]> {
    let connections = this.#connections.get(registry);
    if (connections === undefined) {
      connections = this.#open(registry);
      this.#connections.set(registry, connections);
    }
    return connections;
  }

  async #open(registry: string): Promise<Connection[]> {
    const {
      settings = {},
      credentials = noCredentials,
      retry = defaultRetryPolicy,
      idleTimeout = 60_000,
    } = this.#options;
    const endpoints = await endpointsFor(registry, settings);
    return endpoints.map((endpoint) => new Connection({ http: this.#http, endpoint, credentials, retry, idleTimeout }));
  }

  /** Reads from the first server that can answer: mirrors, then the registry itself. */
  async #reading<T>(
    registry: string,
    signal: AbortSignal | undefined,
    task: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    for (const connection of await this.#connectionsOf(registry)) {
      try {
        return await task(connection);
      } catch (error) {
        signal?.throwIfAborted();
        // A mirror may lack the image or be down; what it answers is never the last word.
        if (!connection.endpoint.mirror) throw error;
      }
    }
    throw new RegistryError(`cannot reach ${registry}: no server is configured for it`, 0);
  }

  /** The registry itself, for writing. */
  async origin(registry: string): Promise<Connection> {
    const connection = (await this.#connectionsOf(registry)).at(-1);
    if (connection === undefined)
      throw new RegistryError(`cannot reach ${registry}: no server is configured for it`, 0);
    return connection;
  }

  /** A manifest or index, its digest verified against the one asked for and the one that the registry claims. */
  async manifest(reference: Reference, selector: string, signal?: AbortSignal): Promise<FetchedManifest> {
    const what = `pull ${canonical(reference)}`;
    return this.#reading(reference.registry, signal, (connection) =>
      connection.request(
        {
          method: 'GET',
          path: `/v2/${reference.repository}/manifests/${selector}`,
          headers: { accept: manifestAccept },
          scope: pullScope(reference.repository),
          what,
          ...(signal === undefined ? {} : { signal }),
        },
        async (response) => {
          const data = await readBody(response, maxManifestBytes, `the manifest of ${canonical(reference)}`);
          const digest = digestOf(data);
          checkManifestDigest(digest, selector, response, what);
          const { 'content-type': mediaType, 'last-modified': lastModified } = response.headers;
          return { data, digest, mediaType, lastModified };
        },
      ),
    );
  }

  /** The digest, type and size of a manifest without its content; undefined where it does not exist. */
  async head(reference: Reference, selector: string, signal?: AbortSignal): Promise<Descriptor | undefined> {
    return this.#reading(reference.registry, signal, (connection) =>
      connection.request(
        {
          method: 'HEAD',
          path: `/v2/${reference.repository}/manifests/${selector}`,
          headers: { accept: manifestAccept },
          scope: pullScope(reference.repository),
          what: `look up ${canonical(reference)}`,
          accept: [404],
          ...(signal === undefined ? {} : { signal }),
        },
        async (response) => {
          discardBody(response);
          const digest = response.headers['docker-content-digest'];
          if (response.status === 404 || !isDigest(digest)) return undefined;
          const size = Number(response.headers['content-length'] ?? 0);
          return { digest, size, mediaType: response.headers['content-type'] ?? '' };
        },
      ),
    );
  }

  /** A small blob as a whole: an image config. */
  async blob(reference: Reference, descriptor: Descriptor, limit: number, signal?: AbortSignal): Promise<Buffer> {
    if (descriptor.size > limit)
      throw new RegistryError(
        `cannot pull ${canonical(reference)}: its config of ${descriptor.size} bytes is too large`,
        0,
      );
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.download(reference, descriptor, 0, signal)) chunks.push(chunk);
    const data = Buffer.concat(chunks);
    if (digestOf(data) !== descriptor.digest)
      throw new RegistryError(
        `cannot pull ${canonical(reference)}: ${descriptor.digest} came with other content than its digest says`,
        0,
      );
    return data;
  }

  /**
   * The bytes of a blob from `start` on; see `download`. Where a mirror fails in the middle, the next server continues.
   */
  async *download(
    reference: Reference,
    descriptor: Descriptor,
    start: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    let offset = start;
    for (const connection of await this.#connectionsOf(reference.registry)) {
      try {
        for await (const chunk of download(connection, reference, descriptor, offset, signal)) {
          offset += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (!connection.endpoint.mirror) throw error;
      }
    }
  }
}

function checkManifestDigest(actual: Digest, selector: string, response: HttpResponse, what: string): void {
  const claimed = response.headers['docker-content-digest'];
  const expected = isDigest(selector) ? selector : isDigest(claimed) ? claimed : undefined;
  if (expected !== undefined && expected !== actual)
    throw new RegistryError(
      `cannot ${what}: the manifest that came has digest ${actual}, not ${expected} as it should`,
      0,
      'MANIFEST_INVALID',
    );
}

/** Whether a descriptor in an index may be an image for a platform (and not an attestation or a nested artifact). */
export function isImageEntry(descriptor: Descriptor): boolean {
  return (
    !isIndexType(descriptor.mediaType) &&
    descriptor.annotations?.['vnd.docker.reference.type'] !== 'attestation-manifest'
  );
}
