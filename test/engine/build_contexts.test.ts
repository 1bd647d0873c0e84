// Named build contexts that are images: of an OCI layout that skopeo wrote, and of the store.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestEngine } from '../support/slipway.ts';

const skip = existsSync('/usr/bin/skopeo') ? false : 'there is no skopeo: apt-get install skopeo';

describe('--build-context with images', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-contexts-'));
  const layout = join(directory, 'layout');
  const context = join(directory, 'context');
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
    mkdirSync(context);
    for (const name of ['first', 'second']) {
      const dockerfile = `FROM busybox\nRUN echo ${name} > /which\nENV WHICH=${name}\n`;
      const built = await engine.cli(['build', '-q', '-t', name, '-f', '-', context], { input: dockerfile });
      assert.equal(built.code, 0, built.stderr);
      await engine.cli(['save', '-o', join(directory, `${name}.tar`), name]);
      const source = `docker-archive:${join(directory, `${name}.tar`)}`;
      execFileSync('skopeo', ['--insecure-policy', 'copy', source, `oci:${layout}:${name}`]);
      if (name === 'first') await engine.cli(['rmi', name]);
    }
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  async function build(source: string, dockerfile = 'FROM base\nRUN cat /which; echo $WHICH\n') {
    writeFileSync(join(context, 'Dockerfile'), dockerfile);
    const args = ['build', '--no-cache', '--progress', 'plain', '--build-context', `base=${source}`, context];
    return await engine.cli(args);
  }

  it('takes the image of a tag, for FROM and for COPY --from', async () => {
    for (const name of ['first', 'second']) {
      const { code, stderr } = await build(`oci-layout://${layout}:${name}`);
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`${name}[^]*${name}`));
    }
    const dockerfile = 'FROM busybox\nCOPY --from=base /which /copied\nRUN cat /copied\n';
    assert.match((await build(`oci-layout://${layout}:first`, dockerfile)).stderr, /first/);
  });

  it('takes the image of a digest', async () => {
    const raw = execFileSync('skopeo', ['inspect', '--format', '{{.Digest}}', `oci:${layout}:second`]);
    assert.match((await build(`oci-layout://${layout}@${raw.toString().trim()}`)).stderr, /second/);
  });

  it('gives the image no name of the store', async () => {
    const { stdout } = await engine.cli(['images', '--format', '{{.Repository}}']);
    assert(!stdout.split('\n').includes('first'), stdout);
  });

  it('takes an image of the store for docker-image://', async () => {
    assert.match((await build('docker-image://second')).stderr, /second/);
  });

  it('says what is wrong with a layout', async () => {
    for (const [source, complaint] of [
      [`oci-layout://${layout}:third`, /the layout has no image third/],
      [`oci-layout://${context}`, /is not an OCI layout: it has no index\.json/],
      ['oci-layout://relative', /the layout's path must be absolute/],
    ] as const) {
      const { code, stderr } = await build(source);
      assert.equal(code, 1);
      assert.match(stderr, complaint);
    }
  });
});
