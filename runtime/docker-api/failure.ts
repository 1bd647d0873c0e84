// How an engine's error is told to a Docker client: the status code that dockerd gives, and a sentence that clients match on.
import { InvalidReference } from '../image/reference.ts';
import { EngineError, type ErrorKind, isEngineError } from '../protocol/errors.ts';

const statusByKind: Readonly<Record<ErrorKind, number>> = {
  InvalidArgument: 400,
  NotFound: 404,
  Conflict: 409,
  AlreadyExists: 409,
  NotModified: 304,
  PermissionDenied: 403,
  Unauthorized: 401,
  Unavailable: 503,
  Unsupported: 501,
  ResourceExhausted: 500,
  Cancelled: 499,
  DataCorrupt: 400,
  CommandNotFound: 400,
  CommandNotExecutable: 400,
  RuntimeFailed: 500,
  Internal: 500,
};

/** An answer that has nothing to do with the engine: wrong version, unknown path, no swarm here. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  if (error instanceof InvalidReference) return 400;
  return isEngineError(error) ? statusByKind[error.kind] : 500;
}

/**
 * The `message` of the answer. `docker run` tells exit codes 127 and 126 from words in it, so the words that dockerd's runtime
 * would have used are added where the engine's sentence has none of them.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof EngineError)) return error.message;
  if (error.kind === 'NotFound')
    return error.message.replace(/^(No such image: (?!sha256:)(?:[^@]*\/)?[^/:@]+)$/, '$1:latest');
  if (
    error.kind === 'CommandNotFound' &&
    !/executable file not found|no such file or directory|chdir to cwd/.test(error.message)
  ) {
    return `${error.message}: executable file not found in $PATH: unknown`;
  }
  if (error.kind === 'CommandNotExecutable' && !/permission denied|is a directory/i.test(error.message)) {
    return `${error.message}: permission denied: unknown`;
  }
  return error.message;
}
