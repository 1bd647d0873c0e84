// The comments by which a file controls its checks: BuildKit's `# check=`, Hadolint's `# hadolint …` and our own.
import type { Comment, Directive, Instruction, Item } from '../../runtime/dockerfile/ast.ts';

/** What `check=` asks for; BuildKit's linter.ParseLintOptions. */
export interface CheckOptions {
  readonly skip: ReadonlySet<string>;
  readonly skipAll: boolean;
  readonly error: boolean;
  readonly experimental: ReadonlySet<string>;
  readonly experimentalAll: boolean;
  /** What BuildKit would refuse the option for. */
  readonly problem?: string;
}

const NO_CHECK_OPTIONS: CheckOptions = {
  skip: new Set(),
  skipAll: false,
  error: false,
  experimental: new Set(),
  experimentalAll: false,
};

/** Reads `skip=A,B;error=true;experimental=C`; what stands behind ` // ` is a reason for people. */
function parseCheckOptions(text: string): CheckOptions {
  const options = { ...NO_CHECK_OPTIONS };
  const plain = text.replace(/\s\/\/.*$/s, '').trim();
  if (plain === '') return options;
  for (const part of plain.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0) return { ...options, problem: `invalid check option ${JSON.stringify(part)}` };
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    const names = new Set(
      value
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    );
    if (key === 'skip' && value === 'all') options.skipAll = true;
    else if (key === 'skip') options.skip = names;
    else if (key === 'experimental' && value === 'all') options.experimentalAll = true;
    else if (key === 'experimental') options.experimental = names;
    else if (key === 'error' && /^(1|t|true|0|f|false)$/i.test(value)) options.error = /^(1|t)/i.test(value);
    else if (key === 'error')
      return {
        ...options,
        problem: `failed to parse check option ${JSON.stringify(part)}: ${JSON.stringify(value)} is no boolean`,
      };
    else return { ...options, problem: `invalid check option ${JSON.stringify(key)}` };
  }
  return options;
}

/** What one comment says. */
export interface Pragma {
  readonly comment: Comment | Directive;
  /** Codes to ignore, and how far. */
  readonly ignore?: {
    readonly scope: 'instruction' | 'stage' | 'file';
    readonly codes: readonly string[];
    readonly tool: 'hadolint' | 'slipway';
  };
  readonly shell?: string;
  readonly check?: CheckOptions;
}

const PRAGMA = /^#\s*(hadolint|slipway)\s+(?:(global|stage)\s+)?(?:(ignore)\s*=\s*([^#]*)|shell\s*=\s*([^#\n]+))/;
const CODES = /^[A-Z]\w+(?:[\s,]+[A-Z]\w+)*/;
const CHECK = /^#\s*check\s*=\s*(.*)$/s;

const pragmas = new WeakMap<Comment | Directive, Pragma | null>();

/** What the comment says to the checks; undefined if nothing. */
export function pragmaOf(comment: Comment | Directive): Pragma | undefined {
  let pragma = pragmas.get(comment);
  if (pragma === undefined) {
    pragma = readPragma(comment) ?? null;
    pragmas.set(comment, pragma);
  }
  return pragma ?? undefined;
}

function readPragma(comment: Comment | Directive): Pragma | undefined {
  if (comment.kind === 'directive') return undefined;
  const check = CHECK.exec(comment.source);
  if (check !== null) return { comment, check: parseCheckOptions(check[1] ?? '') };
  const match = PRAGMA.exec(comment.source);
  if (match === null) return undefined;
  if (match[5] !== undefined) return { comment, shell: match[5].trim() };
  // As in Hadolint, the list ends at the first word that cannot be a rule, and one that begins with such a word is none.
  const codes = CODES.exec(match[4] ?? '')?.[0].split(/[\s,]+/) ?? [];
  if (codes.length === 0) return undefined;
  const scope = match[2] === 'global' ? 'file' : match[2] === 'stage' ? 'stage' : 'instruction';
  return { comment, ignore: { scope, codes, tool: match[1] === 'slipway' ? 'slipway' : 'hadolint' } };
}

