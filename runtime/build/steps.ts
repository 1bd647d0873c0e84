// What a Dockerfile comes to once every variable is known: steps, each standing on one before it. Steps that change files make
// a layer; what only changes the image's config is folded into the state of its stage and makes no step.
import type { Instruction } from '../dockerfile/ast.ts';
import type { ContainerDefaults, HistoryEntry, ImageConfig } from '../image/config.ts';
import type { ImageRecord } from '../image/records.ts';

/** Where files for COPY, ADD and bind mounts come from. */
export type FileSource =
  | { readonly kind: 'context'; readonly name: string }
  | { readonly kind: 'stage'; readonly stage: EvaluatedStage }
  | { readonly kind: 'image'; readonly record: ImageRecord };

/** A file that the Dockerfile itself holds: a heredoc of COPY or ADD. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
}

export interface CopyOperation {
  readonly kind: 'copy';
  readonly from: FileSource;
  /** As written, variables replaced; relative to the source's root. */
  readonly sources: readonly string[];
  readonly inline: readonly InlineFile[];
  /** Absolute; ends with a slash where a directory is meant. */
  readonly destination: string;
  readonly chown: string | undefined;
  /** Octal digits, or symbolic as chmod(1) takes it. */
  readonly chmod: string | undefined;
  readonly link: boolean;
  readonly parents: boolean;
  readonly excludes: readonly string[];
  /** ADD: archives in the context are unpacked. */
  readonly unpack: boolean;
}

/** ADD of things that aren't in the context. */
export interface FetchOperation {
  readonly kind: 'fetch';
  readonly sources: readonly { readonly url: string; readonly isGit: boolean }[];
  readonly keepGitDirectory: boolean;
  readonly checksum: string | undefined;
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly unpack: boolean;
}

interface MakeDirectoryOperation {
  readonly kind: 'workdir';
  readonly path: string;
  /** Whose it becomes where it is made. */
  readonly user: string;
}

export type RunMount =
  | {
      readonly type: 'bind';
      readonly from: FileSource;
      readonly source: string;
      readonly target: string;
      readonly writable: boolean;
    }
  | {
      readonly type: 'cache';
      readonly id: string;
      readonly target: string;
      readonly sharing: 'shared' | 'private' | 'locked';
      readonly from: FileSource | undefined;
      readonly source: string;
      readonly readonly: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly size: number | undefined }
  | {
      readonly type: 'secret';
      readonly id: string;
      /** Absent: only the variable is set. */
      readonly target: string | undefined;
      readonly env: string | undefined;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      readonly type: 'ssh';
      readonly id: string;
      readonly target: string;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };

export interface RunOperation {
  readonly kind: 'run';
  readonly args: readonly string[];
  /** Files that heredocs give to the command: /dev/pipes/NAME and its content. */
  readonly inline: readonly InlineFile[];
  readonly env: readonly string[];
  readonly user: string;
  readonly cwd: string;
  readonly mounts: readonly RunMount[];
  readonly network: 'default' | 'none' | 'host';
  readonly privileged: boolean;
}

export type Operation = CopyOperation | FetchOperation | MakeDirectoryOperation | RunOperation;

export interface Step {
  readonly id: string;
  /** `[build 2/5] RUN make`. */
  readonly name: string;
  readonly stage: EvaluatedStage;
  readonly instruction: Instruction;
  /** The instruction as the file has it, on one line. */
  readonly text: string;
  readonly operation: Operation;
  /** Where in the stage's history it stands. */
  readonly historyIndex: number;
  /** What the instructions above it have set. */
  readonly state: StepState;
}

export interface StepState {
  readonly args: ReadonlyMap<string, string>;
  readonly env: ReadonlyMap<string, string>;
  readonly config: ContainerDefaults;
}

/** A stage with every value known. */
export interface EvaluatedStage {
  readonly index: number;
  readonly name: string;
  readonly base:
    | { readonly kind: 'scratch' }
    | { readonly kind: 'image'; readonly record: ImageRecord; readonly reference: string }
    | { readonly kind: 'stage'; readonly stage: EvaluatedStage };
  readonly instruction: Instruction;
  readonly steps: readonly Step[];
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly config: ContainerDefaults;
  readonly author: string | undefined;
  readonly history: readonly HistoryEntry[];
  readonly baseConfig: ImageConfig | undefined;
}

/** Stages whose result a step needs besides its own stage's earlier steps. */
export function stagesNeeded(operation: Operation): EvaluatedStage[] {
  const sources: (FileSource | undefined)[] =
    operation.kind === 'copy'
      ? [operation.from]
      : operation.kind === 'run'
        ? operation.mounts.map((mount) => (mount.type === 'bind' || mount.type === 'cache' ? mount.from : undefined))
        : [];
  return sources.flatMap((source) => (source?.kind === 'stage' ? [source.stage] : []));
}
