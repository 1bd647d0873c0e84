// Further processes in a running container: each with a small monitor of its own, so that it outlives the helper too.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { removeTree } from '../native/filesystem.ts';
import { EngineError } from '../protocol/errors.ts';
import type { ExecInspect } from '../protocol/exec.ts';
import type { StreamServer } from '../protocol/handler.ts';
import type { Params } from '../protocol/methods.ts';
import { connectStdio, detachFilter, type StdioOptions } from './attach.ts';
import { AttachStream } from './attach_stream.ts';
import { stringifySpec } from './bundle.ts';
import { type Container, endedMeanwhile } from './container.ts';
import { connectMonitor, type MonitorClient, readExitRecord } from './monitor_client.ts';
import { type ContainerServices, directories, publish } from './services.ts';
import { spawnExecMonitor } from './spawn.ts';
import { allCapabilities, effectiveCapabilities } from './spec/capabilities.ts';
import { capabilitySets, processEnvironment, rlimits } from './spec/generate.ts';
import type { OciProcess } from './spec/oci.ts';
import { parseSecurityOptions } from './spec/security.ts';
import { signalNumber } from './spec/signals.ts';
import { type ResolvedUser, readUserFiles, resolveUser } from './spec/user.ts';

type ExecRequest = Params<'exec.create'>;

export interface ExecSession {
  readonly id: string;
  readonly container: Container;
  readonly request: ExecRequest;
  status: 'created' | 'running' | 'exited';
  exitCode: number | null;
  pid: number;
  monitor: MonitorClient | undefined;
}

/** Docker's code for "ended, nobody knows how". */
const unknownExit = 255;

/** In a session's directory: what the client asked for, for the next helper. */
const requestFile = 'request.json';

/** Ended sessions are remembered so long, because clients ask for their exit code afterwards. */
const memory = 5 * 60_000;

function assertRunning(container: Container): void {
  if (container.state.status === 'paused')
    throw new EngineError('Conflict', `container ${container.id} is paused, unpause the container before exec`);
  if (!container.isRunning) throw new EngineError('Conflict', `container ${container.id} is not running`);
}

export async function createExec(
  services: ContainerServices,
  container: Container,
  request: ExecRequest,
): Promise<{ Id: string }> {
  assertRunning(container);
  if (request.Cmd.length === 0) throw new EngineError('InvalidArgument', 'No exec command specified');
  detachFilter(request.DetachKeys);
  if (request.User) await userOf(container, request.User);
  const session: ExecSession = {
    id: randomBytes(32).toString('hex'),
    container,
    request,
    status: 'created',
    exitCode: null,
    pid: 0,
    monitor: undefined,
  };
  container.execs.set(session.id, session);
  publish(services, container, `exec_create: ${request.Cmd.join(' ')}`, { execID: session.id }, undefined);
  return { Id: session.id };
}

async function userOf({ record, state }: Container, wanted: string): Promise<ResolvedUser> {
  return resolveUser(wanted, await readUserFiles(`/proc/${state.pid}/root`), record.hostConfig.GroupAdd);
}

async function processOf(
  services: ContainerServices,
  { container, request }: ExecSession,
  size: { height: number; width: number },
): Promise<OciProcess> {
  const { config, hostConfig: host } = container.record;
  const user = await userOf(container, request.User || config.User || '');
  const privileged = request.Privileged === true || host.Privileged === true;
  const capabilities = effectiveCapabilities({
    privileged,
    add: host.CapAdd ?? [],
    drop: host.CapDrop ?? [],
    available: privileged
      ? new Set(allCapabilities.filter((name) => services.facts.capabilities.has(name)))
      : services.facts.capabilities,
  });
  const tty = request.Tty === true;
  return {
    ...(tty ? { terminal: true } : {}),
    ...(tty && size.height > 0 ? { consoleSize: size } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids] },
    args: [...request.Cmd],
    env: processEnvironment({ ...config, Env: [...(config.Env ?? []), ...(request.Env ?? [])] }, user.home, tty),
    cwd: request.WorkingDir || config.WorkingDir || '/',
    capabilities: capabilitySets(capabilities, user.uid),
    rlimits: rlimits({
      record: container.record,
      facts: services.facts,
      defaultUlimits: services.context.options.defaultUlimits,
    }),
    noNewPrivileges: parseSecurityOptions(host.SecurityOpt).noNewPrivileges,
  };
}

