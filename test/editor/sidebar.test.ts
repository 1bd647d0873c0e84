// The sidebar as a person uses it: real VS Code, the packaged extension, the real engine. Each test asserts what the screen
// shows and what the engine then holds.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { Client } from '../../runtime/protocol/client.ts';
import type { ContainerSummary } from '../../runtime/protocol/container_views.ts';
import { importBusybox, until } from '../support/slipway.ts';
import { Session, whyNotHere } from './support/session.ts';
import { storiesOf } from './support/story.ts';
import type { Workbench } from './support/workbench.ts';

/** Speaks, then waits until it is told to end. */
const service = ['sh', '-c', 'trap "exit 0" TERM; echo spoken by $HOSTNAME; while :; do sleep 1000 & wait; done'];

let session: Session;
let bench: Workbench;
let engine: Client;

async function containers(): Promise<ContainerSummary[]> {
  return await engine.call('container.list', { All: true });
}

async function stateOf(name: string): Promise<string | undefined> {
  return (await containers()).find(({ Names }) => Names[0] === `/${name}`)?.State;
}

/** Waits until the engine holds the container in this state (or not at all). */
async function untilState(name: string, state: string | undefined): Promise<void> {
  await until(engine, async () => (await stateOf(name)) === state);
}

async function runService(name: string): Promise<string> {
  const { Id } = await engine.call('container.create', {
    Name: name,
    Config: { Image: 'busybox', Cmd: service },
    HostConfig: { NetworkMode: 'none' },
  });
  await engine.call('container.start', { Container: Id });
  return Id;
}

const story = storiesOf(() => session);

