// Runs the rules over a document. What a rule finds in one instruction is kept as long as the instruction object lives, so
// an edit costs the instruction that it touches and the cheap rules that look at the whole file.
import type { Instruction, Item, Keyword } from '../../runtime/dockerfile/ast.ts';
import { type Changes, changesBetween, concerns } from './changes.ts';
import { type Controls, readControls } from './controls.ts';
import { buildModel, type FileModel } from './file_model.ts';
import { type Finding, mergeFindings, toProblem } from './finding.ts';
import { DEFAULT_CONFIG, type HadolintConfig } from './hadolint_config.ts';
import { moveProblem, type Problem, type Severity } from './problem.ts';
import type { Detail, FileRule, InstructionRule, Knowledge, Rule } from './rule.ts';
import { SeverityTable } from './severity_table.ts';
import { type ShellSetting, shellUse } from './shell_use.ts';

/** What the linter is told from outside; everything may be left out. */
export interface LintOptions {
  /** The setting `slipway.dockerfile.rules`: severity by code. */
  readonly severities?: Readonly<Record<string, Severity | 'off'>>;
  readonly hadolint?: HadolintConfig;
  /** BUILDKIT_DOCKERFILE_CHECK: replaces the file's `# check=`. */
  readonly check?: string;
  readonly knowledge?: Knowledge;
  /** The address of a rule's page. */
  readonly href?: (rule: Rule) => string;
}

/** The parts of a document that the linter reads; `DockerfileDocument` has them. */
export interface LintDocument {
  readonly items: readonly Item[];
  readonly escape: '\\' | '`';
}

interface CachedFindings {
  readonly shell: ShellSetting;
  readonly findings: readonly Finding[];
}

/** What an instruction's findings became, and from what. */
interface Emitted {
  readonly start: number;
  readonly controls: string;
  readonly own: readonly Finding[];
  readonly more: readonly Finding[];
  readonly problems: readonly Problem[];
}

const NO_FINDINGS: readonly Finding[] = [];

export class Linter {
  readonly #options: LintOptions;
  readonly #config: HadolintConfig;
  readonly #severities: SeverityTable;
  /** The place of a rule among all: where two know the same, the first speaks. */
  readonly #order: ReadonlyMap<string, number>;
  readonly #byKeyword = new Map<Keyword, InstructionRule[]>();
  readonly #fileRules: FileRule[] = [];
  readonly #cache = new WeakMap<Instruction, CachedFindings>();
  readonly #emitted = new WeakMap<Instruction, Emitted>();
  readonly #fileFindings = new Map<FileRule, readonly Finding[]>();
  /** The document of the last time, and its items then. */
  #document: LintDocument | undefined;
  #items: readonly Item[] = [];

  constructor(rules: readonly Rule[], options: LintOptions = {}) {
    this.#options = options;
    this.#config = options.hadolint ?? DEFAULT_CONFIG;
    this.#severities = new SeverityTable(rules, options.severities ?? {}, this.#config);
    this.#order = new Map(rules.map((rule, i) => [rule.code, i]));
    for (const rule of rules) {
      if (!this.#severities.mayReport(rule)) continue;
      if ('checkFile' in rule) this.#fileRules.push(rule);
      else if ('check' in rule) for (const keyword of rule.keywords) this.#list(keyword).push(rule);
    }
  }

  #list(keyword: Keyword): InstructionRule[] {
    const list = this.#byKeyword.get(keyword) ?? [];
    this.#byKeyword.set(keyword, list);
    return list;
  }

