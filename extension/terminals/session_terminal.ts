// A terminal tab whose other end is a container: bytes both ways, resizes, and a word when the process has ended. The process
// outlives the engine's helper: when that goes, the tab waits for the next one and joins again.
import type { Duplex } from 'node:stream';
import * as vscode from 'vscode';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { errorMessage } from '../activity.ts';

/** The container's side of a terminal: one attach, exec or run session. */
export interface TerminalSession {
  /** The raw bytes of the pty, both ways; ends when the process ends or the session is detached. */
  readonly stream: Duplex;
  resize(rows: number, columns: number): void;
  /**
   * Resolves when the stream has ended: with the exit code, or `undefined` if the process goes on without us. Rejects with
   * kind `Unavailable` if the engine went.
   */
  ended(): Promise<number | undefined>;
  /** Leaves the process running. */
  detach(): void;
}

/** Where a terminal's sessions come from. */
export interface SessionSource {
  readonly name: string;
  /** `again`: joins the process of an earlier session; throws, with a sentence for the person, where that has ended. */
  open(size: vscode.TerminalDimensions, again: boolean): Promise<TerminalSession>;
  /** Resolves when an engine that went is there again. */
  engineBack(signal: AbortSignal): Promise<void>;
  /** Nothing is left to join: the process ended, or the person detached. */
  finished(): void;
}

/** A terminal that a person typed into closes with the process. Otherwise, or if the process failed, it stays to be read. */
export class SessionTerminal implements vscode.Pseudoterminal {
  readonly #source: SessionSource;
  readonly #write = new vscode.EventEmitter<string>();
  readonly #close = new vscode.EventEmitter<number>();
  readonly #rename = new vscode.EventEmitter<string>();
  readonly #closed = new AbortController();
  #size: vscode.TerminalDimensions = { columns: 80, rows: 24 };
  /** There was a session before: this terminal's, or that of the same tab before the window was loaded anew. */
  #again: boolean;
  #session: TerminalSession | undefined;
  #finished = false;
  #typedInto = false;

  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#close.event;
  readonly onDidChangeName = this.#rename.event;

  constructor(source: SessionSource, again: boolean) {
    this.#source = source;
    this.#again = again;
  }

  open(size: vscode.TerminalDimensions | undefined): void {
    if (size !== undefined) this.#size = size;
    void this.#run();
  }

  handleInput(data: string): void {
    if (this.#finished) {
      this.#close.fire(0);
      return;
    }
    // Answers to what the program asks of the terminal arrive here, too: they hold neither Return nor Ctrl+D.
    this.#typedInto ||= data.includes('\r') || data.includes('\x04');
    this.#session?.stream.write(data);
  }

  setDimensions(size: vscode.TerminalDimensions): void {
    this.#size = size;
    if (!this.#finished) this.#session?.resize(size.rows, size.columns);
  }

  close(): void {
    this.#closed.abort();
    this.#session?.detach();
  }

  /** One session after the other until the process ends, the person leaves, or there is no way back. */
  async #run(): Promise<void> {
    for (;;) {
      try {
        const code = await this.#serve();
        if (code === undefined) this.#finish(vscode.l10n.t('Detached; the container goes on.'));
        else this.#finish(vscode.l10n.t('The process ended with code {0}.', code), code);
        return;
      } catch (error) {
        this.#session = undefined;
        if (this.#closed.signal.aborted) return;
        if (!this.#again || !isEngineError(error, 'Unavailable')) {
          this.#finish(errorMessage(error));
          return;
        }
        this.#note(vscode.l10n.t('The engine went away; the process goes on. Waiting for the engine…'));
      }
      try {
        await this.#source.engineBack(this.#closed.signal);
      } catch {
        return; // the tab was closed meanwhile
      }
    }
  }

  /** @returns what the session ended with */
  async #serve(): Promise<number | undefined> {
    const session = await this.#source.open(this.#size, this.#again);
    if (this.#closed.signal.aborted) session.detach();
    if (this.#again) this.#note(vscode.l10n.t('Attached again.'));
    this.#session = session;
    // Characters may be split between chunks; a decoder with memory puts them together again.
    const decoder = new TextDecoder();
    session.stream.on('data', (chunk: Buffer) => this.#write.fire(decoder.decode(chunk, { stream: true })));
    // How it ended tells `ended()`.
    session.stream.on('error', () => undefined);
    if (this.#again) redraw(session, this.#size);
    this.#again = true;
    return await session.ended();
  }

  #note(text: string): void {
    this.#write.fire(`\r\n\x1b[2m${text}\x1b[0m\r\n`);
  }

  #finish(message: string, code?: number): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#source.finished();
    const { name } = this.#source;
    this.#rename.fire(code === undefined ? name : `${name} (${code})`);
    if (code === 0 && this.#typedInto) this.#close.fire(0);
    else this.#note(`${message} ${vscode.l10n.t('Press any key to close.')}`);
  }
}

/** What the program had drawn is gone: a new size makes it draw again, and the right one follows at once. */
function redraw(session: TerminalSession, { rows, columns }: vscode.TerminalDimensions): void {
  session.resize(rows + 1, columns);
  session.resize(rows, columns);
}
