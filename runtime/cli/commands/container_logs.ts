// logs
import { type CommandSpec, flag, type Invocation, text } from '../command.ts';
import type { CliContext } from '../context.ts';
import { serveStdio } from './stdio.ts';

async function logs(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const [ref = ''] = input.args;
  const { Config } = await client.call('container.inspect', { Container: ref });
  const optional = (name: string, key: string) => (input.text(name) === undefined ? {} : { [key]: input.text(name) });
  const { socket, outcome } = await client.stream('container.logs', {
    Container: ref,
    Stdout: true,
    Stderr: true,
    Follow: input.flag('follow'),
    Timestamps: input.flag('timestamps'),
    Details: input.flag('details'),
    ...optional('since', 'Since'),
    ...optional('until', 'Until'),
    ...optional('tail', 'Tail'),
  });
  await serveStdio(socket, { tty: Config.Tty === true, stdin: false, terminal: context.terminal });
  await outcome;
  return 0;
}

export const containerLogsCommands: readonly CommandSpec[] = [
  {
    path: ['container', 'logs'],
    aliases: [['logs']],
    summary: 'Fetch the logs of a container',
    usage: '[OPTIONS] CONTAINER',
    options: [
      flag('details', 'Show extra details provided to logs'),
      flag('follow', 'Follow log output', 'f'),
      text(
        'since',
        'string',
        'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      ),
      text(
        'until',
        'string',
        'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      ),
      text('tail', 'string', 'Number of lines to show from the end of the logs (default "all")', 'n'),
      flag('timestamps', 'Show timestamps', 't'),
    ],
    min: 1,
    max: 1,
    completes: 'container',
    run: logs,
  },
];
