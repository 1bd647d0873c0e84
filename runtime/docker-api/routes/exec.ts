// /exec: further processes in containers.

import { framedType } from './container_streams.ts';
import { sizeOf } from './containers.ts';
import { checked, defined, type Route, route } from './route.ts';

export const execRoutes: readonly Route[] = [
  route('POST', '/containers/{id}/exec', async (x) => {
    const body = (await x.body()) ?? {};
    const { Cmd, Env, User, WorkingDir, Tty, Privileged, AttachStdin, AttachStdout, AttachStderr, DetachKeys } = body;
    const fields = { Cmd, Env, User, WorkingDir, Tty, Privileged, AttachStdin, AttachStdout, AttachStderr, DetachKeys };
    const params = checked('exec.create', defined({ Container: x.name, ...fields }));
    x.json(201, await x.call('exec.create', params));
  }),

  route('POST', '/exec/{id}/start', async (x) => {
    const body = (await x.body()) ?? {};
    if (body['Detach'] === true) {
      await x.call('exec.startDetached', { Exec: x.name });
      x.plain(200, '');
      return;
    }
    const [height, width] = Array.isArray(body['ConsoleSize']) ? body['ConsoleSize'].map(Number) : [];
    const size = height && width ? { Height: height, Width: width } : {};
    const { ProcessConfig } = await x.call('exec.inspect', { Exec: x.name });
    const serve = await x.stream('exec.start', { Exec: x.name, ...size });
    const stream = x.hijack(framedType(x, !ProcessConfig.tty));
    await serve(stream, x.signal);
    stream.end();
  }),

  route('POST', '/exec/{id}/resize', async (x) => {
    await x.call('exec.resize', { Exec: x.name, ...sizeOf(x) });
    x.plain(200, '');
  }),

  route('GET', '/exec/{id}/json', async (x) => {
    x.json(200, await x.call('exec.inspect', { Exec: x.name }));
  }),
];
