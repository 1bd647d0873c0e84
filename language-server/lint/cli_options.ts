// The command line of `slipway lint`.
import { parseArgs } from 'node:util';
import { FORMATS, type Format, isFormat } from './formats.ts';
import { type HadolintConfig, LABEL_TYPES, type LabelType, labelType } from './hadolint_config.ts';
import { SEVERITIES, type Severity } from './problem.ts';

export interface LintArguments {
  readonly files: readonly string[];
  readonly format?: Format;
  readonly help: boolean;
  readonly config?: string;
  readonly context?: string;
  readonly check?: string;
  readonly noFail: boolean;
  readonly shellcheck: boolean;
  readonly threshold?: HadolintConfig['failureThreshold'];
  readonly severities: Readonly<Record<string, Severity | 'off'>>;
  readonly trustedRegistries: readonly string[];
  readonly requiredLabels: ReadonlyMap<string, LabelType>;
  readonly strictLabels: boolean;
  readonly disableIgnorePragma: boolean;
  /** What reports name instead of the one file. */
  readonly reportedPath?: string;
}

export const USAGE = `Usage: slipway lint [OPTIONS] FILE...

Check Dockerfiles. A dash reads one from standard input.

Options:
  -f, --format FORMAT             ${FORMATS.join(', ')} 
                                  (default: the configuration's, else text)
  -c, --config FILE               configuration instead of .hadolint.yaml
  -t, --failure-threshold LEVEL   ${SEVERITIES.toReversed().join(', ')}, ignore or none (default info)
      --no-fail                   exit with 0 whatever is found
      --ignore CODE               do not report CODE; may be repeated
      --error CODE                report CODE as an error; also --warning, --info, --style
      --check OPTIONS             BuildKit's options instead of the file's # check=
      --context DIR               the build context (default: the directory of the file)
      --trusted-registry NAME     registry from which base images may come; may be repeated
      --require-label NAME:TYPE   label that every image must have: ${LABEL_TYPES.join(', ')}
      --strict-labels             no other labels than the required ones
      --disable-ignore-pragma     do not obey comments that ignore findings
      --file-path-in-report PATH  what the report calls the file
      --no-shellcheck             do not run an installed shellcheck
      --no-color, -V, --verbose   change nothing; for scripts written for Hadolint
  -h, --help                      this text

Exit status: 0 nothing at or above the threshold, 1 something was found, 2 the check could not be made.
`;

/** A command line that cannot be understood; the message says what to do. */
export class UsageError extends Error {}

const options = {
  format: { type: 'string', short: 'f' },
  config: { type: 'string', short: 'c' },
  'failure-threshold': { type: 'string', short: 't' },
  'no-fail': { type: 'boolean' },
  ignore: { type: 'string', multiple: true },
  error: { type: 'string', multiple: true },
  warning: { type: 'string', multiple: true },
  info: { type: 'string', multiple: true },
  style: { type: 'string', multiple: true },
  check: { type: 'string' },
  context: { type: 'string' },
  'trusted-registry': { type: 'string', multiple: true },
  'require-label': { type: 'string', multiple: true },
  'strict-labels': { type: 'boolean' },
  'disable-ignore-pragma': { type: 'boolean' },
  'file-path-in-report': { type: 'string' },
  'no-shellcheck': { type: 'boolean' },
  'no-color': { type: 'boolean' },
  verbose: { type: 'boolean', short: 'V' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the arguments; throws a UsageError. The environment's HADOLINT_ variables are defaults. */
export function parseLintArguments(args: readonly string[], environment: NodeJS.ProcessEnv): LintArguments {
  const { values, positionals } = parse(args);
  const format = values.format ?? environment.HADOLINT_FORMAT;
  if (format !== undefined && !isFormat(format))
    throw new UsageError(`cannot write the format ${format}: it is none of ${FORMATS.join(', ')}`);
  const threshold = values['failure-threshold'] ?? environment.HADOLINT_FAILURE_THRESHOLD;
  if (threshold !== undefined && !isThreshold(threshold))
    throw new UsageError(`cannot use the threshold ${threshold}: it is none of ${THRESHOLDS.join(', ')}`);
  const severities: Record<string, Severity | 'off'> = {};
  for (const severity of SEVERITIES) {
    for (const code of [
      ...list(environment[`HADOLINT_OVERRIDE_${severity.toUpperCase()}`]),
      ...(values[severity] ?? []),
    ])
      severities[code] = severity;
  }
  for (const code of [...list(environment.HADOLINT_IGNORE), ...(values.ignore ?? [])]) severities[code] = 'off';
  const check = values.check ?? environment.BUILDKIT_DOCKERFILE_CHECK;
  return {
    files: positionals,
    help: values.help === true,
    noFail: values['no-fail'] === true || isOn(environment.HADOLINT_NOFAIL),
    strictLabels: values['strict-labels'] === true || isOn(environment.HADOLINT_STRICT_LABELS),
    disableIgnorePragma: values['disable-ignore-pragma'] === true || isOn(environment.HADOLINT_DISABLE_IGNORE_PRAGMA),
    requiredLabels: new Map(
      [...list(environment.HADOLINT_REQUIRE_LABELS), ...(values['require-label'] ?? [])].map(labelOf),
    ),
    ...(values['file-path-in-report'] === undefined ? {} : { reportedPath: values['file-path-in-report'] }),
    shellcheck: values['no-shellcheck'] !== true,
    severities,
    trustedRegistries: [...list(environment.HADOLINT_TRUSTED_REGISTRIES), ...(values['trusted-registry'] ?? [])],
    ...(format === undefined ? {} : { format }),
    ...(values.config === undefined ? {} : { config: values.config }),
    ...(values.context === undefined ? {} : { context: values.context }),
    ...(check === undefined ? {} : { check }),
    ...(threshold === undefined ? {} : { threshold }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isOn(word: string | undefined): boolean {
  return /^(1|y|yes|true|on)$/i.test(word ?? '');
}

/** `NAME:TYPE`; names may have colons in them, types have none. */
function labelOf(text: string): [string, LabelType] {
  const colon = text.lastIndexOf(':');
  const type = colon <= 0 ? undefined : labelType(text.slice(colon + 1).trim());
  if (type === undefined)
    throw new UsageError(
      `cannot require the label ${text}: write NAME:TYPE, with a type out of ${LABEL_TYPES.join(', ')}`,
    );
  return [text.slice(0, colon).trim(), type];
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

const THRESHOLDS: readonly string[] = [...SEVERITIES, 'ignore', 'none'];

function isThreshold(text: string): text is HadolintConfig['failureThreshold'] {
  return THRESHOLDS.includes(text);
}
