// exec
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import { type CommandSpec, flag, type Invocation, list, text } from '../command.ts';
import type { CliContext } from '../context.ts';
import { environmentOf } from '../options/values.ts';
import { UsageError } from '../parse.ts';
import { serveStdio } from './stdio.ts';

function failureCode(error: unknown): number {
  if (isEngineError(error, 'CommandNotFound')) return 127;
  // What is refused before there is a process ends with 1, a user who is unknown among it; what fails later with 126.
  return ['NotFound', 'Conflict', 'InvalidArgument'].some((kind) => isEngineError(error) && error.kind === kind)
    ? 1
    : 126;
}

async function exec(input: Invocation, context: CliContext): Promise<number> {
  const [Container = '', ...Cmd] = input.args;
  const tty = input.flag('tty');
  const detached = input.flag('detach');
  const stdin = input.flag('interactive') && !detached;
  if (tty && stdin && !context.terminal.isInputTerminal) throw new UsageError('the input device is not a TTY');
  const client = await context.engine();
  const optional = (name: string, key: string) => (input.text(name) === undefined ? {} : { [key]: input.text(name) });
  try {
    const { Id } = await client.call('exec.create', {
      Container,
      Cmd,
      Tty: tty,
      Privileged: input.flag('privileged'),
      AttachStdin: stdin,
      AttachStdout: !detached,
      AttachStderr: !detached,
      Env: environmentOf(input.list('env-file'), input.list('env'), context.environment),
      ...optional('user', 'User'),
      ...optional('workdir', 'WorkingDir'),
      ...optional('detach-keys', 'DetachKeys'),
    });
    if (detached) {
      await client.call('exec.startDetached', { Exec: Id });
      return 0;
    }
    const size = tty ? context.terminal.size() : undefined;
    const { socket, outcome } = await client.stream('exec.start', {
      Exec: Id,
      ...(size === undefined ? {} : { Height: size.height, Width: size.width }),
    });
    await serveStdio(socket, {
      tty,
      stdin,
      terminal: context.terminal,
      resize: ({ height, width }) => client.call('exec.resize', { Exec: Id, Height: height, Width: width }),
    });
    const { ExitCode } = await outcome;
    if (ExitCode !== null) return ExitCode;
    context.error('read escape sequence\n');
    return 1;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    context.error(
      `${error.kind === 'CommandNotFound' || error.kind === 'CommandNotExecutable' ? 'OCI runtime exec failed: ' : 'Error response from engine: '}${error.message}\n`,
    );
    return failureCode(error);
  }
}

export const execCommands: readonly CommandSpec[] = [
  {
    path: ['container', 'exec'],
    aliases: [['exec']],
    summary: 'Execute a command in a running container',
    usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
    options: [
      flag('detach', 'Detached mode: run command in the background', 'd'),
      text('detach-keys', 'string', 'Override the key sequence for detaching a container'),
      list('env', 'list', 'Set environment variables', 'e'),
      list('env-file', 'list', 'Read in a file of environment variables'),
      flag('interactive', 'Keep STDIN open even if not attached', 'i'),
      flag('privileged', 'Give extended privileges to the command'),
      flag('tty', 'Allocate a pseudo-TTY', 't'),
      text('user', 'string', 'Username or UID (format: "<name|uid>[:<group|gid>]")', 'u'),
      text('workdir', 'string', 'Working directory inside the container', 'w'),
    ],
    min: 2,
    stopAtFirst: true,
    completes: 'container',
    run: exec,
  },
];
