// What a check reports. Everything is plain data: the language server turns it into diagnostics and code actions, the
// command line into text, JSON, SARIF, Checkstyle or GitHub annotations.

/** How bad a finding is. The names are Hadolint's; BuildKit's checks are warnings unless `error=true` is asked for. */
export type Severity = 'error' | 'warning' | 'info' | 'style';

/** Severities from the least to the most serious, for comparing with a failure threshold. */
export const SEVERITIES: readonly Severity[] = ['style', 'info', 'warning', 'error'];

/** The tool whose rule it is. A finding that two tools know belongs to one of them and has the other's code as an alias. */
export type Source = 'buildkit' | 'hadolint' | 'shellcheck' | 'slipway';

/** A half-open stretch of the document, in UTF-16 code units from its start. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** A replacement of one stretch of the document. */
export interface Edit {
  readonly range: Span;
  readonly newText: string;
}

/** A change that makes the problem go away. */
export interface Fix {
  /** A sentence in the imperative, as a code action's title. */
  readonly title: string;
  /** Edits that do not overlap, all against the document that was checked. */
  readonly edits: readonly Edit[];
  /** Safe fixes keep what the built image does, so "fix all" may apply them unseen; the others want a look. */
  readonly safe: boolean;
}

/** How an editor may draw the range: faded for what has no effect, struck through for what is on its way out. */
export type ProblemTag = 'unnecessary' | 'deprecated';

/** One finding. */
export interface Problem {
  /** The stable code: `DL3008`, `SC2086`, `SL1001`, or a BuildKit check's name. */
  readonly code: string;
  /** Codes under which other tools report the same finding. Ignoring any of them ignores the finding. */
  readonly aliases: readonly string[];
  readonly source: Source;
  readonly severity: Severity;
  readonly message: string;
  /** The exact word or words that the finding is about. */
  readonly range: Span;
  /** The start of the instruction that the finding belongs to; undefined if it belongs to the file as a whole. */
  readonly instruction?: number;
  /** Where the rule is explained. */
  readonly href: string;
  readonly tags?: readonly ProblemTag[];
  readonly fixes: readonly Fix[];
}

/** Whether `severity` is as serious as `threshold` or more. */
export function atLeast(severity: Severity, threshold: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(threshold);
}

/** `problem` further down (or up) in the document by `by` code units. */
export function moveProblem(problem: Problem, by: number): Problem {
  if (by === 0) return problem;
  const move = (span: Span): Span => ({ start: span.start + by, end: span.end + by });
  return {
    ...problem,
    range: move(problem.range),
    ...(problem.instruction === undefined ? {} : { instruction: problem.instruction + by }),
    fixes: problem.fixes.map((fix) => ({
      ...fix,
      edits: fix.edits.map((edit) => ({ range: move(edit.range), newText: edit.newText })),
    })),
  };
}
