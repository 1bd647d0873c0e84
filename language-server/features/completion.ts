// Completion: finds out what is being written at a position and gathers what may stand there.
import { type CompletionItem, CompletionItemKind, type CompletionList, type Position } from 'vscode-languageserver';
import { type Instruction, type Keyword, keywords, logicalOffset, sourceOffset } from '../../runtime/dockerfile/ast.ts';
import { instructionDocs } from '../docs/instructions.ts';
import type { OpenDocument } from '../open_document.ts';
import type { Services } from '../services.ts';
import { completeArguments } from './completion_arguments.ts';
import { completeComment } from './completion_comments.ts';
import { completeFlags } from './completion_flags.ts';
import { CompletionBuilder, type CompletionSupport, escapeSnippet } from './completion_list.ts';
import { completeVariables } from './completion_variables.ts';

/** What is written at the cursor, within one instruction. */
export interface Cursor {
  readonly open: OpenDocument;
  /** The instruction of the file; `instruction` is the one inside when this is ONBUILD. */
  readonly outer: Instruction;
  readonly instruction: Instruction;
  /** The absolute offset of the cursor. */
  readonly offset: number;
  /** The logical line from the keyword's end to the cursor. */
  readonly before: string;
  /** Where `before` begins in the logical line. */
  readonly beforeStart: number;
  /** What is written of the current word. */
  readonly word: string;
  /** The words between keyword and current word, flags included. */
  readonly words: readonly string[];
}

export async function completion(
  open: OpenDocument,
  position: Position,
  services: Services,
  support: CompletionSupport,
): Promise<CompletionList> {
  const offset = open.offset(position);
  const item = open.document.itemAt(offset);
  if (item !== undefined && item.kind !== 'instruction' && offset > item.start) {
    return finish(completeComment(open, item, offset, support));
  }
  const found = open.at(offset);
  if (found === undefined || offset < found.outer.start || found.relative <= found.instruction.keywordSpan.end) {
    return finish(completeKeyword(open, offset, found?.instruction, found?.outer, support));
  }
  const heredoc = completeHeredoc(open, offset, found.outer, support);
  if (heredoc !== undefined) return finish(heredoc);
  const cursor = cursorAt(open, offset, found.outer, found.instruction, found.relative);
  return finish(await completeInstruction(cursor, services, support));
}

function finish(builder: CompletionBuilder): CompletionList {
  return { isIncomplete: builder.incomplete, items: builder.items };
}

/** A builder that replaces `[start, offset)`. */
export function builderFor(
  open: OpenDocument,
  start: number,
  offset: number,
  support: CompletionSupport,
): CompletionBuilder {
  return new CompletionBuilder(open.view.range(start, offset), support);
}

/** A builder that replaces the last `length` characters of the logical line before the cursor. */
export function builderAt(cursor: Cursor, length: number, support: CompletionSupport): CompletionBuilder {
  const { logical } = cursor.instruction;
  const at = cursor.beforeStart + cursor.before.length - length;
  const start = length === 0 ? cursor.offset : cursor.outer.start + sourceOffset(logical, at);
  return builderFor(cursor.open, Math.min(start, cursor.offset), cursor.offset, support);
}

function cursorAt(
  open: OpenDocument,
  offset: number,
  outer: Instruction,
  instruction: Instruction,
  relative: number,
): Cursor {
  const { logical } = instruction;
  const beforeStart = logicalOffset(logical, instruction.keywordSpan.end);
  const before = logical.text.slice(beforeStart, logicalOffset(logical, relative));
  const parts = before.split(/[ \t]+/);
  const word = parts.at(-1) ?? '';
  return {
    open,
    outer,
    instruction,
    offset,
    before,
    beforeStart,
    word,
    words: parts.slice(0, -1).filter((part) => part !== ''),
  };
}

async function completeInstruction(
  cursor: Cursor,
  services: Services,
  support: CompletionSupport,
): Promise<CompletionBuilder> {
  return (
    completeVariables(cursor, support) ??
    (await completeFlags(cursor, services, support)) ??
    (await completeArguments(cursor, services, support)) ??
    builderAt(cursor, cursor.word.length, support)
  );
}

