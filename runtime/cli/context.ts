// What a command works with: the engine, the streams, and how it was called.
import type { Client } from '../protocol/client.ts';
import { connectEngine, connectOrStart } from '../protocol/launch.ts';
import { defaultPaths, socketOfHost } from '../protocol/paths.ts';
import type { Interruption } from './interruption.ts';
import type { Terminal } from './terminal.ts';

export interface CliContext extends AsyncDisposable {
  /** Connects with the first call; starts the helper if it is this user's own and not there yet. */
  engine(): Promise<Client>;
  /** Connects only where an engine runs already. */
  runningEngine(): Promise<Client | undefined>;
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  readonly interruption: Interruption;
  /** The interruption's: fires with Ctrl-C outside of attached containers. */
  readonly signal: AbortSignal;
  out(text: string): void;
  error(text: string): void;
}

export interface ContextOptions {
  /** `--host` or SLIPWAY_HOST. */
  readonly host: string | undefined;
  readonly terminal: Terminal;
  readonly interruption: Interruption;
}

export function createContext({ host, terminal, interruption }: ContextOptions): CliContext {
  const { signal } = interruption;
  let connecting: Promise<Client> | undefined;
  const connect = () =>
    host === undefined ? connectOrStart({ paths: defaultPaths(), signal }) : connectEngine(socketOfHost(host), signal);
  return {
    engine: () => {
      connecting ??= connect();
      return connecting;
    },
    runningEngine: () => {
      connecting ??= connectEngine(host === undefined ? defaultPaths().socket : socketOfHost(host), signal);
      return connecting.catch(() => undefined);
    },
    terminal,
    environment: process.env,
    interruption,
    signal,
    out: (text) => void process.stdout.write(text),
    error: (text) => void process.stderr.write(text),
    [Symbol.asyncDispose]: async () => {
      const client = await connecting?.catch(() => undefined);
      client?.[Symbol.dispose]();
    },
  };
}
