// Runs the rules over a document. What a rule finds in one instruction is kept as long as the instruction object lives, so
// an edit costs the instruction that it touches and the cheap rules that look at the whole file.
import type { Instruction, Item, Keyword } from '../../runtime/dockerfile/ast.ts';
import { type Changes, changesBetween } from './changes.ts';
import { type Controls, readControls } from './controls.ts';
import { FileFindings } from './file_findings.ts';
import { buildModel, type FileModel, replaceInstruction } from './file_model.ts';
import { type Finding, mergeFindings, toProblem } from './finding.ts';
import { DEFAULT_CONFIG, type HadolintConfig } from './hadolint_config.ts';
import { moveProblem, type Problem, type Severity } from './problem.ts';
import type { FileRule, InstructionRule, Knowledge, Rule } from './rule.ts';
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

/** What was found in an instruction, and from what it was made. */
interface Row {
  readonly instruction: Instruction;
  readonly shell: ShellSetting;
  readonly own: readonly Finding[];
  readonly more: readonly Finding[];
  /** The controls of the file, as one text; undefined if the instruction has controls of its own. */
  readonly controls: string | undefined;
  /** As if the instruction were at the start of the document. */
  readonly problems: readonly Problem[];
  /** The same where the instruction was when somebody asked. */
  placed?: { readonly start: number; readonly problems: readonly Problem[] };
}

/** The problems of one instruction, placed as if it were at the start of the document. */
export interface InstructionProblems {
  readonly instruction: Instruction;
  /** The same array as long as they are the same. */
  readonly problems: readonly Problem[];
}

/** One instruction that became another, and the model with it. */
interface Replacement {
  readonly before: Instruction;
  readonly after: Instruction;
  readonly model: FileModel;
}

const NO_PROBLEMS: readonly Problem[] = [];

export class Linter {
  readonly #options: LintOptions;
  readonly #config: HadolintConfig;
  readonly #severities: SeverityTable;
  /** The place of a rule among all: where two know the same, the first speaks. */
  readonly #order: ReadonlyMap<string, number>;
  readonly #byKeyword = new Map<Keyword, InstructionRule[]>();
  readonly #fileFindings: FileFindings;
  /** The document of the last time, its items then, and what was found in its instructions. */
  #document: LintDocument | undefined;
  #items: readonly Item[] = [];
  #model: FileModel | undefined;
  #rows: readonly Row[] = [];
  /** Those of them that have problems, in order. */
  #found: readonly Row[] = [];
  /** The controls for which the rows were made; undefined if some instruction has controls of its own. */
  #key: string | undefined;

  constructor(rules: readonly Rule[], options: LintOptions = {}) {
    this.#options = options;
    this.#config = options.hadolint ?? DEFAULT_CONFIG;
    this.#severities = new SeverityTable(rules, options.severities ?? {}, this.#config);
    this.#order = new Map(rules.map((rule, i) => [rule.code, i]));
    const fileRules: FileRule[] = [];
    for (const rule of rules) {
      if (!this.#severities.mayReport(rule)) continue;
      if ('checkFile' in rule) fileRules.push(rule);
      else if ('check' in rule) for (const keyword of rule.keywords) this.#list(keyword).push(rule);
    }
    this.#fileFindings = new FileFindings(fileRules);
  }

  #list(keyword: Keyword): InstructionRule[] {
    const list = this.#byKeyword.get(keyword) ?? [];
    this.#byKeyword.set(keyword, list);
    return list;
  }

