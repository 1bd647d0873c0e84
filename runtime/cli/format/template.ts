// The part of Go's text/template that `--format` needs: fields, pipelines, functions, if/else, range, with, variables.
// Parsing gives a tree once; rendering walks it for each row.

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

type Expression =
  | { kind: 'field'; path: readonly string[]; variable?: string }
  | { kind: 'literal'; value: unknown }
  | { kind: 'call'; name: string; args: readonly Expression[] }
  | { kind: 'access'; target: Expression; path: readonly string[] }
  | { kind: 'method'; path: readonly string[]; args: readonly Expression[] }
  | { kind: 'pipe'; stages: readonly Expression[] };

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'value'; expression: Expression }
  | { kind: 'assign'; name: string; expression: Expression }
  | { kind: 'if' | 'with'; condition: Expression; body: Node[]; otherwise: Node[] }
  | { kind: 'range'; names: readonly string[]; over: Expression; body: Node[]; otherwise: Node[] };

interface Action {
  readonly text: string;
}

/** Cuts `text {{action}} text`, with `{{-` and `-}}` eating the white space beside them. */
function split(source: string): (string | Action)[] {
  const parts: (string | Action)[] = [];
  let rest = source;
  let trimNext = false;
  for (;;) {
    const open = rest.indexOf('{{');
    let text = open < 0 ? rest : rest.slice(0, open);
    if (trimNext) text = text.trimStart();
    if (open < 0) return [...parts, text];
    const trimBefore = /^\{\{- /.test(rest.slice(open));
    parts.push(trimBefore ? text.trimEnd() : text);
    const close = endOfAction(rest, open + 2);
    let inner = rest.slice(open + 2, close);
    trimNext = / -$/.test(inner);
    if (trimBefore) inner = inner.slice(1);
    if (trimNext) inner = inner.slice(0, -1);
    parts.push({ text: inner.trim() });
    rest = rest.slice(close + 2);
  }
}

/** The `}}` that is not inside a string. */
function endOfAction(source: string, start: number): number {
  let quote = '';
  for (let index = start; index < source.length; index += 1) {
    const character = source[index] ?? '';
    if (quote !== '') {
      if (character === '\\' && quote === '"') index += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === '`') quote = character;
    else if (source.startsWith('}}', index)) return index;
  }
  throw new TemplateError('template: unclosed action');
}

const tokenPattern =
  /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)')|(-?\d+(?:\.\d+)?)|(\$?\w*(?:\.\w+)+|\$\w*|\.)|(\w+)|(:=|[()|,=]))/y;

type Token = { kind: 'string' | 'number' | 'path' | 'word' | 'sign'; text: string };

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const start = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) {
      if (text.slice(start).trim() === '') break;
      throw new TemplateError(`template: unexpected "${text.slice(start).trim().slice(0, 20)}" in {{${text}}}`);
    }
    const [, string, number, path, word, sign] = match;
    if (string !== undefined) tokens.push({ kind: 'string', text: string });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (path !== undefined) tokens.push({ kind: 'path', text: path });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'sign', text: sign ?? '' });
  }
  return tokens;
}

function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  const inner = text.slice(1, -1);
  return inner.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.startsWith('u') || code.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' }[code] ?? code;
  });
}

/** A pipeline: commands parted by `|`, each a function with operands or one operand. */
class ExpressionParser {
  readonly #tokens: Token[];
  readonly #source: string;
  #index = 0;

