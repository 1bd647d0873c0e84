import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanPath, compilePattern, IgnoreMatcher, parseDockerignore } from './dockerignore.ts';

function matcher(text: string): IgnoreMatcher {
  return new IgnoreMatcher(parseDockerignore(text).patterns);
}

const single: [pattern: string, path: string, matches: boolean][] = [
  ['**', 'file', true],
  ['**', 'dir/file', true],
  ['**/', 'file', true],
  ['**/**', 'dir/file', true],
  ['dir/**', 'dir/file', true],
  ['dir/**', 'dir', false],
  ['dir/**', 'dir2/file', false],
  ['**/dir2/*', 'dir/dir2/file', true],
  ['**/dir2/*', 'dir/dir2/dir2/file', true],
  ['**/dir2/**', 'dir/dir2/dir2/file', true],
  ['**file', 'dir/file', true],
  ['**/file', 'file', true],
  ['**/file', 'dirfile', false],
  ['**/file*', 'dir/dir/file.txt', true],
  ['**/file*.txt', 'dir/dir/file.txt', true],
  ['a**/*.txt', 'a/file/dir/file.txt', true],
  ['a/*.txt', 'a/file/dir/file.txt', false],
  ['a[b-d]e', 'ace', true],
  ['a[^b-d]e', 'aze', true],
  ['a[b-d]e', 'a/e', false],
  ['[]a]', 'a', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['.*', '.foo', true],
  ['.*', 'foo', false],
  ['abc.def', 'abcdef', false],
  ['abc.def', 'abcZdef', false],
  ['abc?def', 'abcZdef', true],
  ['a(b)c/def', 'a(b)c/def', true],
  ['a.|)$(}+{bc', 'a.|)$(}+{bc', true],
  ['dist/**/*.map', 'dist/a.map', true],
  ['*/*.jsx', 'a/b/c.jsx', false],
];
for (const [pattern, path, matches] of single) {
  test(`${pattern} ${matches ? 'takes' : 'leaves'} ${path}`, () => {
    const [parsed] = parseDockerignore(pattern).patterns;
    assert.equal(parsed !== undefined && compilePattern(parsed.pattern)(path), matches);
  });
}

test('the last match wins, and parents count', () => {
  const ignore = matcher('*\n!src\nsrc/**/*.test.ts\n!src/keep.test.ts\n');
  assert.deepEqual(
    ['a', 'src', 'src/a.ts', 'src/b/a.test.ts', 'src/keep.test.ts', 'b/c'].map((path) => ignore.ignores(path)),
    [true, false, false, true, false, true],
  );
});

test('lines are cleaned as Docker cleans them', () => {
  const { patterns, problems } = parseDockerignore('\ufeff# c\n  /a/./b/../c/  \n! /d \n\n #e\n!\n[x\n');
  assert.deepEqual(
    patterns.map(({ pattern, exclusion, line }) => [pattern, exclusion, line]),
    [
      ['a/c', false, 1],
      ['d', true, 2],
      ['#e', false, 4],
    ],
  );
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['illegal exclusion pattern: "!"', 'syntax error in pattern'],
  );
});

test('a walk gives the same answers as whole paths', () => {
  const ignore = matcher('node_modules\n**/*.log\n!important.log\n!a/node_modules/x\nb/*\n!b/c\n');
  for (const path of [
    'node_modules/y',
    'a/node_modules/x/z.log',
    'a/node_modules/y',
    'b/c/d',
    'b/e',
    'important.log',
  ]) {
    const parts = path.split('/');
    let matches: readonly boolean[] | undefined;
    let ignored = false;
    for (let i = 1; i <= parts.length; i += 1)
      ({ ignored, matches } = ignore.walk(parts.slice(0, i).join('/'), matches));
    assert.equal(ignored, ignore.ignores(path), path);
  }
});

test('a walk looks into an ignored directory only where something may be let in', () => {
  const ignore = matcher('*\n!src/app\n!**/*.md\n');
  assert.equal(ignore.mayLetInBelow('src'), true);
  assert.equal(matcher('*\n!src/app').mayLetInBelow('lib'), false);
  assert.equal(ignore.mayLetInBelow('lib'), true);
});

test('cleanPath', () => {
  assert.deepEqual(['', '.', '/..', 'a/..', '../a', 'a//b/'].map(cleanPath), ['.', '.', '/', '.', '../a', 'a/b']);
});
