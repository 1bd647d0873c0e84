// Builds: run one, ask what one would do, and stop inside one.
import { type Static, Type } from 'typebox';
import { AuthSchema } from './image.ts';
import {
  call,
  filters,
  flag,
  integer,
  optionalInteger,
  optionalText,
  optionalTexts,
  params,
  stream,
  text,
  textMap,
} from './method.ts';

const Secret = Type.Object({
  Id: text(),
  /** One of: a file of the machine, an environment variable's value as text, base64 bytes. */
  File: optionalText(),
  Value: optionalText(),
  Base64: optionalText(),
});
const Ssh = Type.Object({ Id: text(), /** Agent sockets or key files. */ Paths: optionalTexts() });
const Output = Type.Object({
  /** image, docker, oci, tar, local, registry. */
  Type: text(),
  /** dest, name, push, compression, rewrite-timestamp, … A `dest` of `-` is the stream. */
  Attributes: Type.Optional(textMap()),
});
const Cache = Type.Object({ Type: text(), Attributes: Type.Optional(textMap()) });

/** What is built from what. Paths are absolute paths of the machine that the engine runs on. */
const definition = {
  /**
   * A directory, a git or http URL; or `-`: a tar archive that the client writes to the stream; or absent: only a Dockerfile
   * is given and the context is empty.
   */
  Context: optionalText(),
  /** Relative to the context, or absolute; default `Dockerfile`. */
  Dockerfile: optionalText(),
  /** The Dockerfile's text instead of a file (an unsaved editor, standard input). */
  DockerfileText: optionalText(),
  /** Further contexts: name → directory, URL, `docker-image://…`, `oci-layout://…` or a stage's name. */
  NamedContexts: Type.Optional(textMap()),
  Target: optionalText(),
  BuildArgs: Type.Optional(textMap()),
  Labels: Type.Optional(textMap()),
  Platforms: optionalTexts(),
  NoCache: flag(),
  /** Stage names. */
  NoCacheFilter: optionalTexts(),
  Pull: flag(),
  Auths: Type.Optional(Type.Record(Type.String(), AuthSchema)),
  Secrets: Type.Optional(Type.Array(Secret)),
  Ssh: Type.Optional(Type.Array(Ssh)),
  CacheFrom: Type.Optional(Type.Array(Cache)),
};

const execution = {
  Network: optionalText(),
  AddHosts: optionalTexts(),
  ShmSize: optionalInteger(),
  Ulimits: Type.Optional(Type.Array(Type.Object({ Name: text(), Soft: integer(), Hard: integer() }))),
  CgroupParent: optionalText(),
  Memory: optionalInteger(),
  MemorySwap: optionalInteger(),
  CpuShares: optionalInteger(),
  CpuQuota: optionalInteger(),
  CpuPeriod: optionalInteger(),
  CpusetCpus: optionalText(),
  CpusetMems: optionalText(),
  /** `network.host`, `security.insecure`. */
  Entitlements: optionalTexts(),
  SourceDateEpoch: optionalInteger(),
};

const BuildRequestSchema = params({
  ...definition,
  ...execution,
  Tags: optionalTexts(),
  Outputs: Type.Optional(Type.Array(Output)),
  CacheTo: Type.Optional(Type.Array(Cache)),
});
export type BuildRequest = Static<typeof BuildRequestSchema>;
const BuildPlanRequestSchema = params({ ...definition, ...execution });
export type BuildPlanRequest = Static<typeof BuildPlanRequestSchema>;

/** Where in which file, lines and characters from 0, end exclusive. */
export interface SourceRange {
  File: string;
  Start: { Line: number; Character: number };
  End: { Line: number; Character: number };
}

export interface BuildProblem {
  Severity: 'error' | 'warning';
  Message: string;
  Rule?: string;
  Url?: string;
  Range?: SourceRange;
}

/** One thing that happened in a build. A vertex is a step: an instruction, a source, an export. */
export type BuildProgress =
  | { Kind: 'vertex'; Id: string; Name: string; Stage?: string; Range?: SourceRange; Inputs: string[] }
  | { Kind: 'started'; Id: string; Time: string }
  | { Kind: 'completed'; Id: string; Time: string; Cached: boolean; Error?: string }
  | {
      Kind: 'status';
      Id: string;
      Item: string;
      Current: number;
      Total?: number;
      Unit?: 'bytes' | 'files';
      Done?: boolean;
    }
  | { Kind: 'log'; Id: string; Stream: 'stdout' | 'stderr'; Text: string }
  | { Kind: 'problem'; Problem: BuildProblem };

export interface BuildOutcome {
  /** One per platform. */
  Images: { Id: string; Platform: string; Digest: string }[];
  /** The index, where several platforms were built. */
  Digest?: string;
  References: string[];
  /** What `--metadata-file` gets. */
  Metadata: Record<string, unknown>;
}

/** Failed builds: kind `InvalidArgument` (Dockerfile, context), `RuntimeFailed` (a RUN failed); details File, Line, Character, ExitCode. */
const buildErrors = [
  'NotFound',
  'RuntimeFailed',
  'Unauthorized',
  'Unavailable',
  'DataCorrupt',
  'ResourceExhausted',
  'PermissionDenied',
  'Unsupported',
] as const;

