// The person's terminal: raw mode, its size, and signals.
import { spawnSync } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface TerminalSize {
  readonly height: number;
  readonly width: number;
}

export class Terminal {
  readonly input = process.stdin;
  readonly output = process.stdout;
  readonly errors = process.stderr;

  get isInputTerminal(): boolean {
    return this.input.isTTY === true;
  }

  get isOutputTerminal(): boolean {
    return this.output.isTTY === true;
  }

  size(): TerminalSize | undefined {
    return this.output.isTTY ? { height: this.output.rows, width: this.output.columns } : undefined;
  }

  /** Calls back with each change of the size. */
  onResize(listener: (size: TerminalSize) => void): Disposable {
    const report = () => {
      const size = this.size();
      if (size !== undefined) listener(size);
    };
    this.output.on('resize', report);
    return { [Symbol.dispose]: () => void this.output.off('resize', report) };
  }

  /** Every key goes to the container as it is typed, Ctrl-C included, until disposed. */
  raw(): Disposable {
    if (!this.input.isTTY) return { [Symbol.dispose]: () => {} };
    this.input.setRawMode(true);
    // Node's raw mode still makes "\r\n" of the "\n" with which a full-screen program moves down; its end restores this, too.
    spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
    return {
      [Symbol.dispose]: () => {
        this.input.setRawMode(false);
        this.input.pause();
      },
    };
  }

  /** A question answered with one line. Without a terminal the answer is the next line of standard input. */
  async ask(question: string, hidden = false): Promise<string> {
    this.errors.write(question);
    return hidden && this.input.isTTY ? await readHidden(this.input, this.errors) : await readLine(this.input);
  }
}

async function readLine(input: Readable): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end).replace(/\r$/, '');
  }
  return text;
}

/** Characters are not shown; backspace and Ctrl-C do what they always do. */
function readHidden(input: NodeJS.ReadStream, output: Writable): Promise<string> {
  input.setRawMode(true);
  input.resume();
  return new Promise((resolve, reject) => {
    let text = '';
    const finish = (settle: () => void) => {
      input.off('data', onData);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      settle();
    };
    const onData = (chunk: Buffer) => {
      for (const character of chunk.toString()) {
        if (character === '\r' || character === '\n' || character === '\x04') return finish(() => resolve(text));
        if (character === '\x03') return finish(() => reject(new Error('interrupted')));
        if (character === '\x7f' || character === '\b') text = text.slice(0, -1);
        else text += character;
      }
    };
    input.on('data', onData);
  });
}