/** The controls of a file, found out anew after every edit. */
export interface Controls {
  /** What the file's `# check=` directive says (or the build argument that overrides it). */
  readonly check: CheckOptions;
  readonly fileIgnores: ReadonlySet<string>;
  /** Codes ignored at an instruction: by the comments above it, or by its stage. */
  ignoredAt(instruction: Instruction): readonly ReadonlySet<string>[];
  /** `# check=skip=` right above an instruction. */
  checkAt(instruction: Instruction): CheckOptions | undefined;
  /** Whether a comment says something of this instruction or its stage that it does not say of the file. */
  concern(instruction: Instruction): boolean;
  /** Whether there is any such instruction. */
  readonly local: boolean;
  shellAt(instruction: Instruction): string | undefined;
  /** Comments that ignore something, for the rule that reports them. */
  readonly ignoring: readonly Pragma[];
}

interface At {
  readonly codes: Set<string>;
  check?: CheckOptions;
  shell?: string;
  stage?: ReadonlySet<string>;
}

/** Reads the controls. `override` is BUILDKIT_DOCKERFILE_CHECK; `usePragmas` is false under `disable-ignore-pragma`. */
export function readControls(items: readonly Item[], override: string | undefined, usePragmas: boolean): Controls {
  const collector = new ControlCollector(usePragmas);
  for (const item of items) collector.add(item);
  const directive = items.find((item): item is Directive => item.kind === 'directive' && item.name === 'check');
  const check = override === undefined ? directive?.value : override;
  const { at } = collector;
  return {
    check: check === undefined ? NO_CHECK_OPTIONS : parseCheckOptions(check),
    fileIgnores: collector.fileIgnores,
    ignoring: collector.ignoring,
    ignoredAt: (instruction) => {
      const found = at.get(instruction);
      return found === undefined ? [] : [found.codes, ...(found.stage === undefined ? [] : [found.stage])];
    },
    checkAt: (instruction) => at.get(instruction)?.check,
    concern: (instruction) => at.size > 0 && at.has(instruction),
    local: at.size > 0,
    shellAt: (instruction) => at.get(instruction)?.shell,
  };
}

class ControlCollector {
  readonly fileIgnores = new Set<string>();
  readonly ignoring: Pragma[] = [];
  readonly at = new Map<Instruction, At>();
  private readonly usePragmas: boolean;
  private pending: At | undefined;
  /** `shell=` counts for the next instruction however far it is. */
  private shell: string | undefined;
  private stage: ReadonlySet<string> | undefined;
  /** The line under the last comment. */
  private nextLine = -1;

  constructor(usePragmas: boolean) {
    this.usePragmas = usePragmas;
  }

  add(item: Item): void {
    if (item.kind === 'instruction') this.addInstruction(item);
    else this.addComment(item);
  }

  private addInstruction(instruction: Instruction): void {
    // Comments count when nothing, not even a blank line, is between them and the instruction.
    const pending = this.nextLine === instruction.startLine ? this.pending : undefined;
    if (instruction.keyword === 'FROM') this.stage = pending?.stage;
    this.pending = undefined;
    const { shell } = this;
    this.shell = undefined;
    if (pending === undefined && this.stage === undefined && shell === undefined) return;
    const { stage: _, ...rest }: At = pending ?? { codes: new Set<string>() };
    const at: At = shell === undefined ? rest : { ...rest, shell };
    this.at.set(instruction, this.stage === undefined ? at : { ...at, stage: this.stage });
  }

  private addComment(comment: Comment | Directive): void {
    const pragma = pragmaOf(comment);
    if (this.nextLine !== comment.startLine) this.pending = undefined;
    this.nextLine = comment.startLine + 1;
    if (pragma === undefined) return;
    this.pending ??= { codes: new Set<string>() };
    if (pragma.shell !== undefined) this.shell = pragma.shell;
    if (pragma.check !== undefined) this.pending.check = mergeChecks(this.pending.check, pragma.check);
    if (pragma.ignore === undefined) return;
    this.ignoring.push(pragma);
    if (!this.usePragmas) return;
    for (const code of pragma.ignore.codes) this.ignore(pragma.ignore.scope, code);
  }

  private ignore(scope: 'instruction' | 'stage' | 'file', code: string): void {
    if (scope === 'file') this.fileIgnores.add(code);
    else if (scope === 'instruction') this.pending?.codes.add(code);
    else if (this.pending !== undefined) this.pending.stage = new Set([...(this.pending.stage ?? []), code]);
  }
}

function mergeChecks(first: CheckOptions | undefined, second: CheckOptions): CheckOptions {
  if (first === undefined) return second;
  return {
    ...second,
    skip: new Set([...first.skip, ...second.skip]),
    skipAll: first.skipAll || second.skipAll,
    experimental: new Set([...first.experimental, ...second.experimental]),
    experimentalAll: first.experimentalAll || second.experimentalAll,
  };
}
