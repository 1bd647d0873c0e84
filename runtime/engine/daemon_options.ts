// slipwayd's command line: where things are, and what overrides the configuration.
import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultPaths, type EnginePaths, socketOfHost } from '../protocol/paths.ts';
import { type LogLevel, logLevels } from './log.ts';
import { defaultOptions, type EngineOptions } from './options.ts';

export interface DaemonArguments {
  readonly paths: EnginePaths;
  readonly options: EngineOptions;
  readonly logLevel: LogLevel;
  /** Undefined: stderr. */
  readonly logFile: string | undefined;
  readonly pidFile: string | undefined;
  /** A descriptor that gets `ready\n`. */
  readonly readyFd: number | undefined;
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path);
}

function levelOf(text: string | undefined, debug: boolean): LogLevel {
  const level = text ?? (debug ? 'debug' : 'info');
  const known = logLevels.find((name) => name === level);
  if (known === undefined)
    throw new Error(`unable to parse logging level: ${level}; use one of ${logLevels.join(', ')}`);
  return known;
}

/** Throws an Error with a sentence for a person. */
export function parseDaemonArguments(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): DaemonArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'data-root': { type: 'string' },
      'exec-root': { type: 'string' },
      socket: { type: 'string' },
      pidfile: { type: 'string', short: 'p' },
      'log-file': { type: 'string' },
      'log-level': { type: 'string', short: 'l' },
      debug: { type: 'boolean', short: 'D' },
      'idle-timeout': { type: 'string' },
      'ready-fd': { type: 'string' },
    },
  });
  const defaults = defaultPaths(environment);
  const execRoot = absolute(values['exec-root'] ?? defaults.execRoot);
  const socket =
    values.socket ?? (values['exec-root'] === undefined ? defaults.socket : join(execRoot, 'slipway.sock'));
  const debug = values.debug === true;
  return {
    paths: {
      dataRoot: absolute(values['data-root'] ?? defaults.dataRoot),
      execRoot,
      socket: absolute(socketOfHost(absolute(socket))),
    },
    options: {
      ...defaultOptions,
      debug,
      ...(values['idle-timeout'] === undefined ? {} : { idleTimeout: Number(values['idle-timeout']) }),
    },
    logLevel: levelOf(values['log-level'], debug),
    logFile: values['log-file'],
    pidFile: values.pidfile,
    readyFd: values['ready-fd'] === undefined ? undefined : Number(values['ready-fd']),
  };
}
