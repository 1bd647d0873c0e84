// The extension by the editor's own programming interface, with no screen: what it registers, gives and does on a real engine.
// Runs inside an extension host; nothing of it is asked of the page. Bundled by itself: it shares no module with the extension.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Exposed } from '../../extension/main.ts';
import type { RowProvider } from '../../extension/views/row.ts';
import { Client } from '../../runtime/protocol/client.ts';
import type { Outcome } from './report.ts';

type Contributes = {
  commands: { command: string }[];
  configuration: { properties: Record<string, { default?: unknown }> };
};

const extension = vscode.extensions.getExtension<Exposed>('slipway.slipway');
assert.ok(extension, 'the extension is not installed');
const contributes: Contributes = extension.packageJSON.contributes;
const [folder] = vscode.workspace.workspaceFolders ?? [];
assert.ok(folder, 'no folder is open');
const workspace = folder.uri.fsPath;

/** What is waited for, in words: what doesn't come would end nothing and say nothing. */
let waitedFor = 'nothing';

function treeOf(view: string): RowProvider {
  const tree = extension?.exports.trees[view];
  assert.ok(tree, `${view} has no tree`);
  return tree;
}

async function items(view: string): Promise<vscode.TreeItem[]> {
  const tree = treeOf(view);
  return await Promise.all((await tree.getChildren()).map((row) => tree.getTreeItem(row)));
}

/** Asks for rows until they are as wanted: after what is there now, and after each change. */
async function rows(view: string, words: string, wanted: (labels: readonly string[]) => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = async () => {
    const labels = (await items(view)).map(({ label }) => String(label));
    waitedFor = `${view} to show ${words}; it shows [${labels.join(', ')}]`;
    if (wanted(labels)) resolve();
  };
  const subscription = treeOf(view).onDidChangeTreeData(() => void look().catch(reject));
  look().catch(reject);
  await promise.finally(() => subscription.dispose());
}

async function item(view: string, label: string): Promise<vscode.TreeItem> {
  await rows(view, label, (labels) => labels.includes(label));
  const one = (await items(view)).find((candidate) => candidate.label === label);
  assert.ok(one);
  return one;
}

/** Runs the task and returns its exit code. */
async function taskEnds(task: vscode.Task): Promise<number | undefined> {
  waitedFor = `the end of task ${task.name}`;
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const subscription = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
    if (execution.task.name === task.name) resolve(exitCode);
  });
  await vscode.tasks.executeTask(task);
  return await promise.finally(() => subscription.dispose());
}

/** What a program in a new integrated terminal finds in its environment. */
async function terminalEnvironment(): Promise<string> {
  const file = join(workspace, 'environment');
  const execution = new vscode.ShellExecution(`env > ${file}`);
  const task = new vscode.Task(
    { type: 'shell' },
    folder ?? vscode.TaskScope.Workspace,
    'environment',
    'test',
    execution,
  );
  assert.equal(await taskEnds(task), 0);
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  return text;
}

/** Sets a person's setting, or the machine's where it is one of those. */
async function set(section: string, key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration(section).update(key, value, vscode.ConfigurationTarget.Global);
}

function connect(): Promise<Client> {
  const args = vscode.workspace.getConfiguration('slipway.engine').get<string[]>('arguments', []);
  return Client.connect(args[args.indexOf('--socket') + 1] ?? '');
}

let engine: Client;

