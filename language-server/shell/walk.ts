// Visits every node of a shell tree, parents before children, in source order.
import type { AndOr, Assignment, Command, Part, Pipeline, Redirect, Script, Word } from './ast.ts';

/** What is called on the way; each may be left out. `path` is what lies above, the nearest last. */
export interface Visitor {
  statement?(statement: AndOr, path: readonly Node[]): void;
  pipeline?(pipeline: Pipeline, path: readonly Node[]): void;
  command?(command: Command, path: readonly Node[]): void;
  assignment?(assignment: Assignment, path: readonly Node[]): void;
  redirect?(redirect: Redirect, path: readonly Node[]): void;
  word?(word: Word, path: readonly Node[], role: WordRole): void;
  part?(part: Part, path: readonly Node[]): void;
}

/** What a word is to the command that holds it. */
type WordRole =
  | 'command'
  | 'argument'
  | 'target'
  | 'value'
  | 'element'
  | 'list'
  | 'subject'
  | 'pattern'
  | 'conditional';

/** Something that holds others. */
export type Node =
  | { readonly type: 'statement'; readonly node: AndOr }
  | { readonly type: 'pipeline'; readonly node: Pipeline }
  | { readonly type: 'command'; readonly node: Command }
  | { readonly type: 'condition'; readonly of: 'if' | 'while' | 'until' }
  | { readonly type: 'assignment'; readonly node: Assignment; readonly argument: boolean }
  | { readonly type: 'redirect'; readonly node: Redirect }
  | { readonly type: 'word'; readonly node: Word; readonly role: WordRole }
  | { readonly type: 'part'; readonly node: Part }
  | { readonly type: 'heredoc'; readonly node: Redirect };

/** One visitor that calls each of several in turn, so that one walk serves them all. */
export function allOf(visitors: readonly Visitor[]): Visitor {
  const each = (call: (visitor: Visitor) => void): void => {
    for (const visitor of visitors) call(visitor);
  };
  return {
    statement: (statement, path) => each((visitor) => visitor.statement?.(statement, path)),
    pipeline: (pipeline, path) => each((visitor) => visitor.pipeline?.(pipeline, path)),
    command: (command, path) => each((visitor) => visitor.command?.(command, path)),
    assignment: (assignment, path) => each((visitor) => visitor.assignment?.(assignment, path)),
    redirect: (redirect, path) => each((visitor) => visitor.redirect?.(redirect, path)),
    word: (word, path, role) => each((visitor) => visitor.word?.(word, path, role)),
    part: (part, path) => each((visitor) => visitor.part?.(part, path)),
  };
}

/** Walks a whole script. */
export function walkScript(script: Script, visitor: Visitor): void {
  new Walker(visitor).script(script);
}

class Walker {
  private readonly visitor: Visitor;
  private readonly path: Node[] = [];

  constructor(visitor: Visitor) {
    this.visitor = visitor;
  }

  script(script: Script): void {
    for (const statement of script.statements) this.statement(statement);
  }

  private inside(node: Node, run: () => void): void {
    this.path.push(node);
    run();
    this.path.pop();
  }

  private statement(statement: AndOr): void {
    this.visitor.statement?.(statement, this.path);
    this.inside({ type: 'statement', node: statement }, () => {
      for (const pipeline of statement.pipelines) this.pipeline(pipeline);
    });
  }

  private pipeline(pipeline: Pipeline): void {
    this.visitor.pipeline?.(pipeline, this.path);
    this.inside({ type: 'pipeline', node: pipeline }, () => {
      for (const command of pipeline.commands) this.command(command);
    });
  }

  private command(command: Command): void {
    this.visitor.command?.(command, this.path);
    this.inside({ type: 'command', node: command }, () => {
      this.commandParts(command);
      for (const redirect of command.redirects) this.redirect(redirect);
    });
  }

  private commandParts(command: Command): void {
    switch (command.kind) {
      case 'simple':
        for (const assignment of command.assignments) this.assignment(assignment, false);
        command.words.forEach((word, index) => {
          const assignment = command.argumentAssignments.get(index);
          if (assignment === undefined) this.word(word, index === 0 ? 'command' : 'argument');
          else this.assignment(assignment, true);
        });
        break;
      case 'subshell':
      case 'group':
        this.script(command.body);
        break;
      case 'if':
        for (const clause of command.clauses) {
          this.inside({ type: 'condition', of: 'if' }, () => this.script(clause.condition));
          this.script(clause.body);
        }
        if (command.otherwise !== undefined) this.script(command.otherwise);
        break;
      case 'while':
      case 'until':
        this.inside({ type: 'condition', of: command.kind }, () => this.script(command.condition));
        this.script(command.body);
        break;
      default:
        this.otherParts(command);
    }
  }

  private otherParts(command: Command): void {
    switch (command.kind) {
      case 'for':
      case 'select':
        for (const word of command.words ?? []) this.word(word, 'list');
        this.script(command.body);
        break;
      case 'arithmetic-for':
        this.parts(command.expression);
        this.script(command.body);
        break;
      case 'case':
        if (command.subject !== undefined) this.word(command.subject, 'subject');
        for (const item of command.items) {
          for (const pattern of item.patterns) this.word(pattern, 'pattern');
          this.script(item.body);
        }
        break;
      case 'conditional':
        for (const word of command.words) this.word(word, 'conditional');
        break;
      case 'arithmetic':
        this.parts(command.parts);
        break;
      case 'function':
      case 'coproc':
        if (command.body !== undefined) this.command(command.body);
        break;
      default:
    }
  }

  private assignment(assignment: Assignment, argument: boolean): void {
    this.visitor.assignment?.(assignment, this.path);
    this.inside({ type: 'assignment', node: assignment, argument }, () => {
      if (assignment.value !== undefined) this.word(assignment.value, 'value');
      for (const word of assignment.array ?? []) this.word(word, 'element');
    });
  }

  private redirect(redirect: Redirect): void {
    this.visitor.redirect?.(redirect, this.path);
    this.inside({ type: 'redirect', node: redirect }, () => {
      if (redirect.target !== undefined) this.word(redirect.target, 'target');
    });
    const heredoc = redirect.heredoc;
    if (heredoc !== undefined) this.inside({ type: 'heredoc', node: redirect }, () => this.parts(heredoc.parts));
  }

  private word(word: Word, role: WordRole): void {
    this.visitor.word?.(word, this.path, role);
    this.inside({ type: 'word', node: word, role }, () => this.parts(word.parts));
  }

  private parts(parts: readonly Part[]): void {
    for (const part of parts) {
      this.visitor.part?.(part, this.path);
      this.inside({ type: 'part', node: part }, () => this.partChildren(part));
    }
  }

  private partChildren(part: Part): void {
    if (part.kind === 'double' || part.kind === 'arithmetic' || part.kind === 'brace') this.parts(part.parts);
    else if (part.kind === 'parameter') this.parts(part.argument);
    else if (part.kind === 'substitution' || part.kind === 'process') this.script(part.script);
  }
}
