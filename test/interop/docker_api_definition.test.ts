// Answers of the Docker API held against Docker's own definition of it (Swagger 2.0), where that file lies beside the checkout.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ApiDefinition, whyNoDefinition } from '../support/api_definition.ts';
import { TestEngine } from '../support/slipway.ts';

describe("answers by Docker's definition", { skip: whyNoDefinition() ?? false }, () => {
  let engine: TestEngine;
  let api: ApiDefinition;
  before(async () => {
    api = new ApiDefinition();
    engine = await TestEngine.start();
    await engine.start({ Name: 'held', Config: { Cmd: ['sleep', '600'], Labels: { a: 'b' }, Env: ['A=b'] } });
    await engine.client.call('volume.create', { Name: 'vault' });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
  });

  const get = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      request({ socketPath: join(engine.directory, 'docker.sock'), path: `/v1.51${path}` }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))));
      })
        .on('error', reject)
        .end();
    });

  const answers: readonly (readonly [path: string, asked: string])[] = [
    ['/containers/json', '/containers/json?all=1&size=1'],
    ['/containers/{id}/json', '/containers/held/json'],
    ['/containers/{id}/top', '/containers/held/top'],
    ['/images/json', '/images/json'],
    ['/images/{name}/json', '/images/busybox/json'],
    ['/images/{name}/history', '/images/busybox/history'],
    ['/info', '/info'],
    ['/version', '/version'],
    ['/networks', '/networks'],
    ['/networks/{id}', '/networks/bridge'],
    ['/volumes', '/volumes'],
    ['/volumes/{name}', '/volumes/vault'],
    ['/system/df', '/system/df'],
  ];
  for (const [path, asked] of answers) it(`GET ${path}`, () => check(path, asked));

  it('GET /events', async () => {
    await check('/events', `/events?since=1&until=${Math.ceil(Date.now() / 1000)}`);
  });

  async function check(path: string, asked: string): Promise<void> {
    assert.equal(api.pathOf(asked.replace(/\?.*/, '')), path);
    const values = (await get(asked))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(values.flatMap((value) => api.faults('GET', path, 200, value)).sort(), []);
  }
});
