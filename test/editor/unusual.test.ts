// What is not as usual: very many containers, names with odd characters, an image without a name, a volume in use, and a
// workspace whose folder is gone.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { Client } from '../../runtime/protocol/client.ts';
import type { Params } from '../../runtime/protocol/methods.ts';
import { importBusybox, until } from '../support/slipway.ts';
import { Session, whyNotHere } from './support/session.ts';
import { storiesOf } from './support/story.ts';
import { clickToShown } from './support/timings.ts';
import type { View, Workbench } from './support/workbench.ts';

let session: Session;
let bench: Workbench;
let engine: Client;

const story = storiesOf(() => session);

const view = (title: string): Promise<View> => bench.view(title);

async function create(Name: string, options: Partial<Params<'container.create'>> = {}): Promise<string> {
  const { Id } = await engine.call('container.create', {
    ...options,
    Name,
    Config: { Image: 'busybox', Cmd: ['sleep', '1000'], ...options.Config },
    HostConfig: { NetworkMode: 'none', ...options.HostConfig },
  });
  return Id;
}

describe('unusual things', { skip: whyNotHere() ?? false, timeout: 400_000 }, () => {
  before(async () => {
    session = await Session.start('172.29.82.1/24');
    bench = session.workbench;
    await bench.openSidebar('Slipway');
    await (await view('Containers')).welcome('No containers yet').waitFor();
    engine = await session.client();
    await importBusybox(engine, session.directory);
    await (await view('Images')).row('busybox:latest').waitFor();
  });
  after(async () => await session?.[Symbol.asyncDispose]());

  story('names and texts with odd characters are shown as they are', async () => {
    const project = 'Größe <b>&amp; [x](y) 🚢 $(trash)';
    const odd = 'while :; do sleep 1000; done # <i>$(trash)</i>';
    await create('a_b.c-d', {
      Config: { Image: 'busybox', Cmd: ['sh', '-c', odd], Labels: { 'com.docker.compose.project': project } },
    });
    const containers = await view('Containers');
    await containers.row(project).waitFor();
    await containers.row('a_b.c-d').waitFor();
    await containers.contextMenu('a_b.c-d', 'Start');
    await containers.row(/a_b\.c-d.*Up/).waitFor();
    await containers.row('a_b.c-d').hover();
    await bench.page.locator('.monaco-hover').filter({ hasText: '<i>$(trash)</i>' }).waitFor();
    assert.equal(await bench.page.locator('.monaco-hover i').count(), 0);
    await containers.contextMenu('a_b.c-d', 'Show Anatomy');
    await bench
      .webview()
      .getByText(/<i>\$\(trash\)<\/i>/)
      .first()
      .waitFor();
    await bench.closeEditors();
    await engine.call('container.remove', { Container: 'a_b.c-d', Force: true });
  });

  story('an image without a name is run, named and removed by its id', async () => {
    const id = await create('mould');
    const { Id } = await engine.call('container.commit', { Container: id });
    await engine.call('container.remove', { Container: id });
    const short = Id.replace(/^sha256:/, '').slice(0, 12);
    const images = await view('Images');
    await images.row(short).waitFor();
    await images.contextMenu(short, 'Run');
    const run = async () => (await engine.call('container.list', {})).find(({ ImageID }) => ImageID === Id);
    await until(engine, async () => (await run()) !== undefined);
    await engine.call('container.remove', { Container: (await run())?.Id ?? '', Force: true });
    await images.contextMenu(short, 'Tag…');
    await bench.answer('named:1');
    await images.row('named:1').waitFor();
    await engine.call('image.tag', { Image: 'busybox', Reference: 'named:1' });
    await images.row(short).waitFor();
    await images.contextMenu(short, 'Remove');
    await bench.dialog('Remove');
    await images.row(short).waitFor({ state: 'detached' });
    await assert.rejects(engine.call('image.inspect', { Image: Id }));
  });

  story('a volume in use is not removed: its row and a message say why', async () => {
    await engine.call('volume.create', { Name: 'ballast' });
    const id = await create('keeper', { HostConfig: { NetworkMode: 'none', Binds: ['ballast:/data'] } });
    const volumes = await view('Volumes');
    await volumes.contextMenu('ballast', 'Remove');
    await bench.dialog('Remove');
    await bench.notification(/ballast.*in use/).waitFor();
    await volumes.row(/ballast.*in use/).waitFor();
    assert.equal((await engine.call('volume.inspect', { Volume: 'ballast' })).Name, 'ballast');
    await bench.clearNotifications();
    await engine.call('container.remove', { Container: id });
    await volumes.contextMenu('ballast', 'Remove');
    await bench.dialog('Remove');
    await volumes.row('ballast').waitFor({ state: 'detached' });
  });

  story('a thousand containers are shown', async (t) => {
    for (let number = 0; number < 1000; number += 20) {
      const some = Array.from({ length: 20 }, (_, index) => create(`pier-${String(number + index).padStart(4, '0')}`));
      await Promise.all(some);
    }
    const containers = await view('Containers');
    await bench.runCommand('Slipway: Sort By…');
    await bench.pick('name');
    await containers.row('pier-0000').waitFor();
    const warm = [];
    for (let round = 0; round < 5; round += 1) warm.push(await clickToShown(bench, 'pier-0000'));
    warm.sort((a, b) => a - b);
    t.diagnostic(`1,000 containers from click to shown: ${warm[2]?.toFixed(0)} ms (median of 5)`);
    assert.equal((await engine.call('container.list', { All: true })).length, 1000);
    const last = 'zulu';
    await create(last);
    await bench.runCommand('Slipway: Filter…');
    await bench.answer(last);
    await containers.row(last).waitFor();
    await containers.contextMenu(last, 'Start');
    await containers.row(new RegExp(`${last}.*Up`)).waitFor();
    await bench.runCommand('Slipway: Clear Filter');
    await bench.runCommand('Slipway: Remove Stopped Containers…');
    await bench.dialog('Remove');
    await bench.notification('Removed 1000 containers').waitFor({ timeout: 40_000 });
    await containers.row(last).waitFor();
    await bench.clearNotifications();
  });

  story('files with odd names are opened and saved', async () => {
    const name = '100% #1 größer? [a] & b.txt';
    await engine.call('volume.create', { Name: 'chest' });
    const { Mountpoint } = await engine.call('volume.inspect', { Volume: 'chest' });
    writeFileSync(join(Mountpoint, name), 'here');
    await (await view('Volumes')).contextMenu('chest', 'Browse Files');
    const file = bench.page.locator('.explorer-folders-view .monaco-list-row').filter({ hasText: name });
    // The first folder beside the workspace's own makes the editor load its window anew.
    await file.first().waitFor({ timeout: 30_000 });
    await file.first().dblclick();
    await bench.editor('here').click();
    await bench.page.keyboard.press('Control+End');
    await bench.page.keyboard.type(' be dragons');
    await bench.page.keyboard.press('Control+S');
    await bench.fileAppears(join(Mountpoint, name), 'here be dragons');
    await bench.closeEditors();
    assert.equal(readFileSync(join(Mountpoint, name), 'utf8'), 'here be dragons');
  });

  story('a workspace whose folder was removed: the views work, a build says what is missing', async () => {
    rmSync(session.workspace, { recursive: true });
    await bench.openSidebar('Slipway');
    const containers = await view('Containers');
    await containers.contextMenu('zulu', 'Rename…');
    await bench.answer('last-pier');
    await containers.row('last-pier').waitFor();
    await bench.runCommand('Slipway: Build Image…');
    await bench.notification('There is no Dockerfile in this workspace').waitFor();
    await bench.clearNotifications();
    await bench.runCommand('Slipway: Add Dockerfile to Workspace…');
    await bench.pick('workspace');
    await bench.notification(/Cannot add a Dockerfile: .*workspace is not there/).waitFor();
  });
});