export interface PlannedStep {
  Stage: string;
  Instruction: string;
  Range: SourceRange;
  Cached: boolean;
  /** Not needed for the target: will not run at all. */
  Skipped: boolean;
  /** Why it isn't cached: `file app.js changed`, `argument VERSION: 1 → 2`, `the step above is not cached`. */
  Reason?: string;
  /** Bytes of its layer and milliseconds that it took when it last ran. */
  LayerSize?: number;
  LastDuration?: number;
}

export interface BuildPlan {
  Steps: PlannedStep[];
  Problems: BuildProblem[];
}

export interface BuildCacheRecord {
  ID: string;
  Type: string;
  Description: string;
  InUse: boolean;
  Shared: boolean;
  /** Bytes. */
  Size: number;
  CreatedAt: string;
  LastUsedAt: string | null;
  UsageCount: number;
  Parents?: string[];
}

export interface DebugState {
  Session: string;
  Stopped: boolean;
  /** `entry`, `breakpoint`, `step`, `failure`; `finished` and `failed` end the session. */
  Reason: 'entry' | 'breakpoint' | 'step' | 'failure' | 'running' | 'finished' | 'failed';
  /** Stopped before or after this instruction; a failed one is stopped at, with the files as they were before it. */
  Position?: 'before' | 'after';
  Range?: SourceRange;
  Instruction?: string;
  Stage?: string;
  Stages: { Name: string; State: 'waiting' | 'running' | 'stopped' | 'done' | 'skipped' }[];
  Variables: { Arguments: Record<string, string>; Environment: Record<string, string>; Config: Record<string, string> };
  Error?: string;
  /** With `finished`. */
  Outcome?: BuildOutcome;
}

/** Lines of the Dockerfile, from 0: each stands for the first instruction of its stage, at or behind it, that makes files. */
const breakpoints = {
  Breakpoints: Type.Optional(Type.Array(integer())),
  /** Stops behind the instruction instead of before it. */
  BreakpointsAfter: Type.Optional(Type.Array(integer())),
};

export const buildMethods = {
  'build.run': stream<BuildOutcome, BuildProgress>()({
    summary:
      'Builds. What the client writes is the context if Context is "-"; what it reads is the output with dest "-".',
    params: BuildRequestSchema,
    errors: buildErrors,
  }),
  'build.plan': call<BuildPlan>()({
    summary: 'Says for every instruction whether it is cached and why not, before anything runs.',
    params: BuildPlanRequestSchema,
    errors: ['NotFound', 'Unavailable', 'Unauthorized'],
  }),
  'build.check': call<BuildProblem[]>()({
    summary: 'Checks the Dockerfile only.',
    params: params(definition),
    errors: ['NotFound'],
  }),
  'build.debug': call<DebugState, BuildProgress>()({
    summary:
      'Starts a build that stops: at its first step (StopOnEntry), at the first failure (StopOnFailure), at Breakpoints. Answers at the first stop, or when it has ended.',
    params: params({ Build: BuildRequestSchema, StopOnEntry: flag(), StopOnFailure: flag(), ...breakpoints }),
    errors: buildErrors,
  }),
  'build.debugContinue': call<DebugState, BuildProgress>()({
    summary:
      'Goes on: to the next breakpoint, one instruction (step), or with the failed instruction once more (retry). Answers at the next stop, or when the build has ended. Breakpoints replace those before.',
    params: params({
      Session: text(),
      Mode: Type.Union([Type.Literal('continue'), Type.Literal('step'), Type.Literal('retry')]),
      ...breakpoints,
    }),
    errors: ['NotFound', 'Conflict'],
  }),
  'build.debugState': call<DebugState>()({
    summary: 'Where a session is: stages, variables, the place in the file.',
    params: params({ Session: text() }),
    errors: ['NotFound'],
  }),
  'build.debugShell': call<{ Container: string }>()({
    summary:
      'A container with the files, variables and user of this point, not yet started: container.attach, then container.start. Cmd: default is the shell of the stage. It goes when it ends, and with the session.',
    params: params({ Session: text(), Cmd: optionalTexts(), Tty: flag(), User: optionalText() }),
    errors: ['NotFound', 'Conflict', 'RuntimeFailed'],
  }),
  'build.debugStop': call<null>()({
    summary: 'Ends a session and its build.',
    params: params({ Session: text() }),
    errors: ['NotFound'],
  }),
  'build.cacheList': call<BuildCacheRecord[]>()({
    summary: 'What the cache holds. Filters: id parent type inuse shared private description.',
    params: params({ Filters: filters() }),
  }),
  'build.cachePrune': call<{ CachesDeleted: string[]; SpaceReclaimed: number }>()({
    summary: 'Removes what is not in use: the oldest beyond the bounds, or everything with All.',
    params: params({
      All: flag(),
      ReservedSpace: optionalInteger(),
      MaxUsedSpace: optionalInteger(),
      MinFreeSpace: optionalInteger(),
      Filters: filters(),
    }),
  }),
} as const;
