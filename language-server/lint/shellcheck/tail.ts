// Brings what an installed shellcheck finds into the document: only instructions that it has not seen yet are given to it.
import type { Instruction } from '../../../runtime/dockerfile/ast.ts';
import {
  runShellcheck,
  type ShellcheckFinding,
  type ShellcheckInput,
  type ShellcheckOptions,
} from '../../shell/shellcheck_process.ts';
import type { LintDocument, Linter } from '../engine.ts';
import type { FileModel } from '../file_model.ts';
import type { Finding } from '../finding.ts';
import type { Problem } from '../problem.ts';
import type { Rule } from '../rule.ts';
import { type ShellPiece, shellUse } from '../shell_use.ts';

interface Job {
  readonly instruction: Instruction;
  readonly piece: ShellPiece;
  readonly input: ShellcheckInput;
}

interface Seen {
  readonly key: string;
  readonly findings: readonly Finding[];
}

export class ShellcheckTail {
  readonly #options: Omit<ShellcheckOptions, 'signal'>;
  readonly #seen = new WeakMap<Instruction, Seen>();
  /** False once the program turned out not to be there. */
  #available = true;

  constructor(options: Omit<ShellcheckOptions, 'signal'> = {}) {
    this.#options = options;
  }

  /**
   * The problems that the native checks do not know. At most one process is started, and none when every script is known
   * from before. Empty when no shellcheck is installed.
   */
  async problems(linter: Linter, document: LintDocument, signal?: AbortSignal): Promise<Problem[]> {
    if (!this.#available) return [];
    const model = linter.model(document);
    const jobs = this.#jobs(model);
    const results = await runShellcheck(
      jobs.map((job) => job.input),
      { ...this.#options, ...(signal === undefined ? {} : { signal }) },
    );
    if (results === undefined) {
      this.#available = false;
      return [];
    }
    this.#remember(jobs, results);
    const findings = model.instructions.flatMap((instruction) => this.#seen.get(instruction)?.findings ?? []);
    return linter.external(document, findings);
  }

  /** The scripts that are new, or whose variables are others now. */
  #jobs(model: FileModel): Job[] {
    const jobs: Job[] = [];
    for (const stage of model.stages) {
      const variables: string[] = [];
      for (const instruction of stage.instructions) {
        if (instruction.keyword === 'ARG' || instruction.keyword === 'ENV')
          variables.push(...instruction.pairs.map((pair) => pair.key.raw));
        const key = variables.join();
        if (model.shellAt(instruction).foreign || this.#seen.get(instruction)?.key === key) continue;
        for (const piece of shellUse(instruction).pieces) {
          const dialect = piece.dialect ?? model.shellAt(instruction).dialect;
          if (dialect === 'other' || piece.parsed.text.trim() === '') continue;
          jobs.push({ instruction, piece, input: { text: piece.parsed.text, dialect, variables: [...variables] } });
        }
      }
    }
    return jobs;
  }

  #remember(jobs: readonly Job[], results: readonly (readonly ShellcheckFinding[])[]): void {
    const found = new Map<Instruction, { key: string; findings: Finding[] }>();
    jobs.forEach(({ instruction, piece, input }, i) => {
      const entry = found.get(instruction) ?? { key: input.variables.join(), findings: [] };
      found.set(instruction, entry);
      for (const finding of results[i] ?? []) {
        const span = piece.place({ start: finding.start, end: Math.max(finding.end, finding.start) });
        entry.findings.push({ rule: tailRule(finding), instruction, span, detail: { message: finding.message } });
      }
    });
    for (const [instruction, entry] of found) this.#seen.set(instruction, entry);
  }
}

const known = new Map<string, Rule>();

/** ShellCheck's own rule: it has its page on ShellCheck's wiki. */
function tailRule({ code, level, message }: ShellcheckFinding): Rule {
  const rule: Rule = known.get(code) ?? {
    code,
    source: 'shellcheck',
    severity: level,
    title: message,
    why: '',
    bad: '',
    good: '',
    spokenForBy: code,
  };
  known.set(code, rule);
  return rule;
}
