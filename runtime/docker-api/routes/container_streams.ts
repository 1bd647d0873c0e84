// /containers: attach, logs, statistics, archives. Multiplexed or raw by whether the container has a terminal.
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { PathStat } from '../../protocol/container_views.ts';
import type { Exchange } from '../exchange.ts';
import { HttpError } from '../failure.ts';
import { timeOf } from './containers.ts';
import { defined, type Route, route } from './route.ts';

const websockets = new WebSocketServer({ noServer: true });

export const containerStreamRoutes: readonly Route[] = [
  route('POST', '/containers/{id}/attach', async (x) => {
    const serve = await x.stream('container.attach', defined({ Container: x.name, ...attachOptions(x) }));
    const stream = x.hijack(hijackedType(x, await isFramed(x, x.name)));
    await serve(stream, x.signal);
    stream.end();
  }),

  route('GET', '/containers/{id}/attach/ws', async (x) => {
    const { upgraded } = x;
    if (upgraded === undefined) throw new HttpError(400, 'a websocket was expected');
    const wanted = attachOptions(x);
    const all = !wanted.Stdin && !wanted.Stdout && !wanted.Stderr;
    const options = { ...wanted, ...(all ? { Stdin: true, Stdout: true, Stderr: true } : {}), Stream: true };
    const serve = await x.stream('container.attach', defined({ Container: x.name, ...options }));
    x.markAnswered();
    await new Promise<void>((resolve, reject) => {
      websockets.handleUpgrade(x.request, upgraded.socket, upgraded.head, (socket) => {
        const stream = createWebSocketStream(socket);
        stream.on('error', () => {});
        serve(stream, x.signal).then(() => {
          stream.end();
          resolve();
        }, reject);
      });
    });
  }),

  route('GET', '/containers/{id}/logs', async (x) => {
    const [Stdout, Stderr] = [x.flag('stdout'), x.flag('stderr')];
    if (!Stdout && !Stderr) throw new HttpError(400, 'Bad parameters: you must choose at least one stream');
    const serve = await x.stream(
      'container.logs',
      defined({
        Container: x.name,
        Stdout,
        Stderr,
        Follow: x.flag('follow'),
        Timestamps: x.flag('timestamps'),
        Details: x.flag('details'),
        Since: timeOf(x, 'since'),
        Until: timeOf(x, 'until'),
        Tail: tailOf(x),
      }),
    );
    await pour(x, framedType(x, await isFramed(x, x.name)), serve);
  }),

  route('GET', '/containers/{id}/stats', async (x) => {
    const stream = x.flag('stream', true);
    const options = { Container: x.name, Stream: stream, OneShot: x.flag('one-shot') };
    if (!stream) {
      x.json(200, await x.call('container.stats', options));
      return;
    }
    await x.call('container.inspect', { Container: x.name });
    const response = x.open(200, 'application/json');
    await x.call('container.stats', options, (reading) => {
      // A client that does not read misses readings.
      if (!response.writableNeedDrain) response.write(`${JSON.stringify(reading)}\n`);
    });
    response.end();
  }),

  route('GET', '/containers/{id}/export', async (x) => {
    await pour(x, 'application/octet-stream', await x.stream('container.export', { Container: x.name }));
  }),

  route('HEAD', '/containers/{id}/archive', async (x) => {
    const stat = await x.call('container.archiveStat', { Container: x.name, Path: pathOf(x) });
    x.header('X-Docker-Container-Path-Stat', encodeStat(stat));
    x.empty(200);
  }),

  route('GET', '/containers/{id}/archive', async (x) => {
    const at = { Container: x.name, Path: pathOf(x) };
    const stat = await x.call('container.archiveStat', at);
    const serve = await x.stream('container.archiveGet', at);
    x.header('X-Docker-Container-Path-Stat', encodeStat(stat));
    await pour(x, 'application/x-tar', serve);
  }),

  route('PUT', '/containers/{id}/archive', async (x) => {
    const serve = await x.stream('container.archivePut', {
      Container: x.name,
      Path: pathOf(x),
      NoOverwriteDirNonDir: x.flag('noOverwriteDirNonDir'),
      CopyUIDGID: x.flag('copyUIDGID'),
    });
    await serve(x.incoming(), x.signal);
    x.empty(200);
  }),
];

/** As dockerd: what is no number of lines means all of them. */
function tailOf(x: Exchange): string | undefined {
  const tail = x.text('tail');
  return tail === undefined || /^\d+$/.test(tail) ? tail : 'all';
}

/** Sends what the engine writes as the body of the answer. */
export async function pour(
  x: Exchange,
  contentType: string,
  serve: (stream: ReturnType<Exchange['duplex']>, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const stream = x.duplex(contentType);
  await serve(stream, x.signal);
  stream.end();
}

function attachOptions(x: Exchange) {
  return {
    Stdin: x.flag('stdin'),
    Stdout: x.flag('stdout'),
    Stderr: x.flag('stderr'),
    Stream: x.flag('stream'),
    Logs: x.flag('logs'),
    DetachKeys: x.text('detachKeys'),
  };
}

async function isFramed(x: Exchange, container: string): Promise<boolean> {
  const { Config } = await x.call('container.inspect', { Container: container });
  return Config.Tty !== true;
}

/** As dockerd: an answer without an upgrade does not say that there are frames. */
export function hijackedType(x: Exchange, framed: boolean): string {
  return framedType(x, framed && x.upgraded !== undefined);
}

/** Since 1.42 the type says whether the bytes come in frames. */
function framedType(x: Exchange, framed: boolean): string {
  return `application/vnd.docker.${framed && x.version >= 42 ? 'multiplexed' : 'raw'}-stream`;
}

function pathOf(x: Exchange): string {
  const path = x.text('path');
  if (path === undefined) throw new HttpError(400, 'bad parameter: path cannot be empty');
  return path;
}

function encodeStat(stat: PathStat): string {
  return Buffer.from(JSON.stringify(stat)).toString('base64');
}
