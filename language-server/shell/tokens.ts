// What the shell inside RUN looks like in colours, and what stands at an offset, for completion.
import type { Command, ParsedScript, Part, Span, Word } from './ast.ts';
import { parseShell } from './parser.ts';
import { type Node, walkScript } from './walk.ts';
import { literalOf } from './words.ts';

export type ShellTokenType =
  | 'comment'
  | 'keyword'
  | 'operator'
  | 'command'
  | 'option'
  | 'string'
  | 'variable'
  | 'number'
  | 'function';

/** A coloured stretch, in offsets of the text that was given. */
export interface ShellToken extends Span {
  readonly type: ShellTokenType;
}

/** Tokens of a script in source order; none overlaps another. */
export function tokenizeShell(text: string, parsed: ParsedScript = parseShell(text)): ShellToken[] {
  const tokens: ShellToken[] = [];
  const add = (span: Span, type: ShellTokenType): void => {
    if (span.end > span.start) tokens.push({ start: span.start, end: span.end, type });
  };
  for (const span of parsed.comments) add(span, 'comment');
  for (const span of parsed.keywords) add(span, 'keyword');
  for (const span of parsed.operators) add(span, 'operator');
  walkScript(parsed, {
    command: (command) => addCommand(command, add),
    assignment: (assignment) => add(assignment.nameSpan, 'variable'),
    word: (word, _path, role) => {
      if (role === 'command') addCommandName(word, add);
      else if (role === 'argument' && isOption(word)) add(optionSpan(word), 'option');
    },
    part: (part, path) => addPart(part, path, add),
  });
  tokens.sort((a, b) => a.start - b.start || b.end - a.end);
  return withoutOverlaps(tokens);
}

function addCommand(command: Command, add: (span: Span, type: ShellTokenType) => void): void {
  if (command.kind === 'function') add(command.nameSpan, 'function');
  else if (command.kind === 'for' || command.kind === 'select') add(command.variableSpan, 'variable');
}

function addCommandName(word: Word, add: (span: Span, type: ShellTokenType) => void): void {
  if (word.parts.every((part) => part.kind === 'literal')) add(word, 'command');
}

function isOption(word: Word): boolean {
  const first = word.parts[0];
  return first?.kind === 'literal' && first.text.startsWith('-') && first.text.length > 1;
}

/** `--name` of `--name=value`. */
function optionSpan(word: Word): Span {
  const first = word.parts[0];
  if (first?.kind !== 'literal') return word;
  const equals = first.text.indexOf('=');
  return { start: word.start, end: equals < 0 ? first.end : Math.min(first.end, word.start + equals) };
}

function addPart(part: Part, path: readonly Node[], add: (span: Span, type: ShellTokenType) => void): void {
  if (part.kind === 'single') add(part, 'string');
  else if (part.kind === 'parameter') addParameter(part, add);
  else if (part.kind === 'double') addDouble(part, add);
  else if (part.kind === 'glob' || part.kind === 'extglob') add(part, 'operator');
  else if (part.kind === 'literal' && /^\d+$/.test(part.text) && isArgument(path)) add(part, 'number');
}

function isArgument(path: readonly Node[]): boolean {
  const holder = path.at(-1);
  return holder?.type === 'word' && holder.role === 'argument' && holder.node.parts.length === 1;
}

function addParameter(part: Part & { kind: 'parameter' }, add: (span: Span, type: ShellTokenType) => void): void {
  if (!part.braced) add(part, 'variable');
  else {
    add({ start: part.start, end: part.nameSpan.end }, 'variable');
    add({ start: part.end - 1, end: part.end }, 'variable');
  }
}

/** The quotes and the text between the expansions. */
function addDouble(part: Part & { kind: 'double' }, add: (span: Span, type: ShellTokenType) => void): void {
  let from = part.start;
  for (const inner of part.parts) {
    if (inner.kind === 'literal') continue;
    add({ start: from, end: inner.start }, 'string');
    from = inner.end;
  }
  add({ start: from, end: part.end }, 'string');
}

function withoutOverlaps(tokens: readonly ShellToken[]): ShellToken[] {
  const out: ShellToken[] = [];
  let end = 0;
  for (const token of tokens) {
    if (token.start < end) continue;
    out.push(token);
    end = token.end;
  }
  return out;
}

/** What may be completed at an offset. */
export type ShellContext =
  /** A command's name; `word` is what is written of it. */
  | { readonly kind: 'command'; readonly word: Span }
  /** An argument of `command`; `index` counts arguments from 0, `previous` is the word before. */
  | {
      readonly kind: 'argument';
      readonly command: string;
      readonly index: number;
      readonly word: Span;
      readonly previous: string;
    }
  /** A variable's name behind `$` or `${`. */
  | { readonly kind: 'variable'; readonly word: Span }
  /** A file: the target of a redirection. */
  | { readonly kind: 'file'; readonly word: Span }
  | { readonly kind: 'none' };

/** What stands at `offset`, which may be behind the last character of a word that is being typed. */
export function shellContextAt(text: string, offset: number, parsed: ParsedScript = parseShell(text)): ShellContext {
  if (parsed.comments.some((span) => span.start < offset && offset <= span.end)) return { kind: 'none' };
  const variable = /\$\{?[A-Za-z0-9_]*$/.exec(text.slice(0, offset));
  if (variable !== null && !insideSingleQuotes(parsed, offset)) {
    const start = variable.index + (variable[0].startsWith('${') ? 2 : 1);
    return { kind: 'variable', word: { start, end: offset } };
  }
  return contextOfWords(text, offset, parsed);
}

function insideSingleQuotes(parsed: ParsedScript, offset: number): boolean {
  let inside = false;
  walkScript(parsed, {
    part: (part) => {
      if (part.kind === 'single' && part.start < offset && offset < part.end) inside = true;
    },
  });
  return inside;
}

function contextOfWords(text: string, offset: number, parsed: ParsedScript): ShellContext {
  let found: ShellContext | undefined;
  let before: (Command & { kind: 'simple' }) | undefined;
  walkScript(parsed, {
    word: (word, path, role) => {
      if (word.start > offset || offset > word.end) return;
      const holder = path.at(-1);
      if (role === 'command') found = { kind: 'command', word };
      else if (role === 'target') found = { kind: 'file', word };
      else if (role === 'argument' && holder?.type === 'command' && holder.node.kind === 'simple')
        found = argumentContext(holder.node, holder.node.words.indexOf(word), word);
    },
    command: (command) => {
      if (command.kind === 'simple' && command.end <= offset && /^[ \t]+$/.test(text.slice(command.end, offset)))
        before = command;
    },
  });
  if (found !== undefined) return found;
  const word = { start: offset, end: offset };
  if (before !== undefined && before.words.length > 0) return argumentContext(before, before.words.length, word);
  return { kind: 'command', word };
}

function argumentContext(command: Command & { kind: 'simple' }, index: number, word: Span): ShellContext {
  const name = literalOf(command.words[0]) ?? '';
  return {
    kind: 'argument',
    command: name,
    index: index - 1,
    word,
    previous: literalOf(command.words[index - 1]) ?? '',
  };
}
