// Document and workspace symbols, folding, selection ranges.

import {
  type DocumentSymbol,
  type FoldingRange,
  FoldingRangeKind,
  type Position,
  type Range,
  type SelectionRange,
  SymbolKind,
  type WorkspaceSymbol,
} from 'vscode-languageserver';
import { append } from '../../runtime/dockerfile/append.ts';
import type { Instruction, Item, Span } from '../../runtime/dockerfile/ast.ts';
import { endOf } from '../../runtime/dockerfile/document.ts';
import type { Stage } from '../../runtime/dockerfile/stages.ts';
import { contains, type OpenDocument } from '../open_document.ts';

const symbolKinds: Readonly<Partial<Record<Instruction['keyword'], SymbolKind>>> = {
  ARG: SymbolKind.Variable,
  ENV: SymbolKind.Variable,
  LABEL: SymbolKind.Property,
  COPY: SymbolKind.File,
  ADD: SymbolKind.File,
  WORKDIR: SymbolKind.Namespace,
  VOLUME: SymbolKind.Namespace,
  EXPOSE: SymbolKind.Interface,
  HEALTHCHECK: SymbolKind.Event,
  ONBUILD: SymbolKind.Event,
};

/** Of files that nobody wrote by hand, the outline has every stage, but of their instructions no more than these. */
const outlinedInstructions = 20_000;

/** Directives and global ARGs, then the stages with their instructions in them. */
export function documentSymbols(open: OpenDocument, limit = outlinedInstructions): DocumentSymbol[] {
  const { model, document } = open;
  const symbols: DocumentSymbol[] = [];
  for (const item of document.items) {
    if (item.kind === 'instruction') break;
    if (item.kind !== 'directive') continue;
    const range = open.view.range(item.start, endOf(item));
    symbols.push({ name: item.name, detail: item.value, kind: SymbolKind.Property, range, selectionRange: range });
  }
  append(
    symbols,
    model.preamble.slice(0, limit).map((instruction) => instructionSymbol(open, instruction)),
  );
  let left = limit;
  for (const [i, stage] of model.stages.entries()) {
    symbols.push(stageSymbol(open, stage, model.stages[i + 1], left));
    left = Math.max(0, left - stage.instructions.length);
  }
  return symbols;
}

function stageSymbol(open: OpenDocument, stage: Stage, next: Stage | undefined, limit: number): DocumentSymbol {
  const { from } = stage;
  const last = stage.instructions.at(-1) ?? from;
  const end = next === undefined ? endOf(last) : Math.min(endOf(last), next.from.start);
  return {
    name: from.name?.raw ?? stage.baseName ?? '',
    detail: from.name === undefined ? `stage ${stage.index}` : stage.baseName,
    kind: SymbolKind.Class,
    range: open.view.range(from.start, end),
    selectionRange: open.range(from, from.name?.span ?? from.image?.span ?? from.keywordSpan),
    children: stage.instructions.slice(0, limit).map((instruction) => instructionSymbol(open, instruction)),
  };
}

function instructionSymbol(open: OpenDocument, instruction: Instruction): DocumentSymbol {
  const { logical, argumentsSpan } = instruction;
  const detail = logical.text.trim().slice(instruction.keywordText.length).trim();
  return {
    name: instruction.keywordText.toUpperCase() || '\\',
    detail: detail.length > 80 ? `${detail.slice(0, 79)}…` : detail,
    kind: symbolKinds[instruction.keyword] ?? SymbolKind.Function,
    range: open.view.range(instruction.start, endOf(instruction)),
    selectionRange: open.range(instruction, {
      start: instruction.keywordSpan.start,
      end: Math.max(instruction.keywordSpan.end, Math.min(argumentsSpan.end, firstLineEnd(instruction))),
    }),
  };
}

function firstLineEnd(instruction: Instruction): number {
  const newline = instruction.source.search(/[\r\n]/);
  return newline < 0 ? instruction.source.length : newline;
}

/** Stages, and variables with a value, whose name has the letters of the query in order. */
export function workspaceSymbols(documents: Iterable<OpenDocument>, query: string): WorkspaceSymbol[] {
  const symbols: WorkspaceSymbol[] = [];
  const wanted = query.toLowerCase();
  for (const open of documents) {
    if (open.kind !== 'dockerfile') continue;
    const containerName = decodeURIComponent(open.uri.slice(open.uri.lastIndexOf('/') + 1));
    for (const stage of open.model.stages) {
      const { from } = stage;
      const span = from.name?.span ?? from.image?.span ?? from.keywordSpan;
      const name = from.name?.raw ?? stage.baseName;
      if (!isSubsequence(wanted, name.toLowerCase())) continue;
      const location = { uri: open.uri, range: open.range(from, span) };
      symbols.push({ name, kind: SymbolKind.Class, containerName, location });
    }
    for (const { name, instruction, pair } of open.scopes.all()) {
      if (instruction === undefined || pair === undefined || !isSubsequence(wanted, name.toLowerCase())) continue;
      const location = { uri: open.uri, range: open.range(instruction, pair.key.span) };
      symbols.push({ name, kind: SymbolKind.Variable, containerName, location });
    }
  }
  return symbols;
}

