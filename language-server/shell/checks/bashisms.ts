// What bash understands and a POSIX shell need not: ShellCheck's SC3001 to SC3067, for scripts that sh, dash or busybox runs.
import type { Assignment, Command, ParsedScript, Part, Redirect, Script, Span, Word } from '../ast.ts';
import { type Visitor, walkScript } from '../walk.ts';
import { literalOf } from '../words.ts';
import { checkArithmetic, isBashVariable } from './bashisms_arithmetic.ts';
import { checkBuiltins } from './bashisms_builtins.ts';
import { checkTests } from './bashisms_tests.ts';
import { replacement, type Say, type ShellDialect, type ShellFix } from './finding.ts';

/** Reports `what` as missing from the dialect. */
type Missing = (code: string, span: Span, what: string, fix?: ShellFix) => void;

/** What the checks of portability look at on a walk through the script. */
export function bashismsVisitor(script: ParsedScript, dialect: ShellDialect, say: Say): Visitor {
  const busybox = dialect === 'busybox';
  const dash = dialect === 'dash' || busybox;
  const missing: Missing = (code, span, what, fix) => {
    const message = dash ? `${dialect} does not know ${what}` : `POSIX sh does not know ${what}`;
    say(code, span, message, fix === undefined ? {} : { fix });
  };
  let names: ReadonlySet<string> | undefined;
  const assigned = (): ReadonlySet<string> => {
    names ??= assignedNames(script);
    return names;
  };
  return {
    command: (command) => {
      checkCompound(command, busybox, missing);
      if (command.kind === 'simple') {
        checkBuiltins(command, { dash, busybox }, missing);
        checkTests(command, { dash, busybox }, missing);
      }
      if (command.kind === 'arithmetic') checkArithmetic(command.parts, assigned, dash, missing);
      if (command.kind === 'arithmetic-for') checkArithmetic(command.expression, assigned, dash, missing);
      if (command.kind === 'simple' && literalOf(command.words[0]) === 'let') {
        for (const word of command.words.slice(1)) checkArithmetic(word.parts, assigned, dash, missing);
      }
    },
    pipeline: (pipeline) => {
      for (const operator of pipeline.operators) {
        if (operator.text === '|&')
          missing('SC3029', operator, '`|&`; write `2>&1 |`', replacement('Write 2>&1 |', operator, '2>&1 |'));
      }
    },
    assignment: (assignment) => checkAssignment(assignment, missing),
    redirect: (redirect) => checkRedirect(redirect, busybox, missing),
    part: (part) => checkPart(part, { dash, busybox }, assigned, missing),
  };
}

/** Names that the script assigns itself: then they are its own, whatever bash means by them. */
function assignedNames(script: Script): ReadonlySet<string> {
  const names = new Set<string>();
  walkScript(script, {
    assignment: (assignment) => names.add(assignment.name),
    command: (command) => {
      if (command.kind === 'for') names.add(command.variable);
      if (command.kind === 'simple' && literalOf(command.words[0]) === 'read')
        for (const word of command.words) names.add(literalOf(word) ?? '');
    },
  });
  return names;
}

function checkCompound(command: Command, busybox: boolean, missing: Missing): void {
  switch (command.kind) {
    case 'arithmetic-for':
      missing('SC3005', command, 'arithmetic for loops');
      break;
    case 'arithmetic':
      missing('SC3006', command, '((…)) as a command');
      break;
    case 'select':
      missing('SC3008', command, 'select loops');
      break;
    case 'conditional':
      if (!busybox) missing('SC3010', { start: command.start, end: command.end }, '[[ … ]]; use [ … ]');
      break;
    case 'coproc':
      missing('SC3032', command, 'coproc');
      break;
    case 'function':
      if (!/^[A-Za-z_]\w*$/.test(command.name))
        missing('SC3033', command, 'function names with other characters than letters, digits and _');
      break;
    default:
  }
}

function checkAssignment(assignment: Assignment, missing: Missing): void {
  if (assignment.append) {
    const { name } = assignment;
    const simple = assignment.array === undefined && assignment.index === undefined;
    const operator = { start: assignment.nameSpan.end, end: assignment.nameSpan.end + 2 };
    missing(
      'SC3024',
      assignment,
      '+=',
      simple ? replacement('Write the variable again', operator, `=$${name}`, false) : undefined,
    );
  }
  const first = assignment.array;
  if (first !== undefined) missing('SC3030', arraySpan(assignment), 'arrays');
}

/** The parentheses of `name=(…)`. */
function arraySpan(assignment: Assignment): Span {
  const index = assignment.index === undefined ? 0 : assignment.index.length + 2;
  return { start: assignment.nameSpan.end + index + (assignment.append ? 2 : 1), end: assignment.end };
}

