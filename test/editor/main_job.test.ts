// The main job, start to end, as a person does it: a web application in a folder becomes an image, a running container that is
// looked into, changed, committed, pushed, and cleaned away. Base image from a registry with TLS and tokens; packages from npm.
// Its pictures are the README's tour: SLIPWAY_TOUR=1 writes them to docs/tour.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FrameLocator } from 'playwright-core';
import type { Client } from '../../runtime/protocol/client.ts';
import { pushNodeImage } from '../support/node_image.ts';
import { must } from '../support/registry.ts';
import { startTokenRegistry, type TokenRegistry } from '../support/token_registry.ts';
import { Session, whyNotHere } from './support/session.ts';
import type { Workbench } from './support/workbench.ts';

const root = join(import.meta.dirname, '../..');
const slow = { timeout: 60_000 };

let session: Session;
let bench: Workbench;
let engine: Client;
let registry: TokenRegistry;
let base: string;

/** A step of the story: whatever fails comes with a picture and the extension's log, and what follows it is not tried. */
let broken = false;
function step(name: string, tell: () => Promise<void>): void {
  test(name, async (t) => {
    if (broken) throw new Error('a step before this one failed');
    try {
      await tell();
    } catch (error) {
      broken = true;
      t.diagnostic(await session.explain(name));
      throw error;
    }
  });
}

async function picture(name: string): Promise<void> {
  await bench.screenshot(name);
  if (process.env['SLIPWAY_TOUR'] === undefined) return;
  mkdirSync(join(root, 'docs/tour'), { recursive: true });
  await bench.page.screenshot({ path: join(root, 'docs/tour', `${name}.png`) });
}

/** Waits until the file holds what the pattern says. */
async function untilFile(path: string, pattern: RegExp): Promise<void> {
  for await (const _change of watch(path, { signal: AbortSignal.timeout(10_000) }))
    if (pattern.test(readFileSync(path, 'utf8'))) return;
}

function inspectHarbour() {
  return engine.call('container.inspect', { Container: 'harbour' });
}

/** Asks the application for pages until the charts show a dozen readings: the container works while it is looked at. */
async function drawCharts(page: FrameLocator): Promise<void> {
  const { NetworkSettings } = await inspectHarbour();
  const url = `http://127.0.0.1:${NetworkSettings.Ports['3000/tcp']?.[0]?.HostPort}/`;
  const line = page.locator('polyline').first();
  for (let points = 0; points < 12; points = (await line.getAttribute('points'))?.split(' ').length ?? 0)
    await (await fetch(url)).text();
}

