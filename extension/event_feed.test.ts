import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineEvent } from '../runtime/protocol/event.ts';
import { EventFeed } from './event_feed.ts';

/** A feed that writes down what it does; lists end when they are told to. */
function feedOf() {
  const did: string[] = [];
  const lists: PromiseWithResolvers<void>[] = [];
  const feed = new EventFeed({
    list: () => {
      const list = Promise.withResolvers<void>();
      lists.push(list);
      did.push('list');
      return list.promise;
    },
    take: ({ sequence }) => did.push(String(sequence)),
    failed: (error) => did.push(String(error)),
  });
  /** Only the number matters here. */
  const push = (...sequences: number[]) => feed.push(sequences.map((sequence) => ({ sequence }) as EngineEvent));
  const settle = async (how: 'resolve' | 'reject' = 'resolve') => {
    const list = lists.shift();
    if (how === 'resolve') list?.resolve();
    else list?.reject(new Error('hung up'));
    await new Promise(setImmediate);
  };
  return { feed, push, settle, did };
}

/** One whose first list is done. */
async function listed() {
  const made = feedOf();
  void made.feed.fill();
  await made.settle();
  made.did.length = 0;
  return made;
}

test('events wait for the first list', async () => {
  const { feed, push, settle, did } = feedOf();
  push(6);
  void feed.fill();
  push(7, 8);
  await settle();
  push(9);
  assert.deepEqual(did, ['list', '6', '7', '8', '9']);
});

test('after a gap everything is listed again, and what comes meanwhile is taken in after it', async () => {
  const { push, settle, did } = await listed();
  push(1, 2, 5, 6);
  push(7);
  assert.deepEqual(did, ['1', '2', 'list']);
  await settle();
  push(8);
  assert.deepEqual(did, ['1', '2', 'list', '5', '6', '7', '8']);
});

test('a gap while the list is under way asks for another', async () => {
  const { push, settle, did } = await listed();
  push(1, 3, 5);
  await settle();
  assert.deepEqual(did, ['1', 'list', 'list']);
  await settle();
  assert.deepEqual(did, ['1', 'list', 'list', '3', '5']);
});

test('a list that fails after a gap is told: the rows can’t be trusted', async () => {
  const { push, settle, did } = await listed();
  push(1, 3);
  await settle('reject');
  assert.deepEqual(did, ['1', 'list', 'Error: hung up']);
});