/** A monitor that is ready to start the session's process. */
async function prepare(
  services: ContainerServices,
  session: ExecSession,
  size: { height: number; width: number },
): Promise<MonitorClient> {
  const { container, request } = session;
  if (session.status !== 'created') {
    const what = session.status === 'running' ? 'is already running' : 'has already run';
    throw new EngineError('Conflict', `exec command ${session.id} ${what}`);
  }
  assertRunning(container);
  session.status = 'running';
  try {
    const directory = join(directories(services, container).execs, session.id);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const processFile = join(directory, 'process.json');
    // For the next helper: what is in the monitor's directory says nothing of who asked for what.
    writeFileSync(join(directory, requestFile), JSON.stringify(request), { mode: 0o600 });
    writeFileSync(processFile, stringifySpec(await processOf(services, session, size)), { mode: 0o600 });
    const monitor = await spawnExecMonitor(services, container, {
      id: session.id,
      processFile,
      directory: join(directory, 'monitor'),
      stdin: request.AttachStdin === true,
    });
    session.monitor = monitor;
    return monitor;
  } catch (error) {
    throw failed(services, session, error);
  }
}

function failed(services: ContainerServices, session: ExecSession, error: unknown): unknown {
  const why = withoutDirectory(error);
  finish(services, session, codeOf(why));
  return whyNot(session.container, why);
}

/** A directory that can't be entered, as runc says it: to Docker's clients the same as a command that is missing. */
function withoutDirectory(error: unknown): unknown {
  const [, path, reason = ''] =
    (error instanceof Error ? /^process\.cwd: chdir '(.*)': (.*)$/s.exec(error.message) : null) ?? [];
  if (path === undefined) return error;
  const message = `chdir to cwd ("${path}") set in config.json failed: ${reason.toLowerCase()}`;
  return new EngineError('CommandNotFound', message, { cause: error });
}

/** It was stopped or paused meanwhile: then that is what the client is told. */
function whyNot(container: Container, error: unknown): unknown {
  try {
    assertRunning(container);
    return endedMeanwhile(container, error);
  } catch (state) {
    return state;
  }
}

function codeOf(error: unknown): number {
  if (!(error instanceof EngineError)) return 126;
  return error.kind === 'CommandNotFound' ? 127 : 126;
}

/** Starts the process and follows it to its end in the background. */
async function run(services: ContainerServices, session: ExecSession, monitor: MonitorClient): Promise<void> {
  const { container, request } = session;
  try {
    const { pid } = await monitor.start();
    session.pid = pid;
  } catch (error) {
    throw failed(services, session, error);
  }
  publish(services, container, `exec_start: ${request.Cmd.join(' ')}`, { execID: session.id }, undefined);
  follow(services, session, monitor);
}

function follow(services: ContainerServices, session: ExecSession, monitor: MonitorClient): void {
  void monitor.exited.then((exit) => finish(services, session, exit?.exitCode ?? unknownExit));
}

/** After a helper's start: the sessions of a running container that an earlier helper began, running or ended meanwhile. */
export async function recoverExecs(services: ContainerServices, container: Container): Promise<void> {
  const { execs } = directories(services, container);
  if (!existsSync(execs)) return;
  for (const id of readdirSync(execs)) {
    const directory = join(execs, id);
    const monitor = await connectMonitor(join(directory, 'monitor')).catch(() => undefined);
    if (monitor?.status === 'created') {
      // Nobody told it to start: it undoes itself, now that its spawner is gone.
      await monitor.ended;
      rmSync(directory, { recursive: true, force: true });
      continue;
    }
    const exit = readExitRecord(join(directory, 'monitor'));
    if (monitor === undefined && exit === undefined) {
      rmSync(directory, { recursive: true, force: true });
      continue;
    }
    // An earlier version's sessions run to their end unknown.
    if (!existsSync(join(directory, requestFile))) continue;
    // Written by prepare() before there was a monitor.
    const request = JSON.parse(readFileSync(join(directory, requestFile), 'utf8')) as ExecRequest;
    const pid = monitor?.pid ?? exit?.pid ?? 0;
    const session: ExecSession = { id, container, request, status: 'running', exitCode: null, pid, monitor };
    container.execs.set(id, session);
    if (monitor !== undefined) follow(services, session, monitor);
    else finish(services, session, exit?.exitCode ?? unknownExit);
  }
}

function finish(services: ContainerServices, session: ExecSession, exitCode: number): void {
  if (session.status === 'exited') return;
  const { container } = session;
  session.status = 'exited';
  session.exitCode = exitCode;
  session.monitor = undefined;
  publish(services, container, 'exec_die', { execID: session.id, exitCode: String(exitCode) }, undefined);
  // Nobody waits for it: what is left at the engine's end goes with the container's own directory.
  removeTree(join(directories(services, container).execs, session.id)).catch((error: unknown) =>
    services.context.log.error('cannot remove the files of an exec session', error, { id: session.id }),
  );
  setTimeout(() => container.execs.delete(session.id), memory).unref();
}

