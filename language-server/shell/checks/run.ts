// Runs all checks over one script.
import type { ParsedScript, Span } from '../ast.ts';
import { allOf, walkScript } from '../walk.ts';
import { bashismsVisitor } from './bashisms.ts';
import { commandsVisitor } from './commands.ts';
import { disabledCodes } from './directives.ts';
import type { Say, ShellDialect, ShellFinding } from './finding.ts';
import { quotingVisitor } from './quoting.ts';

export interface CheckOptions {
  /** Whether the shell was started with `-e`. */
  readonly errexit: boolean;
}

/** What the checks find in a script, in the order of the places; what `# shellcheck disable=` names is left out. */
export function checkScript(script: ParsedScript, dialect: ShellDialect, options: CheckOptions): ShellFinding[] {
  const findings: ShellFinding[] = [];
  const disabled = disabledCodes(script);
  const say: Say = (code, span: Span, message, extra = {}) => {
    if (disabled.some((region) => region.codes.has(code) && region.start <= span.start && span.start < region.end))
      return;
    findings.push({ code, start: span.start, end: span.end, message, ...extra });
  };
  const visitors = [quotingVisitor(script, dialect, say), commandsVisitor(script, dialect, options.errexit, say)];
  if (dialect === 'sh' || dialect === 'dash' || dialect === 'busybox')
    visitors.push(bashismsVisitor(script, dialect, say));
  walkScript(script, allOf(visitors));
  return findings.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The codes that the checks can report. */
export const nativeCodes: ReadonlySet<string> = new Set([
  ...[
    'SC2006',
    'SC2013',
    'SC2016',
    'SC2028',
    'SC2035',
    'SC2043',
    'SC2046',
    'SC2086',
    'SC2102',
    'SC2155',
    'SC2164',
    'SC2251',
  ],
  ...Array.from({ length: 61 }, (_, i) => `SC${3001 + i}`),
]);
