// Images and containers that try to reach the host through the engine: by what their config says, by links that they swap
// while files are copied, by libraries that a copy would load, and through directories that are not shut.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { writeTar } from '../../runtime/image/tar_writer.ts';
import { EngineError } from '../../runtime/protocol/errors.ts';
import { TestEngine } from '../support/slipway.ts';

const up = '../'.repeat(20);

describe('the host is not reached', { timeout: 120_000 }, () => {
  let engine: TestEngine;
  let victim: string;
  before(async () => {
    victim = mkdtempSync(join(tmpdir(), 'slipway-victim-'));
    writeFileSync(join(victim, 'secret'), 'untouched', { mode: 0o640 });
    engine = await TestEngine.start();
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(victim, { recursive: true });
  });

  const assertUntouched = () => {
    assert.deepEqual(readdirSync(victim), ['secret']);
    assert.equal(readFileSync(join(victim, 'secret'), 'utf8'), 'untouched');
    assert.equal(statSync(join(victim, 'secret')).mode & 0o7777, 0o640);
  };
  const remove = (Container: string) =>
    engine.client.call('container.remove', { Container, Force: true, Volumes: true });

  for (const [path, why] of [
    [() => `/${up}${victim}`, 'by dots'],
    [() => `${up}${victim}`, 'relative'],
    [() => '/link', 'by a link in the image'],
    [() => '/link/..', 'by a link and dots'],
  ] as const)
    it(`by a volume whose place in the image leads there, ${why} (CVE-2022-23648)`, async () => {
      await engine.importBusybox('plain:1');
      const made = await engine.run(`ln -s ${victim} /link`, {
        Config: { Image: 'plain:1', Cmd: ['sh', '-c', `ln -s ${victim} /link`] },
      });
      await engine.client.call('container.commit', {
        Container: made.id,
        Reference: 'evil:1',
        Config: { Volumes: { [path()]: {} } },
      });
      // The engine may refuse such an image; it may not show what is on the host.
      const id = await engine
        .create({ Config: { Image: 'evil:1', Cmd: ['find', '/', '-xdev', '-name', 'secret'] } })
        .catch((error: unknown) => assert.ok(error instanceof EngineError && error.kind !== 'Internal', String(error)));
      if (typeof id === 'string') {
        const wait = engine.client.call('container.wait', { Container: id, Condition: 'next-exit' });
        await engine.client.call('container.start', { Container: id }).catch(() => {});
        if ((await engine.client.call('container.inspect', { Container: id })).State.StartedAt > '1') await wait;
        else wait.catch(() => {});
        assert.doesNotMatch((await engine.logs(id)).stdout, /secret/);
        for (const { Mountpoint } of (await engine.client.call('volume.list', {})).Volumes)
          assert.deepEqual(existsSync(join(Mountpoint, 'secret')), false);
        await remove(id);
      }
      await remove(made.id);
      assertUntouched();
    });

  it('by labels that other engines take for orders (CVE-2026-53488)', async () => {
    const order = `binary:///bin/sh?-c=touch+${victim}/planted`;
    const labels = {
      'containerd.io/restart.loguri': order,
      'containerd.io/restart.status': 'running',
      'io.kubernetes.cri-o.Annotations': order,
      'run.oci.hooks.prestart': `/usr/bin/touch ${victim}/planted`,
      'org.criu.config': `${victim}/secret`,
      'com.docker.volume.anonymous': victim,
    };
    const lines = Object.entries(labels).map(([name, value]) => `LABEL "${name}"="${value}"`);
    await engine.importBusybox('orders:1', lines);
    const id = await engine.start({
      Config: { Image: 'orders:1', Cmd: ['true'] },
      HostConfig: { LogConfig: { Type: 'json-file', Config: { labels: Object.keys(labels).join(',') } } },
    });
    const { Config } = await engine.client.call('container.inspect', { Container: id });
    assert.equal(Config.Labels?.['containerd.io/restart.loguri'], order);
    await remove(id);
    assertUntouched();
  });

  it('by a work directory or a user that leads out', async () => {
    const { stdout } = await engine.run('pwd; cat secret', {
      Config: { WorkingDir: `/${up}${victim}`, Cmd: ['sh', '-c', 'pwd; cat secret'] },
    });
    assert.equal(stdout, `${victim}\n`);
    await assert.rejects(
      engine.start({ Config: { User: `${up}${victim}/secret`, Cmd: ['true'] } }),
      (error) => error instanceof EngineError && error.kind !== 'Internal',
    );
    assertUntouched();
  });

  it('by a link that the container swaps while files are copied out and in (CVE-2018-15664)', async () => {
    // /swap is by turns a directory and a link to the victim's directory, as fast as the container can.
    const script = `mkdir -p /real; echo inside > /real/secret; while :; do
      rm -f /swap; mkdir /swap; echo inside > /swap/secret; rm -r /swap; ln -s ${victim} /swap; done`;
    const id = await engine.start({ Config: { Cmd: ['sh', '-c', script] } });
    const archive = await buffer(writeTar([], [{ name: 'planted', size: 1, content: [Buffer.from('x')] }], 0));
    let taken = 0;
    for (let round = 0; round < 150 || taken === 0; round += 1) {
      const out = await engine.client
        .stream('container.archiveGet', { Container: id, Path: '/swap/secret' })
        .catch(() => undefined);
      if (out !== undefined) {
        assert.doesNotMatch((await buffer(out.socket)).toString('latin1'), /untouched/);
        taken += 1;
      }
      const into = await engine.client
        .stream('container.archivePut', { Container: id, Path: '/swap' })
        .catch(() => undefined);
      into?.socket.resume();
      into?.socket.end(archive);
      await into?.outcome.catch(() => {});
    }
    assert.ok(taken > 0);
    await remove(id);
    assertUntouched();
  });

  it('by a link at a volume’s subpath that another container swaps', async () => {
    const there = (Target: string, Subpath?: string) => ({
      Mounts: [
        { Type: 'volume' as const, Source: 'shared', Target, ...(Subpath ? { VolumeOptions: { Subpath } } : {}) },
      ],
    });
    const swap = `mkdir /v/x; ln -s ${victim} /v/out; echo up; while :; do mv /v/x /v/y; ln -s ${victim} /v/x; rm /v/x; mv /v/y /v/x; done`;
    const swapper = await engine.create({ Config: { Cmd: ['sh', '-c', swap] }, HostConfig: there('/v') });
    await engine.client.call('container.start', { Container: swapper });
    const look = (subpath: string) =>
      engine.run('ls /m', { HostConfig: there('/m', subpath) }).then(
        ({ stdout }) => assert.doesNotMatch(stdout, /secret/),
        (error: unknown) => assert.match(String(error), /no such file|not a directory/i),
      );
    for (let i = 0; i < 15; i++) await look('x');
    await look('out');
    await remove(swapper);
    await engine.client.call('container.prune', {});
    assertUntouched();
  });

  it('by libraries in the container that a copy would load (CVE-2019-14271)', async () => {
    const id = await engine.start({ Config: { Cmd: ['sleep', '1000'] } });
    const libraries = ['libnss_files.so.2', 'libnss_compat.so.2', 'libc.so.6'];
    await engine.exec(id, [
      'sh',
      '-c',
      `echo 'passwd: files' > /etc/nsswitch.conf; echo 'u:x:7:7::/:/bin/sh' >> /etc/passwd; mkdir -p /lib64 /lib/x86_64-linux-gnu; for n in ${libraries.join(' ')}; do echo evil | tee /lib/$n /lib64/$n > /lib/x86_64-linux-gnu/$n; done`,
    ]);
    const archive = await buffer(writeTar([], [{ name: 'file', size: 1, content: [Buffer.from('x')] }], 0));
    const { socket, outcome } = await engine.client.stream('container.archivePut', {
      Container: id,
      Path: '/',
      CopyUIDGID: true,
    });
    socket.resume();
    socket.end(archive);
    await outcome;
    const out = await engine.client.stream('container.archiveGet', { Container: id, Path: '/file' });
    await buffer(out.socket);
    const maps = readFileSync(`/proc/${engine.helperPid}/maps`, 'utf8');
    assert.doesNotMatch(maps, new RegExp(`${id}|${engine.directory}.*(nss|libc)`));
    await remove(id);
  });
});

