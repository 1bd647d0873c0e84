// Reads the outer tar of image archives (docker save, OCI layouts): ustar, pax paths and sizes, GNU long names. It only
// streams entries to its caller and never touches the file system; layers are unpacked by the native part.

export interface TarEntry {
  /** As written, without a leading `./`. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** Bytes of content. */
  readonly size: number;
  /** Where a link points, as written. */
  readonly link: string;
  /** The content. What is not read is skipped when the next entry is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** The archive is malformed or ends too early. */
export class InvalidTar extends Error {
  override readonly name = 'InvalidTar';
  constructor(why: string) {
    super(`the archive is damaged or not a tar file: ${why}`);
  }
}

const block = 512;
const maxHeaderData = 1 << 20;

/** Takes chunks of any size and gives out exactly as many bytes as asked for. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #pending: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #fill(): Promise<boolean> {
    while (this.#pending.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.#pending = next.value;
    }
    return true;
  }

  /** Up to `limit` bytes; undefined at the end. */
  async some(limit: number): Promise<Uint8Array | undefined> {
    if (!(await this.#fill())) return undefined;
    const piece = this.#pending.subarray(0, limit);
    this.#pending = this.#pending.subarray(piece.length);
    return piece;
  }

  /** Exactly `count` bytes; undefined at a clean end before the first of them. */
  async exactly(count: number): Promise<Buffer | undefined> {
    const pieces: Uint8Array[] = [];
    for (let left = count; left > 0; ) {
      const piece = await this.some(left);
      if (piece === undefined) {
        if (left === count) return undefined;
        throw new InvalidTar('it ends in the middle');
      }
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async drain(): Promise<void> {
    while ((await this.some(1 << 20)) !== undefined);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal digits, or GNU's base-256 for large values. */
function number(header: Buffer, start: number, length: number): number {
  const first = header[start] ?? 0;
  if (first & 0x80) {
    let value = first & 0x7f;
    for (let i = start + 1; i < start + length; i++) value = value * 256 + (header[i] ?? 0);
    if (!Number.isSafeInteger(value)) throw new InvalidTar('a size is too large');
    return value;
  }
  const digits = text(header, start, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new InvalidTar('a header field is not a number');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function checkSum(header: Buffer): void {
  let sum = 0;
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 32 : (header[i] ?? 0);
  if (sum !== number(header, 148, 8)) throw new InvalidTar('a header has a wrong checksum');
}

/** Pax records: `<length> <key>=<value>\n`. */
function parsePax(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length && data[at] !== 0; ) {
    const space = data.indexOf(0x20, at);
    const length = Number(data.toString('latin1', at, space));
    if (space < 0 || !Number.isInteger(length) || length <= space - at + 1 || at + length > data.length)
      throw new InvalidTar('an extended header is malformed');
    const record = data.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

const types: Readonly<Record<string, TarEntry['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};

function cleanName(name: string): string {
  return name.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
}

/** The entries of a tar stream, in order. The source is read to its end, or closed if the caller stops early. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(source);
  const overrides = new Map<string, string>();
  try {
    for (;;) {
      const header = await reader.exactly(block);
      if (header === undefined || header.every((byte) => byte === 0)) break;
      checkSum(header);
      const flag = String.fromCharCode(header[156] ?? 0);
      const size = Number(overrides.get('size') ?? number(header, 124, 12));
      if (!Number.isSafeInteger(size) || size < 0) throw new InvalidTar('a size is not a number');
      if ('xgLK'.includes(flag)) {
        await readExtension(reader, flag, size, overrides);
        continue;
      }
      const prefix =
        header.toString('latin1', 257, 262) === 'ustar' && header[263] === 0x30 ? text(header, 345, 155) : '';
      const plain = text(header, 0, 100);
      const name = overrides.get('path') ?? (prefix === '' ? plain : `${prefix}/${plain}`);
      const link = overrides.get('linkpath') ?? text(header, 157, 100);
      overrides.clear();
      const type = types[flag] ?? 'other';
      const content = new Content(reader, type === 'file' || type === 'other' ? size : 0);
      yield { name: cleanName(name), type, size: content.left, link, content };
      await content.skip();
    }
    await reader.drain();
  } finally {
    await reader.close();
  }
}

async function readExtension(
  reader: ByteReader,
  flag: string,
  size: number,
  overrides: Map<string, string>,
): Promise<void> {
  if (size > maxHeaderData) throw new InvalidTar('an extended header is too large');
  const data = (await reader.exactly(Math.ceil(size / block) * block)) ?? Buffer.alloc(0);
  if (data.length < size) throw new InvalidTar('it ends in the middle');
  const value = data.subarray(0, size);
  if (flag === 'x') for (const [key, record] of parsePax(value)) overrides.set(key, record);
  else if (flag === 'L') overrides.set('path', value.toString('utf8').replace(/\0.*$/s, ''));
  else if (flag === 'K') overrides.set('linkpath', value.toString('utf8').replace(/\0.*$/s, ''));
}

class Content implements AsyncIterable<Uint8Array> {
  readonly #reader: ByteReader;
  readonly #padding: number;
  left: number;

  constructor(reader: ByteReader, size: number) {
    this.#reader = reader;
    this.#padding = (block - (size % block)) % block;
    this.left = size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.left > 0) {
      const piece = await this.#reader.some(this.left);
      if (piece === undefined) throw new InvalidTar('it ends in the middle');
      this.left -= piece.length;
      yield piece;
    }
  }

  async skip(): Promise<void> {
    for await (const _ of this);
    if (this.#padding > 0) await this.#reader.exactly(this.#padding);
  }
}
