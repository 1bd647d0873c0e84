// Operators of `[` and `test` that POSIX does not have: SC3012 to SC3017, SC3062 to SC3067.
import type { SimpleCommand, Span, Word } from '../ast.ts';
import { literalOf } from '../words.ts';
import { replacement, type ShellFix } from './finding.ts';

type Missing = (code: string, span: Span, what: string, fix?: ShellFix) => void;

interface Shell {
  readonly dash: boolean;
  readonly busybox: boolean;
}

const ORDER = new Set(['<', '>', '<=', '>=']);
const UNARY: Readonly<Record<string, readonly [code: string, what: string, posixOnly: boolean]>> = {
  '-v': ['SC3016', 'test -v; use [ -n "${name+x}" ]', false],
  '-a': ['SC3017', 'unary -a; use -e', false],
};

export function checkTests(command: SimpleCommand, shell: Shell, missing: Missing): void {
  const name = literalOf(command.words[0]);
  if (name !== '[' && name !== 'test') return;
  // `[ a < b ]` is a redirection for the shell and a comparison for whoever wrote it.
  if (name === '[' && !shell.dash)
    for (const redirect of command.redirects)
      if (/^[<>]$/.test(redirect.operator)) missing('SC3012', redirect, `${redirect.operator} between strings`);
  const words = command.words.slice(1, name === '[' && literalOf(command.words.at(-1)) === ']' ? -1 : undefined);
  if (name === 'test' && words.length > 3) return;
  let start = 0;
  words.forEach((word, i) => {
    const text = literalOf(word);
    if (text === undefined) return;
    const operand = i === start;
    if (operand && (text === '!' || text === '(')) start = i + 1;
    else if (!operand && i > start && /^(-a|-o|\)|&&|\|\|)$/.test(text)) start = i + 1;
    else if (operand) checkUnary(word, text, words[i + 1], words[i + 2], missing);
    else if (i === start + 1 && words[i + 1] !== undefined) checkBinary(word, text, shell, missing);
  });
}

function checkUnary(word: Word, text: string, next: Word | undefined, after: Word | undefined, missing: Missing): void {
  const known = UNARY[text];
  if (known === undefined || next === undefined) return;
  // `[ -a = x ]` compares.
  if (after !== undefined && /^(=|!=|==|-eq|-ne|-lt|-le|-gt|-ge)$/.test(literalOf(next) ?? '')) return;
  missing(known[0], word, known[1]);
}

function checkBinary(word: Word, text: string, shell: Shell, missing: Missing): void {
  if (ORDER.has(text) && !shell.dash) missing('SC3012', word, `${text} between strings`);
  else if (/^-(ot|nt|ef)$/.test(text) && !shell.dash) missing('SC3013', word, text);
  else if (text === '==' && !shell.busybox) missing('SC3014', word, '==; use =', replacement('Use =', word, '='));
  else if (text === '=~') missing('SC3015', word, '=~');
}
