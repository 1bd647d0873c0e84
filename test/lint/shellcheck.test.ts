// The native shell checks against the real shellcheck, which is the judge: same codes at the same places, on scripts of our own
// and on the RUN bodies of the corpus; and the long tail from the installed program.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Linter } from '../../language-server/lint/engine.ts';
import { rules } from '../../language-server/lint/registry.ts';
import { shellUse } from '../../language-server/lint/shell_use.ts';
import { ShellcheckTail } from '../../language-server/lint/shellcheck/tail.ts';
import type { ShellDialect } from '../../language-server/shell/checks/finding.ts';
import { checkScript, nativeCodes } from '../../language-server/shell/checks/run.ts';
import { parseShell } from '../../language-server/shell/parser.ts';
import { parseDockerfile } from '../../runtime/dockerfile/document.ts';
import { expandTemplates } from './corpus_templates.ts';

const installed = spawnSync('shellcheck', ['--version']).status === 0;
const MISSING = 'shellcheck is not installed';

/** Differences that are meant: shellcheck 0.9 does not have them yet; later versions do. */
const LATER_VERSIONS = new Set(['SC3061', 'SC3014 of test', 'SC3016 of test']);

interface Comment {
  readonly file: string;
  readonly code: number;
  readonly line: number;
  readonly column: number;
  readonly level: string;
}

/** What shellcheck says of each script, from one process; undefined for what it cannot parse, because that it does not check. */
function theirs(texts: readonly string[], dialect: ShellDialect): (string[] | undefined)[] {
  const scripts = mkdtempSync(join(tmpdir(), 'slipway-judged-'));
  try {
    const names = texts.map((_, i) => join(scripts, `${i}.sh`));
    texts.forEach((text, i) => {
      writeFileSync(names[i] ?? '', text);
    });
    const options = { encoding: 'utf8', maxBuffer: 64 << 20 } as const;
    const result = spawnSync('shellcheck', ['--norc', '-f', 'json1', '-s', dialect, ...names], options);
    const { comments } = JSON.parse(result.stdout) as { comments: readonly Comment[] };
    return names.map((name) => {
      const own = comments.filter(({ file }) => file === name);
      if (own.some(({ code, level }) => code < 2000 && level === 'error')) return undefined;
      return own
        .filter(({ code }) => nativeCodes.has(`SC${code}`))
        .map(({ line, column, code }) => `${line}:${column} SC${code}`);
    });
  } finally {
    rmSync(scripts, { recursive: true });
  }
}

/** Checks that both say the same of each script; returns how many were compared. */
function compare(texts: readonly string[], dialect: ShellDialect): number {
  let compared = 0;
  theirs(texts, dialect).forEach((judged, i) => {
    const text = texts[i] ?? '';
    if (judged === undefined) return;
    assert.deepEqual([...new Set(ours(text, dialect))].sort(), [...new Set(judged)].sort(), `${dialect}: ${text}`);
    compared += 1;
  });
  return compared;
}

function ours(text: string, dialect: ShellDialect): string[] {
  return checkScript(parseShell(text), dialect, { errexit: false }).flatMap(({ code, start }) => {
    const lines = text.slice(0, start).split('\n');
    const line = text.split('\n')[lines.length - 1] ?? '';
    if (LATER_VERSIONS.has(code) || (/^test\b/.test(line) && LATER_VERSIONS.has(`${code} of test`))) return [];
    return [`${lines.length}:${[...(lines.at(-1) ?? '')].length + 1} ${code}`];
  });
}

const directory = join(import.meta.dirname, 'shell');
for (const file of readdirSync(directory)) {
  for (const dialect of ['sh', 'bash'] as const) {
    test(`${file} as ${dialect}: the same codes at the same places`, (t) => {
      if (!installed) return t.skip(MISSING);
      const text = readFileSync(join(directory, file), 'utf8');
      assert.equal(compare([text], dialect), 1);
    });
  }
}

test('the RUN bodies of the corpus: the same codes at the same places', (t) => {
  if (!installed) return t.skip(MISSING);
  const bodies = new Set<string>();
  for (const { text } of expandTemplates()) {
    const { instructions } = parseDockerfile(text);
    if (text.includes('windows')) continue;
    for (const instruction of instructions)
      for (const piece of shellUse(instruction).pieces)
        if (!piece.parsed.text.startsWith('#!')) bodies.add(piece.parsed.text);
  }
  assert.ok(bodies.size > 80, String(bodies.size));
  compare(
    [...bodies].filter((body) => parseShell(body).errors.length === 0),
    'sh',
  );
});

test('hundreds of other bodies in four dialects: the same codes at the same places', (t) => {
  if (!installed) return t.skip(MISSING);
  const byDialect = new Map<ShellDialect, string[]>();
  for (const block of readFileSync(join(import.meta.dirname, 'shell_bodies.txt'), 'utf8')
    .split(/^--- /m)
    .slice(1)) {
    const [, dialect = '', text = ''] = /^(\w+)\n(.*)$/s.exec(block) ?? [];
    if (dialect !== 'sh' && dialect !== 'bash' && dialect !== 'dash' && dialect !== 'ksh') assert.fail(block);
    byDialect.set(dialect, [...(byDialect.get(dialect) ?? []), text]);
  }
  let compared = 0;
  for (const [dialect, texts] of byDialect) compared += compare(texts, dialect);
  assert.ok(compared > 320, String(compared));
});

test('the long tail comes from one process, at its place, without what is known natively or ignored', async (t) => {
  if (!installed) return t.skip(MISSING);
  const text =
    'FROM debian:12\nARG KNOWN\nRUN echo é😀 && \\\n  # a comment\n  if [ $KNOWN = 1 ]; then cat file | grep b; fi; \\\n  cp $foo "$bar"\n# hadolint ignore=SC2002\nRUN cat a | grep x\n';
  const document = parseDockerfile(text);
  const linter = new Linter(rules);
  const tail = new ShellcheckTail();
  const problems = await tail.problems(linter, document);
  const seen = problems.map(({ code, range, severity }) => `${code} ${severity} ${text.slice(range.start, range.end)}`);
  assert.deepEqual(seen, ['SC2002 style file', 'SC2154 warning $foo', 'SC2154 warning $bar']);
  assert.deepEqual(await tail.problems(linter, document), problems);
});

test('without the program the tail is empty', async () => {
  const tail = new ShellcheckTail({ program: '/nowhere/shellcheck' });
  assert.deepEqual(await tail.problems(new Linter(rules), parseDockerfile('FROM x\nRUN cat a | grep b\n')), []);
});
