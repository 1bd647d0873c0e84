// The checks of shell scripts as rules: one pass over the scripts of an instruction, whose findings the rules share.
import type { Instruction, Span } from '../../../runtime/dockerfile/ast.ts';
import type { ShellDialect, ShellFinding, ShellFix } from '../../shell/checks/finding.ts';
import { checkScript } from '../../shell/checks/run.ts';
import type { Stage } from '../file_model.ts';
import { unquote } from '../hadolint/common.ts';
import type { Fix } from '../problem.ts';
import type { Detail, FileReport, InstructionRule, Rule, RuleText } from '../rule.ts';
import { type Dialect, type ShellPiece, type ShellSetting, shellUse } from '../shell_use.ts';
import { generalTexts, portabilityTexts, type ShellText } from './texts.ts';

interface Placed {
  readonly span: Span;
  readonly detail: Detail;
  readonly variable?: string;
}

type ByCode = ReadonlyMap<string, readonly Placed[]>;

const cache = new WeakMap<Instruction, { readonly shell: ShellSetting; readonly byCode: ByCode }>();

/** What the checks find in an instruction under a shell, by code. */
function findingsOf(instruction: Instruction, shell: ShellSetting): ByCode {
  const known = cache.get(instruction);
  if (known !== undefined && known.shell === shell) return known.byCode;
  const byCode = new Map<string, Placed[]>();
  for (const piece of shell.foreign ? [] : shellUse(instruction).pieces) {
    for (const finding of checkPiece(piece, shell)) {
      const list = byCode.get(finding.code) ?? [];
      byCode.set(finding.code, list);
      list.push(placed(finding, piece));
    }
  }
  cache.set(instruction, { shell, byCode });
  return byCode;
}

function checkPiece(piece: ShellPiece, shell: ShellSetting): ShellFinding[] {
  const dialect = known(piece.dialect ?? shell.dialect);
  if (dialect === undefined) return [];
  return checkScript(piece.parsed, dialect, { errexit: piece.dialect === undefined && shell.errexit });
}

function known(dialect: Dialect): ShellDialect | undefined {
  return dialect === 'other' ? undefined : dialect;
}

function placed(finding: ShellFinding, piece: ShellPiece): Placed {
  const fixes = finding.fix === undefined ? [] : [placedFix(finding.fix, piece)];
  const detail: Detail = { message: finding.message, fixes };
  const span = piece.place(finding);
  return finding.variable === undefined ? { span, detail } : { span, detail, variable: finding.variable };
}

function placedFix(fix: ShellFix, piece: ShellPiece): Fix {
  const edits = fix.edits.map((edit) => ({ range: piece.place(edit), newText: edit.text }));
  return { title: fix.title, safe: fix.safe, edits };
}

const RUNS = ['RUN', 'CMD', 'ENTRYPOINT', 'HEALTHCHECK', 'COPY', 'ADD'] as const;

function textOf([code, severity, title, why, bad, good]: ShellText): RuleText {
  return {
    code,
    source: 'shellcheck',
    severity,
    title,
    why,
    bad: `FROM debian:12\nRUN ${bad}\n`,
    good: `FROM debian:12\nRUN ${good}\n`,
  };
}

function shellRule(text: ShellText): InstructionRule {
  const [code] = text;
  return {
    ...textOf(text),
    keywords: RUNS,
    onbuild: true,
    check: ({ instruction, shell }, report) => {
      for (const { span, detail } of findingsOf(instruction, shell).get(code) ?? []) report(span, detail);
    },
  };
}

/** SC2086 knows the stage: a variable that ENV or ARG gives a value without blanks is harmless. */
function unquotedVariables(text: ShellText): Rule {
  return {
    ...textOf(text),
    looksAt: [...RUNS, 'ENV', 'ONBUILD'],
    byStage: true,
    checkFile: (file, report) => {
      const harmless = new Map<Stage, Set<string>>();
      for (const stage of file.stages) {
        const names = new Set(stage.parent === undefined ? PROXIES : harmless.get(stage.parent));
        harmless.set(stage, names);
        for (const instruction of stage.instructions) {
          learn(instruction, names);
          const inner = instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction;
          if (inner !== undefined && inner.keyword !== 'ARG' && inner.keyword !== 'ENV') {
            reportUnquoted(instruction, findingsOf(inner, file.shellAt(instruction)), names, report);
          }
        }
      }
    },
  };
}

