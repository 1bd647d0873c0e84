// One client's JSON-RPC connection: validates, dispatches to the engine's handlers, cancels, reports progress and events.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  type CancellationToken,
  createMessageConnection,
  ErrorCodes,
  type MessageConnection,
  ResponseError,
} from 'vscode-jsonrpc/node';
import { diskFailure } from '../engine/disk_failure.ts';
import type { EventBus } from '../engine/events.ts';
import type { Log } from '../engine/log.ts';
import { EngineError, type ErrorInfo } from '../protocol/errors.ts';
import type { CallContext, Handlers } from '../protocol/handler.ts';
import { WholeMessageWriter } from '../protocol/message_writer.ts';
import { type MethodName, methods, type Params } from '../protocol/methods.ts';
import { eventNotification, progressNotification } from '../protocol/wire.ts';
import { BoundedReader } from './bounded_reader.ts';
import { EventFeed } from './event_feed.ts';
import type { Server, StreamRegistry } from './stream_registry.ts';
import { isMethodName, validateParams } from './validation.ts';

export interface ConnectionServices {
  readonly handlers: Handlers;
  readonly events: EventBus;
  readonly streams: StreamRegistry;
  readonly log: Log;
}

/** A client that takes nothing while this much waits for it is cut off. */
const maxUnread = 32 << 20;
const engineErrorCode = -32_000;

function toResponseError(method: string, raw: unknown, log: Log): ResponseError<ErrorInfo> {
  const error = raw instanceof EngineError ? raw : (diskFailure(method, raw) ?? raw);
  if (error instanceof EngineError) {
    const code = error.kind === 'InvalidArgument' ? ErrorCodes.InvalidParams : engineErrorCode;
    return new ResponseError(code, error.message, error.toInfo());
  }
  log.error(`${method} failed`, error);
  const message = `${method} failed: ${error instanceof Error ? error.message : String(error)}`;
  return new ResponseError(ErrorCodes.InternalError, message, { kind: 'Internal', message });
}

export class Connection {
  readonly #services: ConnectionServices;
  readonly #socket: Socket;
  readonly #connection: MessageConnection;
  readonly #gone = new AbortController();
  readonly #feeds = new Map<string, EventFeed>();

  constructor(socket: Socket, services: ConnectionServices) {
    this.#services = services;
    this.#socket = socket;
    this.#connection = createMessageConnection(new BoundedReader(socket), new WholeMessageWriter(socket));
    this.#connection.onRequest((method: string, params: unknown, token: CancellationToken) =>
      this.#dispatch(method, params, token),
    );
    this.#connection.onError(([error]) => services.log.debug('client connection', { error: error.message }));
    socket.once('end', () => socket.end());
    socket.once('close', () => this.#close());
    this.#connection.listen();
  }

  #close(): void {
    this.#gone.abort(new EngineError('Cancelled', 'the client is gone'));
    for (const feed of this.#feeds.values()) feed[Symbol.dispose]();
    this.#feeds.clear();
    this.#connection.dispose();
  }

  async #dispatch(method: string, raw: unknown, token: CancellationToken): Promise<unknown> {
    if (!isMethodName(method))
      return new ResponseError(ErrorCodes.MethodNotFound, `unknown method ${method}`, {
        kind: 'Unsupported',
        message: `this engine has no method ${method}`,
        remedy: 'use a client and an engine of the same version',
      } satisfies ErrorInfo);
    const cancelled = new AbortController();
    const cancel = () => cancelled.abort(new EngineError('Cancelled', `${method} was cancelled`));
    // A request whose cancellation overtook it comes with a token that never tells.
    if (token.isCancellationRequested) cancel();
    const subscription = token.onCancellationRequested(cancel);
    try {
      return await this.#serve(method, raw, AbortSignal.any([cancelled.signal, this.#gone.signal]));
    } catch (error) {
      const reason: unknown = cancelled.signal.aborted && isAbort(error) ? cancelled.signal.reason : error;
      return toResponseError(method, reason, this.#services.log);
    } finally {
      subscription.dispose();
    }
  }

  async #serve(method: MethodName, raw: unknown, signal: AbortSignal): Promise<unknown> {
    const { progressToken, ...params } = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<
      string,
      unknown
    >;
    validateParams(method, params);
    const token = typeof progressToken === 'string' ? progressToken : undefined;
    const own = this.#serveOwn(method, params, signal);
    if (own !== undefined) return await own;
    const context: CallContext = { signal, progress: (value: unknown) => this.#progress(token, value) };
    // The declaration ties each handler to its own parameters, and they were just checked against it; only the type
    // checker can't see that one name selects both.
    const handler = this.#services.handlers[method] as (params: unknown, context: CallContext) => Promise<unknown>;
    const result = await handler(params, context);
    if (methods[method].kind === 'stream') return { Stream: this.#services.streams.offer(result as Server) };
    return result ?? null;
  }

  /** The methods that are about this connection itself. */
  #serveOwn(method: MethodName, params: unknown, signal: AbortSignal): Promise<unknown> | undefined {
    switch (method) {
      case 'event.subscribe':
        return this.#subscribe(params as Params<'event.subscribe'>);
      case 'event.unsubscribe':
        return this.#unsubscribe((params as Params<'event.unsubscribe'>).Subscription);
      case 'stream.wait':
        return this.#waitForStream((params as Params<'stream.wait'>).Stream, signal);
      default:
        return undefined;
    }
  }

  async #subscribe(params: Params<'event.subscribe'>): Promise<{ Subscription: string }> {
    const id = randomBytes(8).toString('hex');
    const feed = new EventFeed(id, this.#services.events, params, (message) =>
      this.#connection.sendNotification(eventNotification, message),
    );
    this.#feeds.set(id, feed);
    if (this.#gone.signal.aborted) feed[Symbol.dispose]();
    setImmediate(() => feed.start());
    return { Subscription: id };
  }

  async #unsubscribe(id: string): Promise<null> {
    const feed = this.#feeds.get(id);
    if (feed === undefined) throw new EngineError('NotFound', `no such subscription: ${id}`);
    feed[Symbol.dispose]();
    this.#feeds.delete(id);
    return null;
  }

  async #waitForStream(id: string, signal: AbortSignal): Promise<unknown> {
    const outcome = this.#services.streams.wait(id);
    const aborted = Promise.withResolvers<never>();
    const abort = () => {
      // Whoever serves the stream lets go now, or has failed already and is tidying up: then that is what became of it.
      if (!this.#services.streams.abort(id, signal.reason)) aborted.reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      return (await Promise.race([outcome, aborted.promise])) ?? null;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #progress(token: string | undefined, value: unknown): void {
    if (token === undefined || this.#gone.signal.aborted) return;
    if (this.#socket.writableLength > maxUnread) {
      this.#services.log.warn('a client does not read its progress; its connection is cut');
      this.#socket.destroy();
      return;
    }
    this.#connection.sendNotification(progressNotification, { Token: token, Value: value }).catch(() => {});
  }
}

function isAbort(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || (error as NodeJS.ErrnoException).code === 'ABORT_ERR';
}
