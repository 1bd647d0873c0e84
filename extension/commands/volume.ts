// Commands on volumes.
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import * as vscode from 'vscode';
import type { Documents } from '../documents.ts';
import { fileUri } from '../files/uris.ts';
import { formatBytes } from '../views/format.ts';
import { confirmRemoval, forEach, type Handler, target, targets, withProgress } from './app.ts';
import { addFolder, countBytes, saveTarget } from './container_files.ts';

export function volumeCommands(documents: Documents): Readonly<Record<string, Handler>> {
  return {
    'slipway.volume.create': async (app) => {
      const Name = await vscode.window.showInputBox({
        title: vscode.l10n.t('Name of the new volume'),
        validateInput: (name) =>
          name === '' || /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)
            ? undefined
            : vscode.l10n.t(
                'A name has letters, digits, “_”, “.” and “-”, at least two, and begins with a letter or digit.',
              ),
      });
      if (Name === undefined) return;
      const client = await app.engine.client();
      await client.call('volume.create', Name === '' ? {} : { Name });
    },

    'slipway.volume.browse': async (app, first) => {
      const volume = await target(app, 'volume', first, { question: vscode.l10n.t('Browse which volume?') });
      if (volume !== undefined) await addFolder(fileUri({ Volume: volume.Name }, '/'), volume.Name);
    },

    'slipway.volume.inspect': async (app, first, all) => {
      const volumes = await targets(app, 'volume', first, all, { question: vscode.l10n.t('Inspect which volume?') });
      const client = await app.engine.client();
      for (const { Name } of volumes) {
        await documents.showJson(Name, await client.call('volume.inspect', { Volume: Name, Size: true }));
      }
    },

    'slipway.volume.backup': async (app, first) => {
      const volume = await target(app, 'volume', first, { question: vscode.l10n.t('Back up which volume?') });
      if (volume === undefined) return;
      const file = await saveTarget(`${volume.Name}.tar`);
      if (file === undefined) return;
      await withProgress(vscode.l10n.t('Backing up {0}', volume.Name), async (report, signal) => {
        const client = await app.engine.client();
        const { socket, outcome } = await client.stream('volume.export', { Volume: volume.Name }, { signal });
        await pipeline(socket, countBytes(report), createWriteStream(file.fsPath), { signal });
        await outcome;
      });
    },

    'slipway.volume.restore': async (app, first) => {
      const volume = await target(app, 'volume', first, { question: vscode.l10n.t('Restore into which volume?') });
      if (volume === undefined) return;
      const files = await vscode.window.showOpenDialog({
        filters: { Archive: ['tar'] },
        openLabel: vscode.l10n.t('Restore'),
      });
      const file = files?.[0];
      if (file === undefined) return;
      const question = vscode.l10n.t('Unpack the archive into the volume? Files of the same name are replaced.');
      if (!(await confirmRemoval(question, [file.fsPath, volume.Name], vscode.l10n.t('Restore')))) return;
      await withProgress(vscode.l10n.t('Restoring {0}', volume.Name), async (report, signal) => {
        const client = await app.engine.client();
        const { socket, outcome } = await client.stream('volume.import', { Volume: volume.Name }, { signal });
        await pipeline(createReadStream(file.fsPath), countBytes(report), socket, { signal });
        await outcome;
      });
    },

    'slipway.volume.remove': async (app, first, all) => {
      const volumes = await targets(app, 'volume', first, all, { question: vscode.l10n.t('Remove which volume?') });
      if (volumes.length === 0) return;
      const question = vscode.l10n.t('Remove {0} volumes and the data in them?', volumes.length);
      if (
        !(await confirmRemoval(
          question,
          volumes.map(({ Name }) => Name),
          vscode.l10n.t('Remove'),
        ))
      )
        return;
      await forEach(app, 'volume', volumes, vscode.l10n.t('removing…'), (client, { Name }) =>
        client.call('volume.remove', { Volume: Name }),
      );
    },

    'slipway.volume.prune': async (app) => {
      const client = await app.engine.client();
      const { Volumes } = await client.call('volume.list', { Filters: { dangling: ['true'] } });
      if (Volumes.length === 0) {
        void vscode.window.showInformationMessage(vscode.l10n.t('Every volume is in use.'));
        return;
      }
      const question = vscode.l10n.t(
        'Remove {0} volumes that no container uses, and the data in them?',
        Volumes.length,
      );
      if (
        !(await confirmRemoval(
          question,
          Volumes.map(({ Name }) => Name),
          vscode.l10n.t('Remove'),
        ))
      )
        return;
      const { VolumesDeleted, SpaceReclaimed } = await client.call('volume.prune', { Filters: { all: ['true'] } });
      void vscode.window.showInformationMessage(
        vscode.l10n.t('Removed {0} volumes, freed {1}.', VolumesDeleted.length, formatBytes(SpaceReclaimed)),
      );
    },
  };
}
