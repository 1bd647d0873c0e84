/// <reference lib="dom" />
// The run form, inside its webview. It keeps what was typed in its own fields and says so at every change.
import { t } from '../page_words.ts';
import type { FromForm, ToForm } from './form_messages.ts';
import type { PortChoice, RunOptions, VolumeChoice } from './options.ts';

declare function acquireVsCodeApi(): { postMessage(message: FromForm): void };

interface RowField {
  key: string;
  label: string;
  list?: string;
  choices?: readonly string[];
}

const vscode = acquireVsCodeApi();
const form = document.body.appendChild(document.createElement('form'));
const heading = form.appendChild(document.createElement('h1'));
let image = '';

const name = textField(t('Name'), t('Chosen by Slipway when left empty'));
const command = textField(t('Command'), t("The image's own when left empty"));
const ports = rows(t('Ports'), [
  { key: 'address', label: t('Host address') },
  { key: 'host', label: t('Host port') },
  { key: 'container', label: t('Container port') },
  { key: 'protocol', label: t('Protocol'), choices: ['tcp', 'udp'] },
]);
const volumes = rows(t('Volumes'), [
  { key: 'source', label: t('Host path or volume'), list: 'volume-names' },
  { key: 'target', label: t('Path in the container') },
  { key: 'access', label: t('Access'), choices: [t('read and write'), t('read only')] },
]);
const environment = rows(t('Environment'), [
  { key: 'name', label: t('Variable') },
  { key: 'value', label: t('Value') },
]);
const network = textField(t('Network'), 'bridge', 'network-names');
const memory = textField(t('Memory limit'), t('None; for example 512m'));
const cpus = textField(t('Processors'), t('No limit; for example 1.5'));
const pidsLimit = textField(t('Process limit'), t('None; for example 100'));
const user = textField(t('User'), t("The image's own; for example 1000:1000"));
const workdir = textField(t('Working directory'), t("The image's own"));
const restart = selectField(t('Restart'), ['no', 'always', 'unless-stopped', 'on-failure']);
const interactive = checkField(t('Interactive, in a terminal'));
const removeOnExit = checkField(t('Remove it when it ends'));
const networkNames = datalist('network-names');
const volumeNames = datalist('volume-names');

const preview = form.appendChild(document.createElement('pre'));
preview.setAttribute('aria-label', t('Equivalent command'));
const failure = form.appendChild(document.createElement('p'));
failure.setAttribute('role', 'alert');
const buttons = form.appendChild(document.createElement('div'));
buttons.className = 'buttons';
button(t('Run'), 'submit');
button(t('Copy Command')).addEventListener('click', () => vscode.postMessage({ type: 'copy', options: collect() }));
button(t('Save as Task')).addEventListener('click', () => vscode.postMessage({ type: 'save', options: collect() }));

form.addEventListener('input', changed);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  failure.textContent = '';
  vscode.postMessage({ type: 'run', options: collect() });
});
window.addEventListener('message', ({ data }: MessageEvent<ToForm>) => {
  if (data.type === 'preview') preview.textContent = data.line;
  else if (data.type === 'failed') failure.textContent = data.message;
  else show(data);
});
vscode.postMessage({ type: 'ready' });

function changed(): void {
  vscode.postMessage({ type: 'changed', options: collect() });
}

function show({ options, networks, volumes: names }: Extract<ToForm, { type: 'show' }>): void {
  image = options.image;
  heading.textContent = t('Run {0}', image);
  name.value = options.name;
  command.value = options.command;
  ports.set(options.ports.map((port) => ({ ...port })));
  volumes.set(
    options.volumes.map(({ source, target, readOnly }) => ({
      source,
      target,
      access: readOnly ? t('read only') : t('read and write'),
    })),
  );
  environment.set(options.environment.map((variable) => ({ ...variable })));
  network.value = options.network;
  memory.value = options.memory;
  cpus.value = options.cpus;
  pidsLimit.value = options.pidsLimit;
  user.value = options.user;
  workdir.value = options.workdir;
  restart.value = options.restart;
  interactive.checked = options.interactive;
  removeOnExit.checked = options.removeOnExit;
  networkNames.replaceChildren(...networks.map(option));
  volumeNames.replaceChildren(...names.map(option));
  changed();
  name.focus();
}

