// Writes lint results for people and for machines.
import { formatForHadolint, HADOLINT_FORMATS } from './hadolint_formats.ts';
import { pageOf } from './page_address.ts';
import type { Problem, Severity } from './problem.ts';
import { findRule, rules } from './registry.ts';

/** The problems of one file. `positionAt` gives zero-based lines and UTF-16 columns. */
export interface FileResult {
  readonly path: string;
  readonly problems: readonly Problem[];
  readonly positionAt: (offset: number) => { readonly line: number; readonly character: number };
}

export const FORMATS = ['text', 'json', 'sarif', 'checkstyle', 'github', ...HADOLINT_FORMATS] as const;
export type Format = (typeof FORMATS)[number];

export function isFormat(text: string): text is Format {
  return (FORMATS as readonly string[]).includes(text);
}

/** The whole output in a format, the last newline included; empty if there is nothing to say. */
export function formatResults(format: Format, results: readonly FileResult[]): string {
  switch (format) {
    case 'text':
      return lines(results, textLine);
    case 'json':
      return `${JSON.stringify(results.flatMap((result) => result.problems.map((problem) => jsonEntry(result, problem))))}\n`;
    case 'sarif':
      return `${JSON.stringify(sarifLog(results), undefined, 2)}\n`;
    case 'checkstyle':
      return checkstyle(results);
    case 'github':
      return lines(results, githubLine);
    default:
      return formatForHadolint(format, results);
  }
}

function lines(results: readonly FileResult[], line: (result: FileResult, problem: Problem) => string): string {
  return results.flatMap((result) => result.problems.map((problem) => `${line(result, problem)}\n`)).join('');
}

interface Place {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One-based, as editors and CI systems count. */
function placeOf(result: FileResult, problem: Problem): Place {
  const start = result.positionAt(problem.range.start);
  const end = result.positionAt(problem.range.end);
  return { line: start.line + 1, column: start.character + 1, endLine: end.line + 1, endColumn: end.character + 1 };
}

function codes(problem: Problem): string {
  return [problem.code, ...problem.aliases].join(' ');
}

function textLine(result: FileResult, problem: Problem): string {
  const { line, column } = placeOf(result, problem);
  return `${result.path}:${line}:${column} ${problem.severity}: ${problem.message} [${codes(problem)}]`;
}

function jsonEntry(result: FileResult, problem: Problem): object {
  const { code, aliases, severity, message, source, href } = problem;
  return { file: result.path, ...placeOf(result, problem), level: severity, code, aliases, source, message, href };
}

const LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note', style: 'note' };

function sarifLog(results: readonly FileResult[]): object {
  const used = new Set(results.flatMap((result) => result.problems.map((problem) => problem.code)));
  const described = rules
    .filter((rule) => used.has(rule.code))
    .map((rule) => ({
      id: rule.code,
      shortDescription: { text: rule.title },
      fullDescription: { text: rule.why },
      helpUri: pageOf(rule),
      defaultConfiguration: { level: rule.severity === 'off' ? 'none' : LEVELS[rule.severity] },
    }));
  return {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: { driver: { name: 'slipway lint', rules: described } },
        columnKind: 'utf16CodeUnits',
        results: results.flatMap((result) => result.problems.map((problem) => sarifResult(result, problem))),
      },
    ],
  };
}

function sarifResult(result: FileResult, problem: Problem): object {
  const { line, column, endLine, endColumn } = placeOf(result, problem);
  const region = { startLine: line, startColumn: column, endLine, endColumn };
  // Each part for itself: a path may have what means something else in a URI.
  const uri = result.path.split(/[\\/]/).map(encodeURIComponent).join('/');
  return {
    ruleId: problem.code,
    level: LEVELS[problem.severity],
    message: { text: problem.message },
    locations: [{ physicalLocation: { artifactLocation: { uri }, region } }],
    ...(problem.aliases.length === 0 ? {} : { properties: { aliases: problem.aliases } }),
  };
}

const CHECKSTYLE: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'info',
  style: 'info',
};

function checkstyle(results: readonly FileResult[]): string {
  const files = results.map((result) => {
    const errors = result.problems.map((problem) => {
      const { line, column } = placeOf(result, problem);
      return `    <error line="${line}" column="${column}" severity="${CHECKSTYLE[problem.severity]}" message="${xml(problem.message)}" source="${xml(problem.code)}"/>\n`;
    });
    return `  <file name="${xml(result.path)}">\n${errors.join('')}  </file>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<checkstyle version="4.3">\n${files.join('')}</checkstyle>\n`;
}

function xml(text: string): string {
  // Control characters cannot be in XML 1.0 at all.
  const printable = [...text].filter((character) => character >= ' ' || character === '\t').join('');
  return printable.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const COMMANDS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'notice',
  style: 'notice',
};

/** A workflow command of GitHub Actions. */
function githubLine(result: FileResult, problem: Problem): string {
  const { line, column, endLine, endColumn } = placeOf(result, problem);
  const title = findRule(problem.code) === undefined ? problem.code : codes(problem);
  const properties = [
    `file=${property(result.path)}`,
    `line=${line}`,
    `endLine=${endLine}`,
    `col=${column}`,
    `endColumn=${endColumn}`,
    `title=${property(title)}`,
  ];
  return `::${COMMANDS[problem.severity]} ${properties.join(',')}::${data(problem.message)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
