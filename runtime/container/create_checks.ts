// What is wrong with a request to create or update a container, told before anything is made. Limits and wording follow
// Docker's where clients match on them.
import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig, Resources, RestartPolicy } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import { normaliseCapability } from './spec/capabilities.ts';
import type { HostFacts } from './spec/generate.ts';
import { parseDeviceRule } from './spec/resources.ts';
import { parseSecurityOptions } from './spec/security.ts';
import { signalNumber } from './spec/signals.ts';

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}

const minimumMemory = 6 << 20;

export function checkRestartPolicy({ Name = '', MaximumRetryCount = 0 }: RestartPolicy, autoRemove: boolean): void {
  if (!['', 'no', 'always', 'unless-stopped', 'on-failure'].includes(Name))
    throw invalid(
      `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (MaximumRetryCount !== 0 && Name !== 'on-failure')
    throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  if (MaximumRetryCount < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
  if (autoRemove && Name !== '' && Name !== 'no')
    throw invalid("can't create 'AutoRemove' container with restart policy");
}

function checkMemory({ Memory = 0, MemorySwap = 0, MemoryReservation = 0, MemorySwappiness }: Resources): void {
  if (Memory !== 0 && Memory < minimumMemory) throw invalid('Minimum memory limit allowed is 6MB');
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory)
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (Memory === 0 && MemorySwap > 0)
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (MemorySwappiness !== undefined && (MemorySwappiness < -1 || MemorySwappiness > 100))
    throw invalid(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  if (MemoryReservation > 0 && MemoryReservation < minimumMemory)
    throw invalid('Minimum memory reservation allowed is 6MB');
  if (Memory > 0 && MemoryReservation > 0 && Memory < MemoryReservation)
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
}

function checkCpu(resources: Resources, cpus: number): void {
  const { NanoCpus = 0, CpuQuota = 0, CpuPeriod = 0, CpusetCpus = '', CpusetMems = '' } = resources;
  if (NanoCpus > 0 && (CpuPeriod > 0 || CpuQuota > 0))
    throw invalid('Conflicting options: Nano CPUs cannot be set with CPU Period/Quota');
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9)
    throw invalid(`range of CPUs is from 0.01 to ${cpus.toFixed(2)}, as there are only ${cpus} CPUs available`);
  if (CpuPeriod > 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000))
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (CpuQuota > 0 && CpuQuota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  for (const [name, list] of [
    ['cpus', CpusetCpus],
    ['mems', CpusetMems],
  ] as const)
    if (list !== '' && !/^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/.test(list))
      throw invalid(`Invalid value ${list} for cpuset ${name}`);
  const highest = Math.max(...CpusetCpus.split(/[,-]/).map(Number));
  if (CpusetCpus !== '' && highest >= cpus)
    throw invalid(`Requested CPUs are not available - requested ${CpusetCpus}, available: 0-${cpus - 1}`);
}

const ulimits = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

function checkUlimits({ Ulimits = [] }: Resources): void {
  for (const { Name, Soft, Hard } of Ulimits) {
    if (!ulimits.has(Name)) throw invalid(`invalid ulimit type: ${Name}`);
    if (Hard >= 0 && (Soft < 0 || Soft > Hard))
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
  }
}

/** Limits, of create and update alike. */
export function checkResources(resources: Resources, cpus: number): void {
  checkMemory(resources);
  checkCpu(resources, cpus);
  checkUlimits(resources);
  const { BlkioWeight = 0 } = resources;
  if (BlkioWeight !== 0 && (BlkioWeight < 10 || BlkioWeight > 1000))
    throw invalid('Range of blkio weight is from 10 to 1000');
  for (const { Rate } of [
    ...(resources.BlkioDeviceReadBps ?? []),
    ...(resources.BlkioDeviceWriteBps ?? []),
    ...(resources.BlkioDeviceReadIOps ?? []),
    ...(resources.BlkioDeviceWriteIOps ?? []),
  ])
    if (Rate < 0) throw invalid('a device rate cannot be negative');
  for (const rule of resources.DeviceCgroupRules ?? []) parseDeviceRule(rule);
}

const modes = {
  IpcMode: /^(?:|none|private|shareable|host|container:.+)$/,
  PidMode: /^(?:|host|container:.+)$/,
  UTSMode: /^(?:|host)$/,
  UsernsMode: /^(?:|host)$/,
  CgroupnsMode: /^(?:|private|host)$/,
} as const;

function checkModes(host: HostConfig): void {
  const names = {
    IpcMode: 'IPC',
    PidMode: 'PID',
    UTSMode: 'UTS',
    UsernsMode: 'user namespace',
    CgroupnsMode: 'cgroup namespace',
  };
  for (const [field, pattern] of Object.entries(modes)) {
    const key = field as keyof typeof modes; // Object.entries forgets the keys' type
    if (!pattern.test(host[key] ?? '')) throw invalid(`invalid ${names[key]} mode: ${host[key]}`);
  }
}

function checkSysctls(host: HostConfig): void {
  const network = host.NetworkMode ?? '';
  for (const name of Object.keys(host.Sysctls ?? {})) {
    const ofIpc = /^(?:kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/.test(
      name,
    );
    if (name.startsWith('net.') && network === 'host')
      throw invalid(`sysctl '${name}' not allowed in host network namespace`);
    if (ofIpc && host.IpcMode === 'host') throw invalid(`sysctl '${name}' not allowed in host ipc namespace`);
    if (!name.startsWith('net.') && !ofIpc && name !== 'kernel.domainname')
      throw invalid(`sysctl "${name}" is not in a separate kernel namespace`);
  }
}

/** Milliseconds and more, or 0 for the default; in nanoseconds. */
function checkHealth({ Retries = 0, ...health }: NonNullable<ContainerConfig['Healthcheck']>): void {
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = health[name] ?? 0;
    if (value !== 0 && value < 1e6) throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if (Retries < 0) throw invalid('Retries in Healthcheck cannot be negative');
}

const jsonFileOptions = 'max-file max-size compress labels labels-regex env env-regex tag mode max-buffer-size'.split(
  ' ',
);
const logOptions: Readonly<Record<string, readonly string[]>> = {
  'json-file': jsonFileOptions,
  local: ['max-file', 'max-size', 'compress', 'mode', 'max-buffer-size'],
};

function checkLogs({ Type = '', Config = {} }: NonNullable<HostConfig['LogConfig']>): void {
  if (!['', 'json-file', 'local', 'none'].includes(Type))
    throw invalid(`logger: no log driver named '${Type}' is registered`);
  const unknown = Object.keys(Config).find((name) => logOptions[Type]?.includes(name) === false);
  if (unknown !== undefined) throw invalid(`unknown log opt '${unknown}' for ${Type} log driver`);
}

function checkExtraHost(text: string): void {
  const [, name = '', address = ''] = /^([^:=]*)[:=](.*)$/.exec(text) ?? [];
  if (name === '') throw invalid(`bad format for add-host: "${text}"`);
  if (address !== 'host-gateway' && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0)
    throw invalid(`invalid IP address in add-host: "${address}"`);
}

/** A port of the config or a binding: `80`, `80/tcp`. */
function checkPort(text: string): void {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (match === null || Number(match[1]) < 1 || Number(match[1]) > 65_535)
    throw invalid(`invalid port specification: "${text}"`);
}

/** A number or a range; 0 and nothing leave the choice to the engine. */
function checkHostPort(text: string): void {
  if (text === '') return;
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === '' || Number(last) > 65_535 || Number(last) < Number(first))
    throw invalid(`invalid port specification: "${text}"`);
}

function checkNetwork(config: ContainerConfig, host: HostConfig): void {
  const mode = host.NetworkMode ?? '';
  if (mode === 'host' && (host.Links ?? []).length > 0)
    throw invalid(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  if (mode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0) return;
  if (mode.startsWith('container:')) {
    if (Object.keys(host.PortBindings ?? {}).length > 0)
      throw invalid('conflicting options: port publishing and the container type network mode');
    if (config.Hostname) throw invalid('conflicting options: hostname and the network mode');
  }
  for (const [key, bindings] of Object.entries(host.PortBindings ?? {})) {
    checkPort(key);
    for (const { HostPort = '' } of bindings) checkHostPort(HostPort);
  }
  for (const key of Object.keys(config.ExposedPorts ?? {})) checkPort(key);
}

/** Throws what a person should change; checks that need other records (names, images, networks) come later. */
export function checkCreate(
  config: ContainerConfig,
  host: HostConfig,
  facts: HostFacts & { readonly cpus: number },
): void {
  checkResources(host, facts.cpus);
  checkRestartPolicy(host.RestartPolicy ?? {}, host.AutoRemove === true);
  checkModes(host);
  checkSysctls(host);
  checkNetwork(config, host);
  for (const field of ['CapAdd', 'CapDrop'] as const)
    for (const name of host[field] ?? []) normaliseCapability(name, field);
  if (host.Annotations?.[''] !== undefined)
    throw invalid('invalid Annotations: the empty string is not permitted as an annotation key');
  parseSecurityOptions(host.SecurityOpt);
  if (config.StopSignal) signalNumber(config.StopSignal);
  if (config.WorkingDir && !config.WorkingDir.startsWith('/'))
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  if (host.OomScoreAdj !== undefined && (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000))
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  if ((host.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0');
  checkLogs(host.LogConfig ?? {});
  checkHealth(config.Healthcheck ?? {});
  for (const text of host.ExtraHosts ?? []) checkExtraHost(text);
  if (host.Isolation && host.Isolation !== 'default') throw invalid(`invalid isolation '${host.Isolation}' on linux`);
  if (Object.keys(host.StorageOpt ?? {}).length > 0)
    throw new EngineError(
      'Unsupported',
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    );
  for (const text of [...(config.Env ?? []), ...(config.Cmd ?? []), ...(config.Entrypoint ?? [])])
    if (text.includes('\0')) throw invalid('a command or environment variable has a NUL character');
  for (const entry of config.Env ?? [])
    if (entry === '' || entry.startsWith('=')) throw invalid(`invalid environment variable: ${entry}`);
}
