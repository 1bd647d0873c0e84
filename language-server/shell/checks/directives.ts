// `# shellcheck disable=SC1234,SC5678` in the comments of a script.
import type { ParsedScript, Span } from '../ast.ts';
import { walkScript } from '../walk.ts';

export interface DisabledRegion extends Span {
  readonly codes: ReadonlySet<string>;
}

/** Where which codes are off: before the first command a directive is for the whole script, later for the next command. */
export function disabledCodes(script: ParsedScript): DisabledRegion[] {
  const regions: DisabledRegion[] = [];
  const first = script.statements[0]?.start ?? script.end;
  for (const comment of script.comments) {
    const match = /^#\s*shellcheck\s+(?:\S+=\S+\s+)*disable=(\S+)/.exec(script.text.slice(comment.start, comment.end));
    if (match === null) continue;
    const codes = new Set((match[1] ?? '').split(',').map((code) => (code.startsWith('SC') ? code : `SC${code}`)));
    if (comment.start < first) regions.push({ codes, start: 0, end: script.text.length + 1 });
    else regions.push({ codes, ...nextStatement(script, comment.end) });
  }
  return regions;
}

function nextStatement(script: ParsedScript, after: number): Span {
  let found: Span | undefined;
  walkScript(script, {
    statement: (statement) => {
      if (statement.start >= after && (found === undefined || statement.start < found.start)) found = statement;
    },
  });
  return found ?? { start: after, end: after };
}
