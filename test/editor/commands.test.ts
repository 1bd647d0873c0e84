// The commands that no other story tells, each as a person gives it: by right-click or from the palette, on the real engine.
// Asserted is what the screen shows and what the engine then holds.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { Client } from '../../runtime/protocol/client.ts';
import type { Params } from '../../runtime/protocol/methods.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { importBusybox, until } from '../support/slipway.ts';
import { Session, whyNotHere } from './support/session.ts';
import { storiesOf } from './support/story.ts';
import type { View, Workbench } from './support/workbench.ts';

let session: Session;
let bench: Workbench;
let engine: Client;
let registry: TestRegistry;

const container = (Container: string) => engine.call('container.inspect', { Container });
const view = (title: string): Promise<View> => bench.view(title);

async function run(Name: string, Cmd: string[], options: Partial<Params<'container.create'>> = {}): Promise<string> {
  const { Id } = await engine.call('container.create', {
    ...options,
    Name,
    Config: { Image: 'busybox', Cmd, ...options.Config },
    HostConfig: { NetworkMode: 'none', ...options.HostConfig },
  });
  await engine.call('container.start', { Container: Id });
  // Its menu is that of its state.
  await (await view('Containers')).row(new RegExp(`${Name}.*Up`)).waitFor();
  return Id;
}

const story = storiesOf(() => session);

