// Decides whether a finding is reported and how severe it is: settings, `.hadolint.yaml`, and the comments of the file.
import type { CheckOptions, Controls } from './controls.ts';
import { codesOf, type Finding, type MergedFinding } from './finding.ts';
import type { HadolintConfig } from './hadolint_config.ts';
import { SEVERITIES, type Severity } from './problem.ts';
import type { Rule } from './rule.ts';

export class SeverityTable {
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #explicit: ReadonlyMap<string, Severity | 'off'>;

  constructor(rules: readonly Rule[], settings: Readonly<Record<string, Severity | 'off'>>, config: HadolintConfig) {
    this.#rules = new Map(rules.map((rule) => [rule.code, rule]));
    const explicit = new Map<string, Severity | 'off'>();
    for (const severity of SEVERITIES) for (const code of config.override[severity]) explicit.set(code, severity);
    for (const code of config.ignored) explicit.set(code, 'off');
    for (const [code, severity] of Object.entries(settings)) explicit.set(code, severity);
    this.#explicit = explicit;
  }

  /** Whether the rule can report anything at all; the rest need not run. */
  mayReport(rule: Rule): boolean {
    const explicit = this.#explicit.get(rule.code);
    return explicit === undefined ? rule.severity !== 'off' || rule.experimental === true : explicit !== 'off';
  }

  /**
   * The finding if nobody wants it kept quiet. Ignoring one of its codes ignores it; BuildKit's `skip=all` takes away only
   * BuildKit's part of it.
   */
  admit(finding: Finding, controls: Controls): Finding | undefined {
    const codes = codesOf(finding);
    const at = controls.ignoredAt(finding.instruction);
    const checks = [controls.check, controls.checkAt(finding.instruction)].filter((check) => check !== undefined);
    for (const code of codes) {
      if (this.#explicit.get(code) === 'off' || controls.fileIgnores.has(code)) return undefined;
      if (at.some((ignored) => ignored.has(code)) || checks.some((check) => check.skip.has(code))) return undefined;
    }
    const { rule } = finding;
    if (rule.experimental === true) return this.#asked(rule, checks) ? finding : undefined;
    if (rule.source !== 'buildkit' || !checks.some((check) => check.skipAll)) return finding;
    const other = codes.flatMap((code) => this.#rules.get(code) ?? []).find((known) => known.source !== 'buildkit');
    return other === undefined ? undefined : { ...finding, rule: other, detail: { fixes: finding.detail.fixes ?? [] } };
  }

  #asked(rule: Rule, checks: readonly CheckOptions[]): boolean {
    return (
      this.#explicit.has(rule.code) ||
      checks.some((check) => check.experimentalAll || check.experimental.has(rule.code))
    );
  }

  /** The most serious of the severities that the finding has under its codes; settings come first. */
  severityOf(finding: MergedFinding, controls: Controls): Severity {
    const explicit = finding.codes.flatMap((code) => this.#explicit.get(code) ?? []).filter((value) => value !== 'off');
    if (explicit.length > 0) return worst(explicit);
    if (finding.rule.source === 'buildkit' && controls.check.error) return 'error';
    const usual = finding.codes
      .map((code) => (this.#rules.get(code) ?? finding.rule).severity)
      .filter((value) => value !== 'off');
    return usual.length > 0 ? worst(usual) : 'warning';
  }
}

function worst(severities: readonly Severity[]): Severity {
  return severities.reduce((a, b) => (SEVERITIES.indexOf(b) > SEVERITIES.indexOf(a) ? b : a));
}
