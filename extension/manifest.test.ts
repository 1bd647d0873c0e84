// The manifest against the code: what it promises is registered, titled and there.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface MenuEntry {
  command: string;
  when?: string;
}
interface Manifest {
  contributes: {
    commands: { command: string; title: string }[];
    views: Record<string, { id: string; name: string }[]>;
    viewsWelcome: { view: string; contents: string }[];
    menus: Record<string, MenuEntry[]>;
    keybindings: { command: string; key: string }[];
    configuration: { properties: Record<string, { markdownDescription: string }> };
    taskDefinitions: { type: string }[];
    walkthroughs: {
      steps: { id: string; media: { markdown: string }; description: string; completionEvents: string[] }[];
    }[];
  };
}

const root = join(import.meta.dirname, '..');
const text = readFileSync(join(root, 'package.json'), 'utf8');
const manifest: Manifest = JSON.parse(text);
const strings: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8'));
const { contributes } = manifest;
const commands = new Set(contributes.commands.map(({ command }) => command));
const views = new Set(Object.values(contributes.views).flatMap((group) => group.map(({ id }) => id)));
const sources = globSync(['extension/**/*.ts', 'language-server/**/*.ts'], { cwd: root })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n');

/** Commands that a Markdown text's links run. */
function linkedCommands(markdown: string): string[] {
  return [...markdown.matchAll(/\(command:([\w.]+)/g)].map(([, command = '']) => command);
}

test('every command is registered once in the manifest and named in the code', () => {
  assert.equal(commands.size, contributes.commands.length);
  for (const command of commands) assert.ok(sources.includes(`'${command}'`), `${command} is registered nowhere`);
});

test('every command that the code registers is in the manifest', () => {
  const registered = [...sources.matchAll(/^\s+'(slipway\.[\w.]+)': (?:async )?\(/gm)].map(([, id = '']) => id);
  assert.ok(registered.length > 50);
  for (const command of registered) assert.ok(commands.has(command), `${command} is not in the manifest`);
});

test('every title and description is a key of package.nls.json, and every key is used', () => {
  const used = new Set([...text.matchAll(/"%([\w.]+)%"/g)].map(([, key = '']) => key));
  for (const key of used) assert.ok(strings[key], `${key} has no text`);
  for (const key of Object.keys(strings)) assert.ok(used.has(key), `${key} is used nowhere`);
  for (const { command, title } of contributes.commands) assert.match(title, /^%.+%$/, command);
});

test('menus, keys, welcome texts and walkthrough steps refer to commands and views that exist', () => {
  const entries = Object.values(contributes.menus).flat();
  for (const { command } of [...entries, ...contributes.keybindings]) assert.ok(commands.has(command), command);
  for (const { when = '' } of entries)
    for (const [, view = ''] of when.matchAll(/\bview == ([\w.]+)/g)) assert.ok(views.has(view), view);
  for (const { view } of contributes.viewsWelcome) assert.ok(views.has(view), view);
  for (const linked of Object.values(strings).flatMap(linkedCommands)) assert.ok(commands.has(linked), linked);
});

test('every view has a provider and a welcome text', () => {
  for (const view of views) {
    assert.ok(sources.includes(`'${view}'`), `${view} has no provider`);
    assert.ok(
      contributes.viewsWelcome.some((welcome) => welcome.view === view),
      `${view} has no welcome text`,
    );
  }
});

test('every setting is read by the code', () => {
  for (const setting of Object.keys(contributes.configuration.properties)) {
    // The language client's library reads this one by itself.
    if (setting === 'slipway.languageServer.trace.server') continue;
    const name = setting.split('.').at(-1) ?? '';
    // As a key to get it by, or as a field of the section that the language server gets.
    assert.ok(
      sources.includes(`'${name}'`) || new RegExp(`\\b${name}\\??:`).test(sources),
      `${setting} is read nowhere`,
    );
  }
});

test('every task type has a provider', () => {
  for (const { type } of contributes.taskDefinitions)
    assert.ok(sources.includes(`registerTaskProvider('${type}'`), type);
});

test('the walkthrough has six steps with pictures or texts, ended by commands that exist', () => {
  const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
  assert.equal(steps.length, 6);
  for (const { media, completionEvents } of steps) {
    const text = strings[media.markdown.slice(1, -1)] ?? '';
    assert.ok(existsSync(join(root, text)), media.markdown);
    for (const event of completionEvents) {
      const command = /^onCommand:(.+)$/.exec(event)?.[1];
      if (command !== undefined) assert.ok(commands.has(command), command);
    }
  }
});