describe('the sidebar', { skip: whyNotHere() ?? false, timeout: 240_000 }, () => {
  before(async () => {
    session = await Session.start('172.29.77.1/24');
    bench = session.workbench;
  });
  after(async () => await session?.[Symbol.asyncDispose]());

  story('showing the view starts the engine', async () => {
    await bench.openSidebar('Slipway');
    await (await bench.view('Containers')).welcome('No containers yet').waitFor();
    engine = await session.client();
    await importBusybox(engine, session.directory);
    await (await bench.view('Images')).row('busybox:latest').waitFor();
  });

  story('a container that somebody else started appears by itself', async () => {
    await runService('porter');
    const view = await bench.view('Containers');
    await view.row(/porter.*busybox.*Up/).waitFor();
    await bench.screenshot('sidebar-dark');
  });

  story('the context menu pauses, unpauses, stops and starts', async () => {
    const view = await bench.view('Containers');
    await view.contextMenu('porter', 'Pause');
    await view.row(/porter.*Paused/).waitFor();
    assert.equal(await stateOf('porter'), 'paused');
    await view.contextMenu('porter', 'Unpause');
    await untilState('porter', 'running');
    await view.contextMenu('porter', 'Stop');
    await view.row(/porter.*Exited/).waitFor();
    assert.equal(await stateOf('porter'), 'exited');
    await view.contextMenu('porter', 'Start');
    await view.row(/porter.*Up/).waitFor();
    assert.equal(await stateOf('porter'), 'running');
  });

  story('a container gets a new name', async () => {
    const view = await bench.view('Containers');
    await view.contextMenu('porter', 'Rename…');
    await bench.answer('harbour');
    await view.row('harbour').waitFor();
    assert.equal(await stateOf('harbour'), 'running');
  });

  story('a shell in a terminal', async () => {
    const view = await bench.view('Containers');
    await view.contextMenu('harbour', 'Open Shell');
    const terminal = bench.page.locator('.terminal-wrapper.active .xterm-rows');
    await terminal.filter({ hasText: '#' }).waitFor();
    await bench.page.keyboard.type('echo typed-$((40 + 2)) > /tmp/typed; cat /tmp/typed\n');
    await terminal.filter({ hasText: /typed-42/ }).waitFor();
    await bench.screenshot('terminal-dark');
    const changes = await engine.call('container.changes', { Container: 'harbour' });
    assert.ok(changes.some(({ Path }) => Path === '/tmp/typed'));
    await bench.page.keyboard.type('exit\n');
    await terminal.waitFor({ state: 'detached' });
  });

  story('the log in the output channel', async () => {
    await (await bench.view('Containers')).contextMenu('harbour', 'View Logs');
    await bench.page.locator('.part.panel .view-lines').filter({ hasText: 'spoken by' }).waitFor();
  });

  story('inspect and changed files open as documents', async () => {
    const view = await bench.view('Containers');
    await view.contextMenu('harbour', 'Inspect');
    await bench.editor('"Id"').waitFor();
    await view.contextMenu('harbour', 'Changed Files');
    await bench.quickPick('/tmp/typed').waitFor();
    await bench.page.keyboard.press('Escape');
  });

  story('the filter hides what does not match', async () => {
    await runService('lighthouse');
    const view = await bench.view('Containers');
    await view.row('lighthouse').waitFor();
    await bench.runCommand('Slipway: Filter…');
    await bench.answer('lighth');
    await view.row('harbour').waitFor({ state: 'detached' });
    await view.row('lighthouse').waitFor();
    await bench.runCommand('Slipway: Clear Filter');
    await view.row('harbour').waitFor();
  });

  story('removing asks once', async () => {
    const view = await bench.view('Containers');
    await view.contextMenu('lighthouse', 'Remove');
    await bench.dialog('Cancel');
    assert.equal(await stateOf('lighthouse'), 'running');
    await view.contextMenu('lighthouse', 'Remove');
    await bench.dialog('Remove');
    await view.row('lighthouse').waitFor({ state: 'detached' });
    assert.equal(await stateOf('lighthouse'), undefined);
  });

  story('the anatomy page', async () => {
    await (await bench.view('Containers')).contextMenu('harbour', 'Show Anatomy');
    const page = bench.webview();
    await page.getByRole('heading', { name: 'harbour' }).waitFor();
    for (const namespace of ['mnt', 'pid', 'net', 'uts', 'ipc'])
      await page.getByRole('cell', { name: namespace, exact: true }).first().waitFor();
    await page.locator('.charts svg, .charts canvas').first().waitFor();
    await page.getByText('/tmp/typed').waitFor();
    await bench.screenshot('anatomy-dark');
    await bench.closeEditors();
  });

  story('volumes and networks come and go', async () => {
    await bench.runCommand('Slipway: Create Volume…');
    await bench.answer('ballast');
    const volumes = await bench.view('Volumes');
    await volumes.row('ballast').waitFor();
    assert.equal((await engine.call('volume.inspect', { Volume: 'ballast' })).Name, 'ballast');
    await volumes.contextMenu('ballast', 'Remove');
    await bench.dialog('Remove');
    await volumes.row('ballast').waitFor({ state: 'detached' });

    await bench.runCommand('Slipway: Create Network…');
    await bench.answer('canal');
    await bench.pick('bridge');
    await bench.answer('172.29.78.0/24');
    await bench.pick('Yes');
    const networks = await bench.view('Networks');
    await networks.row(/canal.*172\.29\.78\.0/).waitFor();
    await networks.contextMenu('canal', 'Remove');
    await bench.dialog('Remove');
    await networks.row('canal').waitFor({ state: 'detached' });
    assert.ok(!(await engine.call('network.list', {})).some(({ Name }) => Name === 'canal'));
  });

  story('an image is tagged, and run with a port by the form', async () => {
    const images = await bench.view('Images');
    await images.contextMenu('busybox', 'Tag…');
    await bench.answer('pilot:1');
    await images.row('+1').waitFor();

    await images.contextMenu('busybox', 'Run with Options…');
    const form = bench.webview();
    await form.getByRole('heading', { name: /Run / }).waitFor();
    await form.getByLabel('Name', { exact: true }).fill('ferry');
    await form.getByLabel('Command', { exact: true }).fill('httpd -f -p 80');
    await form.getByRole('button', { name: 'Add to Ports' }).click();
    await form.getByLabel('Host port').fill('0');
    await form.getByLabel('Container port').fill('80');
    await form.getByLabel('Interactive, in a terminal').uncheck();
    await form.getByText(/slipway run.*ferry/).waitFor();
    await bench.screenshot('run-form-dark');
    await form.getByRole('button', { name: 'Run', exact: true }).click();
    await (await bench.view('Containers')).row(/ferry.*Up/).waitFor();
    const ferry = (await containers()).find(({ Names }) => Names[0] === '/ferry');
    assert.equal(ferry?.Ports[0]?.PrivatePort, 80);
    assert.ok((ferry?.Ports[0]?.PublicPort ?? 0) > 0);
  });

  story('a Dockerfile is added and built', async () => {
    writeFileSync(join(session.workspace, 'go.mod'), 'module example.com/quay\n\ngo 1.24\n');
    await bench.runCommand('Slipway: Add Dockerfile to Workspace…');
    await bench.editor('FROM').waitFor();
    assert.match(readFileSync(join(session.workspace, 'Dockerfile'), 'utf8'), /^FROM .*golang/m);
    assert.ok(existsSync(join(session.workspace, '.dockerignore')));
    await bench.closeEditors();

    writeFileSync(join(session.workspace, 'Dockerfile'), 'FROM busybox\nRUN echo built > /made\n');
    await bench.runCommand('Slipway: Build Image…');
    await bench.answer('quay:1');
    await bench.page.locator('.xterm-rows').filter({ hasText: 'Built ' }).waitFor();
    await (await bench.view('Images')).row('quay:1').waitFor();
    assert.equal((await engine.call('image.inspect', { Image: 'quay:1' })).RepoTags[0], 'quay:1');
  });

  story('an image is removed', async () => {
    const images = await bench.view('Images');
    await images.contextMenu('quay:1', 'Remove');
    await bench.dialog('Remove');
    await images.row('quay:1').waitFor({ state: 'detached' });
    assert.ok(!(await engine.call('image.list', {})).some(({ RepoTags }) => RepoTags.includes('quay:1')));
  });

  story('the views come back when the helper is killed', async () => {
    const before = session.helperPid;
    const view = await bench.view('Containers');
    process.kill(before, 'SIGKILL');
    await session.helperAfter(before);
    engine = await session.client();
    // Whether the view says so is a matter of luck: an editor that is quicker than its own redrawing shows nothing. That it
    // follows the new helper is seen by what only the new one knows.
    await runService('newcomer');
    await view.row(/newcomer.*Up/).waitFor();
    await view.pane.getByText('The engine ended').waitFor({ state: 'hidden' });
    await view.row(/harbour.*Up/).waitFor();
    assert.equal(await stateOf('harbour'), 'running');
    await view.contextMenu('harbour', 'Stop');
    await view.row(/harbour.*Exited/).waitFor();
  });
});
