// Answers of the Docker API held against Docker's own definition of it (Swagger 2.0), where that file lies beside the checkout.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { TestEngine } from '../support/slipway.ts';

interface Schema {
  $ref?: string;
  type?: string;
  enum?: readonly unknown[];
  required?: readonly string[];
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  allOf?: readonly Schema[];
  'x-nullable'?: boolean;
}

interface Definition {
  paths: Record<string, Record<string, { responses: Record<string, { schema: Schema }> }>>;
  definitions: Record<string, Schema>;
}

const file = join(import.meta.dirname, '../../../shared/docker-engine-api-v1.51.yaml');
const skip = existsSync(file) ? false : `no definition of the API at ${file}`;

describe("answers by Docker's definition", { skip }, () => {
  let engine: TestEngine;
  let api: Definition;
  before(async () => {
    api = parse(readFileSync(file, 'utf8'));
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
    const schema = api.paths[path]?.['get']?.responses['200']?.schema;
    assert.ok(schema !== undefined, 'the definition has this path');
    const lines = (await get(asked)).trim().split('\n');
    assert.deepEqual(lines.flatMap((line) => faults(api, schema, JSON.parse(line), '')).sort(), []);
  }
});

/** What a value has against its schema, each fault with its place. */
function faults(api: Definition, schema: Schema, value: unknown, at: string): string[] {
  if (schema.$ref !== undefined) {
    const named = api.definitions[schema.$ref.replace('#/definitions/', '')];
    return named === undefined ? [`${at}: unknown ${schema.$ref}`] : faults(api, named, value, at);
  }
  // What is empty in Go's memory is null in dockerd's answers, which the definition tells of only sometimes.
  if (value === null) return [];
  const found = (schema.allOf ?? []).flatMap((part) => faults(api, part, value, at));
  if (schema.type !== undefined && !isOfType(schema.type, value)) {
    return [...found, `${at}: ${JSON.stringify(value)} is no ${schema.type}`];
  }
  if (schema.enum !== undefined && !schema.enum.includes(value))
    found.push(`${at}: ${String(value)} is not in the list`);
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? found : [...found, ...value.flatMap((item) => faults(api, items, item, `${at}[]`))];
  }
  if (typeof value !== 'object') return found;
  for (const name of schema.required ?? []) if (!(name in value)) found.push(`${at}.${name} is missing`);
  for (const [name, member] of Object.entries(value)) {
    const other = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const inner = schema.properties?.[name] ?? other;
    if (inner !== undefined) found.push(...faults(api, inner, member, `${at}.${name}`));
  }
  return found;
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && !Array.isArray(value);
  return typeof value === type;
}
