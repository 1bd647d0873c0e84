// The anatomy page's side in the extension: gathers facts and readings while the page can be seen, and nothing otherwise.
import * as vscode from 'vscode';
import type { Client } from '../../runtime/protocol/client.ts';
import type { Anatomy, ContainerStats, ContainerSummary } from '../../runtime/protocol/container_views.ts';
import { errorMessage, isCancelled } from '../activity.ts';
import type { App } from '../commands/app.ts';
import { openChange } from '../files/changes.ts';
import { formatMemory, shortId } from '../views/format.ts';
import { containerName } from '../views/grouping.ts';
import { openWebview } from '../webview.ts';
import type { Facts, FromPage, Sample, ToPage } from './model.ts';

const open = new Map<string, vscode.WebviewPanel>();

/** Shows the container's page, or brings it to the front where it is open. */
export function showAnatomy(app: App, container: ContainerSummary): void {
  const shown = open.get(container.Id);
  if (shown !== undefined) {
    shown.reveal();
    return;
  }
  const panel = openWebview<ToPage, FromPage>(app.context, {
    id: 'slipway.anatomy',
    title: vscode.l10n.t('Anatomy of {0}', containerName(container)),
    script: 'dist/anatomy.js',
    style: 'extension/media/anatomy.css',
  });
  open.set(container.Id, panel.panel);
  const watch = new Watch(app, container, panel.post);
  panel.onMessage((message) => {
    if (message.type === 'ready') watch.resume();
    else void openChange(app, container.Id, message.path, message.kind);
  });
  panel.panel.onDidChangeViewState(() => (panel.panel.visible ? watch.resume() : watch.pause()));
  panel.panel.onDidDispose(() => {
    open.delete(container.Id);
    watch.dispose();
  });
}

/** Keeps one page fed: a reading a second, the facts at each of the container's events and when the page comes to sight. */
class Watch implements vscode.Disposable {
  readonly #app: App;
  readonly #container: ContainerSummary;
  readonly #post: (message: ToPage) => void;
  readonly #subscription: vscode.Disposable;
  #abort: AbortController | undefined;
  #previous: ContainerStats | undefined;

  constructor(app: App, container: ContainerSummary, post: (message: ToPage) => void) {
    this.#app = app;
    this.#container = container;
    this.#post = post;
    this.#subscription = app.engine.onEvent((event) => {
      if (event.Type !== 'container' || event.Actor.ID !== container.Id || this.#abort === undefined) return;
      if (event.Action === 'destroy')
        this.#post({ type: 'gone', message: vscode.l10n.t('The container was removed.') });
      else if (event.Action === 'start') this.resume();
      else if (!event.Action.startsWith('exec_')) void this.#showFacts(this.#abort.signal);
    });
  }

  resume(): void {
    this.pause();
    const abort = new AbortController();
    this.#abort = abort;
    void this.#showFacts(abort.signal);
    void this.#readStats(abort.signal);
  }

  pause(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#previous = undefined;
  }

  dispose(): void {
    this.pause();
    this.#subscription.dispose();
  }

  async #showFacts(signal: AbortSignal): Promise<void> {
    await this.#guarded(async (client) => {
      const anatomy = await client.call('container.anatomy', { Container: this.#container.Id }, { signal });
      const record = this.#app.records.get('container', this.#container.Id) ?? this.#container;
      this.#post({ type: 'facts', facts: toFacts(anatomy, record, (id) => this.#nameOf(id)) });
    });
  }

  async #readStats(signal: AbortSignal): Promise<void> {
    await this.#guarded(async (client) => {
      const onProgress = (stats: ContainerStats): void => {
        const sample = toSample(stats, this.#previous);
        this.#previous = stats;
        if (sample !== undefined) this.#post({ type: 'sample', sample });
      };
      await client.call('container.stats', { Container: this.#container.Id, Stream: true }, { signal, onProgress });
    });
  }

  async #guarded(work: (client: Client) => Promise<void>): Promise<void> {
    try {
      await work(await this.#app.engine.client());
    } catch (error) {
      if (!isCancelled(error)) this.#post({ type: 'gone', message: errorMessage(error) });
    }
  }

  #nameOf(id: string): string {
    const container = this.#app.records.get('container', id);
    return container === undefined ? shortId(id) : containerName(container);
  }
}

