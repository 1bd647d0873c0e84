// What a container wants mounted, from all the ways to say it: --mount, -v, --tmpfs, --volumes-from, VOLUME. Pure: nothing is
// created or looked up here. Destinations are paths inside the container; the runtime resolves them in its root only.
import { posix } from 'node:path';
import type { ContainerConfig, HostConfig, Mount } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';

export interface MountRequest {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Absolute and clean. */
  readonly destination: string;
  /** bind: a host path; volume: its name, or '' for an anonymous one; image: a reference. */
  readonly source: string;
  readonly readOnly: boolean;
  /** As written, for inspect: `ro,z`. */
  readonly mode: string;
  readonly propagation: string;
  /** Binds only: take over the mounts below the source too. Default true. */
  readonly recursive: boolean;
  /** A bind source that is missing is made as a directory (-v), or refused (--mount). */
  readonly createSource: boolean;
  readonly noCopy: boolean;
  readonly subpath: string;
  readonly driver: string;
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** tmpfs: mount options. */
  readonly options: readonly string[];
}

const propagations = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}

function cleanDestination(text: string): string {
  if (!text.startsWith('/')) throw invalid(`invalid mount path: '${text}' mount path must be absolute`);
  const clean = posix.normalize(text).replace(/(.)\/+$/, '$1');
  if (clean === '/') throw invalid(`invalid volume specification: destination can't be '/'`);
  if (text.includes('\0')) throw invalid('invalid mount path: it has a NUL character');
  return clean;
}

function request(type: MountRequest['type'], destination: string, rest: Partial<MountRequest> = {}): MountRequest {
  return {
    type,
    destination: cleanDestination(destination),
    source: '',
    readOnly: false,
    mode: '',
    propagation: '',
    recursive: true,
    createSource: false,
    noCopy: false,
    subpath: '',
    driver: '',
    driverOptions: {},
    labels: {},
    options: [],
    ...rest,
  };
}

/** Docker's rule for volume names. */
const volumeNamePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** `source:destination[:options]`, or `destination` alone. Throws `InvalidArgument`. */
function parseBind(text: string, volumeDriver = ''): MountRequest {
  const parts = text.split(':');
  if (parts.length > 3 || parts.some((part) => part === '')) throw invalid(`invalid volume specification: '${text}'`);
  const [first = '', destination, mode = ''] = parts;
  if (destination === undefined) return request('volume', first, { driver: volumeDriver });
  const words = mode === '' ? [] : mode.split(',');
  const known = new Set(['ro', 'rw', 'z', 'Z', 'nocopy', 'cached', 'delegated', 'consistent', ...propagations]);
  const wrong = words.find((word) => !known.has(word));
  if (wrong !== undefined || (words.includes('ro') && words.includes('rw'))) throw invalid(`invalid mode: ${mode}`);
  const isBind = first.startsWith('/');
  if (!isBind && !volumeNamePattern.test(first)) {
    const hint =
      first.startsWith('.') || first.startsWith('~')
        ? ' If you intended to pass a host directory, use absolute path.'
        : '';
    throw invalid(
      `create ${first}: "${first}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed.${hint}`,
    );
  }
  return request(isBind ? 'bind' : 'volume', destination, {
    source: isBind ? posix.normalize(first).replace(/(.)\/+$/, '$1') : first,
    readOnly: words.includes('ro'),
    mode,
    propagation: words.find((word) => propagations.has(word)) ?? (isBind ? 'rprivate' : ''),
    createSource: isBind,
    noCopy: words.includes('nocopy'),
    driver: isBind ? '' : volumeDriver,
  });
}

