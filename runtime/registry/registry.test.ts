import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkLiteral, classify, ForbiddenAddress } from './addresses.ts';
import { parseChallenge } from './auth.ts';
import { DockerConfig } from './credentials.ts';
import { RegistryError } from './errors.ts';
import { endpointsFor, isInsecure } from './hosts.ts';
import { defaultRetryPolicy, delayBefore, retryAfter, retrying, Transient } from './retry.ts';

describe('addresses', () => {
  for (const [address, expected] of [
    ['8.8.8.8', 'public'],
    ['2001:4860:4860::8888', 'public'],
    ['10.1.2.3', 'private'],
    ['172.31.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['0.0.0.0', 'loopback'],
    ['::', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:10.0.0.1', 'private'],
    ['169.254.169.254', 'link-local'],
    ['fe80::1', 'link-local'],
  ] as const)
    test(`${address} is ${expected}`, () => assert.equal(classify(address), expected));

  test('a public registry leads nowhere inside', () => {
    for (const host of ['10.0.0.1', '127.0.0.1', '169.254.169.254', '[::1]'])
      assert.throws(() => checkLiteral(host, 'public'), ForbiddenAddress);
    assert.throws(() => checkLiteral('127.0.0.1', 'private'), ForbiddenAddress);
    assert.throws(() => checkLiteral('169.254.169.254', 'loopback'), ForbiddenAddress);
    checkLiteral('10.0.0.1', 'private');
    checkLiteral('registry.example', 'public');
  });
});

describe('challenges', () => {
  test('Bearer with quoted and plain parameters', () => {
    assert.deepEqual(
      parseChallenge('Bearer realm="https://auth.example/token",service="a b",scope="repository:x:pull,push"'),
      {
        scheme: 'bearer',
        parameters: { realm: 'https://auth.example/token', service: 'a b', scope: 'repository:x:pull,push' },
      },
    );
  });

  test('the better of several, and nothing of nonsense', () => {
    assert.equal(parseChallenge('Basic realm="x", Bearer realm="https://y"')?.scheme, 'bearer');
    assert.equal(parseChallenge('Basic realm=x')?.parameters['realm'], 'x');
    assert.equal(parseChallenge('Negotiate'), undefined);
    assert.equal(parseChallenge('='.repeat(10_000)), undefined);
  });
});

describe('retries', () => {
  test('wait longer each time, as long as asked, and not for ever', () => {
    const policy = { attempts: 3, firstDelay: 100, maxDelay: 1000 };
    assert.ok((delayBefore(policy, 1, undefined) ?? 0) < 130);
    assert.equal(delayBefore(policy, 1, 900), 900);
    assert.equal(delayBefore(policy, 1, 5000), undefined);
    assert.equal(delayBefore(policy, 3, undefined), undefined);
    assert.ok(defaultRetryPolicy.attempts > 1);
  });

  test('only what may pass is tried again', async () => {
    const failures: readonly [Error, number][] = [
      [new RegistryError('cannot reach the registry', 0, 'ECONNREFUSED'), 1],
      [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 3],
      [new Transient(new RegistryError('too many requests', 429)), 3],
    ];
    for (const [failure, expected] of failures) {
      let attempts = 0;
      const attempt = () => {
        attempts++;
        return Promise.reject(failure);
      };
      await assert.rejects(retrying({ attempts: 3, firstDelay: 1, maxDelay: 1 }, undefined, attempt));
      assert.equal(attempts, expected, failure.message);
    }
  });

  test('Retry-After as seconds and as a date', () => {
    assert.equal(retryAfter('3', 0), 3000);
    assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:05 GMT', 1000), 4000);
    assert.equal(retryAfter('soon', 0), undefined);
  });
});

describe('hosts', () => {
  test('plain HTTP only on loopback and where listed', () => {
    const settings = { insecure: ['registry.local:5000', '10.0.0.0/8'] };
    for (const host of ['localhost', '127.0.0.1:5000', '[::1]:5000', 'registry.local:5000', '10.1.2.3:443'])
      assert.equal(isInsecure(host, settings), true, host);
    for (const host of ['registry.local', 'example.com', '11.0.0.1', 'localhost.example.com', '127.0.0.1.example.com'])
      assert.equal(isInsecure(host, settings), false, host);
  });

  test('mirrors come first; one without TLS must be listed', async () => {
    const endpoints = await endpointsFor('docker.io', { mirrors: { 'docker.io': ['https://mirror.example/sub/'] } });
    assert.deepEqual(
      endpoints.map(({ name, mirror, urls }) => [name, mirror, urls.map(String)]),
      [
        ['mirror.example', true, ['https://mirror.example/sub']],
        ['docker.io', false, ['https://registry-1.docker.io/']],
      ],
    );
    await assert.rejects(
      endpointsFor('docker.io', { mirrors: { 'docker.io': ['http://mirror.example'] } }),
      /plain HTTP/,
    );
  });
});

describe('credentials', () => {
  async function withConfig(task: (config: DockerConfig, directory: string) => Promise<void>): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'slipway-docker-'));
    try {
      await task(new DockerConfig(directory), directory);
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  test('are kept in config.json beside what others keep there, readable by nobody else', () =>
    withConfig(async (config, directory) => {
      const path = join(directory, 'config.json');
      await writeFile(path, '{"psFormat": "x", "auths": {"other": {"auth": "YTpi"}}}');
      await config.set('localhost:5000', { kind: 'password', username: 'me', password: 'a:b' });
      assert.deepEqual(await config.get('localhost:5000'), { kind: 'password', username: 'me', password: 'a:b' });
      assert.equal(await config.get('localhost:5001'), undefined);
      const stored = JSON.parse(await readFile(path, 'utf8'));
      assert.equal(stored.psFormat, 'x');
      assert.equal(stored.auths.other.auth, 'YTpi');
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.equal(await config.erase('localhost:5000'), true);
      assert.equal(await config.erase('localhost:5000'), false);
    }));

  test("Docker Hub's key, and identity tokens", () =>
    withConfig(async (config, directory) => {
      await config.set('docker.io', { kind: 'identity', token: 't' });
      assert.deepEqual(await config.get('docker.io'), { kind: 'identity', token: 't' });
      assert.ok(
        JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')).auths['https://index.docker.io/v1/'],
      );
    }));

  test('go through a credential helper where one is named', () =>
    withConfig(async (config, directory) => {
      const helper = join(directory, 'docker-credential-slipwaytest');
      await writeFile(
        helper,
        `#!/bin/sh\nkept=${directory}/kept\ncase $1 in\nstore) cat >$kept;;\nget) read -r server; grep -q "\\"$server\\"" $kept 2>/dev/null && cat $kept || { echo credentials not found; exit 1; };;\nerase) rm -f $kept;;\nesac\n`,
      );
      await chmod(helper, 0o755);
      await writeFile(join(directory, 'config.json'), '{"credsStore": "slipwaytest"}');
      const path = process.env['PATH'];
      process.env['PATH'] = `${directory}:${path}`;
      try {
        assert.equal(await config.get('r.example'), undefined);
        await config.set('r.example', { kind: 'password', username: 'u', password: 'p' });
        assert.doesNotMatch(await readFile(join(directory, 'config.json'), 'utf8'), /"p"|dTpw/);
        assert.deepEqual(await config.get('r.example'), { kind: 'password', username: 'u', password: 'p' });
        assert.equal(await config.erase('r.example'), true);
        assert.equal(await config.get('r.example'), undefined);
      } finally {
        process.env['PATH'] = path;
      }
    }));

  test('a helper is a name, never a path', () =>
    withConfig(async (config, directory) => {
      await writeFile(join(directory, 'config.json'), '{"credsStore": "../../bin/sh"}');
      await assert.rejects(config.get('r.example'), /not a program's name/);
    }));
});