  /** All problems of the document in the order of their places. */
  lint(document: LintDocument): Problem[] {
    const controls = readControls(document.items, this.#options.check, !this.#config.disableIgnorePragma);
    const model = this.model(document, controls);
    const changed = this.#document === document ? changesBetween(this.#items, document.items) : 'all';
    this.#document = document;
    this.#items = [...document.items];
    const byInstruction = this.#collectFileFindings(model, changed);
    const problems: Problem[] = [];
    const key = controlsKey(controls);
    for (const instruction of model.instructions) {
      const own = this.#instructionFindings(instruction, model);
      const more = byInstruction.get(instruction) ?? NO_FINDINGS;
      if (own.length + more.length > 0) problems.push(...this.#emit(instruction, own, more, controls, key));
    }
    return isSorted(problems) ? problems : problems.sort(byPlace);
  }

  /** The problems that findings of another tool are, under the settings and the comments that hold for ours. */
  external(document: LintDocument, findings: readonly Finding[]): Problem[] {
    const controls = readControls(document.items, this.#options.check, !this.#config.disableIgnorePragma);
    return this.#problems(findings, controls);
  }

  /** The model that the rules look at; also for other features of the language server. */
  model(document: LintDocument, controls = readControls(document.items, undefined, true)): FileModel {
    return buildModel(document.items, document.escape, this.#options.knowledge ?? {}, controls, this.#config);
  }

  #collectFileFindings(model: FileModel, changed: Changes): Map<Instruction, Finding[]> {
    const byInstruction = new Map<Instruction, Finding[]>();
    for (const rule of this.#fileRules) {
      let findings = this.#fileFindings.get(rule);
      if (findings === undefined || concerns(changed, rule.looksAt)) {
        findings = runFileRule(rule, model);
        this.#fileFindings.set(rule, findings);
      }
      for (const finding of findings) {
        const list = byInstruction.get(finding.instruction);
        if (list === undefined) byInstruction.set(finding.instruction, [finding]);
        else list.push(finding);
      }
    }
    return byInstruction;
  }

  #instructionFindings(instruction: Instruction, model: FileModel): readonly Finding[] {
    const shell = model.shellAt(instruction);
    const cached = this.#cache.get(instruction);
    if (cached !== undefined && cached.shell === shell) return cached.findings;
    const findings: Finding[] = [];
    this.#run(instruction, instruction, shell, findings);
    if (instruction.keyword === 'ONBUILD' && instruction.instruction !== undefined) {
      this.#run(instruction.instruction, instruction, shell, findings);
    }
    this.#cache.set(instruction, { shell, findings });
    return findings;
  }

  #run(instruction: Instruction, outer: Instruction, shell: ShellSetting, findings: Finding[]): void {
    if (instruction.keyword === 'UNKNOWN') return;
    const rules = this.#byKeyword.get(instruction.keyword) ?? [];
    const use = shell.foreign ? NO_USE : shellUse(instruction);
    for (const rule of rules) {
      if (instruction !== outer && rule.onbuild !== true) continue;
      rule.check({ instruction, shell, use }, (span, detail = {}) => {
        findings.push({ rule, instruction: outer, span, detail });
      });
    }
  }

  /** The problems of one instruction; those of the last time when nothing that they depend on has changed. */
  #emit(
    instruction: Instruction,
    own: readonly Finding[],
    more: readonly Finding[],
    controls: Controls,
    key: string,
  ): readonly Problem[] {
    const local = controls.ignoredAt(instruction).length > 0 || controls.checkAt(instruction) !== undefined;
    const last = this.#emitted.get(instruction);
    const same =
      !local && last !== undefined && last.controls === key && last.own === own && sameFindings(last.more, more);
    if (same && last.start === instruction.start) return last.problems;
    const problems = same
      ? last.problems.map((problem) => moveProblem(problem, instruction.start - last.start))
      : this.#problems([...own, ...more], controls);
    if (!local) this.#emitted.set(instruction, { start: instruction.start, controls: key, own, more, problems });
    return problems;
  }

  #orderOf(rule: Rule): number {
    return this.#order.get(rule.code) ?? Number.MAX_SAFE_INTEGER;
  }

  #problems(findings: readonly Finding[], controls: Controls): Problem[] {
    const kept = findings.flatMap((finding) => this.#severities.admit(finding, controls) ?? []);
    if (kept.length > 1) kept.sort((a, b) => this.#orderOf(a.rule) - this.#orderOf(b.rule));
    return mergeFindings(kept)
      .map((merged) => toProblem(merged, this.#severities.severityOf(merged, controls), this.#options.href))
      .sort(byPlace);
  }
}

function runFileRule(rule: FileRule, model: FileModel): readonly Finding[] {
  const findings: Finding[] = [];
  rule.checkFile(model, (instruction, span, detail = NO_DETAIL) => {
    findings.push({ rule, instruction, span, detail });
  });
  return findings;
}

/** Everything in the controls that concerns the whole file, as one comparable text. */
function controlsKey({ check, fileIgnores }: Controls): string {
  const lists = [check.skip, check.experimental, fileIgnores].map((set) => [...set].join());
  return [...lists, check.skipAll, check.error, check.experimentalAll].join('|');
}

function sameFindings(a: readonly Finding[], b: readonly Finding[]): boolean {
  return a.length === b.length && a.every((finding, i) => sameFinding(finding, b[i]));
}

function sameFinding(a: Finding, b: Finding | undefined): boolean {
  if (b === undefined || a.rule !== b.rule || a.span.start !== b.span.start || a.span.end !== b.span.end) return false;
  if (a.detail === b.detail) return true;
  const { message, fixes = [], aliases = [] } = b.detail;
  if (a.detail.message !== message || (a.detail.aliases ?? []).join() !== aliases.join()) return false;
  const before = a.detail.fixes ?? [];
  return before.length === fixes.length && (fixes.length === 0 || JSON.stringify(before) === JSON.stringify(fixes));
}

const NO_DETAIL: Detail = {};

const NO_USE = { pieces: [], commands: [], pipes: [] };

function byPlace(a: Problem, b: Problem): number {
  return a.range.start - b.range.start || a.range.end - b.range.end || compare(a.code, b.code);
}

/** Problems come by instruction, so that they are nearly always in order. */
function isSorted(problems: readonly Problem[]): boolean {
  for (let i = 1; i < problems.length; i += 1) {
    const before = problems[i - 1];
    const after = problems[i];
    if (before !== undefined && after !== undefined && byPlace(before, after) > 0) return false;
  }
  return true;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
