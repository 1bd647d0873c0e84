// Every string that the extension shows has a translation in each language that there is, with the same placeholders, links and
// code; and no translation is of a string that is shown no more.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';

const root = join(import.meta.dirname, '..');
type Strings = Readonly<Record<string, string>>;
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const strings = (path: string): Strings => JSON.parse(read(path));

const sources = globSync('extension/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
/** A call of the translating function; the first argument where it is a plain text. */
const call = /(?<![\w$.])(?:vscode\.l10n\.|l10n\.)?t\(\s*(?:(['"])((?:\\.|(?!\1)[^\\])*)\1)?/g;
const calls = sources.flatMap((file) =>
  [...read(file).matchAll(call)].map(([, , text]) => ({ file, text: text?.replace(/\\(['"\\])/g, '$1') })),
);

const languages = globSync('package.nls.*.json', { cwd: root }).map((file) => basename(file).split('.')[2] ?? '');

/** What a translation must keep as it is: placeholders, commands that links run, code. */
function fixedParts(text: string): string[] {
  return (text.match(/\{\d+\}|\(command:[^)]*\)|`[^`]*`/g) ?? []).sort();
}

function assertSameParts(original: string, translated: string | undefined): void {
  assert.ok(translated, `no translation: ${original}`);
  assert.deepEqual(fixedParts(translated), fixedParts(original), original);
  const lines = (text: string) => text.split('\n').length;
  assert.equal(lines(translated), lines(original), original);
  const ends = (text: string) => /[.?…:]?$/.exec(text)?.[0];
  assert.equal(ends(translated), ends(original), `${original} ends otherwise: ${translated}`);
}

test('what is translated is a text that stands in the source', () => {
  assert.ok(calls.length > 200);
  for (const { file, text } of calls) assert.ok(text !== undefined, `${file} translates what is no plain text`);
});

test('there is a language beside English', () => assert.deepEqual(languages, ['de']));

for (const language of languages) {
  describe(language, () => {
    test('the manifest is translated', () => {
      const english = strings('package.nls.json');
      const translated = strings(`package.nls.${language}.json`);
      assert.deepEqual(Object.keys(translated), Object.keys(english));
      for (const [key, text] of Object.entries(english))
        if (!key.endsWith('.media')) assertSameParts(text, translated[key]);
        else assert.ok(existsSync(join(root, translated[key] ?? '')), translated[key]);
    });

    test('every text in the code is translated, and nothing else', () => {
      const translated = strings(`extension/l10n/bundle.l10n.${language}.json`);
      const texts = new Set(calls.flatMap(({ text }) => text ?? []));
      for (const text of texts) assertSameParts(text, translated[text]);
      assert.deepEqual(
        Object.keys(translated).filter((text) => !texts.has(text)),
        [],
      );
    });
  });
}
