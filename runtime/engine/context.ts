// What every noun of the engine is given: where things are, the records, the events, the settings, the log.
import type { HostPorts } from '../network/host_ports.ts';
import type { EnginePaths } from '../protocol/paths.ts';
import type { Database } from '../store/database.ts';
import type { EventBus } from './events.ts';
import type { Log } from './log.ts';
import type { EngineOptions } from './options.ts';

export interface EngineContext {
  readonly paths: EnginePaths;
  readonly database: Database;
  readonly events: EventBus;
  readonly options: EngineOptions;
  readonly log: Log;
  /** The engine runs as an ordinary user or in a user namespace: user.overlay.* attributes, no devices, own id maps. */
  readonly rootless: boolean;
  /** Where the engine is in a network namespace of its own: the machine's ports. */
  readonly hostPorts?: HostPorts | undefined;
}
