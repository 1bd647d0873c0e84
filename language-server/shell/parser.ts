// A tolerant parser for shell scripts, by recursive descent. POSIX XCU 2.10 with what bash adds.
//
// Why an own parser: it is synchronous and has no start-up cost (the tree-sitter grammar is 1.6 MB of WebAssembly that has to
// be compiled first), it keeps the parts of words with their quoting, which is what the checks ask for, and a RUN body is
// short, so that parsing it anew when it changes costs microseconds.
import type { AndOr, Command, ParsedScript, Pipeline, Script, Span } from './ast.ts';
import { readCompound } from './compound.ts';
import { Cursor } from './cursor.ts';
import { consumeWord, readReserved, skipBlanks, skipLines } from './layout.ts';
import { readSimple } from './simple.ts';

/** Parses a whole script. */
export function parseShell(text: string): ParsedScript {
  const cursor = new Cursor(text, readScript);
  const script = readScript(cursor, new Set());
  const { comments, keywords, operators, errors } = cursor;
  return { ...script, text, comments, keywords, operators, errors };
}

/** Reads statements up to a closer of this or an enclosing script, which stays where it is. */
function readScript(cursor: Cursor, closers: ReadonlySet<string>): Script {
  const start = cursor.position;
  const statements: AndOr[] = [];
  cursor.closers.push(closers);
  for (;;) {
    skipLines(cursor);
    if (cursor.done || atCloser(cursor)) break;
    const before = cursor.position;
    const statement = readAndOr(cursor);
    if (statement !== undefined) statements.push(statement);
    if (cursor.position === before) {
      cursor.position += 1;
      cursor.fail(`unexpected ${JSON.stringify(cursor.slice(before))}`, before);
    }
  }
  cursor.closers.pop();
  return { start, end: cursor.position, statements };
}

/** Whether a closer of any open script stands here: a missing `fi` must not swallow the rest of the file. */
function atCloser(cursor: Cursor): boolean {
  if (cursor.peek() === ')') return cursor.closers.some((set) => set.has(')'));
  if (cursor.startsWith(';;') || cursor.startsWith(';&')) return cursor.closers.some((set) => set.has(';;'));
  const word = readReserved(cursor);
  return word !== undefined && cursor.closers.some((set) => set.has(word));
}

function readAndOr(cursor: Cursor): AndOr | undefined {
  const start = cursor.position;
  const pipelines: Pipeline[] = [];
  const operators: (Span & { text: '&&' | '||' })[] = [];
  for (;;) {
    const pipeline = readPipeline(cursor);
    if (pipeline === undefined) break;
    pipelines.push(pipeline);
    skipBlanks(cursor);
    const text = cursor.startsWith('&&') ? '&&' : cursor.startsWith('||') ? '||' : undefined;
    if (text === undefined) break;
    operators.push({ ...takeOperator(cursor, 2), text });
    skipLines(cursor);
  }
  const last = pipelines.at(-1);
  if (last === undefined) {
    const operator = operators.at(-1);
    if (operator !== undefined)
      cursor.fail(`a command is missing after ${operator.text}`, operator.start, operator.end);
    return undefined;
  }
  if (operators.length === pipelines.length) {
    const dangling = operators.at(-1);
    if (dangling !== undefined)
      cursor.fail(`a command is missing after ${dangling.text}`, dangling.start, dangling.end);
  }
  return { start, end: last.end, pipelines, operators, terminator: readTerminator(cursor) };
}

function readTerminator(cursor: Cursor): AndOr['terminator'] {
  const character = cursor.peek();
  if (character === ';' && !';&'.includes(cursor.peek(1) || ' ')) {
    takeOperator(cursor, 1);
    return ';';
  }
  if (character === '&' && cursor.peek(1) !== '&') {
    takeOperator(cursor, 1);
    return '&';
  }
  return character === '\n' ? '\n' : '';
}

function takeOperator(cursor: Cursor, length: number): Span {
  const span = { start: cursor.position, end: cursor.position + length };
  cursor.position = span.end;
  cursor.operators.push(span);
  return span;
}

function readPipeline(cursor: Cursor): Pipeline | undefined {
  skipBlanks(cursor);
  const start = cursor.position;
  const timed = consumeWord(cursor, 'time') !== undefined;
  if (timed) {
    skipBlanks(cursor);
    consumeWord(cursor, '-p');
  }
  const bangs: Span[] = [];
  for (skipBlanks(cursor); ; skipBlanks(cursor)) {
    const bang = consumeWord(cursor, '!');
    if (bang === undefined) break;
    bangs.push(bang);
  }
  const commands: Command[] = [];
  const operators: (Span & { text: string })[] = [];
  for (;;) {
    const command = readCommand(cursor);
    if (command === undefined) break;
    commands.push(command);
    skipBlanks(cursor);
    if (cursor.peek() !== '|' || cursor.peek(1) === '|') break;
    const text = cursor.peek(1) === '&' ? '|&' : '|';
    operators.push({ ...takeOperator(cursor, text.length), text });
    skipLines(cursor);
  }
  const last = commands.at(-1);
  const dangling = operators.at(-1);
  if (dangling !== undefined && operators.length === commands.length)
    cursor.fail(`a command is missing after ${dangling.text}`, dangling.start, dangling.end);
  if (last === undefined) return undefined;
  return { start, end: last.end, bangs, timed, commands, operators };
}

function readCommand(cursor: Cursor): Command | undefined {
  skipBlanks(cursor);
  if (cursor.done || atCloser(cursor)) return undefined;
  return readCompound(cursor, readCommand) ?? readSimple(cursor);
}
