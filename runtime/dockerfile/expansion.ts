// Expands variables and quotes in a word as BuildKit's shell lexer does (frontend/dockerfile/shell/lex.go).
import { isDigit, isNameCharacter, isSpace } from './characters.ts';
import { PatternError, replacePattern, trimPrefix, trimSuffix } from './shell_pattern.ts';

/** A word that cannot be expanded: an unset variable with `:?`, a bad substitution, an open quote. */
export class ExpansionError extends Error {}

export interface ExpansionOptions {
  readonly escape?: '\\' | '`';
  /** Keep quotes. */
  readonly rawQuotes?: boolean;
  /** Keep escape characters. */
  readonly rawEscapes?: boolean;
  /** Quotes are ordinary characters (the body of a heredoc). */
  readonly ignoreQuotes?: boolean;
  /** Leave references to unset variables as they are. */
  readonly keepUnset?: boolean;
}

export interface Expansion {
  readonly value: string;
  /** The value split at white space outside quotes, empty words left out. */
  readonly words: readonly string[];
  /** Names that were looked up and found. */
  readonly matched: ReadonlySet<string>;
  /** Names that were looked up and not found. */
  readonly unmatched: ReadonlySet<string>;
}

export interface Variables {
  get(name: string): string | undefined;
}

/** A bound for the recursion: the stack is not endless. */
const deepestNesting = 200;

const special = new Set('@*#?-$!0');

/** Expands `source`; throws an ExpansionError worded as BuildKit words it. */
export function expand(source: string, variables: Variables, options: ExpansionOptions = {}): Expansion {
  const lexer = new Lexer(source, variables, options);
  try {
    const { value, words } = lexer.until(undefined, options.rawEscapes ?? false);
    return { value, words, matched: lexer.matched, unmatched: lexer.unmatched };
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    throw new ExpansionError(`failed to process ${JSON.stringify(source)}: ${error.message}`);
  }
}

/** Collects a word list: white space ends a word unless it came from quotes. */
class WordList {
  readonly #words: string[] = [];
  #word = '';

  add(text: string): void {
    for (const character of text) {
      if (!isSpace(character.charCodeAt(0))) this.#word += character;
      else this.#finish();
    }
  }

  addRaw(text: string): void {
    this.#word += text;
  }

  #finish(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }

  finish(): string[] {
    this.#finish();
    return this.#words;
  }
}

class Lexer {
  readonly matched = new Set<string>();
  readonly unmatched = new Set<string>();
  readonly #source: string;
  readonly #variables: Variables;
  readonly #options: ExpansionOptions;
  readonly #escape: string;
  #rawEscapes = false;
  #depth = 0;
  #at = 0;

  constructor(source: string, variables: Variables, options: ExpansionOptions) {
    this.#source = source;
    this.#variables = variables;
    this.#options = options;
    this.#escape = options.escape ?? '\\';
  }

