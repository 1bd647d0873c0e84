// One request of a Docker client: its parameters read as dockerd reads them, the engine's methods to call, and the ways to
// answer. An answer is JSON, a stream of bytes, a stream of JSON messages, or the connection itself (hijacked).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex, type Readable, Writable } from 'node:stream';
import type { CallContext, Handlers, StreamServer } from '../protocol/handler.ts';
import type { CallName, MethodName, Params, Progress, Result, StreamName } from '../protocol/methods.ts';
import { validateParams } from '../rpc/validation.ts';
import { HttpError, messageOf, statusOf } from './failure.ts';
import { parseBody } from './request_body.ts';

/** The connection of a request that asked for `Upgrade`, taken out of HTTP's hands. */
export interface Upgraded {
  socket: Socket;
  /** Bytes that came right behind the headers. */
  head: Buffer;
}

/** Bodies of JSON are small, but for what people put into labels and environments; archives are streams and never held. */
const maxBody = 64 << 20;

export class Exchange {
  readonly request: IncomingMessage;
  readonly #response: ServerResponse | undefined;
  readonly upgraded: Upgraded | undefined;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Of the API version that the client asked for: 51 in v1.51. */
  readonly version: number;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
  readonly #handlers: Handlers;
  #answered = false;

  constructor(
    handlers: Handlers,
    request: IncomingMessage,
    answer: { response: ServerResponse } | { upgraded: Upgraded },
    route: { path: readonly string[]; query: URLSearchParams; version: number },
  ) {
    this.#handlers = handlers;
    this.request = request;
    this.#response = 'response' in answer ? answer.response : undefined;
    this.upgraded = 'upgraded' in answer ? answer.upgraded : undefined;
    this.path = route.path;
    this.query = route.query;
    this.version = route.version;
    const gone = new AbortController();
    const connection = this.#response ?? request.socket;
    connection.once('close', () => gone.abort(new HttpError(499, 'the client closed the connection')));
    this.signal = gone.signal;
  }

