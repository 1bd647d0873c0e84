// Writes the README's tables of commands and settings from the manifest, between their markers.
//   npm run docs [-- --check]     with --check nothing is written: it fails where the README is not up to date
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Setting {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly markdownDescription?: string;
}

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly keybindings?: readonly { readonly command: string; readonly key: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command?: string; readonly when?: string }[]>>;
    readonly configuration: Properties | readonly Properties[];
  };
}

interface Properties {
  readonly properties: Readonly<Record<string, Setting>>;
}

const root = join(import.meta.dirname, '..');

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T; // the project's own files, whose shape is declared above
}

const manifest = readJson<Manifest>('package.json');
const texts = readJson<Record<string, string>>('package.nls.json');

/** `%key%` in the editor's language of origin. */
function localized(text: string): string {
  return text.replace(/^%(.+)%$/, (whole, key: string) => texts[key] ?? whole);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

/** Where a command stands in menus, besides the palette. */
function places(command: string): string {
  const names: Readonly<Record<string, string>> = {
    'view/item/context': 'row',
    'view/title': 'view title',
    'explorer/context': 'explorer',
    'editor/context': 'editor',
    'editor/title': 'editor title',
  };
  const { menus, keybindings = [] } = manifest.contributes;
  const found = Object.entries(names)
    .filter(([menu]) => menus[menu]?.some((item) => item.command === command))
    .map(([, name]) => name);
  const hidden = menus['commandPalette']?.some((item) => item.command === command && item.when === 'false') === true;
  const keys = keybindings.filter((binding) => binding.command === command).map(({ key }) => `\`${key}\``);
  return [...found, ...(hidden ? [] : ['palette']), ...keys].join(', ');
}

function commandTable(): string {
  const rows = manifest.contributes.commands.map(({ command, title }) => [
    localized(title),
    `\`${command}\``,
    places(command),
  ]);
  return table(['Command', 'Id', 'Where'], rows);
}

function settingTable(): string {
  const { configuration } = manifest.contributes;
  const groups = 'properties' in configuration ? [configuration] : configuration;
  const rows = groups.flatMap(({ properties }) =>
    Object.entries(properties).map(([name, setting]) => [
      `\`${name}\``,
      localized(setting.markdownDescription ?? setting.description ?? ''),
      `\`${JSON.stringify(setting.default ?? null)}\``,
    ]),
  );
  return table(['Setting', 'What it does', 'Default'], rows);
}

/** The text with what stands between `<!-- name -->` and `<!-- /name -->` replaced; throws where there is no such place. */
function replaceBetween(text: string, name: string, content: string): string {
  const pattern = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!pattern.test(text))
    throw new Error(`README.md has no place for "${name}": <!-- ${name} --> … <!-- /${name} -->`);
  return text.replace(pattern, (_whole, start: string, end: string) => `${start}\n${content}\n\n${end}`);
}

const readme = join(root, 'README.md');
const before = readFileSync(readme, 'utf8');
const after = replaceBetween(replaceBetween(before, 'commands', commandTable()), 'settings', settingTable());
if (!process.argv.includes('--check')) writeFileSync(readme, after);
else if (before !== after) {
  console.error('README.md is not up to date with package.json: npm run docs');
  process.exitCode = 1;
}
