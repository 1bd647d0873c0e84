// Registries that misbehave: each pull ends as a whole image, or in a clear error with nothing left behind.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ErrorKind } from '../../runtime/protocol/errors.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { type Exchange, FaultProxy } from '../support/fault_proxy.ts';
import { callContext, TestStore } from '../support/image_store.ts';
import { type TestImage, TestLayout } from '../support/layout.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

let registry: TestRegistry;
let layout: TestLayout;
let image: TestImage;
// Incompressible, so that the layer is as large on the wire: several socket buffers.
const noise = randomBytes(600_000).toString('base64');

before(async () => {
  registry = await startRegistry();
  layout = await TestLayout.create();
  image = await layout.add('app', [{ files: { 'etc/name': 'base', noise } }, { files: { 'etc/more': 'top' } }], {
    Cmd: ['true'],
  });
  await layout.push('app', `${registry.host}/faults/app:1`);
});

after(async () => {
  await registry[Symbol.asyncDispose]();
  await layout[Symbol.asyncDispose]();
});

const isBig = ({ request }: Exchange) => request.url?.includes(`/blobs/${image.layerDigests[0]}`) === true;
const isManifest = ({ request }: Exchange) => request.url?.includes('/manifests/') === true;

interface Attempt {
  readonly proxy: FaultProxy;
  readonly store: TestStore;
  pull(reference?: string): Promise<unknown>;
}

async function withProxy(task: (attempt: Attempt) => Promise<void>): Promise<void> {
  await using proxy = await FaultProxy.start(registry.host);
  await using store = await TestStore.open();
  const pull = (reference = `${proxy.host}/faults/app:1`) =>
    store.handlers['image.pull']({ Reference: reference }, callContext());
  await task({ proxy, store, pull });
}

async function assertPulled({ store, proxy }: Attempt): Promise<void> {
  const inspected = await store.handlers['image.inspect']({ Image: `${proxy.host}/faults/app:1` }, callContext());
  assert.equal(inspected.Id, image.configDigest);
  const top = inspected.GraphDriver.Data['UpperDir'] ?? '';
  assert.deepEqual(await readdir(join(top, 'etc')), ['more']);
}

async function assertFails(
  { store }: Attempt,
  pulling: Promise<unknown>,
  kind: ErrorKind,
  sentence: RegExp,
): Promise<void> {
  await assert.rejects(pulling, (error) => {
    assert.ok(isEngineError(error), String(error));
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, sentence);
    return true;
  });
  assert.deepEqual(await store.handlers['image.list']({ All: true }, callContext()), []);
  const { dataRoot } = store.context.paths;
  assert.deepEqual(await readdir(join(dataRoot, 'layers', 'staging')), []);
  await store.store.collect('all');
  assert.deepEqual(await readdir(join(dataRoot, 'blobs', 'sha256')), []);
  assert.deepEqual(await readdir(join(dataRoot, 'ingest')), []);
}

