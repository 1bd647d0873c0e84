// Commands that look into a running container: terminals, logs, figures, pages.
import * as vscode from 'vscode';
import type { ContainerSummary } from '../../runtime/protocol/container_views.ts';
import { showAnatomy } from '../anatomy/panel.ts';
import { type Documents, textTable } from '../documents.ts';
import { showLogs } from '../logs.ts';
import { splitCommand } from '../run/options.ts';
import { findShell } from '../terminals/sessions.ts';
import type { Terminals } from '../terminals/terminals.ts';
import { formatMemory } from '../views/format.ts';
import { containerName, isLive } from '../views/grouping.ts';
import { type Handler, target, targets } from './app.ts';

const isRunning = ({ State }: ContainerSummary): boolean => State === 'running';

export function containerSessionCommands(
  terminals: Terminals,
  documents: Documents,
): Readonly<Record<string, Handler>> {
  return {
    'slipway.container.attach': async (app, first, all) => {
      const containers = await targets(app, 'container', first, all, {
        question: vscode.l10n.t('Attach to which container?'),
        only: isLive,
      });
      for (const container of containers) {
        terminals.open({ kind: 'attach', container: container.Id, name: containerName(container) });
      }
    },

    'slipway.container.shell': async (app, first, all) => {
      const containers = await targets(app, 'container', first, all, {
        question: vscode.l10n.t('Open a shell in which container?'),
        only: isRunning,
      });
      const client = await app.engine.client();
      for (const container of containers) {
        const shell = await findShell(client, container, app.context.globalState);
        terminals.open({
          kind: 'exec',
          container: container.Id,
          name: `${containerName(container)}: ${shell}`,
          command: [shell],
        });
      }
    },

    'slipway.container.exec': async (app, first) => {
      const container = await target(app, 'container', first, {
        question: vscode.l10n.t('Run a command in which container?'),
        only: isRunning,
      });
      if (container === undefined) return;
      const title = vscode.l10n.t('Command to run in {0}', containerName(container));
      const text = await vscode.window.showInputBox({ title, placeHolder: 'ls -la /', ignoreFocusOut: true });
      if (text === undefined || text.trim() === '') return;
      const user = await vscode.window.showInputBox({
        title: vscode.l10n.t('As which user?'),
        placeHolder: vscode.l10n.t('Empty: the container’s own'),
      });
      if (user === undefined) return;
      const workdir = await vscode.window.showInputBox({
        title: vscode.l10n.t('In which directory?'),
        placeHolder: vscode.l10n.t('Empty: the container’s own'),
      });
      if (workdir === undefined) return;
      terminals.open({
        kind: 'exec',
        container: container.Id,
        name: `${containerName(container)}: ${text}`,
        command: splitCommand(text),
        ...(user === '' ? {} : { user }),
        ...(workdir === '' ? {} : { workdir }),
      });
    },

    'slipway.container.logs': async (app, first, all) => {
      const containers = await targets(app, 'container', first, all, {
        question: vscode.l10n.t('Logs of which container?'),
      });
      for (const container of containers) await showLogs(app, container);
    },

    'slipway.container.anatomy': async (app, first, all) => {
      const containers = await targets(app, 'container', first, all, {
        question: vscode.l10n.t('Anatomy of which container?'),
      });
      for (const container of containers) showAnatomy(app, container);
    },

    'slipway.container.inspect': async (app, first, all) => {
      const containers = await targets(app, 'container', first, all, {
        question: vscode.l10n.t('Inspect which container?'),
      });
      const client = await app.engine.client();
      for (const container of containers) {
        await documents.showJson(
          containerName(container),
          await client.call('container.inspect', { Container: container.Id, Size: true }),
        );
      }
    },

    'slipway.container.top': async (app, first) => {
      const container = await target(app, 'container', first, {
        question: vscode.l10n.t('Processes of which container?'),
        only: isLive,
      });
      if (container === undefined) return;
      const client = await app.engine.client();
      const { Titles, Processes } = await client.call('container.top', { Container: container.Id });
      await documents.show(`${containerName(container)}-processes.txt`, textTable(Titles, Processes));
    },

    'slipway.container.stats': async (app, first, all) => {
      const containers = await targets(app, 'container', first, all, {
        question: vscode.l10n.t('Resource use of which container?'),
        only: isLive,
      });
      if (containers.length === 0) return;
      const client = await app.engine.client();
      const rows = await Promise.all(
        containers.map(async (container) => {
          const stats = await client.call('container.stats', { Container: container.Id });
          const used = stats.cpu_stats.cpu_usage.total_usage - stats.precpu_stats.cpu_usage.total_usage;
          const elapsed = Date.parse(stats.read) - Date.parse(stats.preread);
          const cpu = elapsed > 0 ? `${((used / 1e6 / elapsed) * 100).toFixed(1)} %` : '–';
          const { usage = 0, limit } = stats.memory_stats;
          const memory = limit === undefined ? formatMemory(usage) : `${formatMemory(usage)} / ${formatMemory(limit)}`;
          return [containerName(container), cpu, memory, String(stats.pids_stats.current ?? 0)];
        }),
      );
      const titles = [
        vscode.l10n.t('Container'),
        vscode.l10n.t('Processor'),
        vscode.l10n.t('Memory'),
        vscode.l10n.t('Processes'),
      ];
      await documents.show('resource-use.txt', textTable(titles, rows));
    },

    'slipway.container.openInBrowser': async (app, first) => {
      const container = await target(app, 'container', first, {
        question: vscode.l10n.t('Open which container?'),
        only: ({ Ports }) => Ports.some((port) => port.PublicPort !== undefined && port.Type === 'tcp'),
      });
      if (container === undefined) {
        void vscode.window.showInformationMessage(vscode.l10n.t('The container publishes no TCP port.'));
        return;
      }
      const published = [
        ...new Map(
          container.Ports.filter((port) => port.PublicPort !== undefined && port.Type === 'tcp').map((port) => [
            port.PublicPort,
            port,
          ]),
        ).values(),
      ];
      const chosen =
        published.length === 1
          ? published[0]
          : (
              await vscode.window.showQuickPick(
                published.map((port) => ({
                  label: String(port.PublicPort),
                  description: `→ ${port.PrivatePort}`,
                  port,
                })),
                { title: vscode.l10n.t('Which port?') },
              )
            )?.port;
      if (chosen === undefined) return;
      const protocol = [443, 8443].includes(chosen.PrivatePort) ? 'https' : 'http';
      // Remote windows forward the port and give the address that works on the person's own machine.
      const uri = await vscode.env.asExternalUri(vscode.Uri.parse(`${protocol}://localhost:${chosen.PublicPort}/`));
      await vscode.env.openExternal(uri);
    },
  };
}
