// Terminal sessions on the engine's raw streams: attach to a container's own terminal, or run a command in it.
import type { Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import * as vscode from 'vscode';
import type { Client, EngineStream } from '../../runtime/protocol/client.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { type Frame, FrameDecoder } from '../../runtime/protocol/framing.ts';
import type { TerminalSession } from './session_terminal.ts';

/** What a window remembers of a terminal, to join its process again after a reload. */
export type TerminalRecipe =
  | { kind: 'attach'; container: string; name: string }
  | {
      kind: 'exec';
      container: string;
      name: string;
      command: readonly string[];
      user?: string;
      workdir?: string;
      /** The session's id, once its process was started. */
      exec?: string;
    };

export type ExecRecipe = Extract<TerminalRecipe, { kind: 'exec' }>;

/** Joins the process of a session that was opened before. Throws a sentence for the person if it has ended. */
export async function joinSession(
  client: Client,
  recipe: TerminalRecipe,
  size: vscode.TerminalDimensions,
): Promise<TerminalSession> {
  if (recipe.kind === 'exec') return await joinExec(client, recipe.exec ?? '');
  const { State } = await client.call('container.inspect', { Container: recipe.container });
  if (!State.Running) throw ended(State.ExitCode);
  return await openAttach(client, recipe.container, size);
}

function ended(code: number): Error {
  return new Error(vscode.l10n.t('Can’t be attached again: the process ended with code {0}.', code));
}

/** Attaches to a container's streams, also to those of one that is about to be started. */
export async function openAttach(
  client: Client,
  container: string,
  size: vscode.TerminalDimensions,
): Promise<TerminalSession> {
  const { Config, State } = await client.call('container.inspect', { Container: container });
  const exited = client.call('container.wait', {
    Container: container,
    Condition: State.Running ? 'not-running' : 'next-exit',
  });
  exited.catch(() => undefined);
  const { socket, outcome } = await client.stream('container.attach', {
    Container: container,
    Stdin: Config.OpenStdin === true,
    Stdout: true,
    Stderr: true,
    Stream: true,
  });
  const resize = (rows: number, columns: number): void => {
    if (Config.Tty !== true) return;
    // A size that comes too late for the process is no failure of anything.
    void client.call('container.resize', { Container: container, Height: rows, Width: columns }).catch(() => undefined);
  };
  if (State.Running) resize(size.rows, size.columns);
  return {
    stream: Config.Tty === true ? socket : unframed(socket),
    resize,
    async ended() {
      const { Reason } = await outcome;
      return Reason === 'ended' ? (await exited).StatusCode : undefined;
    },
    detach: () => socket.destroy(),
  };
}

/** Runs the command. `started` gets the session's id as soon as there is something to join again. */
export async function openExec(
  client: Client,
  recipe: ExecRecipe,
  size: vscode.TerminalDimensions,
  started: (id: string) => void,
): Promise<TerminalSession> {
  const { Id } = await client.call('exec.create', {
    Container: recipe.container,
    Cmd: [...recipe.command],
    Tty: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    // What a program needs to know to draw: the editor's terminal speaks xterm's language.
    Env: ['TERM=xterm-256color'],
    ...(recipe.user === undefined ? {} : { User: recipe.user }),
    ...(recipe.workdir === undefined ? {} : { WorkingDir: recipe.workdir }),
  });
  const stream = await client.stream('exec.start', { Exec: Id, Height: size.rows, Width: size.columns });
  started(Id);
  return execSession(client, Id, stream);
}

async function joinExec(client: Client, id: string): Promise<TerminalSession> {
  const found = await client.call('exec.inspect', { Exec: id }).catch((error: unknown) => {
    if (isEngineError(error, 'NotFound')) return undefined;
    throw error;
  });
  if (found === undefined)
    throw new Error(vscode.l10n.t('Can’t be attached again: the engine knows nothing of this session any more.'));
  if (!found.Running) throw ended(found.ExitCode ?? 255);
  return execSession(client, id, await client.stream('exec.attach', { Exec: id }));
}

function execSession(
  client: Client,
  id: string,
  { socket, outcome }: EngineStream<'exec.start'> | EngineStream<'exec.attach'>,
): TerminalSession {
  return {
    stream: socket,
    resize(rows, columns) {
      void client.call('exec.resize', { Exec: id, Height: rows, Width: columns }).catch(() => undefined);
    },
    ended: async () => (await outcome).ExitCode ?? undefined,
    detach: () => socket.destroy(),
  };
}

/** Both output streams in one, with the line ends that a terminal needs; what is written goes to stdin as it is. */
function unframed(socket: Socket): TerminalSession['stream'] {
  const output = new PassThrough();
  socket
    .pipe(new FrameDecoder())
    .on('data', ({ bytes }: Frame) => output.write(bytes.toString('latin1').replace(/(?<!\r)\n/g, '\r\n'), 'latin1'))
    .on('end', () => output.end());
  output.on('error', (error) => socket.destroy(error));
  return Duplex.from({ readable: output, writable: socket });
}

const shellMemory = 'slipway.shells';

/**
 * The best shell of a container: the one remembered for its image, or the first of the setting's that runs in it.
 * @throws Error when there is none.
 */
export async function findShell(
  client: Client,
  container: { Id: string; ImageID: string },
  memory: vscode.Memento,
): Promise<string> {
  const remembered = memory.get<Record<string, string>>(shellMemory, {});
  const known = remembered[container.ImageID];
  if (known !== undefined) return known;
  const shells = vscode.workspace.getConfiguration('slipway').get<string[]>('shells', ['sh']);
  for (const shell of shells) {
    if (!(await runs(client, container.Id, [shell, '-c', 'exit 0']))) continue;
    await memory.update(shellMemory, { ...remembered, [container.ImageID]: shell });
    return shell;
  }
  throw new Error(
    vscode.l10n.t(
      'The container has none of these shells: {0}. Use “Run Command in Container…” instead.',
      shells.join(', '),
    ),
  );
}

async function runs(client: Client, container: string, command: string[]): Promise<boolean> {
  try {
    const { Id } = await client.call('exec.create', { Container: container, Cmd: command, AttachStdout: true });
    const { socket, outcome } = await client.stream('exec.start', { Exec: Id });
    socket.resume();
    return (await outcome).ExitCode === 0;
  } catch {
    // No such program: the next one is tried; when none is left, that is said.
    return false;
  }
}
