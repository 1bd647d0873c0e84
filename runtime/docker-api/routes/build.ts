// /build: the classic builder's request and its lines, on the engine's builder.
import type { BuildProgress, BuildRequest } from '../../protocol/build.ts';
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import type { Exchange } from '../exchange.ts';
import { HttpError } from '../failure.ts';
import { MessageWriter } from '../messages.ts';
import { checked, defined, type Route, route } from './route.ts';

/** Builds that run, by the id that their client gave them. */
const running = new Map<string, AbortController>();

export const buildRoutes: readonly Route[] = [
  route('POST', '/build', async (x) => {
    const [version = '1', isolation = 'default'] = [x.text('version'), x.text('isolation')];
    if (version === '2') {
      throw new HttpError(400, 'BuildKit sessions are not offered: build with DOCKER_BUILDKIT=0 or with slipway build');
    }
    if (version !== '1') throw new HttpError(400, `invalid version "${version}"`);
    if (x.flag('squash')) throw new HttpError(400, 'squash is only supported with experimental mode');
    if (isolation !== 'default') throw new HttpError(400, `unsupported isolation: "${isolation}"`);
    const request = checked('build.run', buildRequest(x));
    const quiet = x.flag('q');
    const messages = new MessageWriter(x);
    const steps = new Steps();
    const id = x.text('buildid');
    const cancelled = new AbortController();
    if (id !== undefined) running.set(id, cancelled);
    const signal = AbortSignal.any([x.signal, cancelled.signal]);
    await messages.run(async () => {
      const serve = await x.stream('build.run', request, (progress) => {
        for (const stream of quiet ? [] : steps.lines(progress)) messages.write({ stream });
      });
      const { Images, References } = await serve(x.incoming(), signal)
        .catch((error: unknown) => {
          throw classic(error);
        })
        .finally(() => {
          if (id !== undefined && running.get(id) === cancelled) running.delete(id);
        });
      for (const { Id } of Images) {
        if (quiet) {
          messages.write({ stream: `${Id}\n` });
          continue;
        }
        messages.write({ aux: { ID: Id } });
        messages.write({ stream: `Successfully built ${Id.replace(/^sha256:/, '').slice(0, 12)}\n` });
      }
      for (const reference of quiet ? [] : References) {
        messages.write({ stream: `Successfully tagged ${reference}\n` });
      }
    });
  }),

  route('POST', '/build/prune', async (x) => {
    const { label, 'label!': not, ...Filters } = x.filters();
    // What builds keep has no labels: `docker system prune --filter label=…` means none of it.
    if (label !== undefined || not !== undefined) {
      x.json(200, { CachesDeleted: null, SpaceReclaimed: 0 });
      return;
    }
    const params = defined({
      All: x.flag('all'),
      ReservedSpace: x.integer('reserved-space') ?? x.integer('keep-storage'),
      MaxUsedSpace: x.integer('max-used-space'),
      MinFreeSpace: x.integer('min-free-space'),
      Filters,
    });
    const { CachesDeleted, SpaceReclaimed } = await x.call('build.cachePrune', params);
    x.json(200, { CachesDeleted: CachesDeleted.length > 0 ? CachesDeleted : null, SpaceReclaimed });
  }),

  route('POST', '/build/cancel', async (x) => {
    const id = x.text('id');
    if (id === undefined) throw new HttpError(400, 'build ID not provided');
    // One that has ended, or never was, has nothing left to cancel.
    running.get(id)?.abort();
    x.empty(200);
  }),
];

/** A command that failed, in the classic builder's words. */
function classic(error: unknown): unknown {
  if (!isEngineError(error, 'RuntimeFailed')) return error;
  const match = /process "(.*)" did not complete successfully: exit code: (\d+)/s.exec(error.message);
  if (match === null) return error;
  const [, command, code] = match;
  const { details } = error;
  const message = `The command '${command}' returned a non-zero code: ${code}`;
  return new EngineError('RuntimeFailed', message, details === undefined ? {} : { details });
}

function buildRequest(x: Exchange): BuildRequest {
  const remote = x.text('remote');
  const platform = x.text('platform');
  return checked(
    'build.run',
    defined({
      Context: remote ?? '-',
      Dockerfile: x.text('dockerfile'),
      Tags: x.query.getAll('t').filter(Boolean),
      Target: x.text('target'),
      BuildArgs: jsonOf(x, 'buildargs'),
      Labels: jsonOf(x, 'labels'),
      Platforms: platform === undefined ? undefined : [platform],
      NoCache: x.flag('nocache'),
      Pull: x.flag('pull'),
      Auths: registryConfig(x),
      Network: x.text('networkmode'),
      AddHosts: x.text('extrahosts')?.split(','),
      ShmSize: sharedMemory(x),
      Ulimits: jsonOf(x, 'ulimits'),
      CgroupParent: x.text('cgroupparent'),
      Memory: numberOf(x, 'memory'),
      MemorySwap: numberOf(x, 'memswap'),
      CpuShares: numberOf(x, 'cpushares'),
      CpuQuota: numberOf(x, 'cpuquota'),
      CpuPeriod: numberOf(x, 'cpuperiod'),
      CpusetCpus: x.text('cpusetcpus'),
      CpusetMems: x.text('cpusetmems'),
      CacheFrom: cacheFrom(x),
    }),
  );
}

/** The one size that dockerd reads strictly. */
function sharedMemory(x: Exchange): number | undefined {
  const text = x.text('shmsize');
  if (text === undefined || /^-?\d+$/.test(text)) return numberOf(x, 'shmsize');
  throw new HttpError(400, `strconv.ParseInt: parsing "${text}": invalid syntax`);
}

/** As dockerd: what is no number counts as absent. */
function numberOf(x: Exchange, name: string): number | undefined {
  const text = x.text(name);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function jsonOf(x: Exchange, name: string): unknown {
  const text = x.text(name);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value ?? undefined;
    // An argument without a value is taken from the environment of the builder: there is none here.
    return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
  } catch {
    throw new HttpError(400, `${name} is not JSON: ${text}`);
  }
}

function cacheFrom(x: Exchange): unknown {
  const images = jsonOf(x, 'cachefrom');
  if (!Array.isArray(images) || images.length === 0) return undefined;
  return images.map((image) => ({ Type: 'registry', Attributes: { ref: String(image) } }));
}

/** X-Registry-Config: base64 of a map from registry to AuthConfig. */
function registryConfig(x: Exchange): unknown {
  const header = x.request.headers['x-registry-config'];
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    throw new HttpError(400, 'X-Registry-Config is not base64 of JSON');
  }
}

/** Turns the builder's graph into the classic builder's lines: `Step 2/5 : RUN …`. */
class Steps {
  readonly #names = new Map<string, string>();

  lines(progress: BuildProgress): string[] {
    switch (progress.Kind) {
      case 'vertex':
        this.#names.set(progress.Id, progress.Name);
        return [];
      case 'started': {
        const number = [...this.#names.keys()].indexOf(progress.Id) + 1;
        return [`Step ${number}/${this.#names.size} : ${this.#names.get(progress.Id) ?? ''}\n`];
      }
      case 'completed':
        return progress.Cached ? [' ---> Using cache\n'] : [];
      case 'log':
        return [progress.Text];
      case 'problem':
        return progress.Problem.Severity === 'warning' ? [`[Warning] ${progress.Problem.Message}\n`] : [];
      case 'status':
        return [];
    }
  }
}
