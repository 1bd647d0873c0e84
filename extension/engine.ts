// The connection to the engine: found or started when it is first needed, said plainly when it can't be, and found again by
// itself when it breaks. It holds no state of the engine's beyond the rows that views show.
import * as vscode from 'vscode';
import { Client } from '../runtime/protocol/client.ts';
import { isEngineError } from '../runtime/protocol/errors.ts';
import type { EngineEvent } from '../runtime/protocol/event.ts';
import { errorMessage } from './activity.ts';
import { type EngineLocation, startEngine } from './bootstrap.ts';
import type { Records } from './records.ts';

export type EngineState = 'starting' | 'running' | 'stopped' | 'denied';

/** Waits between tries to come back after the connection broke: at once, then longer, in milliseconds. */
const reconnectDelays = [0, 200, 1000, 5000];

export class Engine implements vscode.Disposable {
  readonly #locate: () => EngineLocation;
  readonly #records: Records;
  readonly #log: vscode.LogOutputChannel;
  readonly #stateChanged = new vscode.EventEmitter<EngineState>();
  readonly #events = new vscode.EventEmitter<EngineEvent>();
  #state: EngineState = 'stopped';
  #connecting: Promise<Client> | undefined;
  #disposed = false;
  /** Set while a person wants no engine: it doesn't come back by itself then. */
  #wantedDown = false;
  /** The last try failed: a view that is drawn again is no reason for another. */
  #failed = false;

  readonly onDidChangeState = this.#stateChanged.event;
  /** Every event of the engine, after the rows have taken it in. */
  readonly onEvent = this.#events.event;

  constructor(locate: () => EngineLocation, records: Records, log: vscode.LogOutputChannel) {
    this.#locate = locate;
    this.#records = records;
    this.#log = log;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** The connection; connects, and starts the engine where it must, on first use. */
  client(): Promise<Client> {
    this.#wantedDown = false;
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  /** For a view that is shown: connects unless that failed before or nobody wants the engine; then its buttons start it. */
  async prepare(): Promise<Client | undefined> {
    if (this.#connecting === undefined && (this.#failed || this.#wantedDown)) return undefined;
    return await this.client().catch(() => undefined);
  }

  /** Ends the helper, if one runs; containers run on. A new one is started with the next `client()`. */
  async stop(): Promise<void> {
    this.#wantedDown = true;
    const client = await this.#connecting?.catch(() => undefined);
    if (client === undefined) return;
    try {
      await client.call('system.shutdown', {});
    } catch (error) {
      // The helper may hang up before its answer is through: that it is gone is what was asked for.
      if (!isEngineError(error, 'Unavailable')) throw error;
    }
    await client.closed;
  }

  /** Hangs up and leaves the helper running; the next `client()` goes where the settings say then. */
  async disconnect(): Promise<void> {
    this.#wantedDown = true;
    const client = await this.#connecting?.catch(() => undefined);
    client?.[Symbol.dispose]();
    await client?.closed;
  }

  async #connect(): Promise<Client> {
    this.#setState('starting');
    try {
      const client = await this.#open();
      await this.#fill(client);
      this.#failed = false;
      this.#setState('running');
      void client.closed.then(() => this.#lost());
      return client;
    } catch (error) {
      this.#connecting = undefined;
      this.#failed = true;
      this.#log.error(errorMessage(error));
      const denied = isEngineError(error, 'PermissionDenied') || errorCode(error) === 'EACCES';
      this.#setState(denied ? 'denied' : 'stopped');
      throw error;
    }
  }

  async #open(): Promise<Client> {
    const location = this.#locate();
    try {
      return await Client.connect(location.socket);
    } catch (error) {
      const absent = ['ENOENT', 'ECONNREFUSED'].includes(errorCode(error) ?? '');
      if (!absent || location.start === undefined) throw error;
      this.#log.info(`no engine at ${location.socket}: starting ${location.start.program}`);
      await startEngine(location.start, this.#log);
      return await Client.connect(location.socket);
    }
  }

  /** Subscribes first and lists then, so that nothing falls in between. */
  async #fill(client: Client): Promise<void> {
    const early: EngineEvent[] = [];
    let listed = false;
    let sequence: number | undefined;
    await client.subscribe({}, (events) => {
      for (const event of events) {
        const gap = sequence !== undefined && event.sequence !== sequence + 1;
        sequence = event.sequence;
        if (gap) void this.#list(client).catch((error) => this.#log.error(errorMessage(error)));
        if (listed) this.#take(event);
        else early.push(event);
      }
    });
    await this.#list(client);
    listed = true;
    for (const event of early) this.#take(event);
  }

  async #list(client: Client): Promise<void> {
    const [containers, images, networks, volumes] = await Promise.all([
      client.call('container.list', { All: true }),
      client.call('image.list', {}),
      client.call('network.list', {}),
      client.call('volume.list', {}),
    ]);
    this.#records.replace('container', containers);
    this.#records.replace('image', images);
    this.#records.replace('network', networks);
    this.#records.replace('volume', volumes.Volumes);
  }

  #take(event: EngineEvent): void {
    this.#records.apply(event);
    this.#events.fire(event);
  }

  async #lost(): Promise<void> {
    this.#connecting = undefined;
    this.#records.clear();
    this.#setState('stopped');
    for (const delay of reconnectDelays) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      if (this.#disposed || this.#wantedDown || this.#connecting !== undefined) return;
      const back = await this.client().catch(() => undefined);
      if (back !== undefined) return;
    }
  }

  #setState(state: EngineState): void {
    this.#state = state;
    void vscode.commands.executeCommand('setContext', 'slipway.engine', state);
    this.#stateChanged.fire(state);
  }

  dispose(): void {
    this.#disposed = true;
    void this.#connecting?.then((client) => client[Symbol.dispose]()).catch(() => undefined);
    this.#stateChanged.dispose();
    this.#events.dispose();
  }
}

function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
