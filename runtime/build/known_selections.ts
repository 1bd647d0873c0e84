// What COPY and ADD take from a context, known from the last build as long as the kernel says of every file and directory that
// it is what it was: asking one by one and hashing anew what is known costs a build with nothing to do most of its time.
import { createHash } from 'node:crypto';
import { stampPaths } from '../native/filesystem.ts';
import { type Selection, type SourceTree, select } from './selection.ts';
import type { CopyOperation } from './steps.ts';
import { type FileDigests, isSettled } from './tree.ts';

export interface Taken {
  readonly selection: Selection;
  /** Path in the destination → kind, mode and digest of the content. */
  readonly files: Readonly<Record<string, string>>;
  /** Of all `files`. */
  readonly digest: string;
}

interface Known {
  readonly taken: Taken;
  /** All that was looked at, as stampPaths takes it. */
  readonly paths: string;
  readonly count: number;
  readonly stamp: string;
}

/** More paths than this are not kept, of all selections together. */
const mostPaths = 200_000;

export class KnownSelections {
  readonly #digests: FileDigests;
  /** The one unused longest first. */
  readonly #known = new Map<string, Known>();
  #count = 0;

  constructor(digests: FileDigests) {
    this.#digests = digests;
  }

  /** @throws EngineError as select() does. */
  async take(tree: SourceTree, operation: CopyOperation): Promise<Taken> {
    const key = JSON.stringify([tree.root, tree.ignore?.patterns ?? null, operation]);
    const known = this.#forget(key);
    if (known !== undefined && (await stampPaths(tree.root, known.paths)).digest === known.stamp) {
      this.#keep(key, known);
      return known.taken;
    }
    const begun = Date.now();
    const selection = await select(tree, operation);
    const taken = { selection, ...(await this.#describe(selection)) };
    if (selection.seen === undefined) return taken;
    const paths = selection.seen.join('//');
    const { digest, newest, isCoarse } = await stampPaths(tree.root, paths);
    // What changed since the walk began may have been missed by it, or by the stamp.
    if (isSettled(newest, isCoarse, begun))
      this.#keep(key, { taken, paths, count: selection.seen.length, stamp: digest });
    return taken;
  }

  async #describe({ files }: Selection): Promise<Pick<Taken, 'files' | 'digest'>> {
    const described: Record<string, string> = {};
    for (const { entry, target } of files)
      described[target === '' ? entry.path : target] =
        `${entry.kind} ${entry.mode.toString(8)} ${await this.#digests.digest(entry)}`;
    const digest = createHash('sha256')
      .update(JSON.stringify(Object.entries(described)))
      .digest('hex');
    return { files: described, digest };
  }

  #forget(key: string): Known | undefined {
    const known = this.#known.get(key);
    if (known !== undefined) this.#count -= known.count;
    this.#known.delete(key);
    return known;
  }

  #keep(key: string, known: Known): void {
    this.#forget(key);
    this.#known.set(key, known);
    this.#count += known.count;
    for (const oldest of this.#known.keys()) {
      if (this.#count <= mostPaths) return;
      this.#forget(oldest);
    }
  }
}
