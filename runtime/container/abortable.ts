// Waiting for something that may never come, until somebody loses patience.

/**
 * A promise that `begin` resolves, and that rejects with the signal's reason. `begin` gives back how to stop listening, which
 * is done in every case.
 */
export function abortable<T = void>(
  signal: AbortSignal,
  begin: (resolve: (value: T) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    let stop: (() => void) | undefined;
    const abort = () => {
      stop?.();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    stop = begin((value) => {
      signal.removeEventListener('abort', abort);
      stop?.();
      resolve(value);
    });
  });
}

/** Milliseconds, unless aborted. */
export function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return abortable(signal, (resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    return () => clearTimeout(timer);
  });
}
