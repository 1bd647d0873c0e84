// Help texts, from the declarations.
import type { CommandSpec, OptionSpec } from './command.ts';
import { alignColumns } from './format/table.ts';

function optionLabel({ short, name, kind, value }: OptionSpec): string {
  const letter = short === undefined ? '    ' : `-${short}, `;
  return `${letter}--${name}${kind === 'flag' || kind === 'optional' ? '' : ` ${value ?? 'value'}`}`;
}

/** One option per line, explanations in one column. */
function optionLines(options: readonly OptionSpec[]): string {
  const shown = options.filter(({ hidden }) => hidden !== true);
  const sorted = [...shown].sort((a, b) => (a.name < b.name ? -1 : 1));
  return alignColumns(sorted.map((option) => [`  ${optionLabel(option)}`, option.help]));
}

export function commandHelp(command: CommandSpec): string {
  const aliases = [command.path, ...(command.aliases ?? [])].map((path) => `slipway ${path.join(' ')}`);
  return [
    `Usage:  slipway ${(command.aliases?.[0] ?? command.path).join(' ')} ${command.usage}`.trimEnd(),
    '',
    command.summary,
    ...(aliases.length > 1 ? ['', 'Aliases:', `  ${aliases.join(', ')}`] : []),
    ...(command.options.some(({ hidden }) => hidden !== true)
      ? ['', 'Options:', optionLines(command.options).trimEnd()]
      : []),
    '',
  ].join('\n');
}

/** A group's commands (`slipway container`). */
export function groupHelp(group: string, commands: readonly CommandSpec[]): string {
  const own = commands.filter(({ path }) => path[0] === group);
  const lines = [...own]
    .sort((a, b) => ((a.path[1] ?? '') < (b.path[1] ?? '') ? -1 : 1))
    .map(({ path, summary }) => [`  ${path.slice(1).join(' ')}`, summary]);
  return [
    `Usage:  slipway ${group} COMMAND`,
    '',
    groups[group] ?? `Manage ${group}s`,
    '',
    'Commands:',
    alignColumns(lines).trimEnd(),
    '',
    `Run 'slipway ${group} COMMAND --help' for more information on a command.`,
    '',
  ].join('\n');
}

/** What the groups are for. */
export const groups: Readonly<Record<string, string>> = {
  builder: 'Manage builds',
  container: 'Manage containers',
  image: 'Manage images',
  network: 'Manage networks',
  system: 'Manage Slipway',
  volume: 'Manage volumes',
};

export function topHelp(commands: readonly CommandSpec[], globals: readonly OptionSpec[]): string {
  const shown = commands.filter(({ hidden }) => hidden !== true);
  const top = shown.flatMap((command) =>
    [command.path, ...(command.aliases ?? [])]
      .filter((path) => path.length === 1)
      .map((path) => [`  ${path[0] ?? ''}`, command.summary] as const),
  );
  const sorted = [...top].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const management = Object.entries(groups).filter(([name]) =>
    commands.some(({ path }) => path[0] === name && path.length > 1),
  );
  return [
    'Usage:  slipway [OPTIONS] COMMAND',
    '',
    'Containers with an engine of their own',
    '',
    'Management Commands:',
    alignColumns(management.map(([name, summary]) => [`  ${name}`, summary])).trimEnd(),
    '',
    'Commands:',
    alignColumns(sorted).trimEnd(),
    '',
    'Global Options:',
    optionLines(globals).trimEnd(),
    '',
    "Run 'slipway COMMAND --help' for more information on a command.",
    '',
  ].join('\n');
}
