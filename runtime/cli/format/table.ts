// Lists as tables, templates or JSON: `--format`, `--quiet`, columns as wide as their content.
import { compileTemplate, goJson, templateFields } from './template.ts';

/** The fields of one row, by template name; columns are a choice of them. */
export type TableRow = Readonly<Record<string, unknown>>;

export interface TableSpec {
  /** Field → heading, for every field that can stand in a table. */
  readonly headings: Readonly<Record<string, string>>;
  /** The columns of the table that is shown without --format. */
  readonly columns: readonly string[];
}

/** Columns padded to their widest cell, three spaces between (Go's tabwriter with minwidth 10, padding 3). */
export function alignColumns(lines: readonly (readonly string[])[], minimum = 10, padding = 3): string {
  const widths: number[] = [];
  for (const cells of lines)
    cells.forEach((cell, index) => {
      if (index < cells.length - 1) widths[index] = Math.max(widths[index] ?? minimum, [...cell].length + padding);
    });
  return lines
    .map(
      (cells) =>
        `${cells.map((cell, index) => (index < cells.length - 1 ? cell.padEnd((widths[index] ?? 0) + cell.length - [...cell].length) : cell)).join('')}\n`,
    )
    .join('');
}

function unescapeFormat(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function headingRow(template: string, headings: Readonly<Record<string, string>>): string {
  // A label's heading is the last part of its name.
  const labelled = template.replace(/\{\{\s*\.Label ["`]([^"`]*)["`]\s*\}\}/g, (_, name: string) =>
    (name.split('.').at(-1) ?? name).replace(/[-_]/g, ' '),
  );
  const fields = templateFields(labelled);
  const row = Object.fromEntries(fields.map((name) => [name, headings[name] ?? name.toUpperCase()]));
  // Functions would change a heading that isn't theirs to change; Docker's headings are the bare names too.
  const plain = labelled.replace(/\{\{[^}]*?\.(\w+)[^}]*?\}\}/g, '{{.$1}}');
  return compileTemplate(plain)(row);
}

/** What `--format` asks for; undefined or `table`: the usual columns. */
export function renderList(unordered: readonly TableRow[], spec: TableSpec, format: string | undefined): string {
  const rows = unordered.map(inOrder);
  if (format === 'json') return rows.map((row) => `${goJson(row)}\n`).join('');
  if (format === undefined || format === '' || format === 'table')
    return alignColumns([
      spec.columns.map((name) => spec.headings[name] ?? name.toUpperCase()),
      ...rows.map((row) => spec.columns.map((name) => cellText(row[name]))),
    ]);
  const isTable = /^table[ \t]/.test(format);
  const template = unescapeFormat(isTable ? format.slice(6) : format);
  const render = compileTemplate(template);
  const lines = rows.map((row) => render(row));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  return alignColumns([headingRow(template, spec.headings), ...lines].map((line) => line.split('\t')));
}

function cellText(value: unknown): string {
  return String(typeof value === 'function' ? (value as () => unknown)() : (value ?? ''));
}

/** As Go has the keys of maps in JSON, which leaves methods out. */
function inOrder(row: TableRow): TableRow {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `inspect`: a JSON list indented by four, or each element through a template. */
export function renderInspect(objects: readonly unknown[], format: string | undefined): string {
  return inspectRenderer(format)(objects);
}

/** Throws TemplateError for a format that is none, before anything is looked up. */
export function inspectRenderer(format: string | undefined): (objects: readonly unknown[]) => string {
  if (format === undefined || format === '') return (objects) => `${JSON.stringify(objects, null, 4)}\n`;
  if (format === 'json') return (objects) => `${goJson(objects)}\n`;
  const render = compileTemplate(unescapeFormat(format));
  return (objects) => objects.map((object) => `${render(object)}\n`).join('');
}
