// SIGHUP: the configuration file is read again while containers run, as dockerd does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EngineEvent } from '../../runtime/protocol/event.ts';
import { TestEngine } from '../support/slipway.ts';

describe('SIGHUP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-reload-'));
  const file = join(folder, 'daemon.json');
  let engine: TestEngine;
  before(async () => {
    writeFileSync(file, '{"labels": ["a=1"], "insecure-registries": ["one.test"], "mtu": 1400}');
    engine = await TestEngine.start({ args: ['--config-file', file] });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const info = () => engine.client.call('system.info', {});

  it('takes over what may change, tells of it, and leaves containers alone', async () => {
    const id = await engine.start({ Config: { Cmd: ['sleep', '60'] } });
    const told = Promise.withResolvers<EngineEvent>();
    await using _events = await engine.client.subscribe({}, (batch) => {
      for (const event of batch) if (event.Type === 'daemon') told.resolve(event);
    });
    writeFileSync(
      file,
      '{"labels": ["a=2", "b=3"], "insecure-registries": ["two.test"], "registry-mirrors": ["https://mirror.test"], "mtu": 1300}',
    );
    process.kill(engine.helperPid, 'SIGHUP');
    const event = await told.promise;
    assert.equal(event.Action, 'reload');
    assert.equal(event.Actor.Attributes['labels'], '["a=2","b=3"]');
    const { Labels, RegistryConfig } = await info();
    assert.deepEqual(Labels, ['a=2', 'b=3']);
    assert.ok(RegistryConfig.IndexConfigs['two.test']?.Secure === false);
    assert.equal(RegistryConfig.IndexConfigs['one.test'], undefined);
    assert.deepEqual(RegistryConfig.Mirrors, ['https://mirror.test']);
    assert.equal((await engine.client.call('container.inspect', { Container: id })).State.Status, 'running');
  });

  it('keeps what was there when the file can not be used, and says why', async () => {
    writeFileSync(file, '{"labels": 7}');
    const changes = watch(join(engine.directory, 'log'));
    process.kill(engine.helperPid, 'SIGHUP');
    while (!engine.log.includes('cannot reload')) await once(changes, 'change');
    changes.close();
    assert.match(engine.log, /daemon\.json: the configuration's .*labels/);
    assert.deepEqual((await info()).Labels, ['a=2', 'b=3']);
  });
});
