// Reads framed messages (`Content-Length: n`, empty line, n bytes of JSON) from whoever connects. Unlike the library's
// reader it trusts nothing: a header or a message beyond the bounds, or a malformed one, ends the connection.
import type { Socket } from 'node:net';
import {
  AbstractMessageReader,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageReader,
} from 'vscode-jsonrpc/node';

/** Far above any sensible request; a larger one is refused before it is read. */
const maxMessageBytes = 16 << 20;
const maxHeaderBytes = 4096;

class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

function contentLength(header: string): number {
  const match = /^content-length:[ \t]*(\d{1,10})[ \t]*$/im.exec(header);
  if (match?.[1] === undefined) throw new MalformedMessage('a message has no Content-Length');
  const length = Number(match[1]);
  if (length > maxMessageBytes)
    throw new MalformedMessage(`a message of ${length} bytes is larger than ${maxMessageBytes}`);
  return length;
}

export class BoundedReader extends AbstractMessageReader implements MessageReader {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #held = 0;
  /** Length of the message that is coming, or -1 while its header is. */
  #expected = -1;
  #callback: DataCallback | undefined;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  listen(callback: DataCallback): Disposable {
    this.#callback = callback;
    const onData = (chunk: Buffer) => this.#take(chunk);
    this.#socket.on('data', onData);
    this.#socket.on('error', (error) => this.fireError(error));
    this.#socket.on('close', () => this.fireClose());
    return { dispose: () => void this.#socket.off('data', onData) };
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    try {
      while (this.#step());
    } catch (error) {
      this.fireError(error);
      this.#socket.destroy();
    }
  }

  /** One header or one message, if it is all here. Chunks are joined only then, so a slow large message costs no copying. */
  #step(): boolean {
    if (this.#expected < 0) {
      const bytes = this.#join();
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0 && bytes.length <= maxHeaderBytes) return false;
      if (end < 0 || end > maxHeaderBytes) throw new MalformedMessage('a message header is too long');
      this.#expected = contentLength(bytes.toString('latin1', 0, end));
      this.#keep(bytes.subarray(end + 4));
      return true;
    }
    if (this.#held < this.#expected) return false;
    const bytes = this.#join();
    const text = bytes.toString('utf8', 0, this.#expected);
    this.#keep(bytes.subarray(this.#expected));
    this.#expected = -1;
    this.#deliver(text);
    return this.#held > 0;
  }

  #deliver(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      throw new MalformedMessage('a message is not JSON');
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message))
      throw new MalformedMessage('a message is not a JSON object');
    if ((message as { jsonrpc?: unknown }).jsonrpc !== '2.0')
      throw new MalformedMessage('a message is not JSON-RPC 2.0');
    this.#callback?.(message as Message);
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
  }
}
