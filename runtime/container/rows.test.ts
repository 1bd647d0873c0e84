import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { knownJson } from '../protocol/known_json.ts';
import { Container } from './container.ts';
import { type ContainerRecord, zeroTime } from './record.ts';
import { rowsOf } from './rows.ts';

function container(name: string): Container {
  return new Container({
    id: name.padEnd(64, '0'),
    name,
    created: '2026-01-02T03:04:05.000000006Z',
    imageId: 'sha256:0',
    imageSize: 1,
    platform: 'linux',
    config: { Image: 'busybox', Cmd: ['tür'] },
    hostConfig: {},
    mounts: [],
    endpoints: {},
    attachment: undefined,
    state: {
      status: 'created',
      pid: 0,
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: zeroTime,
      finishedAt: zeroTime,
      health: undefined,
    },
    restartCount: 0,
    stoppedByUser: false,
  });
}

function written(containers: readonly Container[]): unknown {
  const message = { jsonrpc: '2.0', id: 7, result: rowsOf(containers) };
  const text = Buffer.concat(knownJson(message) ?? []).toString();
  assert.equal(text, JSON.stringify(message));
  return JSON.parse(text);
}

describe('rows of a list', () => {
  it('are the same objects until something of the container changes, and so is what is written', () => {
    const [one, two] = [container('one'), container('two')];
    const [before, other] = rowsOf([one, two]);
    const now = new Date().toISOString();
    const changes: ((record: ContainerRecord) => void)[] = [
      (record) => (record.name = 'new'),
      (record) => (record.state.status = 'running'),
      (record) => (record.state.startedAt = now),
      (record) => (record.state.health = { status: 'starting', failingStreak: 0, log: [] }),
      ({ state: { health } }) => Object.assign(health ?? {}, { status: 'healthy' }),
      (record) => (record.hostConfig = { NetworkMode: 'quay' }),
      (record) => (record.endpoints = { quay: {} }),
      (record) =>
        (record.attachment = {
          endpoints: { quay: { IPAddress: '10.0.0.2' } },
          addresses: [],
          ports: {},
          resolvConf: '',
        }),
      (record) => (record.state = { ...record.state, status: 'exited', exitCode: 3, finishedAt: now }),
    ];
    assert.deepEqual(rowsOf([one, two]), [before, other]);
    let last = before;
    let lastText = written([one, two]);
    for (const [index, change] of changes.entries()) {
      change(one.record);
      const [row, same] = rowsOf([one, two]);
      assert.notEqual(row, last, `change ${index}`);
      assert.equal(same, other);
      assert.equal(rowsOf([one])[0], row);
      const text = written([one, two]);
      assert.notDeepEqual(text, lastText, `change ${index}`);
      [last, lastText] = [row, text];
    }
    assert.deepEqual(written([]), { jsonrpc: '2.0', id: 7, result: [] });
  });
});
