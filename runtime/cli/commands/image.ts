// images, history, rmi, tag, prune
import { isEngineError } from '../../protocol/errors.ts';
import type { ImageSummary } from '../../protocol/image.ts';
import {
  type CommandSpec,
  filterOption,
  flag,
  forceOption,
  formatOption,
  type Invocation,
  list,
  noTruncOption,
  pruneFilterOption,
  quietOption,
  text,
} from '../command.ts';
import type { CliContext } from '../context.ts';
import { renderList, type TableRow, type TableSpec } from '../format/table.ts';
import { ago, ellipsis, humanSize, shortId } from '../format/units.ts';
import { toFilters } from '../options/values.ts';
import { goTime } from './container_list.ts';
import { confirm, forEach } from './many.ts';

const headings = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
  Containers: 'CONTAINERS',
};
const columns = ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'];
const none = '<none>';

function splitTag(reference: string): [string, string] {
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/')
    ? [reference.slice(0, colon), reference.slice(colon + 1)]
    : [reference, none];
}

interface Name {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** One row per tag; with digests, one per digest and its tags. */
function namesOf({ RepoTags, RepoDigests }: ImageSummary, withDigests: boolean): Name[] {
  const digests = new Map(RepoDigests.map((text) => [text.split('@')[0] ?? '', text.split('@')[1] ?? none] as const));
  const tagged = RepoTags.filter((text) => text !== '<none>:<none>').map((text) => {
    const [repository, tag] = splitTag(text);
    return { repository, tag, digest: digests.get(repository) ?? none };
  });
  if (tagged.length > 0) return tagged;
  const repositories = [...digests.entries()];
  if (repositories.length > 0)
    return repositories
      .slice(0, withDigests ? undefined : 1)
      .map(([repository, digest]) => ({ repository, tag: none, digest }));
  return [{ repository: none, tag: none, digest: none }];
}

function row(image: ImageSummary, { repository, tag, digest }: Name, trunc: boolean): TableRow {
  return {
    Repository: repository,
    Tag: tag,
    Digest: digest,
    ID: trunc ? shortId(image.Id) : image.Id,
    CreatedSince: ago(image.Created * 1000),
    CreatedAt: goTime(image.Created),
    Size: humanSize(image.Size),
    SharedSize: image.SharedSize < 0 ? 'N/A' : humanSize(image.SharedSize),
    UniqueSize: image.SharedSize < 0 ? 'N/A' : humanSize(image.Size - image.SharedSize),
    VirtualSize: humanSize(image.Size, 4),
    Containers: image.Containers < 0 ? 'N/A' : String(image.Containers),
  };
}

async function images(input: Invocation, context: CliContext): Promise<number> {
  const filters = toFilters(input.list('filter'));
  const [reference] = input.args;
  if (reference !== undefined) filters['reference'] = [...(filters['reference'] ?? []), reference];
  const found = await (await context.engine()).call('image.list', { All: input.flag('all'), Filters: filters });
  const trunc = !input.flag('no-trunc');
  if (input.flag('quiet') && !input.has('format')) {
    const ids = found.flatMap((image) => namesOf(image, false).map(() => (trunc ? shortId(image.Id) : image.Id)));
    context.out(ids.map((id) => `${id}\n`).join(''));
    return 0;
  }
  const withDigests = input.flag('digests');
  const spec: TableSpec = {
    headings,
    columns: withDigests ? ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'] : columns,
  };
  const rows = found.flatMap((image) => namesOf(image, withDigests).map((name) => row(image, name, trunc)));
  context.out(renderList(rows, spec, input.text('format')));
  return 0;
}

function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}