function checkRedirect(redirect: Redirect, busybox: boolean, missing: Missing): void {
  const { operator, descriptor, target } = redirect;
  if (operator === '<<<') missing('SC3011', redirect, 'here-strings');
  if (operator === '&>' && !busybox) missing('SC3020', redirect, '`&>`; write `> file 2>&1`', bothFix(redirect));
  if (operator === '>&' && descriptor === '' && target !== undefined && !/^\d*$|^-$/.test(onlyLiteral(target))) {
    missing('SC3021', redirect, '`>&` with a file; write `> file 2>&1`', bothFix(redirect));
  }
  if (descriptor.startsWith('{')) missing('SC3022', redirect, 'named file descriptors');
  if (/^\d\d+$/.test(descriptor)) missing('SC3023', redirect, 'file descriptors above 9');
  if (target === undefined || operator.startsWith('<<')) return;
  const place = { start: redirect.start + descriptor.length, end: redirect.end };
  if (/^\/dev\/(tcp|udp)/.test(onlyLiteral(target))) missing('SC3025', place, '/dev/tcp and /dev/udp');
  if (target.parts.some((part) => part.kind === 'glob' || part.kind === 'extglob'))
    missing('SC3031', place, 'redirections to patterns');
}

function bothFix(redirect: Redirect): ShellFix | undefined {
  const { target } = redirect;
  if (target === undefined) return undefined;
  const edits = [
    { start: redirect.start, end: redirect.start + 2, text: '>' },
    { start: target.end, end: target.end, text: ' 2>&1' },
  ];
  return { title: 'Write > file 2>&1', safe: true, edits };
}

/** The literal characters of a word, expansions left out. */
function onlyLiteral(word: Word): string {
  return word.parts
    .map((part) =>
      part.kind === 'literal' || part.kind === 'single'
        ? part.text
        : part.kind === 'double'
          ? onlyLiteral({ ...part, parts: part.parts })
          : '',
    )
    .join('');
}

function checkPart(
  part: Part,
  shell: { dash: boolean; busybox: boolean },
  assigned: () => ReadonlySet<string>,
  missing: Missing,
): void {
  switch (part.kind) {
    case 'process':
      if (!shell.busybox) missing('SC3001', part, 'process substitution');
      break;
    case 'extglob':
      missing('SC3002', part, 'extended patterns');
      break;
    case 'single':
      if (part.ansi && !shell.busybox) missing('SC3003', part, "$'…'");
      break;
    case 'double':
      if (part.localized)
        missing('SC3004', part, '$"…"', replacement('Remove the $', { start: part.start, end: part.start + 1 }, ''));
      break;
    case 'arithmetic':
      if (part.legacy)
        missing('SC3007', part, '$[…]; use $((…))', replacement('Use $((…))', part, `$((${part.text}))`));
      checkArithmetic(part.parts, assigned, shell.dash, missing);
      break;
    case 'brace':
      missing('SC3009', part, 'brace expansion');
      break;
    case 'glob':
      if (part.text.startsWith('[^'))
        missing(
          'SC3026',
          part,
          '^ in bracket expressions; use !',
          replacement('Use !', { start: part.start + 1, end: part.start + 2 }, '!'),
        );
      break;
    case 'substitution':
      if (onlyRedirection(part.script))
        missing(
          part.backticks ? 'SC3035' : 'SC3034',
          part,
          part.backticks ? '`<file` to read a file; use cat' : '$(<file) to read a file; use cat',
        );
      break;
    case 'parameter':
      checkExpansion(part, shell, assigned, missing);
      break;
    default:
  }
}

function onlyRedirection(script: Script): boolean {
  const [statement, ...more] = script.statements;
  const command = statement?.pipelines[0]?.commands[0];
  if (more.length > 0 || statement?.pipelines.length !== 1 || command?.kind !== 'simple') return false;
  return command.words.length === 0 && command.assignments.length === 0 && command.redirects.length === 1;
}

/** Forms of `${…}` by the text between the braces. */
const EXPANSIONS: readonly (readonly [RegExp, string, string, boolean])[] = [
  [/^![A-Za-z0-9_]/, 'SC3053', 'indirect expansion', true],
  [/^\w+\[.*\]$/, 'SC3054', 'array references', true],
  [/^!\w+\[[*@]\]$/, 'SC3055', 'array key expansion', true],
  [/^!\w+[*@]$/, 'SC3056', 'expansion of names by prefix', true],
  [/^[\w*@]+(\[.*\])?[,^]/, 'SC3059', 'case modification', true],
  [/^[\w*@]+:[^-=?+]/, 'SC3057', 'substrings', false],
  [/^([*@][%#]|#[@*])/, 'SC3058', 'string operations on $@ and $*', false],
  [/^[\w*@]+(\[.*\])?\//, 'SC3060', 'replacement in ${name/pattern/text}', false],
];

function checkExpansion(
  part: Part & { kind: 'parameter' },
  shell: { dash: boolean; busybox: boolean },
  assigned: () => ReadonlySet<string>,
  missing: Missing,
): void {
  for (const [pattern, code, what, always] of part.braced ? EXPANSIONS : []) {
    if ((always || !shell.busybox) && pattern.test(part.body)) missing(code, part, what);
  }
  if (isBashVariable(part.name, assigned, shell.dash)) missing('SC3028', part, `the variable ${part.name}`);
}
