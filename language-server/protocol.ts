// What this server and its clients say to each other beyond the Language Server Protocol: settings and commands.
import { SEVERITIES, type Severity } from './lint/problem.ts';

/** The section of the client's configuration that the server asks for. */
export const settingsSection = 'slipway.dockerfile';

/** `slipway.dockerfile.*`. Everything may be left out. */
export interface Settings {
  /** Severity by rule code; `off` silences a rule. */
  readonly rules: Readonly<Record<string, Severity | 'off'>>;
  readonly lint: {
    /** False turns all diagnostics off. */
    readonly enabled: boolean;
  };
  readonly format: FormatSettings;
  /** The shellcheck program for what is not checked natively; empty for none. `shellcheck.path` in the client. */
  readonly shellcheckPath: string;
  /** The build context, relative to the Dockerfile's directory. */
  readonly context?: string;
  readonly inlayHints: { readonly variables: boolean; readonly build: boolean };
  readonly codeLens: boolean;
  /** Ask registries for tags while FROM is written. */
  readonly registryCompletion: boolean;
}

export interface FormatSettings {
  /** How keywords are written; `preserve` leaves them. */
  readonly keywordCase: 'upper' | 'lower' | 'preserve';
  /**
   * Indents continuation lines of shell commands that have no indentation. Off by default: the white space is part of the
   * command, so that the builder would run it anew.
   */
  readonly indentCommands: boolean;
  /** How many blank lines in a row are kept. */
  readonly maxBlankLines: number;
}

export const defaultSettings: Settings = {
  rules: {},
  lint: { enabled: true },
  format: { keywordCase: 'upper', indentCommands: false, maxBlankLines: 1 },
  shellcheckPath: 'shellcheck',
  inlayHints: { variables: true, build: true },
  codeLens: true,
  registryCompletion: true,
};

/** Commands that the client runs; the server names them only when `initializationOptions.codeLensCommands` has them. */
export const commands = {
  buildStage: 'slipway.image.buildStage',
  runStage: 'slipway.image.runStage',
} as const;

/** What a client may say in `initializationOptions`. */
export interface InitializationOptions {
  /** The commands of code lenses that the client runs. */
  readonly codeLensCommands?: readonly string[];
  /** The helper's socket; `SLIPWAY_HOST` or the default path when left out. */
  readonly socketPath?: string;
  /** Settings for clients that do not answer `workspace/configuration`. */
  readonly settings?: Partial<Settings>;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** Reads what a client sent as settings; what is missing or of another type gets its default. */
export function readSettings(value: unknown): Settings {
  const given = record(value);
  const format = record(given.format);
  const hints = record(given.inlayHints);
  const boolean = (candidate: unknown, fallback: boolean): boolean =>
    typeof candidate === 'boolean' ? candidate : fallback;
  const defaults = defaultSettings;
  const shellcheck = record(given.shellcheck).path;
  const keywordCase = format.keywordCase;
  const blank = format.maxBlankLines;
  const rules = Object.entries(record(given.rules)).flatMap(([code, severity]): [string, Severity | 'off'][] => {
    // An editor's "hint" is what Hadolint calls style.
    const known = [...SEVERITIES, 'off' as const].find((each) => each === (severity === 'hint' ? 'style' : severity));
    return known === undefined ? [] : [[code, known]];
  });
  return {
    rules: Object.fromEntries(rules),
    lint: { enabled: boolean(record(given.lint).enabled, defaults.lint.enabled) },
    format: {
      keywordCase: keywordCase === 'lower' || keywordCase === 'preserve' ? keywordCase : defaults.format.keywordCase,
      indentCommands: boolean(format.indentCommands, defaults.format.indentCommands),
      maxBlankLines: typeof blank === 'number' && blank >= 0 ? Math.floor(blank) : defaults.format.maxBlankLines,
    },
    ...(typeof given.context === 'string' && given.context !== '' ? { context: given.context } : {}),
    shellcheckPath: typeof shellcheck === 'string' ? shellcheck : defaults.shellcheckPath,
    inlayHints: {
      variables: boolean(hints.variables, defaults.inlayHints.variables),
      build: boolean(hints.build, defaults.inlayHints.build),
    },
    codeLens: boolean(given.codeLens, defaults.codeLens),
    registryCompletion: boolean(given.registryCompletion, defaults.registryCompletion),
  };
}
