// Following a log that grows and rotates: read to the end, wait for a change, go on; no gap, no repeat.
import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { abortable } from './abortable.ts';
import type { Container } from './container.ts';
import { LineSplitter, type LogFile, logFiles } from './log_files.ts';

const chunkBytes = 64 * 1024;

/** Begins to watch when constructed, so that nothing between the first reading and the first waiting is missed. */
export class LogFollower implements Disposable {
  readonly #container: Container;
  readonly #path: string;
  readonly #watcher: ReturnType<typeof watch>;
  #changed = false;
  #wake: (() => void) | undefined;
  readonly #onChange = () => {
    this.#changed = true;
    this.#wake?.();
  };

  constructor(container: Container, path: string) {
    this.#container = container;
    this.#path = path;
    this.#watcher = watch(dirname(path), this.#onChange);
    this.#watcher.on('error', this.#onChange);
    container.changes.on('exit', this.#onChange);
    container.changes.on('removed', this.#onChange);
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#container.changes.off('exit', this.#onChange);
    this.#container.changes.off('removed', this.#onChange);
  }

  /** Lines from the start that `files` say, until the container has ended and everything is read. */
  async *lines(files: readonly LogFile[], signal: AbortSignal): AsyncGenerator<string> {
    let queue = [...files];
    let current: { handle: FileHandle; inode: number } | undefined;
    try {
      for (;;) {
        const next = queue.shift() ?? (await this.#successor(current?.inode, signal));
        if (next === undefined) return;
        const handle = await this.#open(next);
        if (handle === undefined) {
          queue = [];
          continue;
        }
        await current?.handle.close();
        current = { handle, inode: next.inode };
        yield* this.#readToRotation(current, next.offset, queue.length > 0, signal);
      }
    } finally {
      await current?.handle.close();
    }
  }

  /** The file by its inode: rotation may have given it another name since it was listed. */
  async #open(file: LogFile): Promise<FileHandle | undefined> {
    for (const candidate of [file, ...(await logFiles(this.#path))]) {
      try {
        const handle = await open(candidate.path, 'r');
        if ((await handle.stat()).ino === file.inode) return handle;
        await handle.close();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    return undefined;
  }

  /** The file that came after the one with this inode; waits for the first one. Undefined when no more can come. */
  async #successor(inode: number | undefined, signal: AbortSignal): Promise<LogFile | undefined> {
    for (;;) {
      this.#changed = false;
      const files = await logFiles(this.#path);
      const index = files.findIndex((file) => file.inode === inode);
      const next = files[index + 1];
      if (next !== undefined) return next;
      if (!this.#canGrow()) return undefined;
      await this.#wait(signal);
    }
  }

  async *#readToRotation(
    { handle, inode }: { handle: FileHandle; inode: number },
    offset: number,
    isOld: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const splitter = new LineSplitter();
    let position = offset;
    for (;;) {
      // First of all: an end that comes while the next lines wait must not be forgotten.
      this.#changed = false;
      const ended = !this.#canGrow();
      const rotated = isOld || (await this.#isRotated(inode));
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        yield* splitter.take(buffer.subarray(0, bytesRead));
      }
      // Truncated in place (max-file=1): begin again.
      const { size } = await handle.stat();
      if (size < position) position = 0;
      // Whether it was rotated or ended was asked before the last reading: nothing can have come after it.
      else if (rotated || ended) return;
      else await this.#wait(signal);
    }
  }

  async #isRotated(inode: number): Promise<boolean> {
    const files = await logFiles(this.#path);
    const newest = files.at(-1);
    return newest !== undefined && newest.inode !== inode;
  }

  #canGrow(): boolean {
    const { status } = this.#container.state;
    return !this.#container.isRemoved && (this.#container.isRunning || status === 'created' || status === 'restarting');
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#changed) return;
    await abortable(signal, (resolve) => {
      this.#wake = resolve;
      return () => {
        this.#wake = undefined;
      };
    });
  }
}
