// ps, port, top, diff: looking at containers.
import type { ContainerSummary, Port } from '../../protocol/container_views.ts';
import {
  type CommandSpec,
  filterOption,
  flag,
  formatOption,
  type Invocation,
  noTruncOption,
  number,
  quietOption,
} from '../command.ts';
import type { CliContext } from '../context.ts';
import { alignColumns, renderList, type TableRow, type TableSpec } from '../format/table.ts';
import { ago, ellipsis, humanSize, shortId } from '../format/units.ts';
import { toFilters } from '../options/values.ts';

const table: TableSpec = {
  headings: {
    ID: 'CONTAINER ID',
    Names: 'NAMES',
    Image: 'IMAGE',
    Command: 'COMMAND',
    RunningFor: 'CREATED',
    CreatedAt: 'CREATED AT',
    Ports: 'PORTS',
    Status: 'STATUS',
    State: 'STATE',
    Size: 'SIZE',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    Networks: 'NETWORKS',
    LocalVolumes: 'LOCAL VOLUMES',
    Label: '',
  },
  columns: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'],
};

/** By code units: IPv4 addresses come before IPv6. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Group {
  readonly ip: string;
  readonly protocol: string;
  first: number;
  last: number;
  outside: number | undefined;
}

/** `0.0.0.0:8080->80/tcp, 443/tcp`, neighbours drawn together as ranges. */
function portsText(ports: readonly Port[]): string {
  const groups: Group[] = [];
  const sorted = [...ports].sort(
    (a, b) => compareText(a.IP ?? '', b.IP ?? '') || compareText(a.Type, b.Type) || a.PrivatePort - b.PrivatePort,
  );
  for (const { IP = '', PrivatePort, PublicPort, Type } of sorted) {
    const last = groups.at(-1);
    const offset = last === undefined ? 0 : PrivatePort - last.first;
    const continues =
      last !== undefined &&
      last.ip === IP &&
      last.protocol === Type &&
      PrivatePort === last.last + 1 &&
      PublicPort === (last.outside === undefined ? undefined : last.outside + offset);
    if (continues) last.last = PrivatePort;
    else groups.push({ ip: IP, protocol: Type, first: PrivatePort, last: PrivatePort, outside: PublicPort });
  }
  const range = (from: number, count: number) => (count === 0 ? String(from) : `${from}-${from + count}`);
  const text = ({ ip, protocol, first, last, outside }: Group) => {
    const inside = `${range(first, last - first)}/${protocol}`;
    return outside === undefined
      ? inside
      : `${ip.includes(':') ? `[${ip}]` : ip}:${range(outside, last - first)}->${inside}`;
  };
  const order = (group: Group) => (group.outside === undefined ? 1 : 0);
  return groups
    .sort((a, b) => order(b) - order(a))
    .map(text)
    .join(', ');
}

/** Go's time.Time as `docker ps` prints it. */
export function goTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}${pad(Math.abs(offset) % 60)}`;
  const name = /\(([^)]+)\)/.exec(date.toString())?.[1] ?? 'UTC';
  const short =
    offset === 0
      ? 'UTC'
      : name
          .split(' ')
          .map((word) => word[0])
          .join('');
  const fraction = date.getMilliseconds() === 0 ? '' : (date.getMilliseconds() / 1000).toString().slice(1);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}${fraction} ${zone} ${short}`;
}

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

export function containerRow(container: ContainerSummary, trunc: boolean): TableRow {
  const mounts = container.Mounts.map(({ Name, Source }) => Name ?? Source);
  const labels = container.Labels;
  return {
    ID: trunc ? shortId(container.Id) : container.Id,
    Names: container.Names.map((name) => name.slice(1)).join(','),
    Image: trunc ? container.Image.replace(/@sha256:[0-9a-f]+$/, '') : container.Image,
    Command: `"${trunc ? ellipsis(container.Command, 20) : container.Command}"`,
    CreatedAt: goTime(container.Created),
    RunningFor: ago(container.Created * 1000),
    Ports: portsText(container.Ports),
    State: container.State,
    Status: container.Status,
    Size:
      container.SizeRw === undefined
        ? '0B'
        : `${humanSize(container.SizeRw)} (virtual ${humanSize(container.SizeRootFs ?? 0)})`,
    Labels: labelsText(labels),
    Label: (name: string) => labels[name] ?? '',
    Platform: null,
    Mounts: mounts.map((name) => (trunc ? ellipsis(name, 15) : name)).join(','),
    LocalVolumes: String(container.Mounts.filter(({ Type }) => Type === 'volume').length),
    Networks: Object.keys(container.NetworkSettings.Networks).join(','),
  };
}

