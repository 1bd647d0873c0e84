// Which variables an instruction sees and which of those it uses are unknown. frontend/dockerfile/dockerfile2llb/convert.go:
// dispatch, dispatchArg, dispatchEnv, reportUnmatchedVariables.
import type { Flag, Instruction, Span } from '../../runtime/dockerfile/ast.ts';
import { type Expansion, expand } from '../../runtime/dockerfile/expansion.ts';
import type { FileModel, Stage } from './file_model.ts';
import { within } from './fixes.ts';
import { familiarName } from './image_name.ts';

/** A variable that is used where it is not defined. */
export interface UnknownVariable {
  readonly instruction: Instruction;
  readonly span: Span;
  readonly name: string;
  /** Names that are defined there. */
  readonly defined: Iterable<string>;
  /** False if the base image may define it. */
  readonly certain: boolean;
}

/** The variables at the end of a stage. */
interface Scope {
  readonly environment: Map<string, string>;
  /** ARGs, also those without a value. */
  readonly arguments: Set<string>;
  /** Everything that the file itself declares. */
  readonly declared: Set<string>;
  readonly complete: boolean;
}

/** Base images that define PATH and nothing else. */
const PLAIN_IMAGES =
  /^(scratch|alpine|debian|ubuntu|busybox|centos|rockylinux|almalinux|amazonlinux|oraclelinux|opensuse\/\w+|photon|archlinux\/archlinux|(rockylinux|almalinux)\/[\w-]+|redhat\/ubi\d+(-minimal|-micro)?)$/;

/** Every use of an unknown variable in the file, stage by stage. */
export function unknownVariables(file: FileModel): UnknownVariable[] {
  const found: UnknownVariable[] = [];
  const scopes = new Map<Stage, Scope>();
  for (const stage of file.stages) {
    const scope = scopeOf(stage, file, scopes);
    scopes.set(stage, scope);
    for (const instruction of stage.instructions) new ScopeWalk(file, scope, instruction, found).run();
  }
  return found;
}

function scopeOf(stage: Stage, file: FileModel, scopes: ReadonlyMap<Stage, Scope>): Scope {
  const parent = stage.parent === undefined ? undefined : scopes.get(stage.parent);
  if (parent !== undefined) {
    return {
      environment: new Map(parent.environment),
      arguments: new Set(parent.arguments),
      declared: new Set(parent.declared),
      complete: parent.complete,
    };
  }
  const environment = new Map([['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']]);
  const known = file.knowledge.image?.(stage.base, undefined)?.environment;
  for (const [name, value] of Object.entries(known ?? {})) environment.set(name, value);
  return {
    environment,
    arguments: new Set(),
    declared: new Set(),
    complete: known !== undefined || PLAIN_IMAGES.test(familiarName(stage.image)),
  };
}

interface Piece {
  readonly raw: string;
  readonly span: Span;
}

class ScopeWalk {
  private readonly file: FileModel;
  private readonly scope: Scope;
  private readonly instruction: Instruction;
  private readonly found: UnknownVariable[];

  constructor(file: FileModel, scope: Scope, instruction: Instruction, found: UnknownVariable[]) {
    this.file = file;
    this.scope = scope;
    this.instruction = instruction;
    this.found = found;
  }

  run(): void {
    const { instruction } = this;
    switch (instruction.keyword) {
      case 'ARG':
        for (const { key, value } of instruction.pairs) this.define(key.raw, value);
        break;
      case 'ENV': {
        const values = instruction.pairs.map(
          ({ key, value }) => [key.raw, value === undefined ? '' : this.expand(value)] as const,
        );
        for (const [name, value] of values) {
          this.scope.environment.set(name, value);
          this.scope.declared.add(name);
        }
        break;
      }
      case 'LABEL':
        for (const { key, value } of instruction.pairs)
          for (const piece of [key, value]) if (piece !== undefined) this.expand(piece);
        break;
      case 'COPY':
      case 'ADD':
        for (const word of [
          ...instruction.sources,
          ...(instruction.destination === undefined ? [] : [instruction.destination]),
        ])
          this.expand(word);
        for (const flag of instruction.flags) if (flag.name !== 'from') this.expandFlag(flag);
        this.expandHeredocs();
        break;
      case 'RUN':
        for (const flag of instruction.flags) if (flag.name === 'mount') this.expandFlag(flag);
        break;
      case 'VOLUME':
        for (const word of instruction.words) this.expand(word);
        break;
      case 'USER':
      case 'WORKDIR':
      case 'STOPSIGNAL':
        if (instruction.value !== undefined) this.expand(instruction.value);
        break;
      default:
    }
  }

  private define(name: string, value: Piece | undefined): void {
    const given = value === undefined ? this.file.globalValues.get(name) : this.expand(value);
    this.scope.arguments.add(name);
    this.scope.declared.add(name);
    if (given !== undefined) this.scope.environment.set(name, given);
  }

  private expandFlag(flag: Flag): void {
    if (flag.value !== undefined) this.expand(flag.value);
  }

  /** The bodies of here-documents in COPY and ADD are expanded too, unless their delimiter is quoted. */
  private expandHeredocs(): void {
    for (const heredoc of this.instruction.heredocs) {
      if (!heredoc.expand) continue;
      const raw = this.instruction.source.slice(heredoc.body.start, heredoc.body.end);
      this.expand({ raw, span: heredoc.body }, true);
    }
  }

  private expand(piece: Piece, ignoreQuotes = false): string {
    if (!piece.raw.includes('$')) return piece.raw;
    let result: Expansion;
    try {
      result = expand(piece.raw, this.scope.environment, {
        escape: ignoreQuotes ? '\\' : this.file.escape,
        ignoreQuotes,
      });
    } catch {
      return piece.raw;
    }
    for (const name of result.unmatched) {
      if (this.scope.arguments.has(name)) continue;
      // A guess at what was meant must not take what the base image may define for a slip of the pen.
      const defined = this.scope.complete ? [...this.scope.environment.keys()] : [...this.scope.declared];
      const span = useOf(piece, name);
      this.found.push({ instruction: this.instruction, span, name, defined, certain: this.scope.complete });
    }
    return result.value.slice(0, longestValue);
  }
}

/** Nothing asks for more of a value, and one that grows with every ENV would make a long file's check quadratic. */
const longestValue = 256;

/** Where the word uses the variable. */
function useOf(piece: Piece, name: string): Span {
  const escaped = name.replace(/[^\w]/g, '\\$&');
  const match = new RegExp(`\\$(?:\\{${escaped}(?![A-Za-z0-9_])|${escaped}(?![A-Za-z0-9_]))`).exec(piece.raw);
  if (match === null) return piece.span;
  const braced = match[0].startsWith('${') && piece.raw[match.index + match[0].length] === '}';
  return within(piece.span, piece.raw, match.index, match[0].length + (braced ? 1 : 0));
}
