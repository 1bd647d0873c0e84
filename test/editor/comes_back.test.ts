// What must come back by itself: terminals after the window is loaded anew and after the helper died, and the views after an
// engine that nobody could start was started by somebody else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { globSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { Client } from '../../runtime/protocol/client.ts';
import { importBusybox, until } from '../support/slipway.ts';
import { Session, whyNotHere } from './support/session.ts';
import { storiesOf } from './support/story.ts';
import type { View, Workbench } from './support/workbench.ts';

const root = join(import.meta.dirname, '../..');

let session: Session;
let bench: Workbench;
let engine: Client;

const story = storiesOf(() => session);

const containers = (): Promise<View> => bench.view('Containers');

async function run(Name: string, Cmd: string[]): Promise<void> {
  const { Id } = await engine.call('container.create', {
    Name,
    Config: { Image: 'busybox', Cmd, Tty: true, OpenStdin: true },
    HostConfig: { NetworkMode: 'none' },
  });
  await engine.call('container.start', { Container: Id });
  await (await containers()).row(new RegExp(`${Name}.*Up`)).waitFor();
}

/** Brings the tab to the front. */
async function terminalTab(name: string): Promise<void> {
  await bench.page.locator('.terminal-tabs-entry').filter({ hasText: name }).first().click();
  await bench.page.locator('.terminal-wrapper.active .xterm-screen').waitFor();
}

/** Processes named so that run in the container. */
async function running(command: string): Promise<number> {
  const { Processes } = await engine.call('container.top', { Container: 'echo' });
  return Processes.filter((process) => process.some((cell) => cell.includes(command))).length;
}

describe('what comes back', { skip: whyNotHere() ?? false, timeout: 300_000 }, () => {
  before(async () => {
    session = await Session.start('172.29.81.1/24');
    bench = session.workbench;
    await bench.openSidebar('Slipway');
    await (await containers()).welcome('No containers yet').waitFor();
    engine = await session.client();
    await importBusybox(engine, session.directory);
    await run('echo', ['sh', '-c', 'while read -r line; do echo "heard $line"; done']);
  });
  after(async () => await session?.[Symbol.asyncDispose]());

  story('terminals join their processes again when the window is loaded anew', async () => {
    const view = await containers();
    await view.contextMenu('echo', 'Attach');
    await bench.typeInTerminal('one');
    await bench.terminal('heard one').waitFor();
    await view.contextMenu('echo', 'Open Shell');
    await bench.terminal('#').waitFor();
    await bench.typeInTerminal('freight=coal');
    await bench.page.reload();
    await (await containers()).row(/echo.*Up/).waitFor();
    await terminalTab('echo: ');
    await bench.terminal('Attached again.').waitFor();
    await bench.typeInTerminal('echo $freight-$((40 + 2))');
    await bench.terminal('coal-42').waitFor();
    await terminalTab('echo');
    await bench.terminal('Attached again.').waitFor();
    await bench.typeInTerminal('two');
    await bench.terminal('heard two').waitFor();
    await bench.screenshot('terminals-again-dark');
  });

  story('terminals join again when the helper was killed', async () => {
    const before = session.helperPid;
    await terminalTab('echo: ');
    process.kill(before, 'SIGKILL');
    await bench.terminal(/The engine went away.*Attached again/s).waitFor();
    engine = await session.client();
    await bench.typeInTerminal('echo still $freight');
    await bench.terminal('still coal').waitFor();
  });

  story('a session that ended meanwhile says so; closing a tab ends what runs in it', async () => {
    await (await containers()).contextMenu('echo', 'Run Command in Container…');
    await bench.answerAsked('Command to run in echo', 'sleep 4321');
    await bench.answerAsked('As which user?', '');
    await bench.answerAsked('In which directory?', '');
    await until(engine, async () => (await running('sleep 4321')) === 1);
    await bench.runCommand('Terminal: Kill the Active Terminal Instance');
    await until(engine, async () => (await running('sleep 4321')) === 0);

    await terminalTab('echo: ');
    await bench.typeInTerminal('sleep 2; exit 5');
    const window = bench.page.url();
    await bench.page.goto('about:blank');
    await until(engine, async () => (await running('sleep 2')) === 0);
    await bench.page.goto(window);
    await bench.openSidebar('Slipway');
    await (await containers()).row(/echo.*Up/).waitFor();
    await terminalTab('echo: ');
    await bench.terminal('the process ended with code 5').waitFor();
  });

  story('an engine that could not be started is found again when somebody else starts it', async () => {
    const view = await containers();
    const [installed = ''] = globSync('extensions/*/dist/bin/slipwayd', { cwd: session.server.home });
    const program = join(session.server.home, installed);
    const whole = readFileSync(program, 'utf8');
    const tries = join(session.directory, 'tries');
    writeFileSync(tries, '');
    writeFileSync(program, `#!/bin/sh\necho try >> ${tries}\nexit 1\n`);
    const watcher = watch(tries);
    const changes = on(watcher, 'change');
    const tried = () => readFileSync(tries, 'utf8').split('\n').length - 1;
    process.kill(session.helperPid, 'SIGKILL');
    for await (const _change of changes) if (tried() >= 4) break;
    watcher.close();
    await view.welcome('The Slipway engine is not running').waitFor();
    await view.row('echo').waitFor({ state: 'detached' });

    writeFileSync(program, whole);
    const helper = spawn(join(root, 'dist/bin/slipwayd'), [...session.engineArguments, '--ready-fd', '1'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(helper.stdout, 'data');
    helper.unref();
    const started = performance.now();
    await view.row(/echo.*Up/).waitFor();
    // The fifth try comes ten seconds after the fourth; the socket is seen when it is made.
    assert.ok(performance.now() - started < 8000);
    engine = await session.client();
    await engine.call('container.rename', { Container: 'echo', Name: 'answer' });
    await view.row(/answer.*Up/).waitFor();
  });
});
