// What serves a method. Every noun of the engine gives handlers for its methods; both doors (runtime/rpc, runtime/docker-api)
// call them, so neither holds logic of its own.
import type { Duplex } from 'node:stream';
import type { CallName, MethodName, Params, Progress, Result, StreamName } from './methods.ts';

/** Who asks, and how to speak back while the answer is not there yet. */
export interface CallContext<N extends MethodName = MethodName> {
  /** Fires when the client cancels or is gone. */
  readonly signal: AbortSignal;
  readonly progress: (value: Progress<N>) => void;
}

type CallHandler<N extends CallName> = (params: Params<N>, context: CallContext<N>) => Promise<Result<N>>;

/**
 * Serves one stream to its end; its result is the outcome. `duplex` is what the client reads and writes, with half-close;
 * the door ends it afterwards. `signal` fires when the client is gone in both directions or cancels.
 */
export interface StreamServer<N extends StreamName> {
  (duplex: Duplex, signal: AbortSignal): Promise<Result<N>>;
  /** Called instead if no client opens the stream in time. */
  readonly abandoned?: () => void;
}

/** Checks the parameters and prepares; throws what the client should know before any stream is opened. */
type StreamHandler<N extends StreamName> = (params: Params<N>, context: CallContext<N>) => Promise<StreamServer<N>>;

export type Handlers = { [N in CallName]: CallHandler<N> } & { [N in StreamName]: StreamHandler<N> };

/** The methods of one noun: `HandlersOf<typeof containerMethods>`. */
export type HandlersOf<M> = Pick<Handlers, keyof M & MethodName>;
