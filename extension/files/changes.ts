// A file that a container added, changed or removed, beside what the image has.
import * as vscode from 'vscode';
import type { App } from '../commands/app.ts';
import { containerName } from '../views/grouping.ts';
import { fileUri } from './uris.ts';

/** Opens the difference; the side that has no file shows an empty one. */
export async function openChange(
  app: App,
  container: string,
  path: string,
  kind: 'added' | 'changed' | 'removed',
): Promise<void> {
  const record = app.records.get('container', container);
  if (record === undefined) return;
  const empty = vscode.Uri.from({ scheme: 'slipway-view', path: `/nothing${path}` });
  const before = kind === 'added' ? empty : fileUri({ Image: record.ImageID }, path);
  const after = kind === 'removed' ? empty : fileUri({ Container: container }, path);
  const title = vscode.l10n.t('{0} in {1}', path, containerName(record));
  await vscode.commands.executeCommand('vscode.diff', before, after, title);
}