function isSubsequence(wanted: string, name: string): boolean {
  let at = 0;
  for (const character of wanted) {
    at = name.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** Stages, instructions over several lines, heredoc bodies, runs of comments, and `#region` … `#endregion`. */
export function foldingRanges(open: OpenDocument): FoldingRange[] {
  const { document, model } = open;
  const ranges: FoldingRange[] = [];
  const add = (startLine: number, endLine: number, kind?: FoldingRangeKind): void => {
    if (endLine > startLine) ranges.push(kind === undefined ? { startLine, endLine } : { startLine, endLine, kind });
  };
  if (model.stages.length > 1) {
    for (const stage of model.stages) {
      const last = stage.instructions.at(-1) ?? stage.from;
      add(stage.from.startLine, document.lineAt(lastCharacter(last)));
    }
  }
  const regions: number[] = [];
  let commentStart: number | undefined;
  let commentEnd = -1;
  for (const item of document.items) {
    if (item.kind === 'comment') {
      if (commentStart === undefined || item.startLine !== commentEnd + 1) {
        add(commentStart ?? 0, commentStart === undefined ? 0 : commentEnd, FoldingRangeKind.Comment);
        commentStart = item.startLine;
      }
      commentEnd = item.startLine;
      foldRegion(item, regions, add);
      continue;
    }
    if (commentStart !== undefined) add(commentStart, commentEnd, FoldingRangeKind.Comment);
    commentStart = undefined;
    if (item.kind === 'instruction') foldInstruction(open, item, add);
  }
  if (commentStart !== undefined) add(commentStart, commentEnd, FoldingRangeKind.Comment);
  return ranges;
}

type AddFold = (startLine: number, endLine: number, kind?: FoldingRangeKind) => void;

function foldRegion(comment: Item, regions: number[], add: AddFold): void {
  if (/^#\s*region\b/.test(comment.source)) regions.push(comment.startLine);
  else if (/^#\s*endregion\b/.test(comment.source)) {
    const start = regions.pop();
    if (start !== undefined) add(start, comment.startLine, FoldingRangeKind.Region);
  }
}

function foldInstruction(open: OpenDocument, instruction: Instruction, add: AddFold): void {
  if (!instruction.source.includes('\n') && !instruction.source.includes('\r')) return;
  add(instruction.startLine, open.document.lineAt(lastCharacter(instruction)));
  if (instruction.heredocs.length < 2) return;
  for (const { body } of instruction.heredocs) {
    add(open.document.lineAt(instruction.start + body.start), open.document.lineAt(instruction.start + body.end - 1));
  }
}

/** The offset of the last character that is not white space. */
function lastCharacter(item: Item): number {
  return item.start + Math.max(0, item.source.trimEnd().length - 1);
}

/** From the word to the line's word list, the instruction, the stage, the file. */
export function selectionRanges(open: OpenDocument, positions: readonly Position[]): SelectionRange[] {
  return positions.map((position) => {
    const offset = open.offset(position);
    let selection: SelectionRange | undefined;
    for (const { start, end } of enclosing(open, offset)) {
      const range = open.view.range(start, end);
      if (selection !== undefined && sameRange(selection.range, range)) continue;
      selection = selection === undefined ? { range } : { range, parent: selection };
    }
    return selection ?? { range: { start: position, end: position } };
  });
}

function sameRange(a: Range, b: Range): boolean {
  return (
    a.start.line === b.start.line &&
    a.start.character === b.start.character &&
    a.end.line === b.end.line &&
    a.end.character === b.end.character
  );
}

/** Everything around an offset from the file inwards; each is inside the one before. */
function enclosing(open: OpenDocument, offset: number): Span[] {
  const { document, model } = open;
  const around: Span[] = [{ start: 0, end: document.text.length }];
  const stage = model.stages.findLast(({ from }) => from.start <= offset);
  const last = stage && (stage.instructions.at(-1) ?? stage.from);
  if (stage !== undefined && last !== undefined) around.push({ start: stage.from.start, end: endOf(last) });
  const item = document.itemAt(offset);
  if (item === undefined) return around.filter((span) => contains(span, offset));
  around.push({ start: item.start, end: endOf(item) });
  for (const span of item.kind === 'instruction' ? innerSpans(item) : []) {
    around.push({ start: item.start + span.start, end: item.start + span.end });
  }
  around.push(wordAround(document.text, offset));
  const inside = around.filter((span) => contains(span, offset));
  inside.sort((a, b) => b.end - b.start - (a.end - a.start));
  return inside.filter((span, i) => {
    const outer = inside[i - 1];
    return outer === undefined || (outer.start <= span.start && span.end <= outer.end);
  });
}

function innerSpans(instruction: Instruction): Span[] {
  const spans: Span[] = [instruction.argumentsSpan, instruction.keywordSpan];
  for (const flag of instruction.flags) spans.push(flag.span, ...(flag.value === undefined ? [] : [flag.value.span]));
  for (const heredoc of instruction.heredocs) spans.push(heredoc.body, heredoc.span);
  switch (instruction.keyword) {
    case 'ARG':
    case 'ENV':
    case 'LABEL':
      for (const { span, key, value } of instruction.pairs) {
        spans.push(span, key.span, ...(value === undefined ? [] : [value.span]));
      }
      break;
    case 'COPY':
    case 'ADD':
      append(
        spans,
        instruction.sources.map(({ span }) => span),
      );
      if (instruction.destination !== undefined) spans.push(instruction.destination.span);
      break;
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'SHELL':
    case 'HEALTHCHECK':
      if (instruction.command !== undefined) spans.push(instruction.command.span);
      if (instruction.command?.form === 'exec')
        append(
          spans,
          instruction.command.arguments.map(({ span }) => span),
        );
      break;
    case 'ONBUILD':
      if (instruction.instruction !== undefined) append(spans, innerSpans(instruction.instruction));
      break;
    default:
      break;
  }
  return spans;
}

function wordAround(text: string, offset: number): Span {
  const isWord = (at: number): boolean => /[\p{L}\p{N}_.-]/u.test(text[at] ?? '');
  let start = offset;
  let end = offset;
  while (start > 0 && isWord(start - 1)) start -= 1;
  while (end < text.length && isWord(end)) end += 1;
  return { start, end };
}
