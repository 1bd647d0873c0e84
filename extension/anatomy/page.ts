/// <reference lib="dom" />
// The anatomy page, inside its webview: draws what the panel sends and asks for nothing from anywhere else.

import { t } from '../page_words.ts';
import { formatBytes, formatMemory } from '../views/format.ts';
import { type Chart, createChart } from './charts.ts';
import type { ChangeFact, Facts, FromPage, Sample, ToPage } from './model.ts';

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void };

const vscode = acquireVsCodeApi();
const root = document.body;
const heading = root.appendChild(document.createElement('h1'));
const status = root.appendChild(document.createElement('p'));
status.setAttribute('role', 'status');
const charts = createCharts(section('resources', t('Resources')));
const sections = {
  limits: section('limits', t('Limits')),
  processes: section('processes', t('Processes')),
  namespaces: section('namespaces', t('Namespaces')),
  layers: section('layers', t('Layers')),
  changes: section('changed-files', t('Changed files')),
  mounts: section('mounts', t('Mounts')),
  network: section('network', t('Network')),
};

window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
  if (data.type === 'facts') showFacts(data.facts);
  else if (data.type === 'sample') showSample(data.sample);
  else status.textContent = data.message;
});
vscode.postMessage({ type: 'ready' });

function section(id: string, title: string): HTMLElement {
  const element = root.appendChild(document.createElement('section'));
  const header = element.appendChild(document.createElement('h2'));
  header.textContent = title;
  header.id = id;
  element.setAttribute('aria-labelledby', header.id);
  return element.appendChild(document.createElement('div'));
}

function createCharts(parent: HTMLElement): Record<'cpu' | 'memory' | 'block' | 'network' | 'pids', Chart> {
  parent.className = 'charts';
  return {
    cpu: createChart(parent, t('Processor'), [t('use')]),
    memory: createChart(parent, t('Memory'), [t('use')]),
    block: createChart(parent, t('Disk'), [t('read'), t('written')]),
    network: createChart(parent, t('Network'), [t('received'), t('sent')]),
    pids: createChart(parent, t('Processes'), [t('count')]),
  };
}

function showSample(sample: Sample): void {
  const rate = (bytes: number): string => `${formatBytes(Math.round(bytes))}/s`;
  const of = (limit: number | undefined, write: (value: number) => string): string =>
    limit === undefined ? t('no limit') : t('limit {0}', write(limit));
  charts.cpu.add([sample.cpuPercent], `${sample.cpuPercent.toFixed(1)} %`);
  const memoryLimit = of(sample.memoryLimit, formatMemory);
  charts.memory.add([sample.memory], `${formatMemory(sample.memory)}, ${memoryLimit}`, sample.memoryLimit);
  charts.block.add(
    [sample.blockRead, sample.blockWrite],
    t('{0} read, {1} written', rate(sample.blockRead), rate(sample.blockWrite)),
  );
  charts.network.add(
    [sample.networkReceived, sample.networkSent],
    t('{0} received, {1} sent', rate(sample.networkReceived), rate(sample.networkSent)),
  );
  charts.pids.add([sample.pids], `${sample.pids}, ${of(sample.pidsLimit, String)}`, sample.pidsLimit);
}

function showFacts(facts: Facts): void {
  heading.textContent = facts.name;
  const health = facts.health === undefined ? '' : `; ${t('health: {0}', facts.health.status)}`;
  status.textContent = `${facts.image} · ${facts.status}${health}`;
  fill(
    sections.limits,
    t('Limits of its cgroup'),
    [t('Limit'), t('Value')],
    [['cgroup', facts.cgroup.path], ...facts.cgroup.limits.map(({ name, value }) => [name, value])],
  );
  fill(sections.processes, t('Processes inside'), facts.processes.titles, facts.processes.rows);
  fill(
    sections.namespaces,
    t('Namespaces and who shares them'),
    [t('Namespace'), t('Inode'), t('Shared with')],
    facts.namespaces.map(({ type, inode, sharedWith }) => [
      type,
      String(inode ?? '–'),
      sharedWith.join(', ') || t('nobody'),
    ]),
  );
  fill(
    sections.layers,
    t('Layers, the topmost first'),
    [t('Layer'), t('Size'), t('Made by')],
    facts.layers.map(({ id, bytes, createdBy }) => [id, formatBytes(bytes), createdBy]),
  );
  fill(
    sections.mounts,
    t('Mounts'),
    [t('Type'), t('Source'), t('In the container'), t('Access')],
    facts.mounts.map(({ type, source, target, writable }) => [
      type,
      source,
      target,
      writable ? t('read and write') : t('read only'),
    ]),
  );
  fill(
    sections.network,
    t('Addresses and ports'),
    [t('Network'), t('Addresses'), t('MAC'), t('Gateway')],
    facts.networks.map(({ name, addresses, mac, gateway }) => [name, addresses.join(', '), mac, gateway]),
  );
  for (const { container, host } of facts.ports) {
    sections.network.appendChild(document.createElement('p')).textContent = `${host} → ${container}`;
  }
  showChanges(facts.changes);
}

const kindWords: Readonly<Record<ChangeFact['kind'], string>> = {
  added: t('added'),
  changed: t('changed'),
  removed: t('removed'),
};

/** Each changed file is a button that opens its difference from the image. */
function showChanges(changes: readonly ChangeFact[]): void {
  const list = document.createElement('ul');
  for (const { kind, path } of changes) {
    const item = list.appendChild(document.createElement('li'));
    item.className = kind;
    const button = item.appendChild(document.createElement('button'));
    button.textContent = `${kindWords[kind]}: ${path}`;
    button.addEventListener('click', () => vscode.postMessage({ type: 'openChange', kind, path }));
  }
  const nothing = document.createElement('p');
  nothing.textContent = t('Nothing was changed.');
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
