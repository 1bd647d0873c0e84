// Every command of the manifest is given by a person in some story: by its title from the palette or a menu, by a key, by a lens. So
// is every view seen, every key pressed, every step of the walkthrough read, and every setting set.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Commands that no menu names: what a story does instead. */
const otherwise: Readonly<Record<string, string>> = {
  'slipway.image.buildStage': "lens('Build', 0)",
  'slipway.image.runStage': "lens('Run', 0)",
};

/** Settings that stories don't set, and what tests the code that reads them. */
const testedElsewhere: Readonly<Record<string, string>> = {
  'slipway.dockerfile.lint.enabled': 'test/language_server/stdio.test.ts',
  'slipway.dockerfile.rules': 'language-server/lint/engine.test.ts',
  'slipway.dockerfile.shellcheck.path': 'test/lint/shellcheck.test.ts',
  'slipway.dockerfile.format.keywordCase': 'language-server/features/formatting.test.ts',
  'slipway.dockerfile.format.indentCommands': 'language-server/features/formatting.test.ts',
  'slipway.dockerfile.inlayHints.variables': 'test/language_server/stdio.test.ts',
  'slipway.dockerfile.inlayHints.build': 'test/language_server/stdio.test.ts',
  'slipway.dockerfile.format.maxBlankLines': 'test/language_server/stdio.test.ts',
  'slipway.dockerfile.context': 'test/language_server/stdio.test.ts',
  'slipway.dockerfile.registryCompletion': 'test/language_server/stdio.test.ts',
  'slipway.dockerfile.codeLens': 'test/language_server/stdio.test.ts',
  'slipway.engine.path': 'test/extension_host/suite.ts',
  'slipway.engine.host': 'test/extension_host/suite.ts',
  'slipway.runtime': 'test/extension_host/suite.ts',
  'slipway.terminal.dockerHost': 'test/extension_host/suite.ts',
};
/** Settings that no test sets, in the open: the editor’s own library reads this one, at the log level Trace. */
const untested: ReadonlySet<string> = new Set(['slipway.languageServer.trace.server']);
/** Keys as the stories press them. */
const keyNames: Readonly<Record<string, string>> = {
  delete: 'Delete',
  f2: 'F2',
  'ctrl+enter': 'Control+Enter',
  'ctrl+alt+f': 'Control+Alt+F',
};

interface Manifest {
  contributes: {
    commands: { command: string; title: string }[];
    views: Record<string, { id: string; name: string }[]>;
    keybindings: { command: string; key: string; when: string }[];
    configuration: { properties: Record<string, unknown> };
    walkthroughs: { steps: { title: string }[] }[];
  };
}

const { contributes }: Manifest = JSON.parse(read('package.json'));
const strings: Readonly<Record<string, string>> = JSON.parse(read('package.nls.json'));
const textOf = (reference: string): string => strings[reference.slice(1, -1)] ?? reference;
const stories = [...globSync('test/editor/*.test.ts', { cwd: root }), 'test/editor/support/session.ts']
  .filter((path) => !path.endsWith('coverage.test.ts'))
  .map(read)
  .join('\n');
const views = Object.values(contributes.views).flat();

test('every view, key and step of the walkthrough appears in a story', () => {
  for (const { name } of views)
    assert.ok(stories.includes(`view('${textOf(name)}')`) || stories.includes(`'${textOf(name)}'`), name);
  for (const { steps } of contributes.walkthroughs)
    for (const { title } of steps) assert.ok(stories.includes(`'${textOf(title)}'`), title);
  for (const { key, when } of contributes.keybindings) {
    const view = views.find(({ id }) => when.endsWith(`== ${id}`));
    const title = view === undefined ? '\\w+' : textOf(view.name);
    assert.match(
      stories,
      new RegExp(`press\\('${title}', .*'${(keyNames[key] ?? key).replaceAll('+', '\\+')}'\\)`),
      key,
    );
  }
});

test('every setting is set in a story, tested elsewhere, or known to be untested', () => {
  for (const setting of Object.keys(contributes.configuration.properties)) {
    const elsewhere = testedElsewhere[setting];
    const isSet = stories.includes(`'${setting}'`);
    assert.equal(isSet, elsewhere === undefined && !untested.has(setting), `${setting} is set in a story: ${isSet}`);
    if (elsewhere === undefined) continue;
    const word = elsewhere.includes('shellcheck') ? 'shellcheck' : (setting.split('.').at(-1) ?? '');
    const name = word === 'enabled' ? 'lint' : word;
    assert.ok(read(elsewhere).includes(name), `${elsewhere} says nothing of ${name}`);
  }
});

test('every command appears in a story', () => {
  const untold = contributes.commands.filter(({ command, title }) => {
    const text = textOf(title);
    const told = [`'${text}'`, `Slipway: ${text}`, otherwise[command]];
    return !told.some((words) => words !== undefined && stories.includes(words));
  });
  assert.deepEqual(
    untold.map(({ command }) => command),
    [],
  );
});
