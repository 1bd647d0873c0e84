// BuildKit's checks of FROM: stage names, the case of AS, platforms. frontend/dockerfile/dockerfile2llb/convert.go.
import type { FromInstruction, Span } from '../../../runtime/dockerfile/ast.ts';
import { expand } from '../../../runtime/dockerfile/expansion.ts';
import { findFlag } from '../../../runtime/dockerfile/flags.ts';
import { platformArguments, type Stage } from '../file_model.ts';
import { replaceFix } from '../fixes.ts';
import type { Rule } from '../rule.ts';

function nameSpan(stage: Stage): Span {
  return stage.from.name?.span ?? stage.from.keywordSpan;
}

const stageNameCasing: Rule = {
  code: 'StageNameCasing',
  source: 'buildkit',
  severity: 'warning',
  title: 'Stage names should be lowercase',
  why: 'Stage names are compared without regard to case, but `--target` and image names are usually lowercase. Lowercase names avoid the question which spelling is meant.',
  bad: 'FROM alpine:3.22 AS BuilderBase\n',
  good: 'FROM alpine:3.22 AS builder-base\n',
  keywords: ['FROM'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'FROM' || instruction.name === undefined) return;
    const { raw, span } = instruction.name;
    const lower = raw.toLowerCase();
    if (raw === lower) return;
    const fixes = [replaceFix(`Write ${lower}`, span, lower)];
    report(span, { message: `Stage name '${raw}' should be lowercase`, fixes });
  },
};

const fromAsCasing: Rule = {
  code: 'FromAsCasing',
  source: 'buildkit',
  severity: 'warning',
  title: "The 'as' keyword should match the case of the 'from' keyword",
  why: 'Both words are keywords of one instruction. Mixed case makes the name of the stage harder to see.',
  bad: 'FROM alpine:3.22 as builder\n',
  good: 'FROM alpine:3.22 AS builder\n',
  keywords: ['FROM'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'FROM' || instruction.as === undefined) return;
    const from = instruction.keywordText;
    const { raw, span } = instruction.as;
    const wanted =
      from === from.toLowerCase() ? raw.toLowerCase() : from === from.toUpperCase() ? raw.toUpperCase() : raw;
    if (raw === wanted) return;
    const message = `'${raw}' and '${from}' keywords' casing do not match`;
    report(span, { message, fixes: [replaceFix(`Write ${wanted}`, span, wanted)] });
  },
};

const duplicateStageName: Rule = {
  code: 'DuplicateStageName',
  aliases: ['DL3024'],
  source: 'buildkit',
  severity: 'warning',
  title: 'Stage names should be unique',
  why: 'With two stages of one name, `--from` and `--target` mean the later one, and the earlier cannot be named any more.',
  bad: 'FROM alpine:3.22 AS builder\n\nFROM debian:12 AS builder\n',
  good: 'FROM alpine:3.22 AS builder\n\nFROM debian:12 AS tester\n',
  looksAt: [],
  checkFile: (file, report) => {
    const seen = new Set<string>();
    for (const stage of file.stages) {
      const name = stage.name.toLowerCase();
      if (name === '') continue;
      const message = `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`;
      if (seen.has(name)) report(stage.from, nameSpan(stage), { message });
      seen.add(name);
    }
  },
};

const reservedStageName: Rule = {
  code: 'ReservedStageName',
  aliases: ['DL3063'],
  source: 'buildkit',
  severity: 'warning',
  title: 'Reserved words should not be used as stage names',
  why: '`scratch` is the empty image and `context` the build context. A stage of that name can hide them or cannot be reached.',
  bad: 'FROM alpine:3.22 AS scratch\n',
  good: 'FROM alpine:3.22 AS builder\n',
  keywords: ['FROM'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'FROM' || instruction.name === undefined) return;
    const name = instruction.name.raw.toLowerCase();
    if (name !== 'scratch' && name !== 'context') return;
    const message = `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`;
    report(instruction.name.span, { message });
  },
};

/** The value of `--platform` with its place. */
function platformOf(from: FromInstruction): { raw: string; span: Span; flag: Span } | undefined {
  const flag = findFlag(from, 'platform');
  if (flag?.value === undefined) return undefined;
  return { raw: flag.value.raw, span: flag.value.span, flag: flag.span };
}

/** The flag with the blank behind it. */
function flagRemoval(from: FromInstruction, flag: Span): Span {
  const blank = /^\s+/.exec(from.source.slice(flag.end));
  return { start: flag.start, end: flag.end + (blank?.[0].length ?? 0) };
}

