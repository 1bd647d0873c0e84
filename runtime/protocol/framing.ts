// Docker's frames: [stream, 0, 0, 0, length as 32-bit big endian] and the bytes, where stdout and stderr share a stream.
import { Transform, type TransformCallback } from 'node:stream';

const frameHeaderBytes = 8;
export const stdoutFrame = 1;
export const stderrFrame = 2;

/** One frame. */
export function encodeFrame(stream: number, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + bytes.length);
  frame.writeUInt32BE(stream * 0x1000000, 0);
  frame.writeUInt32BE(bytes.length, 4);
  frame.set(bytes, frameHeaderBytes);
  return frame;
}

export interface Frame {
  readonly stream: number;
  /** A part of the frame's bytes: long frames come in pieces, so that none is held in memory whole. */
  readonly bytes: Buffer;
}

/** Bytes in, `Frame`s out. A frame cut short at the end is dropped: its sender died. */
export class FrameDecoder extends Transform {
  #header = Buffer.alloc(0);
  #stream = 0;
  #left = 0;

  constructor() {
    super({ readableObjectMode: true });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const bytes = rest.subarray(0, this.#left);
        this.push({ stream: this.#stream, bytes } satisfies Frame);
        this.#left -= bytes.length;
        rest = rest.subarray(bytes.length);
        continue;
      }
      const wanted = frameHeaderBytes - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (this.#header.length < frameHeaderBytes) break;
      this.#stream = this.#header.readUInt8(0);
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
    done();
  }
}
