import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpansionError, expand } from './expansion.ts';

const variables = new Map([
  ['A', 'value'],
  ['EMPTY', ''],
  ['PATHS', '/usr/local/bin/tool.tar.gz'],
  ['GLOB', '*'],
  ['EMOJI', '👽🚀🖖'],
]);

const good: [string, string][] = [
  ['plain', 'plain'],
  ['$A-$B-${A}', 'value--value'],
  ['\\$A', '$A'],
  ["'$A'", '$A'],
  ['"$A \\$A \\x"', 'value $A \\x'],
  ["it\\'s", "it's"],
  ['$', '$'],
  ['$%', '$%'],
  ['$1$@', ''],
  ['${A:-x}${B:-x}${EMPTY:-x}${EMPTY-x}${B-x}', 'valuexxx'],
  ['${A:+x}${B:+x}${EMPTY:+x}${EMPTY+x}', 'xx'],
  ['${A:?no}${EMPTY?no}', 'value'],
  ['${B:-${A:-y}z}', 'valuez'],
  ['${B:-"a b"}', 'a b'],
  [
    '${PATHS##*/} ${PATHS#*/} ${PATHS%.*} ${PATHS%%.*}',
    'tool.tar.gz usr/local/bin/tool.tar.gz /usr/local/bin/tool.tar /usr/local/bin/tool',
  ],
  [
    '${PATHS/l/L} ${PATHS//l/L} ${PATHS/x*/}',
    '/usr/Local/bin/tool.tar.gz /usr/LocaL/bin/tooL.tar.gz /usr/local/bin/tool.tar.gz',
  ],
  ['${PATHS//\\//:}', ':usr:local:bin:tool.tar.gz'],
  ['${A#v?l}', 'ue'],
  ['${EMOJI%?} ${EMOJI#?}', '👽🚀 🚀🖖'],
  ['${A/$GLOB/x}', 'x'],
  ['${B//a/b}', ''],
  ['a\\', 'a'],
];
for (const [source, value] of good) test(source, () => assert.equal(expand(source, variables).value, value));

const bad: [string, string][] = [
  ['${B:?must be set}', 'B: must be set'],
  ['${B?}', 'B: is not allowed to be unset'],
  ['${EMPTY:?}', 'EMPTY: is not allowed to be empty'],
  ['${A', "syntax error: missing '}'"],
  ['${', "syntax error: missing '}'"],
  ['${A:-x', "syntax error: missing '}'"],
  ['${}', 'syntax error: bad substitution'],
  ['${A^^}', 'unsupported modifier (^) in substitution'],
  ['${A=x}', 'unsupported modifier (=) in substitution'],
  ["'a", 'unexpected end of statement while looking for matching single-quote'],
  ['"a', 'unexpected end of statement while looking for matching double-quote'],
  ['${A/x}', "syntax error: missing '/' in ${}"],
  ['${A#\\x}', "invalid pattern (\\x) in substitution: invalid escape '\\x'"],
];
for (const [source, message] of bad) {
  test(`error: ${source}`, () => {
    const expected = `failed to process ${JSON.stringify(source)}: ${message}`;
    assert.throws(() => expand(source, variables), new ExpansionError(expected));
  });
}

test('words are split outside quotes, after replacing', () => {
  const words = expand('a "b c" $S d', new Map([['S', 'x y']])).words;
  assert.deepEqual(words, ['a', 'b c', 'x', 'y', 'd']);
});

test('the backtick may be the escape character', () => {
  assert.equal(expand('`$A \\', variables, { escape: '`' }).value, '$A \\');
});

test('names that were looked up', () => {
  const { matched, unmatched } = expand('$A ${B:-$C}', variables);
  assert.deepEqual([[...matched], [...unmatched]], [['A'], ['C', 'B']]);
});

test('patterns full of stars take linear time', () => {
  const value = 'a'.repeat(20_000);
  assert.equal(expand('${V##*a*a*a*a*a*a*b}', new Map([['V', value]])).value, value);
});
