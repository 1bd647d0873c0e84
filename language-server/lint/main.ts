// The linter as a program of its own: `node language-server/lint/main.ts FILE…`. The command line calls lintCommand itself.
import { lintCommand } from './cli.ts';

process.exitCode = await lintCommand(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  cwd: process.cwd(),
  environment: process.env,
});
