// One of the two engines that are asked the same: the containers that are there from the start, sequences, and cleaning up.
import { readFileSync } from 'node:fs';
import { busyboxReference } from '../../support/busybox_image.ts';
import { type Answer, ask } from '../../support/docker_http.ts';
import { type Seen, see } from './compare.ts';
import { create, run, type Sequence, type Step, start } from './sequence.ts';

export interface Told {
  readonly method: string;
  /** Without version and query, ids filled in. */
  readonly path: string;
  readonly seen: Seen;
}

const output = 'echo out; echo err >&2';
const standing: readonly Step[] = [
  ...start('held', { Labels: { side: 'left' }, Cmd: ['sh', '-c', `${output}; exec sleep 600`] }),
  ...run('ended', `${output}; exit 3`),
  create('fresh'),
  ...start('terminal', { Tty: true, OpenStdin: true, Cmd: ['sh', '-c', 'echo typed; exec sleep 600'] }),
];

interface Listed {
  readonly Id: string;
  readonly Name: string;
}

export class Side {
  readonly #socket: string;
  readonly #version: string;
  readonly #kept = new Set<string>();

  private constructor(socket: string, version: string) {
    this.#socket = socket;
    this.#version = version;
  }

  /** With an image of busybox, from the archive in `file`, and the standing containers. */
  static async prepare(socket: string, version: string, file: string): Promise<Side> {
    const side = new Side(socket, version);
    const told = await side.run(['prepare', ['POST /images/load', readFileSync(file)], ...standing], false);
    const refused = told.find(({ seen }) => Number(seen.words['status']) >= 400);
    if (refused !== undefined) throw new Error(`${refused.path}: ${refused.seen.words['message']}`);
    for (const [id] of await side.#things()) side.#kept.add(id);
    return side;
  }

  /** Makes the requests one after the other, and removes what they left. */
  async run([, ...steps]: Sequence, clean = true): Promise<Told[]> {
    const ids: Record<string, string> = {};
    const told: Promise<Told>[] = [];
    for (const step of steps) {
      const [request, body, options] = typeof step === 'string' ? [step] : step;
      const [method = '', open = ''] = request.replace(/^&/, '').split(' ');
      const path = open.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'none').replace('until=now', untilNow);
      const answer = await this.#ask(method, path, body, options);
      const reading = see(answer, `${method} ${path}`).then((seen) => ({
        method,
        path: path.replace(/\?.*/, ''),
        seen,
      }));
      told.push(reading);
      if (request.startsWith('&')) continue;
      const id = idOf((await reading).seen.lines[0]);
      if (id !== undefined) ids[path.endsWith('/exec') ? 'Exec' : 'Id'] = id;
    }
    const all = await Promise.all(told);
    const changed = all.some(({ method, seen }) => !/GET|HEAD/.test(method) && Number(seen.words['status']) < 400);
    if (clean && changed) await this.#clean();
    return all;
  }

  #ask(method: string, path: string, body?: unknown, options: object = {}): Promise<Answer> {
    return ask(this.#socket, { method, path: `/v${this.#version}${path}`, body, ...options });
  }

  async #clean(): Promise<void> {
    for (const [id, remove] of await this.#things())
      if (!this.#kept.has(id)) await (await this.#ask('DELETE', remove)).body;
  }

  /** Everything that is there, by what it is known, and the path that removes it. */
  async #things(): Promise<(readonly [string, string])[]> {
    const get = async <T>(path: string): Promise<T> =>
      JSON.parse((await (await this.#ask('GET', path)).body).toString());
    const containers = await get<Listed[]>('/containers/json?all=1');
    const networks = await get<Listed[]>('/networks');
    const { Volumes } = await get<{ Volumes: Listed[] | null }>('/volumes');
    const images = await get<{ Id: string; RepoTags: string[] | null }[]>('/images/json?all=1');
    const tags = images.flatMap(({ Id, RepoTags }) =>
      (RepoTags ?? []).map((tag) => (tag === '<none>:<none>' ? Id : tag)),
    );
    const untagged = images.filter(({ RepoTags }) => (RepoTags ?? []).length === 0).map(({ Id }) => Id);
    return [
      ...containers.map(({ Id }) => [Id, `/containers/${Id}?force=1&v=1`] as const),
      ...networks.map(({ Id, Name }) => [Name, `/networks/${Id}`] as const),
      ...(Volumes ?? []).map(({ Name }) => [Name, `/volumes/${Name}`] as const),
      ...[...tags, ...untagged].map((name) => [name, `/images/${name}?force=${name !== busyboxReference}`] as const),
    ];
  }
}

const untilNow = (): string => `until=${(Date.now() / 1000).toFixed(3)}`;

function idOf(line: unknown): string | undefined {
  const found = typeof line === 'object' && line !== null && 'Id' in line ? line.Id : undefined;
  return typeof found === 'string' ? found : undefined;
}
