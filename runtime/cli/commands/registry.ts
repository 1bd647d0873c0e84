// login, logout, search
import {
  type CommandSpec,
  filterOption,
  flag,
  formatOption,
  type Invocation,
  noTruncOption,
  number,
  text,
} from '../command.ts';
import type { CliContext } from '../context.ts';
import { renderList, type TableSpec } from '../format/table.ts';
import { ellipsis } from '../format/units.ts';
import { toFilters } from '../options/values.ts';
import { UsageError } from '../parse.ts';

async function readAll(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of input) text += String(chunk);
  return text.replace(/\r?\n$/, '');
}

async function login(input: Invocation, context: CliContext): Promise<number> {
  const [Server] = input.args;
  let password = input.text('password');
  let username = input.text('username');
  if (password !== undefined) {
    if (input.flag('password-stdin')) throw new UsageError('--password and --password-stdin are mutually exclusive');
    context.error('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
  }
  if (input.flag('password-stdin')) {
    if (username === undefined) throw new UsageError('the --password-stdin option requires --username to be set');
    password = await readAll(context.terminal.input);
  } else if (!context.terminal.isInputTerminal && (username === undefined || password === undefined))
    throw new UsageError('cannot perform an interactive login from a non TTY device');
  username ??= (await context.terminal.ask('Username: ')).trim();
  password ??= await context.terminal.ask('Password: ', true);
  if (username === '' || password === '') throw new UsageError('username and password are required');
  const { Status, Warning } = await (await context.engine()).call('registry.login', {
    Username: username,
    Password: password,
    ...(Server === undefined ? {} : { Server }),
  });
  if (Warning !== undefined && Warning !== '') context.error(`${Warning}\n`);
  context.out(`${Status}\n`);
  return 0;
}

async function logout(input: Invocation, context: CliContext): Promise<number> {
  const [Server] = input.args;
  const { Removed } = await (await context.engine()).call('registry.logout', Server === undefined ? {} : { Server });
  const name = Server ?? 'https://index.docker.io/v1/';
  context.out(Removed ? `Removing login credentials for ${name}\n` : `Not logged in to ${name}\n`);
  return 0;
}

const table: TableSpec = {
  headings: { Name: 'NAME', Description: 'DESCRIPTION', StarCount: 'STARS', IsOfficial: 'OFFICIAL' },
  columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
};

async function search(input: Invocation, context: CliContext): Promise<number> {
  const limit = input.number('limit');
  const found = await (await context.engine()).call('image.search', {
    Term: input.args[0] ?? '',
    Filters: toFilters(input.list('filter')),
    ...(limit === undefined ? {} : { Limit: limit }),
  });
  const rows = found.map(({ name, description, star_count, is_official }) => ({
    Name: name,
    Description: input.flag('no-trunc') ? description : ellipsis(description, 45),
    StarCount: String(star_count),
    IsOfficial: is_official ? '[OK]' : '',
  }));
  context.out(renderList(rows, table, input.text('format')));
  return 0;
}

export const registryCommands: readonly CommandSpec[] = [
  {
    path: ['login'],
    summary: 'Authenticate to a registry',
    usage: '[OPTIONS] [SERVER]',
    options: [
      text('username', 'string', 'Username', 'u'),
      text('password', 'string', 'Password or Personal Access Token (PAT)', 'p'),
      flag('password-stdin', 'Take the Password or Personal Access Token (PAT) from stdin'),
    ],
    min: 0,
    max: 1,
    run: login,
  },
  { path: ['logout'], summary: 'Log out from a registry', usage: '[SERVER]', options: [], min: 0, max: 1, run: logout },
  {
    path: ['search'],
    summary: 'Search a registry for images',
    usage: '[OPTIONS] TERM',
    options: [filterOption, formatOption, number('limit', 'int', 'Max number of search results'), noTruncOption],
    min: 1,
    max: 1,
    run: search,
  },
];
