// A build in a terminal tab: every step as a line, what RUN prints below it, problems to the Problems panel. Closing it calls
// the build off.
import * as vscode from 'vscode';
import type { BuildOutcome, BuildProblem, BuildProgress, BuildRequest } from '../../runtime/protocol/build.ts';
import { errorMessage, isCancelled } from '../activity.ts';
import type { Engine } from '../engine.ts';

export class BuildTerminal implements vscode.Pseudoterminal {
  readonly #engine: Engine;
  readonly #request: BuildRequest;
  readonly #problems: vscode.DiagnosticCollection;
  readonly #done: (outcome: BuildOutcome | undefined) => void;
  readonly #write = new vscode.EventEmitter<string>();
  readonly #close = new vscode.EventEmitter<number>();
  readonly #abort = new AbortController();
  readonly #steps = new Map<string, { number: number; name: string; started: number }>();
  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#close.event;

  constructor(
    engine: Engine,
    request: BuildRequest,
    problems: vscode.DiagnosticCollection,
    done: (outcome: BuildOutcome | undefined) => void,
  ) {
    this.#engine = engine;
    this.#request = request;
    this.#problems = problems;
    this.#done = done;
  }

  open(): void {
    void this.#run();
  }

  handleInput(data: string): void {
    if (data === '\x03') this.#abort.abort();
  }

  close(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    this.#problems.clear();
    try {
      const client = await this.#engine.client();
      const { socket, outcome } = await client.stream('build.run', this.#request, {
        signal: this.#abort.signal,
        onProgress: (progress) => this.#show(progress),
      });
      socket.end();
      socket.resume();
      const result = await outcome;
      this.#line(
        vscode.l10n.t('Built {0}', result.References.join(', ') || result.Images.map(({ Id }) => Id).join(', ')),
      );
      this.#done(result);
      this.#close.fire(0);
    } catch (error) {
      this.#line(isCancelled(error) ? vscode.l10n.t('Called off.') : `\x1b[31m${errorMessage(error)}\x1b[0m`);
      this.#done(undefined);
      this.#close.fire(1);
    }
  }

  #show(progress: BuildProgress): void {
    switch (progress.Kind) {
      case 'vertex': {
        const number = this.#steps.size + 1;
        this.#steps.set(progress.Id, { number, name: progress.Name, started: 0 });
        break;
      }
      case 'started':
        this.#step(progress.Id, (step) => {
          step.started = Date.parse(progress.Time);
          return step.name;
        });
        break;
      case 'completed':
        this.#step(progress.Id, ({ started }) => {
          if (progress.Error !== undefined) return `\x1b[31mERROR: ${progress.Error}\x1b[0m`;
          if (progress.Cached) return '\x1b[32mCACHED\x1b[0m';
          return `DONE ${((Date.parse(progress.Time) - started) / 1000).toFixed(1)}s`;
        });
        break;
      case 'log':
        this.#step(progress.Id, () => progress.Text.replace(/\n$/, ''));
        break;
      case 'problem':
        this.#report(progress.Problem);
        break;
      case 'status':
        break;
    }
  }

  #step(id: string, text: (step: { name: string; started: number }) => string): void {
    const step = this.#steps.get(id);
    if (step === undefined) return;
    for (const line of text(step).split('\n')) this.#line(`\x1b[2m#${step.number}\x1b[0m ${line}`);
  }

  #line(text: string): void {
    this.#write.fire(`${text}\r\n`);
  }

  #report(problem: BuildProblem): void {
    this.#line(`${problem.Severity}: ${problem.Message}`);
    if (problem.Range === undefined) return;
    const uri = vscode.Uri.file(problem.Range.File);
    const { Start, End } = problem.Range;
    const diagnostic = new vscode.Diagnostic(
      new vscode.Range(Start.Line, Start.Character, End.Line, End.Character),
      problem.Message,
      problem.Severity === 'error' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning,
    );
    diagnostic.source = 'slipway build';
    if (problem.Rule !== undefined) diagnostic.code = problem.Rule;
    this.#problems.set(uri, [...(this.#problems.get(uri) ?? []), diagnostic]);
  }
}
