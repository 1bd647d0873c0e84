// Requests to one endpoint of a registry: authentication, redirects and retries around single HTTP exchanges.
import { ForbiddenAddress, type Reach, reachOf } from './addresses.ts';
import { Authenticator } from './auth.ts';
import type { CredentialSource } from './credentials.ts';
import { RegistryError, refusal } from './errors.ts';
import type { Endpoint } from './hosts.ts';
import { discardBody, type HttpClient, type HttpRequest, type HttpResponse } from './http.ts';
import { isTransientStatus, type RetryPolicy, retryAfter, retrying, Transient } from './retry.ts';

export interface RegistryRequest {
  readonly method: HttpRequest['method'];
  /** Below the endpoint (`/v2/…`), or a whole URL of the same endpoint that the registry gave us (uploads). */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** `repository:library/busybox:pull`; several are separated by blanks. */
  readonly scope: string;
  /** For messages: `pull busybox:latest`. */
  readonly what: string;
  /** Statuses that the caller handles besides 2xx. */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal;
}

export interface ConnectionOptions {
  readonly http: HttpClient;
  readonly endpoint: Endpoint;
  readonly credentials: CredentialSource;
  readonly retry: RetryPolicy;
  readonly idleTimeout: number;
}

const maxRedirects = 5;

export class Connection {
  readonly endpoint: Endpoint;
  readonly retry: RetryPolicy;
  readonly #options: ConnectionOptions;
  #base: Promise<{ url: URL; reach: Reach; auth: Authenticator }> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.endpoint = options.endpoint;
    this.retry = options.retry;
  }

  /** Finds out once which of the base URLs answers (https before http) and how far inside it lies. */
  #connect(signal: AbortSignal | undefined): Promise<{ url: URL; reach: Reach; auth: Authenticator }> {
    this.#base ??= this.#probe(signal).catch((error: unknown) => {
      this.#base = undefined;
      throw error;
    });
    return this.#base;
  }

  async #probe(signal: AbortSignal | undefined) {
    const { http, endpoint, credentials, idleTimeout } = this.#options;
    let last: unknown;
    for (const url of endpoint.urls) {
      try {
        const probe = {
          method: 'GET' as const,
          url: new URL(`${url.href.replace(/\/$/, '')}/v2/`),
          tls: endpoint.tls,
          idleTimeout,
        };
        discardBody(await http.send({ ...probe, ...(signal === undefined ? {} : { signal }) }));
        const reach = await reachOf(url.hostname);
        return {
          url,
          reach,
          auth: new Authenticator({ http, name: endpoint.name, endpoint: url, tls: endpoint.tls, reach, credentials }),
        };
      } catch (error) {
        signal?.throwIfAborted();
        last = error;
      }
    }
    // A server that can't be reached at the first attempt is down or misspelt: the user should know at once.
    if (last instanceof Error && 'code' in last && last.code === 'ECONNREFUSED') {
      const why = `cannot reach the registry ${endpoint.name}: it refuses connections; check the port and that the registry runs`;
      throw new RegistryError(why, 0, 'ECONNREFUSED', { cause: last });
    }
    throw last;
  }

  /** The full URL of a path below the endpoint, or of what the registry named in a Location header. */
  async resolve(location: string | URL, signal?: AbortSignal): Promise<URL> {
    const { url } = await this.#connect(signal);
    return typeof location === 'string' && location.startsWith('/')
      ? new URL(`${url.pathname.replace(/\/$/, '')}${location}`, url)
      : new URL(location, url);
  }

  /** Like `once`, with retries. For requests whose answer is taken as a whole by `read`. */
  request<T>(request: RegistryRequest, read: (response: HttpResponse) => Promise<T>): Promise<T> {
    return retrying(this.retry, request.signal, async () => read(await this.once(request)));
  }

  /** One attempt. Throws `RegistryError`, wrapped in `Transient` where trying again makes sense. */
  async once(request: RegistryRequest): Promise<HttpResponse> {
    try {
      return await this.#attempt(request);
    } catch (error) {
      if (
        !(error instanceof Error) ||
        [RegistryError, Transient, ForbiddenAddress].some((known) => error instanceof known)
      )
        throw error;
      request.signal?.throwIfAborted();
      throw wrap(error, request.what, this.endpoint.name);
    }
  }

  async #attempt(request: RegistryRequest): Promise<HttpResponse> {
    const { auth } = await this.#connect(request.signal);
    const url = await this.resolve(request.path, request.signal);
    let authorization = await auth.header(request.scope, request.signal);
    for (let round = 0; ; round++) {
      const response = await this.#follow(request, url, authorization);
      if (response.status === 401 && round < 2) {
        const next = await auth.challenged(response, request.scope, authorization, request.signal);
        if (next !== undefined) {
          discardBody(response);
          authorization = next;
          continue;
        }
      }
      if ((response.status >= 200 && response.status < 300) || request.accept?.includes(response.status) === true)
        return response;
      const after = retryAfter(response.headers['retry-after'], Date.now());
      const error = await refusal(response, request.what);
      throw isTransientStatus(response.status) ? new Transient(error, after) : error;
    }
  }

  /** Follows redirects. Authorization goes along only while scheme, host and port stay the same. */
  async #follow(request: RegistryRequest, start: URL, authorization: string | undefined): Promise<HttpResponse> {
    const { http, endpoint, idleTimeout } = this.#options;
    const { url: base, reach } = await this.#connect(request.signal);
    const reading = request.method === 'GET' || request.method === 'HEAD';
    let url = start;
    for (let hops = 0; ; hops++) {
      const home = url.origin === base.origin;
      const response = await http.send({
        method: request.method,
        url,
        headers: { ...request.headers, ...(home && authorization !== undefined ? { authorization } : {}) },
        idleTimeout,
        ...(home ? { tls: endpoint.tls } : { reach }),
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      if (![301, 302, 303, 307, 308].includes(response.status) || !reading || response.headers.location === undefined)
        return response;
      discardBody(response);
      if (hops >= maxRedirects)
        throw new RegistryError(`cannot ${request.what}: the registry redirects in circles`, response.status);
      const next = new URL(response.headers.location, url);
      const downgrade = next.protocol === 'http:' && url.protocol === 'https:' && next.origin !== base.origin;
      if (downgrade || !/^https?:$/.test(next.protocol))
        throw new RegistryError(
          `cannot ${request.what}: the registry redirects to ${next.origin}, which is not https`,
          response.status,
        );
      url = next;
    }
  }
}

