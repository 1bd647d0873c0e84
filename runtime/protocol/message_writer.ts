// Writes each message of the protocol with one write: with its header apart, as the library does it, the other side is
// woken twice for every message.
import type { Socket } from 'node:net';
import { AbstractMessageWriter, type Message, type MessageWriter } from 'vscode-jsonrpc/node';

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
    const body = JSON.stringify(message);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, (error) => {
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
