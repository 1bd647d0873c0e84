// The run form's side in the extension: fills it from the image, shows the equivalent command, runs it or saves it as a task.
import { createServer } from 'node:net';
import * as vscode from 'vscode';
import type { Client } from '../../runtime/protocol/client.ts';
import { errorMessage } from '../activity.ts';
import type { App } from '../commands/app.ts';
import type { Terminals } from '../terminals/terminals.ts';
import { openWebview } from '../webview.ts';
import type { FromForm, ToForm } from './form_messages.ts';
import {
  emptyRunOptions,
  type PortChoice,
  type RunOptions,
  runArguments,
  runCommandLine,
  splitCommand,
} from './options.ts';
import { runImage } from './run_image.ts';

/** Opens the form for an image; `from` is what stands in it at first, otherwise what the image suggests. */
export async function openRunForm(app: App, terminals: Terminals, image: string, from?: RunOptions): Promise<void> {
  const client = await app.engine.client();
  const options = from ?? (await suggestOptions(client, image));
  const { panel, post, onMessage } = openWebview<ToForm, FromForm>(app.context, {
    id: 'slipway.runForm',
    title: vscode.l10n.t('Run {0}', image),
    script: 'dist/run_form.js',
    style: 'extension/media/run_form.css',
  });
  onMessage((message) => {
    if (message.type === 'ready') {
      post({
        type: 'show',
        options,
        networks: app.records.all('network').map(({ Name }) => Name),
        volumes: app.records.all('volume').map(({ Name }) => Name),
      });
    } else if (message.type === 'changed') post({ type: 'preview', line: preview(message.options) });
    else void act(message).catch((error: unknown) => post({ type: 'failed', message: errorMessage(error) }));
  });

  async function act(message: Exclude<FromForm, { type: 'ready' | 'changed' }>): Promise<void> {
    if (message.type === 'copy') await vscode.env.clipboard.writeText(runCommandLine(message.options));
    else if (message.type === 'save') await saveTask(message.options);
    else if (await runImage(app, terminals, message.options)) panel.dispose();
  }
}

/** A command that isn't finished yet is no error while a person types it. */
function preview(options: RunOptions): string {
  try {
    return runCommandLine(options);
  } catch (error) {
    return errorMessage(error);
  }
}

/** What the image itself says: its ports on free ports of this machine, and where it keeps data. */
async function suggestOptions(client: Client, image: string): Promise<RunOptions> {
  const { Config } = await client.call('image.inspect', { Image: image });
  const ports: PortChoice[] = [];
  for (const exposed of Object.keys(Config.ExposedPorts ?? {})) {
    const [port = '', protocol] = exposed.split('/');
    const taken = ports.map(({ host }) => Number(host));
    ports.push({
      address: '',
      host: String(await freePort(Number(port), taken)),
      container: port,
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
    });
  }
  return { ...emptyRunOptions(image), ports, interactive: Config.ExposedPorts === undefined && ports.length === 0 };
}

/** The port itself if it is free here and needs no privilege; otherwise the next free one from 8000 up. */
async function freePort(wanted: number, taken: readonly number[]): Promise<number> {
  const candidates = [...(wanted >= 1024 ? [wanted] : []), ...Array.from({ length: 1000 }, (_, index) => 8000 + index)];
  for (const port of candidates) if (!taken.includes(port) && (await canListen(port))) return port;
  throw new Error(vscode.l10n.t('There is no free port between 8000 and 9000 on this machine.'));
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

async function saveTask(options: RunOptions): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  if (folder === undefined) throw new Error(vscode.l10n.t('Cannot save a task: no folder is open.'));
  const settings = vscode.workspace.getConfiguration('tasks', folder.uri);
  const tasks = settings.get<unknown[]>('tasks', []);
  const flags = runArguments({ ...options, command: '' }).slice(1, -1);
  const task = {
    type: 'slipway-run',
    label: `slipway: run ${options.name || options.image}`,
    image: options.image,
    arguments: flags,
    command: splitCommand(options.command),
  };
  await settings.update('tasks', [...tasks, task], vscode.ConfigurationTarget.WorkspaceFolder);
  if (settings.get('version') === undefined) {
    await settings.update('version', '2.0.0', vscode.ConfigurationTarget.WorkspaceFolder);
  }
  void vscode.window.showInformationMessage(vscode.l10n.t('Saved as the task “{0}”.', task.label));
}
