// Hadolint's rules of LABEL. The schema is in .hadolint.yaml.
import licenses from 'spdx-license-ids/index.json' with { type: 'json' };
import type { Instruction, Span } from '../../../runtime/dockerfile/ast.ts';
import type { FileModel, Stage } from '../file_model.ts';
import type { LabelType } from '../hadolint_config.ts';
import type { FileRule, Rule, RuleText } from '../rule.ts';
import { unquote } from './common.ts';
import { fromOf } from './copy.ts';

const SCHEMA_NOTE = 'The rule speaks only of labels that `label-schema` in .hadolint.yaml names.';

interface Label {
  /** The instruction, or the ONBUILD around it. */
  readonly instruction: Instruction;
  readonly key: string;
  readonly keySpan: Span;
  readonly value: string;
  readonly valueSpan: Span;
}

function* labelsOf(file: FileModel): Generator<Label> {
  for (const instruction of file.instructions) {
    const label = instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction;
    if (label?.keyword !== 'LABEL') continue;
    for (const { key, value } of label.pairs) {
      yield {
        instruction,
        key: unquote(key.raw),
        keySpan: key.span,
        value: unquote(value?.raw ?? ''),
        valueSpan: value?.span ?? key.span,
      };
    }
  }
}

const RESERVED = /^(com\.docker\.|io\.docker\.|org\.dockerproject\.)/;

const invalidKey: Rule = {
  code: 'DL3048',
  source: 'hadolint',
  severity: 'style',
  title: 'Invalid label key',
  why: 'Keys begin with a lowercase letter, end with one or a digit, and have single dots and dashes between. `com.docker.`, `io.docker.` and `org.dockerproject.` are reserved.',
  bad: 'FROM busybox:1.37\nLABEL +?not..valid--key="foo"\n',
  good: 'FROM busybox:1.37\nLABEL org.example.valid-key.bar="foo"\n',
  keywords: ['LABEL'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'LABEL') return;
    for (const { key } of instruction.pairs) {
      const name = unquote(key.raw);
      const valid = /^[a-z]([a-z0-9.-]*[a-z0-9])?$/.test(name) && !/\.\.|--/.test(name) && !RESERVED.test(name);
      if (!valid) report(key.span);
    }
  },
};

const missing: Rule = {
  code: 'DL3049',
  source: 'hadolint',
  severity: 'info',
  title: 'A required label is missing',
  why: `Stages that only serve others need no labels, and stages inherit those of the stage that they build on. ${SCHEMA_NOTE}`,
  bad: 'FROM busybox:1.37\nLABEL org.example.other="foo"\n',
  good: 'FROM busybox:1.37\nLABEL author="Ann"\n',
  looksAt: ['LABEL', 'COPY'],
  checkFile: (file, report) => {
    for (const label of file.config.labelSchema.keys()) {
      for (const stage of stagesWithout(file, label)) {
        report(stage.from, stage.from.image?.span ?? stage.from.keywordSpan, {
          message: `Label \`${label}\` is missing`,
        });
      }
    }
  },
};

function stagesWithout(file: FileModel, label: string): Stage[] {
  const labelled = new Set<Stage>();
  const used = new Set<Stage>();
  for (const stage of file.stages) {
    const own = stage.instructions.some(
      (instruction) =>
        instruction.keyword === 'LABEL' && instruction.pairs.some(({ key }) => unquote(key.raw) === label),
    );
    if (own || (stage.parent !== undefined && labelled.has(stage.parent))) labelled.add(stage);
    if (stage.parent !== undefined && labelled.has(stage)) used.add(stage.parent);
    for (const instruction of stage.instructions) {
      const from = instruction.keyword === 'COPY' ? fromOf(instruction) : undefined;
      const source = from === undefined ? undefined : file.findStage(from.name, stage.index);
      if (source !== undefined) used.add(source);
    }
  }
  return file.stages.filter((stage) => !labelled.has(stage) && !used.has(stage));
}

const superfluous: Rule = {
  code: 'DL3050',
  source: 'hadolint',
  severity: 'info',
  title: 'Superfluous label present',
  why: 'With `strict-labels: true` in .hadolint.yaml only the labels of `label-schema` are allowed.',
  bad: 'FROM busybox:1.37\nLABEL other="foo"\n',
  good: 'FROM busybox:1.37\nLABEL author="Ann"\n',
  looksAt: ['LABEL', 'ONBUILD'],
  checkFile: (file, report) => {
    if (!file.config.strictLabels) return;
    for (const { instruction, key, keySpan } of labelsOf(file)) {
      if (!file.config.labelSchema.has(key)) report(instruction, keySpan, { message: `Superfluous label \`${key}\`` });
    }
  },
};