const tests: Readonly<Record<string, () => Promise<void>>> = {
  'is not activated before it is needed': async () => {
    assert.equal(extension.isActive, false);
    await extension.activate();
    assert.equal(extension.isActive, true);
  },

  'registers every command of the manifest': async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      contributes.commands.map(({ command }) => command).filter((command) => !known.has(command)),
      [],
    );
  },

  'has a default for every setting, and it is in force': async () => {
    for (const [name, { default: value }] of Object.entries(contributes.configuration.properties))
      assert.deepEqual(vscode.workspace.getConfiguration().inspect(name)?.defaultValue, value, name);
  },

  'starts the engine and the runtime that the settings name for a tree that is asked for, once': async () => {
    const program = (name: string) => join(extension.extensionPath, 'dist/bin', name);
    const wrapper = join(workspace, 'engine');
    writeFileSync(wrapper, `#!/bin/sh\necho once >> ${workspace}/started\nexec ${program('slipwayd')} "$@"\n`, {
      mode: 0o755,
    });
    await set('slipway.engine', 'path', wrapper);
    await set('slipway', 'runtime', program('slipway-oci'));
    // Rows are asked for again the moment that the engine is said to start: that must not start another.
    await item('slipway.networks', 'bridge');
    engine = await connect();
    assert.equal((await engine.call('system.info', {})).DefaultRuntime, 'editor');
    assert.equal(readFileSync(join(workspace, 'started'), 'utf8'), 'once\n');
    await set('slipway.engine', 'path', undefined);
    await set('slipway', 'runtime', undefined);
  },

  'follows the engine': async () => {
    await engine.call('volume.create', { Name: 'ballast' });
    assert.equal((await item('slipway.volumes', 'ballast')).id, 'ballast');
  },

  'says once that rows changed which nobody sees': async () => {
    let said = 0;
    const subscription = treeOf('slipway.volumes').onDidChangeTreeData(() => (said += 1));
    const names = ['crate', 'keg', 'sack'];
    for (const Name of names) await engine.call('volume.create', { Name });
    // Events come in order: with the network's all before it have come.
    await engine.call('network.create', { Name: 'canal' });
    await item('slipway.networks', 'canal');
    subscription.dispose();
    assert.equal(said, 1);
    assert.deepEqual(
      (await items('slipway.volumes')).map(({ label }) => label),
      ['ballast', ...names],
    );
    await engine.call('network.remove', { Network: 'canal' });
  },

  'shows a container by its state, name and settings': async () => {
    const { Id } = await engine.call('container.create', {
      Name: 'harbour',
      Config: { Image: 'slipway/hello' },
      HostConfig: { NetworkMode: 'none' },
    });
    assert.equal((await item('slipway.containers', 'harbour')).contextValue, 'container:created');
    await set('slipway.containers', 'label', 'id');
    assert.equal((await item('slipway.containers', Id.slice(0, 12))).id, Id);
    await set('slipway.containers', 'label', undefined);
    await engine.call('container.remove', { Container: Id });
    await rows('slipway.containers', 'no harbour', (labels) => !labels.includes('harbour'));
  },

  'is a file system': async () => {
    const { fs } = vscode.workspace;
    const at = (path: string) => vscode.Uri.parse(`slipway://volume/ballast/${path}`);
    await fs.createDirectory(at('hold'));
    await fs.writeFile(at('hold/cargo'), Buffer.from('coal'));
    const { size, type, mtime } = await fs.stat(at('hold/cargo'));
    assert.deepEqual([size, type], [4, vscode.FileType.File]);
    assert.ok(Math.abs(Date.now() - mtime) < 60_000);
    await fs.copy(at('hold/cargo'), at('hold/copy'));
    await fs.rename(at('hold/cargo'), at('freight'));
    assert.deepEqual(await fs.readDirectory(at('')), [
      ['freight', vscode.FileType.File],
      ['hold', vscode.FileType.Directory],
    ]);
    assert.equal(Buffer.from(await fs.readFile(at('hold/copy'))).toString(), 'coal');
    await assert.rejects(async () => await fs.rename(at('freight'), at('hold/copy')), { code: 'FileExists' });
    await fs.delete(at('hold'), { recursive: true });
    await assert.rejects(async () => await fs.stat(at('hold')), { code: 'FileNotFound' });
    const document = await vscode.workspace.openTextDocument(at('freight'));
    assert.equal(document.getText(), 'coal');
  },

  'finds, runs and judges build tasks': async () => {
    const file = join(workspace, 'Dockerfile');
    writeFileSync(file, 'FROM slipway/hello\nLABEL fleet=north\n');
    const [task] = await vscode.tasks.fetchTasks({ type: 'slipway-build' });
    assert.ok(task);
    assert.equal(task.definition['dockerfile'], 'Dockerfile');
    assert.equal(await taskEnds(task), 0);
    await item('slipway.images', String(task.definition['tag']));
    writeFileSync(file, 'FROM slipway/hello\n\nCOPY nothing /\n');
    assert.equal(await taskEnds(task), 1);
    const problems = vscode.languages.getDiagnostics(vscode.Uri.file(file));
    assert.ok(
      problems.some(({ range, source }) => range.start.line === 2 && source === 'slipway build'),
      JSON.stringify(problems),
    );
  },

  'gives terminals its program, and docker’s host where the setting says so': async () => {
    assert.match(await terminalEnvironment(), /^PATH=.*\/dist\/bin$/m);
    await set('slipway.terminal', 'dockerHost', true);
    assert.match(await terminalEnvironment(), /^DOCKER_HOST=unix:\/\/.*\/run\/docker\.sock$/m);
    await set('slipway.engine', 'host', 'unix:///elsewhere/slipway.sock');
    assert.match(await terminalEnvironment(), /^DOCKER_HOST=unix:\/\/\/elsewhere\/docker\.sock$/m);
    await set('slipway.engine', 'host', undefined);
    await set('slipway.terminal', 'dockerHost', undefined);
    assert.doesNotMatch(await terminalEnvironment(), /^DOCKER_HOST=unix/m);
  },
};

async function withinTime(work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not within a minute: waited for ${waitedFor}`)), 60_000);
  await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** Every test in turn, on what those before it left. */
export async function runSuite(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [name, work] of Object.entries(tests)) {
    try {
      await withinTime(work());
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  return outcomes;
}
