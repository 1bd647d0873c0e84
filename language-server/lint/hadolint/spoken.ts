// Hadolint's rules that one of BuildKit's checks speaks for: the finding carries both codes.
import type { Severity } from '../problem.ts';
import type { SpokenRule } from '../rule.ts';

function spoken(
  code: string,
  severity: Severity,
  spokenForBy: string,
  title: string,
  why: string,
  bad: string,
  good: string,
): SpokenRule {
  return { code, source: 'hadolint', severity, spokenForBy, title, why, bad, good };
}

export const spokenRules: readonly SpokenRule[] = [
  spoken(
    'DL3012',
    'error',
    'MultipleInstructionsDisallowed',
    'Multiple HEALTHCHECK instructions',
    'Only the last HEALTHCHECK of a stage has an effect. The finding is at the one that has none.',
    'FROM debian:12\nHEALTHCHECK CMD ["a"]\nHEALTHCHECK CMD ["b"]\n',
    'FROM debian:12\nHEALTHCHECK CMD ["b"]\n',
  ),
  spoken(
    'DL3024',
    'error',
    'DuplicateStageName',
    'FROM aliases (stage names) must be unique',
    'With two stages of one name, `--from` and `--target` mean the later one.',
    'FROM debian:12 AS build\n\nFROM debian:12 AS build\n',
    'FROM debian:12 AS build\n\nFROM debian:12 AS test\n',
  ),
  spoken(
    'DL3063',
    'warning',
    'ReservedStageName',
    'Stage name should not be a reserved word',
    '`scratch` is the empty image and `context` the build context.',
    'FROM debian:12 AS context\n',
    'FROM debian:12 AS build\n',
  ),
  spoken(
    'DL3065',
    'warning',
    'RedundantTargetPlatform',
    '`FROM --platform=$TARGETPLATFORM` is redundant',
    'A stage is built for the target platform anyway.',
    'FROM --platform=$TARGETPLATFORM debian:12\n',
    'FROM debian:12\n',
  ),
  spoken(
    'DL4000',
    'error',
    'MaintainerDeprecated',
    'MAINTAINER is deprecated',
    'Use the label `org.opencontainers.image.authors`.',
    'FROM debian:12\nMAINTAINER ann@example.org\n',
    'FROM debian:12\nLABEL org.opencontainers.image.authors="ann@example.org"\n',
  ),
  spoken(
    'DL4003',
    'warning',
    'MultipleInstructionsDisallowed',
    'Multiple CMD instructions found',
    'Only the last CMD of a stage has an effect. The finding is at the one that has none.',
    'FROM debian:12\nCMD ["a"]\nCMD ["b"]\n',
    'FROM debian:12\nCMD ["b"]\n',
  ),
  spoken(
    'DL4004',
    'error',
    'MultipleInstructionsDisallowed',
    'Multiple ENTRYPOINT instructions found',
    'Only the last ENTRYPOINT of a stage has an effect. The finding is at the one that has none.',
    'FROM debian:12\nENTRYPOINT ["a"]\nENTRYPOINT ["b"]\n',
    'FROM debian:12\nENTRYPOINT ["b"]\n',
  ),
];
