// How a call fails, in every door of the engine. Each kind is stable: clients may branch on it, people read the sentence.

/** `Internal` is a defect of the engine; every other kind says something about the request or the machine. */
const errorKinds = [
  'InvalidArgument',
  'NotFound',
  'Conflict',
  'AlreadyExists',
  'NotModified',
  'PermissionDenied',
  'Unauthorized',
  'Unavailable',
  'Unsupported',
  'ResourceExhausted',
  'Cancelled',
  'DataCorrupt',
  'CommandNotFound',
  'CommandNotExecutable',
  'RuntimeFailed',
  'Internal',
] as const;

/**
 * - `InvalidArgument`: a parameter has a wrong form or value.
 * - `NotFound`: no such container, image, network, volume, exec session, stream or path.
 * - `Conflict`: the thing is in a state that does not allow this (in use, running, not running, being removed).
 * - `AlreadyExists`: the name is taken.
 * - `NotModified`: there is nothing to do (start of a running container); not a failure for most people.
 * - `PermissionDenied`: the kernel or the machine denies it to this user; `remedy` says what would allow it.
 * - `Unauthorized`: a registry wants credentials, or better ones.
 * - `Unavailable`: a registry, a network or the engine itself can't be reached just now.
 * - `Unsupported`: this engine or this kernel can't do it at all.
 * - `ResourceExhausted`: disk full, address pool empty, a limit reached.
 * - `Cancelled`: the client cancelled the call, or the engine is stopping.
 * - `DataCorrupt`: bytes don't match their digest, or a record or archive is damaged or malformed.
 * - `CommandNotFound` / `CommandNotExecutable`: the container's command; exit codes 127 and 126.
 * - `RuntimeFailed`: the OCI runtime could not set the container up; exit code 125.
 */
export type ErrorKind = (typeof errorKinds)[number];

/** What travels in the `data` member of a JSON-RPC error. */
export interface ErrorInfo {
  readonly kind: ErrorKind;
  /** Could not do what, and why. */
  readonly message: string;
  /** The way out, where one is known: a sentence or a command. */
  readonly remedy?: string;
  /** Facts for programs: `{ "Container": "…" }`. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

export interface EngineErrorOptions {
  readonly remedy?: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

/** The one error class that crosses the engine's doors; the client throws it again on its side. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly kind: ErrorKind;
  readonly remedy: string | undefined;
  readonly details: Readonly<Record<string, string | number | boolean>> | undefined;
  #isAnswer = false;

  constructor(kind: ErrorKind, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.remedy = options.remedy;
    this.details = options.details;
  }

  toInfo(): ErrorInfo {
    return {
      kind: this.kind,
      message: this.message,
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }

  /** What an engine answered, on the client's side. */
  static fromInfo(info: ErrorInfo): EngineError {
    const error = new EngineError(info.kind, info.message, info);
    error.#isAnswer = true;
    return error;
  }

  /** An engine said it, not this process. */
  get isAnswer(): boolean {
    return this.#isAnswer;
  }
}

export function isEngineError(error: unknown, kind?: ErrorKind): error is EngineError {
  return error instanceof EngineError && (kind === undefined || error.kind === kind);
}

export function isErrorInfo(value: unknown): value is ErrorInfo {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, message } = value as { kind?: unknown; message?: unknown };
  return typeof message === 'string' && errorKinds.some((known) => known === kind);
}
