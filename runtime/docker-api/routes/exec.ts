// /exec: further processes in containers.

import type { Duplex } from 'node:stream';
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import { encodeFrame, stdoutFrame } from '../../protocol/framing.ts';
import { HttpError, messageOf } from '../failure.ts';
import { hijackedType } from './container_streams.ts';
import { sizeOf } from './containers.ts';
import { checked, defined, type Route, route } from './route.ts';

/** What runs a command says why it could not, and Docker puts these words before it. */
function wordedByRuntime(error: unknown): unknown {
  const isCommand = isEngineError(error, 'CommandNotFound') || isEngineError(error, 'CommandNotExecutable');
  if (!isCommand) return error;
  const message = `OCI runtime exec failed: exec failed: unable to start container process: ${error.message}`;
  return new EngineError(error.kind, message, { cause: error });
}

export const execRoutes: readonly Route[] = [
  route('POST', '/containers/{id}/exec', async (x) => {
    const body = (await x.body()) ?? {};
    const { Cmd, Env, User, WorkingDir, Tty, Privileged, AttachStdin, AttachStdout, AttachStderr, DetachKeys } = body;
    const fields = { Cmd, Env, User, WorkingDir, Tty, Privileged, AttachStdin, AttachStdout, AttachStderr, DetachKeys };
    if (Cmd === undefined) throw new HttpError(400, 'No exec command specified');
    const params = checked('exec.create', defined({ Container: x.name, ...fields }));
    x.json(201, await x.call('exec.create', params));
  }),

  route('POST', '/exec/{id}/start', async (x) => {
    const body = (await x.body()) ?? {};
    if (body['Detach'] === true) {
      await x.call('exec.startDetached', { Exec: x.name }).catch((error: unknown) => {
        throw wordedByRuntime(error);
      });
      x.empty(200);
      return;
    }
    const [height, width] = Array.isArray(body['ConsoleSize']) ? body['ConsoleSize'].map(Number) : [];
    const size = height && width ? { Height: height, Width: width } : {};
    const { ProcessConfig } = await x.call('exec.inspect', { Exec: x.name });
    let stream: Duplex | undefined;
    try {
      const serve = await x.stream('exec.start', { Exec: x.name, ...size });
      stream = x.hijack(hijackedType(x, !ProcessConfig.tty));
      await serve(stream, x.signal);
    } catch (error) {
      if (isEngineError(error, 'NotFound') || isEngineError(error, 'Conflict')) throw error;
      // As dockerd: a command that can't be started is said on its own standard output.
      stream ??= x.hijack(hijackedType(x, !ProcessConfig.tty));
      const text = Buffer.from(`${messageOf(wordedByRuntime(error))}\r\n`);
      stream.write(ProcessConfig.tty ? text : encodeFrame(stdoutFrame, text));
    }
    stream.end();
  }),

  route('POST', '/exec/{id}/resize', async (x) => {
    await x.call('exec.resize', { Exec: x.name, ...sizeOf(x) });
    x.empty(200);
  }),

  route('GET', '/exec/{id}/json', async (x) => {
    x.json(200, await x.call('exec.inspect', { Exec: x.name }));
  }),
];
