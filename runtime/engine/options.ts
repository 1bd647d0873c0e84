// Settings of one helper: defaults, then the configuration file, then flags. Names are dockerd's where it has them.

export interface AddressPool {
  /** CIDR. */
  readonly base: string;
  /** Prefix length of each network cut from it. */
  readonly size: number;
}

export interface EngineOptions {
  readonly debug: boolean;
  /** `slipway-oci` unless another runtime is named: `default-runtime`. */
  readonly defaultRuntime: string;
  readonly runtimes: Readonly<Record<string, { readonly path: string; readonly runtimeArgs?: readonly string[] }>>;
  readonly cgroupDriver: 'cgroupfs' | 'systemd';
  readonly cgroupParent: string | undefined;
  readonly init: boolean;
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly defaultUlimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly defaultShmSize: number;
  /** Seconds that containers get to stop in when the engine shuts them down. */
  readonly shutdownTimeout: number;
  readonly labels: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
  /** Where short names are looked for. */
  readonly registrySearch: readonly string[];
  readonly maxConcurrentDownloads: number;
  /** Bytes that the build cache may have when a build has ended; undefined: a tenth of the disk. */
  readonly buildCacheLimit: number | undefined;
  readonly maxConcurrentUploads: number;
  readonly maxDownloadAttempts: number;
  /** CIDR of the default bridge's gateway, or undefined: from the pools. */
  readonly bip: string | undefined;
  readonly addressPools: readonly AddressPool[];
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly interContainer: boolean;
  readonly ipForward: boolean;
  readonly firewall: boolean;
  readonly userlandProxy: boolean;
  readonly mtu: number | undefined;
  /** Where vendors describe their devices (CDI); the last one that knows a device counts. */
  readonly cdiSpecDirs: readonly string[];
  /** The group that may use root's socket. */
  readonly group: string | undefined;
  /** Seconds without a client and without a container that runs, after which the helper ends itself; 0: never. */
  readonly idleTimeout: number;
}

export const defaultOptions: EngineOptions = {
  debug: false,
  defaultRuntime: 'slipway-oci',
  runtimes: {},
  cgroupDriver: 'cgroupfs',
  cgroupParent: undefined,
  init: false,
  logDriver: 'json-file',
  logOptions: {},
  defaultUlimits: [],
  defaultShmSize: 64 << 20,
  shutdownTimeout: 15,
  labels: [],
  registryMirrors: [],
  insecureRegistries: [],
  registrySearch: ['docker.io'],
  maxConcurrentDownloads: 3,
  buildCacheLimit: undefined,
  maxConcurrentUploads: 5,
  maxDownloadAttempts: 5,
  bip: undefined,
  addressPools: [
    { base: '172.17.0.0/12', size: 16 },
    { base: '192.168.0.0/16', size: 20 },
  ],
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  interContainer: true,
  ipForward: true,
  firewall: true,
  userlandProxy: false,
  cdiSpecDirs: ['/etc/cdi', '/var/run/cdi'],
  mtu: undefined,
  group: 'slipway',
  idleTimeout: 300,
};
