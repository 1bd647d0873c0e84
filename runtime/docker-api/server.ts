// The second door: Docker's Engine API over HTTP, on unix sockets and, where asked for, on tcp. Every path is a translation to
// the engine's own methods.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { ListenOptions, Socket } from 'node:net';
import type { EventBus } from '../engine/events.ts';
import type { Log } from '../engine/log.ts';
import type { Handlers } from '../protocol/handler.ts';
import { Exchange } from './exchange.ts';
import { HttpError } from './failure.ts';
import { buildRoutes } from './routes/build.ts';
import { containerStreamRoutes } from './routes/container_streams.ts';
import { containerRoutes } from './routes/containers.ts';
import { execRoutes } from './routes/exec.ts';
import { imageRoutes } from './routes/images.ts';
import { networkRoutes, volumeRoutes } from './routes/networks.ts';
import type { Route } from './routes/route.ts';
import { systemRoutes } from './routes/system.ts';
import { apiVersion, negotiate } from './version.ts';

export interface DockerApiServices {
  readonly handlers: Handlers;
  readonly events: EventBus;
  readonly log: Log;
  /** The engine's version, for the `Server` header. */
  readonly version: string;
  /** Throws, or returns false, for a peer that may not connect; asked before a byte is read. Unix sockets only. */
  readonly isAllowed: (socket: Socket) => boolean;
}

export interface DockerListenOptions {
  readonly address: ListenOptions | { readonly fd: number };
  /** Server certificate, key and the authority of client certificates; required beyond loopback. */
  readonly tls?: Pick<ServerOptions, 'ca' | 'cert' | 'key' | 'requestCert' | 'rejectUnauthorized'>;
}

/** A running door on one address. */
export class DockerApiServer implements AsyncDisposable {
  readonly #services: DockerApiServices;
  readonly #routes: readonly Route[];
  readonly #server: Server;
  readonly #isTcp: boolean;
  readonly #sockets = new Set<Socket>();

  constructor(services: DockerApiServices, options: DockerListenOptions) {
    this.#services = services;
    this.#isTcp = 'port' in options.address && options.address.port !== undefined;
    this.#routes = [
      ...systemRoutes(services.events),
      ...containerRoutes,
      ...containerStreamRoutes,
      ...execRoutes,
      ...imageRoutes,
      ...networkRoutes,
      ...volumeRoutes,
      ...buildRoutes,
    ];
    // Uploads and attached streams last as long as they last.
    const limits = { requestTimeout: 0, keepAliveTimeout: 30_000, pauseOnConnect: false };
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#serve(request, { response });
    };
    this.#server =
      options.tls === undefined ? createServer(limits, serve) : createTlsServer({ ...limits, ...options.tls }, serve);
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.on('error', () => {});
      void this.#serve(request, { upgraded: { socket, head } });
    });
    this.#server.on('connection', (socket: Socket) => this.#accept(socket));
  }

  static async listen(services: DockerApiServices, options: DockerListenOptions): Promise<DockerApiServer> {
    const door = new DockerApiServer(services, options);
    await new Promise<void>((resolve, reject) => {
      door.#server.once('error', reject);
      door.#server.listen(options.address, resolve);
    });
    return door;
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
    if (!this.#isTcp && !this.#services.isAllowed(socket)) {
      this.#services.log.warn('a connection by another user was refused');
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #serve(
    request: IncomingMessage,
    answer: { response: ServerResponse } | { upgraded: { socket: Socket; head: Buffer } },
  ): Promise<void> {
    if ('response' in answer) {
      answer.response.setHeader('Api-Version', apiVersion);
      answer.response.setHeader('Docker-Experimental', 'false');
      answer.response.setHeader('Ostype', 'linux');
      answer.response.setHeader('Server', `Slipway/${this.#services.version} (linux)`);
      answer.response.on('error', () => {});
    }
    const { serve, ...asked } = this.#find(request);
    const exchange = new Exchange(this.#services.handlers, request, answer, asked);
    try {
      if (this.#isTcp) refuseBrowsers(request);
      await serve(exchange);
    } catch (error) {
      if (!exchange.signal.aborted)
        this.#services.log.debug(`${request.method} ${request.url}`, { error: String(error) });
      exchange.fail(error);
    }
  }

  /** Who serves a request; for an address that leads nowhere, someone who says so. */
  #find(request: IncomingMessage): Pick<Route, 'serve'> & { path: string[]; query: URLSearchParams; version: number } {
    const refuse = (status: number, message: string) => ({
      path: [],
      query: new URLSearchParams(),
      version: 0,
      serve: async () => {
        throw new HttpError(status, message);
      },
    });
    const url = URL.parse(request.url ?? '/', 'http://docker');
    if (url === null) return refuse(400, 'malformed path');
    const negotiated = negotiate(url.pathname);
    if ('problem' in negotiated) return refuse(400, negotiated.problem);
    const { version } = negotiated;
    for (const { method, pattern, serve } of this.#routes) {
      const match = method === request.method ? pattern.exec(negotiated.path) : null;
      if (match === null) continue;
      try {
        return { path: match.slice(1).map(decodeURIComponent), query: url.searchParams, version, serve };
      } catch {
        return refuse(400, `malformed path: ${url.pathname}`);
      }
    }
    return refuse(404, 'page not found');
  }
}

/**
 * A page in a browser can reach loopback: by itself (it sends `Origin`) or under a name that points here (DNS rebinding; it
 * sends that name as `Host`). Neither is a Docker client.
 */
function refuseBrowsers(request: IncomingMessage): void {
  if (request.headers.origin !== undefined) throw new HttpError(403, 'requests of browsers are refused');
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const isAddress = /^[\d.]+$/.test(host) || host.includes(':');
  if (host !== '' && host !== 'localhost' && host !== 'docker' && !isAddress) {
    throw new HttpError(403, `requests for the host ${host} are refused: use localhost or an address`);
  }
}
