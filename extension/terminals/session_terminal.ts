// A terminal tab whose other end is a container: bytes both ways, resizes, and a word when the process has ended.
import type { Duplex } from 'node:stream';
import * as vscode from 'vscode';

/** The container's side of a terminal: one attach, exec or run session. */
export interface TerminalSession {
  /** The raw bytes of the pty, both ways; ends when the process ends or the session is detached. */
  readonly stream: Duplex;
  resize(rows: number, columns: number): void;
  /** Resolves when the stream has ended: with the exit code, or `undefined` if the process goes on without us. */
  ended(): Promise<number | undefined>;
  /** Leaves the process running. */
  detach(): void;
}

/** A person's terminal closes with the process, unless it failed: then it stays to be read. */
export class SessionTerminal implements vscode.Pseudoterminal {
  readonly #open: (size: vscode.TerminalDimensions) => Promise<TerminalSession>;
  readonly #write = new vscode.EventEmitter<string>();
  readonly #close = new vscode.EventEmitter<number>();
  readonly #rename = new vscode.EventEmitter<string>();
  readonly #name: string;
  // Characters may be split between chunks; a decoder with memory puts them together again.
  readonly #decoder = new TextDecoder();
  #session: TerminalSession | undefined;
  #finished = false;

  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#close.event;
  readonly onDidChangeName = this.#rename.event;

  constructor(name: string, open: (size: vscode.TerminalDimensions) => Promise<TerminalSession>) {
    this.#name = name;
    this.#open = open;
  }

  open(size: vscode.TerminalDimensions | undefined): void {
    void this.#connect(size ?? { columns: 80, rows: 24 });
  }

  handleInput(data: string): void {
    if (this.#finished) this.#close.fire(0);
    else this.#session?.stream.write(data);
  }

  setDimensions(size: vscode.TerminalDimensions): void {
    if (!this.#finished) this.#session?.resize(size.rows, size.columns);
  }

  close(): void {
    this.#session?.detach();
  }

  async #connect(size: vscode.TerminalDimensions): Promise<void> {
    try {
      const session = await this.#open(size);
      this.#session = session;
      session.stream.on('data', (chunk: Buffer) => this.#write.fire(this.#decoder.decode(chunk, { stream: true })));
      session.stream.on('error', (error) => this.#finish(error.message));
      const code = await session.ended();
      if (code === undefined) this.#finish(vscode.l10n.t('Detached; the container goes on.'));
      else this.#finish(vscode.l10n.t('The process ended with code {0}.', code), code);
    } catch (error) {
      this.#finish(error instanceof Error ? error.message : String(error));
    }
  }

  #finish(message: string, code?: number): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#rename.fire(code === undefined ? this.#name : `${this.#name} (${code})`);
    if (code === 0) this.#close.fire(0);
    else this.#write.fire(`\r\n\x1b[2m${message} ${vscode.l10n.t('Press any key to close.')}\x1b[0m\r\n`);
  }
}
