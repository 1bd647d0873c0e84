// The frames of a monitor's attach.sock (native/oci/monitor/PROTOCOL.md), read and written with back-pressure.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { ExitRecord } from './monitor.ts';

const headerSize = 8;

/** The numbers of the frames. */
export const frameTypes = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  hello: 16,
  gap: 17,
  exit: 18,
  error: 19,
  closeStdin: 16,
  resize: 17,
};

export type AttachFrame =
  | { readonly type: 'stdout' | 'stderr'; readonly data: Buffer }
  | { readonly type: 'hello'; readonly tty: boolean; readonly stdin: boolean; readonly status: string }
  /** So many bytes were left out because this client stood still; they are in the log. */
  | { readonly type: 'gap'; readonly stdout: number; readonly stderr: number; readonly since: string }
  | { readonly type: 'exit'; readonly record: ExitRecord };

/** A frame as it travels. */
export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerSize + payload.length);
  frame.writeUInt32BE((type << 24) >>> 0, 0);
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, headerSize);
  return frame;
}

/** Cuts frames out of a stream of bytes. */
export class FrameDecoder {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete now. Throws if the monitor reports an error. */
  *feed(bytes: Buffer): Generator<AttachFrame> {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= headerSize) {
      const end = headerSize + this.#rest.readUInt32BE(4);
      if (this.#rest.length < end) return;
      const type = this.#rest.readUInt8(0);
      const payload = this.#rest.subarray(headerSize, end);
      this.#rest = this.#rest.subarray(end);
      const frame = decode(type, payload);
      if (frame !== undefined) yield frame;
    }
  }
}

/** Undefined for a type that only a newer monitor has. */
function decode(type: number, payload: Buffer): AttachFrame | undefined {
  switch (type) {
    case frameTypes.stdout:
      return { type: 'stdout', data: payload };
    case frameTypes.stderr:
      return { type: 'stderr', data: payload };
    case frameTypes.hello:
      return { ...(JSON.parse(payload.toString()) as Hello), type: 'hello' };
    case frameTypes.gap:
      return { ...(JSON.parse(payload.toString()) as Gap), type: 'gap' };
    case frameTypes.exit:
      return { type: 'exit', record: JSON.parse(payload.toString()) as ExitRecord };
    case frameTypes.error:
      throw new Error(`the monitor closed the stream: ${payload}`);
    default:
      return undefined;
  }
}

interface Hello {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly status: string;
}

interface Gap {
  readonly stdout: number;
  readonly stderr: number;
  readonly since: string;
}

/** One attach client: `frames()` is the output, the rest is the input. */
export class AttachStream {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined); // the iteration ends; a write is refused
  }

  /**
   * What the container writes, until its end (the exit frame comes last) or until `close()`. Who does not go on reading
   * slows the container for ten seconds, then gets a gap.
   */
  async *frames(): AsyncGenerator<AttachFrame> {
    const decoder = new FrameDecoder();
    try {
      for await (const bytes of this.#socket as AsyncIterable<Buffer>) yield* decoder.feed(bytes);
    } catch (error) {
      if (!this.#socket.destroyed || !isDisconnection(error)) throw error;
    }
  }

  /** Waits while the container doesn't read. */
  write(data: Uint8Array): Promise<void> {
    return this.#send(encodeFrame(frameTypes.stdin, data));
  }

  /** The container's stdin ends after what was written before; for all clients. */
  closeStdin(): Promise<void> {
    return this.#send(encodeFrame(frameTypes.closeStdin, Buffer.alloc(0)));
  }

  /** Behind what was written before; `Monitor.resize()` doesn't wait for that. */
  resize(height: number, width: number): Promise<void> {
    const size = Buffer.alloc(4);
    size.writeUInt16BE(height, 0);
    size.writeUInt16BE(width, 2);
    return this.#send(encodeFrame(frameTypes.resize, size));
  }

  /** Leaves; the container goes on. What was written still arrives. */
  close(): void {
    this.#socket.destroySoon();
  }

  async #send(frame: Buffer): Promise<void> {
    if (this.#socket.destroyed || this.#socket.write(frame)) return;
    await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')]);
  }
}

function isDisconnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(error.code))
  );
}
