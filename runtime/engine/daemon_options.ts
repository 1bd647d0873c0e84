// slipwayd's command line: where things are, and what overrides the configuration. Flags are dockerd's where it has them.
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { defaultPaths, type EnginePaths, socketOfHost } from '../protocol/paths.ts';
import { applyExecOptions, type DoorSettings, type FileSettings, readDaemonJson } from './daemon_json.ts';
import { type LogLevel, logLevels } from './log.ts';
import { defaultOptions, type EngineOptions } from './options.ts';

export interface DaemonArguments {
  readonly paths: EnginePaths;
  readonly options: EngineOptions;
  readonly doors: DoorSettings;
  readonly logLevel: LogLevel;
  /** Undefined: stderr. */
  readonly logFile: string | undefined;
  readonly pidFile: string | undefined;
  /** A descriptor that gets `ready\n`. */
  readonly readyFd: number | undefined;
}

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;

const flags = {
  socket: text,
  'log-file': text,
  'idle-timeout': text,
  'ready-fd': text,
  'data-root': text,
  'exec-root': text,
  pidfile: { type: 'string', short: 'p' },
  'config-file': text,
  host: { type: 'string', short: 'H', multiple: true },
  debug: { type: 'boolean', short: 'D' },
  'log-level': { type: 'string', short: 'l' },
  group: { type: 'string', short: 'G' },
  'insecure-registry': texts,
  'registry-mirror': texts,
  bip: text,
  'default-address-pool': texts,
  dns: texts,
  'dns-opt': texts,
  'dns-search': texts,
  icc: flag,
  'ip-forward': flag,
  iptables: flag,
  'userland-proxy': flag,
  mtu: text,
  'cdi-spec-dir': texts,
  init: flag,
  'cgroup-parent': text,
  'userns-remap': text,
  'live-restore': flag,
  'storage-driver': { type: 'string', short: 's' },
  'exec-opt': texts,
  'default-runtime': text,
  'add-runtime': texts,
  'default-ulimit': texts,
  'log-driver': text,
  'log-opt': texts,
  label: texts,
  tls: flag,
  tlsverify: flag,
  tlscacert: text,
  tlscert: text,
  tlskey: text,
  'shutdown-timeout': text,
  'max-concurrent-downloads': text,
  'max-concurrent-uploads': text,
} as const satisfies ParseArgsOptionsConfig;

type Values = ReturnType<typeof parseArgs<{ options: typeof flags }>>['values'];

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path);
}

function levelOf(name: string | undefined, debug: boolean): LogLevel {
  const level = name ?? (debug ? 'debug' : 'info');
  const known = logLevels.find((one) => one === level);
  if (known === undefined)
    throw new Error(`unable to parse logging level: ${level}; use one of ${logLevels.join(', ')}`);
  return known;
}

function wholeNumber(value: string, name: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`--${name} takes a number, not ${value}`);
  return Number(value);
}

/** `--icc=false` as dockerd writes it; parseArgs knows `--no-icc` only. */
function normalise(args: readonly string[]): string[] {
  return args.map((argument) => {
    const match = /^--([a-z-]+)=(true|false)$/.exec(argument);
    if (match === null) return argument;
    return match[2] === 'true' ? `--${match[1]}` : `--no-${match[1]}`;
  });
}

function pool(value: string): { base: string; size: number } {
  const fields = new Map(
    value.split(',').map((field): [string, string] => [field.split('=')[0] ?? '', field.split('=')[1] ?? '']),
  );
  const [base, size] = [fields.get('base'), fields.get('size')];
  if (base === undefined || size === undefined)
    throw new Error(`--default-address-pool takes base=CIDR,size=BITS, not ${value}`);
  return { base, size: wholeNumber(size, 'default-address-pool') };
}

function ulimit(value: string): { Name: string; Soft: number; Hard: number } {
  const [, Name = '', soft = '', hard = soft] = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(value) ?? [];
  if (Name === '') throw new Error(`--default-ulimit takes name=soft[:hard], not ${value}`);
  return { Name, Soft: Number(soft), Hard: Number(hard) };
}

function pair(value: string): [string, string] {
  const at = value.indexOf('=');
  return at < 0 ? [value, ''] : [value.slice(0, at), value.slice(at + 1)];
}

