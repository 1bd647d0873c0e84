// A person's terminal or pipes on one end, an engine stream on the other: attach, run, exec, start -a.
import type { Socket } from 'node:net';
import { Transform, type TransformCallback, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type Frame, FrameDecoder, stderrFrame } from '../../protocol/framing.ts';
import type { Interruption } from '../interruption.ts';
import type { Terminal, TerminalSize } from '../terminal.ts';

export interface StdioPlan {
  /** Raw bytes instead of frames. */
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly terminal: Terminal;
  /** Called with the first size and with each change. */
  readonly resize?: (size: TerminalSize) => Promise<unknown>;
}

/** Parts frames onto the two outputs, with back-pressure from either. */
class FrameSink extends Transform {
  readonly #out: Writable;
  readonly #errors: Writable;

  constructor(out: Writable, errors: Writable) {
    super({ writableObjectMode: true });
    this.#out = out;
    this.#errors = errors;
  }

  override _transform({ stream, bytes }: Frame, _encoding: BufferEncoding, done: TransformCallback): void {
    const target = stream === stderrFrame ? this.#errors : this.#out;
    if (target.write(bytes)) done();
    else target.once('drain', () => done());
  }
}

/** Resolves when the engine has ended the stream and all output is written. */
export async function serveStdio(socket: Socket, plan: StdioPlan): Promise<void> {
  const { terminal, tty, stdin } = plan;
  using _raw = tty && stdin ? terminal.raw() : { [Symbol.dispose]: () => {} };
  using _resizing = followSize(plan);
  if (stdin) terminal.input.pipe(socket);
  else socket.end();
  const sink = tty ? socket : socket.pipe(new FrameDecoder()).pipe(new FrameSink(terminal.output, terminal.errors));
  if (tty) socket.on('data', (bytes: Buffer) => writeAll(socket, terminal.output, bytes));
  else sink.resume();
  try {
    await finished(sink, { writable: false });
  } catch (error) {
    // A stream that the engine broke off: its outcome says why.
    if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code === undefined) throw error;
  } finally {
    terminal.input.unpipe(socket);
    terminal.input.pause();
    socket.destroy();
  }
}

function writeAll(from: Socket, to: Writable, bytes: Buffer): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

function followSize({ tty, resize, terminal }: StdioPlan): Disposable {
  if (!tty || resize === undefined) return { [Symbol.dispose]: () => {} };
  // The process may have ended meanwhile; its last size matters to nobody.
  const report = (size: TerminalSize) => void resize(size).catch(() => {});
  const size = terminal.size();
  if (size !== undefined) report(size);
  return terminal.onResize(report);
}

const proxied = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGALRM'] as const;

/** Passes the signals that we get on to the container (--sig-proxy), until disposed. */
export function proxySignals(interruption: Interruption, send: (signal: string) => Promise<unknown>): Disposable {
  const passedOn = interruption.passOn();
  const handlers = proxied.map((signal) => {
    const handler = () => void send(signal.slice(3)).catch(() => {});
    process.on(signal, handler);
    return { signal, handler };
  });
  return {
    [Symbol.dispose]: () => {
      passedOn[Symbol.dispose]();
      for (const { signal, handler } of handlers) process.off(signal, handler);
    },
  };
}
