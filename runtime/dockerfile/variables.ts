// Finds references to variables in an instruction, tolerantly: what does not close runs to the end of its word.
import type { Command, Flag, Heredoc, Instruction, Span, Word } from './ast.ts';
import { logicalOffset, sourceSpan } from './ast.ts';
import { isDigit, isNameCharacter } from './characters.ts';

export interface VariableReference {
  /** `$name` or `${name…}`, relative to the instruction. */
  readonly span: Span;
  readonly name: string;
  readonly nameSpan: Span;
  /** `:-`, `-`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`, `%%`, `/` or `//`; absent for a plain reference. */
  readonly modifier?: string;
  /** What follows the modifier, without the closing brace. */
  readonly word?: Span;
  /** Who replaces it: the builder, or the shell in the container (which knows variables of its own). */
  readonly by: 'builder' | 'shell';
}

/** `${a:-${b:-…}}`: deeper than this nobody writes, but a broken file may hold. */
const deepestNesting = 100;

const cache = new WeakMap<Instruction, readonly VariableReference[]>();
const NO_VARIABLES: readonly VariableReference[] = [];

/** All references in the instruction in order, nested ones behind the one around them. Computed once for an instruction. */
export function variablesOf(instruction: Instruction): readonly VariableReference[] {
  if (!instruction.source.includes('$')) return NO_VARIABLES;
  let found = cache.get(instruction);
  if (found === undefined) {
    found = collect(instruction);
    cache.set(instruction, found);
  }
  return found;
}

function collect(instruction: Instruction): VariableReference[] {
  const finder = new Finder(instruction);
  if (instruction.keyword === 'ONBUILD')
    return instruction.instruction ? [...variablesOf(instruction.instruction)] : [];
  for (const flag of instruction.flags) {
    if (flag.value !== undefined && isExpandedFlag(instruction, flag)) finder.word(flag.value);
  }
  switch (instruction.keyword) {
    case 'FROM':
      finder.word(instruction.image);
      break;
    case 'ARG':
    case 'ENV':
    case 'LABEL':
      for (const pair of instruction.pairs) {
        finder.word(pair.key);
        finder.word(pair.value);
      }
      break;
    case 'COPY':
    case 'ADD':
      for (const word of [...instruction.sources, instruction.destination]) finder.word(word, instruction.json);
      break;
    case 'EXPOSE':
    case 'VOLUME':
      for (const word of instruction.words) finder.word(word, instruction.json);
      break;
    case 'USER':
    case 'WORKDIR':
    case 'STOPSIGNAL':
      finder.word(instruction.value);
      break;
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'HEALTHCHECK':
      finder.command(instruction.command);
      break;
    default:
      break;
  }
  for (const heredoc of instruction.heredocs) finder.heredoc(heredoc);
  return finder.found.sort((a, b) => a.span.start - b.span.start);
}

/** The builder expands variables in these flags. `COPY --from` and `--mount=from=` are not among them: that is an error. */
function isExpandedFlag(instruction: Instruction, flag: Flag): boolean {
  switch (instruction.keyword) {
    case 'FROM':
      return flag.name === 'platform';
    case 'RUN':
      return flag.name === 'mount';
    case 'COPY':
    case 'ADD':
      return ['chown', 'chmod', 'checksum', 'exclude'].includes(flag.name);
    default:
      return false;
  }
}

interface Style {
  readonly by: 'builder' | 'shell';
  readonly escape: string;
  readonly quotes: boolean;
}

/** Maps an offset in the text that is searched to a span in the instruction. */
type ToSpan = (start: number, end: number) => Span;

class Finder {
  readonly found: VariableReference[] = [];
  readonly #instruction: Instruction;
  #depth = 0;

  constructor(instruction: Instruction) {
    this.#instruction = instruction;
  }

