// The connection to the engine: found or started when it is first needed, said plainly when it can't be, and found again by
// itself when it breaks. It holds no state of the engine's beyond the rows that views show.
import * as vscode from 'vscode';
import type { Client } from '../runtime/protocol/client.ts';
import { isEngineError } from '../runtime/protocol/errors.ts';
import type { EngineEvent } from '../runtime/protocol/event.ts';
import { errorMessage } from './activity.ts';
import { Audience } from './audience.ts';
import { type EngineLocation, startEngine } from './bootstrap.ts';
import { EventFeed } from './event_feed.ts';
import type { Records } from './records.ts';
import { Recovery } from './recovery.ts';

export type EngineState = 'starting' | 'running' | 'stopped' | 'denied';

export class Engine implements vscode.Disposable {
  readonly #locate: () => EngineLocation;
  readonly #records: Records;
  readonly #log: vscode.LogOutputChannel;
  readonly #stateChanged = new vscode.EventEmitter<EngineState>();
  readonly #events = new vscode.EventEmitter<EngineEvent>();
  #state: EngineState = 'stopped';
  #connecting: Promise<Client> | undefined;
  #disposed = false;
  /** There was a connection in this window: an engine that went is started again, one that never ran is only looked for. */
  #hadEngine = false;
  readonly #recovery: Recovery;
  /** Set while a person wants no engine: it doesn't come back by itself then. */
  #wantedDown = false;
  /** The last try failed: a view that is drawn again is no reason for another. */
  #failed = false;

  /** Who sees what the engine says. */
  readonly audience = new Audience();
  readonly onDidChangeState = this.#stateChanged.event;
  /** Every event of the engine, after the rows have taken it in. */
  readonly onEvent = this.#events.event;

  constructor(locate: () => EngineLocation, records: Records, log: vscode.LogOutputChannel) {
    this.#locate = locate;
    this.#records = records;
    this.#log = log;
    this.#recovery = new Recovery({
      audience: this.audience,
      socket: () => this.#locate().socket,
      attempt: () => this.#tryAgain(),
    });
  }

  get state(): EngineState {
    return this.#state;
  }

  /** The connection; connects, and starts the engine where it must, on first use. */
  client(): Promise<Client> {
    this.#wantedDown = false;
    if (this.#connecting === undefined) {
      this.#connecting = this.#connect(true);
      // Only now: who hears of it asks for the connection at once, and gets this one instead of a second helper.
      this.#setState('starting');
    }
    return this.#connecting;
  }

  /**
   * For a view that is shown: connects unless that failed before or nobody wants the engine; then its buttons start it. One
   * that went is found again by itself.
   */
  async prepare(): Promise<Client | undefined> {
    const isLeftAlone = this.#failed || this.#wantedDown || this.#hadEngine;
    if (this.#connecting === undefined && isLeftAlone) return undefined;
    return await this.client().catch(() => undefined);
  }

  /** Resolves when there is a connection (again); whoever waits counts as somebody who looks. Rejects when aborted. */
  async whenRunning(signal: AbortSignal): Promise<void> {
    using _seat = this.audience.enter();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (this.#state === 'running') resolve();
    };
    const subscription = this.onDidChangeState(look);
    const stop = () => reject(new vscode.CancellationError());
    signal.addEventListener('abort', stop, { once: true });
    look();
    if (signal.aborted) stop();
    await promise.finally(() => subscription.dispose());
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

  /** @param mayAsk a person waits for it: whatever it takes to start the engine may be asked of them. */
  async #connect(mayAsk: boolean): Promise<Client> {
    try {
      const client = await this.#open(mayAsk);
      await this.#fill(client);
      this.#failed = false;
      this.#hadEngine = true;
      this.#recovery.stop();
      this.#setState('running');
      void client.closed.then(() => this.#lost());
      return client;
    } catch (error) {
      this.#connecting = undefined;
      // Once is enough to say it: an engine that stays away is tried again and again.
      if (!this.#failed) this.#log.error(errorMessage(error));
      this.#failed = true;
      const denied = isEngineError(error, 'PermissionDenied') || errorCode(error) === 'EACCES';
      this.#setState(denied ? 'denied' : 'stopped');
      if (!this.#disposed && !this.#wantedDown) this.#recovery.start();
      throw error;
    }
  }

  async #open(mayAsk: boolean): Promise<Client> {
    const location = this.#locate();
    // What speaks the protocol is loaded with the first connection, not with the window.
    const { Client } = await import('../runtime/protocol/client.ts');
    try {
      return await Client.connect(location.socket);
    } catch (error) {
      const absent = ['ENOENT', 'ECONNREFUSED'].includes(errorCode(error) ?? '');
      if (!absent || location.start === undefined) throw error;
      if (!mayAsk && (location.start.asRoot || !this.#hadEngine)) throw error;
      this.#log.info(`no engine at ${location.socket}: starting ${location.start.program}`);
      await startEngine(location.start, this.#log);
      return await Client.connect(location.socket);
    }
  }

  /** Subscribes first and lists then, so that nothing falls in between. */
  async #fill(client: Client): Promise<void> {
    const feed = new EventFeed({
      list: () => this.#list(client),
      take: (event) => this.#take(event),
      failed: (error) => {
        // Rows that may be wrong are worse than none: the next connection lists anew.
        this.#log.error(errorMessage(error));
        client[Symbol.dispose]();
      },
    });
    await client.subscribe({}, (events) => feed.push(events));
    await feed.fill();
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

  #lost(): void {
    this.#connecting = undefined;
    this.#records.clear();
    const comesBack = !this.#disposed && !this.#wantedDown;
    this.#setState(comesBack && this.audience.isPresent ? 'starting' : 'stopped');
    if (comesBack) this.#recovery.start();
  }

  async #tryAgain(): Promise<boolean> {
    if (this.#disposed || this.#wantedDown) return true;
    this.#connecting ??= this.#connect(false);
    return await this.#connecting.then(
      () => true,
      () => false,
    );
  }

  #setState(state: EngineState): void {
    if (state === this.#state) return;
    this.#state = state;
    void vscode.commands.executeCommand('setContext', 'slipway.engine', state);
    this.#stateChanged.fire(state);
  }

  dispose(): void {
    this.#disposed = true;
    this.#recovery.stop();
    void this.#connecting?.then((client) => client[Symbol.dispose]()).catch(() => undefined);
    this.#stateChanged.dispose();
    this.#events.dispose();
  }
}

function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
