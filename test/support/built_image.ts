// One Dockerfile built by Slipway and by Buildah, each result flattened to lines that can be compared.
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { TestEngine } from './slipway.ts';

/** Config fields as `config Name` and files as `/path`, each with its value as text. */
export type BuiltImage = Map<string, string>;

export function whyNoBuildah(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root runs buildah here';
  if (spawnSync('buildah', ['--version']).error !== undefined) return 'no buildah (package buildah)';
  return undefined;
}

/** Buildah apart from the machine's own: with storage that goes with it. */
export class Buildah implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'slipway-buildah-'));

  constructor(archive: string) {
    this.#must(['pull', '-q', `docker-archive:${archive}`]);
  }

  async build(context: string, args: readonly string[]): Promise<BuiltImage> {
    const tar = join(this.#directory, 'tree.tar');
    const options = [
      '--pull-never',
      '--isolation',
      'chroot',
      '--layers=false',
      '--network',
      'host',
      '--format',
      'docker',
    ];
    this.#must(['bud', '-q', ...options, '-t', 'made', '-o', `type=tar,dest=${tar}`, ...args, context]);
    const text = this.#must(['inspect', '--type', 'image', '--format', '{{.Config}}', 'made']);
    const { config } = JSON.parse(text) as { config: Record<string, unknown> };
    const image = await readTree(tar);
    addConfig(image, config);
    return image;
  }

  #must(args: readonly string[]): string {
    const globals = ['--root', join(this.#directory, 'root'), '--runroot', join(this.#directory, 'run')];
    const { status, stdout, stderr } = spawnSync('buildah', [...globals, '--storage-driver', 'overlay', ...args], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`buildah ${args[0]}: ${stderr}`);
    return stdout;
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['--lazy', join(this.#directory, 'root/overlay')]);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export async function slipwayBuild(
  engine: TestEngine,
  context: string,
  buildArgs: Readonly<Record<string, string>>,
): Promise<BuiltImage> {
  const folder = join(engine.directory, 'built');
  mkdirSync(folder, { recursive: true });
  const dest = join(folder, 'tree.tar');
  const { socket, outcome } = await engine.client.stream('build.run', {
    Context: context,
    BuildArgs: { ...buildArgs },
    Network: 'none',
    Tags: ['made'],
    Outputs: [{ Type: 'image' }, { Type: 'tar', Attributes: { dest } }],
  });
  socket.end();
  socket.resume();
  await outcome;
  const image = await readTree(dest);
  addConfig(image, { ...(await engine.client.call('image.inspect', { Image: 'made' })).Config });
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

/** Where builders mount their own things for RUN; the base image's programs are the same in both. */
const left = /^\/(etc\/(hosts|hostname|resolv\.conf)|run|proc|sys|dev|bin(\/.*)?|)$/;

async function readTree(file: string): Promise<BuiltImage> {
  const image: BuiltImage = new Map();
  const reader = extract();
  const reading = pipeline(createReadStream(file), reader);
  for await (const entry of reader) {
    const { name, type, mode = 0, uid, gid, linkname } = entry.header;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const path = `/${name.replace(/^\.?\//, '').replace(/\/$/, '')}`;
    if (left.test(path)) continue;
    // A link's mode means nothing to the kernel.
    const permissions = type === 'symlink' ? '' : `${(mode & 0o7777).toString(8)} `;
    const content = type === 'file' ? JSON.stringify(Buffer.concat(chunks).toString('latin1')) : (linkname ?? '');
    image.set(path, `${type} ${permissions}${uid}:${gid} ${content}`.trim());
  }
  await reading;
  return image;
}
