// The log's files on disk: newest `x-json.log`, older `x-json.log.1`, … One JSON record per line.
import { type FileHandle, open } from 'node:fs/promises';

export interface LogEntry {
  readonly log: string;
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly attrs?: Readonly<Record<string, string>>;
}

export interface LogFile {
  readonly path: string;
  readonly inode: number;
  /** Where to begin. */
  readonly offset: number;
}

/** Undefined for a line that is torn or not a record. */
export function parseEntry(line: string): LogEntry | undefined {
  try {
    const entry = JSON.parse(line) as Partial<LogEntry> | null; // checked below
    if (typeof entry?.log !== 'string' || typeof entry.time !== 'string') return undefined;
    return { ...entry, log: entry.log, time: entry.time, stream: entry.stream === 'stderr' ? 'stderr' : 'stdout' };
  } catch {
    return undefined;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Oldest first. */
export async function logFiles(path: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? path : `${path}.${number}`;
    await using file = await openIfThere(name);
    if (file === undefined) {
      // The newest may be missing for the moment between rotation and the next record.
      if (number === 0) continue;
      break;
    }
    files.unshift({ path: name, inode: (await file.stat()).ino, offset: 0 });
  }
  return files;
}

const chunkBytes = 64 * 1024;

/** Offsets of line starts counted from the end: where the last `wanted` records begin, and how many were found. */
async function findTail(file: LogFile, wanted: number): Promise<{ offset: number; found: number }> {
  await using handle = await openIfThere(file.path);
  if (handle === undefined) return { offset: 0, found: 0 };
  const { size } = await handle.stat();
  if (wanted === 0) return { offset: size, found: 0 };
  let found = 0;
  let tail = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunkBytes);
    const chunk = Buffer.alloc(end - start);
    await handle.read(chunk, 0, chunk.length, start);
    const bytes = Buffer.concat([chunk, tail]);
    let lineEnd = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
    for (;;) {
      const newline = bytes.lastIndexOf(0x0a, lineEnd - 1);
      if (lineEnd === 0 || (newline < 0 && start > 0)) break;
      const isRecord = parseEntry(bytes.toString('utf8', newline + 1, lineEnd)) !== undefined;
      if (isRecord && ++found === wanted) return { offset: start + newline + 1, found };
      if (newline < 0) break;
      lineEnd = newline;
    }
    // What is left is the end of a line whose beginning is in an earlier chunk.
    tail = Buffer.from(bytes.subarray(0, lineEnd));
    end = start;
  }
  return { offset: 0, found };
}

/** The files from the place where the last `tail` records, of either stream, begin; all of it without `tail`. */
export async function tailStart(files: readonly LogFile[], tail: number | undefined): Promise<LogFile[]> {
  if (tail === undefined) return [...files];
  const chosen: LogFile[] = [];
  let wanted = tail;
  for (const file of [...files].reverse()) {
    const { offset, found } = await findTail(file, wanted);
    chosen.unshift({ ...file, offset });
    wanted -= found;
    if (wanted <= 0) break;
  }
  return chosen;
}

/** Splits bytes into lines; what has no newline yet stays for the next bytes. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);

  *take(bytes: Buffer): Generator<string> {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    for (let newline = data.indexOf(0x0a); newline >= 0; newline = data.indexOf(0x0a)) {
      yield data.toString('utf8', 0, newline);
      data = data.subarray(newline + 1);
    }
    this.#rest = Buffer.from(data);
  }
}

/** All lines that are there by now. A file that was rotated away meanwhile is skipped: its successor has another name. */
export async function* readLines(files: readonly LogFile[]): AsyncGenerator<string> {
  for (const file of files) {
    await using handle = await openIfThere(file.path);
    if (handle === undefined) continue;
    const lines = new LineSplitter();
    let position = file.offset;
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      yield* lines.take(buffer.subarray(0, bytesRead));
    }
  }
}
