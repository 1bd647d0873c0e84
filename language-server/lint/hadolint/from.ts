// Hadolint's rules of FROM.
import { findFlag } from '../../../runtime/dockerfile/flags.ts';
import type { Stage } from '../file_model.ts';
import { within } from '../fixes.ts';
import { parseImageName } from '../image_name.ts';
import type { Rule } from '../rule.ts';
import { unquote } from './common.ts';

/** The image as it is written; undefined for stages, scratch and names that a variable decides. */
function externalImage(stage: Stage): ReturnType<typeof parseImageName> | undefined {
  if (stage.parent !== undefined || stage.baseRaw === '' || stage.base === 'scratch') return undefined;
  return parseImageName(unquote(stage.baseRaw));
}

const untagged: Rule = {
  code: 'DL3006',
  source: 'hadolint',
  severity: 'warning',
  title: 'Always tag the version of an image explicitly',
  why: 'Without a tag the image is `latest`: whatever was pushed last, which may break the build tomorrow.',
  bad: 'FROM debian\n',
  good: 'FROM debian:12\n',
  looksAt: [],
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      const image = externalImage(stage);
      if (image === undefined || image.tag !== undefined || image.digest !== undefined) continue;
      // A variable at the end may bring the tag.
      if (/\$/.test(image.name.replace(/^.*\//, '')) || stage.from.image === undefined) continue;
      report(stage.from, stage.from.image.span);
    }
  },
};

const latest: Rule = {
  code: 'DL3007',
  source: 'hadolint',
  severity: 'warning',
  title: 'Using latest is prone to errors if the image will ever update: pin the version explicitly to a release tag',
  why: '`latest` is whatever was pushed last. A release tag, or a digest, says what the file was written for.',
  bad: 'FROM debian:latest\n',
  good: 'FROM debian:12\n',
  looksAt: [],
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      const image = externalImage(stage);
      const word = stage.from.image;
      if (image?.tag !== 'latest' || image.digest !== undefined || word === undefined) continue;
      report(stage.from, within(word.span, word.raw, word.raw.lastIndexOf('latest'), 'latest'.length));
    }
  },
};

const trusted: Rule = {
  code: 'DL3026',
  source: 'hadolint',
  severity: 'error',
  title: 'Use only an allowed registry in the FROM image',
  why: '`trustedRegistries` in .hadolint.yaml names the registries from which base images may come. Without that list the rule is silent.',
  bad: 'FROM random.example/debian:12\n',
  good: 'FROM docker.io/library/debian:12\n',
  looksAt: [],
  checkFile: (file, report) => {
    const allowed = file.config.trustedRegistries;
    if (allowed.length === 0) return;
    for (const stage of file.stages) {
      if (stage.parent !== undefined || stage.base === 'scratch' || stage.from.image === undefined) continue;
      // A variable without a default: the registry is not known.
      if (stage.base === '' || stage.base.startsWith('/')) continue;
      const { registry } = stage.image;
      const names = registry === undefined ? ['docker.io', 'hub.docker.com'] : [registry];
      if (allowed.some((pattern) => names.some((name) => matchesRegistry(pattern, name)))) continue;
      report(stage.from, stage.from.image.span, {
        message: `Use only an allowed registry in the FROM image: ${allowed.join(', ')}`,
      });
    }
  },
};

function matchesRegistry(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  if (pattern.startsWith('*')) return name.endsWith(pattern.slice(1));
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

const platform: Rule = {
  code: 'DL3029',
  source: 'hadolint',
  severity: 'warning',
  topic: 'from-platform',
  title: 'Do not use --platform flag with FROM',
  why: 'A fixed platform makes the image run under emulation, or not at all, everywhere else. The builder chooses the platform; `$BUILDPLATFORM` and `$TARGETPLATFORM` are fine.',
  bad: 'FROM --platform=linux/x86_64 debian:12\n',
  good: 'FROM --platform=$BUILDPLATFORM debian:12\n',
  keywords: ['FROM'],
  check: ({ instruction }, report) => {
    const value = findFlag(instruction, 'platform')?.value;
    if (value === undefined || value.value === '' || /\$\{?(BUILD|TARGET)PLATFORM\b/.test(value.raw)) return;
    report(value.span);
  },
};

const beforeFrom: Rule = {
  code: 'DL3061',
  source: 'hadolint',
  severity: 'error',
  title: 'Invalid instruction order: a Dockerfile must begin with FROM, ARG or a comment',
  why: 'Before the first FROM there is no stage in which an instruction could do anything.',
  bad: 'LABEL org.example.a="b"\nFROM debian:12\n',
  good: 'FROM debian:12\nLABEL org.example.a="b"\n',
  checkFile: (file, report) => {
    for (const instruction of file.strays)
      if (instruction.keyword !== 'UNKNOWN') report(instruction, instruction.keywordSpan);
  },
};

export const fromRules: readonly Rule[] = [untagged, latest, trusted, platform, beforeFrom];
