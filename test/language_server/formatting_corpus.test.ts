// Formatting over the corpus: the same result the second time, and the builder reads the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDocument, styleOf } from '../../language-server/features/formatting.ts';
import { applied, opened } from '../../language-server/features/marked_document.ts';
import { planOf } from '../../language-server/features/plan_of.ts';
import { defaultSettings } from '../../language-server/protocol.ts';
import { expandTemplates } from '../lint/corpus_templates.ts';

const style = styleOf(defaultSettings.format, { tabSize: 4, insertSpaces: true });

function formatted(text: string): string {
  const open = opened(text);
  return applied(open, formatDocument(open, style));
}

test('formatting is idempotent on the corpus and leaves what the builder reads', () => {
  const files = expandTemplates();
  assert.ok(files.length > 200);
  for (const { name, text } of files) {
    const once = formatted(text);
    assert.equal(formatted(once), once, name);
    assert.deepEqual(planOf(once), planOf(text), name);
  }
});
