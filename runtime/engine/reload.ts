// SIGHUP: the configuration file is read again, and what can change while containers run is taken over. dockerd's list.
import { hostname } from 'node:os';
import type { parseDaemonArguments } from './daemon_options.ts';
import type { EventBus } from './events.ts';
import type { Log } from './log.ts';
import type { EngineOptions } from './options.ts';

const reloadable = {
  debug: 'debug',
  labels: 'labels',
  shutdownTimeout: 'shutdown-timeout',
  maxConcurrentDownloads: 'max-concurrent-downloads',
  maxConcurrentUploads: 'max-concurrent-uploads',
  maxDownloadAttempts: 'max-download-attempts',
  defaultRuntime: 'default-runtime',
  runtimes: 'runtimes',
  insecureRegistries: 'insecure-registries',
  registryMirrors: 'registry-mirrors',
  buildCacheLimit: 'builder',
} as const satisfies Partial<Record<keyof EngineOptions, string>>;

interface Running {
  /** The settings that the engine reads: changed in place. */
  readonly options: EngineOptions;
  readonly engineId: string;
  readonly log: Log;
  readonly events: EventBus;
  /** Reads arguments and file as at the start. @throws Error for a file that can't be used. */
  readonly read: () => ReturnType<typeof parseDaemonArguments>;
}

/** Takes over what has changed. A file that can't be used is told in the log and changes nothing. */
export function reload({ options, engineId, log, events, read }: Running): void {
  let next: ReturnType<typeof parseDaemonArguments>;
  try {
    next = read();
  } catch (error) {
    log.error('cannot reload the configuration; the old one stays', error);
    return;
  }
  const names = Object.keys(reloadable) as (keyof typeof reloadable)[]; // the keys of the object above
  Object.assign(options, Object.fromEntries(names.map((name) => [name, next.options[name]])));
  log.level = next.logLevel;
  log.info('the configuration was reloaded');
  const attributes = names.map((name) => {
    const value = options[name];
    return [reloadable[name], typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')];
  });
  events.publish({
    type: 'daemon',
    action: 'reload',
    id: engineId,
    attributes: { name: hostname(), ...Object.fromEntries(attributes) },
  });
}
