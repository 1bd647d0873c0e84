// Listing containers with Docker's filters.
import { parseTime } from '../engine/event_filter.ts';
import { canonical, parseReference } from '../image/reference.ts';
import { treeSize } from '../native/filesystem.ts';
import type { ContainerSummary } from '../protocol/container_views.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Filters } from '../protocol/method.ts';
import type { Params } from '../protocol/methods.ts';
import type { Container } from './container.ts';
import { rowsOf } from './rows.ts';
import { type ContainerServices, directories } from './services.ts';
import { portsOf, summarize } from './summary.ts';

type Test = (container: Container) => boolean;
type Maker = (services: ContainerServices, values: readonly string[]) => Test;

function any(values: readonly string[], test: (value: string, container: Container) => boolean): Test {
  return (container) => values.some((value) => test(value, container));
}

function labelTest(values: readonly string[]): Test {
  const pairs = values.map((text) => {
    const equals = text.indexOf('=');
    return equals < 0 ? { name: text } : { name: text.slice(0, equals), value: text.slice(equals + 1) };
  });
  return ({ record }) =>
    pairs.every(({ name, value }) => {
      const have = record.config.Labels?.[name];
      return have !== undefined && (value === undefined || have === value);
    });
}

function toPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new EngineError('InvalidArgument', `invalid filter: "${text}" is not a regular expression`);
  }
}

/** `80`, `80/tcp`, `8000-8080/udp`. */
function portTest(values: readonly string[], has: (container: Container, key: string) => boolean): Test {
  const keys = values.flatMap((text) => {
    const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(text);
    if (match === null) throw new EngineError('InvalidArgument', `invalid port specification: "${text}"`);
    const [, first = '0', last = first, protocol = 'tcp'] = match;
    if (Number(last) < Number(first))
      throw new EngineError('InvalidArgument', `Invalid range specified for the Port: "${text}"`);
    const count = Math.min(Number(last) - Number(first), 65_535) + 1;
    return Array.from({ length: count }, (_, index) => `${Number(first) + index}/${protocol}`);
  });
  return (container) => keys.some((key) => has(container, key));
}

const healths = new Set(['none', 'starting', 'healthy', 'unhealthy']);
const flags = new Set(['true', 'false', '1', '0']);
const states = new Set(['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']);

/** Undefined for an image's id. */
function canonicalName(text: string): string | undefined {
  try {
    return canonical(parseReference(text));
  } catch {
    return undefined;
  }
}

function created({ record }: Container): number {
  return Date.parse(record.created) * 1e6;
}

