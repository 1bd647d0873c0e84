// When to try again and how long to wait before.
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from './errors.ts';

export interface RetryPolicy {
  /** Failures in a row without progress before giving up. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubles each time, with jitter. */
  readonly firstDelay: number;
  /** Milliseconds; the longest wait, also for what Retry-After asks. */
  readonly maxDelay: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 6, firstDelay: 250, maxDelay: 60_000 };

/** A failure that may pass: the attempt can be repeated. */
export class Transient extends Error {
  override readonly name = 'Transient';
  /** Milliseconds that the server asked us to wait. */
  readonly after: number | undefined;
  constructor(cause: Error, after?: number) {
    super(cause.message, { cause });
    this.after = after;
  }
}

export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 500 || status === 502 || status === 503 || status === 504;
}

const transientCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'HPE_INVALID_CONSTANT',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Connection failures that may pass. Wrong certificates, unknown hosts and refused addresses don't. */
function isTransientError(error: unknown): boolean {
  // Of a registry's own refusals those that may pass come as `Transient`.
  if (!(error instanceof Error) || error instanceof RegistryError) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return transientCodes.has(code) || error.message.startsWith('no answer from') || error.message === 'aborted';
}

/** Milliseconds from a Retry-After header (seconds, or an HTTP date). */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Milliseconds to wait after so many failures in a row, or undefined where it is time to give up. `asked`: Retry-After. */
export function delayBefore(policy: RetryPolicy, failures: number, asked: number | undefined): number | undefined {
  if (failures >= policy.attempts || (asked !== undefined && asked > policy.maxDelay)) return undefined;
  const backoff = policy.firstDelay * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
  return Math.min(Math.max(backoff, asked ?? 0), policy.maxDelay);
}

/**
 * Runs `attempt` until it succeeds, fails for good, or has failed `policy.attempts` times in a row. An attempt that got
 * on before it failed calls `progressed`, and the count starts again. Throws the last failure's cause.
 */
export async function retrying<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: (progressed: () => void) => Promise<T>,
): Promise<T> {
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      signal?.throwIfAborted();
      const transient = error instanceof Transient || isTransientError(error);
      const cause = error instanceof Transient ? error.cause : error;
      failures += 1;
      if (!transient) throw cause;
      const delay = delayBefore(policy, failures, error instanceof Transient ? error.after : undefined);
      if (delay === undefined) throw cause;
      await sleep(delay, undefined, signal === undefined ? {} : { signal });
    }
  }
}
