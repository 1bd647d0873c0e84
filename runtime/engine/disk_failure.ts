// A disk that is full or can't be written says so through whatever worked with it just then: a system call, or SQLite.
import { EngineError } from '../protocol/errors.ts';

// SQLite's result codes (https://sqlite.org/rescode.html), of which the extended ones have more bits.
const sqliteReadOnly = 8;
const sqliteIoError = 10;
const sqliteFull = 13;

function codesOf(error: unknown): { code: unknown; sqlite: number | undefined } {
  if (typeof error !== 'object' || error === null) return { code: undefined, sqlite: undefined };
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return { code, sqlite: typeof errcode === 'number' ? errcode & 0xff : undefined };
}

/** The engine's error for it; undefined for what is no fault of the disk's. */
export function diskFailure(what: string, error: unknown): EngineError | undefined {
  const { code, sqlite } = codesOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || sqlite === sqliteFull)
    return new EngineError('ResourceExhausted', `${what} failed: no space left on device`, {
      remedy: 'Free disk space, for instance with: slipway system prune',
      cause: error,
    });
  if (code === 'EROFS' || sqlite === sqliteReadOnly)
    return new EngineError('PermissionDenied', `${what} failed: the engine's disk is read-only`, {
      remedy: 'See why with: dmesg; then mount it for writing again',
      cause: error,
    });
  if (code === 'EIO' || sqlite === sqliteIoError)
    return new EngineError('Unavailable', `${what} failed: the engine's disk has an error, or turned read-only`, {
      remedy: 'See why with: dmesg',
      cause: error,
    });
  return undefined;
}