  constructor(source: string, tokens: Token[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  parse(): Expression {
    const expression = this.#pipeline();
    if (this.#peek() !== undefined) throw this.#unexpected();
    return expression;
  }

  #pipeline(): Expression {
    const stages = [this.#command()];
    while (this.#take('|')) stages.push(this.#command());
    const [only] = stages;
    return stages.length === 1 && only !== undefined ? only : { kind: 'pipe', stages };
  }

  #command(): Expression {
    const first = this.#peek();
    if (first?.kind === 'word' && !['true', 'false', 'nil'].includes(first.text)) {
      this.#index += 1;
      if (!Object.hasOwn(functions, first.text))
        throw new TemplateError(`template: function "${first.text}" not defined`);
      return { kind: 'call', name: first.text, args: this.#arguments() };
    }
    const operand = this.#operand();
    const args = this.#arguments();
    if (args.length === 0) return operand;
    // `.Label "name"`: a row's fields may be methods.
    if (operand.kind !== 'field' || operand.variable !== undefined)
      throw new TemplateError(`template: can't give argument to non-function in {{${this.#source}}}`);
    return { kind: 'method', path: operand.path, args };
  }

  #arguments(): Expression[] {
    const args: Expression[] = [];
    for (let next = this.#peek(); next !== undefined && next.text !== '|' && next.text !== ')'; next = this.#peek())
      args.push(this.#operand());
    return args;
  }

  #operand(): Expression {
    const token = this.#tokens[this.#index++];
    if (token === undefined) throw new TemplateError(`template: missing value for command in {{${this.#source}}}`);
    switch (token.kind) {
      case 'string':
        return { kind: 'literal', value: unquote(token.text) };
      case 'number':
        return { kind: 'literal', value: Number(token.text) };
      case 'path':
        return toField(token.text);
      case 'word':
        if (token.text === 'true' || token.text === 'false') return { kind: 'literal', value: token.text === 'true' };
        if (token.text === 'nil') return { kind: 'literal', value: null };
        if (Object.hasOwn(functions, token.text)) return { kind: 'call', name: token.text, args: [] };
        throw new TemplateError(`template: function "${token.text}" not defined`);
      case 'sign': {
        if (token.text !== '(') throw this.#unexpected();
        const inner = this.#pipeline();
        if (!this.#take(')')) throw new TemplateError(`template: unclosed left paren in {{${this.#source}}}`);
        const next = this.#peek();
        if (next?.kind !== 'path' || !next.text.startsWith('.')) return inner;
        this.#index += 1;
        return { kind: 'access', target: inner, path: next.text.slice(1).split('.') };
      }
    }
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#index];
  }

  #take(sign: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.#index += 1;
    return true;
  }

  #unexpected(): TemplateError {
    return new TemplateError(`template: unexpected "${this.#peek()?.text ?? 'end'}" in {{${this.#source}}}`);
  }
}

function toField(text: string): Expression {
  if (text.startsWith('$')) {
    const [variable = '$', ...path] = text.split('.');
    return { kind: 'field', variable, path };
  }
  return { kind: 'field', path: text === '.' ? [] : text.slice(1).split('.') };
}

function parseExpression(text: string): Expression {
  return new ExpressionParser(text, tokenize(text)).parse();
}

/** Statements up to the `end` or `else` that closes the block. */
class BlockParser {
  readonly #parts: (string | Action)[];
  #index = 0;

  constructor(parts: (string | Action)[]) {
    this.#parts = parts;
  }

  /** `inside`: an `end` or `else` is expected; gives what ended the block. */
  block(inside: boolean): { nodes: Node[]; terminator: string } {
    const nodes: Node[] = [];
    while (this.#index < this.#parts.length) {
      const part = this.#parts[this.#index++];
      if (part === undefined) break;
      if (typeof part === 'string') {
        if (part !== '') nodes.push({ kind: 'text', text: part });
        continue;
      }
      const { text } = part;
      if (text.startsWith('/*')) continue;
      if (text === 'end' || text === 'else' || text.startsWith('else ')) {
        if (!inside) throw new TemplateError(`template: unexpected {{${text}}}`);
        return { nodes, terminator: text };
      }
      nodes.push(this.#statement(text));
    }
    if (inside) throw new TemplateError('template: unexpected EOF');
    return { nodes, terminator: 'end' };
  }

  #statement(text: string): Node {
    const [, keyword = '', rest = ''] = /^(if|with|range)\s+([\s\S]*)$/.exec(text) ?? [];
    if (keyword === 'if' || keyword === 'with') return this.#conditional(keyword, rest);
    if (keyword === 'range') return this.#range(rest);
    const assign = /^(\$\w+)\s*:?=\s*([\s\S]*)$/.exec(text);
    if (assign?.[1] !== undefined)
      return { kind: 'assign', name: assign[1], expression: parseExpression(assign[2] ?? '') };
    return { kind: 'value', expression: parseExpression(text) };
  }

  #conditional(kind: 'if' | 'with', rest: string): Node {
    const condition = parseExpression(rest);
    const { nodes, terminator } = this.block(true);
    return { kind, condition, body: nodes, otherwise: this.#otherwise(terminator) };
  }

  #range(rest: string): Node {
    const names = /^((?:\$\w+)(?:\s*,\s*\$\w+)?)\s*:=\s*([\s\S]*)$/.exec(rest);
    const over = parseExpression(names?.[2] ?? rest);
    const { nodes, terminator } = this.block(true);
    return {
      kind: 'range',
      names: names?.[1]?.split(/\s*,\s*/) ?? [],
      over,
      body: nodes,
      otherwise: this.#otherwise(terminator),
    };
  }

  #otherwise(terminator: string): Node[] {
    if (terminator === 'end') return [];
    const chained = terminator.slice('else'.length).trim();
    // `{{else if x}}` shares the `end` of the statement that it is part of.
    if (chained !== '') return [this.#statement(chained)];
    return this.block(true).nodes;
  }
}

type Scope = { readonly dot: unknown; readonly variables: Map<string, unknown> };

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function member(value: unknown, name: string): unknown {
  if (value === null || value === undefined) throw new TemplateError(`template: nil pointer evaluating .${name}`);
  if (typeof value !== 'object')
    throw new TemplateError(`template: can't evaluate field ${name} in type ${typeof value}`);
  const found = (value as Readonly<Record<string, unknown>>)[name];
  // A row's fields may be computed when asked for.
  return typeof found === 'function' ? (found as () => unknown).call(value) : found;
}

/** Fields that objects have at times only: nil where they are not, as in Docker's types. */
const optionalFields = new Set(['SizeRw', 'SizeRootFs', 'Status', 'UsageData', 'ImageManifestDescriptor', 'Health']);

/** A field of the object itself must be there: a misspelt one is told, not printed as nothing. */
function ownMember(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || name in value) return member(value, name);
  if (optionalFields.has(name)) return null;
  throw new TemplateError(`template: :1:2: executing "" at <.${name}>: map has no entry for key "${name}"`);
}

function callMethod(path: readonly string[], args: readonly unknown[], dot: unknown): unknown {
  const owner = path.slice(0, -1).reduce(member, dot);
  const name = path.at(-1) ?? '';
  const method = (owner as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  if (typeof method !== 'function')
    throw new TemplateError(`template: :1:2: executing "" at <.${name}>: ${name} has arguments but cannot be invoked`);
  return method(...args) as unknown;
}

/** As Go prints values with %v. */
function print(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(print).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${print(item)}`).join(' ')}]`;
  }
  return String(value);
}

/** Go's JSON of what was JSON: `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function index(value: unknown, ...keys: unknown[]): unknown {
  let current: unknown = value;
  for (const key of keys) {
    if (current === null || current === undefined) return undefined;
    if (Array.isArray(current) && (Number(key) < 0 || Number(key) >= current.length))
      throw new TemplateError(`template: error calling index: index out of range: ${print(key)}`);
    current = (current as Readonly<Record<string, unknown>>)[String(key)];
  }
  return current;
}

function printf(format: unknown, ...values: unknown[]): string {
  let next = 0;
  return String(format).replace(
    /%(-?)(\d*)(?:\.(\d+))?([vsdqfxt%])/g,
    (_, minus: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const value = values[next++];
      const text =
        verb === 'q'
          ? JSON.stringify(String(value))
          : verb === 'f'
            ? Number(value).toFixed(precision === undefined ? 6 : Number(precision))
            : verb === 'x'
              ? Number(value).toString(16)
              : print(value);
      return minus === '-' ? text.padEnd(Number(width)) : text.padStart(Number(width || 0));
    },
  );
}

function equal(first: unknown, ...others: unknown[]): boolean {
  return others.some((other) => first === other || print(first) === print(other));
}

const functions: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  json: (value) => goJson(value),
  join: (list, separator) => (Array.isArray(list) ? list.map(print).join(String(separator)) : print(list)),
  split: (text, separator) => String(text).split(String(separator)),
  upper: (text) => print(text).toUpperCase(),
  lower: (text) => print(text).toLowerCase(),
  title: (text) => print(text).replace(/\b\w/g, (letter) => letter.toUpperCase()),
  trim: (text) => print(text).trim(),
  pad: (text, before, after) => `${' '.repeat(Number(before))}${print(text)}${' '.repeat(Number(after))}`,
  truncate: (text, length) => print(text).slice(0, Number(length)),
  table: (value) => print(value),
  len: (value) =>
    value === null || value === undefined
      ? 0
      : typeof value === 'string' || Array.isArray(value)
        ? value.length
        : Object.keys(value).length,
  index,
  slice: (value, from, to) =>
    (value as string | unknown[]).slice(Number(from ?? 0), to === undefined ? undefined : Number(to)),
  print: (...values) => values.map(print).join(''),
  println: (...values) => `${values.map(print).join(' ')}\n`,
  printf,
  eq: equal,
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => (a as number) < (b as number),
  le: (a, b) => (a as number) <= (b as number),
  gt: (a, b) => (a as number) > (b as number),
  ge: (a, b) => (a as number) >= (b as number),
  not: (value) => isEmpty(value),
  and: (...values) => values.find(isEmpty) ?? values.at(-1),
  or: (...values) => values.find((value) => !isEmpty(value)) ?? values.at(-1),
  html: (value) => print(value).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`),
  urlquery: (value) => encodeURIComponent(print(value)),
};

function evaluate(expression: Expression, scope: Scope): unknown {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'field': {
      const base = expression.variable === undefined ? scope.dot : lookup(scope, expression.variable);
      const isOwn = expression.variable === undefined && scope.dot === scope.variables.get('$');
      const [first, ...deeper] = expression.path;
      if (!isOwn || first === undefined) return expression.path.reduce(member, base);
      return deeper.reduce(member, ownMember(base, first));
    }
    case 'method':
      return callMethod(
        expression.path,
        expression.args.map((arg) => evaluate(arg, scope)),
        scope.dot,
      );
    case 'access':
      return expression.path.reduce(member, evaluate(expression.target, scope));
    case 'call':
      return functions[expression.name]?.(...expression.args.map((arg) => evaluate(arg, scope)));
    case 'pipe':
      return expression.stages.reduce<unknown>((value, stage, position) => {
        if (position === 0) return evaluate(stage, scope);
        if (stage.kind !== 'call') throw new TemplateError('template: non-function in a pipeline');
        return functions[stage.name]?.(...stage.args.map((arg) => evaluate(arg, scope)), value);
      }, undefined);
  }
}

function lookup({ variables }: Scope, name: string): unknown {
  if (!variables.has(name)) throw new TemplateError(`template: undefined variable "${name}"`);
  return variables.get(name);
}

function entriesOf(value: unknown): [unknown, unknown][] {
  if (Array.isArray(value)) return value.map((item, position) => [position, item]);
  if (typeof value === 'number') return Array.from({ length: value }, (_, position) => [position, position]);
  if (typeof value === 'object' && value !== null) return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  if (value === undefined || value === null) return [];
  throw new TemplateError(`template: range can't iterate over ${print(value)}`);
}

function renderRange(node: Extract<Node, { kind: 'range' }>, scope: Scope): string {
  const entries = entriesOf(evaluate(node.over, scope));
  if (entries.length === 0) return renderNodes(node.otherwise, scope);
  return entries
    .map(([key, value]) => {
      const variables = new Map(scope.variables);
      const [first, second] = node.names;
      if (second !== undefined) variables.set(second, value);
      if (first !== undefined) variables.set(first, second === undefined ? value : key);
      return renderNodes(node.body, { dot: value, variables });
    })
    .join('');
}

function renderNode(node: Node, scope: Scope): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'value':
      return print(evaluate(node.expression, scope));
    case 'assign':
      scope.variables.set(node.name, evaluate(node.expression, scope));
      return '';
    case 'if':
    case 'with': {
      const value = evaluate(node.condition, scope);
      if (isEmpty(value)) return renderNodes(node.otherwise, scope);
      return renderNodes(node.body, node.kind === 'with' ? { dot: value, variables: scope.variables } : scope);
    }
    case 'range':
      return renderRange(node, scope);
  }
}

function renderNodes(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => renderNode(node, scope)).join('');
}

/** Compiles once; the function renders one value. Throws `TemplateError` in both places. */
export function compileTemplate(source: string): (value: unknown) => string {
  const { nodes } = new BlockParser(split(source)).block(false);
  return (value) => renderNodes(nodes, { dot: value, variables: new Map([['$', value]]) });
}

/** The first fields that a template names, for table headings: `{{.Names}}\t{{.Status}}` → Names, Status. */
export function templateFields(source: string): string[] {
  return [...source.matchAll(/\{\{[^}]*?\.(\w+)[^}]*?\}\}/g)].map(([, name = '']) => name);
}
