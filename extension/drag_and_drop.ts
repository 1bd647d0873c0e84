// Files dropped on a container are copied into it.
import * as vscode from 'vscode';
import type { App } from './commands/app.ts';
import { showError } from './commands/app.ts';
import { copyInto } from './commands/container_files.ts';
import { ContainerRow } from './views/container_rows.ts';
import type { Row } from './views/row.ts';

const uriList = 'text/uri-list';

export function containerDropController(app: App): vscode.TreeDragAndDropController<Row> {
  return {
    dropMimeTypes: [uriList],
    dragMimeTypes: [],
    async handleDrop(row, data) {
      if (!(row instanceof ContainerRow)) return;
      const container = app.records.get('container', row.containerId);
      const text = await data.get(uriList)?.asString();
      if (container === undefined || text === undefined) return;
      const sources = text
        .split(/\r?\n/)
        .filter((line) => line !== '')
        .map((line) => vscode.Uri.parse(line));
      const directory = await vscode.window.showInputBox({
        title: vscode.l10n.t('Copy to which directory?'),
        value: '/',
      });
      if (directory === undefined) return;
      try {
        await copyInto(container, directory, sources);
      } catch (error) {
        await showError(app, error);
      }
    },
  };
}
