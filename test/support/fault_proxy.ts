// A proxy before a registry that can spoil any answer.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The real registry's answer, as a whole. */
  forward(): Promise<UpstreamAnswer>;
  /** How often this method and path came before. */
  readonly count: number;
}

/** Answers true when it has dealt with the exchange. */
export type Fault = (exchange: Exchange) => Promise<boolean> | boolean;

export class FaultProxy implements AsyncDisposable {
  readonly host: string;
  /** Every request: `GET /v2/…`, with its headers. */
  readonly seen: { readonly line: string; readonly headers: IncomingMessage['headers'] }[] = [];
  fault: Fault = () => false;
  readonly #close: () => Promise<void>;

  private constructor(host: string, close: () => Promise<void>) {
    this.host = host;
    this.#close = close;
  }

  static async start(upstream: string, address = '127.0.0.1'): Promise<FaultProxy> {
    const server = createServer();
    server.listen(0, address);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const proxy = new FaultProxy(`${address}:${port}`, async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    const counts = new Map<string, number>();
    server.on('request', (incoming, response) => {
      const line = `${incoming.method} ${incoming.url}`;
      const count = counts.get(line) ?? 0;
      counts.set(line, count + 1);
      proxy.seen.push({ line, headers: incoming.headers });
      void proxy.#serve({ request: incoming, response, count, forward: () => forward(upstream, incoming) });
    });
    return proxy;
  }

  async #serve(exchange: Exchange): Promise<void> {
    if (await this.fault(exchange)) return;
    const { status, headers, body } = await exchange.forward();
    exchange.response.writeHead(status, headers).end(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

async function forward(upstream: string, incoming: IncomingMessage): Promise<UpstreamAnswer> {
  const [host = '', port] = upstream.split(':');
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request(
    {
      host,
      port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, connection: 'close' },
    },
    resolve,
  );
  outgoing.on('error', reject);
  incoming.pipe(outgoing);
  const answer = await promise;
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const headers = Object.fromEntries(
    Object.entries(answer.headers).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && entry[0] !== 'connection' && entry[0] !== 'transfer-encoding',
    ),
  );
  return { status: answer.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}
