// The formats that Hadolint writes and lint's other formats do not cover, for tools that read them already.
import { createHash } from 'node:crypto';
import type { FileResult } from './formats.ts';
import type { Problem, Severity } from './problem.ts';

export const HADOLINT_FORMATS = ['tty', 'gnu', 'codeclimate', 'gitlab_codeclimate', 'codacy', 'sonarqube'] as const;
export type HadolintFormat = (typeof HADOLINT_FORMATS)[number];

interface Entry {
  readonly path: string;
  readonly line: number;
  readonly code: string;
  readonly problem: Problem;
  readonly result: FileResult;
}

export function formatForHadolint(format: HadolintFormat, results: readonly FileResult[]): string {
  const entries = results.flatMap((result) => result.problems.map((problem) => entryOf(result, problem)));
  switch (format) {
    case 'tty':
      return join(entries, ({ path, line, code, problem }) => `${path}:${line} ${code} ${level(problem)}\n`);
    case 'gnu':
      return join(entries, ({ path, line, code, problem }) => `hadolint:${path}:${line}: ${code} ${level(problem)}\n`);
    case 'codeclimate':
      // Each issue ends with a NUL, as Code Climate's specification of engines wants it.
      return join(entries, (entry) => `${JSON.stringify(climateIssue(entry))}\0`);
    case 'gitlab_codeclimate':
      return `${JSON.stringify(entries.map((entry) => withFingerprint(climateIssue(entry))))}\n`;
    case 'codacy':
      return join(entries, ({ path, line, code, problem }) => {
        const issue = { filename: path, patternId: code, message: problem.message, line };
        return `${JSON.stringify(issue)}\n`;
      });
    case 'sonarqube':
      return `${JSON.stringify({ issues: entries.map(sonarIssue) })}\n`;
  }
}

function join(entries: readonly Entry[], write: (entry: Entry) => string): string {
  return entries.map(write).join('');
}

/** Under the code that Hadolint has for it, where it has one: that is what readers of these formats know. */
function entryOf(result: FileResult, problem: Problem): Entry {
  const code = [problem.code, ...problem.aliases].find((known) => /^(DL|SC)\d/.test(known)) ?? problem.code;
  return { path: result.path, line: result.positionAt(problem.range.start).line + 1, code, problem, result };
}

function level({ severity, message }: Problem): string {
  return `${severity}: ${message}`;
}

const CLIMATE: Readonly<Record<Severity, string>> = {
  error: 'blocker',
  warning: 'major',
  info: 'info',
  style: 'minor',
};

function climateIssue({ path, line, code, problem }: Entry): object {
  return {
    type: 'issue',
    check_name: code,
    description: problem.message,
    categories: ['Bug Risk'],
    location: { path, lines: { begin: line, end: line } },
    severity: CLIMATE[problem.severity],
  };
}

function withFingerprint(issue: object): object {
  return { ...issue, fingerprint: createHash('sha1').update(JSON.stringify(issue)).digest('hex') };
}

const SONAR: Readonly<Record<Severity, string>> = {
  error: 'CRITICAL',
  warning: 'MAJOR',
  info: 'MINOR',
  style: 'INFO',
};

function sonarIssue({ path, code, problem, result }: Entry): object {
  const start = result.positionAt(problem.range.start);
  const end = result.positionAt(problem.range.end);
  const empty = end.line === start.line && end.character <= start.character;
  return {
    engineId: 'Hadolint',
    ruleId: code,
    severity: SONAR[problem.severity],
    type: problem.severity === 'error' ? 'BUG' : 'CODE_SMELL',
    primaryLocation: {
      message: problem.message,
      filePath: path,
      // Columns count from 0, and SonarQube refuses an empty range.
      textRange: {
        startLine: start.line + 1,
        endLine: end.line + 1,
        startColumn: start.character,
        endColumn: empty ? start.character + 1 : end.character,
      },
    },
  };
}
