// Names that the stage itself makes known: users that it creates, directories that it works in.
import { append } from '../../runtime/dockerfile/append.ts';
import type { Instruction } from '../../runtime/dockerfile/ast.ts';
import { findStage, stageOf } from '../../runtime/dockerfile/stages.ts';
import type { Cursor } from './completion.ts';

/** Instructions of the stage and of those it stands on that come before the cursor, nearest first. */
function above(cursor: Cursor): Instruction[] {
  const { model } = cursor.open;
  const instructions: Instruction[] = [];
  for (let stage = stageOf(model, cursor.outer); stage !== undefined; stage = stage.base) {
    append(instructions, stage.instructions.filter(({ start }) => start < cursor.outer.start).reverse());
  }
  return instructions;
}

/** Users that `useradd`, `adduser` and `USER` name. */
export function knownUsers(cursor: Cursor): Record<string, string> {
  const names: Record<string, string> = {};
  for (const instruction of above(cursor)) {
    if (instruction.keyword === 'USER' && instruction.value !== undefined)
      names[instruction.value.raw] ??= 'used above';
    if (instruction.keyword !== 'RUN' || !/\b(useradd|adduser)\b/.test(instruction.logical.text)) continue;
    for (const match of instruction.logical.text.matchAll(/\b(?:useradd|adduser)\b([^;&|]*)/g)) {
      const name = (match[1] ?? '').trim().split(/\s+/).at(-1) ?? '';
      if (/^[a-z_][\w-]*$/i.test(name)) names[name] ??= 'created above';
    }
  }
  return names;
}

/** Directories that WORKDIR and the destinations of COPY and ADD name above the cursor. */
export function knownDirectories(cursor: Cursor): string[] {
  return directoriesIn(above(cursor));
}

/** The same of everything in the stage that `COPY --from` names. */
export function directoriesOfStage(cursor: Cursor, name: string): string[] {
  const { model } = cursor.open;
  const user = stageOf(model, cursor.outer);
  const instructions: Instruction[] = [];
  for (let stage = user && findStage(model, user, name); stage !== undefined; stage = stage.base) {
    append(instructions, stage.instructions.toReversed());
  }
  return directoriesIn(instructions);
}

function directoriesIn(instructions: readonly Instruction[]): string[] {
  const found = new Set<string>();
  for (const instruction of instructions) {
    if (instruction.keyword === 'WORKDIR' && instruction.value !== undefined) found.add(instruction.value.raw);
    if (instruction.keyword === 'COPY' || instruction.keyword === 'ADD') {
      const destination = instruction.destination?.raw;
      if (destination?.startsWith('/') === true) found.add(destination);
    }
  }
  return [...found];
}
