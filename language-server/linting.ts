// Keeps a linter for each set of settings and configuration, and what it found in each open document.
import { sep } from 'node:path';
import { type Diagnostic, DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver';
import type { Instruction } from '../runtime/dockerfile/ast.ts';
import { directoryOf } from './context_files.ts';
import { ContextKnowledge } from './context_knowledge.ts';
import type { ImageAnswers } from './image_knowledge.ts';
import { Linter, type LintOptions } from './lint/engine.ts';
import { DEFAULT_CONFIG, findHadolintConfig, type HadolintConfig, loadHadolintConfig } from './lint/hadolint_config.ts';
import { moveProblem, type Problem, type Severity } from './lint/problem.ts';
import { rules } from './lint/registry.ts';
import { ShellcheckTail } from './lint/shellcheck/tail.ts';
import type { OpenDocument } from './open_document.ts';
import type { Settings } from './protocol.ts';
import { buildContext } from './services.ts';
import { ignoreFileProblems, syntaxProblems } from './syntax_problems.ts';

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  style: DiagnosticSeverity.Hint,
};

interface Linting {
  readonly linter: Linter;
  readonly knowledge: ContextKnowledge;
  readonly tail: ShellcheckTail;
  /** What an installed shellcheck said of an instruction, and where the instruction began then. */
  external: Map<Instruction, { readonly start: number; readonly problems: Problem[] }>;
  result?: { readonly version: number; readonly problems: readonly Problem[] };
  /** What shellcheck is busy with. */
  asking?: Promise<Problem[]>;
  /** What was sent of the problems of an instruction when it began on a line. */
  readonly shown: WeakMap<readonly Problem[], { readonly line: number; readonly diagnostics: readonly Diagnostic[] }>;
}

/**
 * Files beyond this many characters are not checked by rules while they are edited, only by the parser: nobody wrote them by
 * hand, and an editor must not wait for them. `slipway lint` checks them.
 */
const ruleLimit = 1 << 20;

/** More findings than this in one file help nobody and cost a lot to send. */
const findingLimit = 5_000;

export class LintService {
  readonly #settings: () => Settings;
  readonly #roots: () => readonly string[];
  readonly #images: ImageAnswers | undefined;
  #linting = new WeakMap<OpenDocument, Linting>();

  /** `roots` are the paths of the workspace folders, the longest first. Without `images` nothing is known of base images. */
  constructor(settings: () => Settings, roots: () => readonly string[], images?: ImageAnswers) {
    this.#settings = settings;
    this.#roots = roots;
    this.#images = images;
  }

  /** Settings or configuration files changed: everything is looked at anew. */
  reset(): void {
    this.#linting = new WeakMap();
  }

  /** More is known than before of what is outside: every document is looked at again. */
  forgetResults(documents: Iterable<OpenDocument>): void {
    for (const open of documents) {
      const linting = this.#linting.get(open);
      linting?.linter.outdate();
      delete linting?.result;
    }
  }

  /** Files of the context changed: answers about them are asked again, the rest of what is known stays. */
  forgetFiles(open: OpenDocument): void {
    const linting = this.#linting.get(open);
    if (linting === undefined) return;
    linting.knowledge.forget();
    linting.linter.outdate();
    delete linting.result;
  }

