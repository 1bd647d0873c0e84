// What the parser itself found wrong, in the form of lint problems: the builder refuses the file for any of these.

import { parseDockerignore } from '../runtime/dockerfile/dockerignore.ts';
import type { DockerfileDocument } from '../runtime/dockerfile/document.ts';
import type { Problem } from './lint/problem.ts';

const reference = 'https://docs.docker.com/reference/dockerfile/';

function problem(message: string, start: number, end: number, instruction?: number): Problem {
  return {
    code: 'syntax',
    aliases: [],
    source: 'buildkit',
    severity: 'error',
    message,
    range: { start, end },
    ...(instruction === undefined ? {} : { instruction }),
    href: reference,
    fixes: [],
  };
}

export function syntaxProblems(document: DockerfileDocument): Problem[] {
  const problems: Problem[] = [];
  for (const item of document.items) {
    if (item.problems.length === 0 && (item.kind !== 'instruction' || item.keyword !== 'ONBUILD')) continue;
    for (const { message, span } of item.problems) {
      problems.push(problem(message, item.start + span.start, item.start + span.end, item.start));
    }
    if (item.kind !== 'instruction' || item.keyword !== 'ONBUILD') continue;
    for (const { message, span } of item.instruction?.problems ?? []) {
      problems.push(problem(message, item.start + span.start, item.start + span.end, item.start));
    }
  }
  return problems;
}

/** Lines of a .dockerignore for which the builder refuses the file. */
export function ignoreFileProblems(text: string): Problem[] {
  return parseDockerignore(text).problems.map(({ message, start, end }) => ({
    ...problem(message, start, end),
    href: 'https://docs.docker.com/build/concepts/context/#dockerignore-files',
  }));
}
