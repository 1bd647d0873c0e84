import type { Directive, SyntaxProblem } from './ast.ts';

const pattern = /^(#\s*)([a-zA-Z][a-zA-Z0-9]*)(\s*=\s*)(\S[^\n]*)$/;

/**
 * Reads a line (without white space at its start) as a parser directive; undefined when it is none, which ends the
 * directives. A directive that was `seen` before is one still, with a problem.
 */
export function readDirective(
  source: string,
  start: number,
  startLine: number,
  seen: Set<string>,
): Directive | undefined {
  const match = pattern.exec(source.trimEnd());
  const name = match?.[2]?.toLowerCase();
  if (match === null || (name !== 'syntax' && name !== 'escape' && name !== 'check')) return undefined;
  const [, lead = '', written = '', equals = '', value = ''] = match;
  const nameSpan = { start: lead.length, end: lead.length + written.length };
  const valueSpan = { start: nameSpan.end + equals.length, end: nameSpan.end + equals.length + value.length };
  const problems: SyntaxProblem[] = [];
  if (seen.has(name)) {
    problems.push({ message: `only one ${name} parser directive can be used`, span: nameSpan });
  } else if (name === 'escape' && value !== '\\' && value !== '`') {
    problems.push({ message: `invalid escape token '${value}' does not match \` or \\`, span: valueSpan });
  }
  seen.add(name);
  return { kind: 'directive', start, startLine, source, problems, name, nameSpan, value, valueSpan };
}
