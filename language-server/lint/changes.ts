// What an edit changed, as far as the rules that look at the whole file are concerned.
import type { Instruction, Item, Keyword } from '../../runtime/dockerfile/ast.ts';
import { pragmaOf } from './controls.ts';

/** What came, went or changed; `all` when a comment that controls checks did, or nothing is known. */
export type Changes =
  | {
      readonly keywords: ReadonlySet<Keyword | 'UNKNOWN'>;
      /** The number of the stage in which all of it lies; undefined if there is no such stage. */
      readonly stage: number | undefined;
      /** Whether a keyword came, went or is not written in capitals. */
      readonly spelling: boolean;
      /** The one instruction that became another of the same keyword, where nothing else happened. */
      readonly replaced?: { readonly before: Instruction; readonly after: Instruction };
    }
  | 'all';

/** Items keep their identity while they are not edited, so what differs is between the equal beginnings and ends. */
export function changesBetween(before: readonly Item[], after: readonly Item[]): Changes {
  if (before.length === 0) return 'all';
  let start = 0;
  let stage = -1;
  for (let item = before[0]; item !== undefined && item === after[start]; item = before[start]) {
    if (item.kind === 'instruction' && item.keyword === 'FROM') stage += 1;
    start += 1;
  }
  let endBefore = before.length;
  let endAfter = after.length;
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore -= 1;
    endAfter -= 1;
  }
  const keywords = new Set<Keyword | 'UNKNOWN'>();
  const gone = before.slice(start, endBefore);
  const come = after.slice(start, endAfter);
  for (const item of [...gone, ...come]) {
    if (item.kind === 'instruction') keywords.add(item.keyword);
    else if (item.kind === 'directive' || pragmaOf(item) !== undefined) return 'all';
  }
  const changes = { keywords, stage: stage < 0 || keywords.has('FROM') ? undefined : stage };
  const replaced = replacement(gone, come);
  if (replaced === undefined) return { ...changes, spelling: true };
  const { before: old, after: now } = replaced;
  return { ...changes, spelling: old.keywordText !== now.keyword || now.keywordText !== now.keyword, replaced };
}

function replacement(
  gone: readonly Item[],
  come: readonly Item[],
): { before: Instruction; after: Instruction } | undefined {
  const [before] = gone;
  const [after] = come;
  if (gone.length !== 1 || come.length !== 1 || before?.kind !== 'instruction' || after?.kind !== 'instruction')
    return undefined;
  return before.keyword === after.keyword ? { before, after } : undefined;
}

/** Whether a rule that looks at these keywords has to look again. Stages and shells concern every rule. */
export function concerns(changed: Changes, looksAt: readonly Keyword[] | 'spelling' | undefined): boolean {
  if (changed === 'all' || looksAt === undefined) return true;
  if (looksAt === 'spelling') return changed.spelling;
  const { keywords } = changed;
  if (keywords.has('FROM') || keywords.has('ARG') || keywords.has('SHELL') || keywords.has('UNKNOWN')) return true;
  return looksAt.some((keyword) => keywords.has(keyword));
}
