// BuildKit's checks that look beyond instructions: the build context and the comments.
import type { Comment, Instruction, Item } from '../../../runtime/dockerfile/ast.ts';
import { isHeredocMarker } from '../../../runtime/dockerfile/heredoc.ts';
import { pragmaOf } from '../controls.ts';
import type { FileReport, Rule } from '../rule.ts';

const copyIgnoredFile: Rule = {
  code: 'CopyIgnoredFile',
  source: 'buildkit',
  severity: 'warning',
  title: 'Attempting to Copy file that is excluded by .dockerignore',
  why: 'What `.dockerignore` excludes never reaches the builder, so the instruction fails or copies nothing. Change the pattern or do not copy the file.',
  bad: '# With `*.md` in .dockerignore\nFROM scratch\nCOPY README.md /\n',
  good: '# With `*.md` and `!README.md` in .dockerignore\nFROM scratch\nCOPY LICENSE /\n',
  looksAt: ['COPY', 'ADD'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') continue;
        if (instruction.flags.some((flag) => flag.name === 'from')) continue;
        for (const { raw, span } of instruction.sources) {
          if (isHeredocMarker(raw)) continue;
          if (raw.includes('$') || /^(https?|git):|^git@/.test(raw) || file.knowledge.contextPath?.(raw) !== 'ignored')
            continue;
          const command = instruction.keyword === 'ADD' ? 'Add' : 'Copy';
          report(instruction, span, {
            message: `Attempting to ${command} file ${JSON.stringify(raw)} that is excluded by .dockerignore`,
          });
        }
      }
    }
  },
};

const invalidDefinitionDescription: Rule = {
  code: 'InvalidDefinitionDescription',
  source: 'buildkit',
  severity: 'warning',
  experimental: true,
  title: 'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`',
  why: '`build --call=outline` and `--call=targets` print the comment right above FROM or ARG as its description, if it begins with the name. Begin with the name, or put an empty line between a comment that means something else and the instruction. The check is off unless `# check=experimental=InvalidDefinitionDescription` asks for it.',
  bad: '# check=experimental=all\n\n# a comment about something else\nFROM scratch AS base\n',
  good: '# check=experimental=all\n\n# base is where everything starts\nFROM scratch AS base\n',
  checkFile: (file, report) => {
    let comment: Comment | undefined;
    let line = -1;
    for (const item of file.items) {
      // A blank line between them, and the comment describes nothing.
      if (item.startLine !== line) comment = undefined;
      if (item.kind === 'instruction' && comment !== undefined) checkDescription(item, comment, report);
      comment = descriptionAfter(item, comment);
      line = item.startLine + 1;
    }
  },
};

/** The comment that describes the next instruction: the last one that touches it; an empty one describes nothing. */
function descriptionAfter(item: Item, before: Comment | undefined): Comment | undefined {
  if (item.kind !== 'comment') return undefined;
  if (pragmaOf(item) !== undefined) return before;
  return item.source.replace(/^#/, '').trim() === '' ? undefined : item;
}

function checkDescription(item: Instruction, comment: Comment, report: FileReport): void {
  const names =
    item.keyword === 'ARG'
      ? item.pairs.map((pair) => pair.key.raw)
      : item.keyword === 'FROM' && item.name !== undefined
        ? [item.name.raw.toLowerCase()]
        : [];
  const [first] = names;
  if (first === undefined) return;
  const word = comment.source.replace(/^#/, '').trim().split(' ')[0] ?? '';
  if (names.includes(word)) return;
  const example = names.length > 1 ? '<arg_key>' : first;
  const message = `Comment for ${item.keywordText} should follow the format: \`# ${example} <description>\``;
  report(item, item.keywordSpan, { message });
}

export const fileChecks: readonly Rule[] = [copyIgnoredFile, invalidDefinitionDescription];
