// What several families of Hadolint's rules share.
import type { Instruction, Span } from '../../../runtime/dockerfile/ast.ts';
import { mountField, mountsOf } from '../../../runtime/dockerfile/mount.ts';
import type { CommandCall } from '../commands.ts';
import type { FileModel } from '../file_model.ts';
import { insertFix } from '../fixes.ts';
import type { Fix } from '../problem.ts';
import type { InstructionRule, Report, RuleText, Target } from '../rule.ts';

type RunText = Omit<RuleText, 'source'>;

/** A rule of Hadolint that looks at the commands of one RUN, also inside ONBUILD. */
export function runRule(text: RunText, check: (target: Target, report: Report) => void): InstructionRule {
  return { ...text, source: 'hadolint', keywords: ['RUN'], onbuild: true, check };
}

/** A rule that looks at each command by itself. */
export function commandRule(
  text: RunText,
  check: (call: CommandCall, report: Report, target: Target) => void,
): InstructionRule {
  return runRule(text, (target, report) => {
    for (const call of target.use.commands) check(call, report, target);
  });
}

/** A rule that wants every installed package to name its version. */
export function pinRule(
  text: RunText,
  packagesOf: (call: CommandCall) => readonly { readonly text: string; readonly start: number; readonly end: number }[],
  pinned: (text: string) => boolean,
  example: (name: string) => string,
): InstructionRule {
  return commandRule(text, (call, report) => {
    for (const word of packagesOf(call)) {
      if (pinned(word.text)) continue;
      report(call.place(word), { message: `${text.title}: ${example(word.text)}` });
    }
  });
}

/** The instructions whose layers reach an image: not those of a stage that nobody builds on. */
export function* reachingInstructions(file: FileModel): Generator<Instruction> {
  for (const group of file.groups) {
    if (!group.reaches) continue;
    for (const instruction of group.instructions) if (!file.shellAt(instruction).foreign) yield instruction;
  }
}

/** A fix that puts a flag behind the word at `where`. */
export function addFlagFix(flag: string, where: Span, safe = true): Fix {
  return insertFix(`Add ${flag}`, where.end, ` ${flag}`, safe);
}

/** Whether a cache or tmpfs mount keeps `directory` out of the layer. */
export function hasCacheMount(instruction: Instruction, ...directories: readonly string[]): boolean {
  return mountsOf(instruction).some((mount) => {
    const target = mountField(mount, 'target')?.value ?? '';
    return (
      (mount.type === 'cache' || mount.type === 'tmpfs') &&
      directories.some((directory) => target.startsWith(directory) || target === directory.replace(/^\//, ''))
    );
  });
}

/** Whether a command that `clean` accepts comes behind the first that `install` accepts. */
export function cleanedAfter(
  calls: readonly CommandCall[],
  install: (call: CommandCall) => boolean,
  clean: (call: CommandCall) => boolean,
): boolean {
  const at = calls.findIndex(install);
  return at >= 0 && calls.slice(at + 1).some(clean);
}

/** A fix that runs one more command at the end of a RUN whose commands are chained by `&&`. */
export function appendCommandFix(instruction: Instruction, command: string): Fix[] {
  if (instruction.keyword !== 'RUN' || instruction.command?.form !== 'shell' || instruction.heredocs.length > 0)
    return [];
  if (/[;|#\n]|<</.test(instruction.command.text)) return [];
  const end = instruction.command.span.end;
  const text = instruction.source.slice(instruction.command.span.start, end);
  const indent = /\n([ \t]+)[^\n]*$/.exec(text)?.[1];
  const escaped = instruction.escape;
  const joined = indent === undefined ? ` && ${command}` : ` ${escaped}\n${indent}&& ${command}`;
  return [insertFix(`Run ${command} at the end`, end, joined)];
}

/** Whether the text is a variable or has one in it. */
export function hasVariable(text: string): boolean {
  return text.includes('$');
}

/** The text without a pair of quotes around it. */
export function unquote(text: string): string {
  return text.replace(/^(["'])(.*)\1$/s, '$2');
}
