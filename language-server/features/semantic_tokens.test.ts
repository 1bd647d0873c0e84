import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SemanticTokens } from 'vscode-languageserver';
import { randomSource } from '../../runtime/dockerfile/random_source.ts';
import { OpenDocument } from '../open_document.ts';
import { opened } from './marked_document.ts';
import { legend } from './semantic_legend.ts';
import { SemanticTokenProvider } from './semantic_tokens.ts';

/** Each token as its text and type. Fails when tokens overlap or leave their line. */
function decoded(open: OpenDocument, { data }: SemanticTokens): string[] {
  const tokens: string[] = [];
  let line = 0;
  let character = 0;
  let end = 0;
  for (let i = 0; i < data.length; i += 5) {
    const [lines = 0, characters = 0, length = 0, type = 0] = data.slice(i, i + 4);
    end = lines > 0 ? 0 : end;
    line += lines;
    character = lines > 0 ? characters : character + characters;
    assert.ok(character >= end && length > 0, `token ${i / 5} overlaps`);
    end = character + length;
    const start = open.document.lineStartAt(line) + character;
    assert.ok(start + length <= open.document.lineEndAt(line), 'inside its line');
    tokens.push(`${open.text.slice(start, start + length)} ${legend.tokenTypes[type]}`);
  }
  return tokens;
}

function painted(text: string): string[] {
  const open = opened(text);
  return decoded(open, new SemanticTokenProvider().full(open));
}

describe('paints', () => {
  test('stages, images, flags and variables', () => {
    assert.deepEqual(
      painted('FROM --platform=$BUILDPLATFORM node:$V AS build'),
      [
        'FROM keyword',
        '--platform parameter',
        '$ string',
        'BUILDPLATFORM variable',
        'node: namespace',
        '$ namespace',
        'V variable',
        'AS keyword',
        'build class',
      ].filter((token) => !token.startsWith('$')),
    );
  });

  test('the shell in RUN, over continuations and around comments', () => {
    const tokens = painted('RUN apt-get -y \\\n  # why\n  install "$x" | tee');
    for (const token of ['apt-get function', '-y parameter', '# why comment', '| operator', 'tee function']) {
      assert.ok(tokens.includes(token), `${token} in ${tokens.join(', ')}`);
    }
  });

  test('heredocs: a script as shell, a file as text', () => {
    assert.ok(painted('RUN <<EOF\nfor x in a; do echo $x; done\nEOF').includes('for keyword'));
    assert.ok(painted('COPY <<EOF /x\nfor $y\nEOF').includes('for  string'));
  });

  test('exec forms, directives and comments', () => {
    assert.deepEqual(painted('# syntax=a\n# b\nCMD ["c"]'), [
      ...['# comment', 'syntax macro', 'a string', '# b comment', 'CMD keyword', '"c" string'],
    ]);
  });
});

test('after edits, kept tokens equal tokens from scratch; a delta gives the same; a range is a part', () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = randomSource(seed);
    const open = opened(random.dockerfile(10));
    const provider = new SemanticTokenProvider();
    let { resultId = '', data } = provider.full(open);
    for (let step = 0; step < 10; step += 1) {
      const start = random.below(open.text.length + 1);
      const end = Math.min(open.text.length, start + random.below(4));
      const range = { start: open.view.position(start), end: open.view.position(end) };
      open.change({
        textDocument: { uri: open.uri, version: step + 2 },
        contentChanges: [{ range, text: random.fragment() }],
      });
      const delta = provider.delta(open, resultId);
      assert.ok('edits' in delta);
      for (const edit of delta.edits) data = data.toSpliced(edit.start, edit.deleteCount, ...(edit.data ?? []));
      resultId = delta.resultId ?? '';
      const scratch = new SemanticTokenProvider().full(opened(open.text));
      assert.deepEqual(data, scratch.data, `seed ${seed}, step ${step}: ${JSON.stringify(open.text)}`);
      decoded(open, scratch);
      const whole = { start: { line: 0, character: 0 }, end: { line: open.document.lineCount, character: 0 } };
      assert.deepEqual(provider.range(open, whole).data, data);
    }
  }
});

test('lengths are bytes when UTF-8 is spoken', () => {
  const open = new OpenDocument('untitled:a', 'dockerfile', 1, 'LABEL é="😀" b=c', 'utf-8');
  const { data } = new SemanticTokenProvider().full(open);
  assert.deepEqual(data.slice(5, 15), [0, 6, 2, data[8], data[9], 0, 3, 6, data[13], data[14]]);
});
