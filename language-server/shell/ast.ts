// The syntax tree of a shell script: POSIX sh and what bash, ksh and busybox add to it. All offsets count UTF-16 code units
// in the text that was parsed. The tree is tolerant: what cannot be understood is an error in `Script.errors`, never an
// exception, and everything around it is still there.

/** A half-open stretch of the parsed text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Unquoted characters; `text` has the backslashes taken away. */
interface LiteralPart extends Span {
  readonly kind: 'literal';
  readonly text: string;
}

/** `'…'` or `$'…'` (`ansi`); `text` is what is between the quotes, as written. */
interface SinglePart extends Span {
  readonly kind: 'single';
  readonly text: string;
  readonly ansi: boolean;
}

/** `"…"` or `$"…"` (`localized`). */
interface DoublePart extends Span {
  readonly kind: 'double';
  readonly parts: readonly Part[];
  readonly localized: boolean;
}

/** `$name`, `${name}`, `${name<operator>argument}`, `${!name}`, `${#name}`, `${name[index]…}`. */
interface ParameterPart extends Span {
  readonly kind: 'parameter';
  readonly braced: boolean;
  readonly prefix: '' | '!' | '#';
  readonly name: string;
  readonly nameSpan: Span;
  /** The text between `[` and `]`. */
  readonly index?: string;
  /** `:-`, `%%`, `/`, `^`, `@`, … or '' when there is none. */
  readonly operator: string;
  readonly argument: readonly Part[];
  /** The text between the braces, or the name. */
  readonly body: string;
}

/** `$(…)` or `` `…` ``. */
interface SubstitutionPart extends Span {
  readonly kind: 'substitution';
  readonly backticks: boolean;
  readonly script: Script;
}

/** `$((…))`, or `$[…]` (`legacy`). `parts` are the expansions and the text between them. */
interface ArithmeticPart extends Span {
  readonly kind: 'arithmetic';
  readonly legacy: boolean;
  readonly parts: readonly Part[];
  readonly text: string;
}

/** `<(…)` or `>(…)`. */
interface ProcessPart extends Span {
  readonly kind: 'process';
  readonly direction: '<' | '>';
  readonly script: Script;
}

/** `*`, `?` or `[…]`, unquoted. */
interface GlobPart extends Span {
  readonly kind: 'glob';
  readonly text: string;
}

/** `@(…)`, `!(…)`, `+(…)`, `*(…)`, `?(…)`. */
interface ExtglobPart extends Span {
  readonly kind: 'extglob';
  readonly text: string;
}

/** `{a,b}` or `{1..9}`. */
interface BracePart extends Span {
  readonly kind: 'brace';
  readonly text: string;
  readonly parts: readonly Part[];
}

export type Part =
  | LiteralPart
  | SinglePart
  | DoublePart
  | ParameterPart
  | SubstitutionPart
  | ArithmeticPart
  | ProcessPart
  | GlobPart
  | ExtglobPart
  | BracePart;

/** A word: parts without blanks between them. */
export interface Word extends Span {
  readonly parts: readonly Part[];
}

/** `name=value`, `name+=value`, `name[index]=value`, `name=(…)`. */
export interface Assignment extends Span {
  readonly name: string;
  readonly nameSpan: Span;
  readonly index?: string;
  readonly append: boolean;
  readonly value?: Word;
  /** The elements of `name=(…)`. */
  readonly array?: readonly Word[];
}

/** `2>file`, `<<EOF`, `>&2`, … */
export interface Redirect extends Span {
  /** The operator without the descriptor: `>`, `>>`, `<`, `<&`, `>&`, `&>`, `&>>`, `<<`, `<<-`, `<<<`, `<>`, `>|`. */
  readonly operator: string;
  /** `2` or `{name}`; '' if none is written. */
  readonly descriptor: string;
  readonly target?: Word;
  /** The body of a here-document, with the expansions in it. */
  readonly heredoc?: { readonly body: Span; readonly quoted: boolean; readonly parts: readonly Part[] };
}