  word(word: Word | undefined, json = false): void {
    if (word === undefined || !word.raw.includes('$')) return;
    const { logical, escape: character } = this.#instruction;
    const style: Style = { by: 'builder', escape: character, quotes: true };
    if (json) {
      // Inside quotes; where the string has JSON escapes the exact place is not known, so it is the whole string.
      const { start, end } = word.span;
      const exact = end - start - 2 === word.raw.length;
      this.#search(word.raw, style, (from, to) =>
        exact ? { start: start + 1 + from, end: start + 1 + to } : word.span,
      );
      return;
    }
    const base = logicalOffset(logical, word.span.start);
    this.#search(word.raw, style, (from, to) => sourceSpan(logical, base + from, base + to));
  }

  command(command: Command | undefined): void {
    if (command?.form !== 'shell') return;
    const base = command.logicalStart;
    const { logical } = this.#instruction;
    const style: Style = { by: 'shell', escape: this.#instruction.escape, quotes: true };
    this.#search(command.text, style, (from, to) => sourceSpan(logical, base + from, base + to));
  }

  heredoc(heredoc: Heredoc): void {
    const { keyword, source } = this.#instruction;
    const script = this.#isScript();
    if (!heredoc.expand && !script) return;
    const style: Style = {
      by: keyword === 'RUN' ? 'shell' : 'builder',
      escape: keyword === 'RUN' ? '\\' : this.#instruction.escape,
      quotes: script,
    };
    const { start, end } = heredoc.body;
    this.#search(source.slice(start, end), style, (from, to) => ({ start: start + from, end: start + to }));
  }

  /** `RUN <<EOF` alone: the body is a script, so the shell reads its variables even when the name is quoted. */
  #isScript(): boolean {
    const instruction = this.#instruction;
    if (instruction.keyword !== 'RUN' || instruction.command === undefined) return false;
    const [first] = instruction.heredocs;
    return first !== undefined && instruction.command.span.start === first.span.start;
  }

  #search(text: string, style: Style, span: ToSpan): void {
    if (text.includes('$')) this.#scan(text, 0, undefined, style, span);
  }

  /** Scans from `from` up to `stop` (or the end) and returns the offset of where it stopped. */
  #scan(text: string, from: number, stop: string | undefined, style: Style, span: ToSpan): number {
    let at = from;
    let double = false;
    while (at < text.length) {
      const character = text[at];
      if (character === stop && !double) return at;
      if (character === style.escape) at += 2;
      else if (character === '$') at = this.#dollar(text, at, style, span);
      else if (style.quotes && character === "'" && !double) {
        const close = text.indexOf("'", at + 1);
        at = close < 0 ? at + 1 : close + 1;
      } else {
        if (style.quotes && character === '"') double = !double;
        at += 1;
      }
    }
    return text.length;
  }

  /** Reads the reference at `at` (a dollar sign); returns where to go on. */
  #dollar(text: string, at: number, style: Style, span: ToSpan): number {
    const brace = text[at + 1] === '{';
    const nameStart = at + (brace ? 2 : 1);
    let nameEnd = nameStart;
    while (nameEnd < text.length && isNameCharacter(text.charCodeAt(nameEnd))) nameEnd += 1;
    if (nameEnd === nameStart || isDigit(text.charCodeAt(nameStart))) return nameStart;
    const reference = { name: text.slice(nameStart, nameEnd), nameSpan: span(nameStart, nameEnd), by: style.by };
    if (!brace) {
      this.found.push({ ...reference, span: span(at, nameEnd) });
      return nameEnd;
    }
    if (this.#depth >= deepestNesting) return nameEnd;
    const modifier = /^(?::[-+?]|[-+?]|##?|%%?|\/\/?)/.exec(text.slice(nameEnd, nameEnd + 2))?.[0];
    const wordStart = nameEnd + (modifier?.length ?? 0);
    const index = this.found.length;
    this.#depth += 1;
    const wordEnd = this.#scan(text, wordStart, '}', style, span);
    this.#depth -= 1;
    const end = Math.min(wordEnd + 1, text.length);
    const whole = { ...reference, span: span(at, end) };
    const full = modifier === undefined ? whole : { ...whole, modifier, word: span(wordStart, wordEnd) };
    this.found.splice(index, 0, full);
    return end;
  }
}
