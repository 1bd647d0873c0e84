// Every rule's own examples: the bad one is reported under the rule's code, the good one is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../runtime/dockerfile/document.ts';
import { Linter, type LintOptions } from './engine.ts';
import { DEFAULT_CONFIG, type HadolintConfig, parseHadolintConfig } from './hadolint_config.ts';
import { rules } from './registry.ts';
import type { Knowledge, Rule } from './rule.ts';

const CONFIG: HadolintConfig = parseHadolintConfig(`
trustedRegistries: [docker.io]
strict-labels: true
label-schema:
  author: text
  documentation: url
  created: rfc3339
  license: spdx
  git-revision: hash
  version: semver
  contact: email
`).config;

const AUTHOR_ONLY: HadolintConfig = { ...DEFAULT_CONFIG, labelSchema: new Map([['author', 'text']]) };

const NEEDS_CONFIG = /^DL(3026|3049|3050|3051|3052|3053|3054|3055|3056|3058)$/;

const KNOWLEDGE: Knowledge = {
  platform: 'linux/amd64',
  today: new Date('2026-06-01T00:00:00Z'),
  contextPath: (path) => (path === 'README.md' ? 'ignored' : /missing/.test(path) ? 'absent' : 'present'),
  image: (reference) =>
    reference.startsWith('local/amd64-only')
      ? { platform: 'linux/amd64' }
      : reference.startsWith('local/moved')
        ? { movedTo: 'sha256:1234' }
        : undefined,
};

function codesOf(rule: Rule, text: string): string[] {
  const options: LintOptions = {
    severities: { [rule.code]: rule.severity === 'off' ? 'info' : rule.severity },
    hadolint: rule.code === 'DL3049' ? AUTHOR_ONLY : NEEDS_CONFIG.test(rule.code) ? CONFIG : DEFAULT_CONFIG,
    knowledge: KNOWLEDGE,
  };
  return new Linter(rules, options)
    .lint(parseDockerfile(text))
    .flatMap((problem) => [problem.code, ...problem.aliases]);
}

for (const rule of rules) {
  test(`${rule.code}: the bad example is reported, the good one is not`, () => {
    assert.ok(codesOf(rule, rule.bad).includes(rule.code), `not reported:\n${rule.bad}`);
    assert.ok(!codesOf(rule, rule.good).includes(rule.code), `reported:\n${rule.good}`);
  });
}

test('a heredoc is no file of the context; a file beside it is', () => {
  const everythingAbsent: Knowledge = { ...KNOWLEDGE, contextPath: () => 'absent' };
  const everythingIgnored: Knowledge = { ...KNOWLEDGE, contextPath: () => 'ignored' };
  const found = (text: string, knowledge: Knowledge): string[] =>
    new Linter(rules, { severities: {}, hadolint: DEFAULT_CONFIG, knowledge })
      .lint(parseDockerfile(text))
      .filter(({ code }) => code === 'SL1101' || code === 'CopyIgnoredFile')
      .map(({ code, message }) => `${code} ${message}`);
  const lone = 'FROM scratch\nCOPY <<E1 <<-"E2" /hello/\none\nE1\ntwo\nE2\nADD <<E3 /three\nE3\n';
  assert.deepEqual(found(lone, everythingAbsent), []);
  assert.deepEqual(found(lone, everythingIgnored), []);
  const beside = 'FROM scratch\nCOPY <<E1 file /hello/\none\nE1\n';
  assert.deepEqual(found(beside, everythingAbsent), ['SL1101 file is not in the build context']);
  assert.equal(found(beside, everythingIgnored).length, 1);
});

test('no two rules share a code, and every code that a rule speaks for exists', () => {
  const codes = rules.map((rule) => rule.code);
  assert.equal(new Set(codes).size, codes.length);
  for (const rule of rules) {
    for (const alias of rule.aliases ?? []) assert.ok(codes.includes(alias), `${rule.code} speaks for ${alias}`);
    if (rule.spokenForBy !== undefined) assert.ok(codes.includes(rule.spokenForBy), rule.code);
  }
});

test("all of BuildKit's checks and of Hadolint's rules are there", () => {
  const known = new Set(rules.map((rule) => rule.code));
  const hadolint = [
    1001, 3000, 3001, 3002, 3003, 3004, 3006, 3007, 3008, 3009, 3010, 3011, 3012, 3013, 3014, 3015, 3016, 3018, 3019,
    3020, 3021, 3022, 3023, 3024, 3025, 3026, 3027, 3028, 3029, 3030, 3032, 3033, 3034, 3035, 3036, 3037, 3038, 3040,
    3041, 3042, 3043, 3044, 3045, 3046, 3047, 3048, 3049, 3050, 3051, 3052, 3053, 3054, 3055, 3056, 3057, 3058, 3059,
    3060, 3061, 3062, 3063, 3064, 3065, 3066, 3067, 4000, 4001, 4003, 4004, 4005, 4006,
  ];
  const buildkit =
    'StageNameCasing FromAsCasing NoEmptyContinuation ConsistentInstructionCasing DuplicateStageName ReservedStageName JSONArgsRecommended MaintainerDeprecated UndefinedArgInFrom WorkdirRelativePath UndefinedVar MultipleInstructionsDisallowed LegacyKeyValueFormat InvalidBaseImagePlatform RedundantTargetPlatform SecretsUsedInArgOrEnv InvalidDefaultArgInFrom FromPlatformFlagConstDisallowed CopyIgnoredFile InvalidDefinitionDescription ExposeProtoCasing ExposeInvalidFormat'.split(
      ' ',
    );
  assert.equal(hadolint.length, 71);
  assert.equal(buildkit.length, 22);
  assert.deepEqual(
    [...hadolint.map((number) => `DL${number}`), ...buildkit].filter((code) => !known.has(code)),
    [],
  );
});
