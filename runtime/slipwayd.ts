// slipwayd, the helper: opens the engine, listens, and ends itself when nothing needs it.
import { mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openDockerDoors } from './docker-api/listen.ts';
import { parseDaemonArguments } from './engine/daemon_options.ts';
import { openEngine } from './engine/engine.ts';
import { EventBus } from './engine/events.ts';
import { Log } from './engine/log.ts';
import { reload } from './engine/reload.ts';
import { restAfter } from './engine/rest.ts';
import { engineId } from './engine/system.ts';
import { HostPorts } from './network/host_ports.ts';
import { userId } from './protocol/paths.ts';
import { engineVersion } from './protocol/version.ts';
import { isAllowed } from './rpc/peer.ts';
import { RpcServer } from './rpc/server.ts';
import { StreamRegistry } from './rpc/stream_registry.ts';
import { Database } from './store/database.ts';
import { privateDirectory } from './store/files.ts';

/** The group's id, or undefined where there is no such group. */
function groupId(name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  if (/^\d+$/.test(name)) return Number(name);
  const entry = new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(readFileSync('/etc/group', 'utf8'));
  return entry === null ? undefined : Number(entry[1]);
}

/** Nobody else enters it, and nobody else can have put anything into it (CVE-2021-41091, CVE-2024-25621). */
async function ownDirectory(path: string): Promise<void> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (statSync(path).uid !== process.getuid?.())
    throw new Error(`cannot work in ${path}: it belongs to another user; give it to yourself or choose another`);
  await privateDirectory(path);
}

/** Tells whoever started us (`--ready-fd`) that clients may come. */
function announce(fd: number | undefined): void {
  if (fd === undefined) return;
  writeFileSync(fd, 'ready\n');
}

async function main(): Promise<void> {
  const read = () => parseDaemonArguments(process.argv.slice(2));
  const { paths, options, doors: doorSettings, logFile, pidFile, readyFd, logLevel } = read();
  mkdirSync(dirname(paths.socket), { recursive: true, mode: 0o700 });
  for (const path of [paths.dataRoot, paths.execRoot]) await ownDirectory(path);
  const log = new Log(logLevel, logFile);
  // Holding the database open is the lock: a second helper for the same data root fails here.
  const database = new Database(join(paths.dataRoot, 'slipway.db'));
  const events = new EventBus();
  const stopping = Promise.withResolvers<{ stopContainers: boolean }>();
  const context = { paths, database, events, options, log, rootless: userId() !== 0, hostPorts: HostPorts.take() };
  const engine = await openEngine(context, (stopContainers) =>
    setImmediate(() => stopping.resolve({ stopContainers })),
  );
  const streams = new StreamRegistry();
  const idle = new IdleWatch(
    options.idleTimeout,
    () => engine.isIdle(),
    () => stopping.resolve({ stopContainers: false }),
  );
  const group = userId() === 0 ? groupId(options.group) : undefined;
  const server = await RpcServer.listen({
    path: paths.socket,
    handlers: engine.handlers,
    events,
    streams,
    log,
    ...(group === undefined ? {} : { group }),
    onClients: (count) => idle.clientsChanged(count),
  });
  const doors = await openDockerDoors(
    { handlers: engine.handlers, events, log, version: engineVersion, isAllowed: (socket) => isAllowed(socket, group) },
    doorSettings,
    group,
  );
  using _watch = events.subscribe(() => idle.poke());
  using _rest = restAfter(events, log);
  if (pidFile !== undefined) writeFileSync(pidFile, `${process.pid}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => stopping.resolve({ stopContainers: false }));
  process.on('SIGHUP', () => reload({ options, engineId: engineId(paths), log, events, read }));
  log.info('ready', { socket: paths.socket, pid: process.pid });
  announce(readyFd);
  idle.poke();
  const { stopContainers } = await stopping.promise;
  log.info('ending', { stopContainers });
  if (stopContainers) await engine.stopContainers();
  await engine.close();
  await Promise.all([server, ...doors].map((door) => door[Symbol.asyncDispose]()));
  if (pidFile !== undefined) unlinkSync(pidFile);
  database[Symbol.dispose]();
  process.exit(0);
}

/** Ends the helper after a while in which nobody was connected and nothing ran. */
class IdleWatch {
  readonly #seconds: number;
  readonly #isIdle: () => boolean;
  readonly #end: () => void;
  #clients = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(seconds: number, isIdle: () => boolean, end: () => void) {
    this.#seconds = seconds;
    this.#isIdle = isIdle;
    this.#end = end;
  }

  clientsChanged(count: number): void {
    this.#clients = count;
    this.poke();
  }

  /** Something happened: the time starts anew. */
  poke(): void {
    clearTimeout(this.#timer);
    if (this.#seconds <= 0 || this.#clients > 0) return;
    this.#timer = setTimeout(
      () => (this.#clients === 0 && this.#isIdle() ? this.#end() : this.poke()),
      this.#seconds * 1000,
    );
  }
}

process.on('unhandledRejection', (reason) => {
  process.stderr.write(
    `slipwayd: unhandled rejection: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}\n`,
  );
});

main().catch((error: unknown) => {
  process.stderr.write(`slipwayd: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
