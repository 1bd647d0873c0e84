// Connecting a client's raw stream with a container's (or exec session's) stdio at its monitor.
import type { Socket } from 'node:net';
import { type Duplex, Transform, type TransformCallback, Writable } from 'node:stream';
import type { AttachOutcome } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';
import { encodeFrame, type Frame, FrameDecoder, stderrFrame, stdoutFrame } from '../protocol/framing.ts';
import type { StreamServer } from '../protocol/handler.ts';
import type { Params } from '../protocol/methods.ts';
import { abortable } from './abortable.ts';
import { frameTypes } from './attach_stream.ts';
import type { Container } from './container.ts';
import { DetachKeyFilter, defaultDetachKeys, parseDetachKeys } from './detach_keys.ts';
import { writeLogs } from './logs.ts';
import { type ContainerServices, publish } from './services.ts';

export interface StdioOptions {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The end of the client's input is the end of the process's. */
  readonly closeStdin: boolean;
  readonly detachKeys: DetachKeyFilter | undefined;
}

/** Monitor frames to the client's form: raw with a terminal, Docker's frames otherwise; what only engines want is left out. */
class OutputForm extends Transform {
  readonly #options: StdioOptions;

  constructor(options: StdioOptions) {
    super({ writableObjectMode: true });
    this.#options = options;
  }

  override _transform({ stream, bytes }: Frame, _encoding: BufferEncoding, done: TransformCallback): void {
    const { tty, stdout, stderr } = this.#options;
    const wanted = (stream === stdoutFrame && stdout) || (stream === stderrFrame && stderr);
    if (!wanted) done();
    else done(null, tty ? bytes : encodeFrame(stream, bytes));
  }
}

/** The client's input as frames; tells when the detach keys were typed. */
class InputForm extends Writable {
  readonly #monitor: Socket;
  readonly #options: StdioOptions;
  readonly #onDetach: () => void;

  constructor(monitor: Socket, options: StdioOptions, onDetach: () => void) {
    super({ highWaterMark: 64 * 1024 });
    this.#monitor = monitor;
    this.#options = options;
    this.#onDetach = onDetach;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { detachKeys } = this.#options;
    const { data, detached } = detachKeys?.feed(chunk) ?? { data: chunk, detached: false };
    const finish = () => {
      if (detached) this.#onDetach();
      done();
    };
    if (data.length === 0) finish();
    else this.#send(encodeFrame(frameTypes.stdin, data), finish);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#options.closeStdin) this.#send(closeStdinFrame, () => done());
    else done();
  }

  /** A process that has ended takes no more input; that is not the client's error. */
  #send(frame: Buffer, done: () => void): void {
    if (this.#monitor.destroyed || this.#monitor.writableEnded) done();
    else this.#monitor.write(frame, () => done());
  }
}

/** Absent or empty: the default keys. Throws `InvalidArgument`. */
export function detachFilter(keys: string | undefined): DetachKeyFilter {
  try {
    return new DetachKeyFilter(parseDetachKeys(keys || defaultDetachKeys));
  } catch (error) {
    throw new EngineError(
      'InvalidArgument',
      `invalid detach keys: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * Moves bytes both ways until the process's output ends, the client goes, or the detach keys are typed.
 * @param input a second connection to the monitor, for what the client writes: writing to a monitor that has just ended breaks
 *   the connection, and with it goes what had arrived there and was not read yet
 */
export async function connectStdio(
  client: Duplex,
  monitor: Socket,
  options: StdioOptions,
  signal: AbortSignal,
  input: Socket | undefined,
): Promise<AttachOutcome> {
  input?.on('error', () => {}).resume();
  let left = false;
  try {
    return await abortable<AttachOutcome>(signal, (resolve) => {
      const output = new OutputForm(options);
      const finish = (reason: AttachOutcome['Reason']) => () => resolve({ Reason: reason });
      monitor.pipe(new FrameDecoder()).pipe(output).pipe(client, { end: false });
      output.once('end', finish('ended'));
      monitor.once('error', () => output.end());
      client.once('close', finish('detached'));
      const leave = () => {
        left = true;
        resolve({ Reason: 'detached' });
      };
      if (options.stdin) client.pipe(new InputForm(input ?? monitor, options, leave));
      else client.resume();
      return () => client.unpipe();
    });
  } finally {
    monitor.destroy();
    // A client that vanished writes no more; one that typed the detach keys may come back.
    if (options.closeStdin && !left && input?.writable === true) input.write(closeStdinFrame);
    input?.destroySoon();
  }
}

const closeStdinFrame = encodeFrame(frameTypes.closeStdin, Buffer.alloc(0));

/** One attach, from the call to its end. It may begin before the container runs: then it joins when the monitor is there. */
class AttachSession {
  readonly #joined = Promise.withResolvers<Socket | undefined>();
  readonly #leave: () => void;

  constructor(container: Container) {
    const give = () => this.#joined.resolve(undefined);
    const join = async () => {
      const { monitor } = container;
      this.#joined.resolve(monitor === undefined ? undefined : await monitor.attach());
    };
    this.#joined.promise.catch(() => {});
    container.joiners.add(join);
    container.changes.once('failed', give);
    container.changes.once('removed', give);
    this.#leave = () => {
      container.joiners.delete(join);
      container.changes.off('failed', give);
      container.changes.off('removed', give);
    };
    this.#joined.promise.then(this.#leave, this.#leave);
    if (container.isRunning) join().catch(this.#joined.reject);
  }

  /** The monitor's socket; undefined if the container never came to run. */
  async socket(signal: AbortSignal): Promise<Socket | undefined> {
    return await Promise.race([this.#joined.promise, abortable<never>(signal, () => () => {})]);
  }

  abandon(): void {
    this.#leave();
    this.#joined.resolve(undefined);
    void this.#joined.promise.then((socket) => socket?.destroy());
  }
}

/** container.attach */
export async function attachContainer(
  services: ContainerServices,
  container: Container,
  params: Params<'container.attach'>,
): Promise<StreamServer<'container.attach'>> {
  const { config } = container.record;
  if (container.removal !== undefined) throw new EngineError('Conflict', `container ${container.id} is being removed`);
  if (container.state.status === 'paused')
    throw new EngineError('Conflict', `container ${container.id} is paused, unpause the container before attach`);
  const tty = config.Tty === true;
  const keys = detachFilter(params.DetachKeys);
  const options: StdioOptions = {
    tty,
    stdin: params.Stdin === true && config.OpenStdin === true,
    stdout: params.Stdout !== false,
    stderr: params.Stderr !== false,
    closeStdin: config.StdinOnce === true && !tty,
    detachKeys: params.Stdin === true ? keys : undefined,
  };
  const session = params.Stream === false ? undefined : new AttachSession(container);
  const serve = async (client: Duplex, signal: AbortSignal): Promise<AttachOutcome> => {
    try {
      if (params.Logs === true)
        await writeLogs(services, container, { Stdout: options.stdout, Stderr: options.stderr }, client, signal);
      const socket = await session?.socket(signal);
      if (socket === undefined) return { Reason: 'ended' };
      publish(services, container, 'attach', {}, undefined);
      const input = options.stdin ? await container.monitor?.attach().catch(() => undefined) : undefined;
      const outcome = await connectStdio(client, socket, options, signal, input);
      if (outcome.Reason === 'detached') publish(services, container, 'detach', {}, undefined);
      return outcome;
    } finally {
      session?.abandon();
    }
  };
  return Object.assign(serve, { abandoned: () => session?.abandon() });
}
