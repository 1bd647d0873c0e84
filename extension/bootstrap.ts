// Finds the engine that the settings ask for and starts it where it isn't running. Fails with the next step to take.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
  const socket = asRoot ? defaultPaths(process.env, 0).socket : defaultPaths().socket;
  const program = settings.get('path', '') || context.asAbsolutePath('dist/bin/slipwayd');
  const args = settings.get<string[]>('arguments', []);
  const ownSocket = args.indexOf('--socket');
  return {
    socket: args[ownSocket + 1] !== undefined && ownSocket >= 0 ? String(args[ownSocket + 1]) : socket,
    start: { program, args, asRoot },
  };
}

/**
 * Starts the helper and returns when it listens. It outlives the window: other windows and terminals use it too.
 * @throws EngineError `PermissionDenied` or `Unavailable`, with what the helper said.
 */
export async function startEngine(start: EngineStart, socket: string, log: vscode.LogOutputChannel): Promise<void> {
  const [program, args] = start.asRoot
    ? ['pkexec', ['env', `SLIPWAY_NODE=${process.execPath}`, start.program, ...start.args]]
    : [start.program, [...start.args]];
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The helper runs on the editor's own Node.
    env: { ...process.env, SLIPWAY_NODE: process.execPath, ELECTRON_RUN_AS_NODE: '1' },
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    log.info(`slipwayd: ${line}`);
  });
  const listening = new Promise<boolean>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes(socket)) resolve(true);
    });
  });
  const failure = Promise.race([
    once(child, 'error').then(([error]) => String(error)),
    once(child, 'exit').then(([code]) => `it ended with code ${code}`),
  ]);
  const outcome = await Promise.race([listening, failure]);
  if (outcome !== true) {
    const denied = said.some((line) => /permission denied|not permitted|EACCES|EPERM/i.test(line));
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
