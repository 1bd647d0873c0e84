// One Dockerfile built by Slipway, by Buildah and by Docker's classic builder, each result flattened to lines that can be compared.
import { execFile, spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { extract, type Header } from 'tar-stream';
import { ask } from './docker_http.ts';
import type { Dockerd } from './dockerd.ts';
import { freeMemory, keepInMemory } from './memory.ts';
import type { TestEngine } from './slipway.ts';

const run = promisify(execFile);

/** Config fields as `config Name`, the history as `history` and files as `/path`, each with its value as text. */
export type BuiltImage = Map<string, string>;

export interface BuildOptions {
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string;
}

/** Another builder. */
export interface Judge {
  build(context: string, options: BuildOptions): Promise<BuiltImage>;
}

export function whyNoBuildah(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root runs buildah here';
  if (spawnSync('buildah', ['--version']).error !== undefined) return 'no buildah (package buildah)';
  return undefined;
}

/** `--build-arg` and `--target` as every builder's command has them. */
function flags({ args, target }: BuildOptions): string[] {
  const given = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  return target === undefined ? given : [...given, '--target', target];
}

/** Buildah apart from the machine's own: with storage that goes with it. */
export class Buildah implements Judge, Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'slipway-buildah-'));

  private constructor() {
    keepInMemory(this.#directory);
  }

  static async start(archive: string): Promise<Buildah> {
    const buildah = new Buildah();
    await buildah.must(['pull', '-q', `docker-archive:${archive}`]);
    return buildah;
  }

  async build(context: string, options: BuildOptions): Promise<BuiltImage> {
    const tar = join(this.#directory, 'tree.tar');
    const fixed = [
      '--pull-never',
      '--isolation',
      'chroot',
      '--layers=false',
      '--network',
      'host',
      '--format',
      'docker',
    ];
    await this.must(['bud', '-q', ...fixed, '-t', 'made', '-o', `type=tar,dest=${tar}`, ...flags(options), context]);
    const text = await this.must(['inspect', '--type', 'image', '--format', '{{.Config}}', 'made']);
    const { config } = JSON.parse(text) as { config: Record<string, unknown> };
    const image: BuiltImage = new Map();
    await addTree(image, createReadStream(tar));
    addConfig(image, config);
    return image;
  }

  async must(args: readonly string[]): Promise<string> {
    const globals = ['--root', join(this.#directory, 'root'), '--runroot', join(this.#directory, 'run')];
    const { stdout } = await run('buildah', [...globals, '--storage-driver', 'overlay', ...args]);
    return stdout;
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['--lazy', join(this.#directory, 'root/overlay')]);
    freeMemory(this.#directory);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

interface ImageDocument {
  readonly history?: readonly { created_by?: string; empty_layer?: boolean }[];
}

/** What Debian sid's Docker needs besides dockerd: .ci/fetch-peers brings it. */
const peers = join(import.meta.dirname, '../../node_modules/.cache/peers');
export const buildKitPrograms = join(peers, 'docker');
const buildx = join(peers, 'buildx/docker-buildx');

export function whyNoBuildKit(): string | undefined {
  const missing = [join(buildKitPrograms, 'dockerd'), buildx].find((program) => !existsSync(program));
  return missing === undefined ? undefined : 'no dockerd 28 and docker-buildx: .ci/fetch-peers fetches them';
}

/** The builders of dockerd: its own from before BuildKit, and BuildKit. */
export class DockerBuilder implements Judge {
  readonly #dockerd: Dockerd;
  readonly #command: readonly string[];

  private constructor(dockerd: Dockerd, command: readonly string[]) {
    this.#dockerd = dockerd;
    this.#command = command;
  }

  static classic(dockerd: Dockerd): DockerBuilder {
    return new DockerBuilder(dockerd, ['docker', 'build', '-q']);
  }

  /** @param dockerd of `buildKitPrograms` */
  static buildKit(dockerd: Dockerd): DockerBuilder {
    return new DockerBuilder(dockerd, [buildx, 'build', '-q', '--provenance=false', '--load']);
  }

  async build(context: string, options: BuildOptions): Promise<BuiltImage> {
    const env = { ...process.env, DOCKER_BUILDKIT: '0', DOCKER_HOST: this.#dockerd.host };
    const [program = '', ...command] = this.#command;
    await run(program, [...command, '--network', 'none', '-t', 'made', ...flags(options), context], { env });
    const image: BuiltImage = new Map();
    const { RootFS, Config } = JSON.parse(String(await this.#get('json'))) as {
      RootFS: { Layers?: string[] };
      Config: Record<string, unknown>;
    }; // the API's own form
    addConfig(image, Config);
    // Docker saves no image without a layer.
    if ((RootFS.Layers ?? []).length === 0) {
      const steps = JSON.parse(String(await this.#get('history'))) as { CreatedBy: string }[]; // the API's, too
      addHistory(image, {
        history: steps.reverse().map(({ CreatedBy }) => ({ created_by: CreatedBy, empty_layer: true })),
      });
      return image;
    }
    const files = await archivedFiles(Readable.from([await this.#get('get')]));
    const json = <T>(name: string): T => JSON.parse(String(files.get(name))) as T; // Docker's own archive format
    const [manifest] = json<[{ Config: string; Layers: string[] }]>('manifest.json');
    const document = json<ImageDocument>(manifest.Config);
    for (const layer of manifest.Layers) await addTree(image, Readable.from([files.get(layer) ?? Buffer.alloc(0)]));
    addHistory(image, document);
    return image;
  }

  /** What dockerd's API knows of the image: its client would have to be started for each. */
  async #get(what: 'json' | 'history' | 'get'): Promise<Buffer> {
    const { status, body } = await ask(this.#dockerd.socket, { method: 'GET', path: `/images/made/${what}` });
    const bytes = await body;
    if (status !== 200) throw new Error(`dockerd answered ${status} to ${what}: ${bytes}`);
    return bytes;
  }
}

export async function slipwayBuild(
  engine: TestEngine,
  context: string,
  { args, target }: BuildOptions,
): Promise<BuiltImage> {
  const folder = join(engine.directory, 'built');
  mkdirSync(folder, { recursive: true });
  const dest = join(folder, 'tree.tar');
  const { socket, outcome } = await engine.client.stream('build.run', {
    Context: context,
    BuildArgs: { ...args },
    Network: 'none',
    Tags: ['made'],
    Outputs: [{ Type: 'image' }, { Type: 'tar', Attributes: { dest } }],
    ...(target === undefined ? {} : { Target: target }),
  });
  socket.end();
  socket.resume();
  await outcome;
  const image: BuiltImage = new Map();
  await addTree(image, createReadStream(dest));
  const { Config, Id } = await engine.client.call('image.inspect', { Image: 'made' });
  addConfig(image, { ...Config });
  const text = readFileSync(join(engine.dataRoot, 'blobs/sha256', Id.replace('sha256:', '')), 'utf8');
  addHistory(image, JSON.parse(text) as ImageDocument); // written by the engine
  return image;
}

const configFields = ['Env', 'Cmd', 'Entrypoint', 'User', 'Labels', 'ExposedPorts', 'Volumes'].concat([
  'WorkingDir',
  'StopSignal',
  'OnBuild',
  'Shell',
  'Healthcheck',
]);

/** What is empty is as good as not there, and so is the working directory `/`; of maps the order means nothing. */
function addConfig(image: BuiltImage, config: Readonly<Record<string, unknown>>): void {
  for (const field of configFields) {
    const text = JSON.stringify(config[field], (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      const entries = Object.entries(value).filter(([name]) => name !== 'io.buildah.version');
      return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
    });
    if (text !== undefined && !['null', '{}', '[]', '""', '"/"'].includes(text)) image.set(`config ${field}`, text);
  }
}

/** What the classic builder writes of an instruction in words of its own, is left out: digests of files, Go's view of a struct. */
function addHistory(image: BuiltImage, { history = [] }: ImageDocument): void {
  const lines = history.map(({ created_by = '', empty_layer = false }) => {
    const text = created_by
      .replace(/^.* #\(nop\)\s*/, '')
      .replace(/ # buildkit$/, '')
      .replace(/\s+/g, ' ')
      .trim();
    const [keyword = ''] = text.split(' ');
    const isCommand = !/^[A-Z]+$/.test(keyword);
    if (isCommand) return `RUN ${text}`;
    const own = [
      'COPY',
      'ADD',
      'HEALTHCHECK',
      'VOLUME',
      'SHELL',
      'LABEL',
      'EXPOSE',
      'CMD',
      'ENTRYPOINT',
      'ARG',
    ].includes(keyword);
    return `${own ? keyword : text}${empty_layer && keyword !== 'WORKDIR' ? ' (no layer)' : ''}`;
  });
  image.set('history', lines.join('; '));
}

/** Where builders mount their own things for RUN; the base image's programs are the same in all of them. */
const left = /^\/(etc\/(hosts|hostname|resolv\.conf)|run|proc|sys|dev|bin(\/.*)?|)$/;

async function archivedFiles(archive: Readable): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { header, bytes } of entriesOf(archive)) files.set(header.name, bytes);
  return files;
}

async function* entriesOf(archive: Readable): AsyncGenerator<{ header: Header; bytes: Buffer }> {
  const reader = extract();
  const reading = pipeline(archive, reader);
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    yield { header: entry.header, bytes: Buffer.concat(chunks) };
  }
  await reading;
}

/** A layer, or a whole tree, over what is there. */
async function addTree(image: BuiltImage, archive: Readable): Promise<void> {
  for await (const { header, bytes } of entriesOf(archive)) {
    const { name, type, mode = 0, uid, gid, linkname, pax } = header;
    const path = `/${name.replace(/^\.?\//, '').replace(/\/$/, '')}`;
    const [, directory = '', removed] = /^(.*\/)\.wh\.(.+)$/.exec(path) ?? [];
    if (removed !== undefined) {
      const gone = removed === '.wh..opq' ? directory : `${directory}${removed}`;
      for (const key of [...image.keys()])
        if (key === gone || key.startsWith(gone.endsWith('/') ? gone : `${gone}/`)) release(image, key);
      continue;
    }
    if (left.test(path)) continue;
    // A link's mode means nothing to the kernel.
    const permissions = type === 'symlink' ? '' : `${(mode & 0o7777).toString(8)} `;
    const content = type === 'file' ? JSON.stringify(bytes.toString('latin1')) : linkOf(type, linkname);
    const attributes = Object.entries(pax ?? {}).flatMap(([key, value]) =>
      key.startsWith('SCHILY.xattr.') ? [`${key.slice(13)}=${JSON.stringify(value)}`] : [],
    );
    // Something else in a directory's place takes all that was in it.
    if (type !== 'directory') for (const key of [...image.keys()]) if (key.startsWith(`${path}/`)) release(image, key);
    release(image, path);
    image.set(path, [`${type} ${permissions}${uid}:${gid} ${content}`.trim(), ...attributes.sort()].join(' '));
  }
}

/** Takes a name away; what other names of the file were links to it, the next of them is the file now. */
function release(image: BuiltImage, path: string): void {
  const value = image.get(path);
  image.delete(path);
  if (value?.startsWith('file ') !== true) return;
  let first: string | undefined;
  for (const [key, text] of [...image].sort()) {
    if (!text.startsWith('link ') || !text.endsWith(` ${path}`)) continue;
    image.set(key, first === undefined ? value : text.replace(` ${path}`, ` ${first}`));
    first ??= key;
  }
}

function linkOf(type: string | null | undefined, name: string | null | undefined): string {
  return type === 'link' ? `/${(name ?? '').replace(/^\.?\//, '')}` : (name ?? '');
}
