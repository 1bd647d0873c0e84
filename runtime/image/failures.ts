// Turns what goes wrong below into the errors that cross the engine's doors.
import { EngineError, type ErrorKind } from '../protocol/errors.ts';
import { ForbiddenAddress } from '../registry/addresses.ts';
import { RegistryError } from '../registry/errors.ts';
import { TooLarge } from '../registry/http.ts';
import { DigestMismatch } from '../store/blob_store.ts';
import { hasCode } from '../store/files.ts';
import { InvalidManifest } from './manifest.ts';
import { InvalidReference } from './reference.ts';
import { NoSuchPlatform } from './registry_image.ts';
import { InvalidTar } from './tar_reader.ts';

function registryKind(error: RegistryError): ErrorKind {
  if (error.status === 401) return 'Unauthorized';
  if (error.status === 403) return 'PermissionDenied';
  if (error.status === 404) return 'NotFound';
  if (error.status === 405) return 'Unsupported';
  if (error.code === 'MANIFEST_INVALID' || error.code === 'SIZE_INVALID' || error.code === 'DIGEST_INVALID')
    return 'DataCorrupt';
  return 'Unavailable';
}

function kindOf(error: Error): ErrorKind | undefined {
  if (error instanceof RegistryError) return registryKind(error);
  if (error instanceof InvalidReference) return 'InvalidArgument';
  if (error instanceof InvalidManifest || error instanceof DigestMismatch || error instanceof TooLarge)
    return 'DataCorrupt';
  if (error instanceof InvalidTar || isDecompression(error)) return 'DataCorrupt';
  if (error instanceof NoSuchPlatform) return 'NotFound';
  if (error instanceof ForbiddenAddress) return 'PermissionDenied';
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) return 'ResourceExhausted';
  if (hasCode(error, 'EACCES', 'EPERM', 'EROFS')) return 'PermissionDenied';
  if (hasCode(error, 'ERR_REFUSED')) return 'DataCorrupt'; // the native part refused the archive itself
  if (error.name === 'AbortError' || hasCode(error, 'ABORT_ERR')) return 'Cancelled';
  return undefined;
}

/** node:zlib's own errors: Z_DATA_ERROR, ZSTD_error_corruption_detected, … */
function isDecompression(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && /^(?:Z_|ZSTD_)/.test(error.code);
}

function remedyOf(error: Error): string | undefined {
  if (error instanceof RegistryError && error.status === 401) return 'Log in to the registry: slipway login';
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) return 'Free disk space, for instance with: slipway system prune';
  return undefined;
}

/** `what`: "load the image". Errors that are nobody's but ours stay as they are. */
function toEngineError(error: unknown, what: string): unknown {
  if (error instanceof EngineError || !(error instanceof Error)) return error;
  const kind = kindOf(error);
  if (kind === undefined) return error;
  const remedy = remedyOf(error);
  const message =
    error.message.startsWith('cannot ') || error instanceof InvalidReference
      ? error.message
      : `cannot ${what}: ${error.message}`;
  return new EngineError(kind, message, { cause: error, ...(remedy === undefined ? {} : { remedy }) });
}

/** Runs `task` and lets only errors fit for the doors out of it. */
export async function withFailures<T>(what: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw toEngineError(error, what);
  }
}
