// Requests to a Docker Engine API on a unix socket, as bytes: nothing of the answer is hidden by a client library.
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';

export interface Asked {
  readonly method: string;
  readonly path: string;
  /** JSON, if it is neither text nor bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks for an upgrade, writes this, and closes its half of the connection. */
  readonly input?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Everything up to the end of the answer or of the connection. */
  readonly body: Promise<Buffer>;
}

/** Resolves when the headers are there. */
export function ask(socketPath: string, { method, path, body, headers, input }: Asked): Promise<Answer> {
  const isPlain = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = isPlain ? body : JSON.stringify(body);
  const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json';
  const upgrade = input === undefined ? {} : { Connection: 'Upgrade', Upgrade: 'tcp' };
  const length = bytes === undefined ? 0 : Buffer.byteLength(bytes);
  const sent = {
    Host: 'docker',
    ...(bytes === undefined ? {} : { 'Content-Type': type }),
    ...(method === 'GET' || method === 'HEAD' ? {} : { 'Content-Length': length }),
    ...upgrade,
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const answer = ({ statusCode, headers }: IncomingMessage, source: Readable, head: readonly Buffer[]) =>
      resolve({ status: statusCode ?? 0, headers, body: everything(source, head) });
    request({ socketPath, method, path, headers: sent, agent: false })
      .on('error', reject)
      .on('response', (response) => answer(response, response, []))
      .on('upgrade', (response, socket, head) => {
        answer(response, socket, [head]);
        socket.end(input ?? '');
      })
      .end(bytes);
  });
}

/** What was read until the end; a connection that breaks ends there. */
function everything(source: Readable, head: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks = [...head];
    const done = () => resolve(Buffer.concat(chunks));
    source.on('data', (chunk: Buffer) => chunks.push(chunk));
    source.on('end', done).on('close', done).on('error', done);
  });
}
