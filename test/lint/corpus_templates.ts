// The corpus: templates with alternatives, from which several hundred Dockerfiles are made, always the same ones.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CorpusFile {
  readonly name: string;
  readonly text: string;
}

/** How many files each template gives at most. */
const PER_TEMPLATE = 32;

/** Every file of the corpus. In a template `‹a¦b¦c›` stands for one of a, b, c; a piece may go over lines. */
export function expandTemplates(): CorpusFile[] {
  const source = readFileSync(join(import.meta.dirname, 'corpus', 'templates.txt'), 'utf8');
  return source
    .split(/^=== /m)
    .slice(1)
    .flatMap((block) => {
      const newline = block.indexOf('\n');
      return expandOne(block.slice(0, newline).trim(), block.slice(newline + 1));
    });
}

function expandOne(name: string, template: string): CorpusFile[] {
  const parts = template.split(/‹([^›]*)›/);
  const choices = parts.map((part, i) => (i % 2 === 0 ? [part] : part.split('¦')));
  const longest = Math.max(...choices.map((choice) => choice.length));
  const total = choices.reduce((product, choice) => Math.min(product * choice.length, PER_TEMPLATE), 1);
  const count = Math.max(total, longest);
  const seen = new Set<string>();
  return Array.from({ length: count }, (_, n) => {
    // Steps that share no factor with most numbers of alternatives walk through many combinations.
    const text = choices
      .map((choice, i) => choice[(n * (1 + (i % 5)) + Math.floor(n / (2 + (i % 3)))) % choice.length])
      .join('');
    return { name: `${name} ${n}`, text };
  }).filter(({ text }) => !seen.has(text) && seen.add(text) !== undefined);
}
