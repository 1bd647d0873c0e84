// BuildKit's checks of single instructions and of their number.
import type {
  CommandInstruction,
  HealthcheckInstruction,
  Instruction,
  PairsInstruction,
  Span,
} from '../../../runtime/dockerfile/ast.ts';
import { editsFix, replaceFix } from '../fixes.ts';
import { memo } from '../memo.ts';
import type { Edit, Fix } from '../problem.ts';
import type { Detail, Rule } from '../rule.ts';

const noEmptyContinuation: Rule = {
  code: 'NoEmptyContinuation',
  source: 'buildkit',
  severity: 'warning',
  title: 'Empty continuation lines will become errors in a future release',
  why: 'A blank line inside a continued instruction is skipped today, which hides that the instruction goes on. Remove it, or write a comment.',
  bad: 'FROM alpine:3.22\nRUN apk add --no-cache \\\n\n    curl=8.14.1-r2\n',
  good: 'FROM alpine:3.22\nRUN apk add --no-cache \\\n    curl=8.14.1-r2\n',
  keywords: [
    'ADD',
    'ARG',
    'CMD',
    'COPY',
    'ENTRYPOINT',
    'ENV',
    'EXPOSE',
    'FROM',
    'HEALTHCHECK',
    'LABEL',
    'MAINTAINER',
    'ONBUILD',
    'RUN',
    'SHELL',
    'STOPSIGNAL',
    'USER',
    'VOLUME',
    'WORKDIR',
  ],
  check: ({ instruction }, report) => {
    const [first] = instruction.emptyContinuations;
    if (first === undefined) return;
    const edits = instruction.emptyContinuations.map((span) => ({ range: wholeLine(instruction, span), newText: '' }));
    report(first, { message: 'Empty continuation line', fixes: [editsFix('Remove the empty lines', joined(edits))] });
  },
};

/** The line of a blank stretch with its line break. */
function wholeLine(instruction: Instruction, span: Span): Span {
  const start = instruction.source.lastIndexOf('\n', span.start - 1) + 1;
  const end = instruction.source.indexOf('\n', span.start);
  return { start, end: end < 0 ? instruction.source.length : end + 1 };
}

function joined(edits: readonly Edit[]): Edit[] {
  const out: Edit[] = [];
  for (const edit of edits) {
    const last = out.at(-1);
    if (last !== undefined && last.range.end >= edit.range.start) {
      out[out.length - 1] = {
        newText: '',
        range: { start: last.range.start, end: Math.max(last.range.end, edit.range.end) },
      };
    } else out.push(edit);
  }
  return out;
}

const consistentInstructionCasing: Rule = {
  code: 'ConsistentInstructionCasing',
  source: 'buildkit',
  severity: 'warning',
  title: 'All commands within the Dockerfile should use the same casing (either upper or lower)',
  why: 'Keywords may be written in any case, but one case throughout makes instructions easy to find. The majority decides.',
  bad: 'FROM alpine:3.22\nCOPY a /a\ncopy b /b\n',
  good: 'FROM alpine:3.22\nCOPY a /a\nCOPY b /b\n',
  looksAt: 'spelling',
  checkFile: (file, report) => {
    const start = file.stages[0]?.from.start ?? Number.POSITIVE_INFINITY;
    let balance = 0;
    for (const { start: at, keywordText, keyword } of file.instructions) {
      if (at < start) continue;
      if (keywordText === keyword) balance -= 1;
      else if (keywordText === keywordText.toLowerCase()) balance += 1;
      else if (keywordText === keywordText.toUpperCase()) balance -= 1;
    }
    const lower = balance > 0;
    for (const instruction of file.instructions) {
      const { keywordText, keywordSpan, keyword } = instruction;
      if (instruction.start < start || (!lower && keywordText === keyword)) continue;
      const wanted = lower ? keywordText.toLowerCase() : keywordText.toUpperCase();
      if (keywordText === wanted || keyword === 'UNKNOWN') continue;
      const message = `Command '${keywordText}' should match the case of the command majority (${lower ? 'lowercase' : 'uppercase'})`;
      report(instruction, keywordSpan, { message, fixes: [replaceFix(`Write ${wanted}`, keywordSpan, wanted)] });
    }
  },
};

