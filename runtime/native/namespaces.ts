// Network namespaces that outlive processes: a file with the namespace mounted on it, like those of `ip netns`.
import { invoke } from './native.ts';

/**
 * Makes a new network namespace (loopback up) and keeps it at `path`, a file that is created. Open the path for a
 * descriptor that the netlink and nftables calls take; give the path to the OCI runtime as the namespace to join.
 */
export function createNetworkNamespace(path: string): Promise<void> {
  return invoke('namespaces.createNetwork', { path });
}

/** Unmounts and removes the file; the namespace itself ends with its last process. False where there was none. */
export function removeNamespace(path: string): Promise<boolean> {
  return invoke('namespaces.remove', { path });
}
