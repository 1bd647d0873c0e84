import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instruction, Item, Span } from './ast.ts';
import { type DockerfileDocument, endOf, parseDockerfile, type TextChange } from './document.ts';
import { randomSource } from './random_source.ts';

/** Items without what the test does not compare: plain data already. */
function plain(document: DockerfileDocument): unknown {
  return JSON.parse(JSON.stringify({ items: document.items, escape: document.escape }));
}

/** Every span in an item, wherever it is. */
function* spansOf(value: unknown): Generator<Span> {
  if (typeof value !== 'object' || value === null) return;
  if ('end' in value && 'start' in value && Object.keys(value).length === 2) yield value as Span;
  for (const inner of Object.values(value)) yield* spansOf(inner);
}

function assertSound(document: DockerfileDocument): void {
  let before = 0;
  for (const item of document.items) {
    assert.ok(item.start >= before && endOf(item) <= document.text.length, 'items are in order and inside the text');
    assert.equal(document.text.slice(item.start, endOf(item)), item.source);
    assert.equal(document.positionAt(item.start).line, item.startLine);
    before = endOf(item);
    for (const span of spansOf(item)) {
      assert.ok(span.start >= 0 && span.start <= span.end && span.end <= item.source.length, JSON.stringify(span));
    }
  }
  const lines = document.text.split(/\r\n|\r|\n/);
  assert.equal(document.lineCount, lines.length);
}

test('after any edits the incremental result equals the result from scratch', () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const random = randomSource(seed);
    const document = parseDockerfile(random.dockerfile(12));
    for (let step = 0; step < 40; step += 1) {
      const changes: TextChange[] = [];
      let length = document.text.length;
      for (let i = random.below(3); i >= 0; i -= 1) {
        const start = random.below(length + 1);
        const end = Math.min(length, start + (random.below(3) === 0 ? random.below(60) : random.below(3)));
        const text = random.fragment();
        changes.push({ start, end, text });
        length += text.length - (end - start);
      }
      document.update(changes);
      assertSound(document);
      const scratch = parseDockerfile(document.text);
      assert.deepEqual(plain(document), plain(scratch), `seed ${seed}, step ${step}: ${JSON.stringify(document.text)}`);
    }
  }
});

test('an edit keeps the objects of all other instructions', () => {
  const text = Array.from({ length: 200 }, (_, i) => `RUN echo ${i} \\\n  && true`).join('\n');
  const document = parseDockerfile(`FROM a\n${text}\n`);
  const before = [...document.items];
  const at = document.text.indexOf('echo 100') + 4;
  document.update([{ start: at, end: at, text: ' x\\\n y' }]);
  const changed = document.items.filter((item, i) => item !== before[i]);
  assert.equal(changed.length, 1);
  assert.equal(document.items.length, before.length);
  assert.equal(document.items[150]?.startLine, 300);
});

test('a terminator typed for an open heredoc gives the rest of the file back', () => {
  const document = parseDockerfile('FROM a\nRUN <<EOF\necho\nRUN b\nCMD c\n');
  assert.equal(document.instructions.length, 2);
  const at = document.text.indexOf('RUN b');
  document.update([{ start: at, end: at, text: 'EOF\n' }]);
  assert.deepEqual(
    document.instructions.map((instruction) => instruction.keyword),
    ['FROM', 'RUN', 'RUN', 'CMD'],
  );
});

test('the escape directive changes what a continuation is', () => {
  const document = parseDockerfile('FROM a\nRUN b `\n c\n');
  assert.equal(document.instructions.length, 3);
  document.update([{ start: 0, end: 0, text: '# escape=`\n' }]);
  assert.equal(document.instructions.length, 2);
  document.update([{ start: 0, end: 0, text: '# a comment first\n' }]);
  assert.equal(document.escape, '\\');
  assert.equal(document.instructions.length, 3);
});

test('directives end at the first other line', () => {
  const document = parseDockerfile('\ufeff# syntax=docker/dockerfile:1\n#check = skip=all\n\n# escape=`\nFROM a');
  const kinds = document.items.map((item: Item) => item.kind);
  assert.deepEqual(kinds, ['directive', 'directive', 'comment', 'instruction']);
  assert.equal(document.directive('check')?.value, 'skip=all');
  assert.equal(document.escape, '\\');
});

test('a directive twice is a problem', () => {
  const document = parseDockerfile('# escape=`\n# escape=\\\n');
  assert.equal(document.items[1]?.problems[0]?.message, 'only one escape parser directive can be used');
  assert.equal(parseDockerfile('# escape=x').items[0]?.problems[0]?.message.startsWith('invalid escape token'), true);
});

test('positions count UTF-16 and every kind of line end', () => {
  const document = parseDockerfile('FROM a\r\n# 😀 x\rRUN b\nCMD c');
  assert.deepEqual(document.positionAt(document.text.indexOf('x')), { line: 1, character: 5 });
  assert.deepEqual(document.positionAt(document.text.indexOf('CMD')), { line: 3, character: 0 });
  assert.equal(document.offsetAt({ line: 0, character: 99 }), 6);
  assert.equal(document.offsetAt({ line: 99, character: 0 }), document.text.length);
});

test('broken and huge input is parsed without a throw and in linear time', () => {
  const inputs = [
    '',
    '\0\xff\ufffe',
    '\\',
    'RUN \\',
    'FROM',
    'RUN <<',
    'COPY <<A <<B /x\na',
    'RUN ["a',
    `RUN ${'a'.repeat(1 << 20)}`,
    `# x =${' '.repeat(1 << 20)}`,
    `RUN ${' \\\n'.repeat(1 << 18)}`,
    `RUN <<A\n${'A \n'.repeat(1 << 18)}`,
    `ENV ${'a="'.repeat(1 << 18)}`,
    `COPY --x="${'\\"'.repeat(1 << 18)}`,
    'RUN echo hello && \\\n  true\n'.repeat(400_000),
    `RUN --mount=${'a=b,'.repeat(1 << 16)} true`,
    `ONBUILD ${'ONBUILD '.repeat(2000)}`,
  ];
  for (const input of inputs) {
    const document = parseDockerfile(input);
    document.update([{ start: input.length >> 1, end: (input.length >> 1) + 1, text: 'x\n' }]);
    assert.ok(document.items.every((item: Item | Instruction) => endOf(item) <= document.text.length));
  }
});
