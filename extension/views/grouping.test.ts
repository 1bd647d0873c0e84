import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerSummary } from '../../runtime/protocol/container_views.ts';
import { type ContainerChoice, groupContainers } from './grouping.ts';

function container(name: string, changes: Partial<ContainerSummary> = {}): ContainerSummary {
  return {
    Id: name.padEnd(64, '0'),
    Names: [`/${name}`],
    Image: 'busybox',
    ImageID: 'sha256:1',
    Command: 'sh',
    Created: 0,
    Ports: [],
    Labels: {},
    State: 'running',
    Status: 'Up',
    HostConfig: { NetworkMode: 'bridge' },
    NetworkSettings: { Networks: {} },
    Mounts: [],
    StartedAt: '',
    FinishedAt: '',
    ExitCode: 0,
    Health: 'none',
    ...changes,
  };
}

const everything: ContainerChoice = { groupBy: 'none', groupLabel: '', sortBy: 'name', filter: '', hideStopped: false };
const shown = (containers: ContainerSummary[], choice: Partial<ContainerChoice>): Record<string, string[]> =>
  Object.fromEntries(
    groupContainers(containers, { ...everything, ...choice }).map((group) => [
      group.label,
      group.containers.map(({ Names }) => String(Names[0])),
    ]),
  );

test('containers stand under their compose project, the others without a heading, last', () => {
  const labelled = { Labels: { 'com.docker.compose.project': 'shop' } };
  const containers = [container('solo'), container('web', labelled), container('db', labelled)];
  assert.deepEqual(shown(containers, { groupBy: 'project' }), { shop: ['/db', '/web'], '': ['/solo'] });
});

test('a container on two networks stands under both', () => {
  const networks = { NetworkSettings: { Networks: { front: {}, back: {} } } };
  assert.deepEqual(shown([container('web', networks)], { groupBy: 'network' }), { back: ['/web'], front: ['/web'] });
});

test('names sort by their numbers, ages newest first, states by how alive they are', () => {
  const containers = [
    container('a10', { Created: 1, State: 'exited' }),
    container('a9', { Created: 2, State: 'paused' }),
    container('b', { Created: 3, State: 'running' }),
  ];
  assert.deepEqual(shown(containers, { sortBy: 'name' }), { '': ['/a9', '/a10', '/b'] });
  assert.deepEqual(shown(containers, { sortBy: 'created' }), { '': ['/b', '/a9', '/a10'] });
  assert.deepEqual(shown(containers, { sortBy: 'state' }), { '': ['/b', '/a9', '/a10'] });
});

test('stopped ones, other folders and what the filter does not match are left out', () => {
  const inFolder = container('mine', {
    Mounts: [{ Type: 'bind', Source: '/home/me/app/src', Destination: '/src', Mode: '', RW: true, Propagation: '' }],
  });
  const beside = container('theirs', { Labels: { 'com.docker.compose.project.working_dir': '/home/me/app2' } });
  const stopped = container('old', { State: 'exited' });
  assert.deepEqual(shown([inFolder, beside, stopped], { onlyFolders: ['/home/me/app'] }), { '': ['/mine'] });
  assert.deepEqual(shown([inFolder, stopped], { hideStopped: true }), { '': ['/mine'] });
  assert.deepEqual(shown([inFolder, beside, stopped], { filter: 'thrs' }), { '': ['/theirs'] });
});