describe('commands', { skip: whyNotHere() ?? false, timeout: 400_000 }, () => {
  before(async () => {
    registry = await startRegistry();
    session = await Session.start('172.29.79.1/24', (workspace) => {
      writeFileSync(
        join(workspace, 'Dockerfile'),
        'FROM busybox AS tools\nRUN echo tool > /tool\nFROM busybox AS app\nCOPY --from=tools /tool /tool\nCMD ["sleep", "1000"]\n',
      );
      writeFileSync(join(workspace, 'cargo.txt'), 'cargo');
    });
    bench = session.workbench;
    await bench.openSidebar('Slipway');
    await (await view('Containers')).welcome('No containers yet').waitFor();
    engine = await session.client();
    await importBusybox(engine, session.directory);
    await (await view('Images')).row('busybox:latest').waitFor();
    await run('crane', ['sleep', '1000'], { HostConfig: { NetworkMode: 'bridge' } });
  });
  after(async () => {
    await session?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  story('restart, limits, a note at the end, a signal', async () => {
    await run('porter', ['sleep', '1000'], { Config: { Image: 'busybox', Cmd: ['sleep', '1000'], StopTimeout: 0 } });
    const started = (await container('porter')).State.StartedAt;
    const containers = await view('Containers');
    await containers.contextMenu('porter', 'Restart');
    await until(engine, async () => {
      const { State } = await container('porter');
      return State.Running && State.StartedAt !== started;
    });
    await containers.contextMenu('porter', 'Update Limits…');
    await bench.answerAsked('Memory limit', '64m');
    await bench.answerAsked('Processors', '0.5');
    await bench.answerAsked('Process limit', '20');
    await until(engine, async () => (await container('porter')).HostConfig.PidsLimit === 20);
    const { HostConfig } = await container('porter');
    assert.equal(HostConfig.Memory, 64 << 20);
    assert.equal(HostConfig.NanoCpus, 5e8);

    await containers.contextMenu('porter', 'Notify When It Exits');
    await containers.contextMenu('porter', 'Kill with Signal…');
    await bench.pick('SIGKILL');
    await bench.notification('porter ended with code 137').waitFor();
    assert.equal((await container('porter')).State.ExitCode, 137);
    await bench.clearNotifications();
  });

  story('id, name and address go to the clipboard', async () => {
    const { Id: id } = await container('crane');
    const containers = await view('Containers');
    await containers.contextMenu('crane', 'Copy ID');
    assert.equal(await bench.clipboard(id), id);
    await containers.contextMenu('crane', 'Copy Name');
    assert.equal(await bench.clipboard('crane'), 'crane');
    const { IPAddress } = (await container('crane')).NetworkSettings.Networks['bridge'] ?? {};
    await containers.contextMenu('crane', 'Copy IP Address');
    assert.equal(await bench.clipboard(IPAddress ?? ''), IPAddress);
    await (await view('Images')).contextMenu('busybox', 'Copy Digest');
    const { Id } = await engine.call('image.inspect', { Image: 'busybox' });
    assert.equal(await bench.clipboard(Id), Id);
  });

  story('terminals: attached, and with a command of one’s own', async () => {
    const answers = ['sh', '-c', 'while read -r line; do echo "heard $line"; done'];
    await run('echo', answers, { Config: { Image: 'busybox', Cmd: answers, OpenStdin: true, Tty: true } });
    const containers = await view('Containers');
    await containers.contextMenu('echo', 'Attach');
    await bench.terminal('').waitFor();
    await bench.typeInTerminal('ahoy');
    await bench.terminal('heard ahoy').waitFor();
    await containers.contextMenu('crane', 'Run Command in Container…');
    await bench.answerAsked('Command to run in crane', 'sh -c "id -u; pwd; sleep 1000"');
    await bench.answerAsked('As which user?', '65534');
    await bench.answerAsked('In which directory?', '/var');
    await bench.terminal(/65534.*\/var/s).waitFor();
  });

  story('tables and documents', async () => {
    const containers = await view('Containers');
    for (const [entry, text] of [
      ['Processes', 'sleep 1000'],
      ['Resource Use', /crane.*%/],
    ] as const) {
      await containers.contextMenu('crane', entry);
      await bench.editor(text).waitFor();
      await bench.closeEditors();
    }
    const images = await view('Images');
    await images.contextMenu('busybox', 'History');
    await bench.editor('Created by').waitFor();
    await images.contextMenu('busybox', 'Inspect');
    await bench.editor('"RepoTags"').waitFor();
    await (await view('Networks')).contextMenu('bridge', 'Inspect');
    await bench.editor('"IPAM"').waitFor();
    await bench.closeEditors();
    await bench.runCommand('Slipway: Disk Use');
    await bench.editor('Build cache').waitFor();
    await bench.runCommand('Slipway: Doctor');
    await bench.editor(/[✔⚠✘]/).waitFor();
    await bench.runCommand('Slipway: Show Engine Log');
    await bench.editor('ready').waitFor();
    await bench.closeEditors();
  });

  story('files go in and out, and archives of them', async () => {
    const file = (name: string) => join(session.workspace, name);
    const containers = await view('Containers');
    await containers.contextMenu('crane', 'Copy to Container…');
    await bench.choosePath(file('cargo.txt'));
    await bench.answerAsked('Directory in crane', '/tmp');
    await bench.fileAppears(`/proc/${(await container('crane')).State.Pid}/root/tmp/cargo.txt`);
    await containers.contextMenu('crane', 'Export File System…');
    await bench.choosePath(file('crane.tar'));
    await bench.fileAppears(file('crane.tar'));
    await (await view('Images')).contextMenu('busybox', 'Save to Archive…');
    await bench.choosePath(file('busybox.tar'));
    await bench.fileAppears(file('busybox.tar'));
    await bench.runCommand('Slipway: Import File System…');
    await bench.choosePath(file('crane.tar'));
    await bench.answerAsked('Name and tag of the image', 'crane:imported');
    await (await view('Images')).row('crane:imported').waitFor();
    await engine.call('image.tag', { Image: 'busybox', Reference: 'spare:1' });
    await bench.runCommand('Slipway: Load from Archive…');
    await bench.choosePath(file('busybox.tar'));
    await bench.notification(/Loaded .*busybox/).waitFor();
    await bench.clearNotifications();

    await containers.contextMenu('crane', 'Copy from Container…');
    await bench.answerAsked('File or directory in crane', '/etc/passwd');
    await bench.choosePath(session.workspace);
    await bench.fileAppears(file('passwd'));
    assert.match(readFileSync(file('passwd'), 'utf8'), /^root:/);
  });

  story('a volume is backed up, restored and inspected', async () => {
    await engine.call('volume.create', { Name: 'hold' });
    const volumes = await view('Volumes');
    await volumes.row('hold').waitFor();
    const { Mountpoint } = await engine.call('volume.inspect', { Volume: 'hold' });
    writeFileSync(join(Mountpoint, 'freight'), 'tons');
    const archive = join(session.workspace, 'hold.tar');
    await volumes.contextMenu('hold', 'Back Up to Archive…');
    await bench.choosePath(archive);
    await bench.fileAppears(archive);
    assert.match(execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }), /freight/);
    await engine.call('volume.create', { Name: 'berth' });
    await volumes.contextMenu('berth', 'Restore from Archive…');
    await bench.choosePath(archive);
    await bench.dialog('Restore');
    const other = (await engine.call('volume.inspect', { Volume: 'berth' })).Mountpoint;
    await bench.fileAppears(join(other, 'freight'));
    await volumes.contextMenu('berth', 'Inspect');
    await bench.editor('"Mountpoint"').waitFor();
    await bench.closeEditors();
  });

  story('a container joins a network and leaves it', async () => {
    await engine.call('network.create', { Name: 'canal' });
    const networks = await view('Networks');
    await networks.row('canal').waitFor();
    const isThere = async () => (await container('crane')).NetworkSettings.Networks['canal'] !== undefined;
    await networks.contextMenu('canal', 'Connect Container…');
    await bench.tick('crane');
    await until(engine, isThere);
    await networks.contextMenu('canal', 'Disconnect Container…');
    await bench.tick('crane');
    await until(engine, async () => !(await isThere()));
  });

  story('images run: on their own, in a terminal, and again with changes', async () => {
    await engine.call('image.tag', { Image: 'busybox', Reference: 'runner:1' });
    const images = await view('Images');
    await images.contextMenu('busybox', 'Run Interactive');
    await bench.terminal('/ #').waitFor();
    await bench.typeInTerminal('echo typed-$((40 + 2))');
    await bench.terminal('typed-42').waitFor();
    await bench.typeInTerminal('exit');
    await bench.runCommand('Slipway: Build Image and Run');
    await bench.answerAsked('Name and tag of the image', 'app:1');
    await (await view('Containers')).row(/app:1.*Up/).waitFor();
    await (await view('Containers')).contextMenu(/app:1/, 'Run Again with Changes…');
    const form = bench.webview();
    await form.getByRole('heading', { name: /Run / }).waitFor();
    await form.getByLabel('Name', { exact: true }).fill('again');
    await form.getByRole('button', { name: 'Run', exact: true }).click();
    await (await view('Containers')).row(/again.*Up/).waitFor();
    await images.contextMenu('app:1', 'Run');
    await until(
      engine,
      async () => (await engine.call('container.list', {})).filter(({ Image }) => Image === 'app:1').length === 3,
    );
    await bench.closeEditors();
  });

  story('a stage is built and run from its line', async () => {
    await bench.openFile('Dockerfile');
    await bench.lens('Build', 0);
    await (await view('Images')).row(/:tools/).waitFor();
    await bench.lens('Run', 0);
    await bench.terminal('/ #').waitFor();
    await bench.typeInTerminal('cat /tool; exit');
    await bench.terminal('tool').waitFor();
    await bench.closeEditors();
  });

  story('a registry: log in, look, pull, copy, delete, log out', async () => {
    const name = `${registry.host}/fleet/ship:1`;
    await engine.call('image.tag', { Image: 'busybox', Reference: name });
    await engine.call('image.push', { Reference: name });
    await engine.call('image.remove', { Image: name });
    await bench.runCommand('Slipway: Log In to Registry…');
    await bench.answerAsked('Registry', registry.host);
    await bench.answerAsked('User name', 'skipper');
    await bench.answerAsked('Password', 'secret');
    const registries = await view('Registries');
    await registries.unfold(registry.host);
    await registries.unfold('fleet/ship');
    await registries.contextMenu(/^1$/, 'Copy Reference');
    assert.equal(await bench.clipboard(name), name);
    await registries.contextMenu(/^1$/, 'Pull');
    await (await view('Images')).row('ship:1').waitFor();
    await bench.runCommand('Slipway: Pull…');
    await bench.answer(name);
    const other = `${registry.host}/fleet/boat:2`;
    await engine.call('image.tag', { Image: 'busybox', Reference: other });
    await engine.call('image.push', { Reference: other });
    await bench.runCommand('Slipway: Refresh');
    await registries.row('fleet/boat').waitFor();
    await registries.contextMenu(/^1$/, 'Delete Tag…');
    await bench.dialog('Delete');
    await registries.row(/^1$/).waitFor({ state: 'detached' });
    await registries.contextMenu(registry.host, 'Log Out');
    await registries.row(registry.host).waitFor({ state: 'detached' });
    assert.ok(!(await engine.call('registry.list', {})).some(({ Server }) => Server === registry.host));
  });

  story('rows are grouped, sorted and hidden', async () => {
    await engine.call('container.stop', { Container: 'echo', Timeout: 0 });
    // A view shows few rows at once, and a page has only those.
    for (const { Id, Image } of await engine.call('container.list', { All: true }))
      if (Image !== 'busybox') await engine.call('container.remove', { Container: Id, Force: true });
    const containers = await view('Containers');
    await bench.runCommand('Slipway: Group By…');
    await bench.pick('state');
    await containers.row(/^running/i).waitFor();
    await bench.runCommand('Slipway: Group By…');
    await bench.pick('none');
    await bench.runCommand('Slipway: Sort By…');
    await bench.pick('created');
    await containers.row(/echo.*Exited/).waitFor();
    await bench.runCommand('Slipway: Show or Hide Stopped Containers');
    await containers.row(/echo.*Exited/).waitFor({ state: 'detached' });
    await bench.runCommand('Slipway: Show or Hide Stopped Containers');
    await containers.row(/echo.*Exited/).waitFor();
    await bench.runCommand("Slipway: Show Only This Workspace's or All Containers");
    await containers.row('crane').waitFor({ state: 'detached' });
    await bench.runCommand("Slipway: Show Only This Workspace's or All Containers");
    await containers.row('crane').waitFor();
  });

  story('terminals and docker are pointed at the engine', async () => {
    await bench.runCommand('Slipway: Point docker in Terminals at Slipway');
    await bench.notification('New terminals have DOCKER_HOST').waitFor();
    await bench.clearNotifications();
    await bench.runCommand('Slipway: Create Docker Context “slipway”');
    await bench.notification('docker context use slipway').waitFor();
    const contexts = execFileSync('docker', ['context', 'ls', '--format', '{{.Name}}'], {
      encoding: 'utf8',
      env: { ...process.env, DOCKER_CONFIG: join(session.directory, 'docker') },
    });
    assert.match(contexts, /^slipway/m);
    await bench.clearNotifications();
    await bench.runCommand('Slipway: Restart Dockerfile Language Server');
  });

  story('what is not used goes', async () => {
    await bench.runCommand('Slipway: Remove Stopped Containers…');
    await bench.dialog('Remove');
    await bench.notification(/Removed \d+ containers/).waitFor();
    await bench.runCommand('Slipway: Remove Unused Volumes…');
    await bench.dialog('Remove');
    await bench.notification(/Removed \d+ volumes/).waitFor();
    await bench.runCommand('Slipway: Remove Unused Networks…');
    await bench.dialog('Remove');
    await (await view('Networks')).row('canal').waitFor({ state: 'detached' });
    await bench.runCommand('Slipway: Remove Unused Images…');
    await bench.pick('Every image that no container uses');
    await bench.dialog('Remove');
    await bench.notification(/Removed \d+ images/).waitFor();
    await bench.clearNotifications();
    await bench.runCommand('Slipway: Prune Everything Unused…');
    await bench.dialog('Remove');
    await bench.notification('Freed ').waitFor();
    assert.deepEqual((await engine.call('volume.list', {})).Volumes, []);
  });

  story('the engine is restarted, and its mode is asked for', async () => {
    const before = session.helperPid;
    await bench.runCommand('Slipway: Restart Engine');
    await session.helperAfter(before);
    engine = await session.client();
    await (await view('Containers')).row(/crane.*Up/).waitFor();
    await bench.runCommand('Slipway: Start Engine');
    await bench.runCommand('Slipway: Switch Between Rootless and Root…');
    await bench.pick('for the whole machine');
    const settings = join(session.server.home, 'user-data/Machine/settings.json');
    await bench.fileAppears(settings, "'slipway.engine.mode': 'root'".replaceAll("'", '"'));
    assert.ok(existsSync(join(session.directory, 'run/slipway.sock')));
  });

  story('files are browsed in the explorer, opened and saved', async () => {
    await engine.call('volume.create', { Name: 'chest' });
    const { Mountpoint } = await engine.call('volume.inspect', { Volume: 'chest' });
    writeFileSync(join(Mountpoint, 'map.txt'), 'here');
    const explorer = bench.page.locator('.explorer-folders-view');
    // The first folder beside the workspace's own makes the editor start its extensions anew.
    await (await view('Volumes')).contextMenu('chest', 'Browse Files');
    await explorer.locator('.monaco-list-row').filter({ hasText: 'map.txt' }).first().dblclick();
    await bench.editor('here').click();
    await bench.page.keyboard.press('Control+End');
    await bench.page.keyboard.type(' be dragons');
    await bench.page.keyboard.press('Control+S');
    await bench.fileAppears(join(Mountpoint, 'map.txt'), 'here be dragons');
    await bench.closeEditors();

    await bench.openSidebar('Slipway');
    await (await view('Containers')).contextMenu('crane', 'Browse Files');
    await explorer.locator('.monaco-list-row').filter({ hasText: 'crane' }).first().waitFor();
    await bench.openSidebar('Slipway');
    await (await view('Images')).contextMenu(/MB/, 'Browse Layers');
    await bench.pick('All layers as one tree');
    await explorer.locator('.monaco-list-row').filter({ hasText: 'busybox' }).first().waitFor();
  });
});
