// `slipway lint`: checks files and says by its exit status whether something was found.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseDockerfile } from '../../runtime/dockerfile/document.ts';
import { contextOf, ignoreMatcherOf } from '../context_files.ts';
import { ContextKnowledge } from '../context_knowledge.ts';
import { syntaxProblems } from '../syntax_problems.ts';
import { type LintArguments, parseLintArguments, USAGE, UsageError } from './cli_options.ts';
import { Linter } from './engine.ts';
import { type FileResult, type Format, formatResults, isFormat } from './formats.ts';
import {
  type ConfigResult,
  DEFAULT_CONFIG,
  findHadolintConfig,
  type HadolintConfig,
  loadHadolintConfig,
} from './hadolint_config.ts';
import { atLeast, type Problem } from './problem.ts';
import { rules } from './registry.ts';
import type { Knowledge } from './rule.ts';
import { ShellcheckTail } from './shellcheck/tail.ts';

/** What the command needs of its surroundings. */
export interface LintIo {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Runs the command with the arguments behind `lint`. Resolves to the exit status: 0, 1 (found something) or 2 (could not check). */
export async function lintCommand(args: readonly string[], io: LintIo): Promise<number> {
  let options: LintArguments;
  try {
    options = parseLintArguments(args, io.environment);
    if (!options.help && options.files.length === 0)
      throw new UsageError('cannot check: no file is named; write - for standard input');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr(`slipway lint: ${error.message}\n`);
    return 2;
  }
  if (options.help) {
    io.stdout(USAGE);
    return 0;
  }
  return lintFiles(options, io);
}

async function lintFiles(options: LintArguments, io: LintIo): Promise<number> {
  const tail = new ShellcheckTail();
  const results: FileResult[] = [];
  let unreadable = false;
  let failed = false;
  let { format } = options;
  for (const file of options.files) {
    const text = await readInput(file, io);
    if (text === undefined) {
      unreadable = true;
      continue;
    }
    const config = configFor(file, options, io);
    if (config === undefined) return 2;
    format ??= formatOf(config);
    const result = await lintText(file, text, config, options, tail, io);
    results.push(result);
    failed ||= fails(result.problems, config, options);
  }
  io.stdout(formatResults(format ?? 'text', results));
  if (unreadable) return 2;
  return failed ? 1 : 0;
}

/** The format that the configuration asks for. */
function formatOf({ format }: HadolintConfig): Format | undefined {
  return format !== undefined && isFormat(format) ? format : undefined;
}

async function readInput(file: string, io: LintIo): Promise<string | undefined> {
  try {
    if (file !== '-') return await readFile(resolve(io.cwd, file), 'utf8');
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of io.stdin)
      text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  } catch (error) {
    io.stderr(`slipway lint: cannot read ${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

/** The configuration for a file; undefined, with a message, if the one that was named cannot be used. */
function configFor(file: string, options: LintArguments, io: LintIo): HadolintConfig | undefined {
  const directory = file === '-' ? io.cwd : dirname(resolve(io.cwd, file));
  const named = options.config === undefined ? undefined : resolve(io.cwd, options.config);
  const path = named ?? findHadolintConfig(directory, io.cwd, io.environment);
  const result: ConfigResult = path === undefined ? { config: DEFAULT_CONFIG, problems: [] } : loadHadolintConfig(path);
  for (const problem of result.problems) io.stderr(`slipway lint: ${path}: ${problem}\n`);
  if (named !== undefined && result.problems.length > 0) return undefined;
  const { config } = result;
  return {
    ...config,
    trustedRegistries: options.trustedRegistries.length === 0 ? config.trustedRegistries : options.trustedRegistries,
    labelSchema: new Map([...config.labelSchema, ...options.requiredLabels]),
    strictLabels: config.strictLabels || options.strictLabels,
    disableIgnorePragma: config.disableIgnorePragma || options.disableIgnorePragma,
  };
}

async function lintText(
  file: string,
  text: string,
  config: HadolintConfig,
  options: LintArguments,
  tail: ShellcheckTail,
  io: LintIo,
): Promise<FileResult> {
  const document = parseDockerfile(text);
  const linter = new Linter(rules, {
    severities: options.severities,
    hadolint: config,
    knowledge: knowledgeOf(file, options, io),
    ...(options.check === undefined ? {} : { check: options.check }),
  });
  const problems: Problem[] = [...syntaxProblems(document), ...linter.lint(document)];
  if (options.shellcheck) problems.push(...(await tail.problems(linter, document, io.signal)));
  problems.sort((a, b) => a.range.start - b.range.start || a.range.end - b.range.end);
  return { path: options.reportedPath ?? file, problems, positionAt: (offset) => document.positionAt(offset) };
}

/** From standard input nothing is known of the context, unless it is named. */
function knowledgeOf(file: string, options: LintArguments, io: LintIo): Knowledge {
  const today = new Date();
  if (file === '-' && options.context === undefined) return { today };
  const uri = pathToFileURL(resolve(io.cwd, file === '-' ? 'Dockerfile' : file)).href;
  const directory = options.context === undefined ? contextOf(uri, undefined) : resolve(io.cwd, options.context);
  if (directory === undefined) return { today };
  const files = new ContextKnowledge(() => ({ directory, matcher: ignoreMatcherOf(uri, directory) }));
  return { today, contextPath: (source) => files.state(source) };
}

function fails(problems: readonly Problem[], config: HadolintConfig, options: LintArguments): boolean {
  if (options.noFail || config.noFail) return false;
  const threshold = options.threshold ?? config.failureThreshold;
  if (threshold === 'none' || threshold === 'ignore') return false;
  return problems.some((problem) => atLeast(problem.severity, threshold));
}
