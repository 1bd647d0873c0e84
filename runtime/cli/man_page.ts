// The man page, from the commands' declarations (man-pages(7), groff_man(7)).
import type { CommandSpec, OptionSpec } from './command.ts';

/** Text as roff takes it: no escapes, no line that begins like a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function optionEntry({ short, name, kind, value, help, choices }: OptionSpec): string {
  const letter = short === undefined ? '' : `\\fB\\-${roff(short)}\\fR, `;
  const argument = kind === 'flag' ? '' : ` \\fI${roff(value ?? 'value')}\\fR`;
  const known = choices === undefined ? '' : ` (${choices.join(', ')})`;
  return `.TP\n${letter}\\fB\\-\\-${roff(name)}\\fR${argument}\n${roff(`${help}${known}`)}\n`;
}

function optionEntries(options: readonly OptionSpec[]): string {
  const shown = options.filter(({ hidden }) => hidden !== true);
  return shown
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(optionEntry)
    .join('');
}

function commandSection(command: CommandSpec): string {
  const { path, aliases = [], summary, usage, options } = command;
  const also = aliases.length === 0 ? '' : ` Also \\fB${aliases.map((alias) => roff(alias.join(' '))).join(', ')}\\fR.`;
  return [
    `.SS ${roff(path.join(' '))}`,
    `\\fBslipway ${roff(path.join(' '))}\\fR ${roff(usage)}`,
    '.PP',
    `${roff(summary)}.${also}`,
    optionEntries(options),
  ].join('\n');
}

/** @param version of the program, for the footer */
export function manPage(commands: readonly CommandSpec[], globals: readonly OptionSpec[], version: string): string {
  const shown = commands
    .filter(({ hidden }) => hidden !== true)
    .toSorted((a, b) => (a.path.join(' ') < b.path.join(' ') ? -1 : 1));
  return `.TH SLIPWAY 1 "" "Slipway ${roff(version)}" "Slipway"
.SH NAME
slipway \\- containers with an engine of their own
.SH SYNOPSIS
\\fBslipway\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR
.SH DESCRIPTION
Builds, runs and looks into containers, with the names, flags, formats and exit codes of Docker's commands.
The engine, \\fBslipwayd\\fR, starts with the first command that needs it and ends itself when nothing does; containers,
their logs and their exit codes outlive it.
.SH OPTIONS
${optionEntries(globals)}.SH COMMANDS
${shown.map(commandSection).join('')}.SH ENVIRONMENT
.TP
\\fBSLIPWAY_HOST\\fR
The engine's socket (unix:///path), as \\fB\\-\\-host\\fR says it.
.TP
\\fBSLIPWAY_NODE\\fR
The Node (24 or newer) that runs the program.
.TP
\\fBDOCKER_CONFIG\\fR
Where config.json with the registries' credentials lies (~/.docker).
.SH EXIT STATUS
\\fBrun\\fR and \\fBexec\\fR end with the code of the container's program, with 125 where the engine failed, 126 where
the program can't be run, 127 where there is none, and 128 plus its number where a signal ended it.
.SH FILES
.TP
/var/lib/slipway, ~/.local/share/slipway
Images, volumes and records of root's engine and of a user's own.
.TP
/run/slipway, $XDG_RUNTIME_DIR/slipway
Sockets: slipway.sock, and docker.sock for clients of the Docker Engine API.
.SH SEE ALSO
.BR namespaces (7),
.BR cgroups (7),
.BR capabilities (7)
`;
}
