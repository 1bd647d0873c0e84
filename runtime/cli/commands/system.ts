// system df, events, info, prune, doctor; version
import type { DiskUsage, SystemInfo } from '../../protocol/system.ts';
import { protocolVersion } from '../../protocol/version.ts';
import {
  type CommandSpec,
  filterOption,
  flag,
  forceOption,
  formatOption,
  type Invocation,
  pruneFilterOption,
  text,
} from '../command.ts';
import type { CliContext } from '../context.ts';
import { eventText, goEvent } from '../format/event.ts';
import { alignColumns, renderInspect, renderList, type TableSpec } from '../format/table.ts';
import { compileTemplate, goJson } from '../format/template.ts';
import { ago, binarySize, humanSize, shortId } from '../format/units.ts';
import { toFilters } from '../options/values.ts';
import { containerRow } from './container_list.ts';
import { confirm } from './many.ts';

function infoText(info: SystemInfo): string {
  const lines = [
    'Server:',
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ` Server Version: ${info.ServerVersion}`,
    ` Storage Driver: ${info.Driver}`,
    ...info.DriverStatus.map(([name, value]) => `  ${name}: ${value}`),
    ` Cgroup Driver: ${info.CgroupDriver}`,
    ` Cgroup Version: ${info.CgroupVersion}`,
    ` Plugins:`,
    `  Volume: ${info.Plugins.Volume.join(' ')}`,
    `  Network: ${info.Plugins.Network.join(' ')}`,
    `  Log: ${info.Plugins.Log.join(' ')}`,
    ` Runtimes: ${Object.keys(info.Runtimes).join(' ')}`,
    ` Default Runtime: ${info.DefaultRuntime}`,
    ` Init Binary: ${info.InitBinary}`,
    ` Security Options: ${info.SecurityOptions.map((option) => /name=(\w+)/.exec(option)?.[1] ?? option).join(' ')}`,
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${binarySize(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` Root Dir: ${info.DockerRootDir}`,
    ` Exec Root: ${info.ExecRoot}`,
    ` Socket: ${info.Socket}`,
    ` Rootless: ${info.Rootless}`,
    ` Debug Mode: ${info.Debug}`,
  ];
  const limits = info.Limitations.map(
    ({ Message, Remedy }) => `WARNING: ${Message}${Remedy === undefined ? '' : `; ${Remedy}`}`,
  );
  return `${[...lines, '', ...limits].join('\n').trimEnd()}\n`;
}

function print(context: CliContext, format: string | undefined, value: unknown, plain: () => string): void {
  if (format === undefined || format === '') context.out(plain());
  else if (format === 'json') context.out(`${goJson(value)}\n`);
  else context.out(`${compileTemplate(format)(value)}\n`);
}

async function info(input: Invocation, context: CliContext): Promise<number> {
  const value = await (await context.engine()).call('system.info', {});
  print(context, input.text('format'), value, () => infoText(value));
  return 0;
}

async function version(input: Invocation, context: CliContext): Promise<number> {
  const Client = {
    Version: '0.1.0',
    ProtocolVersion: protocolVersion,
    NodeVersion: process.version,
    Os: 'linux',
    Arch: process.arch === 'x64' ? 'amd64' : process.arch,
  };
  const format = input.text('format');
  // Someone who only asks for the client's needs no engine.
  const needsServer = format === undefined || /json|\.Server/.test(format);
  const Server = needsServer ? await (await context.engine()).call('system.version', {}) : undefined;
  print(context, format, { Client, Server }, () => {
    const part = (title: string, fields: Readonly<Record<string, unknown>>) =>
      `${title}:\n${alignColumns(Object.entries(fields).map(([name, value]) => [` ${name}:`, String(value)]))}`;
    const server =
      Server === undefined
        ? {}
        : {
            Version: Server.Version,
            ProtocolVersion: Server.ProtocolVersion,
            'API version': `${Server.ApiVersion} (minimum version ${Server.MinAPIVersion})`,
            NodeVersion: Server.NodeVersion,
            Kernel: Server.KernelVersion,
            'OS/Arch': `${Server.Os}/${Server.Arch}`,
          };
    return `${part('Client', Client)}\n${part('Server', server)}`;
  });
  return 0;
}

async function events(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const format = input.text('format');
  const render =
    format === undefined || format === '' ? undefined : format === 'json' ? goJson : compileTemplate(format);
  const [since, until] = [input.text('since'), input.text('until')];
  await using subscription = await client.subscribe(
    {
      Filters: toFilters(input.list('filter')),
      ...(since === undefined ? {} : { Since: since }),
      ...(until === undefined ? {} : { Until: until }),
    },
    (batch) => {
      for (const event of batch) context.out(`${render === undefined ? eventText(event) : render(goEvent(event))}\n`);
    },
  );
  await subscription.ended;
  return 0;
}

interface UsageRow {
  readonly Type: string;
  readonly TotalCount: string;
  readonly Active: string;
  readonly Size: string;
  readonly Reclaimable: string;
}

function usageRow(type: string, total: number, active: number, size: number, reclaimable: number): UsageRow {
  const percent = size > 0 ? ` (${Math.floor((reclaimable * 100) / size)}%)` : '';
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(size, 4),
    Reclaimable: `${humanSize(reclaimable, 4)}${percent}`,
  };
}

function usageRows(usage: DiskUsage): UsageRow[] {
  const used = new Set(usage.Containers.map(({ ImageID }) => ImageID));
  const activeImages = usage.Images.filter(({ Id }) => used.has(Id));
  const usedSize = activeImages.reduce((sum, { Size, SharedSize }) => sum + Size - Math.max(SharedSize, 0), 0);
  const running = usage.Containers.filter(({ State }) => ['running', 'paused', 'restarting'].includes(State));
  const sum = <T>(items: readonly T[], size: (item: T) => number) =>
    items.reduce((total, item) => total + size(item), 0);
  const containerSize = sum(usage.Containers, ({ SizeRw = 0 }) => SizeRw);
  const volumeSize = sum(usage.Volumes, ({ UsageData }) => Math.max(UsageData?.Size ?? 0, 0));
  const freeVolumes = usage.Volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) <= 0);
  const cacheSize = sum(usage.BuildCache, ({ Size }) => Size);
  return [
    usageRow(
      'Images',
      usage.Images.length,
      activeImages.length,
      usage.LayersSize,
      Math.max(0, usage.LayersSize - usedSize),
    ),
    usageRow(
      'Containers',
      usage.Containers.length,
      running.length,
      containerSize,
      containerSize - sum(running, ({ SizeRw = 0 }) => SizeRw),
    ),
    usageRow(
      'Local Volumes',
      usage.Volumes.length,
      usage.Volumes.length - freeVolumes.length,
      volumeSize,
      sum(freeVolumes, ({ UsageData }) => Math.max(UsageData?.Size ?? 0, 0)),
    ),
    usageRow(
      'Build Cache',
      usage.BuildCache.length,
      usage.BuildCache.filter(({ InUse }) => InUse).length,
      cacheSize,
      sum(
        usage.BuildCache.filter(({ InUse }) => !InUse),
        ({ Size }) => Size,
      ),
    ),
  ];
}

