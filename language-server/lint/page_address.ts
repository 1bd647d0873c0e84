// Where a rule is explained: on the page of the tool that it comes from, and our own rules in RULES.md.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Rule } from './rule.ts';

/** RULES.md stands beside this file, and beside the bundle in a build. */
const RULES = join(import.meta.dirname, 'RULES.md');
let ownPages: string | undefined;

/** The address of the page about a rule. */
export function pageOf(rule: Rule): string {
  switch (rule.source) {
    case 'buildkit':
      return `https://docs.docker.com/reference/build-checks/${kebab(rule.code)}/`;
    case 'hadolint':
      return `https://github.com/hadolint/hadolint/wiki/${rule.code}`;
    case 'shellcheck':
      return `https://www.shellcheck.net/wiki/${rule.code}`;
    case 'slipway':
      ownPages ??= existsSync(RULES) ? pathToFileURL(RULES).href : 'slipway:/RULES.md';
      return `${ownPages}#${rule.code.toLowerCase()}`;
  }
}

/** `JSONArgsRecommended` is `json-args-recommended`. */
function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
}
