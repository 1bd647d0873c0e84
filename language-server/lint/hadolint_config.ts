// `.hadolint.yaml`: where it is looked for and what it says. https://github.com/hadolint/hadolint#configure
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { SEVERITIES, type Severity } from './problem.ts';

/** What a label's value must be. */
export type LabelType = 'text' | 'rfc3339' | 'semver' | 'url' | 'hash' | 'spdx' | 'email';

export interface HadolintConfig {
  readonly ignored: readonly string[];
  readonly override: Readonly<Record<Severity, readonly string[]>>;
  readonly trustedRegistries: readonly string[];
  readonly labelSchema: ReadonlyMap<string, LabelType>;
  readonly strictLabels: boolean;
  /** `ignore` and `none` never fail. */
  readonly failureThreshold: Severity | 'ignore' | 'none';
  readonly noFail: boolean;
  /** What `slipway lint` writes when it is not told. */
  readonly format?: string;
  readonly disableIgnorePragma: boolean;
}

export const DEFAULT_CONFIG: HadolintConfig = {
  ignored: [],
  override: { error: [], warning: [], info: [], style: [] },
  trustedRegistries: [],
  labelSchema: new Map(),
  strictLabels: false,
  failureThreshold: 'info',
  noFail: false,
  disableIgnorePragma: false,
};

/** A configuration with the places that could not be understood. */
export interface ConfigResult {
  readonly config: HadolintConfig;
  readonly problems: readonly string[];
}

export const LABEL_TYPES: readonly string[] = ['text', 'rfc3339', 'semver', 'url', 'hash', 'spdx', 'email'];

/** The type that a word names; an empty one is any text. */
export function labelType(word: string): LabelType | undefined {
  const name = word === '' ? 'text' : word;
  return LABEL_TYPES.includes(name) ? (name as LabelType) : undefined;
}

/** Reads the text of a configuration file. What is wrong in it is left out and told. */
export function parseHadolintConfig(text: string): ConfigResult {
  const problems: string[] = [];
  let root: unknown;
  try {
    root = parse(text);
  } catch (error) {
    return {
      config: DEFAULT_CONFIG,
      problems: [`the file is no YAML: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
  if (root === null || root === undefined) return { config: DEFAULT_CONFIG, problems };
  if (!isRecord(root)) return { config: DEFAULT_CONFIG, problems: ['the file must hold keys and values'] };
  const read = new Reader(root, problems);
  const threshold =
    read.word('failure-threshold', [...SEVERITIES, 'ignore', 'none']) ?? DEFAULT_CONFIG.failureThreshold;
  const format = read.text('format') ?? read.text('output-format');
  const config: HadolintConfig = {
    ignored: read.list('ignored'),
    override: read.override(),
    trustedRegistries: [...read.list('trustedRegistries'), ...read.list('trusted-registries')],
    labelSchema: read.labels(),
    strictLabels: read.flag('strict-labels'),
    failureThreshold: threshold as HadolintConfig['failureThreshold'],
    noFail: read.flag('no-fail'),
    disableIgnorePragma: read.flag('disable-ignore-pragma'),
    ...(format === undefined ? {} : { format }),
  };
  return { config, problems };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class Reader {
  readonly #root: Record<string, unknown>;
  readonly #problems: string[];

  constructor(root: Record<string, unknown>, problems: string[]) {
    this.#root = root;
    this.#problems = problems;
  }

  list(key: string, from: Record<string, unknown> = this.#root): string[] {
    const value = from[key];
    if (value === undefined || value === null) return [];
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    this.#problems.push(`${key} must be a list of words`);
    return [];
  }

  flag(key: string): boolean {
    const value = this.#root[key];
    if (value !== undefined && typeof value !== 'boolean') this.#problems.push(`${key} must be true or false`);
    return value === true;
  }

  text(key: string): string | undefined {
    const value = this.#root[key];
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
    this.#problems.push(`${key} must be a word`);
    return undefined;
  }

  word(key: string, allowed: readonly string[]): string | undefined {
    const value = this.#root[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string' && allowed.includes(value)) return value;
    this.#problems.push(`${key} must be one of ${allowed.join(', ')}`);
    return undefined;
  }

  override(): Record<Severity, string[]> {
    const value = this.#root.override;
    const override: Record<Severity, string[]> = { error: [], warning: [], info: [], style: [] };
    if (value === undefined || value === null) return override;
    if (!isRecord(value)) this.#problems.push('override must hold lists by severity');
    else for (const severity of SEVERITIES) override[severity] = this.list(severity, value);
    return override;
  }

  labels(): Map<string, LabelType> {
    const value = this.#root['label-schema'];
    const labels = new Map<string, LabelType>();
    if (value === undefined || value === null) return labels;
    if (!isRecord(value)) this.#problems.push('label-schema must hold a type for each label');
    else {
      for (const [label, type] of Object.entries(value)) {
        const known = labelType(type === null ? '' : String(type));
        if (known !== undefined) labels.set(label, known);
        else this.#problems.push(`label-schema.${label} must be one of ${LABEL_TYPES.join(', ')}`);
      }
    }
    return labels;
  }
}

/** The files that Hadolint would read, first wins; `directory` is where the Dockerfile is or the command was started. */
function configCandidates(directory: string, environment: NodeJS.ProcessEnv = process.env): string[] {
  const home = environment.HOME ?? homedir();
  const xdg = environment.XDG_CONFIG_HOME ?? join(home, '.config');
  const bases = [
    join(directory, '.hadolint'),
    join(xdg, 'hadolint'),
    join(home, '.config', 'hadolint'),
    join(home, '.hadolint', 'hadolint'),
    join(home, 'hadolint', 'config'),
    join(home, '.hadolint'),
  ];
  return [...new Set(bases.flatMap((base) => [`${base}.yaml`, `${base}.yml`]))];
}

/** The configuration in force for a directory: its own, a parent's up to `root`, or the user's. Undefined if there is none. */
export function findHadolintConfig(
  directory: string,
  root: string,
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const found = ['.hadolint.yaml', '.hadolint.yml'].map((name) => join(at, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
    if (at === resolve(root) || at === dirname(at)) break;
  }
  return configCandidates(directory, environment).find((path) => existsSync(path));
}

/** Reads a configuration file. */
export function loadHadolintConfig(path: string): ConfigResult {
  try {
    return parseHadolintConfig(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { config: DEFAULT_CONFIG, problems: [`cannot read ${path}: ${reason}`] };
  }
}