/** The closing word of a heredoc that is open at the cursor; undefined outside of heredocs. */
function completeHeredoc(
  open: OpenDocument,
  offset: number,
  instruction: Instruction,
  support: CompletionSupport,
): CompletionBuilder | undefined {
  const relative = offset - instruction.start;
  const heredoc = instruction.heredocs.find(
    ({ body, terminator }) => relative >= body.start && relative <= (terminator?.end ?? body.end),
  );
  if (heredoc === undefined) return undefined;
  const lineStart = open.document.lineStartAt(open.document.lineAt(offset));
  const written = open.text.slice(lineStart, offset).replace(/^\t+/, '');
  const builder = builderFor(open, offset - written.length, offset, support);
  if (/^\S*$/.test(written)) {
    builder.add({ label: heredoc.name, kind: CompletionItemKind.Keyword, detail: 'ends the heredoc' });
  }
  return builder;
}

function completeKeyword(
  open: OpenDocument,
  offset: number,
  instruction: Instruction | undefined,
  outer: Instruction | undefined,
  support: CompletionSupport,
): CompletionBuilder {
  const written = instruction !== undefined && outer !== undefined && offset > outer.start;
  const start = written ? outer.start + instruction.keywordSpan.start : offset;
  const builder = builderFor(open, Math.min(start, offset), offset, support);
  addKeywords(
    builder,
    open,
    open.text.slice(start, offset),
    outer !== instruction ? ['FROM', 'MAINTAINER', 'ONBUILD'] : [],
    offset,
  );
  return builder;
}

/** The instructions, each with its snippets, in the case that the writer uses. */
export function addKeywords(
  builder: CompletionBuilder,
  open: OpenDocument,
  typed: string,
  without: readonly Keyword[],
  offset: number,
): void {
  const lower = typed === '' ? writesLower(open) : typed === typed.toLowerCase() && writesLower(open);
  for (const keyword of likelyFirst(open, offset)) {
    if (without.includes(keyword)) continue;
    const doc = instructionDocs[keyword];
    const label = lower ? keyword.toLowerCase() : keyword;
    const key = { of: 'instruction', keyword } as const;
    const kind = CompletionItemKind.Keyword;
    const deprecated = keyword === 'MAINTAINER';
    builder.add({ label, kind, detail: doc.summary, text: `${label} `, key, deprecated, again: true });
    if (!builder.snippets || deprecated) continue;
    for (const snippet of doc.snippets) {
      builder.add({
        label: `${label} ${snippet.label}`,
        kind: CompletionItemKind.Snippet,
        snippet: `${escapeSnippet(label)} ${snippet.body}`,
        key,
      });
    }
  }
}

/** Whether the file's keywords are mostly lower case. */
function writesLower(open: OpenDocument): boolean {
  let lower = 0;
  let upper = 0;
  for (const { keyword, keywordText } of open.document.instructions) {
    if (keyword === 'UNKNOWN') continue;
    if (keywordText === keywordText.toLowerCase()) lower += 1;
    else upper += 1;
  }
  return lower > upper;
}

/** Before the first FROM only ARG and FROM make sense: they come first there. */
function likelyFirst(open: OpenDocument, offset: number): readonly Keyword[] {
  const first = open.model.stages[0];
  if (first !== undefined && first.from.start < offset) return keywords;
  return ['FROM', 'ARG', ...keywords.filter((keyword) => keyword !== 'FROM' && keyword !== 'ARG')];
}

/** For `resolve`: adds the documentation that the list left out. */
export async function resolveCompletion(item: CompletionItem): Promise<CompletionItem> {
  if (item.data === undefined || item.documentation !== undefined) return item;
  const { documentationOf } = await import('./documentation.ts');
  const value = documentationOf(item.data);
  return value === undefined ? item : { ...item, documentation: { kind: 'markdown', value } };
}
