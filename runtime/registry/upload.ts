// Pushing content: blobs (mounted from another repository where possible) and manifests.
import type { Descriptor } from '../image/manifest.ts';
import { canonical, type Reference } from '../image/reference.ts';
import { type Digest, isDigest } from '../store/digest.ts';
import type { RegistryClient } from './client.ts';
import type { Connection, RegistryRequest } from './connection.ts';
import { RegistryError } from './errors.ts';
import { discardBody } from './http.ts';
import { retrying, Transient } from './retry.ts';

export interface BlobSource {
  /** Reads the blob from byte `start`, in chunks of any size. */
  read(start: number): AsyncIterable<Uint8Array>;
}

export type BlobOutcome = 'exists' | 'mounted' | 'pushed';

/** Large enough to be quick, small enough that a broken connection costs little and memory stays bounded. */
const chunkBytes = 8 << 20;

export class Upload {
  readonly #client: RegistryClient;
  readonly #reference: Reference;
  readonly #signal: AbortSignal | undefined;

  constructor(client: RegistryClient, reference: Reference, signal?: AbortSignal) {
    this.#client = client;
    this.#reference = reference;
    this.#signal = signal;
  }

  #request(
    request: Pick<RegistryRequest, 'method' | 'path' | 'headers' | 'body' | 'accept'>,
    mountFrom?: string,
  ): RegistryRequest {
    const { repository } = this.#reference;
    const scopes = [
      `repository:${repository}:pull,push`,
      ...(mountFrom === undefined ? [] : [`repository:${mountFrom}:pull`]),
    ];
    return {
      ...request,
      scope: scopes.join(' '),
      what: `push ${canonical(this.#reference)}`,
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    };
  }

  #connection(): Promise<Connection> {
    return this.#client.origin(this.#reference.registry);
  }

  async exists(digest: Digest): Promise<boolean> {
    const connection = await this.#connection();
    const path = `/v2/${this.#reference.repository}/blobs/${digest}`;
    return connection.request(this.#request({ method: 'HEAD', path, accept: [404] }), async (response) => {
      discardBody(response);
      return response.status !== 404;
    });
  }

  /**
   * Makes sure that the repository has the blob. `mountFrom` names repositories of the same registry that are known to
   * have it. `onProgress` gets the bytes that have been accepted so far.
   */
  async blob(
    descriptor: Descriptor,
    source: BlobSource,
    mountFrom: readonly string[],
    onProgress: (sent: number) => void,
  ): Promise<BlobOutcome> {
    if (await this.exists(descriptor.digest)) return 'exists';
    let location: string | undefined;
    for (const from of mountFrom) {
      const answer = await this.#start(descriptor.digest, from);
      if (answer === 'mounted') return 'mounted';
      // A refused mount is an upload that has begun.
      location = answer;
    }
    const connection = await this.#connection();
    await retrying(connection.retry, this.#signal, async (progressed) => {
      location ??= (await this.#start(descriptor.digest)) as string; // without a mount it is always a location
      const begun = location;
      location = undefined; // after a failure a new upload is begun: not every registry can tell where it stands
      await this.#send(connection, begun, descriptor, source, onProgress, progressed);
    });
    return 'pushed';
  }

  async #start(digest: Digest, mountFrom?: string): Promise<'mounted' | string> {
    const connection = await this.#connection();
    const query =
      mountFrom === undefined ? '' : `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(mountFrom)}`;
    const path = `/v2/${this.#reference.repository}/blobs/uploads/${query}`;
    return connection.request(
      this.#request({ method: 'POST', path, headers: { 'content-length': '0' } }, mountFrom),
      async (response) => {
        discardBody(response);
        if (response.status === 201) return 'mounted';
        return this.#location(response.headers.location);
      },
    );
  }

  #location(header: string | undefined): string {
    if (header !== undefined) return header;
    throw new RegistryError(
      `cannot push ${canonical(this.#reference)}: the registry does not say where to upload to`,
      0,
    );
  }

  /** Where the registry wants the next bytes. To another host they go without the token (see Connection). */
  async #uploadUrl(connection: Connection, location: string): Promise<URL> {
    const home = await connection.resolve('/');
    const url = new URL(location, home);
    // Behind a TLS proxy registries tend to name themselves http: keep the scheme that we came with.
    if (url.host === home.host) url.protocol = home.protocol;
    if (url.protocol === 'https:' || url.protocol === home.protocol) return url;
    throw new RegistryError(
      `cannot push ${canonical(this.#reference)}: the registry wants the upload at ${url.origin}, which is not https`,
      0,
    );
  }

  async #send(
    connection: Connection,
    location: string,
    descriptor: Descriptor,
    source: BlobSource,
    onProgress: (sent: number) => void,
    progressed: () => void,
  ): Promise<void> {
    let next = location;
    let sent = 0;
    for await (const chunk of rechunk(source.read(0), chunkBytes)) {
      const headers = {
        'content-type': 'application/octet-stream',
        'content-length': String(chunk.length),
        'content-range': `${sent}-${sent + chunk.length - 1}`,
      };
      const url = await this.#uploadUrl(connection, next);
      const response = await connection.once(this.#request({ method: 'PATCH', path: url, headers, body: chunk }));
      discardBody(response);
      next = this.#location(response.headers.location);
      sent += chunk.length;
      onProgress(sent);
      if (sent >= chunkBytes) progressed();
    }
    const url = await this.#uploadUrl(connection, next);
    url.searchParams.set('digest', descriptor.digest);
    const response = await connection.once(
      this.#request({ method: 'PUT', path: url, headers: { 'content-length': '0' }, accept: [404] }),
    );
    discardBody(response);
    if (response.status === 404)
      throw new Transient(
        new RegistryError(`cannot push ${canonical(this.#reference)}: the registry lost the upload`, 404),
      );
  }

  /** Stores a manifest under `selector` (a tag or its digest) and answers the digest that the registry gave it. */
  async manifest(data: Uint8Array, mediaType: string, selector: string, digest: Digest): Promise<void> {
    const connection = await this.#connection();
    const path = `/v2/${this.#reference.repository}/manifests/${selector}`;
    const headers = { 'content-type': mediaType, 'content-length': String(data.length) };
    await connection.request(this.#request({ method: 'PUT', path, headers, body: data }), async (response) => {
      discardBody(response);
      const given = response.headers['docker-content-digest'];
      if (isDigest(given) && given !== digest)
        throw new RegistryError(
          `cannot push ${canonical(this.#reference)}: the registry stored ${given} instead of ${digest}`,
          0,
        );
    });
  }
}

async function* rechunk(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    pending.push(chunk);
    length += chunk.length;
    if (length < size) continue;
    yield Buffer.concat(pending);
    [pending, length] = [[], 0];
  }
  if (length > 0) yield Buffer.concat(pending);
}
