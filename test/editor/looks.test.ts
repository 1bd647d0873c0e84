// How it looks: in a workspace that is not trusted, in light and dark, in German. Pictures of each view, the anatomy page, the run
// form and a terminal are left in test/editor/output.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { Client } from '../../runtime/protocol/client.ts';
import { importBusybox, until } from '../support/slipway.ts';
import { Session, whyNotHere } from './support/session.ts';
import { storiesOf } from './support/story.ts';
import type { Workbench } from './support/workbench.ts';

let session: Session;
let bench: Workbench;
let engine: Client;

const story = storiesOf(() => session);

const count = async (): Promise<number> => (await engine.call('container.list', { All: true })).length;

describe('the looks', { skip: whyNotHere() ?? false, timeout: 400_000 }, () => {
  before(async () => {
    const untrusted = {
      'security.workspace.trust.enabled': true,
      'security.workspace.trust.startupPrompt': 'never',
      'security.workspace.trust.banner': 'never',
    };
    session = await Session.start(
      '172.29.83.1/24',
      (workspace) => writeFileSync(join(workspace, 'Dockerfile'), 'FROM busybox\nCMD ["true"]\n'),
      untrusted,
    );
    bench = session.workbench;
  });
  after(async () => await session?.[Symbol.asyncDispose]());

  story('in a workspace that is not trusted the views work', async () => {
    await bench.page.getByText('Restricted Mode').first().waitFor();
    await bench.openSidebar('Slipway');
    await (await bench.view('Containers')).welcome('No containers yet').waitFor();
    engine = await session.client();
    await importBusybox(engine, session.directory);
    await engine.call('volume.create', { Name: 'ballast' });
    const { Id } = await engine.call('container.create', {
      Name: 'harbour',
      Config: { Image: 'busybox', Cmd: ['sh', '-c', 'echo freight > /tmp/cargo; while :; do sleep 1000; done'] },
      HostConfig: { NetworkMode: 'none', Binds: ['ballast:/data'], Memory: 64 << 20 },
    });
    await engine.call('container.start', { Container: Id });
    const containers = await bench.view('Containers');
    await containers.row(/harbour.*Up/).waitFor();
    await containers.contextMenu('harbour', 'Pause');
    await containers.row(/harbour.*Paused/).waitFor();
    await containers.contextMenu('harbour', 'Unpause');
    await containers.row(/harbour.*Up(?!.*Paused)/).waitFor();
  });

  story('and there a run and a build ask', async () => {
    const images = await bench.view('Images');
    for (const [answer, there] of [
      ['Cancel', 1],
      ['Go On', 2],
    ] as const) {
      await images.contextMenu('busybox:latest', 'Run');
      await bench.page.locator('.monaco-dialog-box').getByText('This workspace is not trusted').waitFor();
      await bench.dialog(answer);
      await until(engine, async () => (await count()) === there);
    }
    for (const answer of ['Cancel', 'Trust Folder & Continue']) {
      await bench.runCommand('Slipway: Build Image…');
      await bench.answerAsked('Name and tag of the image', 'quay:1');
      // The editor itself asks before it runs a task.
      await bench.page.locator('.monaco-dialog-box').getByText('Do you trust the authors').waitFor();
      await bench.dialog(answer);
      if (answer === 'Cancel') assert.equal((await engine.call('image.list', {})).length, 1);
    }
    await images.row('quay:1').waitFor();
  });

  for (const [look, kind] of [
    ['dark', 'vs-dark'],
    ['light', 'vs'],
  ] as const) {
    story(`pictures in ${look}`, async () => {
      const workbench = bench.page.locator(`.monaco-workbench.${kind}`);
      if (!(await workbench.isVisible())) await bench.runCommand('Preferences: Toggle between Light/Dark Themes');
      await workbench.waitFor();
      for (const title of ['Containers', 'Images', 'Volumes', 'Networks', 'Registries'])
        await bench.screenshot(`view-${title.toLowerCase()}-${look}`, (await bench.view(title)).pane);
      const containers = await bench.view('Containers');
      await containers.contextMenu('harbour', 'Show Anatomy');
      await bench.webview().getByRole('button', { name: '/tmp/cargo' }).waitFor();
      await bench.screenshot(`anatomy-${look}`);
      await bench.closeEditors();
      await (await bench.view('Images')).contextMenu('busybox:latest', 'Run with Options…');
      await bench
        .webview()
        .getByText(/slipway run/)
        .waitFor();
      await bench.screenshot(`run-form-${look}`);
      await bench.closeEditors();
      await containers.contextMenu('harbour', 'Open Shell');
      await bench.terminal('#').waitFor();
      await bench.typeInTerminal('cat /tmp/cargo; ls --color /');
      await bench.terminal('freight').waitFor();
      await bench.screenshot(`terminal-${look}`);
      await bench.runCommand('Terminal: Kill the Active Terminal Instance');
    });
  }

  story('in German', async () => {
    const german = await bench.another('de');
    try {
      await german.openSidebar('Slipway');
      const containers = await german.view('Container');
      await containers.contextMenu('harbour', 'Anatomie zeigen');
      const page = german.webview();
      await page.getByRole('heading', { name: 'Ressourcen' }).waitFor();
      await page.getByRole('button', { name: '/tmp/cargo' }).waitFor();
      await german.screenshot('anatomy-german');
      await german.closeEditors();
      await (await german.view('Images')).contextMenu('busybox:latest', 'Mit Optionen starten…');
      const form = german.webview();
      await form.getByLabel('Name', { exact: true }).fill('hafen');
      await form.getByRole('button', { name: 'Volumes: Eintrag hinzufügen' }).click();
      await form.getByLabel('Pfad auf dem Host oder Volume').fill('ballast');
      await form.getByLabel('Pfad im Container').fill('/data');
      await form.getByLabel('Zugriff').selectOption('nur lesen');
      await form.getByLabel('Interaktiv, in einem Terminal').uncheck();
      await form.getByText(/slipway run.*ballast:\/data:ro/).waitFor();
      await german.screenshot('run-form-german');
      await form.getByRole('button', { name: 'Starten', exact: true }).click();
      await until(engine, async () => (await count()) === 3);
      const [mount] = (await engine.call('container.inspect', { Container: 'hafen' })).Mounts;
      assert.deepEqual([mount?.Name, mount?.RW], ['ballast', false]);
    } finally {
      await german.page.close();
    }
  });
});
