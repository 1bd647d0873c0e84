// The shell parser: structure, positions, tolerance.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseShell } from './parser.ts';
import { shellContextAt, tokenizeShell } from './tokens.ts';
import { walkScript } from './walk.ts';
import { roughText } from './words.ts';

function commandWords(text: string): string[][] {
  const found: string[][] = [];
  walkScript(parseShell(text), {
    command: (command) => {
      if (command.kind === 'simple') found.push(command.words.map(roughText));
    },
  });
  return found;
}

test('commands of every construct are found with their words', () => {
  assert.deepEqual(commandWords('A=1 b "c d" e\\ f >x 2>&1 && ! g | h; (i; { j; }) &'), [
    ['b', 'c d', 'e f'],
    ['g'],
    ['h'],
    ['i'],
    ['j'],
  ]);
  assert.deepEqual(commandWords('if a; then b; elif c; then d; else e; fi'), [['a'], ['b'], ['c'], ['d'], ['e']]);
  assert.deepEqual(commandWords('for x in 1 2; do a; done; while b; do c; done; until d; do e; done'), [
    ['a'],
    ['b'],
    ['c'],
    ['d'],
    ['e'],
  ]);
  assert.deepEqual(commandWords('case "$x" in a|b) c ;; (*) d ;& esac'), [['c'], ['d']]);
  assert.deepEqual(commandWords('f() { a; }; function g { b; }; f'), [['a'], ['b'], ['f']]);
  assert.deepEqual(commandWords('a "$(b `c`)" <(d) $((1 + $(e)))'), [
    ['a', '${VAR}', '${VAR}', '${VAR}'],
    ['b', '${VAR}'],
    ['c'],
    ['d'],
    ['e'],
  ]);
  assert.deepEqual(commandWords('a <<E\nx $(b)\nE\nc'), [['a'], ['b'], ['c']]);
  assert.deepEqual(commandWords('[[ a && ( b =~ ^(c|d)$ ) ]] && e'), [['e']]);
  assert.deepEqual(commandWords('echo a # no\nb # c'), [['echo', 'a'], ['b']]);
});

test('spans are exact, also in nested quotes', () => {
  const text = 'x "a ${B:-"$c d"} `e`" $f';
  const seen: string[] = [];
  walkScript(parseShell(text), {
    part: (part) => {
      if (part.kind === 'parameter' || part.kind === 'substitution') seen.push(text.slice(part.start, part.end));
    },
  });
  assert.deepEqual(seen, ['${B:-"$c d"}', '$c', '`e`', '$f']);
});

test('errors name what is open or missing, and what follows is read all the same', () => {
  const errors = (text: string): string[] => parseShell(text).errors.map((error) => error.message);
  assert.match(errors('echo "a')[0] ?? '', /double quote is never closed/);
  assert.match(errors('if a; then b')[0] ?? '', /"fi" is missing/);
  assert.match(errors('a && ')[0] ?? '', /command is missing after &&/);
  assert.match(errors('a )')[0] ?? '', /unexpected "\)"/);
  assert.match(errors('cat <<E\nx')[0] ?? '', /not ended by a line "E"/);
  assert.deepEqual(commandWords('(if a; then b); c'), [['a'], ['b'], ['c']]);
});

test('every shell script of this machine that sh or bash accepts is read without an error', (t) => {
  const directories = ['/var/lib/dpkg/info', '/etc/init.d', '/usr/bin', '/usr/sbin'];
  const scripts = directories.flatMap((directory) => {
    try {
      return readdirSync(directory).map((name) => join(directory, name));
    } catch {
      return [];
    }
  });
  let checked = 0;
  for (const path of scripts) {
    if (checked >= 150) break;
    const text = readStart(path);
    const shell = text === undefined ? undefined : /^#! ?\/bin\/(sh|bash)\b/.exec(text)?.[1];
    if (text === undefined || shell === undefined) continue;
    const { errors } = parseShell(text);
    checked += 1;
    if (errors.length === 0) continue;
    const accepted = spawnSync(`/bin/${shell}`, ['-n', path]).status === 0;
    assert.ok(!accepted, `${path}: ${errors[0]?.message}`);
  }
  if (checked === 0) t.skip('this machine has no shell scripts in the usual places');
});

function readStart(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length < 200_000 && !text.includes('\0') ? text : undefined;
  } catch {
    return undefined;
  }
}

test('tokens are in order, do not overlap, and name what they are', () => {
  const text = 'FOO=1 apt-get install -y --opt="a $B" 42 && for i in *.txt; do echo ${i%.x}; done # hi';
  const tokens = tokenizeShell(text);
  const named = tokens.map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);
  for (const expected of [
    'variable FOO',
    'command apt-get',
    'option -y',
    'option --opt',
    'string "a ',
    'variable $B',
    'number 42',
    'operator &&',
    'keyword for',
    'keyword do',
    'comment # hi',
  ]) {
    assert.ok(named.includes(expected), expected);
  }
  for (const [i, token] of tokens.entries()) assert.ok(i === 0 || token.start >= (tokens[i - 1]?.end ?? 0));
});

test('the context of an offset: command, argument, variable, file, nothing', () => {
  const at = (text: string): string => shellContextAt(text, text.length).kind;
  assert.equal(at('apt'), 'command');
  assert.equal(at('a && '), 'command');
  assert.equal(at('apt-get ins'), 'argument');
  assert.equal(at('echo ${FO'), 'variable');
  assert.equal(at('cat > fo'), 'file');
  assert.equal(at('a # x'), 'none');
  const context = shellContextAt('apt-get install ', 16);
  assert.ok(
    context.kind === 'argument' &&
      context.command === 'apt-get' &&
      context.index === 1 &&
      context.previous === 'install',
  );
});

test('what is never closed takes time by its length, not by its square', () => {
  for (const unit of ['[', '[[', '@(', 'x{', 'x{,', '[:', '${a', '$[']) {
    const text = `echo ${unit.repeat(100_000)}`;
    assert.equal(parseShell(text).text.length, text.length);
  }
});
