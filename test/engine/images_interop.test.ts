// Images between this engine and others, judged by the others: Docker, Podman, skopeo, and a registry of Debian's.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { FaultProxy } from '../support/fault_proxy.ts';
import { callContext, TestStore } from '../support/image_store.ts';
import { type TestImage, TestLayout } from '../support/layout.ts';
import { Podman, whyNoPodman } from '../support/podman.ts';
import { must, startRegistry, type TestRegistry } from '../support/registry.ts';

let directory: string;
let registry: TestRegistry;
let layout: TestLayout;
let image: TestImage;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'slipway-interop-'));
  registry = await startRegistry();
  layout = await TestLayout.create();
  image = await layout.add(
    'app',
    [
      { files: { 'etc/name': 'base', 'dir/gone': 'x' } },
      { files: { 'dir/.wh.gone': '', 'bin/app': 'app' } },
      { files: { 'last/': '' } },
    ],
    { Cmd: ['/bin/app'], Env: ['A=1'] },
  );
  await layout.push('app', `${registry.host}/interop/app:1`);
});

after(async () => {
  await registry[Symbol.asyncDispose]();
  await layout[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const pulled = async (store: TestStore, name = 'interop/app:1') => {
  await store.handlers['image.pull']({ Reference: `${registry.host}/${name}` }, callContext());
  return `${registry.host}/${name}`;
};

async function saveTo(store: TestStore, images: string[], path: string): Promise<void> {
  const serve = await store.handlers['image.save']({ Images: images }, callContext());
  const out = new PassThrough();
  const writing = pipeline(out, createWriteStream(path));
  const duplex = Duplex.from({ readable: Readable.from([]), writable: out });
  await serve(duplex, new AbortController().signal);
  duplex.end();
  await writing;
}

async function loadFrom(store: TestStore, path: string) {
  const serve = await store.handlers['image.load']({}, callContext());
  const { Images } = await serve(
    Duplex.from({ readable: createReadStream(path), writable: new PassThrough() }),
    new AbortController().signal,
  );
  return Images;
}

describe('pushing', () => {
  test('skopeo reads what was pushed, byte for byte', async () => {
    await using store = await TestStore.open();
    const name = await pulled(store);
    const target = `${registry.host}/pushed/app:2`;
    await store.handlers['image.tag']({ Image: name, Reference: target }, callContext());
    const lines: { Status: string }[] = [];
    const [pushed] = await store.handlers['image.push']({ Reference: target }, callContext(lines));
    const raw = await must('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${target}`]);
    assert.equal(`sha256:${createHash('sha256').update(raw).digest('hex')}`, pushed?.Digest);
    assert.equal(pushed?.Digest, image.manifestDigest);
    const config = JSON.parse(
      await must('skopeo', ['inspect', '--config', '--tls-verify=false', `docker://${target}`]),
    );
    assert.deepEqual(config.config.Cmd, ['/bin/app']);
    assert.ok(lines.some(({ Status }) => Status === 'Mounted from another repository'));
    assert.equal(
      await must('skopeo', ['list-tags', '--tls-verify=false', `docker://${registry.host}/pushed/app`]).then(
        (text) => JSON.parse(text).Tags[0],
      ),
      '2',
    );
  });

  test('blobs of the same registry are mounted, not sent again; others are sent', async () => {
    await using proxy = await FaultProxy.start(registry.host);
    await using store = await TestStore.open();
    await store.handlers['image.pull']({ Reference: `${proxy.host}/interop/app:1` }, callContext());
    const target = `${proxy.host}/mounted/app:1`;
    await store.handlers['image.tag']({ Image: image.configDigest, Reference: target }, callContext());
    await store.handlers['image.push']({ Reference: target }, callContext());
    const uploads = proxy.seen.filter(({ line }) => line.startsWith('POST'));
    assert.equal(uploads.length, 4);
    for (const { line } of uploads) assert.match(line, /mount=sha256%3A[0-9a-f]{64}&from=interop%2Fapp/);
    assert.equal(proxy.seen.filter(({ line }) => line.startsWith('PATCH')).length, 0);
  });

  test('a broken upload is begun again', async () => {
    await using proxy = await FaultProxy.start(registry.host);
    await using store = await TestStore.open();
    await pulled(store);
    const target = `${proxy.host}/broken/app:1`;
    await store.handlers['image.tag']({ Image: image.configDigest, Reference: target }, callContext());
    let broken = 0;
    proxy.fault = ({ request, response }) => {
      if (request.method !== 'PATCH' || broken >= 2) return false;
      broken += 1;
      if (broken === 1) request.socket.resetAndDestroy();
      else response.writeHead(503).end();
      return true;
    };
    const [pushed] = await store.handlers['image.push']({ Reference: target }, callContext());
    assert.equal(pushed?.Digest, image.manifestDigest);
    assert.equal(broken, 2);
  });

  test('credentials: refused without, accepted with, kept by login', async () => {
    const htpasswd = join(directory, 'htpasswd');
    await must('sh', ['-c', `htpasswd -Bbn me secret > ${htpasswd}`]);
    await using closed = await startRegistry({ htpasswd });
    await using store = await TestStore.open();
    await pulled(store);
    const target = `${closed.host}/private/app:1`;
    await store.handlers['image.tag']({ Image: image.configDigest, Reference: target }, callContext());
    const push = () => store.handlers['image.push']({ Reference: target }, callContext());
    await assert.rejects(push(), (error) => isEngineError(error, 'Unauthorized'));
    const { registryHandlers } = await import('../../runtime/image/registry_access.ts');
    const registries = registryHandlers(store.access);
    await assert.rejects(
      registries['registry.login']({ Server: closed.host, Username: 'me', Password: 'wrong' }, callContext()),
      (error) => isEngineError(error, 'Unauthorized'),
    );
    await registries['registry.login']({ Server: closed.host, Username: 'me', Password: 'secret' }, callContext());
    await push();
    assert.deepEqual(await registries['registry.repositories']({ Server: closed.host }, callContext()), [
      'private/app',
    ]);
    assert.deepEqual(await registries['registry.tags']({ Repository: `${closed.host}/private/app` }, callContext()), [
      '1',
    ]);
    assert.deepEqual(await registries['registry.deleteTag']({ Reference: target }, callContext()), {
      Digest: image.manifestDigest,
    });
    await assert.rejects(registries['registry.inspect']({ Reference: target }, callContext()), (error) =>
      isEngineError(error, 'NotFound'),
    );
    assert.deepEqual(await registries['registry.logout']({ Server: closed.host }, callContext()), { Removed: true });
    await assert.rejects(push(), (error) => isEngineError(error, 'Unauthorized'));
  });

  test('TLS with a private CA: refused until the CA is known', async (t) => {
    const address = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    if (address === undefined) return t.skip('no address but loopback, where certificates are not checked');
    const key = join(directory, 'key.pem');
    const certificate = join(directory, 'cert.pem');
    const subject = ['-subj', '/CN=registry', '-addext', `subjectAltName=IP:${address}`];
    await must('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '2',
      ...subject,
    ]);
    await using secure = await startRegistry({ tls: { certificate, key }, address });
    await must('skopeo', [
      'copy',
      '--dest-tls-verify=false',
      `oci:${layout.directory}:app`,
      `docker://${secure.host}/tls/app:1`,
    ]);
    await using store = await TestStore.open();
    const pull = () => store.handlers['image.pull']({ Reference: `${secure.host}/tls/app:1` }, callContext());
    await assert.rejects(pull(), /self-signed/);
    const folder = join(store.directory, 'certs.d', secure.host);
    await mkdir(folder, { recursive: true });
    await copyFile(certificate, join(folder, 'ca.crt'));
    const [pulledImage] = await pull();
    assert.equal(pulledImage?.Id, image.configDigest);
  });
});

describe('Docker', { skip: whyNoDockerd() ?? false }, () => {
  let docker: Dockerd;
  before(async () => {
    docker = await Dockerd.start();
  });
  after(() => docker[Symbol.asyncDispose]());

  test('pulls what we pushed, loads what we saved, under the same id', async () => {
    await using store = await TestStore.open();
    const name = await pulled(store);
    const archive = join(directory, 'ours.tar');
    await saveTo(store, [name], archive);
    assert.match(docker.must(['load', '--input', archive]), /Loaded image/);
    assert.equal(docker.must(['image', 'inspect', '--format', '{{.Id}}', name]).trim(), image.configDigest);
    docker.must(['image', 'rm', name]);
    docker.must(['pull', name]);
    assert.equal(docker.must(['image', 'inspect', '--format', '{{.Id}}', name]).trim(), image.configDigest);
  });

  test('what it saves we load, under the same id and name', async () => {
    const busybox = docker.loadBusybox();
    const archive = join(directory, 'docker.tar');
    docker.must(['save', '--output', archive, busybox]);
    await using store = await TestStore.open();
    const [loaded] = await loadFrom(store, archive);
    assert.equal(loaded?.Id, docker.must(['image', 'inspect', '--format', '{{.Id}}', busybox]).trim());
    assert.equal(store.store.find(busybox).id, loaded?.Id);
    // And on to a registry: the uncompressed layers are compressed on the way.
    const target = `${registry.host}/from/docker:1`;
    await store.handlers['image.tag']({ Image: busybox, Reference: target }, callContext());
    await store.handlers['image.push']({ Reference: target }, callContext());
    assert.match(docker.must(['pull', target]), /Digest: sha256/);
    assert.equal(docker.must(['image', 'inspect', '--format', '{{.Id}}', target]).trim(), loaded?.Id);
    assert.equal(docker.must(['run', '--rm', '--network', 'none', target, 'echo', 'runs']).trim(), 'runs');
  });
});

describe('Podman', { skip: whyNoPodman() ?? false }, () => {
  test('pulls, loads and saves with us, under the same id', async () => {
    using podman = new Podman('/usr/bin/crun');
    await using store = await TestStore.open();
    const name = await pulled(store);
    const id = image.configDigest.slice('sha256:'.length);
    podman.must(['pull', '--tls-verify=false', name]);
    assert.equal(podman.must(['image', 'inspect', '--format', '{{.Id}}', name]).trim(), id);
    for (const format of ['docker-archive', 'oci-archive']) {
      const archive = join(directory, `podman-${format}.tar`);
      podman.must(['save', '--format', format, '--output', archive, name]);
      await using other = await TestStore.open();
      const [loaded] = await loadFrom(other, archive);
      assert.equal(loaded?.Id, image.configDigest, format);
      assert.equal(other.store.find(name).id, image.configDigest, format);
    }
    podman.must(['image', 'rm', name]);
    const archive = join(directory, 'ours-podman.tar');
    await saveTo(store, [name], archive);
    podman.must(['load', '--input', archive]);
    assert.equal(podman.must(['image', 'inspect', '--format', '{{.Id}}', name]).trim(), id);
  });
});

test('skopeo copies from and to our archives in both formats', async () => {
  await using store = await TestStore.open();
  const name = await pulled(store);
  const ours = join(directory, 'ours-skopeo.tar');
  await saveTo(store, [name], ours);
  for (const source of [`docker-archive:${ours}`, `oci-archive:${ours}`]) {
    const copy = join(directory, `copy-${source.split(':')[0]}.tar`);
    await rm(copy, { force: true });
    const target = source.startsWith('docker') ? `docker-archive:${copy}:copied:1` : `oci-archive:${copy}:copied:1`;
    await must('skopeo', ['copy', source, target]);
    await using other = await TestStore.open();
    const [loaded] = await loadFrom(other, copy);
    assert.equal(loaded?.Id, image.configDigest, source);
  }
});
