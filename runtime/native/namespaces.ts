// Network namespaces that outlive processes: a file with the namespace mounted on it, like those of `ip netns`.
import { addon } from './native.ts';

interface NamespacesAddon {
  createNetworkNamespace(path: string): Promise<void>;
  removeNamespace(path: string): Promise<boolean>;
}

/**
 * Makes a new network namespace (loopback up) and keeps it at `path`, a file that is created. Open the path for a
 * descriptor that the netlink and nftables calls take; give the path to the OCI runtime as the namespace to join.
 */
export function createNetworkNamespace(path: string): Promise<void> {
  return addon<NamespacesAddon>().createNetworkNamespace(path);
}

/** Unmounts and removes the file; the namespace itself ends with its last process. False where there was none. */
export function removeNamespace(path: string): Promise<boolean> {
  return addon<NamespacesAddon>().removeNamespace(path);
}
