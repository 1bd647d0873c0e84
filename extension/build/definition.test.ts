import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRequest, suggestTag } from './definition.ts';

test('paths are taken from the workspace folder, the context from the Dockerfile', () => {
  assert.deepEqual(buildRequest({ dockerfile: 'api/Dockerfile' }, '/home/me'), {
    Context: '/home/me/api',
    Dockerfile: '/home/me/api/Dockerfile',
  });
  assert.deepEqual(
    buildRequest(
      { dockerfile: '/x/Dockerfile', context: '.', tag: 'a:b', target: 't', buildArgs: { A: '1' } },
      '/home/me',
    ),
    { Context: '/home/me', Dockerfile: '/x/Dockerfile', Tags: ['a:b'], Target: 't', BuildArgs: { A: '1' } },
  );
});

test('a tag is suggested that is a valid repository name', () => {
  assert.equal(suggestTag('/home/me/My App_2/Dockerfile'), 'my-app-2:latest');
  assert.equal(suggestTag('/Dockerfile'), 'image:latest');
});
