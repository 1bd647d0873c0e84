// system.*: versions, what the engine and the machine are, and what uses how much.
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';
import type { ContainerServices } from '../container/services.ts';
import type { Handlers, HandlersOf } from '../protocol/handler.ts';
import type { SystemInfo, SystemVersion, systemMethods } from '../protocol/system.ts';
import { engineVersion, protocolVersion } from '../protocol/version.ts';
import type { EngineContext } from './context.ts';
import { doctorChecks, limitations } from './doctor.ts';
import type { EngineOptions } from './options.ts';

export interface SystemServices {
  readonly context: EngineContext;
  readonly containers: ContainerServices;
  /** Handlers of the other nouns, which disk use is put together from. */
  readonly nouns: Pick<Handlers, 'container.list' | 'image.list' | 'volume.list' | 'volume.inspect'> &
    Partial<Pick<Handlers, 'build.cacheList'>>;
  /** Ends the helper once the answer is sent. */
  readonly shutdown: (stopContainers: boolean) => void;
}

const dockerArchitecture: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function osRelease(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch {
    return 'Linux';
  }
}

function version(): SystemVersion {
  return {
    Version: engineVersion,
    ProtocolVersion: protocolVersion,
    ApiVersion: '1.51',
    MinAPIVersion: '1.24',
    GitCommit: '',
    NodeVersion: process.version,
    Os: 'linux',
    Arch: dockerArchitecture[process.arch] ?? process.arch,
    KernelVersion: release(),
    BuildTime: '',
    Components: [
      {
        Name: 'Engine',
        Version: engineVersion,
        Details: { NodeVersion: process.version, ProtocolVersion: String(protocolVersion) },
      },
      { Name: 'slipway-oci', Version: engineVersion, Details: { RuntimeSpec: '1.2.0' } },
    ],
  };
}

/** As Docker tells it: networks apart from hosts. */
function registryConfig({ registryMirrors, insecureRegistries }: EngineOptions): SystemInfo['RegistryConfig'] {
  const Mirrors = [...registryMirrors];
  const isNetwork = (text: string) => text.includes('/');
  const insecure = insecureRegistries
    .filter((text) => !isNetwork(text))
    .map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }]);
  return {
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Mirrors, Secure: true, Official: true },
      ...Object.fromEntries(insecure),
    },
    InsecureRegistryCIDRs: [...new Set(['127.0.0.0/8', '::1/128', ...insecureRegistries.filter(isNetwork)])],
    Mirrors,
  };
}

/** By the magic numbers of statfs(2), with Docker's names; the number where it has none. */
const filesystemNames: Readonly<Record<string, string>> = {
  ef53: 'extfs',
  '58465342': 'xfs',
  '9123683e': 'btrfs',
  '2fc12fc1': 'zfs',
  '1021994': 'tmpfs',
  '794c7630': 'overlayfs',
  f2f52010: 'f2fs',
  '6969': 'nfs',
  '65735546': 'fuse',
};

function backingFilesystem(path: string): string {
  const magic = statfsSync(path).type.toString(16);
  return filesystemNames[magic] ?? `0x${magic}`;
}

/** The same for as long as the engine's data is the same. */
export function engineId({ dataRoot }: EngineContext['paths']): string {
  return `${hostname()}:${dataRoot}`;
}

