// Follows variables through a script: which expansions can give more than one word? A variable is clean while everything
// that was assigned to it on every way here has neither blanks nor pattern characters in it.
import type { AndOr, Assignment, Command, Part, Pipeline, Script, SimpleCommand, Word } from '../ast.ts';
import { literalOf } from '../words.ts';

/** Names of the variables that are clean; every other one may hold anything. */
type State = Set<string>;

/** Parameters whose value never has blanks. */
const NEVER_BLANK =
  /^([#?$!-]|LINENO|PPID|RANDOM|SECONDS|UID|EUID|BASHPID|COLUMNS|LINES|HISTCMD|OPTIND|SHLVL|BASH_SUBSHELL|HISTSIZE|HISTFILESIZE|TMOUT|GROUPS|SRANDOM|EPOCHSECONDS)$/;

/** The parameter expansions of a script whose value is clean at their place. */
export function cleanExpansions(script: Script): ReadonlySet<Part> {
  const flow = new Flow();
  flow.script(script, new Set());
  flow.uncalled();
  return flow.clean;
}

class Flow {
  readonly clean = new Set<Part>();
  private readonly functions = new Map<string, Command & { kind: 'function' }>();
  private readonly called = new Set<string>();
  private readonly running = new Set<string>();

  /** Functions that nobody calls: anything may be in the variables then. */
  uncalled(): void {
    for (const [name, { body }] of this.functions)
      if (body !== undefined && !this.called.has(name)) this.command(body, new Set());
  }

  script(script: Script, state: State): State {
    let current = state;
    for (const statement of script.statements) current = this.statement(statement, current);
    return current;
  }

  private statement(statement: AndOr, state: State): State {
    if (statement.terminator === '&') {
      this.list(statement, new Set(state));
      return state;
    }
    return this.list(statement, state);
  }

  /** `a && b`: what b assigns holds afterwards only if it held without b too. */
  private list(statement: AndOr, state: State): State {
    const [first, ...rest] = statement.pipelines;
    let current = first === undefined ? state : this.pipeline(first, state);
    for (const pipeline of rest) {
      const after = this.pipeline(pipeline, new Set(current));
      current = meet(current, after);
    }
    return current;
  }

  private pipeline(pipeline: Pipeline, state: State): State {
    const [only] = pipeline.commands;
    if (pipeline.commands.length === 1 && only !== undefined) return this.command(only, state);
    for (const command of pipeline.commands) this.command(command, new Set(state));
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
        this.script(command.body, new Set(state));
        return state;
      case 'if':
        return this.branches(command, state);
      case 'while':
      case 'until': {
        const tested = this.script(command.condition, state);
        return meet(tested, this.script(command.body, new Set(tested)));
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
      ends.push(this.script(clause.body, new Set(current)));
    }
    ends.push(command.otherwise === undefined ? current : this.script(command.otherwise, new Set(current)));
    return ends.reduce(meet);
  }

  private loop(command: Command & { kind: 'for' | 'select' }, state: State): State {
    const words = command.words ?? [];
    for (const word of words) this.word(word, state);
    const inside = new Set(state);
    const clean = command.words !== undefined && words.every((word) => this.isCleanItem(word, state));
    if (clean && command.kind === 'for') inside.add(command.variable);
    else inside.delete(command.variable);
    // A second look, with what the body leaves behind, finds what one round spoils for the next.
    const after = this.script(command.body, new Set(inside));
    const again = meet(inside, after);
    for (const part of this.forget(command.body)) this.clean.delete(part);
    return meet(state.has(command.variable) ? state : inside, this.script(command.body, new Set(again)));
  }

  /** The clean expansions inside a script: a second round decides anew. */
  private forget(script: Script): Part[] {
    return [...this.clean].filter((part) => part.start >= script.start && part.end <= script.end);
  }

  private rest(command: Command, state: State): State {
    switch (command.kind) {
      case 'arithmetic-for': {
        const inside = new Set([...state, ...counters(command.expression)]);
        return meet(inside, this.script(command.body, new Set(inside)));
      }
      case 'case': {
        if (command.subject !== undefined) this.word(command.subject, state);
        const ends = command.items.map((item) => this.script(item.body, new Set(state)));
        const always = command.items.some((item) =>
          item.patterns.some(
            (pattern) =>
              pattern.parts.length === 1 && pattern.parts[0]?.kind === 'glob' && pattern.parts[0].text === '*',
          ),
        );
        return (always ? ends : [...ends, state]).reduce(meet, ends[0] ?? state);
      }
      case 'conditional':
        for (const word of command.words) this.word(word, state);
        return state;
      case 'coproc':
        if (command.body !== undefined) this.command(command.body, new Set(state));
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
    const scope = command.words.length > 0 ? new Set(state) : state;
    for (const assignment of command.assignments) this.assign(assignment, scope);
    this.builtin(command, state);
    return this.call(literalOf(command.words[0]), state);
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
    const after = this.command(body, new Set(state));
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
    const clean =
      assignment.array === undefined && (assignment.value === undefined || this.isClean(assignment.value.parts, state));
    if (assignment.append ? clean && state.has(assignment.name) : clean) state.add(assignment.name);
    else state.delete(assignment.name);
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
    } else if (name === 'local' || name === 'declare' || name === 'typeset') {
      command.words.forEach((word, index) => {
        const text = literalOf(word) ?? '';
        if (index > 0 && !command.argumentAssignments.has(index) && /^\w+$/.test(text)) state.add(text);
      });
    }
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
          if (this.isClean(part.argument, state) && state.has(part.name)) state.add(part.name);
        }
        break;
      case 'double':
      case 'arithmetic':
      case 'brace':
        for (const inner of part.parts) this.part(inner, state);
        break;
      case 'substitution':
      case 'process':
        this.script(part.script, new Set(state));
        break;
      default:
    }
  }

  private isCleanParameter(part: Part & { kind: 'parameter' }, state: State): boolean {
    if (part.prefix === '#' || (part.prefix === '' && NEVER_BLANK.test(part.name))) return true;
    return part.prefix === '' && part.index === undefined && state.has(part.name);
  }

  private isClean(parts: readonly Part[], state: State): boolean {
    return parts.every((part) => this.isCleanPart(part, state));
  }

  private isCleanPart(part: Part, state: State): boolean {
    switch (part.kind) {
      case 'literal':
      case 'single':
        return !/[\s*?[]/.test(part.text);
      case 'double':
        return this.isClean(part.parts, state);
      case 'arithmetic':
        return true;
      case 'parameter':
        return this.isCleanParameter(part, state);
      default:
        return false;
    }
  }

  /** An item of `for`: only what is written there is known; braces give clean words when what is in them is. */
  private isCleanItem(word: Word, state: State): boolean {
    return word.parts.every((part) => {
      if (part.kind === 'brace') return this.isClean(part.parts, state);
      return part.kind !== 'parameter' && this.isCleanPart(part, state);
    });
  }
}

/** The variables to which an arithmetic expression assigns: they hold numbers. */
function counters(expression: readonly Part[]): string[] {
  return expression.flatMap((part) =>
    part.kind === 'literal'
      ? [...part.text.matchAll(/([A-Za-z_]\w*)\s*[-+*/%&|^]?=(?!=)/g)].map((match) => match[1] ?? '')
      : [],
  );
}

/** What is clean on both ways. */
function meet(a: State, b: State): State {
  return a === b ? a : new Set([...a].filter((name) => b.has(name)));
}
