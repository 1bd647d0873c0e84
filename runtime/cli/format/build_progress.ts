// A build's progress on a terminal: one line for each step with its time, the last lines of what running steps print, redrawn
// in place.
import { stripVTControlCharacters } from 'node:util';
import type { BuildProgress } from '../../protocol/build.ts';

interface Screen {
  readonly rows: number;
  readonly columns: number;
}

interface Step {
  readonly name: string;
  /** Milliseconds since the epoch. */
  started?: number;
  ended?: number;
  verdict?: 'CACHED' | 'ERROR';
  /** Of its output; the last one may go on. */
  lines: string[];
}

/** Lines of output shown below a step that runs. */
const shownOutput = 6;
/** Milliseconds between two frames where nothing but time goes on. */
const interval = 100;

/** What is to be seen at a moment. */
class BuildFrames {
  readonly #steps = new Map<string, Step>();
  readonly #warnings: string[] = [];
  readonly #begun: number;

  constructor(begun: number) {
    this.#begun = begun;
  }

  take(progress: BuildProgress): void {
    if (progress.Kind === 'problem') {
      if (progress.Problem.Severity === 'warning') this.#warnings.push(`WARNING: ${progress.Problem.Message}`);
      return;
    }
    if (progress.Kind === 'vertex') {
      this.#steps.set(progress.Id, { name: progress.Name, lines: [] });
      return;
    }
    const step = this.#steps.get(progress.Id);
    if (step === undefined) return;
    if (progress.Kind === 'started') step.started = Date.parse(progress.Time);
    if (progress.Kind === 'log') {
      const [first = '', ...rest] = progress.Text.split('\n');
      step.lines.push(`${step.lines.pop() ?? ''}${first}`, ...rest);
      step.lines = step.lines.slice(-shownOutput - 1);
    }
    if (progress.Kind === 'completed') {
      step.ended = Date.parse(progress.Time);
      if (progress.Error !== undefined) step.verdict = 'ERROR';
      else if (progress.Cached) step.verdict = 'CACHED';
    }
  }

  lines(now: number, { rows, columns }: Screen): string[] {
    const all = [...this.#steps.values()];
    const done = all.filter(({ ended, verdict }) => ended !== undefined && verdict !== 'ERROR').length;
    const body = all.flatMap((step) => linesOf(step, now, columns));
    const title = `[+] Building ${seconds(now - this.#begun)} (${done}/${all.length})`;
    // What has scrolled out of the screen can't be drawn again: the newest lines are kept.
    const room = Math.max(rows - 2 - this.#warnings.length, 1);
    return [title, ...body.slice(-room), ...this.#warnings].map((line) => line.slice(0, columns));
  }
}

function linesOf({ name, started, ended, verdict, lines }: Step, now: number, columns: number): string[] {
  if (started === undefined) return [];
  const time = seconds((ended ?? now) - started);
  const text = ` => ${verdict === undefined ? '' : `${verdict} `}${printable(name)}`;
  const width = Math.max(columns - time.length - 1, 10);
  const head = `${text.slice(0, width).padEnd(width)} ${time}`;
  if (ended !== undefined) return [head];
  const output = lines.filter((line, index) => line !== '' || index < lines.length - 1).slice(-shownOutput);
  return [head, ...output.map((line) => ` => => # ${printable(line)}`)];
}

function seconds(milliseconds: number): string {
  return `${(Math.max(milliseconds, 0) / 1000).toFixed(1)}s`;
}

/** On one line, and nothing in it that moves the cursor: what a carriage return wrote over is gone. */
function printable(text: string): string {
  const last = stripVTControlCharacters(text).replace(/\r+$/, '').split('\r').at(-1) ?? '';
  return last.replaceAll('\t', '  ').replace(/\p{Cc}/gu, '');
}

/** Draws the frames until it is disposed of. */
export class LiveProgress implements Disposable {
  readonly #frames = new BuildFrames(Date.now());
  readonly #write: (text: string) => void;
  readonly #screen: () => Screen;
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(write: (text: string) => void, screen: () => Screen) {
    this.#write = write;
    this.#screen = screen;
    this.#timer = setInterval(() => this.#draw(), interval);
  }

  show(progress: BuildProgress): void {
    this.#frames.take(progress);
  }

  #draw(): void {
    const lines = this.#frames.lines(Date.now(), this.#screen());
    const back = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    this.#write(`\x1b[?25l${back}\r\x1b[J${lines.map((line) => `${line}\n`).join('')}\x1b[?25h`);
    this.#drawn = lines.length;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#draw();
  }
}
