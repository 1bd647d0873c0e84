// Rows of the Containers view: headings, containers, and under each container what the kernel says of it.
import * as vscode from 'vscode';
import type { Anatomy, ContainerSummary } from '../../runtime/protocol/container_views.ts';
import type { Activity } from '../activity.ts';
import { formatAge, formatBytes, formatMemory, shortId } from './format.ts';
import { type ContainerGroup, containerName, isLive } from './grouping.ts';
import { factRow, type Row } from './row.ts';

interface ContainerRowStyle {
  label: 'name' | 'id' | 'image';
  description: readonly string[];
}

/** What rows need from around them. */
export interface ContainerRowSource {
  record(id: string): ContainerSummary | undefined;
  style(): ContainerRowStyle;
  anatomy(id: string): Promise<Anatomy>;
  readonly activity: Activity;
}

const icons: Record<string, [icon: string, color?: string]> = {
  running: ['vm-running', 'testing.iconPassed'],
  paused: ['debug-pause', 'testing.iconQueued'],
  restarting: ['debug-restart', 'testing.iconQueued'],
  created: ['vm-outline'],
  exited: ['vm'],
  removing: ['trash'],
  dead: ['error', 'testing.iconFailed'],
};

export class ContainerRow implements Row {
  readonly id: string;
  readonly containerId: string;
  readonly parent?: Row;
  readonly #source: ContainerRowSource;

  constructor(source: ContainerRowSource, containerId: string, parent?: Row) {
    this.#source = source;
    this.containerId = containerId;
    // A container on two networks stands under both: its heading is part of the row's id.
    this.id = parent === undefined ? containerId : `${parent.id}/${containerId}`;
    if (parent !== undefined) this.parent = parent;
  }

  item(): vscode.TreeItem {
    const container = this.#source.record(this.containerId);
    if (container === undefined) return new vscode.TreeItem(shortId(this.containerId));
    const { label, description } = this.#source.style();
    const text =
      label === 'id' ? shortId(container.Id) : label === 'image' ? container.Image : containerName(container);
    const item = new vscode.TreeItem(text, vscode.TreeItemCollapsibleState.Collapsed);
    item.contextValue = `container:${container.State}`;
    item.description = description
      .map((part) => describe(container, part))
      .filter(Boolean)
      .join(' · ');
    const [icon = 'vm', color] = icons[container.State] ?? [];
    item.iconPath = new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
    item.accessibilityInformation = { label: `${text}, ${container.State}, ${container.Image}` };
    showActivity(item, this.#source.activity.get(container.Id));
    return item;
  }

  async children(): Promise<Row[]> {
    const anatomy = await this.#source.anatomy(this.containerId);
    return anatomyRows(this, anatomy, (id) => {
      const other = this.#source.record(id);
      return other === undefined ? shortId(id) : containerName(other);
    });
  }

  async tooltip(): Promise<vscode.MarkdownString | undefined> {
    const container = this.#source.record(this.containerId);
    if (container === undefined) return undefined;
    const failed = this.#source.activity.get(container.Id);
    const text = new vscode.MarkdownString();
    text.appendMarkdown(`**${escapeMarkdown(containerName(container))}** \`${shortId(container.Id)}\`\n\n`);
    const facts: [string, string][] = [
      [vscode.l10n.t('Image'), container.Image],
      [vscode.l10n.t('Status'), statusText(container, Date.now())],
      [vscode.l10n.t('Command'), container.Command],
      [vscode.l10n.t('Ports'), portsText(container)],
      [vscode.l10n.t('Networks'), Object.keys(container.NetworkSettings.Networks).join(', ')],
      [vscode.l10n.t('Mounts'), container.Mounts.map((mount) => mount.Destination).join(', ')],
      [vscode.l10n.t('Error'), failed?.state === 'failed' ? failed.message : ''],
    ];
    for (const [name, value] of facts) {
      if (value !== '') text.appendMarkdown(`- ${name}: ${escapeMarkdown(value)}\n`);
    }
    return text;
  }
}

export class GroupRow implements Row {
  readonly id: string;
  readonly #group: ContainerGroup;
  readonly #rows: readonly ContainerRow[];

  constructor(source: ContainerRowSource, group: ContainerGroup) {
    this.id = `group:${group.key}`;
    this.#group = group;
    this.#rows = group.containers.map(({ Id }) => new ContainerRow(source, Id, this));
  }

