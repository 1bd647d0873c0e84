// Every rule has a page, and RULES.md is what the rules say.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pageOf } from './page_address.ts';
import { rulePages } from './pages.ts';
import { rules } from './registry.ts';

const page = readFileSync(join(import.meta.dirname, 'RULES.md'), 'utf8');

test('RULES.md is up to date (node language-server/lint/write_pages.ts writes it)', () => {
  assert.equal(page, rulePages());
});

test('each rule has a page with a reason and two examples, and an address', () => {
  for (const rule of rules) {
    assert.ok(page.includes(`\n### ${rule.code}\n`), rule.code);
    assert.ok(rule.why.length > 20, `${rule.code} says why`);
    assert.notEqual(rule.bad, rule.good);
    assert.match(pageOf(rule), /^(https|file):\/\//);
  }
});

test('the addresses of the tools’ pages are well formed', () => {
  const address = (code: string): string => pageOf(rules.find((rule) => rule.code === code) ?? assert.fail(code));
  assert.equal(address('JSONArgsRecommended'), 'https://docs.docker.com/reference/build-checks/json-args-recommended/');
  assert.equal(address('FromAsCasing'), 'https://docs.docker.com/reference/build-checks/from-as-casing/');
  assert.equal(address('DL3008'), 'https://github.com/hadolint/hadolint/wiki/DL3008');
  assert.match(address('SL1101'), /RULES\.md#sl1101$/);
});