describe('a pull is finished in spite of', () => {
  test('a body that is cut off, by asking for the rest', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange) || exchange.count > 0) return false;
        const { body, headers } = await exchange.forward();
        exchange.response.writeHead(200, headers);
        exchange.response.write(body.subarray(0, 300_000), () => exchange.response.destroy());
        return true;
      };
      await attempt.pull();
      await assertPulled(attempt);
      const ranges = attempt.proxy.seen
        .filter(({ line }) => line.includes(image.layerDigests[0] ?? ''))
        .map(({ headers }) => headers.range);
      assert.equal(ranges.length, 2);
      assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
    }));

  test('a reset in the middle from a server that ignores Range', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange)) return false;
        delete exchange.request.headers.range;
        const { body, headers } = await exchange.forward();
        if (exchange.count === 0) {
          exchange.response.writeHead(200, headers);
          exchange.response.write(body.subarray(0, 300_000), () => exchange.request.socket.resetAndDestroy());
        } else exchange.response.writeHead(200, headers).end(body);
        return true;
      };
      await attempt.pull();
      await assertPulled(attempt);
    }));

  test('429 with Retry-After, and 503', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = (exchange) => {
        if (exchange.count > 0 || !(isBig(exchange) || isManifest(exchange))) return false;
        exchange.response.writeHead(isBig(exchange) ? 503 : 429, { 'retry-after': '1' }).end('{}');
        return true;
      };
      await attempt.pull();
      await assertPulled(attempt);
    }));

  test('a Content-Length that is too large', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange) || exchange.count > 0) return false;
        const { body, headers } = await exchange.forward();
        exchange.response.writeHead(200, { ...headers, 'content-length': String(body.length + 1000) });
        exchange.response.write(body, () => exchange.response.destroy());
        return true;
      };
      await attempt.pull();
      await assertPulled(attempt);
    }));

  test('a Content-Length that is too small', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange) || exchange.count > 0) return false;
        const { body, headers } = await exchange.forward();
        exchange.response.writeHead(200, { ...headers, 'content-length': '1000' }).end(body.subarray(0, 1000));
        return true;
      };
      await attempt.pull();
      await assertPulled(attempt);
    }));

  test('a body that comes in dribs', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange)) return false;
        const { body, headers } = await exchange.forward();
        exchange.response.writeHead(200, headers);
        for (let at = 0; at < body.length; at += 50_000) {
          exchange.response.write(body.subarray(at, at + 50_000));
          await new Promise((resolve) => setImmediate(resolve));
        }
        exchange.response.end();
        return true;
      };
      await attempt.pull();
      await assertPulled(attempt);
    }));

  test('an earlier attempt that ended half-way: the rest alone is fetched', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange)) return false;
        const { body, headers } = await exchange.forward();
        if (exchange.request.headers.range !== undefined) return exchange.response.writeHead(500).end() !== undefined;
        exchange.response.writeHead(200, headers);
        exchange.response.write(body.subarray(0, 200_000), () => exchange.response.destroy());
        return true;
      };
      await assert.rejects(attempt.pull());
      attempt.proxy.fault = () => false;
      const before = attempt.proxy.seen.length;
      await attempt.pull();
      await assertPulled(attempt);
      const again = attempt.proxy.seen.slice(before).filter(({ line }) => line.includes(image.layerDigests[0] ?? ''));
      assert.match(again[0]?.headers.range ?? '', /^bytes=[1-9]\d*-$/);
    }));

  test('a redirect to another host, which gets no credentials', () =>
    withProxy(async (attempt) => {
      await using other = await FaultProxy.start(registry.host);
      attempt.proxy.fault = (exchange) => {
        if (exchange.request.headers.authorization === undefined)
          exchange.response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
        else if (isBig(exchange))
          exchange.response.writeHead(307, { location: `http://${other.host}${exchange.request.url}` }).end();
        else return false;
        return true;
      };
      await attempt.store.handlers['image.pull'](
        { Reference: `${attempt.proxy.host}/faults/app:1`, Auth: { username: 'me', password: 'secret' } },
        callContext(),
      );
      await assertPulled(attempt);
      assert.ok(attempt.proxy.seen.some(({ headers }) => headers.authorization !== undefined));
      assert.equal(other.seen.length, 1);
      assert.equal(other.seen[0]?.headers.authorization, undefined);
    }));
});

