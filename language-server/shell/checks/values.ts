// Follows variables through a script: which expansions can give more than one word? A variable is clean while everything
// that was assigned to it on every way here has neither blanks nor pattern characters in it.
import type { AndOr, Assignment, Command, Part, Pipeline, Script, SimpleCommand, Word } from '../ast.ts';
import { literalOf } from '../words.ts';

/** What a value is made of that neither splits nor matches: something, or nothing at all. */
type Kind = 'text' | 'empty';

/** The variables that are clean, or empty; every other one may hold anything. */
class State extends Map<string, Kind> {
  /** Whether `exit` or `return` came: nothing behind it is reached from here. */
  readonly ended: boolean;

  constructor(names: Iterable<readonly [string, Kind]> = [], ended = false) {
    super(names);
    this.ended = ended;
  }

  add(name: string): void {
    this.set(name, 'text');
  }

  /** Whether the variable has a value, and one that is one word. */
  isClean(name: string): boolean {
    return this.get(name) === 'text';
  }
}

/** Parameters whose value never has blanks. */
const NEVER_BLANK =
  /^([#?$!-]|LINENO|PPID|RANDOM|SECONDS|UID|EUID|BASHPID|COLUMNS|LINES|OPTIND|SHLVL|SHELLOPTS|BASH_SUBSHELL|HISTSIZE|HISTFILESIZE|TMOUT|SRANDOM|EPOCHSECONDS)$/;

/** The parameter expansions of a script whose value is clean at their place. */
export function cleanExpansions(script: Script): ReadonlySet<Part> {
  const flow = new Flow();
  flow.script(script, new State());
  flow.uncalled();
  return flow.clean;
}

class Flow {
  readonly clean = new Set<Part>();
  private readonly functions = new Map<string, Command & { kind: 'function' }>();
  private readonly called = new Set<string>();
  private readonly running = new Set<string>();
  /** Variables with the attribute that makes every value a number. */
  private readonly integers = new Set<string>();

  /** Functions that nobody calls: anything may be in the variables then. */
  uncalled(): void {
    for (const [name, { body }] of this.functions)
      if (body !== undefined && !this.called.has(name)) this.command(body, new State());
  }

  script(script: Script, state: State): State {
    let current = state;
    for (const statement of script.statements) current = this.statement(statement, current);
    return current;
  }

  private statement(statement: AndOr, state: State): State {
    if (statement.terminator === '&') {
      this.list(statement, new State(state));
      return state;
    }
    return this.list(statement, state);
  }

  /** `a && b`: what b assigns holds afterwards only if it held without b too. */
  private list(statement: AndOr, state: State): State {
    const [first, ...rest] = statement.pipelines;
    let current = first === undefined ? state : this.pipeline(first, state);
    for (const pipeline of rest) {
      const after = this.pipeline(pipeline, new State(current));
      current = meet(current, after);
    }
    return current;
  }

  private pipeline(pipeline: Pipeline, state: State): State {
    const [only] = pipeline.commands;
    if (pipeline.commands.length === 1 && only !== undefined) return this.command(only, state);
    for (const command of pipeline.commands) this.command(command, new State(state));
    return state;
  }

  private command(command: Command, state: State): State {
    const after = this.body(command, state);
    for (const redirect of command.redirects) {
      if (redirect.target !== undefined) this.word(redirect.target, after);
      for (const part of redirect.heredoc?.parts ?? []) this.part(part, after);
    }
    return after;
  }

  private body(command: Command, state: State): State {
    switch (command.kind) {
      case 'simple':
        return this.simple(command, state);
      case 'group':
        return this.script(command.body, state);
      case 'subshell':
        this.script(command.body, new State(state));
        return state;
      case 'if':
        return this.branches(command, state);
      case 'while':
      case 'until': {
        const tested = this.script(command.condition, state);
        return meet(tested, this.script(command.body, new State(tested)));
      }
      case 'for':
      case 'select':
        return this.loop(command, state);
      case 'function':
        this.functions.set(command.name, command);
        return state;
      default:
        return this.rest(command, state);
    }
  }

  private branches(command: Command & { kind: 'if' }, state: State): State {
    let current = state;
    const ends: State[] = [];
    for (const clause of command.clauses) {
      current = this.script(clause.condition, current);
      ends.push(this.script(clause.body, new State(current)));
    }
    ends.push(command.otherwise === undefined ? current : this.script(command.otherwise, new State(current)));
    return ends.reduce((a, b) => meet(a, b));
  }

  private loop(command: Command & { kind: 'for' | 'select' }, state: State): State {
    const words = command.words ?? [];
    for (const word of words) this.word(word, state);
    const inside = new State(state);
    const clean = command.words !== undefined && words.every((word) => this.isCleanItem(word, state));
    if (clean && command.kind === 'for') inside.add(command.variable);
    else inside.delete(command.variable);
    // A second look, with what the body leaves behind, finds what one round spoils for the next.
    const after = this.script(command.body, new State(inside));
    const again = meet(inside, after);
    for (const part of this.forget(command.body)) this.clean.delete(part);
    return meet(state.isClean(command.variable) ? state : inside, this.script(command.body, new State(again)));
  }

  /** The clean expansions inside a script: a second round decides anew. */
  private forget(script: Script): Part[] {
    return [...this.clean].filter((part) => part.start >= script.start && part.end <= script.end);
  }

  private rest(command: Command, state: State): State {
    switch (command.kind) {
      case 'arithmetic-for': {
        const inside = new State(state);
        for (const name of counters(command.expression)) inside.add(name);
        return meet(inside, this.script(command.body, new State(inside)));
      }
      case 'case': {
        if (command.subject !== undefined) this.word(command.subject, state);
        const ends = command.items.map((item) => this.script(item.body, new State(state)));
        const always = command.items.some((item) =>
          item.patterns.some(
            (pattern) =>
              pattern.parts.length === 1 && pattern.parts[0]?.kind === 'glob' && pattern.parts[0].text === '*',
          ),
        );
        return (always ? ends : [...ends, state]).reduce((a, b) => meet(a, b), ends[0] ?? state);
      }
      case 'conditional':
        for (const word of command.words) this.word(word, state);
        return state;
      case 'arithmetic':
        for (const part of command.parts) this.part(part, state);
        for (const name of counters(command.parts)) state.add(name);
        return state;
      case 'coproc':
        if (command.body !== undefined) this.command(command.body, new State(state));
        return state;
      default:
        return state;
    }
  }

  private simple(command: SimpleCommand, state: State): State {
    command.words.forEach((word, index) => {
      const assignment = command.argumentAssignments.get(index);
      if (assignment === undefined) this.word(word, state);
      else this.assign(assignment, state);
    });
    const scope = command.words.length > 0 ? new State(state) : state;
    for (const assignment of command.assignments) this.assign(assignment, scope);
    this.builtin(command, state);
    const name = literalOf(command.words[0]);
    return name === 'exit' || name === 'return' ? new State(state, true) : this.call(name, state);
  }

  /** A call of a function of the script: its body runs with the variables as they are here. */
  private call(name: string | undefined, state: State): State {
    const body = name === undefined ? undefined : this.functions.get(name)?.body;
    if (name === undefined || body === undefined || this.running.has(name)) return state;
    const before = this.called.has(name)
      ? [...this.clean].filter((part) => part.start >= body.start && part.end <= body.end)
      : undefined;
    for (const part of before ?? []) this.clean.delete(part);
    this.called.add(name);
    this.running.add(name);
    const after = new State(this.command(body, new State(state)));
    this.running.delete(name);
    if (before !== undefined) {
      // Called from several places: clean is only what is clean at each of them.
      const kept = new Set(before);
      for (const part of this.clean)
        if (part.start >= body.start && part.end <= body.end && !kept.has(part)) this.clean.delete(part);
    }
    return after;
  }

  private assign(assignment: Assignment, state: State): void {
    if (assignment.value !== undefined) this.word(assignment.value, state);
    for (const word of assignment.array ?? []) this.word(word, state);
    const kind = this.kindOfValue(assignment, state);
    if (kind === undefined) state.delete(assignment.name);
    else state.set(assignment.name, kind);
  }

  private kindOfValue(assignment: Assignment, state: State): Kind | undefined {
    if (this.integers.has(assignment.name)) return 'text';
    if (assignment.array !== undefined) return undefined;
    const kind = this.kindOf(assignment.value?.parts ?? [], state);
    if (!assignment.append) return kind;
    const before = state.get(assignment.name);
    return kind === undefined || before === undefined ? undefined : both(before, kind);
  }

  /** Builtins that assign: what they read may be anything. */
  private builtin(command: SimpleCommand, state: State): void {
    const name = literalOf(command.words[0]);
    if (
      name === 'read' ||
      name === 'mapfile' ||
      name === 'readarray' ||
      name === 'getopts' ||
      name === 'printf' ||
      name === 'unset'
    ) {
      for (const word of command.words.slice(1)) state.delete(literalOf(word) ?? '');
    } else if (name === 'let') {
      for (const word of command.words.slice(1)) for (const counter of counters(word.parts)) state.add(counter);
    } else if (name === 'local' || name === 'declare' || name === 'typeset') {
      if (command.words.some((word) => /^-[a-zA-Z]*i/.test(literalOf(word) ?? '')))
        this.declareIntegers(command, state);
    }
  }

  private declareIntegers(command: SimpleCommand, state: State): void {
    command.words.forEach((word, index) => {
      const name = command.argumentAssignments.get(index)?.name ?? literalOf(word) ?? '';
      if (index === 0 || !/^[A-Za-z_]\w*$/.test(name)) return;
      this.integers.add(name);
      state.add(name);
    });
  }

  private word(word: Word, state: State): void {
    for (const part of word.parts) this.part(part, state);
  }

  private part(part: Part, state: State): void {
    switch (part.kind) {
      case 'parameter':
        if (this.isCleanParameter(part, state)) this.clean.add(part);
        for (const inner of part.argument) this.part(inner, state);
        // `${x:=word}` assigns.
        if (part.operator === ':=' || part.operator === '=') {
          if (this.isClean(part.argument, state) && state.isClean(part.name)) state.add(part.name);
        }
        break;
      case 'double':
      case 'brace':
        for (const inner of part.parts) this.part(inner, state);
        break;
      case 'arithmetic':
        for (const inner of part.parts) this.part(inner, state);
        for (const name of counters(part.parts)) state.add(name);
        break;
      case 'substitution':
      case 'process':
        this.script(part.script, new State(state));
        break;
      default:
    }
  }

  private isCleanParameter(part: Part & { kind: 'parameter' }, state: State): boolean {
    if (part.prefix === '#' || (part.prefix === '' && NEVER_BLANK.test(part.name))) return true;
    return part.prefix === '' && part.index === undefined && state.isClean(part.name);
  }

  private isClean(parts: readonly Part[], state: State): boolean {
    return this.kindOf(parts, state) !== undefined;
  }

  private kindOf(parts: readonly Part[], state: State): Kind | undefined {
    let kind: Kind | undefined = 'empty';
    for (const part of parts) {
      const more = this.kindOfPart(part, state);
      if (more === undefined) return undefined;
      kind = both(kind, more);
    }
    return kind;
  }

  private kindOfPart(part: Part, state: State): Kind | undefined {
    switch (part.kind) {
      case 'literal':
      case 'single':
        return /[\s*?[]/.test(part.text) ? undefined : part.text === '' ? 'empty' : 'text';
      case 'double':
        return this.kindOf(part.parts, state);
      case 'arithmetic':
        return 'text';
      case 'parameter':
        if (part.prefix === '' && part.index === undefined && state.get(part.name) === 'empty') return 'empty';
        return part.prefix !== '#' && this.isCleanParameter(part, state) ? 'text' : undefined;
      default:
        return undefined;
    }
  }

  /** An item of `for`: only what is written there is known; braces give clean words when what is in them is. */
  private isCleanItem(word: Word, state: State): boolean {
    return word.parts.every((part) => {
      if (part.kind === 'brace') return this.isClean(part.parts, state);
      return part.kind !== 'parameter' && this.kindOfPart(part, state) !== undefined;
    });
  }
}

const ASSIGNED = /([A-Za-z_]\w*)\s*(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)|(?:\+\+|--)\s*([A-Za-z_]\w*)/g;

/** The variables to which an arithmetic expression assigns: they hold numbers. */
function counters(expression: readonly Part[]): string[] {
  return expression.flatMap((part) => {
    if (part.kind === 'double') return counters(part.parts);
    if (part.kind !== 'literal' && part.kind !== 'single') return [];
    return [...part.text.matchAll(ASSIGNED)].map((match) => match[1] ?? match[2] ?? '');
  });
}

/** What is clean on both ways. */
function meet(a: State, b: State): State {
  if (a.ended || a === b) return b;
  if (b.ended) return a;
  const met = new State();
  for (const [name, kind] of a) {
    const other = b.get(name);
    if (other !== undefined) met.set(name, both(kind, other));
  }
  return met;
}

function both(a: Kind, b: Kind): Kind {
  return a === 'text' || b === 'text' ? 'text' : 'empty';
}
