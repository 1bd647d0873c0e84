// From flags to a create request.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type {
  ContainerConfig,
  EndpointSettings,
  HealthConfig,
  HostConfig,
  PortBinding,
} from '../../protocol/container_config.ts';
import type { Params } from '../../protocol/methods.ts';
import { parseSize } from '../../protocol/size.ts';
import type { Invocation } from '../command.ts';
import { UsageError } from '../parse.ts';
import { parseMount } from './mount.ts';
import { parseExpose, parsePublish } from './ports.ts';
import {
  environmentOf,
  isCdiDevice,
  labelsOf,
  parseDevice,
  parseDuration,
  parseGpus,
  parseThrottle,
  parseUlimit,
  toMap,
} from './values.ts';

/** Members whose value is undefined are left out. */
function compact<T extends object>(value: { [K in keyof T]?: T[K] | undefined }): T {
  // What is left has the type that T says; required members are given by every caller.
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

function some<T>(values: readonly T[]): T[] | undefined {
  return values.length > 0 ? [...values] : undefined;
}

function size(input: Invocation, name: string): number | undefined {
  const text = input.text(name);
  return text === undefined ? undefined : text === '-1' ? -1 : parseSize(text);
}

function cpus(input: Invocation): number | undefined {
  const text = input.text('cpus');
  if (text === undefined) return undefined;
  if (!/^\d*\.?\d+$/.test(text))
    throw new UsageError(`invalid argument "${text}" for "--cpus" flag: failed to parse ${text} as a rational number`);
  return Math.round(Number(text) * 1e9);
}

/** The limits, for create and update. */
export function resourcesOf(input: Invocation): HostConfig {
  return compact<HostConfig>({
    Memory: size(input, 'memory'),
    MemoryReservation: size(input, 'memory-reservation'),
    MemorySwap: size(input, 'memory-swap'),
    MemorySwappiness: input.number('memory-swappiness'),
    NanoCpus: cpus(input),
    CpuShares: input.number('cpu-shares'),
    CpuPeriod: input.number('cpu-period'),
    CpuQuota: input.number('cpu-quota'),
    CpuRealtimePeriod: input.number('cpu-rt-period'),
    CpuRealtimeRuntime: input.number('cpu-rt-runtime'),
    CpusetCpus: input.text('cpuset-cpus'),
    CpusetMems: input.text('cpuset-mems'),
    PidsLimit: input.number('pids-limit'),
    BlkioWeight: input.number('blkio-weight'),
  });
}

function furtherLimits(input: Invocation): HostConfig {
  const throttle = (name: string, unit: (text: string) => number) =>
    some(input.list(name).map((text) => parseThrottle(text, unit)));
  return compact<HostConfig>({
    BlkioWeightDevice: some(
      input
        .list('blkio-weight-device')
        .map((text) => parseThrottle(text, Number))
        .map(({ Path, Rate }) => ({ Path, Weight: Rate })),
    ),
    BlkioDeviceReadBps: throttle('device-read-bps', parseSize),
    BlkioDeviceWriteBps: throttle('device-write-bps', parseSize),
    BlkioDeviceReadIOps: throttle('device-read-iops', Number),
    BlkioDeviceWriteIOps: throttle('device-write-iops', Number),
    OomKillDisable: input.flag('oom-kill-disable') ? true : undefined,
    OomScoreAdj: input.number('oom-score-adj'),
    ShmSize: size(input, 'shm-size'),
    Ulimits: some(input.list('ulimit').map(parseUlimit)),
    Sysctls: input.has('sysctl') ? toMap(input.list('sysctl')) : undefined,
    CgroupParent: input.text('cgroup-parent'),
    StorageOpt: input.has('storage-opt') ? toMap(input.list('storage-opt')) : undefined,
  });
}

/** A profile's file is read here: the engine must not read files for a client. */
function securityOptions(values: readonly string[]): string[] {
  return values.map((value) => {
    const match = /^seccomp[=:](.*)$/.exec(value);
    if (match === null || ['unconfined', 'builtin'].includes(match[1] ?? '') || (match[1] ?? '').startsWith('{'))
      return value;
    try {
      return `seccomp=${JSON.stringify(JSON.parse(readFileSync(match[1] ?? '', 'utf8')))}`;
    } catch (error) {
      throw new UsageError(
        `opening seccomp profile (${match[1]}) failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  });
}

function deviceRequests(input: Invocation): NonNullable<HostConfig['DeviceRequests']> {
  const gpus = input.text('gpus');
  const cdi = input.list('device').filter(isCdiDevice);
  return [
    ...(gpus === undefined ? [] : [parseGpus(gpus)]),
    ...(cdi.length === 0 ? [] : [{ Driver: 'cdi', DeviceIDs: cdi }]),
  ];
}

function isolation(input: Invocation): HostConfig {
  return compact<HostConfig>({
    Privileged: input.flag('privileged') ? true : undefined,
    CapAdd: some(input.list('cap-add')),
    CapDrop: some(input.list('cap-drop')),
    SecurityOpt: some(securityOptions(input.list('security-opt'))),
    Devices: some(
      input
        .list('device')
        .filter((text) => !isCdiDevice(text))
        .map(parseDevice),
    ),
    DeviceCgroupRules: some(input.list('device-cgroup-rule')),
    DeviceRequests: some(deviceRequests(input)),
    GroupAdd: some(input.list('group-add')),
    IpcMode: input.text('ipc'),
    PidMode: input.text('pid'),
    UTSMode: input.text('uts'),
    UsernsMode: input.text('userns'),
    CgroupnsMode: input.text('cgroupns'),
    ReadonlyRootfs: input.flag('read-only') ? true : undefined,
    Runtime: input.text('runtime'),
  });
}

function restartPolicy(text: string | undefined): HostConfig['RestartPolicy'] {
  if (text === undefined) return undefined;
  const [name = '', count] = text.split(':', 2);
  if (count !== undefined && !/^\d+$/.test(count))
    throw new UsageError('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

/** -v with a relative path is meant relative to here. */
function bindText(text: string): string {
  const [source = '', ...rest] = text.split(':');
  return rest.length > 0 && /^\.{1,2}(?:\/|$)/.test(source) ? [resolve(source), ...rest].join(':') : text;
}

function storage(input: Invocation): { host: HostConfig; volumes: Record<string, object> } {
  const texts = input.list('volume').map(bindText);
  const anonymous = texts.filter((text) => !text.includes(':'));
  const mounts = input
    .list('mount')
    .map(parseMount)
    .map((mount) => (mount.Type === 'bind' && mount.Source ? { ...mount, Source: resolve(mount.Source) } : mount));
  return {
    volumes: Object.fromEntries(anonymous.map((path) => [path, {}])),
    host: compact<HostConfig>({
      Binds: some(texts.filter((text) => text.includes(':'))),
      Mounts: some(mounts),
      Tmpfs: input.has('tmpfs')
        ? Object.fromEntries(
            input
              .list('tmpfs')
              .map((text) => [
                text.split(':', 1)[0] ?? '',
                text.includes(':') ? text.slice(text.indexOf(':') + 1) : '',
              ]),
          )
        : undefined,
      VolumesFrom: some(input.list('volumes-from')),
      VolumeDriver: input.text('volume-driver'),
    }),
  };
}

function ports(input: Invocation): { bindings: Record<string, PortBinding[]>; exposed: Record<string, object> } {
  const bindings: Record<string, PortBinding[]> = {};
  const exposed: Record<string, object> = {};
  for (const { key, binding } of input.list('publish').flatMap(parsePublish)) {
    bindings[key] = [...(bindings[key] ?? []), binding];
    exposed[key] = {};
  }
  for (const key of input.list('expose').flatMap(parseExpose)) exposed[key] = {};
  return { bindings, exposed };
}

const networkFields = new Set([
  'name',
  'alias',
  'ip',
  'ip6',
  'link-local-ip',
  'mac-address',
  'driver-opt',
  'gw-priority',
]);
/** Networks on which containers have no names. */
const nameless = /^(?:|default|bridge|host|none|container:.*)$/;

/** --network takes a name, or `name=x,alias=a,ip=1.2.3.4`. The plain flags (--ip, --network-alias) are about the first. */
function networks(input: Invocation): { mode: string | undefined; endpoints: Record<string, EndpointSettings> } {
  const endpoints: Record<string, EndpointSettings> = {};
  const names: string[] = [];
  for (const text of input.list('network')) {
    const fields =
      text.includes('=') && !text.startsWith('container:')
        ? text.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
        : [];
    const value = (name: string) => fields.find(([key]) => key === name)?.[1];
    const name = fields.length === 0 ? text : (value('name') ?? '');
    if (name === '') throw new UsageError(`invalid network option: ${text}`);
    const unknown = fields.find(([key]) => !networkFields.has(key));
    if (unknown !== undefined) throw new UsageError(`invalid field key ${unknown[0]}`);
    names.push(name);
    const ipam = compact<NonNullable<EndpointSettings['IPAMConfig']>>({
      IPv4Address: value('ip'),
      IPv6Address: value('ip6'),
      LinkLocalIPs: some(fields.filter(([key]) => key === 'link-local-ip').map(([, address]) => address)),
    });
    const priority = value('gw-priority');
    endpoints[name] = compact<EndpointSettings>({
      Aliases: some(fields.filter(([key]) => key === 'alias').map(([, alias]) => alias)),
      MacAddress: value('mac-address'),
      GwPriority: priority === undefined ? undefined : Number(priority),
      IPAMConfig: Object.keys(ipam).length > 0 ? ipam : undefined,
    });
  }
  const [first = 'default'] = names;
  const ipam = compact<NonNullable<EndpointSettings['IPAMConfig']>>({
    IPv4Address: input.text('ip'),
    IPv6Address: input.text('ip6'),
    LinkLocalIPs: some(input.list('link-local-ip')),
  });
  const settings = compact<EndpointSettings>({
    ...endpoints[first],
    Aliases: some([...(endpoints[first]?.Aliases ?? []), ...input.list('network-alias')]),
    Links: some(input.list('link')),
    MacAddress: input.text('mac-address') ?? endpoints[first]?.MacAddress,
    IPAMConfig:
      Object.keys(ipam).length > 0 ? { ...endpoints[first]?.IPAMConfig, ...ipam } : endpoints[first]?.IPAMConfig,
  });
  for (const [name, { Aliases }] of Object.entries({ ...endpoints, [first]: settings }))
    if (Aliases !== undefined && nameless.test(name))
      throw new UsageError('network-scoped aliases are only supported for user-defined networks');
  if (Object.keys(settings).length > 0) endpoints[first] = settings;
  else delete endpoints[first];
  return { mode: names[0], endpoints };
}

function healthOf(input: Invocation): HealthConfig | undefined {
  const duration = (name: string) => {
    const text = input.text(name);
    return text === undefined ? undefined : parseDuration(text, `--${name}`);
  };
  if (input.flag('no-healthcheck')) {
    if (input.has('health-cmd')) throw new UsageError('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  const command = input.text('health-cmd');
  const health = compact<HealthConfig>({
    Test: command === undefined ? undefined : ['CMD-SHELL', command],
    Interval: duration('health-interval'),
    Timeout: duration('health-timeout'),
    StartPeriod: duration('health-start-period'),
    StartInterval: duration('health-start-interval'),
    Retries: input.number('health-retries'),
  });
  return Object.keys(health).length > 0 ? health : undefined;
}

function configOf(
  input: Invocation,
  environment: NodeJS.ProcessEnv,
  volumes: Record<string, object>,
  exposed: Record<string, object>,
): ContainerConfig {
  const [image = '', ...command] = input.args;
  const attached = input.list('attach').map((name) => name.toLowerCase());
  const wrong = attached.find((name) => !['stdin', 'stdout', 'stderr'].includes(name));
  if (wrong !== undefined)
    throw new UsageError(
      `invalid argument "${wrong}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
    );
  const detached = input.flag('detach');
  const implicit = attached.length === 0 && !detached;
  const entrypoint = input.text('entrypoint');
  const interactive = input.flag('interactive');
  return compact<ContainerConfig>({
    Image: image,
    Cmd: some(command),
    Entrypoint: entrypoint === undefined ? undefined : [entrypoint],
    Hostname: input.text('hostname'),
    Domainname: input.text('domainname'),
    User: input.text('user'),
    WorkingDir: input.text('workdir'),
    Env: some(environmentOf(input.list('env-file'), input.list('env'), environment)),
    Labels: labelsOf(input.list('label-file'), input.list('label')),
    Tty: input.flag('tty'),
    OpenStdin: interactive,
    StdinOnce: interactive && !detached,
    AttachStdin: interactive && (implicit || attached.includes('stdin')),
    AttachStdout: implicit || attached.includes('stdout'),
    AttachStderr: implicit || attached.includes('stderr'),
    Volumes: Object.keys(volumes).length > 0 ? volumes : undefined,
    ExposedPorts: Object.keys(exposed).length > 0 ? exposed : undefined,
    StopSignal: input.text('stop-signal'),
    StopTimeout: input.number('stop-timeout'),
    Healthcheck: healthOf(input),
  });
}

function logging(input: Invocation): HostConfig['LogConfig'] {
  if (!input.has('log-driver') && !input.has('log-opt')) return undefined;
  return compact<NonNullable<HostConfig['LogConfig']>>({
    Type: input.text('log-driver'),
    Config: toMap(input.list('log-opt')),
  });
}

function address(text: string): string {
  if (isIP(text) === 0)
    throw new UsageError(`invalid argument "${text}" for "--dns" flag: IP address is not correctly formatted: ${text}`);
  return text;
}

/** Throws `UsageError` for what can't be understood, before the engine is asked. */
export function createRequest(input: Invocation, environment: NodeJS.ProcessEnv): Params<'container.create'> {
  if (input.flag('rm') && input.has('restart') && !['', 'no'].includes(input.text('restart') ?? ''))
    throw new UsageError('conflicting options: cannot specify both --restart and --rm');
  const { host: mounts, volumes } = storage(input);
  const { bindings, exposed } = ports(input);
  const { mode, endpoints } = networks(input);
  const hostConfig: HostConfig = {
    ...resourcesOf(input),
    ...furtherLimits(input),
    ...isolation(input),
    ...mounts,
    ...compact<HostConfig>({
      NetworkMode: mode,
      PortBindings: Object.keys(bindings).length > 0 ? bindings : undefined,
      PublishAllPorts: input.flag('publish-all') ? true : undefined,
      Dns: some(input.list('dns').map(address)),
      DnsOptions: some(input.list('dns-option')),
      DnsSearch: some(input.list('dns-search')),
      ExtraHosts: some(input.list('add-host').map((entry) => entry.replace('=', ':'))),
      RestartPolicy: restartPolicy(input.text('restart')),
      AutoRemove: input.flag('rm') ? true : undefined,
      Init: input.has('init') ? input.flag('init') : undefined,
      LogConfig: logging(input),
      Annotations: input.has('annotation') ? toMap(input.list('annotation')) : undefined,
      ContainerIDFile: input.text('cidfile'),
    }),
  };
  return {
    ...compact<{ Name?: string; Platform?: string }>({ Name: input.text('name'), Platform: input.text('platform') }),
    Config: configOf(input, environment, volumes, exposed),
    HostConfig: hostConfig,
    ...(Object.keys(endpoints).length > 0 ? { NetworkingConfig: { EndpointsConfig: endpoints } } : {}),
  };
}
