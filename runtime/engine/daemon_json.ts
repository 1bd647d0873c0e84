// daemon.json: dockerd's configuration file, its keys named like the flags. A flag and a key may not say the same thing twice.
import { existsSync, readFileSync } from 'node:fs';
import { parseSize } from '../protocol/size.ts';
import type { AddressPool, EngineOptions } from './options.ts';

/** Settings of the doors, apart from the engine's own. */
export interface DoorSettings {
  /** `unix://`, `tcp://`, `fd://`. */
  readonly hosts: readonly string[];
  readonly tls:
    | { readonly verify: boolean; readonly ca: string; readonly cert: string; readonly key: string }
    | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]?: T[K] };

export interface FileSettings {
  options: Mutable<EngineOptions>;
  paths: { dataRoot?: string; execRoot?: string; pidFile?: string };
  hosts?: readonly string[];
  logLevel?: string;
  tls: { enabled?: boolean; verify?: boolean; ca?: string; cert?: string; key?: string };
}

type Reader = (value: unknown, key: string, into: FileSettings) => void;

function typed<T>(
  check: (value: unknown) => value is T,
  what: string,
  apply: (into: FileSettings, value: T) => void,
): Reader {
  return (value, key, into) => {
    if (!check(value)) throw new Error(`the configuration's "${key}" is not ${what}`);
    apply(into, value);
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isTextMap = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every(isText);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isPools = (value: unknown): value is AddressPool[] =>
  Array.isArray(value) && value.every((pool) => isObject(pool) && isText(pool['base']) && isNumber(pool['size']));
const isRuntimes = (value: unknown): value is Record<string, { path: string; runtimeArgs?: string[] }> =>
  isObject(value) && Object.values(value).every((runtime) => isObject(runtime) && isText(runtime['path']));
const isUlimits = (value: unknown): value is Record<string, { Name?: string; Soft: number; Hard: number }> =>
  isObject(value) &&
  Object.values(value).every((limit) => isObject(limit) && isNumber(limit['Soft']) && isNumber(limit['Hard']));

const text = (apply: (into: FileSettings, value: string) => void) => typed(isText, 'a text', apply);
const flag = (apply: (into: FileSettings, value: boolean) => void) => typed(isFlag, 'true or false', apply);
const number = (apply: (into: FileSettings, value: number) => void) => typed(isNumber, 'a number', apply);
const texts = (apply: (into: FileSettings, value: string[]) => void) => typed(isTexts, 'a list of texts', apply);

/** Every key that is understood. */
const readers: Readonly<Record<string, Reader>> = {
  'data-root': text((into, value) => {
    into.paths.dataRoot = value;
  }),
  'exec-root': text((into, value) => {
    into.paths.execRoot = value;
  }),
  pidfile: text((into, value) => {
    into.paths.pidFile = value;
  }),
  'log-level': text((into, value) => {
    into.logLevel = value;
  }),
  hosts: texts((into, value) => {
    into.hosts = value;
  }),
  tls: flag((into, value) => {
    into.tls.enabled = value;
  }),
  tlsverify: flag((into, value) => {
    into.tls.verify = value;
  }),
  tlscacert: text((into, value) => {
    into.tls.ca = value;
  }),
  tlscert: text((into, value) => {
    into.tls.cert = value;
  }),
  tlskey: text((into, value) => {
    into.tls.key = value;
  }),
  debug: flag((into, value) => {
    into.options.debug = value;
  }),
  group: text((into, value) => {
    into.options.group = value;
  }),
  'insecure-registries': texts((into, value) => {
    into.options.insecureRegistries = value;
  }),
  'registry-mirrors': texts((into, value) => {
    into.options.registryMirrors = value;
  }),
  bip: text((into, value) => {
    into.options.bip = value;
  }),
  'default-address-pools': typed(isPools, 'a list of {base, size}', (into, value) => {
    into.options.addressPools = value;
  }),
  dns: texts((into, value) => {
    into.options.dns = value;
  }),
  'dns-opts': texts((into, value) => {
    into.options.dnsOptions = value;
  }),
  'dns-search': texts((into, value) => {
    into.options.dnsSearch = value;
  }),
  icc: flag((into, value) => {
    into.options.interContainer = value;
  }),
  'ip-forward': flag((into, value) => {
    into.options.ipForward = value;
  }),
  iptables: flag((into, value) => {
    into.options.firewall = value;
  }),
  'userland-proxy': flag((into, value) => {
    into.options.userlandProxy = value;
  }),
  'cdi-spec-dirs': texts((into, value) => {
    into.options.cdiSpecDirs = value;
  }),
  mtu: number((into, value) => {
    into.options.mtu = value;
  }),
  init: flag((into, value) => {
    into.options.init = value;
  }),
  'cgroup-parent': text((into, value) => {
    into.options.cgroupParent = value;
  }),
  'exec-opts': texts((into, value) => applyExecOptions(into, value)),
  'default-runtime': text((into, value) => {
    into.options.defaultRuntime = value;
  }),
  runtimes: typed(isRuntimes, 'a map of {path}', (into, value) => {
    into.options.runtimes = value;
  }),
  'default-ulimits': typed(isUlimits, 'a map of {Soft, Hard}', (into, value) => {
    into.options.defaultUlimits = Object.entries(value).map(([Name, { Soft, Hard }]) => ({ Name, Soft, Hard }));
  }),
  'log-driver': text((into, value) => {
    into.options.logDriver = value;
  }),
  'log-opts': typed(isTextMap, 'a map of texts', (into, value) => {
    into.options.logOptions = value;
  }),
  labels: texts((into, value) => {
    into.options.labels = value;
  }),
  'shutdown-timeout': number((into, value) => {
    into.options.shutdownTimeout = value;
  }),
  'max-concurrent-downloads': number((into, value) => {
    into.options.maxConcurrentDownloads = value;
  }),
  'max-concurrent-uploads': number((into, value) => {
    into.options.maxConcurrentUploads = value;
  }),
  'max-download-attempts': number((into, value) => {
    into.options.maxDownloadAttempts = value;
  }),
  // Containers always outlive the helper, and there is one storage driver: saying so changes nothing.
  'live-restore': flag(() => {}),
  'storage-driver': text((_into, value) => {
    if (value !== 'overlay2' && value !== 'overlay')
      throw new Error(`storage driver ${value} is not offered: use overlay2`);
  }),
  builder: typed(isObject, 'an object', (into, value) => applyBuilder(into, value)),
  features: typed(isObject, 'an object', () => {}),
  experimental: flag(() => {}),
};

/** `{gc: {enabled, defaultKeepStorage}}`, as dockerd reads it. */
function applyBuilder(into: FileSettings, { gc = {} }: Record<string, unknown>): void {
  if (!isObject(gc)) throw new Error('the configuration\'s "builder.gc" is not an object');
  const bound =
    gc['maxUsedSpace'] ?? gc['defaultMaxUsedSpace'] ?? gc['defaultReservedSpace'] ?? gc['defaultKeepStorage'];
  if (bound !== undefined) into.options.buildCacheLimit = parseSize(String(bound));
  if (gc['enabled'] === false) into.options.buildCacheLimit = Number.POSITIVE_INFINITY;
}

export function applyExecOptions(into: FileSettings, options: readonly string[]): void {
  for (const option of options) {
    const driver = /^native\.cgroupdriver=(cgroupfs|systemd)$/.exec(option)?.[1];
    if (driver === undefined)
      throw new Error(`unknown exec option ${option}: use native.cgroupdriver=cgroupfs or =systemd`);
    into.options.cgroupDriver = driver === 'systemd' ? 'systemd' : 'cgroupfs';
  }
}

/** Reads the file; `undefined` path, or none there, gives nothing. @throws Error naming the file and the key. */
export function readDaemonJson(path: string | undefined, isRequired: boolean): FileSettings {
  const settings: FileSettings = { options: {}, paths: {}, tls: {} };
  if (path === undefined || (!isRequired && !existsSync(path))) return settings;
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isObject(value)) throw new Error('it is not an object');
    for (const [key, field] of Object.entries(value)) {
      const read = readers[key];
      if (read === undefined) throw new Error(`it has the unknown key "${key}"`);
      read(field, key, settings);
    }
  } catch (error) {
    throw new Error(
      `cannot use the configuration file ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return settings;
}
