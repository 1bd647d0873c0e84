import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { candidates, canonical, familiar, InvalidReference, parseReference } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('references', () => {
  for (const [text, full, short] of [
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['user/app:v1', 'docker.io/user/app:v1', 'user/app:v1'],
    ['docker.io/library/a:b', 'docker.io/library/a:b', 'a:b'],
    ['index.docker.io/a/b', 'docker.io/a/b:latest', 'a/b:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest', 'localhost:5000/app:latest'],
    ['[::1]:5000/app:x', '[::1]:5000/app:x', '[::1]:5000/app:x'],
    ['quay.io/a/b/c:1.2-3_4', 'quay.io/a/b/c:1.2-3_4', 'quay.io/a/b/c:1.2-3_4'],
    [`app@${digest}`, `docker.io/library/app@${digest}`, `app@${digest}`],
    [`app:t@${digest}`, `docker.io/library/app:t@${digest}`, `app:t@${digest}`],
  ] as const) {
    test(`${text} is ${full}`, () => {
      const reference = parseReference(text);
      assert.equal(canonical(reference), full);
      assert.equal(familiar(reference), short);
      assert.deepEqual(parseReference(full), reference);
    });
  }

  for (const text of [
    '',
    'UPPER',
    'a//b',
    'a:',
    'a:b c',
    '-a',
    'a/../b',
    'a@sha256:short',
    'http://a/b',
    'a'.repeat(300),
    'a:'.padEnd(140, 't'),
    '0'.repeat(64),
    '$(x)',
    '/etc/passwd',
    '\u0000',
  ]) {
    test(`${JSON.stringify(text.slice(0, 30))} is none`, () => {
      assert.throws(() => parseReference(text), InvalidReference);
    });
  }

  test('short names are looked for in every registry of the list, others are themselves', () => {
    assert.deepEqual(candidates('app', ['quay.io', 'docker.io']).map(canonical), [
      'quay.io/app:latest',
      'docker.io/library/app:latest',
    ]);
    assert.deepEqual(candidates('ghcr.io/a', ['quay.io']).map(canonical), ['ghcr.io/a:latest']);
  });
});