describe('the main job', { skip: whyNotHere() ?? false, timeout: 600_000 }, () => {
  before(async () => {
    registry = await startTokenRegistry();
    base = await pushNodeImage(registry);
    session = await Session.start('172.29.79.1/24', (workspace) => {
      cpSync(join(root, 'test/sample'), workspace, { recursive: true });
      const dockerfile = readFileSync(join(workspace, 'Dockerfile'), 'utf8');
      writeFileSync(join(workspace, 'Dockerfile'), dockerfile.replaceAll('node:24-slim', base));
    });
    bench = session.workbench;
  });
  after(async () => {
    await session?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  step('the linter underlines a line, and its quick fix mends it', async () => {
    await bench.openFile('Dockerfile');
    await bench.editor('CMD node server.js').waitFor();
    await bench.page.locator('.squiggly-warning').first().waitFor();
    await picture('1-lint');
    await bench.page.keyboard.press('Control+End');
    await bench.page.keyboard.press('ArrowUp');
    await bench.page.keyboard.press('Control+.');
    await bench.page.locator('.action-widget').getByText('Use the JSON form').first().click();
    await bench.editor('CMD ["node", "server.js"]').waitFor();
    const saved = untilFile(join(session.workspace, 'Dockerfile'), /^CMD \["node", "server.js"\]$/m);
    await bench.page.keyboard.press('Control+S');
    await saved;
  });

  step('logging in to the registry', async () => {
    await bench.openSidebar('Slipway');
    await (await bench.view('Containers')).welcome('No containers yet').waitFor();
    engine = await session.client();
    await bench.runCommand('Slipway: Log In');
    await bench.answer(registry.host);
    await bench.answer(registry.user);
    await bench.answer(registry.password);
    await (await bench.view('Registries')).row(registry.host).waitFor();
  });

  step('the image is built by a right-click, with packages from npm', async () => {
    await bench.explorerMenu('Dockerfile', 'Build Image…');
    await bench.answer('harbour:1');
    await bench.terminal('Built ').waitFor(slow);
    await picture('2-build');
    const { RepoTags, Config } = await engine.call('image.inspect', { Image: 'harbour:1' });
    assert.deepEqual(RepoTags, ['harbour:1']);
    assert.deepEqual(Config.Cmd, ['node', 'server.js']);
  });

  step('the lines say what the next build will do', async () => {
    await bench.openFile('Dockerfile');
    await bench.editor(/cached/).waitFor();
    writeFileSync(
      join(session.workspace, 'public/index.html'),
      '<!doctype html><title>Harbour</title><h1>New quay</h1>',
    );
    await bench.editor(/not\scached.*index\.html\schanged/).waitFor(slow);
    await picture('3-hints');
  });

  step('it is built again and run with a port, a volume and a memory limit', async () => {
    await bench.runCommand('Slipway: Build Image…');
    await bench.answer('harbour:1');
    await bench.terminal(/CACHED[\s\S]*Built /).waitFor(slow);
    await bench.openSidebar('Slipway');
    await (await bench.view('Images')).contextMenu('harbour:1', 'Run with Options…');
    const form = bench.webview();
    await form.getByLabel('Name', { exact: true }).fill('harbour');
    // The form proposes what the image exposes, on a port that is free here.
    assert.equal(await form.getByLabel('Container port').first().inputValue(), '3000');
    assert.match(await form.getByLabel('Host port').first().inputValue(), /^\d{4}$/);
    await form.getByRole('button', { name: 'Add to Volumes' }).click();
    await form.getByLabel('Host path or volume').last().fill('log-book');
    await form.getByLabel('Path in the container').last().fill('/data');
    await form.getByLabel('Memory', { exact: false }).first().fill('256m');
    await form.getByLabel('Interactive, in a terminal').uncheck();
    await form.getByText(/slipway run.*harbour/).waitFor();
    await picture('4-run');
    await form.getByRole('button', { name: 'Run', exact: true }).click();
    await (await bench.view('Containers')).row(/harbour.*Up/).waitFor(slow);
    const { HostConfig, Mounts } = await inspectHarbour();
    assert.equal(HostConfig.Memory, 256 << 20);
    assert.ok(Mounts.some(({ Name, Destination }) => Name === 'log-book' && Destination === '/data'));
  });

  step('it answers in a browser and counts in its volume', async () => {
    const { NetworkSettings } = await inspectHarbour();
    const port = NetworkSettings.Ports['3000/tcp']?.[0]?.HostPort;
    const opened = bench.page.context().waitForEvent('page');
    await (await bench.view('Containers')).contextMenu('harbour', 'Open in Browser');
    const tab = await opened;
    await tab.getByRole('heading', { name: 'New quay' }).waitFor();
    await tab.close();
    const answer = await fetch(`http://127.0.0.1:${port}/visits`);
    assert.deepEqual(await answer.json(), { visits: 1, host: (await inspectHarbour()).Config.Hostname });
  });

  step('its log follows', async () => {
    await (await bench.view('Containers')).contextMenu('harbour', 'View Logs');
    await bench.page.locator('.part.panel .view-lines').filter({ hasText: 'GET /visits' }).waitFor();
    await picture('5-logs');
  });

  step('a shell in it, typed into', async () => {
    await (await bench.view('Containers')).contextMenu('harbour', 'Open Shell');
    await bench.terminal(/[$#]/).waitFor();
    await bench.page.keyboard.type('id -u; cat /data/visits; echo manifest > /tmp/cargo\n');
    await bench.terminal(/1000\s*1/).waitFor();
    await picture('6-shell');
  });

  step('its anatomy, live while it works', async () => {
    await bench.page.keyboard.press('Control+J');
    await (await bench.view('Containers')).contextMenu('harbour', 'Show Anatomy');
    const page = bench.webview();
    await page.getByRole('heading', { name: 'harbour' }).waitFor();
    await page.getByText('/tmp/cargo').waitFor();
    await page.getByText('node server.js').first().waitFor();
    await page.getByText(/Memory: .* limit 256 MiB/).waitFor();
    await drawCharts(page);
    await picture('7-anatomy');
    await bench.closeEditors();
  });

  step('the helper dies and the window is loaded anew: nothing is lost', async () => {
    const before = session.helperPid;
    process.kill(before, 'SIGKILL');
    const view = await bench.view('Containers');
    await view.pane.getByText('The engine ended').waitFor({ state: 'hidden' });
    await bench.page.reload();
    await bench.page.locator('.activitybar').waitFor();
    // The window comes back with the same view open.
    await (await bench.view('Containers')).row(/harbour.*Up/).waitFor(slow);
    engine = await session.client();
    assert.notEqual(session.helperPid, before);
    const { State } = await inspectHarbour();
    assert.equal(State.Status, 'running');
    // The shell comes back too; its panel would close a menu that is open at that moment.
    await bench.terminal('Attached again.').waitFor(slow);
  });

  step('a file in it is changed in the editor, and the difference shows', async () => {
    const view = await bench.view('Containers');
    await view.contextMenu('harbour', 'Changed Files');
    await bench.quickPick('/tmp/cargo').waitFor();
    await bench.pick('/tmp/cargo');
    await bench.editor('manifest').waitFor();
    await picture('8-changes');
    const changes = await engine.call('container.changes', { Container: 'harbour' });
    assert.ok(changes.some(({ Path, Kind }) => Path === '/tmp/cargo' && Kind === 1));
    await bench.closeEditors();
  });

  step('it is committed, tagged for the registry and pushed', async () => {
    await (await bench.view('Containers')).contextMenu('harbour', 'Commit to Image…');
    await bench.answer(`${registry.host}/captain/harbour:2`);
    await bench.answer('with cargo');
    const images = await bench.view('Images');
    await images.row('captain/harbour:2').waitFor();
    const pushed = Promise.withResolvers<void>();
    await using _push = await engine.subscribe({ Filters: { type: ['image'], event: ['push'] } }, () =>
      pushed.resolve(),
    );
    await images.contextMenu('captain/harbour:2', 'Push…');
    await pushed.promise;
    const { Id } = await engine.call('image.inspect', { Image: `${registry.host}/captain/harbour:2` });
    const seen = await must('skopeo', [
      ...['inspect', '--raw', '--tls-verify=false', '--creds', `${registry.user}:${registry.password}`],
      `docker://${registry.host}/captain/harbour:2`,
    ]);
    assert.equal(JSON.parse(seen).config.digest, Id);
  });

  step('it is stopped and removed, and what nobody uses is pruned', async () => {
    const view = await bench.view('Containers');
    await view.contextMenu('harbour', 'Stop');
    await view.row(/harbour.*Exited \(0\)/).waitFor(slow);
    await view.contextMenu('harbour', 'Remove');
    await bench.dialog('Remove');
    await view.row('harbour').waitFor({ state: 'detached' });
    await bench.runCommand('Slipway: Prune Everything Unused…');
    await picture('9-prune');
    await bench.dialog('Remove');
    await (await bench.view('Images')).row('harbour:').waitFor({ state: 'detached', ...slow });
    assert.deepEqual(await engine.call('container.list', { All: true }), []);
    assert.deepEqual(
      (await engine.call('image.list', {}))
        .flatMap(({ RepoTags }) => RepoTags)
        .filter((tag) => tag.includes('harbour')),
      [],
    );
  });
});
