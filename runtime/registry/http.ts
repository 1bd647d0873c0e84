// One HTTP exchange with a registry: no redirects, no retries, no credentials of its own. Those are decided above.
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { checkLiteral, guardedLookup, type Reach } from './addresses.ts';

export interface TlsSettings {
  /** PEM certificates that are trusted besides the system's. */
  readonly ca?: readonly string[];
  /** PEM client certificate and key. */
  readonly cert?: string;
  readonly key?: string;
  /** Accept any certificate: only for registries listed as insecure. */
  readonly insecure?: boolean;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable;
  readonly tls?: TlsSettings;
  /** The innermost address that may be connected to; undefined for what the user named. */
  readonly reach?: Reach;
  readonly signal?: AbortSignal;
  /** Milliseconds with no byte in either direction after which the exchange is given up. Default one minute. */
  readonly idleTimeout?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

const defaultIdleTimeout = 60_000;
const userAgent = 'slipway/1';

/** Keeps connections for reuse, apart for each trust setting. */
export class HttpClient implements Disposable {
  readonly #agents = new Map<string, HttpAgent | HttpsAgent>();

  #agent(request: HttpRequest): HttpAgent | HttpsAgent {
    const { url, tls, reach } = request;
    const secure = url.protocol === 'https:';
    const direct = /^(?:localhost|127\.|\[::1\])/.test(url.hostname);
    const key = JSON.stringify([secure, direct, reach, secure ? tls : undefined]);
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      // A proxy named in the environment is used as curl does, except for what is on this machine.
      const common = { keepAlive: true, maxFreeSockets: 8, ...(direct ? {} : { proxyEnv: process.env }) };
      agent = secure ? new HttpsAgent({ ...common, ...tlsOptions(tls) }) : new HttpAgent(common);
      this.#agents.set(key, agent);
    }
    return agent;
  }

  /** Resolves with the response's head; its body must be read or destroyed. */
  send(request: HttpRequest): Promise<HttpResponse> {
    const { url, method, headers, body, reach, signal } = request;
    if (reach !== undefined) checkLiteral(url.hostname, reach);
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method,
      agent: this.#agent(request),
      headers: { 'user-agent': userAgent, ...headers },
      ...(reach === undefined ? {} : { lookup: guardedLookup(reach) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const limit = request.idleTimeout ?? defaultIdleTimeout;
    outgoing.setTimeout(limit, () => outgoing.destroy(new Error(`no answer from ${url.host} for ${limit / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
    });
    if (body instanceof Readable) {
      body.on('error', (error) => outgoing.destroy(error));
      outgoing.on('close', () => body.destroy());
      body.pipe(outgoing);
    } else outgoing.end(body);
    return promise;
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}

function tlsOptions(tls: TlsSettings | undefined): object {
  if (tls === undefined) return {};
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.insecure === true ? { rejectUnauthorized: false } : {}),
  };
}

/** The body as a whole; refuses to hold more than `limit` bytes, whatever Content-Length says. */
export async function readBody(response: HttpResponse, limit: number, what: string): Promise<Buffer> {
  const announced = Number(response.headers['content-length']);
  if (announced > limit) {
    response.body.destroy();
    throw new TooLarge(what, limit, announced);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      response.body.destroy();
      throw new TooLarge(what, limit, undefined);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Lets go of a body that nobody wants, keeping the connection where that is cheap. */
export function discardBody(response: HttpResponse): void {
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  response.body.on('error', () => {}); // nobody waits for these bytes any more
  if (length <= 1 << 16) response.body.resume();
  else response.body.destroy();
}

export class TooLarge extends Error {
  override readonly name = 'TooLarge';
  constructor(what: string, limit: number, announced: number | undefined) {
    const size = announced === undefined ? 'more' : `${announced} bytes`;
    super(`cannot read ${what}: the registry sends ${size}, and at most ${limit} bytes are accepted`);
  }
}
