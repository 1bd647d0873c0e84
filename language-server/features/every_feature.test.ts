// Every feature, on random and broken text: nothing throws, and every position lies inside the document.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseError } from 'vscode-languageserver';
import { randomSource } from '../../runtime/dockerfile/random_source.ts';
import { LintService } from '../linting.ts';
import { OpenDocument } from '../open_document.ts';
import { defaultSettings } from '../protocol.ts';
import type { Encoding } from '../text_view.ts';
import { codeActions } from './code_actions.ts';
import { completion } from './completion.ts';
import { formatDocument, formatOnType, styleOf } from './formatting.ts';
import { hover } from './hover.ts';
import { codeLenses, variableHints } from './lenses.ts';
import { documentLinks } from './links.ts';
import { services } from './marked_document.ts';
import {
  definition,
  highlights,
  linkedEditing,
  prepareRename,
  references,
  rename,
  typeDefinition,
} from './navigation.ts';
import { SemanticTokenProvider } from './semantic_tokens.ts';
import { signatureHelp } from './signature.ts';
import { documentSymbols, foldingRanges, selectionRanges, workspaceSymbols } from './structure.ts';

const lint = new LintService(
  () => defaultSettings,
  () => [],
);
const style = styleOf(defaultSettings.format, { tabSize: 2, insertSpaces: true });

async function everything(open: OpenDocument, offset: number): Promise<unknown[]> {
  const position = open.view.position(offset);
  const whole = open.view.range(0, open.text.length);
  let renamed: unknown;
  try {
    renamed = rename(open, position, 'renamed');
  } catch (error) {
    assert.ok(error instanceof ResponseError, String(error));
  }
  return [
    renamed,
    definition(open, position),
    typeDefinition(open, position),
    references(open, position, true),
    highlights(open, position),
    linkedEditing(open, position),
    prepareRename(open, position),
    await completion(open, position, services, { snippets: true }),
    await hover(open, position, services),
    signatureHelp(open, position),
    formatDocument(open, style),
    formatOnType(open, position, '\n', style),
    documentSymbols(open),
    workspaceSymbols([open], ''),
    foldingRanges(open),
    selectionRanges(open, [position]),
    documentLinks(open, services),
    codeLenses(open),
    variableHints(open, whole),
    new SemanticTokenProvider().full(open).data.length,
    lint.diagnostics(open),
    codeActions(open, whole, { diagnostics: [] }, lint.problems(open)),
  ];
}

interface Point {
  line: number;
  character: number;
}

function* positions(value: unknown): Generator<Point> {
  if (typeof value !== 'object' || value === null) return;
  if ('line' in value && 'character' in value) yield value as Point;
  if ('startLine' in value && typeof value.startLine === 'number') yield { line: value.startLine, character: 0 };
  if ('endLine' in value && typeof value.endLine === 'number') yield { line: value.endLine, character: 0 };
  for (const inner of Object.values(value)) yield* positions(inner);
}

/** The length of each line in the client's units, by the protocol's own definition of lines. */
function lineLengths(text: string, encoding: Encoding): number[] {
  return text.split(/\r\n|\r|\n/).map((line) => (encoding === 'utf-8' ? Buffer.byteLength(line) : line.length));
}

async function check(open: OpenDocument, offset: number, context: string): Promise<void> {
  const lengths = lineLengths(open.text, open.view.encoding);
  for (const { line, character } of positions(await everything(open, offset))) {
    const length = lengths[line];
    assert.ok(
      length !== undefined && line >= 0 && character >= 0 && character <= length,
      `${context}: ${line}:${character}`,
    );
  }
}

test('on random edits', async () => {
  for (let seed = 1; seed <= 120; seed += 1) {
    const random = randomSource(seed);
    const encoding = random.pick(['utf-16', 'utf-8'] as const);
    // Half a surrogate pair cannot be sent as UTF-8.
    const start = random.dockerfile(8).replaceAll('\ud83d', '');
    const open = new OpenDocument('untitled:Dockerfile', 'dockerfile', 1, start, encoding);
    for (let step = 0; step < 6; step += 1) {
      const at = random.below(open.text.length + 1);
      const range = open.view.range(at, Math.min(open.text.length, at + random.below(5)));
      const text = random.fragment().replaceAll('\ud83d', '');
      open.change({ textDocument: { uri: open.uri, version: step + 2 }, contentChanges: [{ range, text }] });
      if (encoding === 'utf-8' && !open.text.isWellFormed()) break;
      const offset = random.below(open.text.length + 1);
      await check(open, offset, `seed ${seed}, step ${step}, ${offset} in ${JSON.stringify(open.text)}`);
    }
  }
});

test('on text that is broken or strange', async () => {
  const texts = [
    '',
    '\0\u0001\uffff',
    '\ufeffFROM a\r\n\tRUN  b\r\n',
    'FROM a\nRUN echo "unbalanced \'quotes\nCMD ["a',
    'RUN <<A <<B\n<<C\nA\nRUN <<D\n',
    'FROM a\nLABEL x="עברית مرحبا 👩‍👩‍👧" y=$עברית\nRUN echo 😀 \\\n  😀',
    'ENV ${${${a}',
    `FROM a\nRUN ${'('.repeat(3000)}`,
    `FROM a\nRUN ${'$('.repeat(3000)}`,
    `FROM a\nENV ${'${a:-'.repeat(3000)}`,
    'FROM a\nCOPY --from= --chown x',
    'ONBUILD',
    'ONBUILD ONBUILD FROM x',
    '# syntax\n# escape=\n# check=;;=\nFROM',
  ];
  for (const text of texts) {
    const open = new OpenDocument('untitled:Dockerfile', 'dockerfile', 1, text, 'utf-16');
    for (const offset of [0, text.length >> 1, text.length])
      await check(open, offset, JSON.stringify(text.slice(0, 80)));
  }
});

test('on a line of 1 MB and a file of 10 MB', async () => {
  const long = new OpenDocument('untitled:a', 'dockerfile', 1, `FROM a\nRUN echo ${'word '.repeat(200_000)}`, 'utf-16');
  await check(long, 500_000, 'long line');
  const large = `FROM a\n${'RUN apt-get update && \\\n    apt-get install -y curl\n'.repeat(200_000)}`;
  const open = new OpenDocument('untitled:b', 'dockerfile', 1, large, 'utf-16');
  const position = open.view.position(5_000_000);
  await completion(open, position, services, { snippets: true });
  await hover(open, position, services);
  assert.ok(documentSymbols(open).length > 0);
});