  #peek(): string {
    const code = this.#source.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #next(): string {
    const character = this.#peek();
    this.#at += character.length;
    return character;
  }

  /** Reads up to `stop` (taken too), or to the end when there is none. */
  until(stop: string | undefined, rawEscapes: boolean): { value: string; words: string[] } {
    if (this.#depth > deepestNesting) throw new ExpansionError('too many substitutions inside each other');
    const outer = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    this.#depth += 1;
    try {
      return this.#until(stop);
    } finally {
      this.#rawEscapes = outer;
      this.#depth -= 1;
    }
  }

  #until(stop: string | undefined): { value: string; words: string[] } {
    let value = '';
    const words = new WordList();
    for (let character = this.#peek(); character !== ''; character = this.#peek()) {
      if (character === stop) {
        this.#next();
        return { value, words: words.finish() };
      }
      const quotes = this.#options.ignoreQuotes !== true;
      if (character === '$') {
        const expanded = this.#dollar();
        value += expanded;
        words.add(expanded);
      } else if (quotes && (character === "'" || character === '"')) {
        const quoted = character === "'" ? this.#singleQuoted() : this.#doubleQuoted();
        value += quoted;
        words.addRaw(quoted);
      } else if (this.#next() !== this.#escape) {
        value += character;
        words.add(character);
      } else {
        const escaped = (this.#rawEscapes ? character : '') + this.#next();
        value += escaped;
        words.addRaw(escaped);
      }
    }
    if (stop !== undefined) {
      throw new ExpansionError(`unexpected end of statement while looking for matching ${stop}`);
    }
    return { value, words: words.finish() };
  }

  #singleQuoted(): string {
    const end = this.#source.indexOf("'", this.#at + 1);
    if (end < 0) throw new ExpansionError('unexpected end of statement while looking for matching single-quote');
    const inside = this.#source.slice(this.#at + 1, end);
    this.#at = end + 1;
    return this.#options.rawQuotes === true ? `'${inside}'` : inside;
  }

  #doubleQuoted(): string {
    this.#next();
    const quote = this.#options.rawQuotes === true ? '"' : '';
    let result = quote;
    for (;;) {
      const character = this.#peek();
      if (character === '') {
        throw new ExpansionError('unexpected end of statement while looking for matching double-quote');
      }
      if (character === '$') {
        result += this.#dollar();
        continue;
      }
      this.#next();
      if (character === '"') return result + quote;
      if (character !== this.#escape) {
        result += character;
        continue;
      }
      if (this.#rawEscapes) result += character;
      const next = this.#peek();
      if (next === '') continue;
      // Only these can be escaped inside double quotes; before anything else the escape character stands for itself.
      if (next === '"' || next === '$' || next === this.#escape) result += this.#next();
      else result += character;
    }
  }

  #dollar(): string {
    this.#next();
    if (this.#peek() !== '{') {
      const name = this.#name();
      if (name === '') return '$';
      const value = this.#lookup(name);
      return value === undefined && this.#options.keepUnset === true ? `$${name}` : (value ?? '');
    }
    this.#next();
    const first = this.#peek();
    if (first === '') throw new ExpansionError("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw new ExpansionError('syntax error: bad substitution');
    const name = this.#name();
    const operator = this.#next();
    if (operator === '}') {
      const value = this.#lookup(name);
      return value === undefined && this.#options.keepUnset === true ? `\${${name}}` : (value ?? '');
    }
    if (operator === '/') return this.#replace(name);
    if (operator === ':') return this.#modify(name, this.#next(), true);
    return this.#modify(name, operator, false);
  }

  /** `${name-word}` and its kin; `nullIsUnset` when a colon stood before the operator. */
  #modify(name: string, operator: string, nullIsUnset: boolean): string {
    const written = (nullIsUnset ? ':' : '') + operator;
    if (!nullIsUnset && !'+-?#%'.includes(operator)) {
      throw new ExpansionError(`unsupported modifier (${written}) in substitution`);
    }
    const word = this.#inside('}', operator === '#' || operator === '%', "'}'");
    const value = this.#lookup(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}${written}${word}}`;
    const missing = value === undefined || (nullIsUnset && value === '');
    switch (operator) {
      case '-':
        return missing ? word : value;
      case '+':
        return missing ? '' : word;
      case '?':
        if (!missing) return value;
        throw new ExpansionError(
          `${name}: ${word || `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`,
        );
      case '#':
      case '%':
        return this.#trim(value ?? '', operator, word);
      default:
        throw new ExpansionError(`unsupported modifier (${written}) in substitution`);
    }
  }

  #trim(value: string, operator: '#' | '%', word: string): string {
    const longest = word.startsWith(operator);
    const pattern = longest ? word.slice(1) : word;
    return this.#pattern(pattern, () =>
      operator === '#' ? trimPrefix(value, pattern, longest) : trimSuffix(value, pattern, longest),
    );
  }

  #replace(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#next();
    const pattern = this.#inside('/', true, `'/' in \${}`);
    const replacement = this.#inside('}', true, "'}'");
    const value = this.#lookup(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}/${pattern}/${replacement}}`;
    return this.#pattern(pattern, () => replacePattern(value ?? '', pattern, replacement, all));
  }

  #pattern(pattern: string, apply: () => string): string {
    try {
      return apply();
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      throw new ExpansionError(`invalid pattern (${pattern}) in substitution: ${error.message}`);
    }
  }

  /** The word inside ${…} up to `stop`. */
  #inside(stop: string, rawEscapes: boolean, missing: string): string {
    try {
      return this.until(stop, rawEscapes).value;
    } catch (error) {
      if (error instanceof ExpansionError && this.#peek() === '') {
        throw new ExpansionError(`syntax error: missing ${missing}`);
      }
      throw error;
    }
  }

  #name(): string {
    const from = this.#at;
    const first = this.#peek();
    if (special.has(first) && first !== '0') return this.#next();
    const digits = isDigit(this.#source.charCodeAt(from));
    while (this.#at < this.#source.length) {
      const code = this.#source.charCodeAt(this.#at);
      if (digits ? !isDigit(code) : !isNameCharacter(code) && !(code > 0x7f && /[\p{L}\p{Nd}]/u.test(this.#peek())))
        break;
      this.#next();
    }
    return this.#source.slice(from, this.#at);
  }

  #lookup(name: string): string | undefined {
    const value = this.#variables.get(name);
    (value === undefined ? this.unmatched : this.matched).add(name);
    return value;
  }
}