const usageTable: TableSpec = {
  headings: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
};

function verboseUsage(usage: DiskUsage): string {
  const images = usage.Images.flatMap(({ RepoTags, Id, Created, Size, SharedSize, Containers }) =>
    (RepoTags.length > 0 ? RepoTags : ['<none>:<none>']).map((name) => {
      const colon = name.lastIndexOf(':');
      return [
        name.slice(0, colon),
        name.slice(colon + 1),
        shortId(Id),
        ago(Created * 1000),
        humanSize(Size),
        humanSize(Math.max(SharedSize, 0), 4),
        humanSize(Size - Math.max(SharedSize, 0), 4),
        String(Math.max(Containers, 0)),
      ];
    }),
  );
  const containers = usage.Containers.map((container) => {
    const row = containerRow(container, true);
    return ['ID', 'Image', 'Command', 'LocalVolumes']
      .map((name) => String(row[name]))
      .concat(humanSize(container.SizeRw ?? 0, 4), String(row['RunningFor']), container.Status, String(row['Names']));
  });
  const volumes = usage.Volumes.map(({ Name, UsageData }) => [
    Name,
    String(UsageData?.RefCount ?? 0),
    humanSize(Math.max(UsageData?.Size ?? 0, 0), 4),
  ]);
  const cache = usage.BuildCache.map(({ ID, Type, Size, CreatedAt, LastUsedAt, UsageCount, Shared }) => [
    shortId(ID),
    Type,
    humanSize(Size),
    ago(Date.parse(CreatedAt)),
    LastUsedAt === null ? '' : ago(Date.parse(LastUsedAt)),
    String(UsageCount),
    String(Shared),
  ]);
  return [
    `Images space usage:\n\n${alignColumns([['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'], ...images])}`,
    `Containers space usage:\n\n${alignColumns([['CONTAINER ID', 'IMAGE', 'COMMAND', 'LOCAL VOLUMES', 'SIZE', 'CREATED', 'STATUS', 'NAMES'], ...containers])}`,
    `Local Volumes space usage:\n\n${alignColumns([['VOLUME NAME', 'LINKS', 'SIZE'], ...volumes])}`,
    `Build cache usage: ${humanSize(usage.BuildCache.reduce((sum, { Size }) => sum + Size, 0))}\n\n${alignColumns([['CACHE ID', 'CACHE TYPE', 'SIZE', 'CREATED', 'LAST USED', 'USAGE', 'SHARED'], ...cache])}`,
  ].join('\n');
}

