// CVE-2019-5736: a container reaches the runtime's own file through /proc/PID/exe and overwrites it, so that the next
// container's start runs the attacker's program as root on the host.
//
// How a naive runtime fails here: `exec` puts a process with the host's binary into the container. Made to execute
// /proc/self/exe (as a script's interpreter, or by name), that process is the host's binary, open to everyone in the
// container; the attacker opens it for reading, waits until it has ended, and opens /proc/self/fd/N for writing. Seen to
// happen with this very test when the runtime runs from its file directly.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ociConfig } from '../support/oci_bundle.ts';
import { OciRuntime, slipwayOci } from '../support/oci_runtime.ts';

const attacker = `
for try in $(seq 100000); do
  for process in /proc/[0-9]*; do
    [ $process/exe -ef /bin/busybox ] && continue
    (
      exec 3<$process/exe || exit 1
      echo caught > /tmp/caught
      for write in $(seq 300); do
        echo '#!/bin/sh' > /proc/self/fd/3 && { echo overwritten > /tmp/overwritten; exit 0; }
        usleep 10000
      done
    ) 2>/dev/null && exit
  done
done`;

describe('overwriting the runtime through /proc/self/exe', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  let directory = '';
  let runtime: OciRuntime;
  const digest = () =>
    createHash('sha256')
      .update(readFileSync(join(directory, 'runtime')))
      .digest('hex');

  before(() => {
    // A copy: should the attack succeed, only this test's runtime is lost.
    directory = mkdtempSync(join(tmpdir(), 'slipway-exe-'));
    copyFileSync(slipwayOci, join(directory, 'runtime'));
    chmodSync(join(directory, 'runtime'), 0o755);
    runtime = new OciRuntime(join(directory, 'runtime'));
  });
  after(() => {
    runtime[Symbol.dispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const [name, capabilities] of [
    ['with Docker’s capabilities', []],
    ['with CAP_SYS_PTRACE, which opens every process', ['CAP_SYS_PTRACE']],
  ] as const) {
    test(`a container cannot write to the runtime that executes in it, ${name}`, () => {
      const config = ociConfig(['sh', '-c', attacker]);
      for (const set of Object.values(config.process.capabilities ?? {})) set.push(...capabilities);
      const before = digest();
      const id = runtime.start(config);
      const rootfs = join(runtime.directory, 'bundles', id, 'rootfs');
      writeFileSync(join(rootfs, 'script'), '#!/proc/self/exe\n', { mode: 0o755 });
      // Long enough for the attacker to see one of them.
      for (let i = 0; i < 40; i += 1) {
        runtime.exec(id, ['/proc/self/exe', '--version']);
        runtime.exec(id, ['/script']);
      }
      runtime.command(['delete', '--force', id]);
      assert.equal(digest(), before, 'the runtime’s file was changed from inside the container');
    });
  }

  test('running /proc/self/exe as the first process gives nothing to write to', () => {
    const config = ociConfig(['/proc/self/exe', '--version']);
    const before = digest();
    runtime.run(config);
    assert.equal(digest(), before);
  });
});
