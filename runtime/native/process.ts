// Processes, pidfds and sockets (native/addon/process*.cc). Descriptors are plain numbers that the caller closes.
import { addon } from './native.ts';

export interface SpawnOptions {
  /** The program's file. */
  readonly path: string;
  /** argv, its first word (the program's name) included. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Working directory; the caller's own if absent. */
  readonly cwd?: string;
}

export interface SpawnedProcess {
  readonly pid: number;
  /** Readable once the process has ended; give it to waitPidfd(), which also reaps the process. */
  readonly pidfd: number;
  /** Our end of a stream socket pair; the other end is the program's descriptor 3. */
  readonly syncFd: number;
}

/** How a process ended; one of the two is null. */
export interface ProcessStatus {
  readonly exitCode: number | null;
  readonly signal: number | null;
}

export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

interface ProcessAddon {
  spawnDetached(path: string, args: readonly string[], env: readonly string[], cwd: string): Promise<SpawnedProcess>;
  waitPidfd(pidfd: number): Promise<ProcessStatus | null>;
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  peerCredentials(fd: number): Credentials;
  sendFds(socket: number, data: Uint8Array, fds: readonly number[]): Promise<number>;
  recvFds(socket: number): Promise<{ data: Buffer; fds: number[] }>;
}

/**
 * Starts a program in a session of its own without forking Node: stdio is /dev/null, descriptor 3 is the socket, nothing
 * else is open. It outlives this process. Rejects with NativeError (`execve`, `chdir`, `clone`) if it can't be started.
 */
export function spawnMonitor(options: SpawnOptions): Promise<SpawnedProcess> {
  const env = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
  return addon<ProcessAddon>().spawnDetached(options.path, options.args, env, options.cwd ?? '');
}

/**
 * The end of the process behind a pidfd, on Node's event loop and with no thread. Our own child is reaped by it; of a
 * process that is not our child it gives null at its end. The pidfd may be closed meanwhile.
 */
export function waitPidfd(pidfd: number): Promise<ProcessStatus | null> {
  return addon<ProcessAddon>().waitPidfd(pidfd);
}

/** A pidfd for a process. Throws NativeError (`ESRCH`) if there is none. */
export function pidfdOpen(pid: number): number {
  return addon<ProcessAddon>().pidfdOpen(pid);
}

/** Sends a signal (its number) to exactly that process. Throws NativeError (`ESRCH`) if it has ended. */
export function pidfdSendSignal(pidfd: number, signal: number): void {
  addon<ProcessAddon>().pidfdSendSignal(pidfd, signal);
}

/** Who is at the other end of a unix socket: at connect (seen by the server) or at listen (seen by the client). */
export function peerCredentials(fd: number): Credentials {
  return addon<ProcessAddon>().peerCredentials(fd);
}

/** Sends bytes (at least one) and with them descriptors (at most 253) over a unix socket. Answers the bytes sent. */
export function sendFds(socket: number, data: Uint8Array, fds: readonly number[]): Promise<number> {
  return addon<ProcessAddon>().sendFds(socket, data, fds);
}

/** Waits for the next message (at most 64 KiB) with its descriptors; no data means the end of the stream. */
export function recvFds(socket: number): Promise<{ data: Buffer; fds: number[] }> {
  return addon<ProcessAddon>().recvFds(socket);
}
