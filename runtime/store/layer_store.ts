// The layer store: unpacked layers, one directory per chain id, shared by all images and containers that have it.
//
//   layers/<hex of the chain id>/diff        the layer's own files in overlay form (whiteouts are 0:0 devices)
//   layers/<hex of the chain id>/layer.json  its LayerInfo
//   layers/staging/<uuid>/                   layers that are being unpacked
//
// The life of a layer: `stage` makes an empty directory, the caller fills its diff/, `commit` names it by its chain id with
// one rename, or disposing of it removes it. Each layer is its own overlay directory, so the layers of an image can be
// filled at the same time although each chain id depends on the parent's. A name is only ever ready or absent. Layers are
// never changed. `collect` removes those that neither a record nor a hold names.
//
// Layers are not synced one by one, which would wait for everybody's writes to the disk: a layer notes the boot that it was
// made in until `settle` has synced the file system. One that comes from another boot unsettled (a power cut) is not trusted:
// `open` removes it, and the image store unpacks it again from its blob.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Digest, hexOf, isDigest } from './digest.ts';
import { hasCode, privateDirectory, removeTree } from './files.ts';
import { Holds, KeyedLock } from './holds.ts';

export interface LayerInfo {
  readonly chainId: Digest;
  readonly diffId: Digest;
  /** Bytes of file data. */
  readonly size: number;
  /** The boot (its id) that the layer was made in, until it is known to be on the disk. */
  readonly unsettled?: string;
}

const run = promisify(execFile);

export class LayerStore {
  /** Chain ids that must not be collected although no record names them yet. */
  readonly holds = new Holds();
  /** One unpacking per chain id; who comes second finds it done. */
  readonly locks = new KeyedLock();
  readonly #root: string;
  readonly #staging: string;
  readonly #known = new Map<Digest, LayerInfo>();
  readonly #boot: string;
  #settling: Promise<void> | undefined;

  private constructor(root: string, staging: string, boot: string) {
    this.#root = root;
    this.#staging = staging;
    this.#boot = boot;
  }

  static async open(dataRoot: string): Promise<LayerStore> {
    await privateDirectory(dataRoot);
    const root = await privateDirectory(join(dataRoot, 'layers'));
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const store = new LayerStore(root, await privateDirectory(join(root, 'staging')), boot);
    await store.#removeUntrusted();
    return store;
  }

  async #removeUntrusted(): Promise<void> {
    for await (const chainId of this.list()) {
      const info = await this.info(chainId);
      if (info === undefined || (info.unsettled !== undefined && info.unsettled !== this.#boot))
        await this.remove(chainId);
    }
  }

  /** The directory with the layer's files, for an overlay's lowerdir. */
  directory(chainId: Digest): string {
    return join(this.#root, hexOf(chainId), 'diff');
  }

  async info(chainId: Digest): Promise<LayerInfo | undefined> {
    const known = this.#known.get(chainId);
    if (known !== undefined) return known;
    try {
      const text = await readFile(this.#infoPath(chainId), 'utf8');
      const info = JSON.parse(text) as LayerInfo; // written by commit() below, and by nobody else
      this.#known.set(chainId, info);
      return info;
    } catch (error) {
      // A power cut can leave the file empty.
      if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #infoPath(chainId: Digest): string {
    return join(this.#root, hexOf(chainId), 'layer.json');
  }

  /** What is known of a layer without asking the disk: every layer that was looked at or made since the start. */
  known(chainId: Digest): LayerInfo | undefined {
    return this.#known.get(chainId);
  }

  async has(chainId: Digest): Promise<boolean> {
    return (await this.info(chainId)) !== undefined;
  }

  async stage(): Promise<StagedLayer> {
    const directory = join(this.#staging, randomUUID());
    await mkdir(directory, { mode: 0o700 });
    // The root of a layer is the container's "/": others must be able to enter it there. Nobody gets here from outside,
    // because the store's own directory is 0700.
    await mkdir(join(directory, 'diff'));
    await chmod(join(directory, 'diff'), 0o755);
    return new StagedLayer(directory, (info) => this.#publish(directory, info));
  }

  async #publish(directory: string, info: LayerInfo): Promise<void> {
    const unsettled = { ...info, unsettled: this.#boot };
    await writeFile(join(directory, 'layer.json'), JSON.stringify(unsettled), { mode: 0o600 });
    try {
      await rename(directory, join(this.#root, hexOf(info.chainId)));
    } catch (error) {
      // Somebody else was first with the same content.
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      await removeTree(directory);
    }
    this.#known.set(info.chainId, unsettled);
  }

  /** Has everything made so far reach the disk, and notes that. Runs once at a time; a call meanwhile waits for that one. */
  settle(): Promise<void> {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settle(): Promise<void> {
    const waiting = [...this.#known.values()].filter(({ unsettled }) => unsettled !== undefined);
    if (waiting.length === 0) return;
    await run('sync', ['--file-system', this.#root]);
    for (const { chainId, diffId, size } of waiting) {
      if (!this.#known.has(chainId)) continue; // removed meanwhile
      const settled = { chainId, diffId, size };
      const temporary = join(this.#staging, `${randomUUID()}.json`);
      try {
        await writeFile(temporary, JSON.stringify(settled), { mode: 0o600, flush: true });
        await rename(temporary, this.#infoPath(chainId));
      } catch (error) {
        await rm(temporary, { force: true });
        if (!hasCode(error, 'ENOENT')) throw error; // removed meanwhile
      }
      if (this.#known.has(chainId)) this.#known.set(chainId, settled);
    }
  }

  async *list(): AsyncGenerator<Digest> {
    for (const name of await readdir(this.#root)) {
      const chainId = `sha256:${name}`;
      if (isDigest(chainId)) yield chainId;
    }
  }

  /** Removes a layer: it loses its name first, so that a half-removed one is never taken for ready. */
  async remove(chainId: Digest): Promise<void> {
    this.#known.delete(chainId);
    const doomed = join(this.#staging, `${randomUUID()}.removed`);
    try {
      await rename(join(this.#root, hexOf(chainId)), doomed);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw error;
    }
    await removeTree(doomed);
  }

  /** Removes layers that are neither in `keep` nor held; answers those removed. As for blobs, `holds.linger()` comes first. */
  async collect(keep: ReadonlySet<Digest>): Promise<LayerInfo[]> {
    const removed: LayerInfo[] = [];
    for await (const chainId of this.list()) {
      if (keep.has(chainId)) continue;
      await this.locks.run(chainId, async () => {
        if (this.holds.has(chainId)) return;
        const info = await this.info(chainId);
        await this.remove(chainId);
        if (info !== undefined) removed.push(info);
      });
    }
    return removed;
  }

  /** Removes what a helper that died left in staging. Only at start-up, before anything is staged. */
  async clearStaging(): Promise<void> {
    for (const name of await readdir(this.#staging)) await removeTree(join(this.#staging, name));
  }
}

/** A layer that is being made. Disposing of it without `commit` removes it. */
export class StagedLayer implements AsyncDisposable {
  /** Where the layer's files go. */
  readonly directory: string;
  readonly #root: string;
  readonly #publish: (info: LayerInfo) => Promise<void>;
  #committed = false;

  constructor(root: string, publish: (info: LayerInfo) => Promise<void>) {
    this.#root = root;
    this.directory = join(root, 'diff');
    this.#publish = publish;
  }

  /** Names the layer. */
  async commit(info: LayerInfo): Promise<void> {
    await this.#publish(info);
    this.#committed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#committed) await removeTree(this.#root);
  }
}
