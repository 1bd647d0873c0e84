// The long tail of ShellCheck's codes, from the `shellcheck` that is installed: one process for all scripts, off the hot path.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Span } from './ast.ts';
import { nativeCodes } from './checks/run.ts';

/** A script to look at. */
export interface ShellcheckInput {
  readonly text: string;
  /** `sh`, `bash`, `dash`, `ksh` or `busybox`. */
  readonly dialect: string;
  /** Variables that are set outside of the script. */
  readonly variables: readonly string[];
}

export interface ShellcheckFinding extends Span {
  readonly code: string;
  readonly level: 'error' | 'warning' | 'info' | 'style';
  readonly message: string;
}

export interface ShellcheckOptions {
  /** The program; `shellcheck` on PATH by default. */
  readonly program?: string;
  /** Whether somebody works beside it who must not be slowed down. */
  readonly background?: boolean;
  readonly signal?: AbortSignal;
}

/** Codes that speak of the file around the script, which is ours: the directive, the shebang, unused assignments. */
const NOT_OURS = ['SC1090', 'SC1091', 'SC2187', 'SC2148', 'SC2034', 'SC2317'];

/**
 * What shellcheck finds in each script, without the codes that are checked natively. Undefined when the program is not
 * installed. Rejects when `signal` aborts.
 */
export async function runShellcheck(
  inputs: readonly ShellcheckInput[],
  options: ShellcheckOptions = {},
): Promise<ShellcheckFinding[][] | undefined> {
  if (inputs.length === 0) return [];
  const directory = await mkdtemp(join(tmpdir(), 'slipway-shellcheck-'));
  try {
    const prologues = inputs.map(prologueOf);
    const names = inputs.map((_, i) => join(directory, `${i}.sh`));
    await Promise.all(inputs.map((input, i) => writeFile(names[i] ?? '', (prologues[i] ?? '') + input.text)));
    const exclude = [...nativeCodes, ...NOT_OURS].join(',');
    const output = await capture(
      options.program ?? 'shellcheck',
      ['--norc', '-f', 'json1', '-S', 'style', '-e', exclude, ...names],
      options,
    );
    return output === undefined ? undefined : readOutput(output, inputs, prologues, names);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The first line names the shell; then the variables that are set already. */
function prologueOf(input: ShellcheckInput): string {
  const shell = input.dialect === 'busybox' ? 'dash' : input.dialect;
  const variables = input.variables.filter((name) => /^[A-Za-z_]\w*$/.test(name)).map((name) => `export ${name}=1\n`);
  return `#!/bin/${shell}\n${variables.join('')}`;
}

/** The program's standard output; undefined if there is no such program. */
function capture(
  program: string,
  args: readonly string[],
  { signal, background = false }: ShellcheckOptions,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      ...(signal === undefined ? {} : { signal }),
    });
    if (background && child.pid !== undefined) lowerPriority(child.pid);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' || error.code === 'EACCES' ? resolve(undefined) : reject(error),
    );
    child.on('close', () => resolve(output));
  });
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or the system has no priorities.
  }
}

interface Comment {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly level: ShellcheckFinding['level'];
  readonly code: number;
  readonly message: string;
}

function readOutput(
  output: string,
  inputs: readonly ShellcheckInput[],
  prologues: readonly string[],
  names: readonly string[],
): ShellcheckFinding[][] {
  const findings: ShellcheckFinding[][] = inputs.map(() => []);
  let comments: readonly Comment[];
  try {
    ({ comments } = JSON.parse(output) as { comments: readonly Comment[] });
  } catch {
    return findings;
  }
  for (const comment of comments) {
    const index = names.indexOf(comment.file);
    const text = inputs[index]?.text;
    if (text === undefined) continue;
    const skipped = (prologues[index] ?? '').split('\n').length - 1;
    const start = offsetAt(text, comment.line - skipped, comment.column);
    const end = offsetAt(text, comment.endLine - skipped, comment.endColumn);
    if (start === undefined) continue;
    const { level, message } = comment;
    findings[index]?.push({ code: `SC${comment.code}`, level, message, start, end: Math.max(end ?? start, start) });
  }
  return findings;
}

/** The offset of a one-based line and column; columns count characters, which may be two UTF-16 units. */
function offsetAt(text: string, line: number, column: number): number | undefined {
  if (line < 1) return undefined;
  let at = 0;
  for (let i = 1; i < line; i += 1) {
    const newline = text.indexOf('\n', at);
    if (newline < 0) return undefined;
    at = newline + 1;
  }
  for (let i = 1; i < column && at < text.length && text[at] !== '\n'; i += 1)
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}
