// The engine itself: ping, version, info, disk use, events; and what there is none of: plugins and swarms.

import type { EventBus } from '../../engine/events.ts';
import type { EngineEvent } from '../../protocol/event.ts';
import type { SystemInfo, SystemVersion } from '../../protocol/system.ts';
import { EventFeed } from '../../rpc/event_feed.ts';
import { summaryView } from '../container_view.ts';
import { HttpError } from '../failure.ts';
import { apiVersion, minimumApiVersion } from '../version.ts';
import { timeOf } from './containers.ts';
import { notInSwarm, volumeView } from './networks.ts';
import { defined, type Route, route } from './route.ts';

export function systemRoutes(events: EventBus): readonly Route[] {
  return [
    route('GET', '/_ping', async (x) => ping(x)),
    route('HEAD', '/_ping', async (x) => ping(x)),

    route('GET', '/version', async (x) => {
      x.json(200, dockerVersion(await x.call('system.version', {})));
    }),

    route('GET', '/info', async (x) => x.json(200, dockerInfo(await x.call('system.info', {})))),

    route('GET', '/system/df', async (x) => {
      const Types = x.query.getAll('type');
      const unknown = Types.find((type) => !['container', 'image', 'volume', 'build-cache'].includes(type));
      if (unknown !== undefined) throw new HttpError(400, `unknown object type: ${unknown}`);
      const use = await x.call('system.diskUsage', Types.length > 0 ? { Types } : {});
      x.json(200, {
        ...use,
        Containers: use.Containers.map(summaryView),
        Volumes: use.Volumes.map(volumeView),
        BuilderSize: use.BuildCache.reduce((sum, { Size }) => sum + Size, 0),
      });
    }),

    route('GET', '/events', async (x) => {
      const [since, until] = [x.text('since'), x.text('until')].map(Number);
      if (since !== undefined && until !== undefined && since > until)
        throw new HttpError(400, `\`since\` time (${since}) cannot be after \`until\` time (${until})`);
      const params = defined({ Since: timeOf(x, 'since'), Until: timeOf(x, 'until'), Filters: x.filters() });
      let ended = (): void => {};
      const over = new Promise<void>((resolve) => {
        ended = resolve;
      });
      x.signal.addEventListener('abort', ended, { once: true });
      // A wrong filter is told before the answer begins.
      const begin = Promise.withResolvers<void>();
      let write: (text: string) => Promise<void> = () => begin.promise;
      const feed = new EventFeed('docker', events, params, async ({ Events, Ended }) => {
        if (Events.length > 0) await write(Events.map((event) => `${JSON.stringify(dockerEvent(event))}\n`).join(''));
        if (Ended === true) ended();
      });
      const response = x.open(200, 'application/json');
      write = async (text) => {
        if (response.write(text)) return;
        await new Promise<void>((resolve) => {
          response.once('drain', resolve);
          response.once('close', resolve);
        });
      };
      feed.start();
      await over;
      feed[Symbol.dispose]();
      response.end();
    }),

    route('GET', '/plugins', async (x) => {
      const unknown = Object.keys(x.filters()).find((name) => name !== 'capability' && name !== 'enabled');
      if (unknown !== undefined) throw new HttpError(400, `invalid filter '${unknown}'`);
      x.json(200, []);
    }),
    route('GET', '/plugins/{name}/json', noPlugin),
    route('DELETE', '/plugins/{name}', noPlugin),
    ...['enable', 'disable', 'set', 'push'].map((verb) => route('POST', `/plugins/{name}/${verb}`, noPlugin)),
    ...(['GET', 'POST', 'DELETE'] as const).flatMap((method) =>
      ['/plugins/{rest*}', '/session', '/grpc'].map((path) =>
        route(method, path, async () => {
          throw new HttpError(501, `${path.split('/')[1]} is not offered by this engine`);
        }),
      ),
    ),
    ...swarmRoutes,
  ];
}

const noPlugin: Route['serve'] = async (x) => {
  throw new HttpError(404, `plugin "${x.name}" not found`);
};

const swarmNouns = ['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs'];

/** Docker's own answers for a node that is in no swarm. */
const swarmRoutes = [
  route('POST', '/swarm/leave', async () => {
    throw new HttpError(503, 'This node is not part of a swarm');
  }),
  ...swarmNouns.flatMap((noun) =>
    (['GET', 'POST', 'DELETE'] as const).flatMap((method) =>
      [`/${noun}`, `/${noun}/{rest*}`].map((path) =>
        route(method, path, async () => {
          throw new HttpError(503, notInSwarm);
        }),
      ),
    ),
  ),
];

async function ping(x: Parameters<Route['serve']>[0]): Promise<void> {
  x.header('Cache-Control', 'no-cache, no-store, must-revalidate');
  x.header('Pragma', 'no-cache');
  // 1: the classic builder; clients that know BuildKit don't open a session then.
  x.header('Builder-Version', '1');
  x.header('Swarm', 'inactive');
  x.plain(200, x.request.method === 'HEAD' ? '' : 'OK');
}

/** Before 1.52 events carry the old three fields beside the new ones, for containers and images. */
function dockerEvent({ Type, Action, Actor, scope, time, timeNano }: EngineEvent): object {
  const legacy =
    Type === 'container' || Type === 'image'
      ? {
          status: Action,
          id: Actor.ID,
          ...(Actor.Attributes['image'] === undefined ? {} : { from: Actor.Attributes['image'] }),
        }
      : {};
  return { ...legacy, Type, Action, Actor, scope, time, timeNano };
}

/** The client prints the engine's facts from the component named Engine. */
function dockerVersion(version: SystemVersion): object {
  // Docker's client reads a Go version although no Go is involved here.
  const facts = {
    ...version,
    ApiVersion: apiVersion,
    MinAPIVersion: minimumApiVersion(),
    GoVersion: `node ${version.NodeVersion}`,
  };
  const { Version, ApiVersion, MinAPIVersion, GitCommit, GoVersion, Os, Arch, BuildTime, KernelVersion } = facts;
  const Details = {
    ApiVersion,
    Arch,
    BuildTime,
    Experimental: 'false',
    GitCommit,
    GoVersion,
    KernelVersion,
    MinAPIVersion,
    Os,
  };
  const others = version.Components.filter(({ Name }) => Name !== 'Engine');
  return {
    Platform: { Name: 'Slipway' },
    ...facts,
    Components: [{ Name: 'Engine', Version, Details }, ...others],
    Experimental: false,
  };
}

/** What Docker's clients expect beside the engine's own facts. */
function dockerInfo(info: SystemInfo): object {
  const {
    Rootless: _rootless,
    Limitations,
    ExecRoot: _exec,
    Socket: _socket,
    LogFile: _log,
    Pid: _pid,
    ...rest
  } = info;
  return {
    ...rest,
    Warnings: [...info.Warnings, ...Limitations.map(({ Message }) => `WARNING: ${Message}`)],
    BridgeNfIptables: true,
    BridgeNfIp6tables: true,
    CpuCfsPeriod: info.CpuCfsPeriod,
    IndexServerAddress: 'https://index.docker.io/v1/',
    LoggingDriver: 'json-file',
    OSVersion: '',
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    ExperimentalBuild: false,
    Isolation: '',
    GenericResources: null,
    Containerd: undefined,
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: '' },
    InitCommit: { ID: '' },
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
  };
}
