// Where the lines of a text begin, kept up to date by the change. Lines end with LF, CRLF or CR, as the language server
// protocol counts them.

export interface Position {
  /** Zero-based. */
  readonly line: number;
  /** UTF-16 code units from the start of the line. */
  readonly character: number;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Whether a line begins at `at`. */
function isLineStart(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  return before === lineFeed || (before === carriageReturn && text.charCodeAt(at) !== lineFeed);
}

export class LineIndex {
  #starts: number[];

  constructor(text: string) {
    this.#starts = [0];
    if (text.includes('\r')) {
      for (let at = nextBreak(text, 0); at >= 0; at = nextBreak(text, at)) this.#starts.push(at);
    } else {
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
    }
  }

  get lineCount(): number {
    return this.#starts.length;
  }

  /** The start of a line; the last line's for numbers beyond it. */
  start(line: number): number {
    return this.#starts[Math.max(0, Math.min(line, this.#starts.length - 1))] ?? 0;
  }

  /** The line that contains `offset`. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Follows the replacement of [start, end) by `length` code units; `text` is the text afterwards. */
  update(text: string, start: number, end: number, length: number): void {
    // Whether a line begins at p depends on the characters p-1 and p, so these p are looked at anew: start … start + length.
    const first = start === 0 ? 1 : this.lineAt(start - 1) + 1;
    const last = this.lineAt(end) + 1;
    const added: number[] = [];
    for (let at = Math.max(start, 1); at <= start + length && at <= text.length; at += 1) {
      if (isLineStart(text, at)) added.push(at);
    }
    const delta = length - (end - start);
    const starts = this.#starts;
    if (added.length === last - first) {
      for (let i = 0; i < added.length; i += 1) starts[first + i] = added[i] ?? 0;
    } else if (added.length < 1000) {
      starts.splice(first, last - first, ...added);
    } else {
      this.#starts = starts.slice(0, first).concat(added, starts.slice(last));
    }
    if (delta === 0) return;
    for (let i = first + added.length; i < this.#starts.length; i += 1)
      this.#starts[i] = (this.#starts[i] ?? 0) + delta;
  }
}

/** The offset behind the next line terminator, or -1. */
function nextBreak(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === lineFeed || code === carriageReturn) {
      return code === carriageReturn && text.charCodeAt(at + 1) === lineFeed ? at + 2 : at + 1;
    }
  }
  return -1;
}