function stdioOf({ request }: ExecSession): StdioOptions {
  return {
    tty: request.Tty === true,
    stdin: request.AttachStdin === true,
    stdout: request.AttachStdout !== false,
    stderr: request.AttachStderr !== false,
    closeStdin: request.Tty !== true,
    detachKeys: request.AttachStdin === true ? detachFilter(request.DetachKeys) : undefined,
  };
}

/** Connects a client to the session's streams, then lets it `start`; null for a client that leaves before the end. */
async function serveStreams(
  services: ContainerServices,
  session: ExecSession,
  monitor: MonitorClient,
  client: Duplex,
  signal: AbortSignal,
  start?: () => Promise<void>,
): Promise<{ ExitCode: number | null }> {
  const stdio = stdioOf(session);
  const sockets = await Promise.all([monitor.attach(), stdio.stdin ? monitor.attach() : undefined]);
  const [socket, input] = sockets;
  await start?.().catch((error: unknown) => {
    for (const one of sockets) one?.destroy();
    throw error;
  });
  const outcome = await connectStdio(client, socket, stdio, signal, input);
  if (outcome.Reason === 'ended') return { ExitCode: (await monitor.exited)?.exitCode ?? unknownExit };
  publish(services, session.container, 'exec_detach', { execID: session.id }, undefined);
  return { ExitCode: null };
}

/** exec.start: the outcome is the exit code, also for a client that detached. */
export async function startExec(
  services: ContainerServices,
  session: ExecSession,
  size: { readonly height: number; readonly width: number },
): Promise<StreamServer<'exec.start'>> {
  const monitor = await prepare(services, session, size);
  const serve = (client: Duplex, signal: AbortSignal) =>
    serveStreams(services, session, monitor, client, signal, () => run(services, session, monitor));
  const abandoned = () => {
    monitor.abort();
    finish(services, session, 126);
  };
  return Object.assign(serve, { abandoned });
}

/** exec.attach */
export async function attachExec(
  services: ContainerServices,
  session: ExecSession,
): Promise<StreamServer<'exec.attach'>> {
  const monitor = runningMonitor(session);
  return (client, signal) => serveStreams(services, session, monitor, client, signal);
}

export async function startExecDetached(services: ContainerServices, session: ExecSession): Promise<void> {
  await run(services, session, await prepare(services, session, { height: 0, width: 0 }));
}

export async function resizeExec(session: ExecSession, height: number, width: number): Promise<void> {
  await runningMonitor(session).resize(height, width);
}

export async function killExec(session: ExecSession, signal: string): Promise<void> {
  const number = signalNumber(signal || 'KILL');
  await runningMonitor(session).kill(number);
}

function runningMonitor({ id, monitor }: ExecSession): MonitorClient {
  if (monitor === undefined) throw new EngineError('Conflict', `exec ${id} is not running`);
  return monitor;
}

export function inspectExec({ id, container, request, status, exitCode, pid }: ExecSession): ExecInspect {
  const [entrypoint = '', ...args] = request.Cmd;
  return {
    ID: id,
    Running: status === 'running',
    ExitCode: exitCode,
    ProcessConfig: {
      tty: request.Tty === true,
      entrypoint,
      arguments: args,
      privileged: request.Privileged === true,
      user: request.User ?? '',
    },
    OpenStdin: request.AttachStdin === true,
    OpenStdout: request.AttachStdout === true,
    OpenStderr: request.AttachStderr === true,
    CanRemove: status === 'exited',
    ContainerID: container.id,
    DetachKeys: request.DetachKeys ?? '',
    Pid: pid,
  };
}

/** Runs a command to its end and gives its first output: for health checks. An abort kills it. */
export async function runAndCapture(
  services: ContainerServices,
  container: Container,
  command: readonly string[],
  maxOutput: number,
  signal: AbortSignal,
): Promise<{ exitCode: number; output: string }> {
  const { Id } = await createExec(services, container, { Container: container.id, Cmd: [...command] });
  const session = container.execs.get(Id);
  if (session === undefined) throw new Error('the exec session just made is missing');
  const monitor = await prepare(services, session, { height: 0, width: 0 });
  const socket = await monitor.attach();
  const stream = new AttachStream(socket);
  const kill = () => {
    void monitor.kill(9).catch(() => {});
    stream.close();
  };
  await run(services, session, monitor);
  signal.addEventListener('abort', kill, { once: true });
  try {
    let output = '';
    for await (const frame of stream.frames())
      if ((frame.type === 'stdout' || frame.type === 'stderr') && output.length < maxOutput)
        output += frame.data.toString();
    signal.throwIfAborted();
    return { exitCode: (await monitor.exited)?.exitCode ?? unknownExit, output: output.slice(0, maxOutput) };
  } finally {
    signal.removeEventListener('abort', kill);
    stream.close();
    container.execs.delete(Id);
  }
}
