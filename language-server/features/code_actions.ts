// Code actions: fixes for problems, the same fix everywhere, ignoring a problem with its tool's own comment, fixing all.

import {
  type CodeAction,
  type CodeActionContext,
  CodeActionKind,
  type Range,
  type TextEdit,
} from 'vscode-languageserver';
import { append } from '../../runtime/dockerfile/append.ts';
import type { Edit, Problem } from '../lint/problem.ts';
import { toDiagnostic } from '../linting.ts';
import type { OpenDocument } from '../open_document.ts';

/** The kind that "fix all on save" asks for. */
export const fixAllKind = `${CodeActionKind.SourceFixAll}.slipway`;

/** The problems of a selection for which something is offered: nobody reads a longer menu. */
const offered = 100;

export function codeActions(
  open: OpenDocument,
  range: Range,
  context: CodeActionContext,
  problems: readonly Problem[],
): CodeAction[] {
  const wants = (kind: string): boolean =>
    context.only === undefined || context.only.some((only) => kind === only || kind.startsWith(`${only}.`));
  const actions: CodeAction[] = [];
  if (wants(CodeActionKind.QuickFix)) {
    const start = open.offset(range.start);
    const end = open.offset(range.end);
    const here = problems
      .filter((problem) => problem.range.start <= end && start <= problem.range.end)
      .slice(0, offered);
    for (const problem of here) append(actions, fixes(open, problem));
    append(actions, fixEverywhere(open, here, problems));
    const ignorable = new Map(here.map((problem) => [`${problem.code} ${problem.instruction}`, problem]));
    for (const problem of ignorable.values()) append(actions, ignores(open, problem));
  }
  // Not among the light bulb's offers unless it is asked for.
  if (context.only !== undefined && wants(fixAllKind)) {
    const edits = allFixes(problems);
    if (edits.length > 0)
      actions.push({ title: 'Fix all that is safe to fix', kind: fixAllKind, edit: toEdit(open, edits) });
  }
  return actions;
}

function toEdit(open: OpenDocument, edits: readonly Edit[]): { changes: Record<string, TextEdit[]> } {
  const changes = [...edits]
    .sort((a, b) => a.range.start - b.range.start)
    .map(({ range, newText }) => ({ range: open.view.range(range.start, range.end), newText }));
  return { changes: { [open.uri]: changes } };
}

function fixes(open: OpenDocument, problem: Problem): CodeAction[] {
  return problem.fixes.map((fix, i) => ({
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [toDiagnostic(open, problem)],
    isPreferred: i === 0 && fix.safe,
    edit: toEdit(open, fix.edits),
  }));
}

/** For each code at the cursor that is found more than once: its first fix, everywhere. */
function fixEverywhere(open: OpenDocument, here: readonly Problem[], all: readonly Problem[]): CodeAction[] {
  const actions: CodeAction[] = [];
  for (const code of new Set(here.filter(({ fixes: known }) => known.length > 0).map((problem) => problem.code))) {
    const same = all.filter((problem) => problem.code === code && problem.fixes.length > 0);
    if (same.length < 2) continue;
    const edits = withoutOverlaps(same.map((problem) => problem.fixes[0]?.edits ?? []));
    actions.push({ title: `Fix all ${code} problems`, kind: CodeActionKind.QuickFix, edit: toEdit(open, edits) });
  }
  return actions;
}

/** The first safe fix of every problem, as far as they do not touch the same text. */
function allFixes(problems: readonly Problem[]): Edit[] {
  return withoutOverlaps(problems.map(({ fixes: known }) => known.find(({ safe }) => safe)?.edits ?? []));
}

/** Keeps a group of edits as a whole or not at all. */
function withoutOverlaps(groups: readonly (readonly Edit[])[]): Edit[] {
  // In the order of their places, so that an edit can only clash with its neighbours.
  const kept: Edit[] = [];
  for (const group of groups) {
    if (group.some((edit) => clashes(kept, edit))) continue;
    for (const edit of group) kept.splice(placeFor(kept, edit), 0, edit);
  }
  return kept;
}

/** The index of the first edit that does not start before the given one. */
function placeFor(edits: readonly Edit[], { range }: Edit): number {
  let low = 0;
  let high = edits.length;
  if ((edits[high - 1]?.range.start ?? -1) < range.start) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edits[middle]?.range.start ?? 0) < range.start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Two edits at one place clash too: their order would matter. */
function clashes(edits: readonly Edit[], edit: Edit): boolean {
  const at = placeFor(edits, edit);
  const [before, after] = [edits[at - 1], edits[at]];
  return (
    (before !== undefined && before.range.end >= edit.range.start) ||
    (after !== undefined && after.range.start <= edit.range.end)
  );
}

/** The comments with which the tools are told to be silent. */
const ignoreComments: Readonly<Record<Problem['source'], { readonly lead: string; readonly pattern: RegExp }>> = {
  buildkit: { lead: '# check=skip=', pattern: /^#\s*check\s*=\s*skip\s*=\s*([\w,\s]+?)\s*$/ },
  hadolint: { lead: '# hadolint ignore=', pattern: /^#\s*hadolint\s+ignore\s*=\s*([\w,\s]+?)\s*$/ },
  shellcheck: { lead: '# hadolint ignore=', pattern: /^#\s*hadolint\s+ignore\s*=\s*([\w,\s]+?)\s*$/ },
  slipway: { lead: '# slipway ignore=', pattern: /^#\s*slipway\s+ignore\s*=\s*([\w,\s]+?)\s*$/ },
};

function ignores(open: OpenDocument, problem: Problem): CodeAction[] {
  // What the builder refuses cannot be ignored.
  if (problem.code === 'syntax' || problem.instruction === undefined) return [];
  const edit = ignoreEdit(open, problem, problem.instruction);
  return [
    {
      title: `Ignore ${problem.code} here`,
      kind: CodeActionKind.QuickFix,
      diagnostics: [toDiagnostic(open, problem)],
      edit: toEdit(open, [edit]),
    },
  ];
}

/** Adds the code to the comment right above the instruction, or a comment. */
function ignoreEdit(open: OpenDocument, problem: Problem, instruction: number): Edit {
  const { document } = open;
  const { lead, pattern } = ignoreComments[problem.source];
  const line = document.lineAt(instruction);
  for (let index = document.itemIndexAt(instruction) - 1, above = line - 1; index >= 0; index -= 1, above -= 1) {
    const item = document.items[index];
    if (item?.kind !== 'comment' || item.startLine !== above) break;
    if (!pattern.test(item.source)) continue;
    const end = item.start + item.source.trimEnd().length;
    return { range: { start: end, end }, newText: `,${problem.code}` };
  }
  const start = document.lineStartAt(line);
  const indentation = document.text.slice(start, instruction);
  const newline = document.text.includes('\r\n') ? '\r\n' : '\n';
  return { range: { start, end: start }, newText: `${indentation}${lead}${problem.code}${newline}` };
}
