// What an edit changed, as far as the rules that look at the whole file are concerned.
import type { Item, Keyword } from '../../runtime/dockerfile/ast.ts';
import { pragmaOf } from './controls.ts';

/** What came, went or changed; `all` when a comment that controls checks did, or nothing is known. */
export type Changes =
  | {
      readonly keywords: ReadonlySet<Keyword | 'UNKNOWN'>;
      /** The number of the stage in which all of it lies; undefined if there is no such stage. */
      readonly stage: number | undefined;
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
  for (const item of [...before.slice(start, endBefore), ...after.slice(start, endAfter)]) {
    if (item.kind === 'instruction') keywords.add(item.keyword);
    else if (item.kind === 'directive' || pragmaOf(item) !== undefined) return 'all';
  }
  return { keywords, stage: stage < 0 || keywords.has('FROM') ? undefined : stage };
}

/** Whether a rule that looks at these keywords has to look again. Stages and shells concern every rule. */
export function concerns(changed: Changes, looksAt: readonly Keyword[] | undefined): boolean {
  if (changed === 'all' || looksAt === undefined) return true;
  const { keywords } = changed;
  if (keywords.has('FROM') || keywords.has('ARG') || keywords.has('SHELL') || keywords.has('UNKNOWN')) return true;
  return looksAt.some((keyword) => keywords.has(keyword));
}
