import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomSource } from '../../runtime/dockerfile/random_source.ts';
import { defaultSettings, type FormatSettings } from '../protocol.ts';
import { formatDocument, formatOnType, formatRange, styleOf } from './formatting.ts';
import { applied, marked, opened } from './marked_document.ts';
import { planOf } from './plan_of.ts';

const options = { tabSize: 4, insertSpaces: true };
const style = styleOf(defaultSettings.format, options);

function formatted(text: string, settings: Partial<FormatSettings> = {}): string {
  const open = opened(text);
  return applied(open, formatDocument(open, styleOf({ ...defaultSettings.format, ...settings }, options)));
}

describe('formats', () => {
  const cases: [name: string, text: string, expected: string][] = [
    ['keywords', 'from a as b\nrun x\n', 'FROM a AS b\nRUN x\n'],
    ['gaps between words', 'FROM   a    AS  b\nCOPY  --link   a \t b\n', 'FROM a AS b\nCOPY --link a b\n'],
    ['indentation before the keyword', '  FROM a\n\tRUN b\n', 'FROM a\nRUN b\n'],
    ['blanks at line ends', 'FROM a  \nRUN b \\  \n  c\t\n', 'FROM a\nRUN b \\\n  c\n'],
    ['blank lines and the end', 'FROM a\n\n\n\nRUN b', 'FROM a\n\nRUN b\n'],
    [
      'continuations of words that have no indentation',
      'FROM a\nCOPY a\\\n b \\\nc\n',
      'FROM a\nCOPY a \\\n b \\\n    c\n',
    ],
    ['values over lines', 'FROM a\nENV a=b \\\nc="d   e"  f=g\n', 'FROM a\nENV a=b \\\n    c="d   e" f=g\n'],
    ['exec forms', 'FROM a\nCMD   ["a",   "b  c"]\n', 'FROM a\nCMD ["a", "b  c"]\n'],
    ['CRLF', 'from a\r\n\r\n\r\nrun b \r\n', 'FROM a\r\n\r\nRUN b\r\n'],
    [
      'healthchecks',
      'FROM a\nhealthcheck  --interval=5s   cmd  curl  x\n',
      'FROM a\nHEALTHCHECK --interval=5s CMD curl  x\n',
    ],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.equal(formatted(text), expected));
});

describe('leaves alone', () => {
  const cases: [name: string, text: string][] = [
    ['shell commands', 'FROM a\nRUN a   b && \\\nc   "d \\\n   e"\n'],
    ['indentation of continuations', 'FROM a\nRUN a \\\n      && b \\\n  # c\n\t&& d\n'],
    ['heredocs', 'FROM a\nRUN <<EOF\n  a  \n\n\n\n b\t\nEOF\nCOPY <<-A <<B /x\n\t y  \n\tA\n  z\nB\n'],
    ['values with blanks', 'FROM a\nENV A b   c\nWORKDIR /x   y\nLABEL a="b   c"\n'],
    ['a word that goes on in the next line', 'FROM a\nCOPY ab\\\ncd e\n'],
    ['triggers', 'FROM a\nONBUILD RUN a   b\n'],
    ['what is not understood', 'FROM a\nfrobnicate   x   y\n'],
    ['an open heredoc', 'FROM a\nRUN <<EOF\nx\n\n\n'],
    ['directives', '# escape = `\n#syntax=a\nFROM a\n'],
    ['an escaped blank', 'FROM a\nENV a=b\\ \\ c\n'],
  ];
  for (const [name, text] of cases) test(name, () => assert.equal(formatted(text), text));
});

test('keyword case may be lower, or as it is', () => {
  assert.equal(formatted('FROM a\nrun b\n', { keywordCase: 'lower' }), 'from a\nrun b\n');
  assert.equal(formatted('FROM a\nrun b\n', { keywordCase: 'preserve' }), 'FROM a\nrun b\n');
});

test('commands are indented when that is asked for, but not inside quotes', () => {
  const text = 'FROM a\nRUN a && \\\nb "c \\\nd" \\\n  e\n';
  assert.equal(formatted(text, { indentCommands: true }), 'FROM a\nRUN a && \\\n    b "c \\\nd" \\\n  e\n');
});

test('a range formats only what it touches', () => {
  const open = opened('from a\nrun b\nrun c\n');
  const edits = formatRange(open, { start: { line: 1, character: 0 }, end: { line: 1, character: 3 } }, style);
  assert.equal(applied(open, edits), 'from a\nRUN b\nrun c\n');
});

test('a new continuation line is indented as the others', () => {
  const first = marked('FROM a\nRUN a \\\n|');
  assert.equal(applied(first.open, formatOnType(first.open, first.position, '\n', style)), 'FROM a\nRUN a \\\n    ');
  const next = marked('FROM a\nRUN a \\\n  b \\\n|');
  assert.equal(applied(next.open, formatOnType(next.open, next.position, '\n', style)), 'FROM a\nRUN a \\\n  b \\\n  ');
  const plain = marked('FROM a\nRUN a\n|');
  assert.deepEqual(formatOnType(plain.open, plain.position, '\n', style), []);
  const heredoc = marked('FROM a\nRUN <<EOF\n|');
  assert.deepEqual(formatOnType(heredoc.open, heredoc.position, '\n', style), []);
});

test('formatting is idempotent and changes no plan, whatever the text is', () => {
  for (let seed = 1; seed <= 2000; seed += 1) {
    const random = randomSource(seed);
    let text = random.dockerfile(10);
    for (let i = 0; i < 4; i += 1) {
      const at = random.below(text.length + 1);
      text = text.slice(0, at) + random.fragment() + text.slice(at);
    }
    const settings = { keywordCase: random.pick(['upper', 'lower', 'preserve'] as const) };
    const once = formatted(text, settings);
    const context = `seed ${seed}: ${JSON.stringify(text)} became ${JSON.stringify(once)}`;
    assert.deepEqual(planOf(once), planOf(text), context);
    assert.equal(formatted(once, settings), once, context);
  }
});