  item(): vscode.TreeItem {
    const item = new vscode.TreeItem(this.#group.label, vscode.TreeItemCollapsibleState.Expanded);
    const running = this.#group.containers.filter(isLive).length;
    item.description = vscode.l10n.t('{0} of {1} running', running, this.#group.containers.length);
    item.contextValue = 'group';
    item.iconPath = new vscode.ThemeIcon('folder');
    return item;
  }

  children(): readonly ContainerRow[] {
    return this.#rows;
  }
}

/** Shows on a row what is under way, or what failed. */
export function showActivity(item: vscode.TreeItem, activity: ReturnType<Activity['get']>): void {
  if (activity?.state === 'busy') {
    item.iconPath = new vscode.ThemeIcon('loading~spin');
    item.description = activity.label;
  } else if (activity?.state === 'failed') {
    item.iconPath = new vscode.ThemeIcon('error', new vscode.ThemeColor('errorForeground'));
    item.description = activity.message;
  }
}

/** Docker's status column, from the record's own times, so that no row has to be asked for again to stay true. */
function statusText(container: ContainerSummary, now: number): string {
  const since = (time: string): string => formatAge(Date.parse(time), now).replace(/ ago$/, '');
  const health = container.Health === 'none' ? '' : ` (${container.Health})`;
  switch (container.State) {
    case 'running':
      return `Up ${since(container.StartedAt)}${health}`;
    case 'paused':
      return `Up ${since(container.StartedAt)} (Paused)`;
    case 'exited':
      return `Exited (${container.ExitCode}) ${formatAge(Date.parse(container.FinishedAt), now)}`;
    default:
      return container.State.charAt(0).toUpperCase() + container.State.slice(1);
  }
}

function portsText(container: ContainerSummary): string {
  return container.Ports.map((port) =>
    port.PublicPort === undefined
      ? `${port.PrivatePort}/${port.Type}`
      : `${port.IP ?? ''}:${port.PublicPort}→${port.PrivatePort}/${port.Type}`,
  ).join(', ');
}

function describe(container: ContainerSummary, part: string): string {
  switch (part) {
    case 'image':
      return container.Image;
    case 'status':
      return statusText(container, Date.now());
    case 'ports':
      return portsText(container);
    case 'id':
      return shortId(container.Id);
    case 'command':
      return container.Command;
    case 'size':
      return container.SizeRw === undefined ? '' : formatBytes(container.SizeRw);
    case 'networks':
      return Object.keys(container.NetworkSettings.Networks).join(', ');
    default:
      return '';
  }
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, '\\$&');
}

/** The anatomy page's facts as rows. */
function anatomyRows(parent: Row, anatomy: Anatomy, nameOf: (id: string) => string): Row[] {
  const { t } = vscode.l10n;
  const kinds = ['~', '+', '−'];
  const group = (key: string, label: string, icon: string, rows: (row: Row) => Row[]): Row => {
    const row: Row = factRow(parent, key, label, '', { icon, children: () => made });
    const made = rows(row);
    return row;
  };
  return [
    group('processes', t('Processes'), 'symbol-event', (row) =>
      anatomy.Processes.map((process) =>
        factRow(
          row,
          String(process.HostPid),
          process.Command,
          `pid ${process.Pid} · ${formatMemory(process.RssBytes)}`,
        ),
      ),
    ),
    group('namespaces', t('Namespaces'), 'symbol-namespace', (row) =>
      anatomy.Namespaces.map((namespace) => {
        const shared = [...(namespace.Host ? [t('the host')] : []), ...namespace.SharedWith.map(nameOf)];
        const description = shared.length === 0 ? String(namespace.Inode) : `${namespace.Inode} · ${shared.join(', ')}`;
        return factRow(row, namespace.Type, namespace.Type, description);
      }),
    ),
    group('cgroup', t('Limits'), 'dashboard', (row) => [
      factRow(row, 'memory', t('Memory'), limitText(anatomy.Cgroup.MemoryLimit, formatMemory)),
      factRow(row, 'cpus', t('Processors'), limitText(anatomy.Cgroup.Cpus, String)),
      factRow(row, 'pids', t('Process limit'), limitText(anatomy.Cgroup.PidsLimit, String)),
      factRow(row, 'path', t('cgroup'), anatomy.Cgroup.Path),
    ]),
    group('layers', t('Layers'), 'layers', (row) =>
      anatomy.Layers.map((layer) =>
        factRow(row, layer.ChainId, layer.CreatedBy || shortId(layer.DiffId), formatBytes(layer.Size)),
      ),
    ),
    group('changes', t('Changed files'), 'diff', (row) =>
      anatomy.Changes.map((change) => factRow(row, change.Path, `${kinds[change.Kind]} ${change.Path}`)),
    ),
    group('mounts', t('Mounts'), 'database', (row) =>
      anatomy.Mounts.map((mount) => factRow(row, mount.Destination, mount.Destination, mount.Source)),
    ),
    group('network', t('Network'), 'type-hierarchy', (row) =>
      Object.entries(anatomy.NetworkSettings.Networks).map(([name, endpoint]) =>
        factRow(row, name, name, [endpoint.IPAddress, endpoint.GlobalIPv6Address].filter(Boolean).join(' ')),
      ),
    ),
  ];
}

function limitText(limit: number | null, write: (value: number) => string): string {
  return limit === null ? vscode.l10n.t('no limit') : write(limit);
}
