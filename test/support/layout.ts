// OCI image layouts made with the system's tar and no code of the engine's, as ground truth for images.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from './registry.ts';

export interface LayerContent {
  /** Path to content; a name ending in `/` is a directory. */
  readonly files: Readonly<Record<string, string>>;
  readonly compression?: 'gzip' | 'zstd' | 'none';
}

export interface TestImage {
  readonly configDigest: string;
  readonly manifestDigest: string;
  readonly manifestSize: number;
  readonly layerDigests: readonly string[];
}

interface StoredBlob {
  readonly digest: string;
  readonly size: number;
}

export class TestLayout implements AsyncDisposable {
  readonly directory: string;
  readonly #manifests: object[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<TestLayout> {
    const directory = await mkdtemp(join(tmpdir(), 'slipway-layout-'));
    await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
    await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    return new TestLayout(directory);
  }

  async put(data: Buffer | string): Promise<StoredBlob> {
    const bytes = Buffer.from(data);
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(this.directory, 'blobs', 'sha256', hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  }

  async #layer({ files, compression = 'gzip' }: LayerContent) {
    const root = await mkdtemp(join(tmpdir(), 'slipway-layer-'));
    try {
      for (const [name, content] of Object.entries(files)) {
        const path = join(root, 'tree', name);
        if (name.endsWith('/')) await mkdir(path, { recursive: true });
        else {
          await mkdir(join(path, '..'), { recursive: true });
          await writeFile(path, content, { mode: name.startsWith('bin/') ? 0o755 : 0o644 });
        }
      }
      const tar = join(root, 'layer.tar');
      await must('tar', [
        '-C',
        join(root, 'tree'),
        '--owner=0',
        '--group=0',
        '--numeric-owner',
        '--sort=name',
        '-cf',
        tar,
        ...Object.keys(files)
          .map((name) => name.split('/')[0] ?? name)
          .filter((name, i, all) => all.indexOf(name) === i),
      ]);
      const diffId = `sha256:${createHash('sha256')
        .update(await readFile(tar))
        .digest('hex')}`;
      if (compression === 'gzip') await must('gzip', ['-n', tar]);
      if (compression === 'zstd') {
        await must('zstd', ['-q', tar]);
      }
      const suffix = { gzip: '.gz', zstd: '.zst', none: '' }[compression];
      return {
        ...(await this.put(await readFile(`${tar}${suffix}`))),
        diffId,
        type: { gzip: '+gzip', zstd: '+zstd', none: '' }[compression],
      };
    } finally {
      await rm(root, { recursive: true });
    }
  }

  /** Adds an image under `name` (the layout's own tag). */
  async add(
    name: string,
    layers: readonly LayerContent[],
    config: object = {},
    platform = { os: 'linux', architecture: 'amd64' },
  ): Promise<TestImage> {
    const stored = [];
    for (const layer of layers) stored.push(await this.#layer(layer));
    const configBlob = await this.put(
      JSON.stringify({
        ...platform,
        created: '2024-01-02T03:04:05Z',
        config,
        rootfs: { type: 'layers', diff_ids: stored.map(({ diffId }) => diffId) },
        history: stored.map((_, i) => ({ created_by: `layer ${i}` })),
      }),
    );
    const manifest = await this.put(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...configBlob },
        layers: stored.map(({ digest, size, type }) => ({
          mediaType: `application/vnd.oci.image.layer.v1.tar${type}`,
          digest,
          size,
        })),
      }),
    );
    this.#manifests.push({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      ...manifest,
      platform,
      annotations: { 'org.opencontainers.image.ref.name': name },
    });
    await this.#writeIndex();
    return {
      configDigest: configBlob.digest,
      manifestDigest: manifest.digest,
      manifestSize: manifest.size,
      layerDigests: stored.map(({ digest }) => digest),
    };
  }

  async #writeIndex(): Promise<void> {
    const temporary = join(this.directory, 'index.json.tmp');
    await writeFile(temporary, JSON.stringify({ schemaVersion: 2, manifests: this.#manifests }));
    await rename(temporary, join(this.directory, 'index.json'));
  }

  /** skopeo copies one image, or with `all` the whole index, to a registry without TLS. */
  async push(name: string, target: string): Promise<void> {
    await must('skopeo', ['copy', '--dest-tls-verify=false', `oci:${this.directory}:${name}`, `docker://${target}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
