// What the manifest offers beside commands: keys, settings and the walkthrough, as a person meets them.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { Client } from '../../runtime/protocol/client.ts';
import { importBusybox, until } from '../support/slipway.ts';
import { Session, whyNotHere } from './support/session.ts';
import { storiesOf } from './support/story.ts';
import type { View, Workbench } from './support/workbench.ts';

let session: Session;
let bench: Workbench;
let engine: Client;

const story = storiesOf(() => session);

const view = (title: string): Promise<View> => bench.view(title);

/** Selects the row and presses the key. */
async function press(title: string, row: string | RegExp, key: string): Promise<void> {
  await (await view(title)).row(row).locator('.monaco-icon-label').first().click();
  await bench.page.keyboard.press(key);
}

/** Nothing here is the default, so that each shows. */
const settings = {
  'slipway.containers.groupBy': 'label',
  'slipway.containers.groupLabel': 'team',
  'slipway.containers.sortBy': 'name',
  'slipway.containers.label': 'image',
  'slipway.containers.description': ['command', 'networks'],
  'slipway.containers.hideStopped': true,
  'slipway.containers.onlyThisWorkspace': false,
  'slipway.images.sortBy': 'size',
  'slipway.images.description': ['id'],
  'slipway.shells': ['no-such-shell', 'ash'],
  'slipway.logs.tail': '1',
  'slipway.logs.since': '1h',
  'slipway.run.removeOnExit': true,
  'slipway.confirmRemove': false,
};

describe('the manifest', { skip: whyNotHere() ?? false, timeout: 300_000 }, () => {
  before(async () => {
    session = await Session.start('172.29.85.1/24', undefined, settings);
    bench = session.workbench;
    await bench.openSidebar('Slipway');
    await (await view('Containers')).welcome('No containers yet').waitFor();
    engine = await session.client();
    await importBusybox(engine, session.directory);
    for (const name of ['barge', 'cutter']) {
      const { Id } = await engine.call('container.create', {
        Name: name,
        Config: {
          Image: 'busybox',
          Cmd: ['sh', '-c', 'echo first; echo last; while :; do sleep 1000; done'],
          Labels: { team: 'dock' },
        },
        HostConfig: { NetworkMode: 'none' },
      });
      if (name === 'barge') await engine.call('container.start', { Container: Id });
    }
  });
  after(async () => await session?.[Symbol.asyncDispose]());

  story('settings choose what rows show', async () => {
    const containers = await view('Containers');
    await containers.row(/dock.*1 of 1 running/).waitFor();
    await containers.row(/busybox.*echo first/).waitFor();
    assert.equal(await containers.pane.getByRole('treeitem').count(), 2);
    await (await view('Images')).row(/busybox:latest.*[0-9a-f]{12}/).waitFor();
    await containers.contextMenu(/echo first/, 'View Logs');
    const log = bench.page.locator('.part.panel .view-lines').filter({ hasText: 'last' });
    await log.waitFor();
    assert.doesNotMatch((await log.textContent()) ?? '', /first/);
    await (await view('Images')).contextMenu('busybox:latest', 'Run Interactive');
    await bench.terminal('/ #').waitFor();
    await bench.typeInTerminal('exit');
    // Its row goes and its panel closes: rows move up, and the one below the pointer is another then.
    await bench.page.locator('.terminal-wrapper').waitFor({ state: 'detached' });
    await containers.pane.getByRole('treeitem').nth(2).waitFor({ state: 'detached' });
  });

  story('keys work on the row in focus', async () => {
    await press('Containers', /echo first/, 'Control+Enter');
    await bench.terminal('#').waitFor();
    await bench.page.locator('.terminal-tabs-entry, .single-terminal-tab').filter({ hasText: 'ash' }).first().waitFor();
    await bench.runCommand('Terminal: Kill the Active Terminal Instance');
    await press('Containers', /echo first/, 'F2');
    await bench.answer('schooner');
    await until(engine, async () =>
      (await engine.call('container.list', {})).some(({ Names }) => Names[0] === '/schooner'),
    );
    await press('Containers', /echo first/, 'Control+Alt+F');
    await bench.answer('nothing-like-it');
    await (await view('Containers')).welcome('No container matches the filter').waitFor();
    await bench.runCommand('Slipway: Clear Filter');

    await engine.call('volume.create', { Name: 'ballast' });
    await engine.call('network.create', { Name: 'canal' });
    await engine.call('container.remove', { Container: 'cutter' });
    // With `confirmRemove` off nothing asks.
    await press('Volumes', 'ballast', 'Delete');
    await (await view('Volumes')).row('ballast').waitFor({ state: 'detached' });
    await press('Networks', 'canal', 'Delete');
    await (await view('Networks')).row('canal').waitFor({ state: 'detached' });
    await press('Containers', /echo first/, 'Delete');
    await (await view('Containers')).welcome('No containers yet').waitFor();
    await press('Images', 'busybox:latest', 'Delete');
    await (await view('Images')).welcome('No images yet').waitFor();
    assert.deepEqual(await engine.call('image.list', {}), []);
  });

  story('the walkthrough has its steps, and its button runs a container', async () => {
    await bench.runCommand('Welcome: Open Walkthrough...');
    await bench.pick('Get started with Slipway');
    const steps = bench.page.locator('.getting-started-step');
    for (const title of [
      'Start the engine',
      'Check this machine',
      'Run a first container',
      'Describe your application',
      'Build an image',
      'Run it and look inside',
    ])
      await steps.filter({ hasText: title }).first().waitFor();
    await steps.filter({ hasText: 'Run a first container' }).first().click();
    await bench.page
      .locator('.gettingStartedContainer')
      .getByRole('button', { name: 'Run slipway/hello' })
      .first()
      .click();
    // What nobody typed into stays to be read.
    await bench.terminal(/Try next:.*ended with code 0/s).waitFor();
    await bench.page.locator('.terminal-wrapper.active .xterm-screen').click();
    await bench.page.keyboard.press('Space');
    await bench.page.locator('.terminal-wrapper').waitFor({ state: 'detached' });
  });
});
