// The engine's own door: a unix socket. Who connects is checked before a byte is read; then the first bytes say whether the
// connection is a JSON-RPC client or one raw stream.
import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { streamPreamble } from '../protocol/wire.ts';
import { Connection, type ConnectionServices } from './connection.ts';
import { isAllowed } from './peer.ts';

export interface ListenOptions extends ConnectionServices {
  readonly path: string;
  /** The id of the group that may connect besides the own user and root. */
  readonly group?: number;
  /** Connected clients, streams included; called with each change. */
  readonly onClients?: (count: number) => void;
}

const preambleBytes = streamPreamble.length + 32 + 1;

/** A running door. */
export class RpcServer implements AsyncDisposable {
  readonly #options: ListenOptions;
  readonly #server: NetServer;
  readonly #sockets = new Set<Socket>();

  private constructor(options: ListenOptions) {
    this.#options = options;
    // paused: nothing is read before the peer is known.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  /** Listens; a socket file left by a dead helper is replaced. The caller holds the engine's lock. */
  static async listen(options: ListenOptions): Promise<RpcServer> {
    const server = new RpcServer(options);
    removeStale(options.path);
    // Nobody can connect between bind and chmod: the umask makes the file private from the beginning.
    const umask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.#server.once('error', reject);
        server.#server.listen({ path: options.path, backlog: 4096 }, resolve);
      });
    } finally {
      process.umask(umask);
    }
    if (options.group !== undefined) {
      chownSync(options.path, -1, options.group);
      chmodSync(options.path, 0o660);
    }
    return server;
  }

  get clients(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    try {
      if (!isAllowed(socket, this.#options.group)) {
        this.#options.log.warn('a connection by another user was refused');
        socket.destroy();
        return;
      }
    } catch (error) {
      this.#options.log.error('cannot tell who connected', error);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    this.#options.onClients?.(this.#sockets.size);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#options.onClients?.(this.#sockets.size);
    });
    this.#sniff(socket);
  }

  /** The first bytes tell the two kinds of connections apart. */
  #sniff(socket: Socket): void {
    let head = Buffer.alloc(0);
    const onReadable = () => {
      const chunk: unknown = socket.read();
      if (!Buffer.isBuffer(chunk)) return;
      head = Buffer.concat([head, chunk]);
      const text = head.toString('latin1', 0, Math.min(head.length, streamPreamble.length));
      const isStream = text === streamPreamble;
      if (!isStream && streamPreamble.startsWith(text)) return;
      if (isStream && head.length < preambleBytes) return;
      socket.off('readable', onReadable);
      if (isStream) this.#serveStream(socket, head);
      else this.#serveRpc(socket, head);
    };
    socket.once('end', () => socket.end());
    socket.on('readable', onReadable);
  }

  #serveRpc(socket: Socket, head: Buffer): void {
    socket.unshift(head);
    new Connection(socket, this.#options);
    socket.resume();
  }

  #serveStream(socket: Socket, head: Buffer): void {
    const id = head.toString('latin1', streamPreamble.length, preambleBytes - 1);
    socket.removeAllListeners('end');
    socket.pause();
    const rest = head.subarray(preambleBytes);
    if (rest.length > 0) socket.unshift(rest);
    void this.#options.streams.serve(id, socket);
  }
}

function removeStale(path: string): void {
  try {
    if (!lstatSync(path).isSocket()) throw new Error(`cannot listen on ${path}: it exists and is not a socket`);
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
