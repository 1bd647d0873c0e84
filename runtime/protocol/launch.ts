// Finding the engine, and starting its helper if nobody has yet: for the CLI, the extension and tests.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Client } from './client.ts';
import { EngineError } from './errors.ts';
import type { EnginePaths } from './paths.ts';
import { isOlder } from './version.ts';

export interface LaunchOptions {
  readonly paths: EnginePaths;
  /** The helper's program and the arguments that go before its own; found beside this file if absent. */
  readonly command?: readonly [string, ...string[]];
  readonly signal?: AbortSignal;
}

function isAbsent(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}

/**
 * The launcher, which for an ordinary user enters a user namespace first; else this Node (the editor's own, perhaps) with the
 * helper's bundle, or with its source.
 */
function helperCommand(): readonly [string, ...string[]] {
  const launcher = join(import.meta.dirname, '../bin/slipwayd');
  if (existsSync(launcher)) return [launcher];
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
  const places = ['slipwayd.js', 'lib/slipwayd.js', '../slipwayd.ts'].map((place) => join(import.meta.dirname, place));
  const found = places.find((place) => existsSync(place));
  if (found === undefined)
    throw new EngineError('Unavailable', `cannot start the engine: no slipwayd in ${places.join(', ')}`);
  return [...node, found];
}

/** Connects; throws `PermissionDenied` or `Unavailable` with what to do. */
export async function connectEngine(socket: string, signal?: AbortSignal): Promise<Client> {
  try {
    return await Client.connect(socket, signal === undefined ? {} : { signal });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES')
      throw new EngineError('PermissionDenied', `cannot connect to the engine at ${socket}: permission denied`, {
        remedy: 'use your own engine (unset SLIPWAY_HOST), or ask to be put into the group "slipway"',
        cause: error,
      });
    if (isAbsent(error))
      throw new EngineError('Unavailable', `cannot connect to the engine at ${socket}: nothing listens there`, {
        remedy: 'start it with slipwayd, or leave the host away to have it started',
        cause: error,
      });
    throw error;
  }
}

/** Reads what the helper says until it is ready, or ends without being so. */
async function untilReady(ready: Readable, errors: Readable, ended: Promise<number>): Promise<void> {
  let text = '';
  let complaint = '';
  errors.on('data', (chunk: Buffer) => {
    if (complaint.length < 64_000) complaint += chunk.toString();
  });
  const said = (async () => {
    for await (const chunk of ready) {
      text += String(chunk);
      if (text.includes('ready')) return true;
    }
    return false;
  })();
  if (await said) return;
  await ended;
  throw new EngineError(
    'Unavailable',
    `the engine could not be started: ${complaint.trim() || 'it ended without a word'}`,
  );
}

async function startHelper({ paths, command = helperCommand() }: LaunchOptions): Promise<void> {
  mkdirSync(paths.execRoot, { recursive: true, mode: 0o700 });
  const [program, ...before] = command;
  const args = ['--data-root', paths.dataRoot, '--exec-root', paths.execRoot, '--socket', paths.socket];
  const child = spawn(
    program,
    [...before, ...args, '--log-file', join(paths.execRoot, 'slipwayd.log'), '--ready-fd', '3'],
    {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: { SLIPWAY_NODE: process.execPath, ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      cwd: '/',
    },
  );
  const ended = new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', reject);
  });
  ended.catch(() => {});
  const { stderr: errors } = child;
  const ready = child.stdio[3];
  if (errors === null || !(ready instanceof Readable)) throw new Error('the pipes that were asked for are missing');
  try {
    await Promise.race([untilReady(ready, errors, ended), ended.then(() => new Promise<never>(() => {}))]);
  } finally {
    ready.destroy();
    errors.destroy();
    child.unref();
  }
}

/**
 * Connects to the engine of these paths; starts its helper first if none runs, and in place of one that is older than this
 * client. Containers go on meanwhile. Two that do so at once get the same helper.
 */
export async function connectOrStart(options: LaunchOptions): Promise<Client> {
  const { paths, signal } = options;
  try {
    const client = await Client.connect(paths.socket, signal === undefined ? {} : { signal });
    // Somebody else may be replacing it, too: then it hangs up before it answers.
    const version = await unlessClosed(client, client.call('system.ping', {}));
    if (version !== undefined && !isOlder(version)) return client;
    await unlessClosed(client, client.call('system.shutdown', {}));
    await client.closed;
  } catch (error) {
    if (!isAbsent(error)) return await connectEngine(paths.socket, signal);
  }
  return await startOrJoin(options, startAttempts);
}

async function unlessClosed<T>(client: Client, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    await new Promise(setImmediate); // the end of the connection is told after the end of its calls
    if (client.isClosed) return undefined;
    throw error;
  }
}

/** A helper that was just told to end holds the records a little longer than its door. */
const startAttempts = 5;

async function startOrJoin(options: LaunchOptions, attempts: number): Promise<Client> {
  const { paths, signal } = options;
  try {
    await startHelper(options);
  } catch (error) {
    // Somebody else's was faster: then it listens, or will in a moment.
    const client = await retryConnect(paths.socket, signal);
    if (client !== undefined) return client;
    if (attempts <= 1) throw error;
    return await startOrJoin(options, attempts - 1);
  }
  return await connectEngine(paths.socket, signal);
}

/** The winner of a race for the lock may still be repairing; it listens when it is done. */
async function retryConnect(socket: string, signal: AbortSignal | undefined): Promise<Client | undefined> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      return await Client.connect(socket, signal === undefined ? {} : { signal });
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}
