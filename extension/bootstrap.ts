// Finds the engine that the settings ask for and starts it where it isn't running. Fails with the next step to take.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { EngineError } from '../runtime/protocol/errors.ts';
import { defaultPaths, socketOfHost } from '../runtime/protocol/paths.ts';

export interface EngineStart {
  program: string;
  args: readonly string[];
  /** Ask for the administrator's rights first, by pkexec or sudo. */
  asRoot: boolean;
}

export interface EngineLocation {
  socket: string;
  /** How to start it; absent where the settings name an engine that somebody else runs. */
  start?: EngineStart;
}

/** What the settings say now. */
export function locateEngine(context: vscode.ExtensionContext): EngineLocation {
  const settings = vscode.workspace.getConfiguration('slipway.engine');
  const host = settings.get('host', '');
  if (host !== '') return { socket: socketOfHost(host) };

  const isRoot = process.getuid?.() === 0;
  const asRoot = settings.get<string>('mode') === 'root' && !isRoot;
  const program = settings.get('path', '') || context.asAbsolutePath('dist/bin/slipwayd');
  const own = settings.get<string[]>('arguments', []);
  const paths = asRoot ? defaultPaths(process.env, 0) : defaultPaths();
  const socket = argumentOf(own, '--socket') ?? paths.socket;
  const log = join(argumentOf(own, '--exec-root') ?? paths.execRoot, 'slipwayd.log');
  const runtime = vscode.workspace.getConfiguration('slipway').get('runtime', '');
  const args = [
    ...(own.includes('--log-file') ? [] : ['--log-file', log]),
    ...(runtime === '' ? [] : ['--add-runtime', `editor=${runtime}`, '--default-runtime', 'editor']),
    ...own,
  ];
  return { socket, start: { program, args, asRoot } };
}

/** What follows an option among arguments. */
function argumentOf(args: readonly string[], option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}

/**
 * Starts the helper and returns when it listens. It outlives the window: other windows and terminals use it too.
 * @throws EngineError `PermissionDenied` or `Unavailable`, with what the helper said.
 */
export async function startEngine(start: EngineStart, log: vscode.LogOutputChannel): Promise<void> {
  // It says on its standard output that it listens: pkexec closes every descriptor above the first three.
  const line = [start.program, ...start.args, '--ready-fd', '1'];
  const [program, args] = start.asRoot
    ? ['pkexec', ['env', `SLIPWAY_NODE=${process.execPath}`, ...line]]
    : [start.program, line.slice(1)];
  const child = spawn(program, args, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    // The helper runs on the editor's own Node.
    env: { ...process.env, SLIPWAY_NODE: process.execPath, ELECTRON_RUN_AS_NODE: '1' },
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (text) => {
    said.push(text);
    log.info(`slipwayd: ${text}`);
  });
  const listening = new Promise<true>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (text === 'ready') resolve(true);
    });
  });
  const failure = Promise.race([
    once(child, 'error').then(([error]) => String(error)),
    // 'close' comes after the last word on stderr, 'exit' may come before it.
    once(child, 'close').then(([code]) => `it ended with code ${code}`),
  ]);
  const outcome = await Promise.race([listening, failure]);
  if (outcome !== true) {
    const denied = said.some((text) => /permission denied|not permitted|not authorized|EACCES|EPERM/i.test(text));
    throw new EngineError(
      denied ? 'PermissionDenied' : 'Unavailable',
      `cannot start the engine ${start.program}: ${said.at(-1) ?? outcome}`,
      { remedy: 'run “Slipway: Doctor”, or see the engine log' },
    );
  }
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}
