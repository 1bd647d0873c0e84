// One build for several platforms: an index in a registry, an archive, directories; judged by skopeo.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { TestEngine } from '../support/slipway.ts';

const dockerfile = `FROM --platform=$BUILDPLATFORM busybox AS tools
ARG TARGETPLATFORM TARGETARCH
RUN echo "$TARGETPLATFORM $TARGETARCH" > /made
FROM scratch
COPY --from=tools /made /made
`;
const platforms = 'linux/amd64,linux/arm64,linux/arm/v7';
const skip = existsSync('/usr/bin/skopeo') ? false : 'there is no skopeo: apt-get install skopeo';

describe('a build for several platforms', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-platforms-'));
  let registry: TestRegistry;
  let engine: TestEngine;
  before(async () => {
    registry = await startRegistry();
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    engine = await TestEngine.start({ args: ['--insecure-registry', '127.0.0.0/8'] });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const build = async (...flags: string[]): Promise<string> => {
    const args = ['build', '--network', 'none', '--progress', 'plain', '--platform', platforms, ...flags, folder];
    const { code, stdout, stderr } = await engine.cli(args);
    assert.equal(code, 0, stderr);
    return stdout + stderr;
  };
  interface Index {
    manifests: { platform: Record<string, string>; digest: string }[];
  }
  const raw = (place: string): Index =>
    JSON.parse(execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', place], { encoding: 'utf8' }));
  const wanted = [
    { architecture: 'amd64', os: 'linux' },
    { architecture: 'arm64', os: 'linux' },
    { architecture: 'arm', os: 'linux', variant: 'v7' },
  ];

  it('pushes an index with an image for each', async () => {
    const name = `${registry.host}/many:1`;
    const metadata = join(folder, 'metadata.json');
    await build('-t', name, '--push', '--metadata-file', metadata);
    const index = raw(`docker://${name}`);
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform),
      wanted,
    );
    const digest = execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`]);
    const { createHash } = await import('node:crypto');
    assert.equal(
      JSON.parse(readFileSync(metadata, 'utf8'))['containerimage.digest'],
      `sha256:${createHash('sha256').update(digest).digest('hex')}`,
    );
    for (const { architecture, os, variant } of wanted) {
      const variantFlag = variant === undefined ? [] : ['--override-variant', variant];
      const choice = ['--override-os', os, '--override-arch', architecture, ...variantFlag];
      const out = execFileSync('skopeo', [...choice, 'inspect', '--config', '--tls-verify=false', `docker://${name}`], {
        encoding: 'utf8',
      });
      assert.equal(JSON.parse(out).architecture, architecture);
    }
  });

  it('writes an OCI archive with an index', async () => {
    const dest = join(folder, 'many.tar');
    await build('-t', 'many:2', '--output', `type=oci,dest=${dest}`);
    const index = raw(`oci-archive:${dest}`);
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform),
      wanted,
    );
  });

  it('writes directories of their own, and a tar of such', async () => {
    await build('--output', `type=local,dest=${join(folder, 'out')}`);
    assert.equal(readFileSync(join(folder, 'out/linux_arm64/made'), 'utf8'), 'linux/arm64 arm64\n');
    assert.equal(readFileSync(join(folder, 'out/linux_arm_v7/made'), 'utf8'), 'linux/arm/v7 arm\n');
    await build('--output', `type=tar,dest=${join(folder, 'out.tar')}`);
    const listed = execFileSync('tar', ['-xOf', join(folder, 'out.tar'), 'linux_amd64/made'], { encoding: 'utf8' });
    assert.equal(listed, 'linux/amd64 amd64\n');
  });

  it('names the image of this machine, and says each step’s platform', async () => {
    const log = await build('-t', 'many:3', '--no-cache');
    assert.match(log, /\[linux\/arm64 tools 1\/1\] RUN/);
    assert.equal((await engine.client.call('image.inspect', { Image: 'many:3' })).Architecture, 'amd64');
  });

  it('refuses what one archive can not hold', async () => {
    const flags = ['--platform', platforms, '-o', `type=docker,dest=${join(folder, 'x.tar')}`];
    const { code, stderr } = await engine.cli(['build', ...flags, folder]);
    assert.equal(code, 1);
    assert.match(stderr, /output type=docker holds one platform: use type=oci/);
  });

  it('says what a RUN for another processor needs', async () => {
    writeFileSync(
      join(folder, 'foreign'),
      'FROM --platform=$BUILDPLATFORM busybox AS files\nFROM scratch\nCOPY --from=files / /\nRUN true\n',
    );
    const { code, stderr } = await engine.cli([
      ...['build', '--network', 'none', '--platform', 'linux/s390x', '-f', join(folder, 'foreign'), folder],
    ]);
    // The files are this machine's: they run, whatever the image says that it is for.
    assert.equal(code, 0, stderr);
    writeFileSync(join(folder, 'sh'), Buffer.from('7f454c4602020100000000000000000000020016', 'hex'), { mode: 0o755 });
    writeFileSync(join(folder, 'foreign'), 'FROM scratch\nCOPY sh /bin/sh\nRUN true\n');
    const failed = await engine.cli([
      ...['build', '--network', 'none', '--platform', 'linux/s390x', '-f', join(folder, 'foreign'), folder],
    ]);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /foreign:3:1/);
    assert.match(failed.stderr, /exec format error/);
    assert.match(failed.stderr, /linux\/s390x/);
  });
});
