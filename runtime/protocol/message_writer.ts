// Writes each message of the protocol with one write: with its header apart, as the library does it, the other side is
// woken twice for every message.
import type { Socket } from 'node:net';
import { AbstractMessageWriter, type Message, type MessageWriter } from 'vscode-jsonrpc/node';
import { knownJson } from './known_json.ts';

function header(length: number): string {
  return `Content-Length: ${length}\r\n\r\n`;
}

function framed(message: Message): Buffer | string {
  const known = knownJson(message);
  if (known !== undefined) {
    const length = known.reduce((sum, part) => sum + part.length, 0);
    return Buffer.concat([Buffer.from(header(length)), ...known]);
  }
  const body = JSON.stringify(message);
  return `${header(Buffer.byteLength(body))}${body}`;
}

export class WholeMessageWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #socket: Socket;
  #errors = 0;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('error', (error) => this.fireError(error));
    socket.on('close', () => this.fireClose());
  }

  /** Resolves when the kernel has taken the message. */
  async write(message: Message): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(framed(message), (error) => {
      if (!error) return resolve();
      this.#errors += 1;
      this.fireError(error, message, this.#errors);
      reject(error);
    });
    await promise;
  }

  end(): void {
    this.#socket.end();
  }
}