const empty: Rule = {
  code: 'DL3051',
  source: 'hadolint',
  severity: 'warning',
  title: 'A label is empty',
  why: `An empty label says nothing to whoever looks for it. ${SCHEMA_NOTE}`,
  bad: 'FROM busybox:1.37\nLABEL author=""\n',
  good: 'FROM busybox:1.37\nLABEL author="Ann"\n',
  looksAt: ['LABEL', 'ONBUILD'],
  checkFile: (file, report) => {
    if (file.config.labelSchema.size === 0) return;
    for (const { instruction, key, value, valueSpan } of labelsOf(file)) {
      if (value === '' && file.config.labelSchema.has(key))
        report(instruction, valueSpan, { message: `Label \`${key}\` is empty` });
    }
  },
};

/** A rule that looks at the labels to which the schema gives `type`. */
function typeRule(
  code: string,
  type: LabelType,
  what: string,
  text: Pick<RuleText, 'why' | 'bad' | 'good'>,
  valid: (value: string) => boolean,
): FileRule {
  return {
    ...text,
    code,
    source: 'hadolint',
    severity: 'warning',
    title: `A label is not ${what}`,
    why: `${text.why} ${SCHEMA_NOTE}`,
    checkFile: (file, report) => {
      if (file.config.labelSchema.size === 0) return;
      for (const { instruction, key, value, valueSpan } of labelsOf(file)) {
        if (file.config.labelSchema.get(key) !== type || valid(value)) continue;
        report(instruction, valueSpan, { message: `Label \`${key}\` is not ${what}` });
      }
    },
  };
}

const example = (key: string, bad: string, good: string): { bad: string; good: string } => ({
  bad: `FROM busybox:1.37\nLABEL ${key}="${bad}"\n`,
  good: `FROM busybox:1.37\nLABEL ${key}="${good}"\n`,
});

function isUrl(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:[^\s]+$/i.test(value) && URL.canParse(value);
}

const TIME = /^\d{4}-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function isTime(value: string): boolean {
  const match = TIME.exec(value);
  if (match === null) return false;
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 6).map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 60;
}

const LICENSES = new Set(licenses.map((name) => name.toLowerCase()));

/** An SPDX expression: identifiers with AND, OR, WITH and parentheses. */
function isLicense(value: string): boolean {
  const words = value.replace(/[()]/g, ' ').trim().split(/\s+/);
  return words.every((word, i) => {
    if (i % 2 === 1) return /^(AND|OR|WITH)$/i.test(word);
    return (
      /^WITH$/i.test(words[i - 1] ?? '') ||
      LICENSES.has(word.replace(/\+$/, '').toLowerCase()) ||
      /^(LicenseRef|DocumentRef)-/.test(word)
    );
  });
}

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-((0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

const EMAIL =
  /^(?:[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*|"[^"\\]+")@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$/;

const typed: readonly FileRule[] = [
  typeRule(
    'DL3052',
    'url',
    'a valid URL',
    {
      why: 'Tools that follow the link need a full URI (RFC 3986).',
      ...example('documentation', 'not-url', 'https://example.org/docs'),
    },
    isUrl,
  ),
  typeRule(
    'DL3053',
    'rfc3339',
    'a valid time: it must conform to RFC 3339',
    {
      why: 'Tools that sort by time need one format.',
      ...example('created', 'yesterday', '2026-03-10T14:33:00+01:00'),
    },
    isTime,
  ),
  typeRule(
    'DL3054',
    'spdx',
    'a valid SPDX license identifier',
    {
      why: 'Tools that check licenses know the identifiers of spdx.org.',
      ...example('license', 'not-spdx', 'BSD-3-Clause'),
    },
    isLicense,
  ),
  typeRule(
    'DL3055',
    'hash',
    'a valid git hash',
    {
      why: 'A revision is the full hash of 40 digits or its first 7.',
      ...example('git-revision', 'not-git-hash', '9a5f88d'),
    },
    (value) => /^([0-9a-f]{40}|[0-9a-f]{7})$/.test(value),
  ),
  typeRule(
    'DL3056',
    'semver',
    'a semantic version',
    { why: 'Tools that compare versions need semver.org’s form.', ...example('version', 'not-semver', '1.0.0') },
    (value) => SEMVER.test(value),
  ),
  typeRule(
    'DL3058',
    'email',
    'a valid email: it must conform to RFC 5322',
    {
      why: 'An address that cannot be written to helps nobody.',
      ...example('contact', 'not-email', 'ann@example.org'),
    },
    (value) => EMAIL.test(value),
  ),
];

export const labelRules: readonly Rule[] = [invalidKey, missing, superfluous, empty, ...typed];
