// /containers: life cycle, lists and facts. Streams have a file of their own.
import { parseTime } from '../../engine/event_filter.ts';
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import type { Params } from '../../protocol/methods.ts';
import { containerView, summaryView } from '../container_view.ts';
import type { Exchange } from '../exchange.ts';
import { HttpError } from '../failure.ts';
import { section } from '../request_body.ts';
import { checked, defined, type Route, route } from './route.ts';

export const containerRoutes: readonly Route[] = [
  route('GET', '/containers/json', async (x) => {
    const containers = await x.call(
      'container.list',
      defined({ All: x.flag('all'), Limit: limitOf(x), Size: x.flag('size'), Filters: x.filters() }),
    );
    x.json(200, containers.map(summaryView));
  }),

  route('POST', '/containers/create', async (x) => {
    const body = await x.body();
    if (body === undefined) throw new HttpError(400, 'invalid JSON: got EOF while reading request body');
    const { HostConfig: _host, NetworkingConfig: _network, ...Config } = body;
    refuseMounts(section(body, 'HostConfig')['Mounts']);
    if (Object.keys(Config).length === 0)
      throw new HttpError(400, 'config cannot be empty in order to create a container');
    const params = checked(
      'container.create',
      defined({
        Name: x.text('name')?.replace(/^\//, ''),
        Platform: x.text('platform'),
        Config,
        HostConfig: section(body, 'HostConfig'),
        NetworkingConfig: section(body, 'NetworkingConfig'),
      }),
    );
    try {
      x.json(201, await x.call('container.create', params));
    } catch (error) {
      // Docker's client takes "not found" here for the image, and pulls it.
      const isOther = isEngineError(error, 'NotFound') && !/^No such image|^image with/.test(error.message);
      throw isOther ? new HttpError(400, error.message) : error;
    }
  }),

  route('GET', '/containers/{id}/json', async (x) => {
    x.json(200, containerView(await x.call('container.inspect', { Container: x.name, Size: x.flag('size') })));
  }),

  route('GET', '/containers/{id}/top', async (x) => {
    const PsArgs = x.text('ps_args');
    x.json(200, await x.call('container.top', defined({ Container: x.name, PsArgs })));
  }),

  route('GET', '/containers/{id}/changes', async (x) => {
    const changes = await x.call('container.changes', { Container: x.name });
    x.json(200, changes.length > 0 ? changes : null);
  }),

  route('POST', '/containers/{id}/resize', async (x) => {
    await x.call('container.resize', { Container: x.name, ...sizeOf(x) });
    x.empty(200);
  }),

  route('GET', '/containers/{id}/checkpoints', noCheckpoints),
  route('POST', '/containers/{id}/checkpoints', noCheckpoints),
  route('DELETE', '/containers/{id}/checkpoints/{checkpoint}', noCheckpoints),

  route('POST', '/containers/{id}/start', async (x) => {
    if ((await x.body()) !== undefined)
      throw new HttpError(
        400,
        'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
      );
    if (x.text('checkpoint') !== undefined)
      throw new HttpError(400, 'checkpoint is only supported in experimental mode');
    await x.call('container.start', { Container: x.name });
    x.empty(204);
  }),

  route('POST', '/containers/{id}/stop', async (x) => {
    await x.call('container.stop', stopOptions(x));
    x.empty(204);
  }),

  route('POST', '/containers/{id}/restart', async (x) => {
    await x.call('container.restart', stopOptions(x));
    x.empty(204);
  }),

  route('POST', '/containers/{id}/kill', async (x) => {
    const params = defined({ Container: x.name, Signal: x.text('signal') });
    await told(
      `cannot kill container: ${x.name}: `,
      () => x.call('container.kill', params),
      /^(No such|container |invalid signal)/,
    );
    x.empty(204);
  }),

  route('POST', '/containers/{id}/update', async (x) => {
    const { RestartPolicy, ...Resources } = (await x.body()) ?? {};
    const params = checked('container.update', defined({ Container: x.name, Resources, RestartPolicy }));
    x.json(200, await x.call('container.update', params));
  }),

  route('POST', '/containers/{id}/rename', async (x) => {
    const Name = x.text('name');
    if (Name === undefined) throw new HttpError(400, 'Neither old nor new names may be empty');
    const params = { Container: x.name, Name: Name.replace(/^\//, '') };
    await told('Error when allocating new name: ', () => x.call('container.rename', params), /name \(|name "/);
    x.empty(204);
  }),

  route('POST', '/containers/{id}/pause', async (x) => {
    await x.call('container.pause', { Container: x.name });
    x.empty(204);
  }),

  route('POST', '/containers/{id}/unpause', async (x) => {
    await x.call('container.unpause', { Container: x.name });
    x.empty(204);
  }),

  route('POST', '/containers/{id}/wait', wait),

  route('DELETE', '/containers/{id}', async (x) => {
    await x.call('container.remove', {
      Container: x.name,
      Force: x.flag('force'),
      Volumes: x.flag('v'),
      Link: x.flag('link'),
    });
    x.empty(204);
  }),

  route('POST', '/containers/prune', async (x) => {
    const { ContainersDeleted, SpaceReclaimed } = await x.call('container.prune', { Filters: x.filters() });
    x.json(200, { ContainersDeleted: ContainersDeleted.length > 0 ? ContainersDeleted : null, SpaceReclaimed });
  }),

  route('POST', '/commit', async (x) => {
    const body = await x.body();
    const repository = x.text('repo');
    const tag = x.text('tag');
    const Container = x.text('container');
    if (Container === undefined) throw new HttpError(400, 'container is required');
    const params = checked(
      'container.commit',
      defined({
        Container,
        Reference: repository === undefined || tag === undefined ? repository : `${repository}:${tag}`,
        Message: x.text('comment'),
        Author: x.text('author'),
        Pause: x.flag('pause', true),
        Changes: x.query
          .getAll('changes')
          .flatMap((change) => change.split('\n'))
          .filter(Boolean),
        Config: body,
      }),
    );
    x.json(201, await x.call('container.commit', params));
  }),
];

/** What is wrong with a mount as such, in dockerd's words. */
function refuseMounts(mounts: unknown): void {
  if (!Array.isArray(mounts)) return;
  for (const { Type, Target } of mounts as readonly Record<string, unknown>[]) {
    const why =
      typeof Type !== 'string' || !['bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster'].includes(Type)
        ? 'mount type unknown'
        : Target === undefined || Target === ''
          ? 'field Target must not be empty'
          : undefined;
    if (why !== undefined) throw new HttpError(400, `invalid mount config for type "${Type}": ${why}`);
  }
}

/** dockerd says what it could not do before it says why. */
async function told<T>(prefix: string, work: () => Promise<T>, only: RegExp): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EngineError) || !only.test(error.message)) throw error;
    throw new EngineError(error.kind, `${prefix}${error.message}`);
  }
}

function limitOf(x: Exchange): number | undefined {
  const limit = x.integer('limit');
  return limit === undefined || limit <= 0 ? undefined : limit;
}

/** As a dockerd that is not experimental. */
async function noCheckpoints(): Promise<void> {
  throw new HttpError(
    501,
    'This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to enable it.',
  );
}

export function sizeOf(x: Exchange): { Height: number; Width: number } {
  const [Height, Width] = (['height', 'width'] as const).map((side) => {
    const text = x.query.get(side.slice(0, 1)) ?? '';
    if (!/^-?\d+$/.test(text)) throw new HttpError(400, `invalid resize ${side} "${text}": invalid syntax`);
    const value = Number(text);
    if (value < 0 || value >= 2 ** 32) throw new HttpError(400, `invalid resize ${side} "${text}": value out of range`);
    return value;
  });
  return { Height: Height ?? 0, Width: Width ?? 0 };
}

function stopOptions(x: Exchange): Params<'container.stop'> {
  return defined({ Container: x.name, Signal: x.text('signal'), Timeout: x.integer('t') });
}

/** The headers go out at once: `docker run` starts the container only when it sees that its wait stands. */
async function wait(x: Exchange): Promise<void> {
  const { Id } = await x.call('container.inspect', { Container: x.name });
  const Condition = x.text('condition');
  const known = [undefined, 'not-running', 'next-exit', 'removed'];
  if (!known.includes(Condition)) throw new HttpError(400, `invalid condition: "${Condition}"`);
  const waiting = x.call('container.wait', defined({ Container: Id, Condition }));
  const response = x.open(200, 'application/json');
  try {
    // `Error` is for waits that failed; why a container could not be started is told by the start.
    const { StatusCode } = await waiting;
    response.end(`${JSON.stringify({ StatusCode })}\n`);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    response.end(`${JSON.stringify({ StatusCode: 125, Error: { Message: error.message } })}\n`);
  }
}

/** Docker's times in queries: Unix seconds, durations ago, RFC 3339. Checked here so that a wrong one is told as such. */
export function timeOf(x: Exchange, name: string): string | undefined {
  const text = x.text(name);
  if (text === undefined || text === '0') return undefined;
  parseTime(text);
  return text;
}
