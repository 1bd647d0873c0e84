// Bash's own arithmetic: SC3018, SC3019, SC3052, and its variables: SC3028.
import type { Part, Span } from '../ast.ts';

type Missing = (code: string, span: Span, what: string) => void;

const STATIC = new Set(
  (
    'OSTYPE MACHTYPE HOSTTYPE HOSTNAME DIRSTACK EUID UID SHLVL PIPESTATUS SHELLOPTS _ BASH BASHOPTS BASHPID BASH_ALIASES BASH_ARGC ' +
    'BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_EXECUTION_STRING BASH_LINENO BASH_LOADABLES_PATH BASH_REMATCH BASH_SOURCE ' +
    'BASH_SUBSHELL BASH_VERSINFO COMP_CWORD COMP_KEY COMP_LINE COMP_POINT COMP_TYPE COMP_WORDBREAKS COMP_WORDS COPROC FUNCNAME ' +
    'GROUPS HISTCMD MAPFILE'
  ).split(' '),
);
const DYNAMIC = new Set(['BASH_MONOSECONDS', 'EPOCHREALTIME', 'EPOCHSECONDS', 'RANDOM', 'SECONDS', 'SRANDOM']);

/** Whether bash, not the script, gives the variable its meaning. */
export function isBashVariable(name: string, assigned: () => ReadonlySet<string>, dash: boolean): boolean {
  if (dash && name === '_') return false;
  return DYNAMIC.has(name) || (STATIC.has(name) && !assigned().has(name));
}

const TOKEN = /\+\+|--|\*\*|\d+#[\w@]*|[A-Za-z_]\w*|\d\w*/g;

/** Looks at the text of an arithmetic expression; nested ones come by themselves. */
export function checkArithmetic(
  parts: readonly Part[],
  assigned: () => ReadonlySet<string>,
  dash: boolean,
  missing: Missing,
): void {
  for (const part of parts) {
    if (part.kind !== 'literal') continue;
    for (const match of part.text.matchAll(TOKEN)) {
      const [text] = match;
      const span = { start: part.start + match.index, end: part.start + match.index + text.length };
      if (text === '**') missing('SC3019', span, '** (powers)');
      else if (/^\d+#/.test(text)) missing('SC3052', span, 'numbers in another base');
      else if (text === '++' || text === '--') {
        if (isStep(part.text, match.index)) missing('SC3018', span, text);
      } else if (isBashVariable(text, assigned, dash)) missing('SC3028', span, `the variable ${text}`);
    }
  }
}

/** `i++` and `++i`, but not the two signs of `a - -b` written together. */
function isStep(text: string, at: number): boolean {
  return /[A-Za-z0-9_\])]\s*$/.test(text.slice(0, at)) !== /^\s*[A-Za-z_$(]/.test(text.slice(at + 2));
}
