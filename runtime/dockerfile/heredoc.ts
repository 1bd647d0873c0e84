// Finds heredocs: the markers in a logical line, then the bodies in the lines that follow.
import type { Heredoc, LogicalLine, Span } from './ast.ts';
import { sourceSpan } from './ast.ts';
import { ExpansionError, expand } from './expansion.ts';
import { lineEnd } from './logical_line.ts';

/** A marker, before its body is known. */
export type HeredocMarker = Omit<Heredoc, 'body' | 'terminator'>;

const markerPattern = /^(\d*)<<(-?)([^<]*)$/;
const noVariables = { get: () => undefined };

/**
 * The markers of a logical line. BuildKit splits the line as a shell would; a line that it cannot split (an open quote, a
 * substitution it does not know) has none. The backslash escapes here whatever the file's escape character is.
 */
export function findMarkers(line: LogicalLine): HeredocMarker[] {
  if (!line.text.includes('<<')) return [];
  const markers: HeredocMarker[] = [];
  let from = 0;
  for (const word of shellWords(line.text, { rawQuotes: true, rawEscapes: true })) {
    const start = line.text.indexOf(word, from);
    if (start < 0) continue;
    from = start + word.length;
    const marker = readMarker(line, word, start);
    if (marker !== undefined) markers.push(marker);
  }
  return markers;
}

/** Whether a word of COPY or ADD stands for a heredoc. */
export function isHeredocMarker(word: string): boolean {
  const match = markerPattern.exec(word);
  return match?.[3] !== undefined && match[3] !== '' && shellWords(match[3], {}).length === 1;
}

function readMarker(line: LogicalLine, word: string, start: number): HeredocMarker | undefined {
  const [, descriptor = '', dash = '', rest = ''] = markerPattern.exec(word) ?? [];
  const plain = shellWords(rest, {});
  const name = plain[0];
  if (name === undefined || plain.length !== 1) return undefined;
  const raw = shellWords(rest, { rawQuotes: true })[0] ?? '';
  const end = start + word.length;
  const nameStart = end - rest.length;
  const quoted = /^(['"]).*\1$/.test(rest) ? 1 : 0;
  return {
    span: sourceSpan(line, start, end),
    nameSpan: sourceSpan(line, nameStart + quoted, end - quoted),
    fileDescriptor: Number(descriptor),
    name,
    expand: countQuotes(raw) === countQuotes(name),
    chomp: dash === '-',
  };
}

function countQuotes(text: string): number {
  return text.replace(/[^'"]/g, '').length;
}

function shellWords(text: string, options: { rawQuotes?: boolean; rawEscapes?: boolean }): readonly string[] {
  try {
    return expand(text, noVariables, { ...options, keepUnset: true }).words;
  } catch (error) {
    if (error instanceof ExpansionError) return [];
    throw error;
  }
}

/** The bodies of `markers`, which begin at `from` in `text`. Spans are relative to `base`. */
export function readBodies(
  text: string,
  base: number,
  from: number,
  markers: readonly HeredocMarker[],
): { heredocs: Heredoc[]; end: number; next: number } {
  const heredocs: Heredoc[] = [];
  let end = from;
  let next = from;
  for (const marker of markers) {
    const start = next;
    let terminator: Span | undefined;
    let stop = text.length;
    while (next < text.length && terminator === undefined) {
      const lineStart = next;
      ({ end, next } = lineEnd(text, lineStart));
      let first = lineStart;
      if (marker.chomp) while (text.charCodeAt(first) === 0x09) first += 1;
      if (end - first === marker.name.length && text.startsWith(marker.name, first)) {
        terminator = { start: first - base, end: end - base };
        stop = lineStart;
      }
    }
    const body = { start: start - base, end: stop - base };
    heredocs.push({ ...marker, body, ...(terminator === undefined ? {} : { terminator }) });
  }
  if (heredocs.some((heredoc) => heredoc.terminator === undefined)) end = text.length;
  return { heredocs, end, next };
}

/** The content of a heredoc's body as the builder uses it, from the source of its instruction: tabs taken off for `<<-`. */
export function heredocContent(source: string, heredoc: Heredoc): string {
  const body = source.slice(heredoc.body.start, heredoc.body.end);
  return heredoc.chomp ? body.replace(/(^|\n)\t+/g, '$1') : body;
}
