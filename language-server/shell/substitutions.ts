// Reads commands inside words: `$(…)`, backticks and process substitution. POSIX XCU 2.6.3.
import type { Part, Script } from './ast.ts';
import { type Cursor, emptyScript, MAX_DEPTH } from './cursor.ts';

const PARENTHESIS: ReadonlySet<string> = new Set([')']);
const NOTHING: ReadonlySet<string> = new Set();

/** `$(…)`; the cursor stands at the dollar sign. */
export function readSubstitution(cursor: Cursor): Part {
  const start = cursor.position;
  const script = readParenthesized(cursor, 2);
  return { kind: 'substitution', start, end: cursor.position, backticks: false, script };
}

/** `<(…)` or `>(…)`; the cursor stands at the arrow. */
export function readProcess(cursor: Cursor): Part {
  const start = cursor.position;
  const direction = cursor.peek() === '<' ? '<' : '>';
  const script = readParenthesized(cursor, 2);
  return { kind: 'process', start, end: cursor.position, direction, script };
}

function readParenthesized(cursor: Cursor, opening: number): Script {
  const start = cursor.position;
  cursor.position += opening;
  const script = nested(cursor, PARENTHESIS);
  if (cursor.peek() === ')') cursor.position += 1;
  else cursor.fail('this parenthesis is never closed', start, start + opening);
  return script;
}

/**
 * `` `…` ``: the inside is a script of its own that ends at the next backtick without a backslash before it. Inside another
 * one the backticks have a backslash each.
 */
export function readBackticks(cursor: Cursor): Part {
  const start = cursor.position;
  const tick = cursor.peek() === '\\' ? '\\`' : '`';
  let close = start + tick.length;
  while (close < cursor.end && !cursor.text.startsWith(tick, close)) close += cursor.text[close] === '\\' ? 2 : 1;
  const closed = close < cursor.end;
  const outerEnd = cursor.end;
  cursor.end = Math.min(close, outerEnd);
  cursor.position = start + tick.length;
  cursor.backticks += 1;
  const script = nested(cursor, NOTHING);
  cursor.backticks -= 1;
  cursor.end = outerEnd;
  cursor.position = closed ? close + tick.length : outerEnd;
  if (!closed) cursor.fail('this backtick is never closed', start, start + 1);
  return { kind: 'substitution', start, end: cursor.position, backticks: true, script };
}

function nested(cursor: Cursor, closers: ReadonlySet<string>): Script {
  if (cursor.depth >= MAX_DEPTH) {
    const script = emptyScript(cursor.position);
    cursor.position = cursor.end;
    return script;
  }
  cursor.depth += 1;
  const script = cursor.readScript(cursor, closers);
  cursor.depth -= 1;
  return script;
}