  /** All problems of the document as it is now. */
  problems(open: OpenDocument): readonly Problem[] {
    if (!this.#settings().lint.enabled) return [];
    if (open.kind === 'dockerignore') return ignoreFileProblems(open.text);
    const linting = this.#of(open);
    if (linting.result?.version !== open.document.version) {
      const problems: Problem[] = syntaxProblems(open.document);
      if (open.text.length > ruleLimit) problems.unshift(tooLarge());
      else for (const problem of linting.linter.lint(open.document)) problems.push(problem);
      if (linting.external.size > 0) addExternal(open, linting, problems);
      linting.result = { version: open.document.version, problems };
    }
    return linting.result.problems;
  }

  /**
   * Asks an installed shellcheck about instructions that it has not seen. True when it found something new to say, or less.
   * What it says of instructions that stay the same is kept, so it may go on while somebody types. Rejects when `signal` aborts.
   */
  async askShellcheck(open: OpenDocument, signal: AbortSignal): Promise<boolean> {
    const settings = this.#settings();
    if (!settings.lint.enabled || settings.shellcheckPath === '' || open.kind === 'dockerignore') return false;
    if (open.text.length > ruleLimit) return false;
    const linting = this.#of(open);
    // One process at a time: what it is busy with need not be asked again.
    await linting.asking?.catch(() => {});
    const { version } = open.document;
    linting.asking = linting.tail.problems(linting.linter, open.document, signal);
    const problems = await linting.asking;
    if (open.document.version !== version || (problems.length === 0 && linting.external.size === 0)) return false;
    linting.external = new Map();
    for (const problem of problems) {
      const instruction = open.document.instructionAt(problem.instruction ?? problem.range.start);
      if (instruction === undefined) continue;
      const known = linting.external.get(instruction);
      if (known === undefined) linting.external.set(instruction, { start: instruction.start, problems: [problem] });
      else known.problems.push(problem);
    }
    delete linting.result;
    return true;
  }

  /** What the client is shown; of an instruction that stayed the same, on its line, the same as before. */
  diagnostics(open: OpenDocument): Diagnostic[] {
    if (!this.#settings().lint.enabled || open.kind === 'dockerignore' || open.text.length > ruleLimit)
      return this.problems(open)
        .slice(0, findingLimit)
        .map((problem) => toDiagnostic(open, problem));
    const linting = this.#of(open);
    const diagnostics = syntaxProblems(open.document).map((problem) => toDiagnostic(open, problem));
    for (const { instruction, problems } of linting.linter.instructionProblems(open.document)) {
      const line = instruction.startLine;
      let shown = linting.shown.get(problems);
      if (shown?.line !== line) {
        shown = { line, diagnostics: problems.map((problem) => toDiagnostic(open, problem, instruction.start)) };
        linting.shown.set(problems, shown);
      }
      for (const diagnostic of shown.diagnostics) diagnostics.push(diagnostic);
    }
    if (linting.external.size > 0) {
      const external: Problem[] = [];
      addExternal(open, linting, external);
      for (const problem of external) diagnostics.push(toDiagnostic(open, problem));
    }
    return diagnostics.length > findingLimit ? diagnostics.slice(0, findingLimit) : diagnostics;
  }

  #of(open: OpenDocument): Linting {
    let linting = this.#linting.get(open);
    if (linting === undefined) {
      const knowledge = new ContextKnowledge(() => buildContext(open.uri, this.#settings()));
      const options: LintOptions = {
        severities: this.#settings().rules,
        hadolint: hadolintConfig(open.uri, this.#roots()),
        knowledge: {
          contextPath: (source) => knowledge.state(source),
          image: (reference) => this.#images?.get(reference),
          today: new Date(),
        },
      };
      const program = this.#settings().shellcheckPath;
      const tail = new ShellcheckTail({ background: true, ...(program === '' ? {} : { program }) });
      linting = { linter: new Linter(rules, options), knowledge, tail, external: new Map(), shown: new WeakMap() };
      this.#linting.set(open, linting);
    }
    return linting;
  }
}

function tooLarge(): Problem {
  return {
    code: 'size',
    aliases: [],
    source: 'slipway',
    severity: 'info',
    message: 'cannot check rules while editing: the file has more than 1 MB; use slipway lint',
    range: { start: 0, end: 0 },
    href: '',
    fixes: [],
  };
}

/** Adds what shellcheck said of instructions that are still the same, wherever they are now. */
function addExternal(open: OpenDocument, linting: Linting, problems: Problem[]): void {
  for (const instruction of open.document.instructions) {
    const said = linting.external.get(instruction);
    if (said === undefined) continue;
    for (const problem of said.problems) problems.push(moveProblem(problem, instruction.start - said.start));
  }
}

/** The configuration of the directory or of one above it, up to the workspace folder that holds it. */
function hadolintConfig(uri: string, roots: readonly string[]): HadolintConfig {
  const directory = directoryOf(uri);
  if (directory === undefined) return DEFAULT_CONFIG;
  const root = roots.find((folder) => directory === folder || directory.startsWith(folder + sep)) ?? directory;
  const path = findHadolintConfig(directory, root);
  return path === undefined ? DEFAULT_CONFIG : loadHadolintConfig(path).config;
}

/** `start` is where the problem's places count from. */
export function toDiagnostic(open: OpenDocument, problem: Problem, start = 0): Diagnostic {
  const diagnostic: Diagnostic = {
    range: open.view.range(start + problem.range.start, start + problem.range.end),
    severity: severities[problem.severity],
    code: problem.code,
    source: problem.source,
    message: problem.message,
  };
  if (problem.href !== '') diagnostic.codeDescription = { href: problem.href };
  if (problem.tags !== undefined && problem.tags.length > 0) {
    diagnostic.tags = problem.tags.map((tag) =>
      tag === 'deprecated' ? DiagnosticTag.Deprecated : DiagnosticTag.Unnecessary,
    );
  }
  return diagnostic;
}
