// The image config (OCI image specification, config.md) with Docker's extensions. It is data from strangers: every field is
// checked for its type here, kept as text, and never interpreted as anything about the host.
import { type Digest, isDigest } from '../store/digest.ts';
import { asObject, InvalidManifest, maxConfigBytes } from './manifest.ts';
import type { Platform } from './platform.ts';

/** Docker's Healthcheck; durations in nanoseconds. */
export interface HealthConfig {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** What a container takes over from its image; field names are OCI's. */
export interface ContainerDefaults {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly StopTimeout?: number;
  readonly Healthcheck?: HealthConfig;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
  readonly ArgsEscaped?: boolean;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface ImageConfig extends Platform {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config: ContainerDefaults;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history: readonly HistoryEntry[];
  /** Further fields, written as they are and not read back. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

type JsonObject = Readonly<Record<string, unknown>>;

function text(source: JsonObject, field: string): string | undefined {
  const value = source[field];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new InvalidManifest(`image config: ${field} is not a string`);
  if (value.includes('\0')) throw new InvalidManifest(`image config: ${field} has a NUL character`);
  return value;
}

function texts(source: JsonObject, field: string): string[] | undefined {
  const value = source[field];
  if (value === undefined || value === null) return undefined;
  // Old Docker versions wrote a single string for Cmd and Entrypoint.
  const list = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list) || !list.every((item): item is string => typeof item === 'string'))
    throw new InvalidManifest(`image config: ${field} is not a list of strings`);
  if (list.some((item) => item.includes('\0'))) throw new InvalidManifest(`image config: ${field} has a NUL character`);
  return list;
}

function number(source: JsonObject, field: string): number | undefined {
  const value = source[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new InvalidManifest(`image config: ${field} is not a number`);
  return value;
}

/** A set written as an object with empty values: ExposedPorts, Volumes. */
function set(source: JsonObject, field: string): Record<string, object> | undefined {
  const value = source[field];
  if (value === undefined || value === null) return undefined;
  const keys = Object.keys(asObject(value, `image config: ${field}`));
  if (keys.some((key) => key.includes('\0'))) throw new InvalidManifest(`image config: ${field} has a NUL character`);
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

function textMap(source: JsonObject, field: string): Record<string, string> | undefined {
  const value = source[field];
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(asObject(value, `image config: ${field}`));
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
    throw new InvalidManifest(`image config: ${field} has a value that is not a string`);
  return Object.fromEntries(entries);
}

function withoutUndefined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

function readHealth(value: unknown): HealthConfig | undefined {
  if (value === undefined || value === null) return undefined;
  const source = asObject(value, 'image config: Healthcheck');
  return withoutUndefined<HealthConfig>({
    Test: texts(source, 'Test'),
    Interval: number(source, 'Interval'),
    Timeout: number(source, 'Timeout'),
    StartPeriod: number(source, 'StartPeriod'),
    StartInterval: number(source, 'StartInterval'),
    Retries: number(source, 'Retries'),
  });
}

/** Reads the `config` part alone; also used for `import --change` and `commit`. */
export function readContainerDefaults(value: unknown): ContainerDefaults {
  if (value === undefined || value === null) return {};
  const source = asObject(value, 'image config: config');
  return withoutUndefined<ContainerDefaults>({
    User: text(source, 'User'),
    ExposedPorts: set(source, 'ExposedPorts'),
    Env: texts(source, 'Env'),
    Entrypoint: texts(source, 'Entrypoint'),
    Cmd: texts(source, 'Cmd'),
    Volumes: set(source, 'Volumes'),
    WorkingDir: text(source, 'WorkingDir'),
    Labels: textMap(source, 'Labels'),
    StopSignal: text(source, 'StopSignal'),
    StopTimeout: number(source, 'StopTimeout'),
    Healthcheck: readHealth(source.Healthcheck),
    Shell: texts(source, 'Shell'),
    OnBuild: texts(source, 'OnBuild'),
    ArgsEscaped: source.ArgsEscaped === true ? true : undefined,
  });
}

function readHistory(value: unknown): HistoryEntry[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new InvalidManifest('image config: history is not a list');
  return value.map((entry) => {
    const source = asObject(entry, 'image config: history entry');
    return withoutUndefined<HistoryEntry>({
      created: text(source, 'created'),
      created_by: text(source, 'created_by'),
      author: text(source, 'author'),
      comment: text(source, 'comment'),
      empty_layer: source.empty_layer === true ? true : undefined,
    });
  });
}

function readDiffIds(value: unknown): Digest[] {
  const rootfs = asObject(value, 'image config: rootfs');
  const diffIds = rootfs.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest))
    throw new InvalidManifest('image config: rootfs.diff_ids is not a list of sha256 digests');
  return diffIds;
}

/** Parses and checks an image config. Throws `InvalidManifest`. */
export function parseImageConfig(data: Uint8Array): ImageConfig {
  if (data.length > maxConfigBytes)
    throw new InvalidManifest(`the image config is larger than ${maxConfigBytes >> 20} MiB`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    throw new InvalidManifest('the image config is not JSON');
  }
  const source = asObject(parsed, 'the image config');
  return withoutUndefined<ImageConfig>({
    created: text(source, 'created'),
    author: text(source, 'author'),
    os: text(source, 'os') ?? 'linux',
    architecture: text(source, 'architecture') ?? 'amd64',
    variant: text(source, 'variant'),
    'os.version': text(source, 'os.version'),
    config: readContainerDefaults(source.config),
    rootfs: { type: 'layers', diff_ids: readDiffIds(source.rootfs) },
    history: readHistory(source.history),
  });
}

/** The bytes of a new config (import, commit, build). Its digest is the image's id. */
export function encodeImageConfig(config: ImageConfig): Buffer {
  const { architecture, os, variant, created, author, config: defaults, rootfs, history, extra } = config;
  return Buffer.from(
    JSON.stringify({
      created,
      author,
      architecture,
      ...(variant === undefined ? {} : { variant }),
      os,
      config: defaults,
      rootfs,
      history,
      ...extra,
    }),
  );
}
