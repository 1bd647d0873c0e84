import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readContainerDefaults } from './config.ts';
import { InvalidManifest, layerCompression, mediaTypes, parseManifest } from './manifest.ts';
import { formatPlatform, parsePlatform, platformScore, selectPlatform } from './platform.ts';

const digest = `sha256:${'b'.repeat(64)}`;
const descriptor = { mediaType: mediaTypes.ociConfig, digest, size: 1 };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers: [] };
const parse = (document: object, served?: string) => parseManifest(Buffer.from(JSON.stringify(document)), served);

describe('manifests', () => {
  test('OCI and Docker ones, with and without a mediaType of their own', () => {
    assert.equal(parse(manifest).mediaType, mediaTypes.ociManifest);
    const { mediaType: _, ...plain } = manifest;
    assert.equal(parse(plain, `${mediaTypes.dockerManifest}; charset=utf-8`).mediaType, mediaTypes.dockerManifest);
    assert.equal(parse({ schemaVersion: 2, manifests: [] }).kind, 'index');
  });

  for (const [why, document, served] of [
    ['both an index and an image', { ...manifest, manifests: [] }],
    ['served as something else', manifest, mediaTypes.ociIndex],
    ['an image that calls itself an index', { ...manifest, mediaType: mediaTypes.ociIndex }],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }],
    ['a digest of another algorithm', { ...manifest, config: { ...descriptor, digest: 'md5:abc' } }],
    ['a digest with a path in it', { ...manifest, config: { ...descriptor, digest: 'sha256:../../etc/passwd' } }],
    ['a negative size', { ...manifest, config: { ...descriptor, size: -1 } }],
    ['a fractional size', { ...manifest, config: { ...descriptor, size: 0.5 } }],
    ['too many layers', { ...manifest, layers: Array.from({ length: 1000 }, () => descriptor) }],
    ['a list', []],
    ['nothing', {}],
  ] as const) {
    test(`refused: ${why}`, () => {
      assert.throws(() => parse(document, served), InvalidManifest);
    });
  }

  test('layer types', () => {
    assert.equal(layerCompression('application/vnd.oci.image.layer.v1.tar+zstd'), 'zstd');
    assert.equal(layerCompression('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'), 'gzip');
    assert.equal(layerCompression('application/vnd.oci.image.layer.nondistributable.v1.tar'), 'none');
    assert.equal(layerCompression('application/vnd.oci.image.layer.v1.tar+gzip; x'), undefined);
    assert.equal(layerCompression('text/plain'), undefined);
  });
});

describe('image configs are data', () => {
  test('fields of the wrong type are refused by name', () => {
    assert.throws(() => readContainerDefaults({ Env: [1] }), /Env is not a list of strings/);
    assert.throws(() => readContainerDefaults({ User: {} }), /User is not a string/);
    assert.throws(() => readContainerDefaults({ WorkingDir: 'a\0b' }), /NUL/);
    assert.throws(() => readContainerDefaults({ Labels: { a: 1 } }), /Labels has a value/);
  });

  test('unknown fields, prototypes included, do not come through', () => {
    const read = readContainerDefaults(JSON.parse('{"__proto__": {"User": "root"}, "Strange": 1, "Cmd": "sh"}'));
    assert.deepEqual(read, { Cmd: ['sh'] });
  });
});

describe('platforms', () => {
  test('are read in all their spellings', () => {
    for (const [text, expected] of [
      ['linux/x86_64', 'linux/amd64'],
      ['linux/aarch64', 'linux/arm64'],
      ['linux/arm64/v8', 'linux/arm64'],
      ['linux/arm', 'linux/arm/v7'],
      ['arm64', 'linux/arm64'],
      ['linux/armhf', 'linux/arm/v7'],
    ] as const)
      assert.equal(formatPlatform(parsePlatform(text)), expected);
    assert.throws(() => parsePlatform('a/b/c/d'), /not a platform/);
  });

  test('older variants serve newer machines, not the other way', () => {
    const offers = ['linux/arm/v6', 'linux/arm/v5', 'linux/amd64'].map(parsePlatform);
    const chosen = selectPlatform(parsePlatform('linux/arm/v7'), offers, (offer) => offer);
    assert.equal(chosen && formatPlatform(chosen), 'linux/arm/v6');
    assert.equal(platformScore(parsePlatform('linux/arm/v6'), parsePlatform('linux/arm/v7')), 0);
  });
});