  /** The part of the path that the route's pattern left open. */
  get name(): string {
    return this.path[0] ?? '';
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** As Go's dockerd reads booleans: absent, empty, 0, no, false and none are false, everything else is true. */
  flag(name: string, otherwise = false): boolean {
    const value = this.query.get(name);
    if (value === null) return otherwise;
    return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
  }

  text(name: string): string | undefined {
    const value = this.query.get(name);
    return value === null || value === '' ? undefined : value;
  }

  /** @throws HttpError 400 for what is no whole number. */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d+$/.test(value)) throw new HttpError(400, `strconv.Atoi: parsing "${value}": invalid syntax`);
    return Number(value);
  }

  /** Docker's filters: `{"label":["a=b"]}`, or the older `{"label":{"a=b":true}}`. */
  filters(): Record<string, string[]> {
    const text = this.text('filters');
    if (text === undefined) return {};
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new HttpError(400, `invalid filter: ${text} is not JSON`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new HttpError(400, 'invalid filter');
    return Object.fromEntries(
      Object.entries(value).map(([name, wanted]: [string, unknown]) => {
        if (Array.isArray(wanted)) return [name, wanted.map(String)];
        if (typeof wanted === 'object' && wanted !== null) return [name, Object.keys(wanted)];
        throw new HttpError(400, `invalid filter: ${name}`);
      }),
    );
  }

  /** The body as JSON; `undefined` where there is none. @throws HttpError 400 when it is malformed, 413 when it is too large. */
  async body(): Promise<Record<string, unknown> | undefined> {
    const type = this.request.headers['content-type'];
    const bytes = await this.#read();
    if (bytes.length > 0 && type !== undefined && !/^application\/json\s*(;|$)/i.test(type))
      throw new HttpError(400, `unsupported Content-Type header (${type}): must be 'application/json'`);
    return parseBody(bytes);
  }

  async #read(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBody) throw new HttpError(413, 'the request body is too large');
    };
    if (this.upgraded === undefined) {
      for await (const chunk of this.request) take(chunk as Buffer);
      return Buffer.concat(chunks);
    }
    // An upgraded request's body is what its length says; the bytes behind it belong to the stream.
    const { upgraded } = this;
    const length = Number(this.request.headers['content-length'] ?? 0);
    take(upgraded.head);
    while (size < length) {
      const chunk = await nextChunk(upgraded.socket);
      if (chunk === undefined) throw new HttpError(400, 'the request body ended early');
      take(chunk);
    }
    const bytes = Buffer.concat(chunks);
    upgraded.head = bytes.subarray(length);
    return bytes.subarray(0, length);
  }

  /** Calls a method of the engine. `progress` gets what it reports meanwhile. */
  async call<N extends CallName>(
    method: N,
    params: Params<N>,
    progress: (value: Progress<N>) => void = () => {},
  ): Promise<Result<N>> {
    return await this.#handle<N, Promise<Result<N>>>(method, params, progress);
  }

  /** Prepares a stream of the engine; what it throws is told before anything is answered. */
  async stream<N extends StreamName>(
    method: N,
    params: Params<N>,
    progress: (value: Progress<N>) => void = () => {},
  ): Promise<StreamServer<N>> {
    return await this.#handle<N, Promise<StreamServer<N>>>(method, params, progress);
  }

  #handle<N extends MethodName, Answer>(method: N, params: Params<N>, progress: (value: Progress<N>) => void): Answer {
    validateParams(method, params);
    // One name selects the handler, its parameters and its answer; the checker can't follow that through a type parameter.
    const handler = this.#handlers[method] as unknown as (params: Params<N>, context: CallContext<N>) => Answer;
    return handler(params, { signal: this.signal, progress });
  }

  json(status: number, value: unknown): void {
    this.#send(status, 'application/json', `${JSON.stringify(value)}\n`);
  }

  plain(status: number, text: string): void {
    this.#send(status, 'text/plain; charset=utf-8', text);
  }

  /** An answer without a body: 204 and 304. */
  empty(status: number): void {
    this.#send(status, undefined, '');
  }

  header(name: string, value: string): void {
    this.#response?.setHeader(name, value);
  }

  /** Tells a failure in Docker's form. What has begun as a stream already can only be broken off. */
  fail(error: unknown): void {
    if (this.#answered) {
      this.#response?.destroy();
      this.upgraded?.socket.destroy();
      return;
    }
    const status = statusOf(error);
    if (status === 304) this.empty(304);
    else this.json(status === 499 ? 500 : status, { message: messageOf(error) });
  }

  /** Sends the headers and gives the way to write the body: chunked, each write flushed at once. */
  open(status: number, contentType: string): ServerResponse {
    const response = this.#response;
    if (response === undefined) throw new HttpError(400, 'this path can not be upgraded');
    this.#answered = true;
    response.writeHead(status, { 'Content-Type': contentType });
    response.flushHeaders();
    return response;
  }

  /** The body of the request and the body of the answer as the two directions of one stream. */
  duplex(contentType: string): Duplex {
    const { request } = this;
    return quiet(Duplex.from({ readable: request, writable: this.open(200, contentType) }));
  }

  /** The body of the request as a stream whose other direction leads nowhere: the answer comes after it. */
  incoming(): Duplex {
    return oneWay(this.request);
  }

  /**
   * Takes the connection out of HTTP: from here on both directions are raw bytes. Clients that don't ask for an upgrade get
   * the bytes as the body of a plain answer, which ends with the connection.
   */
  hijack(contentType: string): Duplex {
    if (this.upgraded === undefined) {
      this.header('Connection', 'close');
      return this.duplex(contentType);
    }
    this.#answered = true;
    const { socket, head } = this.upgraded;
    const lines = ['HTTP/1.1 101 UPGRADED', `Content-Type: ${contentType}`, 'Connection: Upgrade', 'Upgrade: tcp'];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    if (head.length > 0) socket.unshift(head);
    return socket;
  }

  /** Whoever answers by other means (a websocket) says so. */
  markAnswered(): void {
    this.#answered = true;
  }

  #send(status: number, contentType: string | undefined, text: string): void {
    this.#answered = true;
    const length = Buffer.byteLength(text);
    if (this.#response !== undefined) {
      if (contentType !== undefined) this.#response.setHeader('Content-Type', contentType);
      if (status !== 204 && status !== 304) this.#response.setHeader('Content-Length', length);
      this.#response.writeHead(status).end(text);
      return;
    }
    const type = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`;
    this.upgraded?.socket.end(
      `HTTP/1.1 ${status} \r\n${type}Content-Length: ${length}\r\nConnection: close\r\n\r\n${text}`,
    );
  }
}

/** A stream whose other direction leads nowhere. */
export function oneWay(readable: Readable): Duplex {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return quiet(Duplex.from({ readable, writable: nowhere }));
}

/** A client that leaves in the middle of a stream is told by `signal`; the stream's own error must not end the helper. */
function quiet(stream: Duplex): Duplex {
  return stream.on('error', () => {});
}

/** The next bytes of a socket that nobody else reads; `undefined` at its end. */
function nextChunk(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.off('data', onData).off('end', onEnd).off('error', onError);
      socket.pause();
    };
    const onData = (chunk: Buffer): void => {
      settle();
      resolve(chunk);
    };
    const onEnd = (): void => {
      settle();
      resolve(undefined);
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    socket.on('data', onData).on('end', onEnd).on('error', onError);
  });
}