function wrap(error: Error, what: string, name: string): Error {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const reasons: Readonly<Record<string, string>> = {
    ENOTFOUND: `there is no host of the name ${name}; check the spelling and the network`,
    ECONNRESET: `${name} broke the connection off`,
    ECONNREFUSED: `${name} refuses connections; check the port and that the registry runs`,
    DEPTH_ZERO_SELF_SIGNED_CERT:
      'its certificate is self-signed; add its CA to /etc/docker/certs.d, or list the registry as insecure',
    SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is from an unknown CA; add the CA to /etc/docker/certs.d',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is from an unknown CA; add the CA to /etc/docker/certs.d',
    EPROTO: 'it does not speak TLS; a plain-HTTP registry must be listed as insecure',
    ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS; a plain-HTTP registry must be listed as insecure',
    ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS; a plain-HTTP registry must be listed as insecure',
  };
  const reason = (code === undefined ? undefined : reasons[code]) ?? error.message;
  const wrapped = new RegistryError(`cannot ${what}: ${reason}`, 0, code, { cause: error });
  const passing = [
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'ECONNREFUSED',
    'ECONNABORTED',
    'ENETUNREACH',
    'EHOSTUNREACH',
  ];
  return passing.includes(code ?? '') || error.message.startsWith('no answer from') ? new Transient(wrapped) : wrapped;
}