const redundantTargetPlatform: Rule = {
  code: 'RedundantTargetPlatform',
  aliases: ['DL3065'],
  source: 'buildkit',
  severity: 'warning',
  topic: 'from-platform',
  title: 'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  why: 'A stage is built for the target platform anyway. The flag only adds noise and can be left out.',
  bad: 'FROM --platform=$TARGETPLATFORM alpine:3.22 AS builder\n',
  good: 'FROM alpine:3.22 AS builder\n',
  keywords: ['FROM'],
  tags: ['unnecessary'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'FROM') return;
    const platform = platformOf(instruction);
    if (platform === undefined) return;
    const matched = expansionOf(platform.raw);
    if (matched === undefined || matched.unmatched.size > 0 || matched.matched.size !== 1) return;
    if (!matched.matched.has('TARGETPLATFORM') || matched.value !== 'linux/amd64') return;
    const message = `Setting platform to predefined ${platform.raw} in FROM is redundant as this is the default behavior`;
    const fixes = [replaceFix('Remove the flag', flagRemoval(instruction, platform.flag), '')];
    report(platform.span, { message, fixes });
  },
};

function expansionOf(raw: string): ReturnType<typeof expand> | undefined {
  try {
    return expand(raw, platformArguments());
  } catch {
    return undefined;
  }
}

const KNOWN_OS =
  /^(aix|android|darwin|dragonfly|freebsd|illumos|ios|js|linux|netbsd|openbsd|plan9|solaris|wasip1|windows)$/;
const KNOWN_ARCHITECTURE =
  /^(386|amd64|arm|arm64|i386|x86_64|x86-64|aarch64|armhf|armel|loong64|mips|mips64|mips64le|mipsle|ppc64|ppc64le|riscv64|s390x|wasm)$/;
const ARCHITECTURE_NAMES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  armhf: 'arm',
  armel: 'arm',
};

/** Operating system and architecture of a platform; undefined if it cannot be one. */
function parsePlatform(text: string): { os: string; architecture: string } | undefined {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.()-]+$/.test(part))) return undefined;
  const [first = '', second] = parts;
  if (second !== undefined) return { os: first, architecture: ARCHITECTURE_NAMES[second] ?? second };
  if (KNOWN_OS.test(first)) return { os: first, architecture: 'amd64' };
  if (KNOWN_ARCHITECTURE.test(first)) return { os: 'linux', architecture: ARCHITECTURE_NAMES[first] ?? first };
  return undefined;
}

const fromPlatformFlagConst: Rule = {
  code: 'FromPlatformFlagConstDisallowed',
  source: 'buildkit',
  severity: 'warning',
  topic: 'from-platform',
  title: 'FROM --platform flag should not use a constant value',
  why: 'A constant platform ties the stage to one architecture, whatever the build is asked for. Use a variable such as `$BUILDPLATFORM`, or put the platform into the name of the stage when it is meant.',
  bad: 'FROM --platform=linux/amd64 alpine:3.22 AS base\n',
  good: 'FROM --platform=$BUILDPLATFORM alpine:3.22 AS base\n',
  keywords: ['FROM'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'FROM') return;
    const platform = platformOf(instruction);
    const expansion = platform === undefined ? undefined : expansionOf(platform.raw);
    if (platform === undefined || expansion === undefined || expansion.matched.size + expansion.unmatched.size > 0)
      return;
    const parsed = parsePlatform(expansion.value);
    if (parsed === undefined) return;
    const name = instruction.name?.raw.toLowerCase() ?? '';
    if (name.includes(parsed.os) || name.includes(parsed.architecture)) return;
    const message = `FROM --platform flag should not use constant value ${JSON.stringify(expansion.value)}`;
    report(platform.span, { message });
  },
};

const invalidBaseImagePlatform: Rule = {
  code: 'InvalidBaseImagePlatform',
  source: 'buildkit',
  severity: 'warning',
  title: 'Base image platform does not match expected target platform',
  why: 'The base image exists for another platform only, so what is built on it will not run where it is meant to. Known only for images that the local store or the registry has been asked about.',
  bad: 'FROM --platform=linux/arm64 local/amd64-only:1\n',
  good: 'FROM --platform=linux/amd64 local/amd64-only:1\n',
  looksAt: [],
  checkFile: (file, report) => {
    const platforms = platformArguments(file.knowledge.platform);
    for (const stage of file.stages) {
      if (stage.parent !== undefined || stage.base === 'scratch') continue;
      const flag = platformOf(stage.from);
      const expected =
        flag === undefined ? (file.knowledge.platform ?? 'linux/amd64') : expandPlatform(flag.raw, platforms);
      const actual = file.knowledge.image?.(stage.base, expected)?.platform;
      const [a, b] = [parsePlatform(expected), parsePlatform(actual ?? '')];
      if (actual === undefined || a === undefined || b === undefined) continue;
      if (a.os === b.os && a.architecture === b.architecture) continue;
      const message = `Base image ${stage.base} was pulled with platform ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)} for current build`;
      report(stage.from, stage.from.image?.span ?? stage.from.keywordSpan, { message });
    }
  },
};

function expandPlatform(raw: string, platforms: ReadonlyMap<string, string>): string {
  try {
    return expand(raw, platforms).value;
  } catch {
    return raw;
  }
}

export const stageChecks: readonly Rule[] = [
  stageNameCasing,
  fromAsCasing,
  duplicateStageName,
  reservedStageName,
  redundantTargetPlatform,
  fromPlatformFlagConst,
  invalidBaseImagePlatform,
];