const PROXIES: readonly string[] = [
  'HTTP_PROXY',
  'http_proxy',
  'HTTPS_PROXY',
  'https_proxy',
  'FTP_PROXY',
  'ftp_proxy',
  'NO_PROXY',
  'no_proxy',
];

function learn(instruction: Instruction, names: Set<string>): void {
  if (instruction.keyword !== 'ARG' && instruction.keyword !== 'ENV') return;
  for (const { key, value } of instruction.pairs) {
    if (/[\s*?[]/.test(unquote(value?.raw ?? ''))) names.delete(key.raw);
    else names.add(key.raw);
  }
}

function reportUnquoted(
  instruction: Instruction,
  byCode: ByCode,
  names: ReadonlySet<string>,
  report: FileReport,
): void {
  for (const { span, detail, variable } of byCode.get('SC2086') ?? []) {
    if (variable === undefined || !names.has(variable)) report(instruction, span, detail);
  }
}

const missingShebang: InstructionRule = {
  code: 'SC2148',
  source: 'shellcheck',
  severity: 'error',
  title: 'The script does not say which shell is to run it',
  why: 'A script written by a here-document into a `.sh` file needs `#!/bin/sh` or the like as its first line: without it the kernel refuses to run it, and a shell guesses.',
  bad: "FROM debian:12\nCOPY <<'EOF' /usr/local/bin/start.sh\necho start\nEOF\n",
  good: "FROM debian:12\nCOPY <<'EOF' /usr/local/bin/start.sh\n#!/bin/sh\necho start\nEOF\n",
  keywords: ['COPY', 'ADD'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') return;
    for (const heredoc of instruction.heredocs) {
      const target = instruction.heredocs.length === 1 ? (instruction.destination?.raw ?? '') : '';
      if (!/\.(sh|bash|ksh)$/.test(/[/]$/.test(target) ? heredoc.name : target || heredoc.name)) continue;
      const body = instruction.source.slice(heredoc.body.start, heredoc.body.end);
      if (body.startsWith('#!') || /^#\s*shellcheck\s+shell=/.test(body) || body.trim() === '') continue;
      const newline = body.indexOf('\n');
      const end = heredoc.body.start + (newline < 0 ? body.length : newline);
      const edit = { range: { start: heredoc.body.start, end: heredoc.body.start }, newText: '#!/bin/sh\n' };
      report({ start: heredoc.body.start, end }, { fixes: [{ title: 'Add #!/bin/sh', edits: [edit], safe: true }] });
    }
  },
};

const syntax: InstructionRule = {
  code: 'SL1001',
  source: 'slipway',
  severity: 'error',
  title: 'The shell cannot read this',
  why: 'A quote, a parenthesis or a keyword such as `fi` is missing, or stands where it means nothing. The RUN will fail.',
  bad: 'FROM debian:12\nRUN if [ -f /x ]; then echo yes\n',
  good: 'FROM debian:12\nRUN if [ -f /x ]; then echo yes; fi\n',
  keywords: RUNS,
  onbuild: true,
  check: ({ shell, use }, report) => {
    for (const piece of use.pieces) {
      if (known(piece.dialect ?? shell.dialect) === undefined) continue;
      const [first] = piece.parsed.errors;
      if (first !== undefined)
        report(piece.place(first.span), { message: `The shell cannot read this: ${first.message}` });
    }
  },
};

export const shellcheckRules: readonly Rule[] = [
  syntax,
  ...generalTexts.map((text) => (text[0] === 'SC2086' ? unquotedVariables(text) : shellRule(text))),
  missingShebang,
  ...portabilityTexts.map(shellRule),
  // dash says no where POSIX says nothing: the code for it exists only in scripts that name dash.
  {
    ...shellRule([
      'SC3036',
      'warning',
      'dash knows no flag of echo but -n',
      'dash prints other flags as text. printf is the same everywhere.',
      'echo -e a',
      'printf a',
    ]),
    bad: 'FROM debian:12\nSHELL ["/bin/dash", "-c"]\nRUN echo -e a\n',
    good: 'FROM debian:12\nSHELL ["/bin/dash", "-c"]\nRUN echo -n a\n',
  },
];