function fromMount(mount: Mount): MountRequest {
  const readOnly = mount.ReadOnly === true;
  const source = mount.Source ?? '';
  switch (mount.Type) {
    case 'bind': {
      if (source === '') throw invalid(`invalid mount config for type "bind": field Source must not be empty`);
      if (!source.startsWith('/'))
        throw invalid(
          `invalid mount config for type "bind": invalid mount path: '${source}' mount path must be absolute`,
        );
      const propagation = mount.BindOptions?.Propagation || 'rprivate';
      if (!propagations.has(propagation))
        throw invalid(`invalid mount config for type "bind": invalid propagation mode: ${propagation}`);
      return request('bind', mount.Target, {
        source: posix.normalize(source),
        readOnly,
        propagation,
        recursive: mount.BindOptions?.NonRecursive !== true,
        createSource: mount.BindOptions?.CreateMountpoint === true,
      });
    }
    case 'volume': {
      const options = mount.VolumeOptions;
      if (source !== '' && !volumeNamePattern.test(source))
        throw invalid(
          `invalid mount config for type "volume": "${source}" includes invalid characters for a local volume name`,
        );
      const subpath = options?.Subpath ?? '';
      if (subpath.startsWith('/') || subpath.split('/').includes('..'))
        throw invalid(`invalid mount config for type "volume": subpath must be a relative path within the volume`);
      if (subpath !== '' && source === '')
        throw invalid(`invalid mount config for type "volume": must not set Subpath when using anonymous volumes`);
      return request('volume', mount.Target, {
        source,
        readOnly,
        noCopy: options?.NoCopy === true,
        subpath,
        labels: options?.Labels ?? {},
        driver: options?.DriverConfig?.Name ?? '',
        driverOptions: options?.DriverConfig?.Options ?? {},
        mode: 'z',
      });
    }
    case 'tmpfs': {
      if (source !== '') throw invalid(`invalid mount config for type "tmpfs": field Source must not be specified`);
      const { SizeBytes, Mode, Options = [] } = mount.TmpfsOptions ?? {};
      const unknown = Options.find(([name = '', value]) => value === undefined && !tmpfsFlags.has(name));
      if (unknown !== undefined)
        throw invalid(`invalid mount config for type "tmpfs": invalid option: ${unknown.join('=')}`);
      const options = [
        ...(readOnly ? ['ro'] : []),
        ...(SizeBytes === undefined || SizeBytes === 0 ? [] : [`size=${SizeBytes}`]),
        ...(Mode === undefined || Mode === 0 ? [] : [`mode=${Mode.toString(8)}`]),
        ...Options.map((pair) => pair.join('=')),
      ];
      return request('tmpfs', mount.Target, { readOnly, options });
    }
    case 'image':
      if (source === '') throw invalid(`invalid mount config for type "image": field Source must not be empty`);
      return request('image', mount.Target, { source, readOnly: true, subpath: mount.ImageOptions?.Subpath ?? '' });
    default:
      throw invalid(`invalid mount config for type "${mount.Type}": mount type unknown`);
  }
}

const tmpfsFlags = new Set(
  'ro rw exec noexec suid nosuid dev nodev sync async dirsync atime noatime diratime nodiratime relatime norelatime strictatime'.split(
    ' ',
  ),
);

function fromTmpfs([destination, text]: [string, string]): MountRequest {
  const options = text === '' ? [] : text.split(',');
  for (const option of options)
    if (!tmpfsFlags.has(option) && !/^(?:size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=/.test(option))
      throw invalid(`invalid tmpfs option ["${option}"]`);
  return request('tmpfs', destination, { options, readOnly: options.includes('ro') });
}

/**
 * Everything asked for, one request per destination; `inherited` is what --volumes-from brings. Said twice in the same call is
 * refused (`Duplicate mount point`); what is asked for explicitly comes before what is inherited or declared by the image.
 */
export function mountRequests(
  config: Pick<ContainerConfig, 'Volumes'>,
  host: HostConfig,
  inherited: readonly MountRequest[],
): MountRequest[] {
  const explicit = [
    ...(host.Binds ?? []).map((text) => parseBind(text, host.VolumeDriver)),
    ...(host.Mounts ?? []).map(fromMount),
    ...Object.entries(host.Tmpfs ?? {}).map(fromTmpfs),
  ];
  const chosen = new Map<string, MountRequest>();
  for (const wanted of explicit) {
    if (chosen.has(wanted.destination)) throw invalid(`Duplicate mount point: ${wanted.destination}`);
    chosen.set(wanted.destination, wanted);
  }
  const declared = Object.keys(config.Volumes ?? {}).map((path) => parseBind(path, host.VolumeDriver));
  for (const wanted of [...inherited, ...declared])
    if (!chosen.has(wanted.destination)) chosen.set(wanted.destination, wanted);
  return [...chosen.values()];
}
