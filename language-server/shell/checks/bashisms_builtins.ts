// Builtins and flags that POSIX does not have: SC3036 to SC3050, SC3061.
import type { SimpleCommand, Span, Word } from '../ast.ts';
import { literalOf, roughText } from '../words.ts';
import { replacement, type ShellFix } from './finding.ts';

type Missing = (code: string, span: Span, what: string, fix?: ShellFix) => void;

interface Shell {
  readonly dash: boolean;
  readonly busybox: boolean;
}

const UNKNOWN = new Set(
  'let caller builtin complete compgen declare dirs disown enable mapfile readarray pushd popd shopt suspend typeset'.split(
    ' ',
  ),
);

/** The flags that POSIX (or dash) allows, by builtin. */
function allowedFlags(name: string, { dash, busybox }: Shell): string | undefined {
  switch (name) {
    case 'cd':
      return 'LP';
    case 'printf':
    case 'trap':
    case 'wait':
      return '';
    case 'type':
      return busybox ? 'p' : '';
    case 'export':
    case 'readonly':
      return 'p';
    case 'hash':
      return dash ? 'rv' : 'r';
    case 'jobs':
      return 'lp';
    case 'read':
      return dash ? 'rp' : 'r';
    case 'ulimit':
      return dash ? 'HSacdflmnprstvw' : 'f';
    case 'umask':
      return 'S';
    case 'unset':
      return 'fv';
    default:
      return undefined;
  }
}

export function checkBuiltins(command: SimpleCommand, shell: Shell, missing: Missing): void {
  const [first, ...rest] = command.words;
  const name = literalOf(first);
  if (first === undefined || name === undefined) return;
  if (name === 'echo') checkEcho(rest[0], shell, missing);
  if (name === 'exec' && rest[0] !== undefined && roughText(rest[0]).startsWith('-'))
    missing('SC3038', rest[0], 'flags of exec');
  if (name === 'let') missing('SC3039', command, 'let');
  if (name === 'set' && !shell.dash) checkSet(rest, missing);
  if (name === 'local' && !shell.dash) missing('SC3043', wordsSpan(command), 'local');
  // `builtin name` runs a builtin that is judged by itself.
  if (UNKNOWN.has(name) && name !== 'let' && !(name === 'builtin' && rest.length > 0))
    missing('SC3044', wordsSpan(command), name);
  checkFlags(name, rest, shell, missing);
  if (name === 'source' && !shell.busybox)
    missing('SC3046', wordsSpan(command), '`source`; use `.`', replacement('Use .', first, '.'));
  if (name === 'trap') for (const word of rest.slice(1)) checkSignal(word, shell, missing);
  if (name === 'printf' && rest[0] !== undefined && roughText(rest[0]).includes('%q'))
    missing('SC3050', rest[0], '%q of printf');
  if (name === 'read' && rest.every((word) => /^-/.test(roughText(word))))
    missing('SC3061', first, 'read without a variable');
}

/** From the first word to the last, assignments and redirections left out. */
function wordsSpan(command: SimpleCommand): Span {
  return { start: command.words[0]?.start ?? command.start, end: command.words.at(-1)?.end ?? command.end };
}

function checkEcho(word: Word | undefined, shell: Shell, missing: Missing): void {
  if (word === undefined) return;
  const text = roughText(word);
  // `echo "-n foo"` prints; only a word that is a flag counts.
  if (!/^-[eEsn]+$/.test(text)) return;
  if (!shell.dash) missing('SC3037', word, 'flags of echo; use printf');
  else if (shell.busybox ? !/^-[en]+$/.test(text) : text !== '-n') missing('SC3036', word, 'this flag of echo');
}

const SET_FLAGS = 'abCefhmnuvxo';
const SET_OPTIONS = new Set(
  'allexport errexit ignoreeof monitor noclobber noexec noglob nolog notify nounset verbose vi xtrace'.split(' '),
);

function checkSet(words: readonly Word[], missing: Missing): void {
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i];
    const text = literalOf(word);
    if (word === undefined || text === undefined || text === '--' || !/^[-+]/.test(text)) return;
    if (/^--./.test(text)) {
      missing('SC3042', word, `the flag ${text} of set`);
      continue;
    }
    for (const letter of text.slice(1))
      if (!SET_FLAGS.includes(letter)) missing('SC3041', word, `the flag -${letter} of set`);
    const option = words[i + 1];
    if (!/^[-+][abCefhmnuvx]*o$/.test(text) || option === undefined) continue;
    const name = literalOf(option);
    if (name === undefined) return;
    if (!SET_OPTIONS.has(name)) missing('SC3040', option, `set -o ${name}`);
    i += 1;
  }
}

function checkFlags(name: string, words: readonly Word[], shell: Shell, missing: Missing): void {
  const allowed = allowedFlags(name, shell);
  if (allowed === undefined) return;
  for (const word of words) {
    const text = roughText(word);
    if (text === '--' || !text.startsWith('-') || text === '-') return;
    const flags = text.startsWith('--') ? [text.slice(2).replace(/=.*/, '')] : [...text.slice(1)];
    const bad = flags.find((flag) => !(flag.length === 1 && allowed.includes(flag)));
    if (bad === undefined) continue;
    missing('SC3045', word, `${name} -${bad}`);
    return;
  }
}

function checkSignal(word: Word, shell: Shell, missing: Missing): void {
  const text = literalOf(word);
  if (text === undefined) return;
  const upper = text.toUpperCase();
  if (/^(ERR|DEBUG|RETURN)$/.test(upper)) missing('SC3047', word, `trapping ${text}`);
  if (!shell.busybox && upper.startsWith('SIG'))
    missing('SC3048', word, 'signal names with SIG', replacement('Remove SIG', word, text.slice(3)));
  if (!shell.dash && upper !== text)
    missing('SC3049', word, 'signal names in lower case', replacement('Write upper case', word, upper));
}
