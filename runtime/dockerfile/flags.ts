// The flags that each instruction takes, and access to them by name and type.
import type { Flag, Instruction, Keyword, SyntaxProblem } from './ast.ts';
import { suggestion } from './suggestion.ts';

export type FlagType = 'string' | 'boolean' | 'strings';

export const instructionFlags: Readonly<Partial<Record<Keyword, Readonly<Record<string, FlagType>>>>> = {
  ADD: {
    chown: 'string',
    chmod: 'string',
    link: 'boolean',
    'keep-git-dir': 'boolean',
    checksum: 'string',
    unpack: 'boolean',
    exclude: 'strings',
  },
  COPY: { from: 'string', chown: 'string', chmod: 'string', link: 'boolean', parents: 'boolean', exclude: 'strings' },
  FROM: { platform: 'string' },
  HEALTHCHECK: {
    interval: 'string',
    timeout: 'string',
    'start-period': 'string',
    'start-interval': 'string',
    retries: 'string',
  },
  RUN: { mount: 'strings', network: 'string', security: 'string', device: 'strings' },
};

/** The first flag of that name. */
export function findFlag(instruction: Instruction, name: string): Flag | undefined {
  return instruction.flags.find((flag) => flag.name === name);
}

/** The unquoted value of a string flag; undefined when it is absent or has no value. */
export function flagValue(instruction: Instruction, name: string): string | undefined {
  return findFlag(instruction, name)?.value?.value;
}

/** The unquoted values of a flag that may be repeated, in order. */
export function flagValues(instruction: Instruction, name: string): string[] {
  return instruction.flags.filter((flag) => flag.name === name).flatMap((flag) => flag.value?.value ?? []);
}

/** Whether a boolean flag is set; `--link` and `--link=true` set it. */
export function booleanFlag(instruction: Instruction, name: string): boolean {
  const flag = findFlag(instruction, name);
  return flag !== undefined && (flag.value === undefined || flag.value.value.toLowerCase() === 'true');
}

/** What BuildKit says of the flags of an instruction. It stops at the first; the editor wants them all. */
export function flagProblems(keyword: Keyword, flags: readonly Flag[]): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  const known = instructionFlags[keyword] ?? {};
  const seen = new Set<string>();
  for (const flag of flags) {
    const type = known[flag.name];
    const written = `--${flag.name}`;
    if (type === undefined) {
      const hint = suggestion(flag.name, Object.keys(known));
      problems.push({ message: `unknown flag: ${written}${hint}`, span: flag.span });
      continue;
    }
    if (seen.has(flag.name) && type !== 'strings') {
      problems.push({ message: `duplicate flag specified: ${written}`, span: flag.span });
    }
    seen.add(flag.name);
    const value = flag.value?.value;
    if (value === undefined ? type !== 'boolean' : type === 'boolean' && value === '') {
      problems.push({ message: `missing a value on flag: ${written}`, span: flag.span });
    } else if (type === 'boolean' && value !== undefined && !/^(true|false)$/i.test(value)) {
      problems.push({ message: `expecting boolean value for flag ${written}, not: ${value}`, span: flag.span });
    }
  }
  return problems;
}
