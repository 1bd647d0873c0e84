// What a running helper knows, for the editor: images, tags, the build plan. Silent when no helper runs.
import { existsSync } from 'node:fs';
import type { BuildPlan, BuildPlanRequest } from '../runtime/protocol/build.ts';
import type { Client } from '../runtime/protocol/client.ts';
import type { ImageInspect, ImageSummary } from '../runtime/protocol/image.ts';
import { defaultPaths, socketOfHost } from '../runtime/protocol/paths.ts';

/** How long an answer is good for, in milliseconds. */
const keepImages = 5_000;
const keepTags = 300_000;
/** A registry that does not answer in this time is asked no more for a while. */
const registryTimeout = 4_000;

interface Kept<T> {
  readonly until: number;
  readonly value: Promise<T>;
}

/** An image as its registry has it. */
export interface RegistryImage {
  readonly digest: string;
  /** When the tag was last pushed, where the registry tells. */
  readonly lastPushed: string | undefined;
}

export class EngineKnowledge {
  readonly #socketPath: string;
  #client: Promise<Client | undefined> | undefined;
  #images: Kept<ImageSummary[]> | undefined;
  readonly #tags = new Map<string, Kept<string[]>>();
  readonly #inRegistry = new Map<string, Kept<RegistryImage | undefined>>();
  readonly #awaited = new Map<string, Promise<RegistryImage | undefined>>();
  readonly #answered = new Map<string, RegistryImage>();
  readonly #inspected = new Map<string, Kept<ImageInspect | undefined>>();

  /** Called when images or the build cache changed: what was asked before may be answered otherwise now. */
  onDidChange: () => void = () => {};

  /** Called when a registry has answered what was asked without waiting. */
  onDidLearn: () => void = () => {};

  /** `socket` wins over SLIPWAY_HOST, which wins over the default path of the user's helper. */
  constructor(socket: string | undefined, environment: NodeJS.ProcessEnv = process.env) {
    const host = socket ?? environment.SLIPWAY_HOST;
    this.#socketPath = host === undefined ? defaultPaths(environment).socket : pathOf(host);
  }

  /** The images of the local store; none when no helper runs. */
  async images(): Promise<ImageSummary[]> {
    if (this.#images === undefined || this.#images.until < Date.now()) {
      this.#images = {
        until: Date.now() + keepImages,
        value: this.#ask((client) => client.call('image.list', {}), []),
      };
    }
    return this.#images.value;
  }

  /** What the local store knows of an image. */
  async image(reference: string): Promise<ImageInspect | undefined> {
    return kept(this.#inspected, reference, keepImages, () =>
      this.#ask((client) => client.call('image.inspect', { Image: reference }), undefined),
    );
  }

  /** The tags of a repository in its registry; none when that cannot be found out in time. */
  async tags(repository: string): Promise<string[]> {
    return kept(this.#tags, repository, keepTags, () =>
      this.#ask((client) => {
        const signal = AbortSignal.timeout(registryTimeout);
        return client.call('registry.tags', { Repository: repository }, { signal });
      }, []),
    );
  }

  /** What a reference is in its registry now; undefined when that cannot be found out in time. */
  registryImage(reference: string): Promise<RegistryImage | undefined> {
    return kept(this.#inRegistry, reference, keepTags, () =>
      this.#ask(async (client) => {
        const signal = AbortSignal.timeout(registryTimeout);
        const { Descriptor, LastPushed } = await client.call('registry.inspect', { Reference: reference }, { signal });
        return { digest: Descriptor.digest, lastPushed: LastPushed };
      }, undefined),
    );
  }

  /** The same without waiting: undefined at first, and `onDidLearn` is called when an answer has come. */
  registryImageIfKnown(reference: string): RegistryImage | undefined {
    const asked = this.registryImage(reference);
    if (this.#awaited.get(reference) !== asked) {
      this.#awaited.set(reference, asked);
      void asked.then((image) => {
        if (image === undefined) return;
        this.#answered.set(reference, image);
        this.onDidLearn();
      });
    }
    return this.#answered.get(reference);
  }

  /** What a build would do; undefined when no helper runs or the Dockerfile cannot be planned. */
  async plan(request: BuildPlanRequest, signal: AbortSignal): Promise<BuildPlan | undefined> {
    return this.#ask((client) => client.call('build.plan', request, { signal }), undefined);
  }

  dispose(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.then((known) => known?.[Symbol.dispose]());
  }

  /** A question whose failure is no news for somebody who types. */
  async #ask<T>(question: (client: Client) => Promise<T>, otherwise: T): Promise<T> {
    const client = await this.#connected();
    if (client === undefined) return otherwise;
    try {
      return await question(client);
    } catch {
      return otherwise;
    }
  }

  #changed(): void {
    this.#images = undefined;
    this.#inspected.clear();
    this.onDidChange();
  }

  #connected(): Promise<Client | undefined> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<Client | undefined> {
    try {
      // A look first: without a helper the client's code is never loaded.
      if (!existsSync(this.#socketPath)) return this.#retryLater();
      const { Client } = await import('../runtime/protocol/client.ts');
      const client = await Client.connect(this.#socketPath);
      void client.closed.then(() => {
        this.#client = undefined;
      });
      await client.subscribe({ Filters: { type: ['image', 'builder'] } }, () => this.#changed());
      return client;
    } catch {
      return this.#retryLater();
    }
  }

  /** The next question may look for the helper again. */
  #retryLater(): undefined {
    setImmediate(() => {
      this.#client = undefined;
    });
    return undefined;
  }
}

function pathOf(host: string): string {
  try {
    return socketOfHost(host);
  } catch {
    // A host that is no unix socket has nothing for the editor.
    return '';
  }
}

function kept<T>(cache: Map<string, Kept<T>>, key: string, time: number, ask: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined && known.until > Date.now()) return known.value;
  const value = ask();
  if (cache.size > 200) cache.clear();
  cache.set(key, { until: Date.now() + time, value });
  return value;
}
