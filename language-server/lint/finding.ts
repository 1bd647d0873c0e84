// What a rule found, before it becomes a problem of the document.
import type { Instruction, Span } from '../../runtime/dockerfile/ast.ts';
import { pageOf } from './page_address.ts';
import { moveProblem, type Problem, type Severity } from './problem.ts';
import type { Detail, Rule } from './rule.ts';

export interface Finding {
  readonly rule: Rule;
  /** The instruction of the document (the outer one for what is inside ONBUILD). */
  readonly instruction: Instruction;
  /** Relative to the instruction's start. */
  readonly span: Span;
  readonly detail: Detail;
}

/** One finding as it is reported: the rule's own code first, then the codes of others that know it. */
export interface MergedFinding extends Finding {
  readonly codes: readonly string[];
}

/** All codes that the finding has on its own. */
export function codesOf({ rule, detail }: Finding): string[] {
  return [rule.code, ...(rule.aliases ?? []), ...(detail.aliases ?? [])];
}

/** Puts together what two tools say about the same thing; the findings are of one instruction, in the order of the rules. */
export function mergeFindings(findings: readonly Finding[]): MergedFinding[] {
  const out: { finding: Finding; codes: string[] }[] = [];
  for (const finding of findings) {
    const { topic } = finding.rule;
    const same =
      topic === undefined
        ? undefined
        : out.find((other) => other.finding.rule.topic === topic && touches(other.finding.span, finding.span));
    if (same === undefined) out.push({ finding, codes: codesOf(finding) });
    else {
      if (same.finding.rule.code !== finding.rule.code)
        for (const code of codesOf(finding)) if (!same.codes.includes(code)) same.codes.push(code);
      const fixes = same.finding.detail.fixes ?? [];
      if (fixes.length === 0 && finding.detail.fixes !== undefined) {
        same.finding = { ...same.finding, detail: { ...same.finding.detail, fixes: finding.detail.fixes } };
      }
    }
  }
  return out.map(({ finding, codes }) => ({ ...finding, codes }));
}

function touches(a: Span, b: Span): boolean {
  return a.start <= b.end && b.start <= a.end;
}

/** The problem that a finding is when its instruction begins at `start`. */
export function toProblem(
  finding: MergedFinding,
  severity: Severity,
  href: ((rule: Rule) => string) | undefined,
  start: number,
): Problem {
  const { rule, detail, span } = finding;
  const tags = detail.tags ?? rule.tags;
  const problem: Problem = {
    code: finding.codes[0] ?? rule.code,
    aliases: finding.codes.slice(1),
    source: rule.source,
    severity,
    message: detail.message ?? rule.title,
    range: span,
    instruction: 0,
    href: (href ?? pageOf)(rule),
    ...(tags === undefined ? {} : { tags }),
    fixes: detail.fixes ?? [],
  };
  return moveProblem(problem, start);
}
