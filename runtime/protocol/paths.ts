// Where an engine keeps its things, and where clients find it. One engine per user (rootless) and one per machine (root).
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface EnginePaths {
  /** Images, records, volumes: what stays. */
  readonly dataRoot: string;
  /** Sockets, monitors, mounts: what a reboot ends. */
  readonly execRoot: string;
  readonly socket: string;
}

/** The user whose engine it is. A rootless helper is root in its own user namespace; its launcher says whose it is. */
export function userId(environment: NodeJS.ProcessEnv = process.env): number {
  return Number(environment['SLIPWAY_ROOTLESS'] ?? process.getuid?.() ?? 0);
}

/** The paths of the engine of this user: `/var/lib/slipway` and `/run/slipway` for root, XDG directories for others. */
export function defaultPaths(environment: NodeJS.ProcessEnv = process.env, uid: number = userId()): EnginePaths {
  if (uid === 0) {
    return { dataRoot: '/var/lib/slipway', execRoot: '/run/slipway', socket: '/run/slipway/slipway.sock' };
  }
  const data = environment['XDG_DATA_HOME'] || join(environment['HOME'] || homedir(), '.local', 'share');
  const run = environment['XDG_RUNTIME_DIR'] || `/run/user/${uid}`;
  const execRoot = join(run, 'slipway');
  return { dataRoot: join(data, 'slipway'), execRoot, socket: join(execRoot, 'slipway.sock') };
}

/** `unix:///path`, or a bare absolute path. Throws an Error for anything else. */
export function socketOfHost(host: string): string {
  const path = host.startsWith('unix://') ? host.slice('unix://'.length) : host;
  if (!path.startsWith('/')) throw new Error(`cannot use the host "${host}": expected unix:///path/to/slipway.sock`);
  return path;
}