const makers: Readonly<Record<string, Maker>> = {
  id: (_, values) => any(values, (value, { id }) => id.startsWith(value)),
  name: (_, values) => {
    const patterns = values.map(toPattern);
    return ({ record }) => patterns.some((pattern) => pattern.test(record.name) || pattern.test(`/${record.name}`));
  },
  label: (_, values) => labelTest(values),
  status: (_, values) => {
    const wrong = values.find((value) => !states.has(value));
    if (wrong !== undefined) throw new EngineError('InvalidArgument', `invalid filter 'status=${wrong}'`);
    return any(values, (value, { state }) => state.status === value);
  },
  exited: (_, values) => {
    const wrong = values.find((value) => !/^-?\d+$/.test(value));
    if (wrong !== undefined) throw new EngineError('InvalidArgument', `invalid filter 'exited=${wrong}'`);
    return any(values, (value, { state }) => state.status === 'exited' && String(state.exitCode) === value);
  },
  health: (_, values) => {
    const wrong = values.find((value) => !healths.has(value));
    if (wrong !== undefined) throw new EngineError('InvalidArgument', `unrecognized filter value for health: ${wrong}`);
    return any(values, (value, { state }) => (state.health?.status ?? 'none') === value);
  },
  ancestor: (_, values) => {
    const wanted = values.map((value) => ({ name: canonicalName(value), id: value.replace(/^sha256:/, '') }));
    return ({ record }) => {
      const image = canonicalName(record.config.Image ?? '');
      const imageId = record.imageId.replace(/^sha256:/, '');
      return wanted.some(({ name, id }) => (name !== undefined && name === image) || imageId.startsWith(id));
    };
  },
  before: ({ store }, values) =>
    any(
      values.map((ref) => store.find(ref).id),
      (id, container) => created(container) < created(store.find(id)),
    ),
  since: ({ store }, values) =>
    any(
      values.map((ref) => store.find(ref).id),
      (id, container) => created(container) > created(store.find(id)),
    ),
  volume: (_, values) =>
    any(values, (value, { record }) =>
      record.mounts.some(
        ({ name, destination, source }) => name === value || destination === value || source === value,
      ),
    ),
  network: (_, values) =>
    any(
      values,
      (value, { record }) =>
        Object.entries(record.attachment?.endpoints ?? record.endpoints).some(
          ([name, { NetworkID }]) =>
            name === value || (NetworkID !== undefined && value !== '' && NetworkID.startsWith(value)),
        ) || record.hostConfig.NetworkMode === value,
    ),
  // By the machine's ports.
  publish: (_, values) =>
    portTest(values, ({ record }, wanted) =>
      Object.entries(portsOf(record)).some(([key, bindings]) =>
        bindings?.some(({ HostPort }) => `${HostPort}/${key.split('/')[1]}` === wanted),
      ),
    ),
  // As published ones, those of a container that runs.
  expose: (_, values) => portTest(values, ({ record }, key) => Object.hasOwn(portsOf(record), key)),
  'is-task': (_, values) => {
    if (!values.every((value) => flags.has(value)))
      throw new EngineError('InvalidArgument', `invalid filter 'is-task=[${values.join(' ')}]'`);
    return any(values, (value) => value === 'false' || value === '0');
  },
  isolation: () => () => true,
};

function compile(services: ContainerServices, filters: Filters = {}): Test {
  const tests = Object.entries(filters).map(([name, values]) => {
    const make = makers[name];
    if (make === undefined) throw new EngineError('InvalidArgument', `invalid filter '${name}'`);
    return values.length === 0 ? () => true : make(services, values);
  });
  return (container) => tests.every((test) => test(container));
}

/** prune's filters: label, label!, until. */
export function pruneFilter(filters: Filters = {}): Test {
  const tests = Object.entries(filters).map(([name, values]): Test => {
    if (name === 'label') return labelTest(values);
    if (name === 'label!') return (container) => values.every((value) => !labelTest([value])(container));
    if (name === 'until' && values.length > 1)
      throw new EngineError('InvalidArgument', 'more than one until filter specified');
    if (name === 'until') {
      const times = values.map((value) => parseTime(value));
      return (container) => times.every((time) => created(container) < time);
    }
    throw new EngineError('InvalidArgument', `invalid filter '${name}'`);
  });
  return (container) => tests.every((test) => test(container));
}

/** `SizeRw`: what its writable layer takes; `SizeRootFs`: all of it. */
export async function sizesOf(
  services: ContainerServices,
  container: Container,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const { bytes } = await treeSize(directories(services, container).upper);
  return { SizeRw: bytes, SizeRootFs: bytes + container.record.imageSize };
}

export async function listContainers(
  services: ContainerServices,
  params: Params<'container.list'>,
): Promise<ContainerSummary[]> {
  const wanted = compile(services, params.Filters);
  const { All, Limit = 0, Filters = {} } = params;
  // Whoever filters by state or asks for the last few wants to see stopped ones too.
  const all = All === true || Limit > 0 || Object.hasOwn(Filters, 'status') || Object.hasOwn(Filters, 'exited');
  let found = services.store
    .all()
    .filter(
      (container) => (all || container.isRunning || container.state.status === 'restarting') && wanted(container),
    );
  if (Limit > 0) found = found.slice(0, Limit);
  if (params.Size !== true) return rowsOf(found);
  return await Promise.all(
    found.map(async (container) => ({ ...summarize(container), ...(await sizesOf(services, container)) })),
  );
}