async function df(input: Invocation, context: CliContext): Promise<number> {
  const usage = await (await context.engine()).call('system.diskUsage', {});
  const format = input.text('format');
  if (input.flag('verbose')) context.out(format === undefined ? verboseUsage(usage) : renderInspect([usage], format));
  else
    context.out(
      renderList(
        usageRows(usage).map((row) => ({ ...row })),
        usageTable,
        format,
      ),
    );
  return 0;
}

async function prune(input: Invocation, context: CliContext): Promise<number> {
  const all = input.flag('all');
  const volumes = input.flag('volumes');
  const Filters = toFilters(input.list('filter'));
  const parts = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ];
  if (
    !input.flag('force') &&
    !(await confirm(context, `WARNING! This will remove:\n${parts.map((part) => `  - ${part}`).join('\n')}\n`))
  )
    return 0;
  const client = await context.engine();
  let reclaimed = 0;
  const report = (title: string, names: readonly string[], size: number) => {
    if (names.length > 0) context.out(`${title}:\n${names.join('\n')}\n\n`);
    reclaimed += size;
  };
  const containers = await client.call('container.prune', { Filters });
  report('Deleted Containers', containers.ContainersDeleted, containers.SpaceReclaimed);
  report('Deleted Networks', (await client.call('network.prune', { Filters })).NetworksDeleted, 0);
  if (volumes) {
    const { until: _, ...volumeFilters } = Filters;
    const pruned = await client.call('volume.prune', { Filters: volumeFilters });
    report('Deleted Volumes', pruned.VolumesDeleted, pruned.SpaceReclaimed);
  }
  const images = await client.call('image.prune', { Filters: { ...Filters, dangling: [String(!all)] } });
  report(
    'Deleted Images',
    images.ImagesDeleted.map(({ Untagged, Deleted }) =>
      Untagged === undefined ? `deleted: ${Deleted ?? ''}` : `untagged: ${Untagged}`,
    ),
    images.SpaceReclaimed,
  );
  const cache = await client.call('build.cachePrune', { All: all });
  report('Deleted build cache objects', cache.CachesDeleted, cache.SpaceReclaimed);
  context.out(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
  return 0;
}

async function doctor(_input: Invocation, context: CliContext): Promise<number> {
  const checks = await (await context.engine()).call('system.doctor', {});
  const signs = { ok: 'ok', warning: 'warning', error: 'ERROR' };
  for (const { Title, Status, Message, Fix } of checks)
    context.out(`${signs[Status].padEnd(8)} ${Title}: ${Message}${Fix === undefined ? '' : `\n         ${Fix}`}\n`);
  return checks.some(({ Status }) => Status === 'error') ? 1 : 0;
}

export const systemCommands: readonly CommandSpec[] = [
  {
    path: ['system', 'info'],
    aliases: [['info']],
    summary: 'Display system-wide information',
    usage: '[OPTIONS]',
    options: [text('format', 'string', 'Format output using a custom template', 'f')],
    min: 0,
    max: 0,
    run: info,
  },
  {
    path: ['version'],
    summary: 'Show the Slipway version information',
    usage: '[OPTIONS]',
    options: [text('format', 'string', 'Format output using a custom template', 'f')],
    min: 0,
    max: 0,
    run: version,
  },
  {
    path: ['system', 'events'],
    aliases: [['events']],
    summary: 'Get real time events from the engine',
    usage: '[OPTIONS]',
    options: [
      filterOption,
      formatOption,
      text('since', 'string', 'Show all events created since timestamp'),
      text('until', 'string', 'Stream events until this timestamp'),
    ],
    min: 0,
    max: 0,
    run: events,
  },
  {
    path: ['system', 'df'],
    summary: 'Show disk usage',
    usage: '[OPTIONS]',
    options: [formatOption, flag('verbose', 'Show detailed information on space usage', 'v')],
    min: 0,
    max: 0,
    run: df,
  },
  {
    path: ['system', 'prune'],
    summary: 'Remove unused data',
    usage: '[OPTIONS]',
    options: [
      flag('all', 'Remove all unused images not just dangling ones', 'a'),
      pruneFilterOption,
      forceOption,
      flag('volumes', 'Prune anonymous volumes'),
    ],
    min: 0,
    max: 0,
    run: prune,
  },
  {
    path: ['system', 'doctor'],
    aliases: [['doctor']],
    summary: 'Check kernel, cgroups, ids, file systems and ports, with what fixes each',
    usage: '',
    options: [],
    min: 0,
    max: 0,
    run: doctor,
  },
];