async function ps(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const last = input.flag('latest') ? 1 : (input.number('last') ?? -1);
  const size = input.flag('size') || /\{\{[^}]*(?:\.Size|json \.\s*\})/.test(input.text('format') ?? '');
  const rows = await client.call('container.list', {
    All: input.flag('all'),
    Size: size,
    ...(last > 0 ? { Limit: last } : {}),
    Filters: toFilters(input.list('filter')),
  });
  const trunc = !input.flag('no-trunc');
  if (input.flag('quiet') && !input.has('format')) {
    for (const { Id } of rows) context.out(`${trunc ? shortId(Id) : Id}\n`);
    return 0;
  }
  const spec = input.flag('size') ? { ...table, columns: [...table.columns, 'Size'] } : table;
  context.out(
    renderList(
      rows.map((row) => containerRow(row, trunc)),
      spec,
      input.text('format'),
    ),
  );
  return 0;
}

async function port(input: Invocation, context: CliContext): Promise<number> {
  const [ref = '', wanted] = input.args;
  const { NetworkSettings } = await (await context.engine()).call('container.inspect', { Container: ref });
  const published = Object.entries(NetworkSettings.Ports).filter(([, bindings]) => bindings !== null);
  const address = ({ HostIp = '', HostPort = '' }) => `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`;
  if (wanted === undefined) {
    const lines = published.flatMap(([key, bindings]) =>
      (bindings ?? []).map((binding) => `${key} -> ${address(binding)}\n`),
    );
    context.out(lines.sort().join(''));
    return 0;
  }
  const key = wanted.includes('/') ? wanted : `${wanted}/tcp`;
  const bindings = published.find(([name]) => name === key)?.[1] ?? [];
  if (bindings.length === 0) throw new Error(`No public port '${wanted}' published for ${ref}`);
  context.out(bindings.map((binding) => `${address(binding)}\n`).join(''));
  return 0;
}

async function top(input: Invocation, context: CliContext): Promise<number> {
  const [ref = '', ...args] = input.args;
  const { Titles, Processes } = await (await context.engine()).call('container.top', {
    Container: ref,
    PsArgs: args.join(' '),
  });
  context.out(alignColumns([Titles, ...Processes], 20));
  return 0;
}

async function diff(input: Invocation, context: CliContext): Promise<number> {
  const changes = await (await context.engine()).call('container.changes', { Container: input.args[0] ?? '' });
  const rows = changes.map(({ Path, Kind }) => ({ Type: 'CAD'[Kind] ?? '', Path }));
  const format = input.text('format');
  if (format === undefined) context.out(rows.map(({ Type, Path }) => `${Type} ${Path}\n`).join(''));
  else
    context.out(
      renderList(rows, { headings: { Type: 'CHANGE TYPE', Path: 'PATH' }, columns: ['Type', 'Path'] }, format),
    );
  return 0;
}

export const containerListCommands: readonly CommandSpec[] = [
  {
    path: ['container', 'ls'],
    aliases: [['ps'], ['container', 'ps'], ['container', 'list']],
    summary: 'List containers',
    usage: '[OPTIONS]',
    options: [
      flag('all', 'Show all containers (default shows just running)', 'a'),
      filterOption,
      formatOption,
      number('last', 'int', 'Show n last created containers (includes all states)', 'n'),
      flag('latest', 'Show the latest created container (includes all states)', 'l'),
      noTruncOption,
      quietOption,
      flag('size', 'Display total file sizes', 's'),
    ],
    min: 0,
    max: 0,
    run: ps,
  },
  {
    path: ['container', 'port'],
    aliases: [['port']],
    summary: 'List port mappings or a specific mapping for the container',
    usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
    options: [],
    min: 1,
    max: 2,
    completes: 'container',
    run: port,
  },
  {
    path: ['container', 'top'],
    aliases: [['top']],
    summary: 'Display the running processes of a container',
    usage: 'CONTAINER [ps OPTIONS]',
    options: [],
    min: 1,
    stopAtFirst: true,
    completes: 'container',
    run: top,
  },
  {
    path: ['container', 'diff'],
    aliases: [['diff']],
    summary: "Inspect changes to files or directories on a container's filesystem",
    usage: 'CONTAINER',
    options: [formatOption],
    min: 1,
    max: 1,
    completes: 'container',
    run: diff,
  },
];
