// Commands on a container's files: browse, copy both ways, what changed, export, commit.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import * as vscode from 'vscode';
import type { ContainerSummary } from '../../runtime/protocol/container_views.ts';
import { openChange } from '../files/changes.ts';
import { fileUri } from '../files/uris.ts';
import { quoteForShell } from '../run/options.ts';
import { formatBytes } from '../views/format.ts';
import { containerName } from '../views/grouping.ts';
import { type App, forEach, type Handler, target, withProgress } from './app.ts';

async function one(app: App, first: unknown, question: string): Promise<ContainerSummary | undefined> {
  return await target(app, 'container', first, { question });
}

export const containerFileCommands: Readonly<Record<string, Handler>> = {
  'slipway.container.browse': async (app, first) => {
    const container = await one(app, first, vscode.l10n.t('Browse which container?'));
    if (container === undefined) return;
    await addFolder(fileUri({ Container: container.Id }, '/'), containerName(container));
  },

  'slipway.container.diff': async (app, first) => {
    const container = await one(app, first, vscode.l10n.t('Changes of which container?'));
    if (container === undefined) return;
    const client = await app.engine.client();
    const changes = await client.call('container.changes', { Container: container.Id });
    if (changes.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t('{0} changed no file.', containerName(container)));
      return;
    }
    const kinds = ['changed', 'added', 'removed'] as const;
    const icons = ['diff-modified', 'diff-added', 'diff-removed'];
    const items = changes.map(({ Kind, Path }) => ({
      label: `$(${icons[Kind]}) ${Path}`,
      path: Path,
      change: kinds[Kind],
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('{0} changed {1} paths', containerName(container), changes.length),
    });
    if (chosen !== undefined) await openChange(app, container.Id, chosen.path, chosen.change);
  },

  'slipway.container.copyFrom': async (app, first) => {
    const container = await one(app, first, vscode.l10n.t('Copy from which container?'));
    if (container === undefined) return;
    const path = await vscode.window.showInputBox({
      title: vscode.l10n.t('File or directory in {0}', containerName(container)),
      value: '/',
      validateInput: absolute,
    });
    if (path === undefined) return;
    const folders = await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: vscode.l10n.t('Copy Here'),
    });
    const folder = folders?.[0];
    if (folder === undefined) return;
    const name = path.split('/').filter(Boolean).at(-1) ?? containerName(container);
    await copyTree(fileUri({ Container: container.Id }, path), vscode.Uri.joinPath(folder, name));
  },

  'slipway.container.copyTo': async (app, first) => {
    const container = await one(app, first, vscode.l10n.t('Copy to which container?'));
    if (container === undefined) return;
    const sources = await vscode.window.showOpenDialog({
      canSelectFiles: true,
      canSelectFolders: true,
      canSelectMany: true,
      openLabel: vscode.l10n.t('Copy'),
    });
    if (sources === undefined) return;
    const path = await vscode.window.showInputBox({
      title: vscode.l10n.t('Directory in {0}', containerName(container)),
      value: '/',
      validateInput: absolute,
    });
    if (path === undefined) return;
    await copyInto(container, path, sources);
  },

  'slipway.container.export': async (app, first) => {
    const container = await one(app, first, vscode.l10n.t('Export which container?'));
    if (container === undefined) return;
    const target = await saveTarget(`${containerName(container)}.tar`);
    if (target === undefined) return;
    await withProgress(vscode.l10n.t('Exporting {0}', containerName(container)), async (report, signal) => {
      const client = await app.engine.client();
      const { socket, outcome } = await client.stream('container.export', { Container: container.Id }, { signal });
      await pipeline(socket, countBytes(report), createWriteStream(target.fsPath), { signal });
      await outcome;
    });
  },

  'slipway.container.commit': async (app, first) => {
    const container = await one(app, first, vscode.l10n.t('Commit which container?'));
    if (container === undefined) return;
    const Reference = await vscode.window.showInputBox({
      title: vscode.l10n.t('Name and tag of the new image'),
      placeHolder: 'my-app:latest',
    });
    if (Reference === undefined) return;
    const Message = await vscode.window.showInputBox({ title: vscode.l10n.t('Message (may be empty)') });
    if (Message === undefined) return;
    await forEach(app, 'container', [container], vscode.l10n.t('committing…'), (client, { Id }) =>
      client.call('container.commit', {
        Container: Id,
        ...(Reference === '' ? {} : { Reference }),
        ...(Message === '' ? {} : { Message }),
      }),
    );
  },
};

/** Copies files and folders of the machine into a directory of the container; also what a drop on the tree does. */
export async function copyInto(
  container: ContainerSummary,
  directory: string,
  sources: readonly vscode.Uri[],
): Promise<void> {
  const root = fileUri({ Container: container.Id }, directory);
  for (const source of sources) {
    const name = source.path.split('/').filter(Boolean).at(-1);
    if (name !== undefined) await copyTree(source, vscode.Uri.joinPath(root, name));
  }
}

/** Shows a file system of the engine's as a folder of the workspace, in the editor's own explorer. */
export async function addFolder(uri: vscode.Uri, name: string): Promise<void> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const known = folders.some((folder) => folder.uri.toString() === uri.toString());
  if (!known) vscode.workspace.updateWorkspaceFolders(folders.length, 0, { uri, name });
  await vscode.commands.executeCommand('workbench.view.explorer');
}

/** Copies through the editor's file systems; existing files are replaced. */
async function copyTree(from: vscode.Uri, to: vscode.Uri): Promise<void> {
  await withProgress(vscode.l10n.t('Copying {0}', from.path), async (report) => {
    report(to.path);
    const stat = await vscode.workspace.fs.stat(from);
    if ((stat.type & vscode.FileType.Directory) === 0) {
      await vscode.workspace.fs.writeFile(to, await vscode.workspace.fs.readFile(from));
      return;
    }
    await copyDirectory(from, to, report);
  });
}

async function copyDirectory(from: vscode.Uri, to: vscode.Uri, report: (message: string) => void): Promise<void> {
  await vscode.workspace.fs.createDirectory(to);
  for (const [name, type] of await vscode.workspace.fs.readDirectory(from)) {
    const [source, target] = [vscode.Uri.joinPath(from, name), vscode.Uri.joinPath(to, name)];
    report(source.path);
    // A link to a directory may lead in circles: only what is a directory itself is entered.
    if (type === vscode.FileType.Directory) await copyDirectory(source, target, report);
    else if ((type & vscode.FileType.File) !== 0) {
      await vscode.workspace.fs.writeFile(target, await vscode.workspace.fs.readFile(source));
    }
  }
}

export async function saveTarget(name: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri;
  const safe = name.replace(/[/:]/g, '-');
  return await vscode.window.showSaveDialog({
    filters: { Archive: ['tar'] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, safe) }),
  });
}

/** Passes bytes on and reports how many came by. */
export function countBytes(
  report: (message: string) => void,
): (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* count(source) {
    let total = 0;
    for await (const chunk of source) {
      total += chunk.length;
      report(formatBytes(total));
      yield chunk;
    }
  };
}

function absolute(path: string): string | undefined {
  return path.startsWith('/') ? undefined : vscode.l10n.t('{0} is not an absolute path.', quoteForShell(path));
}
