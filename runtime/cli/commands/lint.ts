// lint: the language server's checks on the command line. It needs no engine, and reads its own options.
import type { CommandSpec } from '../command.ts';

export const lintCommands: readonly CommandSpec[] = [
  {
    path: ['lint'],
    summary: 'Check Dockerfiles for problems',
    usage: '[OPTIONS] FILE...',
    min: 0,
    options: [],
    passThrough: true,
    completes: 'file',
    async run(input, context) {
      // Loaded when it is used: no other command waits for the rules.
      const { lintCommand } = await import('../../../language-server/lint/cli.ts');
      return await lintCommand(input.args, {
        stdin: process.stdin,
        stdout: context.out,
        stderr: context.error,
        cwd: process.cwd(),
        environment: context.environment,
        signal: context.signal,
      });
    },
  },
];
