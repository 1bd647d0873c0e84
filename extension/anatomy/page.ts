/// <reference lib="dom" />
// The anatomy page, inside its webview: draws what the panel sends and asks for nothing from anywhere else.
import { formatBytes } from '../views/format.ts';
import { type Chart, createChart } from './charts.ts';
import type { ChangeFact, Facts, FromPage, Sample, ToPage } from './model.ts';

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void };

const vscode = acquireVsCodeApi();
const root = document.body;
const heading = root.appendChild(document.createElement('h1'));
const status = root.appendChild(document.createElement('p'));
status.setAttribute('role', 'status');
const charts = createCharts(section('Resources'));
const sections = {
  limits: section('Limits'),
  processes: section('Processes'),
  namespaces: section('Namespaces'),
  layers: section('Layers'),
  changes: section('Changed files'),
  mounts: section('Mounts'),
  network: section('Network'),
};

window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
  if (data.type === 'facts') showFacts(data.facts);
  else if (data.type === 'sample') showSample(data.sample);
  else status.textContent = data.message;
});
vscode.postMessage({ type: 'ready' });

function section(title: string): HTMLElement {
  const element = root.appendChild(document.createElement('section'));
  const header = element.appendChild(document.createElement('h2'));
  header.textContent = title;
  header.id = title.toLowerCase().replaceAll(' ', '-');
  element.setAttribute('aria-labelledby', header.id);
  return element.appendChild(document.createElement('div'));
}

function createCharts(parent: HTMLElement): Record<'cpu' | 'memory' | 'block' | 'network' | 'pids', Chart> {
  parent.className = 'charts';
  return {
    cpu: createChart(parent, 'Processor', ['use']),
    memory: createChart(parent, 'Memory', ['use']),
    block: createChart(parent, 'Disk', ['read', 'written']),
    network: createChart(parent, 'Network', ['received', 'sent']),
    pids: createChart(parent, 'Processes', ['count']),
  };
}

function showSample(sample: Sample): void {
  const rate = (bytes: number): string => `${formatBytes(Math.round(bytes))}/s`;
  const of = (limit: number | undefined, write: (value: number) => string): string =>
    limit === undefined ? 'no limit' : `limit ${write(limit)}`;
  charts.cpu.add([sample.cpuPercent], `${sample.cpuPercent.toFixed(1)} %`);
  const memoryLimit = of(sample.memoryLimit, formatBytes);
  charts.memory.add([sample.memory], `${formatBytes(sample.memory)}, ${memoryLimit}`, sample.memoryLimit);
  charts.block.add(
    [sample.blockRead, sample.blockWrite],
    `${rate(sample.blockRead)} read, ${rate(sample.blockWrite)} written`,
  );
  charts.network.add(
    [sample.networkReceived, sample.networkSent],
    `${rate(sample.networkReceived)} received, ${rate(sample.networkSent)} sent`,
  );
  charts.pids.add([sample.pids], `${sample.pids}, ${of(sample.pidsLimit, String)}`, sample.pidsLimit);
}

function showFacts(facts: Facts): void {
  heading.textContent = facts.name;
  const health = facts.health === undefined ? '' : `; health: ${facts.health.status}`;
  status.textContent = `${facts.image} · ${facts.status}${health}`;
  fill(
    sections.limits,
    'Limits of its cgroup',
    ['Limit', 'Value'],
    [['cgroup', facts.cgroup.path], ...facts.cgroup.limits.map(({ name, value }) => [name, value])],
  );
  fill(sections.processes, 'Processes inside', facts.processes.titles, facts.processes.rows);
  fill(
    sections.namespaces,
    'Namespaces and who shares them',
    ['Namespace', 'Inode', 'Shared with'],
    facts.namespaces.map(({ type, inode, sharedWith }) => [
      type,
      String(inode ?? '–'),
      sharedWith.join(', ') || 'nobody',
    ]),
  );
  fill(
    sections.layers,
    'Layers, the topmost first',
    ['Layer', 'Size', 'Made by'],
    facts.layers.map(({ id, bytes, createdBy }) => [id, formatBytes(bytes), createdBy]),
  );
  fill(
    sections.mounts,
    'Mounts',
    ['Type', 'Source', 'In the container', 'Access'],
    facts.mounts.map(({ type, source, target, writable }) => [
      type,
      source,
      target,
      writable ? 'read and write' : 'read only',
    ]),
  );
  fill(
    sections.network,
    'Addresses and ports',
    ['Network', 'Addresses', 'MAC', 'Gateway'],
    facts.networks.map(({ name, addresses, mac, gateway }) => [name, addresses.join(', '), mac, gateway]),
  );
  for (const { container, host } of facts.ports) {
    sections.network.appendChild(document.createElement('p')).textContent = `${host} → ${container}`;
  }
  showChanges(facts.changes);
}

/** Each changed file is a button that opens its difference from the image. */
function showChanges(changes: readonly ChangeFact[]): void {
  const list = document.createElement('ul');
  for (const { kind, path } of changes) {
    const item = list.appendChild(document.createElement('li'));
    item.className = kind;
    const button = item.appendChild(document.createElement('button'));
    button.textContent = `${kind}: ${path}`;
    button.addEventListener('click', () => vscode.postMessage({ type: 'openChange', kind, path }));
  }
  const nothing = document.createElement('p');
  nothing.textContent = 'Nothing was changed.';
  keepingFocus(sections.changes, () => sections.changes.replaceChildren(changes.length > 0 ? list : nothing));
}

function fill(
  parent: HTMLElement,
  caption: string,
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const table = document.createElement('table');
  table.createCaption().textContent = caption;
  const head = table.createTHead().insertRow();
  for (const title of titles) {
    const cell = head.appendChild(document.createElement('th'));
    cell.scope = 'col';
    cell.textContent = title;
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) line.insertCell().textContent = text;
  }
  parent.replaceChildren(table);
}

/** Redrawing must not take the keyboard away from the button it is on. */
function keepingFocus(parent: HTMLElement, redraw: () => void): void {
  const focused = parent.contains(document.activeElement) ? document.activeElement?.textContent : undefined;
  redraw();
  if (focused === undefined || focused === null) return;
  for (const button of parent.querySelectorAll('button')) {
    if (button.textContent === focused) button.focus();
  }
}
