// Carries steps out: each in its cache or made new, stages that don't need each other at the same time, one step of the same key
// never twice at once.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerServices } from '../container/services.ts';
import { packLayer } from '../image/commit.ts';
import type { ImageStore } from '../image/image_store.ts';
import type { RegistryAccess } from '../image/registry_access.ts';
import { makeDirectoryInRoot, treeSize } from '../native/filesystem.ts';
import type { BuildProgress, BuildRequest } from '../protocol/build.ts';
import type { HostConfig } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Digest } from '../store/digest.ts';
import { removeTree } from '../store/files.ts';
import { type Hold, KeyedLock } from '../store/holds.ts';
import type { BuildCache, CacheRecord } from './cache.ts';
import { fetchRecord, type ImportedCaches } from './cache_import.ts';
import { type Chain, chainIdOf, chainOf, emptyChain, extend, mountChain, topOf } from './chain.ts';
import type { BuildContext } from './context.ts';
import { copyLayer } from './copy_layer.ts';
import { userOf } from './copy_step.ts';
import { failureAt, foreignHint } from './failure.ts';
import { fetchInto } from './fetch_step.ts';
import type { KnownSelections, Taken } from './known_selections.ts';
import { prepareMounts } from './mounts_step.ts';
import { proxiesOf, runCommand } from './run_step.ts';
import { type SourceTree, select } from './selection.ts';
import { placeOf, type StepKey, stepKey } from './step_key.ts';
import { type EvaluatedStage, type FileSource, type Step, stagesNeeded } from './steps.ts';
import type { FileDigests } from './tree.ts';

export interface BuildServices {
  readonly images: ImageStore;
  readonly containers: ContainerServices;
  readonly cache: BuildCache;
  readonly digests: FileDigests;
  readonly selections: KnownSelections;
  readonly registries: RegistryAccess;
}

export interface SolveOptions {
  readonly request: BuildRequest;
  readonly context: BuildContext;
  readonly hostConfig: HostConfig;
  readonly clampTime: number | undefined;
  readonly signal: AbortSignal;
  readonly progress: (value: BuildProgress) => void;
  readonly imported?: ImportedCaches;
  /** Takes the key of every step, so that nobody prunes what this build stands on. */
  readonly hold?: Hold;
  readonly hooks?: SolveHooks;
}

/** Where a debugger may hold a build. With hooks, stages are built one after the other, each when it is needed. */
export interface SolveHooks {
  /** Waited for before a step, with the chain that it stands on. */
  before(step: Step, chain: Chain): Promise<void>;
  /** Waited for behind a step, with the chain that it left. */
  after(step: Step, chain: Chain): Promise<void>;
  /** A step failed on this chain; answers whether it is tried again. */
  failed(step: Step, chain: Chain, error: unknown): Promise<'retry' | 'give up'>;
}

/** How much of a failed command's output goes into its error. */
const keptOutput = 4096;
/** One solver at a time makes a step; others wait for its result. */
const stepLocks = new KeyedLock();

export class Solver {
  readonly #services: BuildServices;
  readonly #options: SolveOptions;
  readonly #stages = new Map<number, Promise<Chain>>();
  readonly #scratch: string;
  /** By stage: what its steps were found under, or filed under. */
  readonly #records = new Map<number, CacheRecord[]>();
  /** When the newest layer of the result was made, in milliseconds: an image of cached layers only is as old as they are. */
  newest = 0;

