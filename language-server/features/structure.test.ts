import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SelectionRange } from 'vscode-languageserver';
import { marked, opened, textOf } from './marked_document.ts';
import { documentSymbols, foldingRanges, selectionRanges, workspaceSymbols } from './structure.ts';

const text = `# syntax=docker/dockerfile:1
ARG BASE=alpine
# region tools
FROM $BASE AS build
RUN a && \\
  b
# endregion
COPY <<A <<B /x
1
A
2
3
B

# one
# two
FROM build
CMD x
`;

test('document symbols: directives and global ARGs, then stages with their instructions', () => {
  const outline = documentSymbols(opened(text)).map(({ name, detail, children }) => [
    name,
    detail,
    children?.map((child) => child.name),
  ]);
  assert.deepEqual(outline, [
    ['syntax', 'docker/dockerfile:1', undefined],
    ['ARG', 'BASE=alpine', undefined],
    ['build', 'alpine', ['RUN', 'COPY']],
    ['build', 'stage 1', ['CMD']],
  ]);
  const children = documentSymbols(opened(text), 1).map((symbol) => symbol.children?.length);
  assert.deepEqual(children, [undefined, undefined, 1, 0]);
});

test('the selection range of a symbol is inside its range', () => {
  const open = opened('FROM a\nRUN \\\n  x\nONBUILD RUN y\n\\\n\n');
  for (const symbol of documentSymbols(open).flatMap((each) => [each, ...(each.children ?? [])])) {
    assert.ok(textOf(open, symbol.range).includes(textOf(open, symbol.selectionRange)), symbol.name);
  }
});

test('workspace symbols by letters in order', () => {
  const names = workspaceSymbols([opened(text)], 'bd').map(({ name }) => name);
  assert.deepEqual(names, ['build', 'build']);
  assert.deepEqual(
    workspaceSymbols([opened(text)], 'base').map(({ name }) => name),
    ['BASE'],
  );
});

test('folding: stages, instructions, heredocs, comments, regions', () => {
  const folds = foldingRanges(opened(text)).map(({ startLine, endLine, kind }) => [startLine, endLine, kind]);
  assert.deepEqual(
    folds.sort(),
    [
      [14, 15, 'comment'],
      [16, 17, undefined],
      [2, 6, 'region'],
      [3, 12, undefined],
      [4, 5, undefined],
      [7, 12, undefined],

      [10, 11, undefined],
    ].sort(),
  );
});

test('selection grows from the word to the file, each inside the next', () => {
  const { open, position } = marked('FROM a\nENV PATH="/x y/b|in" B=c\n');
  const texts: string[] = [];
  for (let at: SelectionRange | undefined = selectionRanges(open, [position])[0]; at; at = at.parent) {
    texts.push(textOf(open, at.range));
  }
  assert.deepEqual(texts, [
    'bin',
    '"/x y/bin"',
    'PATH="/x y/bin"',
    'PATH="/x y/bin" B=c',
    'ENV PATH="/x y/bin" B=c',
    'FROM a\nENV PATH="/x y/bin" B=c',
    'FROM a\nENV PATH="/x y/bin" B=c\n',
  ]);
});