async function history(input: Invocation, context: CliContext): Promise<number> {
  const platform = input.text('platform');
  const items = await (await context.engine()).call('image.history', {
    Image: input.args[0] ?? '',
    ...(platform === undefined ? {} : { Platform: platform }),
  });
  const trunc = !input.flag('no-trunc');
  const human = !input.has('human') || input.flag('human');
  if (input.flag('quiet')) {
    context.out(items.map(({ Id }) => `${Id === '<missing>' || !trunc ? Id : shortId(Id)}\n`).join(''));
    return 0;
  }
  const rows = items.map(({ Id, Created, CreatedBy, Size, Comment }) => ({
    ID: Id === '<missing>' || !trunc ? Id : shortId(Id),
    CreatedSince: human ? ago(Created * 1000) : isoSeconds(Created),
    CreatedAt: isoSeconds(Created),
    CreatedBy: trunc ? ellipsis(CreatedBy.replaceAll('\t', ' '), 45) : CreatedBy.replaceAll('\t', ' '),
    Size: human ? humanSize(Size) : String(Size),
    Comment,
  }));
  const spec = {
    headings: {
      ID: 'IMAGE',
      CreatedSince: human ? 'CREATED' : 'CREATED AT',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      Size: 'SIZE',
      Comment: 'COMMENT',
    },
    columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
  };
  context.out(renderList(rows, spec, input.text('format')));
  return 0;
}

async function remove(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const one = async (ref: string) => {
    const removed = await client.call('image.remove', {
      Image: ref,
      Force: input.flag('force'),
      NoPrune: input.flag('no-prune'),
    });
    return removed
      .map(({ Untagged, Deleted }) => (Untagged === undefined ? `Deleted: ${Deleted ?? ''}` : `Untagged: ${Untagged}`))
      .join('\n');
  };
  return await forEach(context, input.args, one, (error) => input.flag('force') && isEngineError(error, 'NotFound'));
}

async function tag(input: Invocation, context: CliContext): Promise<number> {
  const [Image = '', Reference = ''] = input.args;
  await (await context.engine()).call('image.tag', { Image, Reference });
  return 0;
}

async function prune(input: Invocation, context: CliContext): Promise<number> {
  const all = input.flag('all');
  const filters = { ...toFilters(input.list('filter')), dangling: [String(!all)] };
  const warning = all
    ? 'WARNING! This will remove all images without at least one container associated to them.'
    : 'WARNING! This will remove all dangling images.';
  if (!input.flag('force') && !(await confirm(context, warning))) return 0;
  const { ImagesDeleted, SpaceReclaimed } = await (await context.engine()).call('image.prune', { Filters: filters });
  if (ImagesDeleted.length > 0)
    context.out(
      `Deleted Images:\n${ImagesDeleted.map(({ Untagged, Deleted }) => (Untagged === undefined ? `deleted: ${Deleted ?? ''}` : `untagged: ${Untagged}`)).join('\n')}\n\n`,
    );
  context.out(`Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`);
  return 0;
}

export const imageCommands: readonly CommandSpec[] = [
  {
    path: ['image', 'ls'],
    aliases: [['images'], ['image', 'list']],
    summary: 'List images',
    usage: '[OPTIONS] [REPOSITORY[:TAG]]',
    options: [
      flag('all', 'Show all images (default hides intermediate images)', 'a'),
      flag('digests', 'Show digests'),
      filterOption,
      formatOption,
      noTruncOption,
      quietOption,
    ],
    min: 0,
    max: 1,
    completes: 'image',
    run: images,
  },
  {
    path: ['image', 'history'],
    aliases: [['history']],
    summary: 'Show the history of an image',
    usage: '[OPTIONS] IMAGE',
    options: [
      formatOption,
      flag('human', 'Print sizes and dates in human readable format (default true)', 'H'),
      noTruncOption,
      quietOption,
      text('platform', 'string', 'Show history for the given platform'),
    ],
    min: 1,
    max: 1,
    completes: 'image',
    run: history,
  },
  {
    path: ['image', 'rm'],
    aliases: [['rmi'], ['image', 'remove']],
    summary: 'Remove one or more images',
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    options: [
      flag('force', 'Force removal of the image', 'f'),
      flag('no-prune', 'Do not delete untagged parents'),
      list('platform', 'string', 'Remove only the given platform variant'),
    ],
    min: 1,
    completes: 'image',
    run: remove,
  },
  {
    path: ['image', 'tag'],
    aliases: [['tag']],
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
    options: [],
    min: 2,
    max: 2,
    completes: 'image',
    run: tag,
  },
  {
    path: ['image', 'prune'],
    summary: 'Remove unused images',
    usage: '[OPTIONS]',
    options: [flag('all', 'Remove all unused images, not just dangling ones', 'a'), pruneFilterOption, forceOption],
    min: 0,
    max: 0,
    run: prune,
  },
];