interface CommandBase extends Span {
  readonly redirects: readonly Redirect[];
}

export interface SimpleCommand extends CommandBase {
  readonly kind: 'simple';
  readonly assignments: readonly Assignment[];
  readonly words: readonly Word[];
  /** Words after the first that are assignments by form, as in `export A=b`; by index in `words`. */
  readonly argumentAssignments: ReadonlyMap<number, Assignment>;
}

interface GroupCommand extends CommandBase {
  readonly kind: 'subshell' | 'group';
  readonly body: Script;
}

export interface IfCommand extends CommandBase {
  readonly kind: 'if';
  readonly clauses: readonly { readonly condition: Script; readonly body: Script }[];
  readonly otherwise?: Script;
}

interface LoopCommand extends CommandBase {
  readonly kind: 'while' | 'until';
  readonly condition: Script;
  readonly body: Script;
}

export interface ForCommand extends CommandBase {
  readonly kind: 'for' | 'select';
  readonly variable: string;
  readonly variableSpan: Span;
  /** Absent without `in`. */
  readonly words?: readonly Word[];
  readonly body: Script;
}

interface ArithmeticForCommand extends CommandBase {
  readonly kind: 'arithmetic-for';
  readonly expression: readonly Part[];
  readonly header: Span;
  readonly body: Script;
}

export interface CaseCommand extends CommandBase {
  readonly kind: 'case';
  readonly subject?: Word;
  readonly items: readonly { readonly patterns: readonly Word[]; readonly body: Script; readonly terminator: string }[];
}

interface FunctionCommand extends CommandBase {
  readonly kind: 'function';
  readonly name: string;
  readonly nameSpan: Span;
  /** Written with the word `function`. */
  readonly keyword: boolean;
  readonly parentheses: boolean;
  readonly body?: Command;
}

/** `[[ … ]]`: the words between the brackets, operators among them. */
interface ConditionalCommand extends CommandBase {
  readonly kind: 'conditional';
  readonly words: readonly Word[];
}

/** `((…))`. */
export interface ArithmeticCommand extends CommandBase {
  readonly kind: 'arithmetic';
  readonly parts: readonly Part[];
  readonly text: string;
}

interface CoprocCommand extends CommandBase {
  readonly kind: 'coproc';
  readonly name?: Word;
  readonly body?: Command;
}

export type Command =
  | SimpleCommand
  | GroupCommand
  | IfCommand
  | LoopCommand
  | ForCommand
  | ArithmeticForCommand
  | CaseCommand
  | FunctionCommand
  | ConditionalCommand
  | ArithmeticCommand
  | CoprocCommand;

/** Commands with `|` between them. */
export interface Pipeline extends Span {
  /** Where the `!`s are. */
  readonly bangs: readonly Span[];
  readonly timed: boolean;
  readonly commands: readonly Command[];
  /** The operators between the commands: `|` or `|&`. */
  readonly operators: readonly (Span & { readonly text: string })[];
}

/** Pipelines with `&&` and `||` between them, ended by `;`, `&`, a newline or nothing. */
export interface AndOr extends Span {
  readonly pipelines: readonly Pipeline[];
  readonly operators: readonly (Span & { readonly text: '&&' | '||' })[];
  readonly terminator: '' | ';' | '&' | '\n';
}

export interface ShellError {
  readonly message: string;
  readonly span: Span;
}

export interface Script extends Span {
  readonly statements: readonly AndOr[];
}

/** What `parseShell` gives back. */
export interface ParsedScript extends Script {
  readonly text: string;
  readonly comments: readonly Span[];
  /** Words that are syntax at their place: `if`, `then`, `do`, `in`, `[[`, … */
  readonly keywords: readonly Span[];
  readonly operators: readonly Span[];
  readonly errors: readonly ShellError[];
}