/** What the flags say, in the engine's own names. */
function engineOptions(values: Values): Partial<EngineOptions> {
  const fields: { [K in keyof EngineOptions]?: EngineOptions[K] | undefined } = {
    debug: values.debug,
    group: values.group,
    insecureRegistries: values['insecure-registry'],
    registryMirrors: values['registry-mirror'],
    bip: values.bip,
    addressPools: values['default-address-pool']?.map(pool),
    dns: values.dns,
    dnsOptions: values['dns-opt'],
    dnsSearch: values['dns-search'],
    interContainer: values.icc,
    ipForward: values['ip-forward'],
    firewall: values.iptables,
    userlandProxy: values['userland-proxy'],
    mtu: values.mtu === undefined ? undefined : wholeNumber(values.mtu, 'mtu'),
    cdiSpecDirs: values['cdi-spec-dir']?.filter(Boolean),
    init: values.init,
    cgroupParent: values['cgroup-parent'],
    defaultRuntime: values['default-runtime'],
    runtimes:
      values['add-runtime'] &&
      Object.fromEntries(values['add-runtime'].map(pair).map(([name, path]) => [name, { path }])),
    defaultUlimits: values['default-ulimit']?.map(ulimit),
    logDriver: values['log-driver'],
    logOptions: values['log-opt'] && Object.fromEntries(values['log-opt'].map(pair)),
    labels: values.label,
    shutdownTimeout:
      values['shutdown-timeout'] === undefined
        ? undefined
        : wholeNumber(values['shutdown-timeout'], 'shutdown-timeout'),
    idleTimeout: values['idle-timeout'] === undefined ? undefined : wholeNumber(values['idle-timeout'], 'idle-timeout'),
    maxConcurrentDownloads:
      values['max-concurrent-downloads'] === undefined
        ? undefined
        : wholeNumber(values['max-concurrent-downloads'], 'max-concurrent-downloads'),
    maxConcurrentUploads:
      values['max-concurrent-uploads'] === undefined
        ? undefined
        : wholeNumber(values['max-concurrent-uploads'], 'max-concurrent-uploads'),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function tlsOf(values: Values, file: FileSettings['tls'], directory: string): DoorSettings['tls'] {
  const verify = values.tlsverify ?? file.verify ?? false;
  if (!verify && !(values.tls ?? file.enabled ?? false)) return undefined;
  return {
    verify,
    ca: values.tlscacert ?? file.ca ?? join(directory, 'ca.pem'),
    cert: values.tlscert ?? file.cert ?? join(directory, 'cert.pem'),
    key: values.tlskey ?? file.key ?? join(directory, 'key.pem'),
  };
}

/** Throws an Error with a sentence for a person. */
export function parseDaemonArguments(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): DaemonArguments {
  const { values } = parseArgs({ args: normalise(args), options: flags, allowNegative: true });
  if (values['userns-remap'] !== undefined && values['userns-remap'] !== '')
    throw new Error(
      '--userns-remap is not offered: run the engine rootless instead, where every container has its own ids',
    );
  if (values['storage-driver'] !== undefined && !['overlay2', 'overlay'].includes(values['storage-driver']))
    throw new Error(`storage driver ${values['storage-driver']} is not offered: use overlay2`);
  const defaults = defaultPaths(environment);
  const isRoot = defaults.dataRoot.startsWith('/var/');
  const configFile =
    values['config-file'] ??
    (isRoot ? '/etc/slipway/daemon.json' : join(dirname(defaults.dataRoot), 'slipway', 'daemon.json'));
  const file = readDaemonJson(configFile, values['config-file'] !== undefined);
  applyExecOptions(file, values['exec-opt'] ?? []);
  const ownExecRoot = values['exec-root'] ?? file.paths.execRoot;
  const execRoot = absolute(ownExecRoot ?? defaults.execRoot);
  const socket = values.socket ?? (ownExecRoot === undefined ? defaults.socket : join(execRoot, 'slipway.sock'));
  const options = { ...defaultOptions, ...file.options, ...engineOptions(values) };
  const socketPath = absolute(socketOfHost(absolute(socket)));
  return {
    paths: {
      dataRoot: absolute(values['data-root'] ?? file.paths.dataRoot ?? defaults.dataRoot),
      execRoot,
      socket: socketPath,
    },
    options,
    doors: {
      hosts: values.host ?? file.hosts ?? [`unix://${join(dirname(socketPath), 'docker.sock')}`],
      tls: tlsOf(values, file.tls, environment['DOCKER_CERT_PATH'] ?? dirname(configFile)),
    },
    logLevel: levelOf(values['log-level'] ?? file.logLevel, options.debug),
    logFile: values['log-file'],
    pidFile: values.pidfile ?? file.paths.pidFile,
    readyFd: values['ready-fd'] === undefined ? undefined : wholeNumber(values['ready-fd'], 'ready-fd'),
  };
}
