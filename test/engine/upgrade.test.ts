// A newer client meets an older helper: that one ends, the client's own takes over, and containers notice nothing.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connectOrStart } from '../../runtime/protocol/launch.ts';
import { engineVersion } from '../../runtime/protocol/version.ts';
import { bundles } from '../support/bundles.ts';
import { collect, importBusybox } from '../support/slipway.ts';

describe('a helper of another version', {
  skip: process.getuid?.() === 0 ? false : 'the helper of a user needs its launcher',
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-upgrade-'));
  const execRoot = join(directory, 'exec');
  const paths = { dataRoot: join(directory, 'data'), execRoot, socket: join(execRoot, 's') };
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
  let helpers: Record<'older' | 'own' | 'newer', [string, ...string[]]>;
  before(async () => {
    const { helper } = await bundles();
    const text = readFileSync(helper, 'utf8');
    const copy = (version: string): [string, ...string[]] => {
      const path = join(dirname(helper), `slipwayd-${version}.cjs`);
      const changed = text.replace(`engineVersion = "${engineVersion}"`, `engineVersion = "${version}"`);
      assert.notEqual(changed, text);
      writeFileSync(path, changed);
      return [...node, path];
    };
    helpers = { older: copy('0.0.9'), own: [...node, helper], newer: copy('99.0.0') };
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('is replaced if it is older, by one helper for all who ask; containers and their logs go on', async () => {
    const old = await connectOrStart({ paths, command: helpers.older });
    assert.equal((await old.call('system.ping', {})).Version, '0.0.9');
    await importBusybox(old, directory);
    const { Id } = await old.call('container.create', {
      Config: { Image: 'busybox', Cmd: ['sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); usleep 10000; done'] },
      HostConfig: { NetworkMode: 'none' },
    });
    await old.call('container.start', { Container: Id });
    const before = (await old.call('container.inspect', { Container: Id })).State;
    const clients = await Promise.all([1, 2, 3].map(() => connectOrStart({ paths, command: helpers.own })));
    await old.closed;
    const pids = await Promise.all(clients.map(async (client) => (await client.call('system.info', {})).Pid));
    assert.equal(new Set(pids).size, 1);
    const [client] = clients;
    assert.ok(client !== undefined);
    assert.equal((await client.call('system.ping', {})).Version, engineVersion);
    const now = (await client.call('container.inspect', { Container: Id })).State;
    assert.deepEqual([now.Status, now.Pid, now.StartedAt], ['running', before.Pid, before.StartedAt]);
    const { socket } = await client.stream('container.logs', { Container: Id, Stdout: true });
    const numbers = (await collect(socket)).stdout.trim().split('\n').map(Number);
    assert.equal(
      numbers.findIndex((number, index) => number !== index),
      -1,
    );
    await client.call('container.remove', { Container: Id, Force: true });
    await client.call('system.shutdown', {});
    await Promise.all(clients.map(({ closed }) => closed));
  });

  it('is let alone if it is newer', async () => {
    const newer = await connectOrStart({ paths, command: helpers.newer });
    const client = await connectOrStart({ paths, command: helpers.own });
    assert.equal((await client.call('system.ping', {})).Version, '99.0.0');
    await client.call('system.shutdown', {});
    await Promise.all([newer, client].map(({ closed }) => closed));
  });
});
