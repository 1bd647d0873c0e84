// CVE-2024-21626: a descriptor of the runtime that is open on a host directory, and a working directory (or program path)
// that goes through /proc/self/fd to it.
//
// How a naive runtime fails here: it does chdir(process.cwd) after entering the container while such a descriptor is
// still open, so /proc/self/fd/7 leads to the host; and what it inherited or opened without close-on-exec is open in the
// container's program.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ociConfig } from '../support/oci_bundle.ts';
import { OciRuntime, slipwayOci } from '../support/oci_runtime.ts';

describe('leaked descriptors', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  let runtime: OciRuntime;
  let host = '';
  before(() => {
    runtime = new OciRuntime();
    host = mkdtempSync(join(tmpdir(), 'slipway-host-'));
    writeFileSync(join(host, 'marker'), 'of the host');
  });
  after(() => {
    runtime[Symbol.dispose]();
    rmSync(host, { recursive: true, force: true });
  });

  // Runs the runtime with descriptor 7 open on a host directory, and not close-on-exec.
  function withHostDescriptor(args: string[]) {
    const fd = openSync(host, 'r');
    try {
      const stdio = ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', 'ignore', 'ignore', fd] as const;
      return spawnSync(slipwayOci, ['--root', join(runtime.directory, 'state'), ...args], {
        encoding: 'utf8',
        stdio: [...stdio],
      });
    } finally {
      closeSync(fd);
    }
  }

  const wayOut = 'cat marker 2>/dev/null; cat ../*/marker 2>/dev/null; ls -d ../../../../boot 2>/dev/null; pwd';

  test('a working directory below /proc/self/fd never leads to the host', () => {
    for (let fd = 3; fd < 24; fd += 1) {
      const config = ociConfig(['sh', '-c', wayOut], runtime.busyboxRoot);
      config.process.cwd = `/proc/self/fd/${fd}`;
      const { id, bundle } = runtime.container(config);
      const result = withHostDescriptor(['run', '--bundle', bundle, id]);
      assert.doesNotMatch(result.stdout, /of the host|boot/, `descriptor ${fd} led out`);
    }
  });

  test('nor does one through a symlink in the image', () => {
    const config = ociConfig(['sh', '-c', wayOut]);
    config.process.cwd = '/work';
    const { id, bundle } = runtime.container(config);
    symlinkSync('/proc/self/fd/7', join(bundle, 'rootfs/work'));
    const result = withHostDescriptor(['run', '--bundle', bundle, id]);
    assert.doesNotMatch(result.stdout, /of the host|boot/);
    assert.notEqual(result.status, 0);
  });

  test('nor the working directory of an exec', () => {
    const id = runtime.start(ociConfig(['sleep', '1000'], runtime.busyboxRoot));
    for (let fd = 3; fd < 16; fd += 1) {
      const result = withHostDescriptor(['exec', '--cwd', `/proc/self/fd/${fd}`, id, 'sh', '-c', wayOut]);
      assert.doesNotMatch(result.stdout, /of the host|boot/, `descriptor ${fd} led out`);
      assert.notEqual(result.status, 0);
    }
  });

  test('nor a program named through /proc/self/fd', () => {
    const tool = join(host, 'tool');
    mkdirSync(join(host, 'bin'), { recursive: true });
    writeFileSync(tool, '#!/bin/sh\necho of the host\n', { mode: 0o755 });
    const config = ociConfig(['/proc/self/fd/7/tool'], runtime.busyboxRoot);
    const { id, bundle } = runtime.container(config);
    const result = withHostDescriptor(['run', '--bundle', bundle, id]);
    assert.doesNotMatch(result.stdout, /of the host/);
    assert.notEqual(result.status, 0);
  });

  test('the program has the descriptors 0, 1 and 2 only', () => {
    const list = ['sh', '-c', 'ls /proc/$$/fd; true'];
    const { id, bundle } = runtime.container(ociConfig(list, runtime.busyboxRoot));
    const result = withHostDescriptor(['run', '--bundle', bundle, id]);
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(result.stdout.trim().split('\n'), ['0', '1', '2']);

    const other = runtime.start(ociConfig(['sleep', '1000'], runtime.busyboxRoot));
    const inside = withHostDescriptor(['exec', other, ...list]);
    assert.deepEqual(inside.stdout.trim().split('\n'), ['0', '1', '2'], inside.stderr);
  });
});