async function info({ context, containers, nouns }: SystemServices): Promise<SystemInfo> {
  const { paths, options, rootless } = context;
  const { facts } = containers;
  const all = [...containers.store.values()];
  const count = (status: string) => all.filter(({ state }) => state.status === status).length;
  const images = await nouns['image.list']({ All: true }, { signal: new AbortController().signal, progress: () => {} });
  const limits = limitations(containers);
  const missing = new Set(facts.missingControllers);
  return {
    ID: engineId(paths),
    Name: hostname(),
    Containers: all.length,
    ContainersRunning: count('running'),
    ContainersPaused: count('paused'),
    ContainersStopped: all.length - count('running') - count('paused'),
    Images: images.length,
    Driver: 'overlay2',
    DriverStatus: [
      ['Backing Filesystem', backingFilesystem(paths.dataRoot)],
      ['userxattr', String(rootless)],
    ],
    DockerRootDir: paths.dataRoot,
    ExecRoot: paths.execRoot,
    Socket: paths.socket,
    LogFile: context.log.path ?? '',
    Pid: process.pid,
    Rootless: rootless,
    CgroupDriver: options.cgroupDriver,
    CgroupVersion: facts.cgroupVersion === 1 ? '1' : '2',
    Debug: options.debug,
    NFd: readdirSync('/proc/self/fd').length,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    NEventsListener: context.events.listeners,
    KernelVersion: release(),
    OperatingSystem: osRelease(),
    OSType: 'linux',
    Architecture: process.arch === 'x64' ? 'x86_64' : 'aarch64',
    NCPU: availableParallelism(),
    MemTotal: totalmem(),
    MemoryLimit: !missing.has('memory'),
    SwapLimit: facts.hasSwapAccounting && !missing.has('memory'),
    CpuCfsPeriod: !missing.has('cpu'),
    CpuCfsQuota: !missing.has('cpu'),
    CPUShares: !missing.has('cpu'),
    CPUSet: !missing.has('cpuset'),
    PidsLimit: !missing.has('pids'),
    IPv4Forwarding: forwarding(),
    OomKillDisable: facts.cgroupVersion === 1,
    ServerVersion: engineVersion,
    DefaultRuntime: options.defaultRuntime,
    Runtimes: { 'slipway-oci': { path: containers.ociPath }, ...runtimesOf(context) },
    SecurityOptions: [
      ...(facts.hasSeccomp ? ['name=seccomp,profile=builtin'] : []),
      ...(rootless ? ['name=rootless'] : []),
      ...(facts.cgroupVersion === 2 ? ['name=cgroupns'] : []),
    ],
    RegistryConfig: registryConfig(options),
    CDISpecDirs: [...options.cdiSpecDirs],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
    Labels: [...options.labels],
    LiveRestoreEnabled: true,
    InitBinary: 'slipway-init',
    Warnings: limits.map(({ Message }) => `WARNING: ${Message}`),
    Limitations: limits,
  };
}

function runtimesOf({ options }: EngineContext): SystemInfo['Runtimes'] {
  return Object.fromEntries(
    Object.entries(options.runtimes).map(([name, { path, runtimeArgs }]) => [
      name,
      { path, ...(runtimeArgs === undefined ? {} : { runtimeArgs: [...runtimeArgs] }) },
    ]),
  );
}

function forwarding(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1';
  } catch {
    return false;
  }
}

const allTypes = ['container', 'image', 'volume', 'build-cache'];

function diskUsage({ nouns }: SystemServices): Handlers['system.diskUsage'] {
  return async ({ Types = allTypes }, { signal }) => {
    const context = { signal, progress: () => {} };
    const wants = (type: string) => Types.length === 0 || Types.includes(type);
    const [images, containers, volumes, cache] = await Promise.all([
      wants('image') ? nouns['image.list']({ All: true, SharedSize: true }, context) : [],
      wants('container') ? nouns['container.list']({ All: true, Size: true }, context) : [],
      wants('volume') ? nouns['volume.list']({}, context) : { Volumes: [], Warnings: [] },
      wants('build-cache') ? (nouns['build.cacheList']?.({}, context) ?? []) : [],
    ]);
    const measured = await Promise.all(
      volumes.Volumes.map(({ Name }) => nouns['volume.inspect']({ Volume: Name, Size: true }, context)),
    );
    const shared = new Map<string, number>();
    for (const { Id, Size, SharedSize } of images) shared.set(Id, Size - Math.max(SharedSize, 0));
    // What images share is counted once: the unshared parts, and the largest shared one as an estimate of the common base.
    const largestShared = Math.max(0, ...images.map(({ SharedSize }) => Math.max(SharedSize, 0)));
    const unshared = [...shared.values()].reduce((sum, size) => sum + size, 0);
    return {
      LayersSize: unshared + largestShared,
      Images: images,
      Containers: containers,
      Volumes: measured,
      BuildCache: cache,
    };
  };
}

export function systemHandlers(services: SystemServices): HandlersOf<typeof systemMethods> {
  return {
    'system.ping': async () => ({ ProtocolVersion: protocolVersion, Version: engineVersion }),
    'system.version': async () => version(),
    'system.info': () => info(services),
    'system.diskUsage': diskUsage(services),
    'system.doctor': () => doctorChecks(services.containers),
    'system.shutdown': async ({ StopContainers }) => {
      services.shutdown(StopContainers === true);
      return null;
    },
  };
}
