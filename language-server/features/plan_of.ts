// For tests of formatting: what must not change.
import type { Instruction } from '../../runtime/dockerfile/ast.ts';
import { parseDockerfile } from '../../runtime/dockerfile/document.ts';

/** What the builder reads: keywords, flags, words, values, commands and heredocs, without their places. */
export function planOf(text: string): unknown {
  return parseDockerfile(text).instructions.map(stepOf);
}

function stepOf(instruction: Instruction): unknown {
  const plainWords = JSON.stringify(instruction, (key, value: unknown) => {
    const places = [
      'span',
      'start',
      'startLine',
      'source',
      'logical',
      'logicalStart',
      'comments',
      'emptyContinuations',
      'problems',
    ];
    if (places.includes(key) || key.endsWith('Span') || key === 'body' || key === 'terminator') return undefined;
    if (key === 'keywordText') return String(value).toUpperCase();
    if ((key === 'as' || key === 'type') && typeof value === 'object' && value !== null && 'raw' in value) {
      return String(value.raw).toUpperCase();
    }
    return value;
  });
  const bodies = instruction.heredocs.map(({ body }) => instruction.source.slice(body.start, body.end));
  return [plainWords, bodies];
}
