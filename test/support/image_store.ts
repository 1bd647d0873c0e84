// An image store in a temporary directory, without the rest of the engine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineContext } from '../../runtime/engine/context.ts';
import { EventBus } from '../../runtime/engine/events.ts';
import { Log } from '../../runtime/engine/log.ts';
import { defaultOptions, type EngineOptions } from '../../runtime/engine/options.ts';
import { imageHandlers } from '../../runtime/image/handlers.ts';
import { ImageStore } from '../../runtime/image/image_store.ts';
import { RegistryAccess } from '../../runtime/image/registry_access.ts';
import type { CallContext } from '../../runtime/protocol/handler.ts';
import type { MethodName } from '../../runtime/protocol/methods.ts';
import { DockerConfig } from '../../runtime/registry/credentials.ts';
import type { RegistrySettings } from '../../runtime/registry/hosts.ts';
import { Database } from '../../runtime/store/database.ts';

interface User {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
}

export interface TestStoreOptions {
  readonly options?: Partial<EngineOptions>;
  readonly settings?: RegistrySettings;
  readonly usersOfImage?: (id: string) => readonly User[];
}

/** Progress lines by the call that they came from. */
export class TestStore implements AsyncDisposable {
  readonly directory: string;
  readonly context: EngineContext;
  readonly store: ImageStore;
  readonly access: RegistryAccess;
  readonly handlers: ReturnType<typeof imageHandlers>;

  private constructor(directory: string, context: EngineContext, store: ImageStore, access: RegistryAccess) {
    this.directory = directory;
    this.context = context;
    this.store = store;
    this.access = access;
    this.handlers = imageHandlers(store, access);
  }

  static async open(
    { options = {}, settings = {}, usersOfImage = () => [] }: TestStoreOptions = {},
    directory?: string,
  ): Promise<TestStore> {
    const root = directory ?? (await mkdtemp(join(tmpdir(), 'slipway-images-')));
    const context: EngineContext = {
      paths: { dataRoot: join(root, 'data'), execRoot: join(root, 'run'), socket: join(root, 'run', 'slipway.sock') },
      database: new Database(join(root, 'records.db')),
      events: new EventBus(),
      options: { ...defaultOptions, ...options },
      log: new Log('error'),
      rootless: false,
    };
    const access = new RegistryAccess(context.options, {
      settings: { certificateFolders: [join(root, 'certs.d')], ...settings },
      config: new DockerConfig(join(root, 'docker')),
      retry: { attempts: 4, firstDelay: 5, maxDelay: 2000 },
    });
    return new TestStore(root, context, await ImageStore.open(context, { usersOfImage }), access);
  }

  /** Closes the records and opens everything again, as a restarted helper does. */
  async reopen(options: TestStoreOptions = {}): Promise<TestStore> {
    await this.store.layers.settle();
    this.context.database[Symbol.dispose]();
    return TestStore.open(options, this.directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.layers.settle();
    this.context.database[Symbol.dispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A call's context that gathers progress. */
export function callContext<N extends MethodName>(
  lines: object[] = [],
  signal: AbortSignal = new AbortController().signal,
): CallContext<N> {
  return { signal, progress: (line) => void lines.push(line as object) };
}
