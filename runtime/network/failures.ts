// Turns refusals of the kernel into errors with a way out.
import { NativeError } from '../native/native.ts';
import { EngineError } from '../protocol/errors.ts';

export function toFailure(error: unknown, what: string): unknown {
  if (error instanceof EngineError || !(error instanceof Error)) return error;
  if (!(error instanceof NativeError))
    return new EngineError('Unavailable', `cannot ${what}: ${error.message}`, { cause: error });
  const message = `cannot ${what}: ${error.message}`;
  if (error.code === 'EPERM' || error.code === 'EACCES')
    return new EngineError('PermissionDenied', message, {
      cause: error,
      remedy: 'Networks of containers need root, or a user namespace with its own network; use --network none or host',
    });
  // EOPNOTSUPP goes by its other name, ENOTSUP.
  if (['EOPNOTSUPP', 'ENOTSUP', 'EAFNOSUPPORT', 'EPROTONOSUPPORT'].includes(error.code))
    return new EngineError('Unsupported', message, {
      cause: error,
      remedy: 'This kernel lacks a module; load it, or use another driver',
    });
  if (error.code === 'ENODEV' || error.code === 'EINVAL')
    return new EngineError('InvalidArgument', message, { cause: error });
  if (error.code === 'EBUSY' || error.code === 'EEXIST') return new EngineError('Conflict', message, { cause: error });
  return new EngineError('Unavailable', message, { cause: error });
}