const maintainerDeprecated: Rule = {
  code: 'MaintainerDeprecated',
  aliases: ['DL4000'],
  source: 'buildkit',
  severity: 'warning',
  title: 'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  why: 'MAINTAINER sets one old field that few tools read. The label `org.opencontainers.image.authors` says the same and is found by `inspect` and by registries.',
  bad: 'FROM alpine:3.22\nMAINTAINER ann@example.org\n',
  good: 'FROM alpine:3.22\nLABEL org.opencontainers.image.authors="ann@example.org"\n',
  keywords: ['MAINTAINER'],
  tags: ['deprecated'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'MAINTAINER') return;
    const fixes: Fix[] = [];
    const { value } = instruction;
    if (value !== undefined) {
      const author = value.raw.trim().replace(/^(["'])(.*)\1$/, '$2');
      const text = `LABEL org.opencontainers.image.authors=${quoted(author)}`;
      fixes.push(replaceFix('Use a label', { start: instruction.keywordSpan.start, end: value.span.end }, text));
    }
    report(instruction.keywordSpan, { message: 'Maintainer instruction is deprecated in favor of using label', fixes });
  },
};

function quoted(text: string): string {
  return `"${text.replace(/(["\\])/g, '\\$1')}"`;
}

/** Instructions of which only the last counts in a stage, with Hadolint's code for it. */
const LAST_COUNTS = { CMD: 'DL4003', ENTRYPOINT: 'DL4004', HEALTHCHECK: 'DL3012' } as const;

const multipleInstructions: Rule = {
  code: 'MultipleInstructionsDisallowed',
  source: 'buildkit',
  severity: 'warning',
  title: 'Multiple instructions of the same type should not be used in the same stage',
  why: 'Only the last CMD, ENTRYPOINT or HEALTHCHECK of a stage has an effect; the earlier ones look as if they did something.',
  bad: 'FROM alpine:3.22\nCMD ["echo", "a"]\nCMD ["echo", "b"]\n',
  good: 'FROM alpine:3.22\nCMD ["echo", "b"]\n',
  tags: ['unnecessary'],
  looksAt: ['CMD', 'ENTRYPOINT', 'HEALTHCHECK'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      const last = new Map<string, Instruction>();
      for (const instruction of stage.instructions) {
        const { keyword } = instruction;
        if (keyword !== 'CMD' && keyword !== 'ENTRYPOINT' && keyword !== 'HEALTHCHECK') continue;
        const earlier = last.get(keyword);
        last.set(keyword, instruction);
        if (earlier === undefined) continue;
        const message = `Multiple ${instruction.keywordText} instructions should not be used in the same stage because only the last one will be used`;
        report(earlier, earlier.keywordSpan, { message, aliases: [LAST_COUNTS[keyword]] });
      }
    }
  },
};

const shellFormDetail = memo(
  (instruction): Detail => ({
    message: `JSON arguments recommended for ${instruction.keywordText} to prevent unintended behavior related to OS signals`,
    fixes: isShellForm(instruction) ? execFormFix(instruction) : [],
  }),
);

const jsonArgsRecommended: Rule = {
  code: 'JSONArgsRecommended',
  source: 'buildkit',
  severity: 'warning',
  topic: 'exec-form',
  title: 'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  why: 'In shell form the process with id 1 is `/bin/sh -c`, which does not pass SIGTERM on: `stop` waits for its time-out and kills. The JSON form starts the program itself. When a shell is really wanted, say so with SHELL, or write `exec` in front of the program.',
  bad: 'FROM alpine:3.22\nCMD nginx -g daemon-off\n',
  good: 'FROM alpine:3.22\nCMD ["nginx", "-g", "daemon-off"]\n',
  looksAt: ['CMD', 'ENTRYPOINT'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        if (!isShellForm(instruction) || file.shellAt(instruction).explicit) continue;
        report(instruction, instruction.keywordSpan, shellFormDetail(instruction));
      }
    }
  },
};

/** Whether it is a CMD or ENTRYPOINT in shell form. */
export function isShellForm(instruction: Instruction): instruction is CommandInstruction {
  return (
    (instruction.keyword === 'CMD' || instruction.keyword === 'ENTRYPOINT') && instruction.command?.form === 'shell'
  );
}

/** The JSON form of a command that needs no shell: plain words, no variables, no operators. */
export function execFormFix(instruction: CommandInstruction | HealthcheckInstruction): Fix[] {
  const { command } = instruction;
  if (command?.form !== 'shell') return [];
  const text = command.text.trim();
  if (
    !/^[\w@%+=:,./ -]+$/.test(text) ||
    /^\w+=/.test(text) ||
    /^(?:cd|exec|export|source|\.|exit|ulimit|umask|set|if|for|while|case)\s/.test(text)
  )
    return [];
  const words = text.split(/ +/).map((word) => JSON.stringify(word));
  return [replaceFix('Use the JSON form', command.span, `[${words.join(', ')}]`, false)];
}

const legacyKeyValueFormat: Rule = {
  code: 'LegacyKeyValueFormat',
  source: 'buildkit',
  severity: 'warning',
  title: 'Legacy key/value format with whitespace separator should not be used',
  why: '`ENV key value` takes the rest of the line as the value, so only one variable fits and quotes mean something else. `key=value` has none of these surprises.',
  bad: 'FROM alpine:3.22\nENV DIR /srv/app\n',
  good: 'FROM alpine:3.22\nENV DIR=/srv/app\n',
  keywords: ['ENV', 'LABEL'],
  check: ({ instruction }, report) => {
    if ((instruction.keyword !== 'ENV' && instruction.keyword !== 'LABEL') || !instruction.legacy) return;
    const name = instruction.keywordText;
    const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
    const [pair] = instruction.pairs;
    report(pair === undefined ? instruction.keywordSpan : pair.key.span, { message, fixes: equalsFix(instruction) });
  },
};

function equalsFix(instruction: PairsInstruction): Fix[] {
  const [pair] = instruction.pairs;
  if (pair?.value === undefined) return [];
  const { raw, span } = pair.value;
  // Over several lines the text between the words may hold comments: leave it to a person.
  if (span.end - span.start !== raw.length || instruction.source.slice(pair.key.span.end, span.start).trim() !== '')
    return [];
  const plain = /^[^\s"'\\`]+$/.test(raw);
  const alreadyQuoted = /^"(?:[^"\\]|\\.)*"$/.test(raw) || /^'[^']*'$/.test(raw);
  if (!plain && !alreadyQuoted && /["'\\`]/.test(raw)) return [];
  const value = plain || alreadyQuoted ? raw : `"${raw}"`;
  return [replaceFix('Write key=value', { start: pair.key.span.end, end: span.end }, `=${value}`)];
}

export const instructionChecks: readonly Rule[] = [
  noEmptyContinuation,
  consistentInstructionCasing,
  maintainerDeprecated,
  multipleInstructions,
  jsonArgsRecommended,
  legacyKeyValueFormat,
];