describe('state directories', { skip: process.getuid?.() === 0 ? false : 'becoming another user needs root' }, () => {
  it('are shut for everybody else, also those that were open when the engine came (CVE-2021-41091, CVE-2024-25621)', async () => {
    const engine = await TestEngine.start();
    await engine.endHelper('SIGTERM');
    chmodSync(engine.directory, 0o755);
    for (const open of [
      engine.dataRoot,
      engine.execRoot,
      join(engine.dataRoot, 'containers'),
      join(engine.dataRoot, 'volumes'),
    ])
      chmodSync(open, 0o777);
    await engine.startHelper();
    await using _engine = engine;
    // A program with the set-user-id bit, as CVE-2021-41091 has it, and a volume.
    const id = await engine.start({
      Config: { Cmd: ['sh', '-c', 'cp /bin/busybox /suid; chmod 4755 /suid; sleep 1000'] },
      HostConfig: { Binds: ['/volume'] },
    });
    const reached = spawnSync('find', [engine.dataRoot, engine.execRoot, '-mindepth', '1'], {
      uid: 65534,
      gid: 65534,
      encoding: 'utf8',
    });
    assert.equal(reached.stdout, '');
    for (const root of [engine.dataRoot, engine.execRoot]) assert.equal(statSync(root).mode & 0o077, 0, root);
    await engine.client.call('container.remove', { Container: id, Force: true, Volumes: true });
  });

  it('that belong to somebody else are refused', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'slipway-foreign-'));
    try {
      mkdirSync(join(directory, 'data'));
      execFileSync('chown', ['65534', join(directory, 'data')]);
      await assert.rejects(
        TestEngine.start({ bare: true, args: ['--data-root', join(directory, 'data')] }),
        /belongs to another user/,
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
