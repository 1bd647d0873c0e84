// Loads slipway.node, the native part of the engine, and gives its errors a class. The subjects have their own typed
// files beside this one: archive, filesystem, mount, namespaces, netlink, nftables, process.
import { closeSync, existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** A failed call of the native part: which system call or check failed, on what, and with which errno. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
  /** The positive errno; 0 where no system call failed but the input was refused. */
  readonly errno: number;
  /** The errno's name (`ENOENT`); `ERR_REFUSED` where errno is 0, `ABORT_ERR` for a call that was cancelled. */
  readonly code: string;
  /** The system call, or the field or check that failed. */
  readonly syscall: string;
  /** The file or object that it failed on, where there is one. */
  readonly path: string | undefined;

  constructor(message: string, errno: number, syscall: string, path: string) {
    super(message);
    this.errno = errno;
    this.code = codeOf(errno);
    this.syscall = syscall;
    this.path = path === '' ? undefined : path;
  }
}

const names = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name);

function codeOf(errno: number): string {
  if (errno === 0) return 'ERR_REFUSED';
  if (errno === constants.errno.ECANCELED) return 'ABORT_ERR';
  return names.get(errno) ?? `ERRNO_${errno}`;
}

/** What the shared object exports (native/addon/addon.cc). */
interface Addon {
  setErrorClass(errorClass: typeof NativeError): void;
  call(method: string, parameters: string): Promise<string>;
  pipe(): [number, number];
  attributes(path: string): Record<string, string> | undefined;
  openCancel(): number;
  fireCancel(fd: number): void;
}

let loaded: object | undefined;

/**
 * The addon's exports, as `T` declares them. Throws when the addon is not built or is for another machine.
 */
export function addon<T = Addon>(): T {
  loaded ??= load();
  // What a shared object exports can't be checked by the compiler; each subject's tests call every function it declares.
  return loaded as T;
}

/**
 * One call of the native part: its parameters and its answer are plain data (native/addon/*.cc reads and writes them).
 * Rejects with NativeError; a parameter of the wrong type or a missing one is named there.
 */
export async function invoke<T>(method: string, parameters: object): Promise<T> {
  const answer = await addon().call(method, JSON.stringify(parameters));
  // As with the exports: the declarations in this folder say what the native part answers.
  return JSON.parse(answer) as T;
}

/**
 * invoke() that can be cancelled: the call then ends at its next wait, with the code ABORT_ERR.
 */
export async function invokeCancellable<T>(method: string, parameters: object, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return await invoke(method, parameters);
  signal.throwIfAborted();
  const cancelFd = addon().openCancel();
  const fire = () => addon().fireCancel(cancelFd);
  signal.addEventListener('abort', fire, { once: true });
  try {
    return await invoke(method, { ...parameters, cancelFd });
  } finally {
    signal.removeEventListener('abort', fire);
    closeSync(cancelFd);
  }
}

function load(): object {
  const path = addonPath();
  const module: { exports: object } = { exports: {} };
  process.dlopen(module, path);
  (module.exports as Addon).setErrorClass(NativeError); // declared by addon.cc
  return module.exports;
}

/** Beside a bundle (dist/lib, or dist itself), or in dist/ when running from the sources. */
function addonPath(): string {
  const places = ['../native', 'native', '../../dist/native'].map((place) =>
    join(import.meta.dirname, place, 'slipway.node'),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new Error(`cannot load the native part: no slipway.node in ${places.join(', ')}; run npm run build:native`);
  }
  return found;
}
