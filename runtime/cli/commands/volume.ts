// volume create, ls, rm, prune
import {
  type CommandSpec,
  filterOption,
  flag,
  forceOption,
  formatOption,
  type Invocation,
  list,
  pruneFilterOption,
  quietOption,
  text,
} from '../command.ts';
import type { CliContext } from '../context.ts';
import { renderList, type TableSpec } from '../format/table.ts';
import { humanSize } from '../format/units.ts';
import { toFilters, toMap } from '../options/values.ts';
import { UsageError } from '../parse.ts';
import { labelsText } from './container_list.ts';
import { confirm, forEach } from './many.ts';

const table: TableSpec = {
  headings: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
  },
  columns: ['Driver', 'Name'],
};

async function ls(input: Invocation, context: CliContext): Promise<number> {
  const { Volumes } = await (await context.engine()).call('volume.list', { Filters: toFilters(input.list('filter')) });
  const sorted = [...Volumes].sort((a, b) => (a.Name < b.Name ? -1 : 1));
  if (input.flag('quiet') && !input.has('format')) {
    context.out(sorted.map(({ Name }) => `${Name}\n`).join(''));
    return 0;
  }
  const rows = sorted.map(({ Name, Driver, Scope, Mountpoint, Labels, UsageData }) => ({
    Name,
    Driver,
    Scope,
    Mountpoint,
    Labels: labelsText(Labels),
    Label: (name: string) => Labels[name] ?? '',
    // Of swarm's volumes only.
    Availability: 'N/A',
    Group: 'N/A',
    Status: 'N/A',
    Links: UsageData === undefined ? 'N/A' : String(UsageData.RefCount),
    Size: UsageData === undefined || UsageData.Size < 0 ? 'N/A' : humanSize(UsageData.Size),
  }));
  context.out(renderList(rows, table, input.text('format')));
  return 0;
}

async function create(input: Invocation, context: CliContext): Promise<number> {
  const name = input.text('name') ?? input.args[0];
  if (input.has('name') && input.args.length > 0)
    throw new UsageError(
      'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
    );
  const { Name } = await (await context.engine()).call('volume.create', {
    ...(name === undefined ? {} : { Name: name }),
    Driver: input.text('driver') ?? 'local',
    DriverOpts: toMap(input.list('opt')),
    Labels: toMap(input.list('label')),
  });
  context.out(`${Name}\n`);
  return 0;
}

async function remove(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  return await forEach(context, input.args, async (ref) => {
    await client.call('volume.remove', { Volume: ref, Force: input.flag('force') });
    return ref;
  });
}

async function prune(input: Invocation, context: CliContext): Promise<number> {
  const all = input.flag('all');
  const filters = { ...toFilters(input.list('filter')), ...(all ? { all: ['true'] } : {}) };
  const warning = all
    ? 'WARNING! This will remove all volumes not used by at least one container.'
    : 'WARNING! This will remove anonymous local volumes not used by at least one container.';
  if (!input.flag('force') && !(await confirm(context, warning))) return 0;
  const { VolumesDeleted, SpaceReclaimed } = await (await context.engine()).call('volume.prune', { Filters: filters });
  if (VolumesDeleted.length > 0) context.out(`Deleted Volumes:\n${VolumesDeleted.join('\n')}\n\n`);
  context.out(`Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`);
  return 0;
}

export const volumeCommands: readonly CommandSpec[] = [
  {
    path: ['volume', 'ls'],
    aliases: [['volume', 'list']],
    summary: 'List volumes',
    usage: '[OPTIONS]',
    options: [filterOption, formatOption, { ...quietOption, help: 'Only display volume names' }],
    min: 0,
    max: 0,
    run: ls,
  },
  {
    path: ['volume', 'create'],
    summary: 'Create a volume',
    usage: '[OPTIONS] [VOLUME]',
    options: [
      text('driver', 'string', 'Specify volume driver name (default "local")', 'd'),
      list('label', 'list', 'Set metadata for a volume'),
      { ...text('name', 'string', 'Specify volume name'), hidden: true },
      list('opt', 'map', 'Set driver specific options', 'o'),
    ],
    min: 0,
    max: 1,
    run: create,
  },
  {
    path: ['volume', 'rm'],
    aliases: [['volume', 'remove']],
    summary: 'Remove one or more volumes',
    usage: '[OPTIONS] VOLUME [VOLUME...]',
    options: [flag('force', 'Force the removal of one or more volumes', 'f')],
    min: 1,
    completes: 'volume',
    run: remove,
  },
  {
    path: ['volume', 'prune'],
    summary: 'Remove unused local volumes',
    usage: '[OPTIONS]',
    options: [flag('all', 'Remove all unused volumes, not just anonymous ones', 'a'), pruneFilterOption, forceOption],
    min: 0,
    max: 0,
    run: prune,
  },
];