  constructor(services: BuildServices, options: SolveOptions) {
    this.#services = services;
    this.#options = options;
    this.#scratch = join(services.images.context.paths.dataRoot, 'build', 'scratch');
    mkdirSync(this.#scratch, { recursive: true, mode: 0o700 });
  }

  /** The files of a stage when all its steps are done. */
  stage(stage: EvaluatedStage): Promise<Chain> {
    let solving = this.#stages.get(stage.index);
    if (solving === undefined) {
      solving = this.#solve(stage);
      solving.catch(() => {}); // whoever needs the stage reports it
      this.#stages.set(stage.index, solving);
    }
    return solving;
  }

  async #solve(stage: EvaluatedStage): Promise<Chain> {
    // What later steps need is begun at once.
    if (this.#options.hooks === undefined)
      for (const step of stage.steps) for (const other of stagesNeeded(step.operation)) void this.stage(other);
    let chain = await this.baseOf(stage);
    for (const step of stage.steps) chain = await this.#watched(step, chain);
    return chain;
  }

  /** The records that a solved stage stands on, or with none those of the whole build. */
  records(stage?: EvaluatedStage): CacheRecord[] {
    if (stage === undefined) return [...this.#records.values()].flat();
    const below = stage.base.kind === 'stage' ? this.records(stage.base.stage) : [];
    return [...below, ...(this.#records.get(stage.index) ?? [])];
  }

  async baseOf(stage: EvaluatedStage): Promise<Chain> {
    if (stage.base.kind === 'scratch') return emptyChain;
    return stage.base.kind === 'image' ? chainOf(stage.base.record) : await this.stage(stage.base.stage);
  }

  /** A step, held and tried again as the debugger says. */
  async #watched(step: Step, parent: Chain): Promise<Chain> {
    const { hooks } = this.#options;
    if (hooks === undefined) return await this.#step(step, parent);
    for (;;) {
      await hooks.before(step, parent);
      try {
        const chain = await this.#step(step, parent);
        await hooks.after(step, chain);
        return chain;
      } catch (error) {
        this.#takes.delete(step); // files may have been mended meanwhile
        if ((await hooks.failed(step, parent, error)) === 'give up') throw error;
      }
    }
  }

  async #step(step: Step, parent: Chain): Promise<Chain> {
    const { signal, progress, context } = this.#options;
    signal.throwIfAborted();
    const started = Date.now();
    progress({ Kind: 'started', Id: step.id, Time: new Date(started).toISOString() });
    try {
      const key = await this.key(step, parent);
      const { record, cached } = await stepLocks.run(key.digest, () => this.#cachedOrMade(step, parent, key));
      const chain = extend(parent, record.layer);
      this.#records.set(step.stage.index, [...(this.#records.get(step.stage.index) ?? []), record]);
      const place = placeOf(context.place, step);
      if (this.#services.cache.lastKey(place) !== key.digest)
        this.#services.cache.remember(place, key.digest, key.inputs);
      progress({ Kind: 'completed', Id: step.id, Time: new Date().toISOString(), Cached: cached });
      return chain;
    } catch (error) {
      const told = this.#told(step, error);
      progress({
        Kind: 'completed',
        Id: step.id,
        Time: new Date().toISOString(),
        Cached: false,
        Error: told instanceof Error ? (told.message.split('\n')[0] ?? '') : String(told),
      });
      throw told;
    }
  }

  /** The error with its place in the file, unless it has one. */
  #told(step: Step, error: unknown): unknown {
    if (this.#options.signal.aborted) return new EngineError('Cancelled', 'the build was cancelled');
    if (!(error instanceof Error)) return error;
    if (error instanceof EngineError && (error.kind === 'Cancelled' || error.details?.['Line'] !== undefined))
      return error;
    const code = 'code' in error ? String(error.code) : '';
    const kind =
      error instanceof EngineError
        ? error.kind
        : code === 'ENOSPC' || code === 'EDQUOT'
          ? 'ResourceExhausted'
          : 'RuntimeFailed';
    const hint = /exec format error/.test(error.message) ? `: ${foreignHint(step)}` : '';
    return failureAt(this.#options.context.file, step.instruction, error.message + hint, { kind, cause: error });
  }

  /** What the step depends on, and so what its result is filed under. */
  async key(step: Step, parent: Chain): Promise<StepKey> {
    const { operation } = step;
    const sources: Record<string, Digest | undefined> = {};
    for (const other of stagesNeeded(operation)) sources[other.name] = topOf(await this.stage(other));
    return await stepKey(step, topOf(parent), {
      taken: operation.kind === 'copy' && operation.from.kind === 'context' ? await this.#taken(step) : undefined,
      sources,
      digests: this.#services.digests,
      trees: (source) => this.#contextTree(source),
      request: this.#options.request,
      clampTime: this.#options.clampTime,
    });
  }

  #ignoresCache({ stage }: Step): boolean {
    const { NoCache, NoCacheFilter = [] } = this.#options.request;
    return NoCache === true || NoCacheFilter.includes(stage.name);
  }

  /** The cache's record for a key, if what it names is all there still. */
  async lookup(step: Step, key: Digest): Promise<CacheRecord | undefined> {
    if (this.#ignoresCache(step)) return undefined;
    const record = this.#services.cache.get(key);
    if (record === undefined) return undefined;
    return (await this.#services.images.layers.has(record.chainId)) ? record : undefined;
  }

  async #cachedOrMade(step: Step, parent: Chain, stepKey: StepKey): Promise<{ record: CacheRecord; cached: boolean }> {
    const { cache } = this.#services;
    const { digest: key } = stepKey;
    this.#options.hold?.add(key);
    const known = (await this.lookup(step, key)) ?? (await this.#imported(step, parent, key));
    if (known !== undefined) {
      cache.touch(known, Date.now());
      this.newest = Math.max(this.newest, known.created);
      return { record: known, cached: true };
    }
    const started = Date.now();
    const { layer, size } = await this.#make(step, parent, stepKey);
    const now = Date.now();
    this.newest = now;
    const record = {
      key,
      layer,
      chainId: chainIdOf(extend(parent, layer)),
      parent: topOf(parent),
      size,
      duration: now - started,
      description: step.text.slice(0, 500),
      kind: step.operation.kind === 'run' ? 'regular' : 'source.local',
      created: now,
      used: now,
      uses: 1,
    };
    cache.put(record);
    return { record, cached: false };
  }

  /** A result that another machine's cache has: its layer is fetched now. One that can't be had is made here instead. */
  async #imported(step: Step, parent: Chain, key: Digest): Promise<CacheRecord | undefined> {
    const { imported, signal, progress } = this.#options;
    const found = this.#ignoresCache(step) ? undefined : imported?.find(key);
    if (found === undefined) return undefined;
    try {
      return await fetchRecord(this.#services, found, parent, signal, (amount) =>
        progress({ Kind: 'status', Id: step.id, ...amount }),
      );
    } catch (error) {
      signal.throwIfAborted();
      const Message = `cannot import the layer of ${found.entry.description}: ${error instanceof Error ? error.message : error}`;
      progress({ Kind: 'problem', Problem: { Severity: 'warning', Message } });
      return undefined;
    }
  }

  /** Makes the layer: its files in a new directory of the layer store, its archive in the blob store. */
  async #make(step: Step, parent: Chain, key: StepKey) {
    const { images } = this.#services;
    await using staged = await images.layers.stage();
    await this.#fill(step, parent, staged.directory, key);
    const hold = images.blobs.holds.take();
    try {
      const source = { kind: 'overlay', upper: staged.directory, userXattr: images.context.rootless } as const;
      const layer = await packLayer(images, source, (digest) => hold.add(digest), this.#options.signal);
      const { bytes: size } = await treeSize(staged.directory);
      await staged.commit({ chainId: chainIdOf(extend(parent, layer)), diffId: layer.diffId, size });
      return { layer, size };
    } finally {
      // The cache's record names the blob by the time anybody collects; see BuildCache.roots.
      setImmediate(() => hold[Symbol.dispose]());
    }
  }

  async #fill(step: Step, parent: Chain, upper: string, key: StepKey): Promise<void> {
    const { operation } = step;
    if (operation.kind === 'copy') {
      const { context, clampTime, signal, hold } = this.#options;
      const { images, cache } = this.#services;
      await copyLayer(operation, upper, {
        ...{ images, cache, parent, clampTime, signal, hold, scratch: this.#scratch },
        place: placeOf(context.place, step),
        inputs: key.inputs,
        select: async (stack) =>
          operation.from.kind === 'context'
            ? (await this.#taken(step)).selection
            : await select(await this.#tree(operation.from, stack), operation),
      });
      return;
    }
    const { images, containers } = this.#services;
    const extra = operation.kind === 'run' ? [containers.baseLayer] : [];
    await using mounted = await mountChain(images, parent, this.#scratch, upper, extra);
    switch (operation.kind) {
      case 'workdir':
        await makeDirectoryInRoot(mounted.root, operation.path, await userOf(operation.user, mounted.root));
        return;
      case 'fetch':
        await fetchInto(operation, mounted.root, this.#scratch, this.#options.signal);
        return;
      case 'run':
        await this.#run(step, mounted.root);
    }
  }

  async #run(step: Step, root: string): Promise<void> {
    const { operation } = step;
    if (operation.kind !== 'run') return;
    const { request, signal, progress, hostConfig } = this.#options;
    if (operation.privileged && request.Entitlements?.includes('security.insecure') !== true) {
      throw new EngineError(
        'PermissionDenied',
        'RUN --security=insecure needs the entitlement: build with --allow security.insecure',
      );
    }
    await using stack = new AsyncDisposableStack();
    const scratch = join(this.#services.images.context.paths.execRoot, 'builds');
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    const { mounts, env } = await prepareMounts(operation.mounts, root, this.#mountSources(scratch), stack);
    const tail: string[] = [];
    const code = await runCommand(operation, {
      services: this.#services.containers,
      root,
      mounts,
      secretEnv: [...proxiesOf(request, operation), ...env],
      hostConfig,
      signal,
      onOutput: (stream, bytes) => {
        const text = bytes.toString('utf8');
        tail.push(text);
        while (tail.length > 1 && tail.slice(1).join('').length > keptOutput) tail.shift();
        progress({ Kind: 'log', Id: step.id, Stream: stream, Text: text });
      },
    });
    if (code === 0) return;
    const command = operation.args.join(' ');
    const shown = tail.join('').slice(-keptOutput).trimEnd();
    const message = `process "${command}" did not complete successfully: exit code: ${code}${shown === '' ? '' : `\n${shown}`}`;
    throw failureAt(this.#options.context.file, step.instruction, message, {
      kind: 'RuntimeFailed',
      details: { ExitCode: code },
    });
  }

  #mountSources(scratch: string) {
    const { request } = this.#options;
    const cacheRoot = join(this.#services.images.context.paths.dataRoot, 'build', 'mounts');
    mkdirSync(cacheRoot, { recursive: true, mode: 0o700 });
    return {
      secrets: request.Secrets ?? [],
      ssh: request.Ssh ?? [],
      cacheRoot,
      scratch,
      open: async (source: FileSource, stack: AsyncDisposableStack) => (await this.#tree(source, stack)).root,
      openWritable: async (source: FileSource, stack: AsyncDisposableStack) => {
        const upper = join(
          this.#scratch,
          `discard-${createHash('sha256').update(String(process.hrtime.bigint())).digest('hex').slice(0, 16)}`,
        );
        await mkdir(upper, { recursive: true });
        stack.defer(() => removeTree(upper));
        const tree = await this.#tree(source, stack);
        const chain = source.kind === 'context' ? emptyChain : await this.#chainOfSource(source);
        const lower = source.kind === 'context' ? [tree.root] : [];
        return stack.use(await mountChain(this.#services.images, chain, this.#scratch, upper, lower)).root;
      },
    };
  }

  #contextTree(source: FileSource): SourceTree | undefined {
    return source.kind === 'context' ? this.#options.context.tree(source.name) : undefined;
  }

  async #chainOfSource(source: Exclude<FileSource, { kind: 'context' }>): Promise<Chain> {
    return source.kind === 'stage' ? await this.stage(source.stage) : chainOf(source.record);
  }

  async #tree(source: FileSource, stack: AsyncDisposableStack): Promise<SourceTree> {
    if (source.kind === 'context') return this.#options.context.tree(source.name);
    const chain = await this.#chainOfSource(source);
    const mounted = stack.use(await mountChain(this.#services.images, chain, this.#scratch));
    const what = source.kind === 'stage' ? `stage ${source.stage.name}` : `image ${source.record.id.slice(7, 19)}`;
    return { root: mounted.root, ignore: undefined, what };
  }

  /** The files of a COPY from a context, looked up once. */
  readonly #takes = new Map<Step, Promise<Taken>>();
  #taken(step: Step): Promise<Taken> {
    const { operation } = step;
    if (operation.kind !== 'copy' || operation.from.kind !== 'context')
      throw new EngineError('Internal', 'only COPY and ADD from a context are known by their files');
    let taken = this.#takes.get(step);
    if (taken === undefined) {
      taken = this.#services.selections.take(this.#options.context.tree(operation.from.name), operation);
      this.#takes.set(step, taken);
    }
    return taken;
  }
}
