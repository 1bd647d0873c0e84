// Creating a container: everything is checked and prepared, then the record is written. Without a record there is no
// container: directories that a killed helper left are removed at the next start.
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { formatPlatform } from '../image/platform.ts';
import { removeTree } from '../native/filesystem.ts';
import type { CreatedContainer } from '../protocol/container.ts';
import type { ContainerConfig, EndpointSettings, HostConfig } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Params } from '../protocol/methods.ts';
import { mergeConfig } from './config_merge.ts';
import { checkCreate } from './create_checks.ts';
import type { ContainerImage } from './dependencies.ts';
import { makeDirectories } from './directories.ts';
import { keepableLimits } from './limits.ts';
import { type MountRequest, mountRequests } from './mount_requests.ts';
import { checkName, generateName } from './names.ts';
import { networkClient, usesNetworks } from './network_client.ts';
import { foreignRuntime } from './oci_command.ts';
import { type ContainerMount, type ContainerRecord, zeroTime } from './record.ts';
import { mountRootfs, unmountRootfs } from './rootfs.ts';
import { type ContainerServices, directories, publish } from './services.ts';
import { commandOf } from './spec/generate.ts';
import { timestamp } from './time.ts';

/** Docker's defaults, so that inspect shows what is in force. */
function normaliseHost(host: HostConfig, services: ContainerServices): HostConfig {
  const { options } = services.context;
  const log = host.LogConfig ?? {};
  return {
    ...host,
    NetworkMode: host.NetworkMode || 'default',
    IpcMode: host.IpcMode || 'private',
    CgroupnsMode:
      host.CgroupnsMode || (services.facts.cgroupVersion === 2 && host.Privileged !== true ? 'private' : 'host'),
    ShmSize: host.ShmSize || options.defaultShmSize,
    RestartPolicy: {
      Name: host.RestartPolicy?.Name || 'no',
      MaximumRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    LogConfig: {
      Type: log.Type || options.logDriver,
      Config: { ...(log.Type ? {} : options.logOptions), ...log.Config },
    },
    Runtime: host.Runtime || options.defaultRuntime,
  };
}

/** What --volumes-from takes over: every mount of the other container, perhaps read-only. */
function inheritedMounts(services: ContainerServices, host: HostConfig): MountRequest[] {
  return (host.VolumesFrom ?? []).flatMap((text) => {
    const [ref = '', mode = 'rw'] = text.split(':', 2);
    if (!['ro', 'rw', 'z', 'Z'].includes(mode))
      throw new EngineError('InvalidArgument', `invalid mode for volumes-from: ${mode}`);
    return services.store
      .find(ref)
      .record.mounts.filter(({ type }) => type === 'bind' || type === 'volume')
      .map((mount) => ({
        ...mount,
        source: mount.type === 'volume' ? mount.name : mount.source,
        readOnly: mount.readOnly || mode === 'ro',
      }));
  });
}

/** Throws InvalidArgument: a missing image alone is told as NotFound. */
function assertLinkable({ store }: ContainerServices, link: string): void {
  const [name = ''] = link.replace(/^\//, '').split(':');
  try {
    store.find(name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EngineError('InvalidArgument', `could not get container for ${name}: ${why}`);
  }
}

function checkBindSource({ source, createSource, destination }: MountRequest): void {
  try {
    statSync(source);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !createSource)
      throw new EngineError(
        'InvalidArgument',
        `invalid mount config for type "bind": bind source path does not exist: ${source}`,
        {
          details: { Destination: destination },
        },
      );
    mkdirSync(source, { recursive: true, mode: 0o755 });
  }
}

async function resolveMount(services: ContainerServices, wanted: MountRequest): Promise<ContainerMount> {
  if (wanted.type === 'bind') checkBindSource(wanted);
  if (wanted.type === 'image') {
    const image = await services.images.resolve(wanted.source);
    return { ...wanted, name: image.id };
  }
  if (wanted.type !== 'volume') return { ...wanted, name: '' };
  const volume = await services.volumes.ensure({
    ...(wanted.source === '' ? {} : { name: wanted.source }),
    ...(wanted.driver === '' ? {} : { driver: wanted.driver }),
    options: wanted.driverOptions,
    labels: wanted.labels,
  });
  return { ...wanted, name: volume.name, driver: volume.driver };
}

/** New volumes take over what the image has at their place. */
async function populateVolumes(
  services: ContainerServices,
  record: ContainerRecord,
  image: ContainerImage,
): Promise<void> {
  const volumes = record.mounts.filter(({ type, noCopy, subpath }) => type === 'volume' && !noCopy && subpath === '');
  if (volumes.length === 0) return;
  const { rootfs } = directories(services, record);
  await mountRootfs(services, record, image.lowerDirs);
  try {
    for (const { name, destination } of volumes) await services.volumes.populate(name, rootfs, destination);
  } finally {
    await unmountRootfs(services, record);
  }
}

function hostnameOf(services: ContainerServices, config: ContainerConfig, host: HostConfig, id: string): string {
  if (config.Hostname) return config.Hostname;
  if (host.UTSMode === 'host' || host.NetworkMode === 'host') return hostname();
  const mode = host.NetworkMode ?? '';
  if (mode.startsWith('container:'))
    return services.store.find(mode.slice('container:'.length)).record.config.Hostname ?? id.slice(0, 12);
  return id.slice(0, 12);
}

/** Names of other containers become ids, so that a rename does not lead elsewhere. */
function resolveModes(services: ContainerServices, host: HostConfig): HostConfig {
  const resolved = { ...host };
  for (const field of ['NetworkMode', 'IpcMode', 'PidMode'] as const) {
    const mode = resolved[field] ?? '';
    if (mode.startsWith('container:')) resolved[field] = `container:${services.store.find(mode.slice(10)).id}`;
  }
  return resolved;
}

function endpointsOf(params: Params<'container.create'>, host: HostConfig): Record<string, EndpointSettings> {
  if (!usesNetworks(host)) return {};
  const mode = host.NetworkMode === 'default' ? 'bridge' : (host.NetworkMode ?? 'bridge');
  const given = { ...params.NetworkingConfig?.EndpointsConfig };
  const settings = given[mode] ?? given['default'] ?? {};
  delete given['default'];
  const mac = params.Config.MacAddress;
  return { [mode]: mac && !settings.MacAddress ? { ...settings, MacAddress: mac } : settings, ...given };
}

function warningsOf(host: HostConfig, services: ContainerServices): string[] {
  const warnings: string[] = [];
  if (host.NetworkMode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0)
    warnings.push('Published ports are discarded when using host network mode');
  const { rootless, hostPorts } = services.context;
  if (rootless && hostPorts === undefined && Object.keys(host.PortBindings ?? {}).length > 0)
    warnings.push('Published ports of a rootless engine are reached from its own network namespace only');
  if ((host.Memory ?? 0) > 0 && !services.facts.hasSwapAccounting && host.MemorySwap !== -1)
    warnings.push(
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    );
  if (host.OomKillDisable === true && (host.Memory ?? 0) === 0)
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  return warnings;
}

/** The verb. Throws NotFound for the image (clients pull it then), AlreadyExists for the name. */
export async function createContainer(
  services: ContainerServices,
  params: Params<'container.create'>,
): Promise<CreatedContainer> {
  const { store, images, facts, networks } = services;
  const name = params.Name ? checkName(params.Name) : undefined;
  if (name !== undefined) store.assertNameFree(name);
  const asked = resolveModes(services, normaliseHost(params.HostConfig ?? {}, services));
  const { limits: host, warnings } = keepableLimits(asked, facts.missingControllers);
  if (!params.Config.Image) throw new EngineError('InvalidArgument', 'config.Image cannot be empty');
  foreignRuntime(services, host.Runtime ?? '');
  for (const link of host.Links ?? []) assertLinkable(services, link);
  checkCreate(params.Config, host, { ...facts, cpus: availableParallelism() });
  const image = await images.resolve(params.Config.Image, params.Platform || undefined);
  const id = randomBytes(32).toString('hex');
  const merged = mergeConfig(params.Config, image.config.config);
  const config = { ...merged, Hostname: hostnameOf(services, merged, host, id) };
  // What the image adds is checked too; the host name that the engine chooses is nobody's wish.
  checkCreate(merged, host, { ...facts, cpus: availableParallelism() });
  commandOf(config);
  const requests = mountRequests(config, host, inheritedMounts(services, host));
  const mounts = await Promise.all(requests.map((wanted) => resolveMount(services, wanted)));
  const record: ContainerRecord = {
    id,
    name: name ?? generateName((candidate) => store.byName(candidate) === undefined),
    created: timestamp(),
    imageId: image.id,
    imageSize: image.size,
    platform: formatPlatform(image.config),
    config,
    hostConfig: host,
    mounts,
    endpoints: endpointsOf(params, host),
    attachment: undefined,
    state: {
      status: 'created',
      pid: 0,
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: zeroTime,
      finishedAt: zeroTime,
      health: undefined,
    },
    restartCount: 0,
    stoppedByUser: false,
  };
  if (usesNetworks(host)) networks.validate(networkClient(record));
  const paths = directories(services, record);
  makeDirectories(paths);
  try {
    await populateVolumes(services, record, image);
    const container = store.insert(record);
    publish(services, container, 'create');
  } catch (error) {
    await removeTree(paths.data);
    throw error;
  }
  return { Id: id, Warnings: [...warnings, ...warningsOf(host, services)] };
}