/** A reading as the charts want it; `undefined` for the first one, which has nothing to be a rate against. */
function toSample(stats: ContainerStats, previous: ContainerStats | undefined): Sample | undefined {
  const time = Date.parse(stats.read);
  const elapsed = previous === undefined ? 0 : time - Date.parse(previous.read);
  if (previous === undefined || elapsed <= 0 || stats.memory_stats.usage === undefined) return undefined;
  const rate = (read: (from: ContainerStats) => number): number =>
    Math.max(0, ((read(stats) - read(previous)) / elapsed) * 1000);
  const block = (op: string) => (from: ContainerStats) =>
    sum(
      (from.blkio_stats.io_service_bytes_recursive ?? [])
        .filter((entry) => entry.op.toLowerCase() === op)
        .map(({ value }) => value),
    );
  const network = (key: 'rx_bytes' | 'tx_bytes') => (from: ContainerStats) =>
    sum(Object.values(from.networks ?? {}).map((counters) => counters[key]));
  const cache = stats.memory_stats.stats?.inactive_file ?? stats.memory_stats.stats?.total_inactive_file ?? 0;
  const { limit } = stats.memory_stats;
  const pidsLimit = stats.pids_stats.limit;
  return {
    time,
    cpuPercent: rate((from) => from.cpu_stats.cpu_usage.total_usage) / 1e7,
    memory: Math.max(0, stats.memory_stats.usage - cache),
    ...(limit === undefined ? {} : { memoryLimit: limit }),
    blockRead: rate(block('read')),
    blockWrite: rate(block('write')),
    networkReceived: rate(network('rx_bytes')),
    networkSent: rate(network('tx_bytes')),
    pids: stats.pids_stats.current ?? 0,
    ...(pidsLimit === undefined || pidsLimit <= 0 ? {} : { pidsLimit }),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function toFacts(anatomy: Anatomy, record: ContainerSummary, nameOf: (id: string) => string): Facts {
  const { Cgroup, State, NetworkSettings } = anatomy;
  const limit = (value: number | null, write: (limit: number) => string): string =>
    value === null ? vscode.l10n.t('no limit') : write(value);
  const kinds = ['changed', 'added', 'removed'] as const;
  return {
    id: anatomy.Id,
    name: anatomy.Name.replace(/^\//, ''),
    image: record.Image,
    state: State.Status,
    status: State.Status,
    ...(State.Health === undefined || State.Health.Status === 'none'
      ? {}
      : {
          health: {
            status: State.Health.Status,
            failingStreak: State.Health.FailingStreak,
            lastOutput: State.Health.Log.at(-1)?.Output ?? '',
          },
        }),
    cgroup: {
      path: Cgroup.Path,
      limits: [
        { name: vscode.l10n.t('Memory'), value: limit(Cgroup.MemoryLimit, formatMemory) },
        { name: vscode.l10n.t('Processors'), value: limit(Cgroup.Cpus, String) },
        { name: vscode.l10n.t('Processor shares'), value: limit(Cgroup.CpuShares, String) },
        { name: vscode.l10n.t('Processes'), value: limit(Cgroup.PidsLimit, String) },
      ],
    },
    namespaces: anatomy.Namespaces.map(({ Type, Inode, Host, SharedWith }) => ({
      type: Type,
      inode: Inode,
      sharedWith: [...(Host ? [vscode.l10n.t('the host')] : []), ...SharedWith.map(nameOf)],
    })),
    processes: {
      titles: [
        'PID',
        vscode.l10n.t('PID on the host'),
        vscode.l10n.t('User'),
        vscode.l10n.t('Processor time'),
        vscode.l10n.t('Memory'),
        vscode.l10n.t('Command'),
      ],
      rows: anatomy.Processes.map((process) => [
        String(process.Pid),
        String(process.HostPid),
        process.User,
        `${process.CpuSeconds.toFixed(1)} s`,
        formatMemory(process.RssBytes),
        process.Command,
      ]),
    },
    layers: anatomy.Layers.map(({ DiffId, Size, CreatedBy }) => ({
      id: shortId(DiffId),
      bytes: Size,
      createdBy: CreatedBy,
    })),
    changes: anatomy.Changes.map(({ Kind, Path }) => ({ kind: kinds[Kind], path: Path })),
    mounts: anatomy.Mounts.map(({ Type, Source, Destination, RW }) => ({
      type: Type,
      source: Source,
      target: Destination,
      writable: RW,
    })),
    networks: Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => ({
      name,
      addresses: [endpoint.IPAddress, endpoint.GlobalIPv6Address].filter(
        (address): address is string => address !== undefined && address !== '',
      ),
      mac: endpoint.MacAddress ?? '',
      gateway: endpoint.Gateway ?? '',
    })),
    ports: Object.entries(NetworkSettings.Ports).flatMap(([container, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => ({ container, host: `${HostIp ?? ''}:${HostPort ?? ''}` })),
    ),
  };
}
