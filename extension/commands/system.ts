// Commands on the engine itself and on how the views show it.
import * as vscode from 'vscode';
import type { Documents } from '../documents.ts';
import { textTable } from '../documents.ts';
import { formatBytes } from '../views/format.ts';
import { confirmRemoval, type Handler } from './app.ts';

export function systemCommands(documents: Documents): Readonly<Record<string, Handler>> {
  return {
    'slipway.system.df': async (app) => {
      const client = await app.engine.client();
      const use = await client.call('system.diskUsage', {});
      const sum = (values: readonly number[]): string =>
        formatBytes(values.reduce((total, value) => total + Math.max(0, value), 0));
      const rows = [
        [vscode.l10n.t('Images'), String(use.Images.length), formatBytes(use.LayersSize)],
        [
          vscode.l10n.t('Containers'),
          String(use.Containers.length),
          sum(use.Containers.map(({ SizeRw }) => SizeRw ?? 0)),
        ],
        [
          vscode.l10n.t('Volumes'),
          String(use.Volumes.length),
          sum(use.Volumes.map(({ UsageData }) => UsageData?.Size ?? 0)),
        ],
        [vscode.l10n.t('Build cache'), String(use.BuildCache.length), sum(use.BuildCache.map(({ Size }) => Size))],
      ];
      await documents.show('disk-use.txt', textTable(['', vscode.l10n.t('Count'), vscode.l10n.t('Size')], rows));
    },

    'slipway.system.prune': async (app) => {
      const client = await app.engine.client();
      const use = await client.call('system.diskUsage', {});
      const stopped = use.Containers.filter(({ State }) => ['created', 'exited', 'dead'].includes(State));
      const unusedImages = use.Images.filter(({ Containers }) => Containers === 0);
      const cache = use.BuildCache.filter(({ InUse }) => !InUse);
      const size = (values: readonly number[]): number =>
        values.reduce((total, value) => total + Math.max(0, value), 0);
      const what = [
        vscode.l10n.t(
          '{0} stopped containers: {1}',
          stopped.length,
          formatBytes(size(stopped.map(({ SizeRw }) => SizeRw ?? 0))),
        ),
        vscode.l10n.t(
          '{0} unused images: up to {1}',
          unusedImages.length,
          formatBytes(size(unusedImages.map(({ Size }) => Size))),
        ),
        vscode.l10n.t('networks that no container uses'),
        vscode.l10n.t('{0} build cache entries: {1}', cache.length, formatBytes(size(cache.map(({ Size }) => Size)))),
      ];
      const question = vscode.l10n.t('Remove everything that is not in use? Volumes stay.');
      if (!(await confirmRemoval(question, what, vscode.l10n.t('Remove')))) return;
      const containers = await client.call('container.prune', {});
      await client.call('network.prune', {});
      const images = await client.call('image.prune', { Filters: { dangling: ['false'] } });
      const builds = await client.call('build.cachePrune', { All: true });
      const freed = containers.SpaceReclaimed + images.SpaceReclaimed + builds.SpaceReclaimed;
      void vscode.window.showInformationMessage(vscode.l10n.t('Freed {0}.', formatBytes(freed)));
    },

    'slipway.system.log': async (app) => {
      const client = app.engine.state === 'running' ? await app.engine.client() : undefined;
      const file = (await client?.call('system.info', {}))?.LogFile;
      if (file === undefined || file === '') app.log.show();
      else await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: true });
    },

    'slipway.system.start': async (app) => {
      await app.engine.client();
    },

    'slipway.system.restart': async (app) => {
      await app.engine.stop();
      await app.engine.client();
    },

    'slipway.system.switchMode': async (app) => {
      const settings = vscode.workspace.getConfiguration('slipway.engine');
      const modes = [
        { label: 'rootless', description: vscode.l10n.t('as you, with no password') },
        { label: 'root', description: vscode.l10n.t('for the whole machine; asks for a password') },
      ];
      const chosen = await vscode.window.showQuickPick(modes, {
        title: vscode.l10n.t('How is the engine to run? Now: {0}', settings.get('mode', 'rootless')),
      });
      if (chosen === undefined) return;
      // Containers of the one mode go on while the other is shown.
      await settings.update('mode', chosen.label, vscode.ConfigurationTarget.Global);
      await app.engine.disconnect();
      await app.engine.client();
    },

    'slipway.system.doctor': async (app) => {
      const client = await app.engine.client();
      const checks = await client.call('system.doctor', {});
      const marks = { ok: '✔', warning: '⚠', error: '✘' };
      const lines = checks.flatMap(({ Status, Title, Message, Fix }) => [
        `${marks[Status]} ${Title}: ${Message}`,
        ...(Fix === undefined ? [] : [`    ${vscode.l10n.t('fix')}: ${Fix}`]),
      ]);
      await documents.show('doctor.txt', `${lines.join('\n')}\n`);
    },
  };
}

export const viewCommands: Readonly<Record<string, Handler>> = {
  'slipway.view.filter': async (app) => {
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t('Show only what matches'),
      value: app.filter.text,
      placeHolder: vscode.l10n.t('Letters of a name, image, state or id; empty shows everything'),
    });
    if (text !== undefined) await app.filter.set(text);
  },

  'slipway.view.clearFilter': async (app) => await app.filter.set(''),
  'slipway.view.groupBy': () => choose('groupBy', vscode.l10n.t('Group containers by')),
  'slipway.view.sortBy': () => choose('sortBy', vscode.l10n.t('Sort containers by')),
  'slipway.view.toggleStopped': () => toggle('hideStopped'),
  'slipway.view.toggleWorkspace': () => toggle('onlyThisWorkspace'),
};

const choices: Readonly<Record<string, readonly string[]>> = {
  groupBy: ['none', 'project', 'network', 'image', 'state', 'label'],
  sortBy: ['name', 'created', 'state', 'image'],
};

async function choose(setting: string, title: string): Promise<void> {
  const settings = vscode.workspace.getConfiguration('slipway.containers');
  const chosen = await vscode.window.showQuickPick([...(choices[setting] ?? [])], { title });
  if (chosen === undefined) return;
  if (chosen === 'label') {
    const label = await vscode.window.showInputBox({
      title: vscode.l10n.t('Group by which label?'),
      value: settings.get('groupLabel', ''),
    });
    if (label === undefined) return;
    await settings.update('groupLabel', label, vscode.ConfigurationTarget.Global);
  }
  await settings.update(setting, chosen, vscode.ConfigurationTarget.Global);
}

async function toggle(setting: string): Promise<void> {
  const settings = vscode.workspace.getConfiguration('slipway.containers');
  await settings.update(setting, !settings.get(setting, false), vscode.ConfigurationTarget.Global);
}
