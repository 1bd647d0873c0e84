// The client's side of the protocol: typed calls, progress, events and raw streams. It takes types only from the method
// declarations, so that a bundle with this file has no schemas in it.
import { connect as connectSocket, type Socket } from 'node:net';
import {
  CancellationTokenSource,
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
} from 'vscode-jsonrpc/node';
import { EngineError, isErrorInfo } from './errors.ts';
import type { EngineEvent, EventNotification } from './event.ts';
import { WholeMessageWriter } from './message_writer.ts';
import type { CallName, MethodName, Params, Progress, Result, StreamName } from './methods.ts';
import {
  eventNotification,
  type ProgressNotification,
  progressNotification,
  type StreamTicket,
  streamPreamble,
} from './wire.ts';

export interface CallOptions<N extends MethodName> {
  /** Aborting sends `$/cancelRequest`; the promise rejects with kind `Cancelled` once the engine has let go. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (value: Progress<N>) => void;
}

export interface EngineStream<N extends StreamName> {
  /** Raw bytes both ways; `end()` is the half-close. */
  readonly socket: Socket;
  /** Settles when the engine has served the stream to its end. */
  readonly outcome: Promise<Result<N>>;
}

export interface EventSubscription extends AsyncDisposable {
  /** Resolves when no more events come: Until is reached or the subscription is disposed. */
  readonly ended: Promise<void>;
}

function toEngineError(error: unknown): unknown {
  if (error instanceof ResponseError && isErrorInfo(error.data)) return EngineError.fromInfo(error.data);
  return error;
}

function openSocket(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ path, allowHalfOpen: true });
    const abort = () => socket.destroy(new EngineError('Cancelled', 'connecting to the engine was cancelled'));
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      signal?.removeEventListener('abort', abort);
      socket.off('error', reject);
      resolve(socket);
    });
    if (signal?.aborted) abort();
  });
}

/** One connection to an engine. Dispose of it to hang up; calls under way then reject with kind `Unavailable`. */
export class Client implements Disposable {
  readonly socketPath: string;
  /** Resolves when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #connection: MessageConnection;
  readonly #socket: Socket;
  readonly #progress = new Map<string, (value: never) => void>();
  readonly #events = new Map<string, { deliver: (events: readonly EngineEvent[]) => void; end: () => void }>();
  /** Events of a subscription whose id is not known yet, because its answer is still being dispatched. */
  readonly #early = new Map<string, EventNotification[]>();
  #isClosed = false;
  #nextToken = 0;

