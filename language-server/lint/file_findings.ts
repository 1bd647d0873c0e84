// What the rules that look at the whole file found. An edit makes those look again that it concerns, and those that go stage
// by stage only at the stages that it concerns.
import type { Instruction } from '../../runtime/dockerfile/ast.ts';
import { type Changes, concerns } from './changes.ts';
import type { FileModel, Stage } from './file_model.ts';
import type { Finding } from './finding.ts';
import type { Detail, FileRule } from './rule.ts';

const NO_FINDINGS: readonly Finding[] = [];
const NO_DETAIL: Detail = {};

export class FileFindings {
  readonly #rules: readonly FileRule[];
  /** By rule, and for rules that go by stage by the number of the stage, from 1 on; the rest is number 0. */
  readonly #found = new Map<FileRule, (readonly Finding[])[]>();
  #byInstruction = new Map<Instruction, readonly Finding[]>();
  #touched = new Set<Instruction>();

  constructor(rules: readonly FileRule[]) {
    this.#rules = rules;
  }

  /** What was found in an instruction: the same array as long as it is the same. */
  of(instruction: Instruction): readonly Finding[] {
    return this.#byInstruction.get(instruction) ?? NO_FINDINGS;
  }

  /** The instructions of which the last update found something else than before. */
  get touched(): ReadonlySet<Instruction> {
    return this.#touched;
  }

  update(model: FileModel, changed: Changes): void {
    this.#touched = new Set();
    if (changed === 'all') {
      this.#found.clear();
      this.#byInstruction = new Map();
    }
    const part = partOf(model, changed);
    for (const rule of this.#rules) {
      const known = this.#found.get(rule);
      // Which spelling is wrong is a matter of the majority: what was found may be about any instruction.
      const found = rule.looksAt === 'spelling' && known?.some((list) => list.length > 0) === true;
      if (known !== undefined && !found && !concerns(changed, rule.looksAt)) continue;
      if (known === undefined || rule.byStage !== true || part === undefined) this.#lookAtAll(rule, model);
      else this.#lookAtPart(rule, part, known);
    }
  }

  #lookAtAll(rule: FileRule, model: FileModel): void {
    const lists: Finding[][] = [[]];
    run(rule, model, (finding) => {
      const at = rule.byStage === true ? stageNumber(model, finding.instruction) : 0;
      lists[at] ??= [];
      lists[at].push(finding);
    });
    const known = this.#found.get(rule) ?? [];
    const kept: (readonly Finding[])[] = [];
    for (let i = 0; i < Math.max(known.length, lists.length); i += 1)
      kept.push(this.#replace(known[i] ?? NO_FINDINGS, lists[i] ?? NO_FINDINGS));
    this.#found.set(rule, kept);
  }

  #lookAtPart(rule: FileRule, part: Part, known: (readonly Finding[])[]): void {
    const lists = new Map<number, Finding[]>();
    run(rule, part.model, (finding) => {
      const at = stageNumber(part.model, finding.instruction, part.numbers);
      const list = lists.get(at);
      if (list === undefined) lists.set(at, [finding]);
      else list.push(finding);
    });
    for (const at of part.concerned) known[at] = this.#replace(known[at] ?? NO_FINDINGS, lists.get(at) ?? NO_FINDINGS);
  }

  /** Puts what a rule finds now in the place of what it found before; what is equal stays. */
  #replace(before: readonly Finding[], now: readonly Finding[]): readonly Finding[] {
    if (sameFindings(before, now)) return before;
    for (const gone of before) {
      const { instruction } = gone;
      this.#touched.add(instruction);
      const rest = this.of(instruction).filter((finding) => finding !== gone);
      if (rest.length === 0) this.#byInstruction.delete(instruction);
      else this.#byInstruction.set(instruction, rest);
    }
    const added = new Map<Instruction, Finding[]>();
    for (const finding of now) {
      const list = added.get(finding.instruction);
      if (list === undefined) added.set(finding.instruction, [finding]);
      else list.push(finding);
    }
    for (const [instruction, list] of added) {
      this.#touched.add(instruction);
      const known = this.#byInstruction.get(instruction);
      this.#byInstruction.set(instruction, known === undefined ? list : [...known, ...list]);
    }
    return now;
  }
}

function run(rule: FileRule, model: FileModel, add: (finding: Finding) => void): void {
  rule.checkFile(model, (instruction, span, detail = NO_DETAIL) => {
    add({ rule, instruction, span, detail });
  });
}

/** The part of a file that an edit concerns. */
interface Part {
  /** The file with the concerned stages, and those below them, alone. */
  readonly model: FileModel;
  /** The numbers of its stages. */
  readonly numbers: readonly number[];
  readonly concerned: readonly number[];
}

/** The stage that was edited and those that build on it; undefined if it is not known which. */
function partOf(model: FileModel, changed: Changes): Part | undefined {
  if (changed === 'all' || changed.stage === undefined || model.strays.length > 0) return undefined;
  const edited = model.stages[changed.stage];
  if (edited === undefined) return undefined;
  const concerned = new Set<Stage>([edited]);
  for (const stage of model.stages) if (stage.parent !== undefined && concerned.has(stage.parent)) concerned.add(stage);
  const needed = new Set(concerned);
  for (const first of concerned)
    for (let stage = first.parent; stage !== undefined && !needed.has(stage); stage = stage.parent) needed.add(stage);
  const stages = needed.size === 1 ? [edited] : model.stages.filter((stage) => needed.has(stage));
  return {
    model: { ...model, stages, groups: stages },
    numbers: stages.map((stage) => stage.index + 1),
    concerned: [...concerned].map((stage) => stage.index + 1),
  };
}

/** The number of the stage that an instruction is in, from 1 on; 0 before the first. */
function stageNumber(model: FileModel, { start }: Instruction, numbers?: readonly number[]): number {
  let low = -1;
  let high = model.stages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((model.stages[middle]?.from.start ?? 0) <= start) low = middle;
    else high = middle - 1;
  }
  return numbers === undefined ? low + 1 : (numbers[low] ?? 0);
}

function sameFindings(a: readonly Finding[], b: readonly Finding[]): boolean {
  return a.length === b.length && a.every((finding, i) => sameFinding(finding, b[i]));
}

function sameFinding(a: Finding, b: Finding | undefined): boolean {
  if (b === undefined || a.instruction !== b.instruction || a.span.start !== b.span.start) return false;
  if (a.span.end !== b.span.end) return false;
  if (a.detail === b.detail) return true;
  const { message, fixes = [], aliases = [] } = b.detail;
  if (a.detail.message !== message || (a.detail.aliases ?? []).join() !== aliases.join()) return false;
  const before = a.detail.fixes ?? [];
  return before.length === fixes.length && (fixes.length === 0 || JSON.stringify(before) === JSON.stringify(fixes));
}
