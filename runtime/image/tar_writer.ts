// Writes the outer tar of image archives. Short names only, which is all that such archives have.

const block = 512;
const octalLimit = 8 ** 11;

export interface TarFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

function header(name: string, size: number, type: '0' | '5', mode: number, mtime: number): Buffer {
  const data = Buffer.alloc(block);
  if (Buffer.byteLength(name) > 100) throw new Error(`cannot write the archive: the name ${name} is too long`);
  data.write(name, 0);
  data.write(mode.toString(8).padStart(7, '0'), 100);
  data.write('0000000', 108);
  data.write('0000000', 116);
  if (size < octalLimit) data.write(size.toString(8).padStart(11, '0'), 124);
  else {
    data.writeUInt8(0x80, 124);
    data.writeBigUInt64BE(BigInt(size), 128);
  }
  data.write(Math.floor(mtime).toString(8).padStart(11, '0'), 136);
  data.write('        ', 148);
  data.write(type, 156);
  data.write('ustar\x0000', 257, 'latin1');
  const sum = data.reduce((total, byte) => total + byte, 0);
  data.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return data;
}

/** The bytes of a tar with these directories and files. `mtime` is in seconds since the epoch. */
export async function* writeTar(
  directories: readonly string[],
  files: AsyncIterable<TarFile> | Iterable<TarFile>,
  mtime: number,
): AsyncGenerator<Uint8Array> {
  for (const directory of directories) yield header(`${directory}/`, 0, '5', 0o755, mtime);
  for await (const { name, size, content } of files) {
    yield header(name, size, '0', 0o644, mtime);
    let written = 0;
    for await (const chunk of content) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== size) throw new Error(`cannot write the archive: ${name} has ${written} bytes instead of ${size}`);
    if (size % block > 0) yield Buffer.alloc(block - (size % block));
  }
  yield Buffer.alloc(2 * block);
}
