import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachKeyFilter, defaultDetachKeys, parseDetachKeys } from './detach_keys.ts';

test('keys are spelled as for Docker', () => {
  assert.deepEqual([...parseDetachKeys(defaultDetachKeys)], [16, 17]);
  assert.deepEqual(
    [...parseDetachKeys('a,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,DEL')],
    [97, 0, 27, 28, 29, 30, 31, 127],
  );
  assert.deepEqual([...parseDetachKeys('')], []);
  for (const wrong of ['ctrl-', 'ctrl-1', 'ctrl-aa', 'ab', 'é', ','])
    assert.throws(() => parseDetachKeys(wrong), RangeError);
});

/** What passes of typed pieces, and whether they detach. */
function feed(keys: string, ...pieces: string[]): [string, boolean] {
  const filter = new DetachKeyFilter(parseDetachKeys(keys));
  let passed = '';
  for (const piece of pieces) {
    const { data, detached } = filter.feed(Buffer.from(piece));
    passed += Buffer.from(data).toString();
    if (detached) return [passed, true];
  }
  return [passed, false];
}

test('the sequence detaches, also when it comes in pieces', () => {
  assert.deepEqual(feed('ctrl-p,ctrl-q', 'ls\n\x10\x11 lost'), ['ls\n', true]);
  assert.deepEqual(feed('ctrl-p,ctrl-q', 'ls\x10', '\x11'), ['ls', true]);
  assert.deepEqual(feed('x', 'abcx'), ['abc', true]);
});

test('a beginning that does not go on is passed on, in order', () => {
  assert.deepEqual(feed('ctrl-p,ctrl-q', '\x10', 'a'), ['\x10a', false]);
  assert.deepEqual(feed('ctrl-p,ctrl-q', '\x10\x10\x11'), ['\x10', true]);
  assert.deepEqual(feed('a,a,b', 'aaab'), ['a', true]);
  assert.deepEqual(feed('a,b,a,c', 'ababac'), ['ab', true]);
});

test('with no keys everything passes', () => {
  assert.deepEqual(feed('', '\x10\x11'), ['\x10\x11', false]);
});