  private constructor(socketPath: string, socket: Socket) {
    this.socketPath = socketPath;
    this.#socket = socket;
    this.#connection = createMessageConnection(new StreamMessageReader(socket), new WholeMessageWriter(socket));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        this.#connection.dispose();
        for (const subscription of this.#events.values()) subscription.end();
        resolve();
      });
    });
    socket.once('end', () => socket.destroy());
    // A lost connection shows as 'close' and in every pending call; without a listener Node would end the process.
    socket.on('error', () => {});
    this.#connection.onError(() => {});
    this.#connection.onNotification(progressNotification, ({ Token, Value }: ProgressNotification) => {
      this.#progress.get(Token)?.(Value as never);
    });
    this.#connection.onNotification(eventNotification, (message: EventNotification) => this.#receive(message));
    this.#connection.listen();
  }

  /** Connects to a running engine. Rejects with the socket's error (`ENOENT`, `ECONNREFUSED`, `EACCES`). */
  static async connect(socketPath: string, options: { signal?: AbortSignal } = {}): Promise<Client> {
    return new Client(socketPath, await openSocket(socketPath, options.signal));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async call<N extends CallName>(method: N, params: Params<N>, options: CallOptions<N> = {}): Promise<Result<N>> {
    const token = this.#track(options.onProgress);
    try {
      return (await this.#request(method, params, token, options.signal)) as Result<N>;
    } finally {
      if (token !== undefined) this.#progress.delete(token);
    }
  }

  /** Calls a stream method and opens its stream. Aborting the signal destroys the stream too. */
  async stream<N extends StreamName>(
    method: N,
    params: Params<N>,
    options: CallOptions<N> = {},
  ): Promise<EngineStream<N>> {
    const token = this.#track(options.onProgress);
    const { Stream } = (await this.#request(method, params, token, options.signal)) as StreamTicket;
    const socket = await openSocket(this.socketPath, options.signal);
    socket.write(`${streamPreamble}${Stream}\n`);
    socket.on('error', () => {});
    const abort = () => socket.destroy();
    options.signal?.addEventListener('abort', abort, { once: true });
    // Closing before the engine has ended the stream means that nobody wants it any more; the engine must be told.
    const closed = new AbortController();
    socket.once('close', () => {
      if (!socket.readableEnded) closed.abort();
    });
    const signal = options.signal === undefined ? closed.signal : AbortSignal.any([options.signal, closed.signal]);
    const outcome = this.#request('stream.wait', { Stream }, undefined, signal).finally(() => {
      if (token !== undefined) this.#progress.delete(token);
      options.signal?.removeEventListener('abort', abort);
    }) as Promise<Result<N>>;
    // Whoever does not ask for the outcome must not be ended by it.
    outcome.catch(() => {});
    return { socket, outcome };
  }

  /** Delivers events in order, until disposed or ended. */
  async subscribe(
    params: Params<'event.subscribe'>,
    onEvents: (events: readonly EngineEvent[]) => void,
  ): Promise<EventSubscription> {
    const { Subscription } = await this.call('event.subscribe', params);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const end = () => {
      this.#events.delete(Subscription);
      resolve();
    };
    this.#events.set(Subscription, { deliver: onEvents, end });
    for (const message of this.#early.get(Subscription) ?? []) this.#receive(message);
    this.#early.delete(Subscription);
    if (this.#isClosed) end();
    return {
      ended,
      [Symbol.asyncDispose]: async () => {
        const wasOpen = this.#events.has(Subscription);
        end();
        if (wasOpen && !this.#isClosed) await this.call('event.unsubscribe', { Subscription }).catch(() => {});
      },
    };
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #track<V>(onProgress: ((value: V) => void) | undefined): string | undefined {
    if (onProgress === undefined) return undefined;
    const token = String(++this.#nextToken);
    this.#progress.set(token, onProgress);
    return token;
  }

  #receive(message: EventNotification): void {
    const subscription = this.#events.get(message.Subscription);
    if (subscription === undefined) {
      const waiting = this.#early.get(message.Subscription) ?? [];
      waiting.push(message);
      this.#early.set(message.Subscription, waiting);
      return;
    }
    if (message.Events.length > 0) subscription.deliver(message.Events);
    if (message.Ended === true) subscription.end();
  }

  async #request(method: string, params: object, token: string | undefined, signal: AbortSignal | undefined) {
    if (signal?.aborted) throw new EngineError('Cancelled', `${method} was cancelled`);
    if (this.#isClosed) throw this.#hungUp(method);
    const cancellation = new CancellationTokenSource();
    const abort = () => cancellation.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const sent = token === undefined ? params : { ...params, progressToken: token };
      return (await Promise.race([
        this.#connection.sendRequest(method, sent, cancellation.token),
        this.closed.then(() => {
          throw this.#hungUp(method);
        }),
      ])) as unknown;
    } catch (error) {
      // A connection that goes takes its calls along, with words of the transport's own.
      if (this.#isClosed && !(error instanceof ResponseError && isErrorInfo(error.data))) throw this.#hungUp(method);
      throw toEngineError(error);
    } finally {
      signal?.removeEventListener('abort', abort);
      cancellation.dispose();
    }
  }

  #hungUp(method: string): EngineError {
    return new EngineError('Unavailable', `${method}: the engine closed the connection`, {
      remedy: 'try again: the engine starts anew when it is asked',
    });
  }
}
