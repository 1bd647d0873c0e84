// What an edit changed, as far as the rules that look at the whole file are concerned.
import type { Item, Keyword } from '../../runtime/dockerfile/ast.ts';

/** The keywords of the instructions that came, went or changed; `all` when comments did, or nothing is known. */
export type Changes = ReadonlySet<Keyword | 'UNKNOWN'> | 'all';

/** Items keep their identity while they are not edited, so what differs is between the equal beginnings and ends. */
export function changesBetween(before: readonly Item[], after: readonly Item[]): Changes {
  if (before.length === 0) return 'all';
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let endBefore = before.length;
  let endAfter = after.length;
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore -= 1;
    endAfter -= 1;
  }
  const changed = new Set<Keyword | 'UNKNOWN'>();
  for (const item of [...before.slice(start, endBefore), ...after.slice(start, endAfter)]) {
    if (item.kind !== 'instruction') return 'all';
    changed.add(item.keyword);
  }
  return changed;
}

/** Whether a rule that looks at these keywords has to look again. Stages and shells concern every rule. */
export function concerns(changed: Changes, looksAt: readonly Keyword[] | undefined): boolean {
  if (changed === 'all' || looksAt === undefined) return true;
  if (changed.has('FROM') || changed.has('ARG') || changed.has('SHELL') || changed.has('UNKNOWN')) return true;
  return looksAt.some((keyword) => changed.has(keyword));
}