function collect(): RunOptions {
  const port = (row: Record<string, string>): PortChoice => ({
    address: row.address ?? '',
    host: row.host ?? '',
    container: row.container ?? '',
    protocol: row.protocol === 'udp' ? 'udp' : 'tcp',
  });
  const volume = (row: Record<string, string>): VolumeChoice => ({
    source: row.source ?? '',
    target: row.target ?? '',
    readOnly: row.access === t('read only'),
  });
  const policy = (['always', 'unless-stopped', 'on-failure'] as const).find((choice) => choice === restart.value);
  return {
    image,
    name: name.value.trim(),
    command: command.value,
    ports: ports
      .get()
      .filter((row) => row.container !== '')
      .map(port),
    volumes: volumes
      .get()
      .filter((row) => row.target !== '')
      .map(volume),
    environment: environment
      .get()
      .filter((row) => row.name !== '')
      .map((row) => ({ name: row.name ?? '', value: row.value ?? '' })),
    network: network.value.trim(),
    memory: memory.value.trim(),
    cpus: cpus.value.trim(),
    pidsLimit: pidsLimit.value.trim(),
    user: user.value.trim(),
    workdir: workdir.value.trim(),
    restart: policy ?? 'no',
    interactive: interactive.checked,
    removeOnExit: removeOnExit.checked,
  };
}

function labelled<T extends HTMLElement>(parent: HTMLElement, text: string, field: T): T {
  const label = parent.appendChild(document.createElement('label'));
  label.appendChild(document.createElement('span')).textContent = text;
  label.append(field);
  return field;
}

function textField(text: string, placeholder: string, list?: string): HTMLInputElement {
  const field = document.createElement('input');
  field.placeholder = placeholder;
  field.spellcheck = false;
  if (list !== undefined) field.setAttribute('list', list);
  return labelled(form, text, field);
}

function checkField(text: string): HTMLInputElement {
  const field = document.createElement('input');
  field.type = 'checkbox';
  return labelled(form, text, field);
}

function selectField(text: string, choices: readonly string[], parent: HTMLElement = form): HTMLSelectElement {
  const field = document.createElement('select');
  field.replaceChildren(...choices.map(option));
  return labelled(parent, text, field);
}

function option(text: string): HTMLOptionElement {
  const element = document.createElement('option');
  element.value = text;
  element.textContent = text;
  return element;
}

function datalist(id: string): HTMLDataListElement {
  const list = form.appendChild(document.createElement('datalist'));
  list.id = id;
  return list;
}

function button(text: string, type: 'submit' | 'button' = 'button'): HTMLButtonElement {
  const element = buttons.appendChild(document.createElement('button'));
  element.type = type;
  element.textContent = text;
  return element;
}

/** A list of rows that a person adds to and takes from. */
function rows(
  title: string,
  fields: readonly RowField[],
): { get(): Record<string, string>[]; set(values: readonly Record<string, string>[]): void } {
  const group = form.appendChild(document.createElement('fieldset'));
  group.appendChild(document.createElement('legend')).textContent = title;
  const list = group.appendChild(document.createElement('div'));
  const add = group.appendChild(document.createElement('button'));
  add.type = 'button';
  add.textContent = t('Add to {0}', title);
  add.addEventListener('click', () => addRow({}).querySelector('input')?.focus());

  function addRow(values: Record<string, string>): HTMLElement {
    const row = list.appendChild(document.createElement('div'));
    row.className = 'row';
    for (const field of fields) {
      const element =
        field.choices === undefined
          ? labelled(row, field.label, document.createElement('input'))
          : selectField(field.label, field.choices, row);
      if (field.list !== undefined) element.setAttribute('list', field.list);
      element.name = field.key;
      element.value = values[field.key] ?? field.choices?.[0] ?? '';
    }
    const remove = row.appendChild(document.createElement('button'));
    remove.type = 'button';
    remove.textContent = t('Remove');
    remove.addEventListener('click', () => {
      row.remove();
      add.focus();
      changed();
    });
    return row;
  }

  return {
    get: () =>
      [...list.children].map((row) =>
        Object.fromEntries(
          [...row.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select')].map((field) => [
            field.name,
            field.value.trim(),
          ]),
        ),
      ),
    set(values) {
      list.replaceChildren();
      for (const row of values) addRow(row);
    },
  };
}
