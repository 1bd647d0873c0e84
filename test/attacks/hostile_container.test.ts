// A running container that has been taken over waits for the host's next `exec` or terminal.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ociConfig } from '../support/oci_bundle.ts';
import { OciRuntime, slipwayOci } from '../support/oci_runtime.ts';

describe('containers that turned hostile', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  let runtime: OciRuntime;
  let host = '';
  before(() => {
    runtime = new OciRuntime();
    host = mkdtempSync(join(tmpdir(), 'slipway-host-'));
    writeFileSync(join(host, 'victim'), 'untouched');
  });
  after(() => {
    runtime[Symbol.dispose]();
    rmSync(host, { recursive: true, force: true });
  });

  function timed(args: string[]) {
    return spawnSync(slipwayOci, ['--root', join(runtime.directory, 'state'), ...args], {
      encoding: 'utf8',
      timeout: 20_000,
    });
  }

  // A console socket whose other end only accepts.
  async function consoleSocket(path: string) {
    const server = createServer((socket) => socket.resume());
    server.listen(path);
    await once(server, 'listening');
    return server;
  }

  // CVE-2025-52565: /dev/console is bound from /dev/pts/N, which the image or a racing process replaced; and without a mount
  // over /dev, /dev/console itself is the image's symlink (CVE-2026-88264). A naive runtime binds or makes a host file.
  test('a terminal for an image whose /dev/console and /dev/pts are traps', async () => {
    const config = ociConfig(['sh', '-c', 'echo x > /dev/console']);
    config.process.terminal = true;
    config.mounts = config.mounts.filter((mount) => mount.destination !== '/dev');
    const { id, bundle } = runtime.container(config);
    const rootfs = join(bundle, 'rootfs');
    symlinkSync(join(host, 'made'), join(rootfs, 'dev/console'));
    symlinkSync(join(host, 'victim'), join(rootfs, 'dev/ptmx'));
    mkdirSync(join(rootfs, 'dev/pts'));
    symlinkSync(join(host, 'victim'), join(rootfs, 'dev/pts/0'));
    const socket = join(host, 'console');
    const server = await consoleSocket(socket);
    const child = spawn(slipwayOci, [
      '--root',
      join(runtime.directory, 'state'),
      'run',
      '--detach',
      '--console-socket',
      socket,
      '--bundle',
      bundle,
      id,
    ]);
    await once(child, 'exit');
    server.close();
    runtime.command(['delete', '--force', id]);
    assert.equal(existsSync(join(host, 'made')), false, 'a file was made on the host');
    assert.equal(readFileSync(join(host, 'victim'), 'utf8'), 'untouched');
  });

  test('exec with a terminal after /dev/ptmx and /dev/pts were replaced does not hang or follow them', async () => {
    const id = runtime.start(ociConfig(['sleep', '1000']));
    runtime.exec(id, ['sh', '-c', 'rm -f /dev/ptmx; ln -s /dev/zero /dev/ptmx; mkfifo /dev/fifo']);
    const socket = join(host, 'console2');
    const server = await consoleSocket(socket);
    const child = spawn(
      slipwayOci,
      ['--root', join(runtime.directory, 'state'), 'exec', '--tty', '--detach', '--console-socket', socket, id, 'tty'],
      { timeout: 20_000 },
    );
    const [, signal] = await once(child, 'exit');
    server.close();
    assert.equal(signal, null, 'it hung');
  });

  test('the program is looked up in the container only', () => {
    const id = runtime.start(ociConfig(['sleep', '1000']));
    writeFileSync(join(host, 'only-on-host'), '#!/bin/sh\necho of the host\n', { mode: 0o755 });
    const result = spawnSync(slipwayOci, ['--root', join(runtime.directory, 'state'), 'exec', id, 'only-on-host'], {
      encoding: 'utf8',
      env: { PATH: `${host}:/usr/bin:/bin` },
    });
    assert.notEqual(result.status, 0);
    assert.equal(result.stdout, '');
  });

  test('exec into a container whose programs became links to the host, pipes and directories', () => {
    const id = runtime.start(ociConfig(['sleep', '1000']));
    const bin = join(runtime.directory, 'bundles', id, 'rootfs/bin');
    writeFileSync(join(host, 'tool'), '#!/bin/sh\necho of the host\n', { mode: 0o755 });
    symlinkSync(join(host, 'tool'), join(bin, 'absolute'));
    symlinkSync(`../../../../../../../../..${join(host, 'tool')}`, join(bin, 'relative'));
    spawnSync('mkfifo', [join(bin, 'pipe')]);
    mkdirSync(join(bin, 'directory'));
    for (const program of ['absolute', 'relative', 'pipe', 'directory']) {
      const result = timed(['exec', id, program]);
      assert.equal(result.signal, null, `${program}: it hung`);
      assert.notEqual(result.status, 0, program);
      assert.equal(result.stdout, '', program);
    }
  });

  // The runtime writes and mounts nothing into a container for exec; what it reads from /proc must be the kernel's.
  test('exec after the container put a tmpfs of its own over /proc', () => {
    const config = ociConfig([
      'sh',
      '-c',
      'mount -t tmpfs none /proc && mkdir -p /proc/self/fd /proc/self/attr && ln -s /etc/passwd /proc/self/exe; sleep 1000',
    ]);
    for (const set of Object.values(config.process.capabilities ?? {})) set.push('CAP_SYS_ADMIN');
    const id = runtime.start(config);
    const result = timed(['exec', id, 'sh', '-c', 'echo inside; ls /proc/self/ 2>&1 | head -3']);
    assert.equal(result.signal, null, 'it hung');
    assert.doesNotMatch(result.stdout, /victim/);
  });

  test('a process of the container cannot look into the runtime while it enters (CVE-2016-9962)', () => {
    const spy = `for try in $(seq 3000); do for p in /proc/[0-9]*; do
      [ $p = /proc/1 ] || [ $p/exe -ef /bin/busybox ] && continue
      ls $p/fd/ >/dev/null 2>&1 && ls -l $p/fd/ | grep -v -e pipe: -e /dev/null -e total >> /tmp/seen
      done; done; sleep 1000`;
    const id = runtime.start(ociConfig(['sh', '-c', spy]));
    for (let i = 0; i < 30; i += 1) runtime.exec(id, ['true']);
    const seen = join(runtime.directory, 'bundles', id, 'rootfs/tmp/seen');
    const lines = existsSync(seen)
      ? readFileSync(seen, 'utf8')
          .split('\n')
          .filter((line) => line.includes('-> /'))
      : [];
    assert.deepEqual(lines, [], 'descriptors of the runtime were visible inside');
  });
});
