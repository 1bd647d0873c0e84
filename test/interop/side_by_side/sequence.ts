// What the tables are made of: sequences of requests that begin in the same state on both sides and are cleaned up after.
import { busyboxReference } from '../../support/busybox_image.ts';

/**
 * `METHOD /path` with a body: JSON, text as it is, or an archive. `{Id}` in the path is the last answer's `Id`,
 * `{Exec}` that of the last created exec. With `&` before it the answer's body is awaited at the end only, so that further requests can be made meanwhile.
 */
export type Step = string | readonly [request: string, body?: unknown, options?: StepOptions];

interface StepOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Upgrades the connection, writes this, and closes its half. */
  readonly input?: string;
}

/** The name says what is asked; every name is used once. */
export type Sequence = readonly [name: string, ...steps: readonly Step[]];

/** dockerd looks for such a driver among plugins for 15 s, in which it neither makes nor holds anything: asked beside all the others. */
export const unhurried = 'create with an unknown log driver';

type Fields = Readonly<Record<string, unknown>>;

export interface Box extends Fields {
  readonly HostConfig?: Fields;
}

/** The body of a container that sleeps, has no network, and ends at once when it is told to. */
export function boxBody({ HostConfig, ...config }: Box = {}): Fields {
  const basis = { Image: busyboxReference, Cmd: ['sleep', '600'], StopSignal: 'SIGKILL' };
  return { ...basis, ...config, HostConfig: { NetworkMode: 'none', ...HostConfig } };
}

export function create(name: string, box?: Box): Step {
  return [`POST /containers/create?name=${name}`, boxBody(box)];
}

export function start(name: string, box?: Box): readonly Step[] {
  return [create(name, box), `POST /containers/${name}/start`];
}

/** Runs a shell script to its end. */
export function run(name: string, script: string, box?: Box): readonly Step[] {
  return [...start(name, { ...box, Cmd: ['sh', '-c', script] }), `POST /containers/${name}/wait`];
}

/** `?filters=` of a JSON object. */
export function filters(value: unknown): string {
  return `filters=${encodeURIComponent(JSON.stringify(value))}`;
}

/** One sequence per value, each a single request. */
export function each(
  name: (value: string) => string,
  values: readonly string[],
  step: (value: string) => Step,
): Sequence[] {
  return values.map((value) => [name(value), step(value)]);
}

/** Requests that need no preparation, named by themselves. */
export function plain(...requests: readonly string[]): Sequence[] {
  return requests.map((request) => [request, request]);
}