  /** All problems of the document in the order of their places. */
  lint(document: LintDocument): Problem[] {
    const problems: Problem[] = [];
    this.instructionProblems(document);
    for (const row of this.#rows) for (const problem of placedProblems(row)) problems.push(problem);
    return isSorted(problems) ? problems : problems.sort(byPlace);
  }

  /** The instructions that have problems. */
  instructionProblems(document: LintDocument): readonly InstructionProblems[] {
    const controls = readControls(document.items, this.#options.check, !this.#config.disableIgnorePragma);
    const changed = this.#document === document ? changesBetween(this.#items, document.items) : 'all';
    this.#document = document;
    this.#items = [...document.items];
    const replaced = changed === 'all' ? undefined : this.#replace(document, controls, changed);
    const model = replaced?.model ?? this.model(document, controls);
    this.#model = model;
    this.#fileFindings.update(model, changed);
    const key = controlsKey(controls);
    if (replaced !== undefined && !controls.local && this.#key === key) this.#updateRows(replaced, key);
    else this.#makeRows(model, key);
    this.#key = controls.local ? undefined : key;
    return this.#found;
  }

  #makeRows(model: FileModel, key: string): void {
    const { instructions } = model;
    const rows = keptRows(this.#rows, instructions);
    const found: Row[] = [];
    for (let i = 0; i < instructions.length; i += 1) {
      const instruction = instructions[i];
      if (instruction === undefined) continue;
      const row = this.#row(instruction, model, key, rows[i]);
      rows[i] = row;
      if (row.problems.length > 0) found.push(row);
    }
    this.#rows = rows.filter((row) => row !== undefined);
    this.#found = found;
  }

  /** Looks at what an edit inside one instruction touched; all others stay as they are. */
  #updateRows({ before, after, model }: Replacement, key: string): void {
    const rows = [...this.#rows];
    const touched = new Set([...this.#fileFindings.touched, after]);
    const found = this.#found.filter(({ instruction }) => instruction !== before && !touched.has(instruction));
    for (const instruction of touched) {
      const at = model.instructions.indexOf(instruction);
      const last = rows[at];
      // What was found in an instruction that is gone is forgotten with it.
      if (last === undefined) continue;
      const row = this.#row(instruction, model, key, last.instruction === instruction ? last : undefined);
      rows[at] = row;
      if (row.problems.length > 0) found.push(row);
    }
    this.#rows = rows;
    this.#found = found.sort((a, b) => a.instruction.start - b.instruction.start);
  }

  /** What is known from outside has changed: every rule looks again. */
  outdate(): void {
    this.#document = undefined;
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

  /** The model, made of the one before, where one instruction became another that shapes nothing; see `replaceInstruction`. */
  #replace(document: LintDocument, controls: Controls, changed: Exclude<Changes, 'all'>): Replacement | undefined {
    const { replaced, stage } = changed;
    if (replaced === undefined || this.#model === undefined) return undefined;
    const model = replaceInstruction(this.#model, stage, replaced, { items: document.items, controls });
    return model && { ...replaced, model };
  }

  #row(instruction: Instruction, model: FileModel, key: string, last: Row | undefined): Row {
    const shell = model.shellAt(instruction);
    const more = this.#fileFindings.of(instruction);
    const { controls } = model;
    const local = controls.concern(instruction);
    const same = last !== undefined && last.shell === shell && last.more === more;
    if (same && !local && last.controls === key) return last;
    const own = last?.shell === shell ? last.own : this.#instructionFindings(instruction, shell);
    const problems = own.length + more.length === 0 ? NO_PROBLEMS : this.#problems([...own, ...more], controls, 0);
    return { instruction, shell, own, more, controls: local ? undefined : key, problems };
  }

  #instructionFindings(instruction: Instruction, shell: ShellSetting): readonly Finding[] {
    const findings: Finding[] = [];
    this.#run(instruction, instruction, shell, findings);
    if (instruction.keyword === 'ONBUILD' && instruction.instruction !== undefined) {
      this.#run(instruction.instruction, instruction, shell, findings);
    }
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

  #orderOf(rule: Rule): number {
    return this.#order.get(rule.code) ?? Number.MAX_SAFE_INTEGER;
  }

  /** The problems that the findings are, each from `start` on, or from where its instruction is. */
  #problems(findings: readonly Finding[], controls: Controls, start?: number): Problem[] {
    const kept = findings.flatMap((finding) => this.#severities.admit(finding, controls) ?? []);
    if (kept.length > 1) kept.sort((a, b) => this.#orderOf(a.rule) - this.#orderOf(b.rule));
    return mergeFindings(kept)
      .map((merged) =>
        toProblem(
          merged,
          this.#severities.severityOf(merged, controls),
          this.#options.href,
          start ?? merged.instruction.start,
        ),
      )
      .sort(byPlace);
  }
}

/** The rows of the instructions that are still there, each in its place. */
function keptRows(before: readonly Row[], instructions: readonly Instruction[]): (Row | undefined)[] {
  const rows = new Array<Row | undefined>(instructions.length).fill(undefined);
  let start = 0;
  for (; start < instructions.length && before[start]?.instruction === instructions[start]; start += 1)
    rows[start] = before[start];
  const shift = before.length - instructions.length;
  for (let i = instructions.length - 1; i >= start && before[i + shift]?.instruction === instructions[i]; i -= 1)
    rows[i] = before[i + shift];
  return rows;
}

function placedProblems(row: Row): readonly Problem[] {
  const { start } = row.instruction;
  if (row.placed?.start !== start)
    row.placed = { start, problems: row.problems.map((problem) => moveProblem(problem, start)) };
  return row.placed.problems;
}

/** Everything in the controls that concerns the whole file, as one comparable text. */
function controlsKey({ check, fileIgnores }: Controls): string {
  const lists = [check.skip, check.experimental, fileIgnores].map((set) => [...set].join());
  return [...lists, check.skipAll, check.error, check.experimentalAll].join('|');
}

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