describe('a pull fails clearly and leaves nothing of', () => {
  test('a body with the wrong digest', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange)) return false;
        const { body, headers } = await exchange.forward();
        const wrong = gzipSync(randomBytes(body.length * 2)).subarray(0, body.length);
        exchange.response.writeHead(200, headers).end(Buffer.concat([body.subarray(0, 20), wrong.subarray(20)]));
        return true;
      };
      await assert.rejects(attempt.pull(), /digest|damaged|corrupt|invalid|gzip|decompress/i);
      assert.deepEqual(await attempt.store.handlers['image.list']({}, callContext()), []);
    }));

  test('a good archive with the wrong digest', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange)) return false;
        const { body, headers } = await exchange.forward();
        const changed = Buffer.from(body);
        changed[9] = (changed[9] ?? 0) ^ 1; // the OS byte of gzip's header: the same content, other bytes
        exchange.response.writeHead(200, headers).end(changed);
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'DataCorrupt', /digest/);
    }));

  test('a body that is longer than the manifest says', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange)) return false;
        const { body, headers } = await exchange.forward();
        exchange.response
          .writeHead(200, { ...headers, 'content-length': String(body.length + 5) })
          .end(Buffer.concat([body, Buffer.from('extra')]));
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'DataCorrupt', /longer than the \d+ bytes/);
    }));

  test('a body that always breaks off at the same place', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange)) return false;
        if (exchange.request.headers.range !== undefined) {
          exchange.request.socket.destroy();
          return true;
        }
        const { headers, body } = await exchange.forward();
        exchange.response.writeHead(200, headers);
        exchange.response.write(body.subarray(0, 1000), () => exchange.response.destroy());
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'Unavailable', /broke/);
    }));

  test('a manifest whose digest does not match', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isManifest(exchange)) return false;
        const { body, headers } = await exchange.forward();
        exchange.response
          .writeHead(200, { ...headers, 'content-length': String(body.length + 1) })
          .end(Buffer.concat([body, Buffer.from(' ')]));
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'DataCorrupt', /manifest that came has digest/);
      await assertFails(
        attempt,
        attempt.pull(`${attempt.proxy.host}/faults/app@${image.manifestDigest}`),
        'DataCorrupt',
        /digest/,
      );
    }));

  test('a manifest of 10 GB, announced or not', () =>
    withProxy(async (attempt) => {
      let sent = 0;
      attempt.proxy.fault = (exchange) => {
        if (!isManifest(exchange)) return false;
        const length: Record<string, string> = exchange.count % 2 === 0 ? { 'content-length': '10000000000' } : {};
        exchange.response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json', ...length });
        const pour = () => {
          while (!exchange.response.destroyed && exchange.response.write(Buffer.alloc(1 << 16, ' '))) sent += 1 << 16;
        };
        exchange.response.on('drain', pour);
        pour();
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'DataCorrupt', /at most 4194304 bytes/);
      await assertFails(attempt, attempt.pull(), 'DataCorrupt', /at most 4194304 bytes/);
      assert.ok(sent < 100_000_000, `${sent} bytes were taken`);
    }));

  test('an ambiguous manifest (CVE-2021-41190)', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = async (exchange) => {
        if (!isManifest(exchange)) return false;
        const { body } = await exchange.forward();
        const both = Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), manifests: [] }));
        exchange.response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end(both);
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'DataCorrupt', /ambiguous/);
    }));

  test('401 again and again', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = ({ request, response }) => {
        if (request.url?.startsWith('/token'))
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ token: `t${attempt.proxy.seen.length}` }));
        else
          response
            .writeHead(401, { 'www-authenticate': `Bearer realm="http://${attempt.proxy.host}/token",service="s"` })
            .end('{}');
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'Unauthorized', /log in/);
      assert.ok(attempt.proxy.seen.length < 20, `${attempt.proxy.seen.length} requests`);
    }));

  test('redirects in circles', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = (exchange) => {
        if (!isBig(exchange)) return false;
        exchange.response.writeHead(307, { location: exchange.request.url ?? '' }).end();
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'Unavailable', /circles/);
    }));

  test('a token realm that is another host without TLS', () =>
    withProxy(async (attempt) => {
      const victim = createServer(() => assert.fail('the realm was asked'));
      attempt.proxy.fault = ({ response }) => {
        response
          .writeHead(401, { 'www-authenticate': 'Bearer realm="http://169.254.169.254/latest/meta-data",service="s"' })
          .end('{}');
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'Unauthorized', /not https/);
      victim.close();
    }));

  test('a redirect to link-local metadata', () =>
    withProxy(async (attempt) => {
      attempt.proxy.fault = (exchange) => {
        if (!isBig(exchange)) return false;
        exchange.response.writeHead(307, { location: 'http://169.254.169.254/secret' }).end();
        return true;
      };
      await assertFails(attempt, attempt.pull(), 'PermissionDenied', /refused to connect/);
    }));

  test('a layer that unpacks to far more than it says', () =>
    withProxy(async (attempt) => {
      const bomb = await layout.add('bomb', [{ files: { zeros: '\0'.repeat(1 << 20) } }]);
      await layout.push('bomb', `${registry.host}/faults/bomb:1`);
      assert.ok(bomb.layerDigests[0] !== undefined);
      const { LayerWriter } = await import('../../runtime/image/layer_writer.ts');
      const { fetchImage } = await import('../../runtime/image/registry_image.ts');
      const { parseReference } = await import('../../runtime/image/reference.ts');
      const { blobs, layers } = attempt.store.store;
      const reference = parseReference(`${attempt.proxy.host}/faults/bomb:1`);
      using client = attempt.store.access.client(reference.registry);
      const { image: remote } = await fetchImage(client, reference, undefined);
      const [layer] = remote.layers;
      assert.ok(layer !== undefined);
      const writer = new LayerWriter({ blobs, layers, userXattr: false, maxExpansion: 10, freeExpansion: 1000 });
      await assert.rejects(
        writer.write(layer, layer.diffId, () => {}, new AbortController().signal),
        /limit|more than|larger|bytes/,
      );
      assert.equal(await layers.has(layer.diffId), false);
    }));

  test('a cancelled pull', () =>
    withProxy(async (attempt) => {
      const controller = new AbortController();
      attempt.proxy.fault = async (exchange) => {
        if (!isBig(exchange)) return false;
        const { body, headers } = await exchange.forward();
        exchange.response.writeHead(200, headers);
        exchange.response.write(body.subarray(0, 100_000), () => controller.abort());
        return true;
      };
      const pulling = attempt.store.handlers['image.pull'](
        { Reference: `${attempt.proxy.host}/faults/app:1` },
        callContext([], controller.signal),
      );
      await assertFails(attempt, pulling, 'Cancelled', /abort/i);
    }));
});
