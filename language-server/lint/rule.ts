// What a rule is. A rule says everything about itself: its code, its severity, the text of its page, an example that it
// reports, one that it accepts, and how it looks. Rules do no I/O; what they may know from outside is in `Knowledge`.
import type { Instruction, Keyword, Span } from '../../runtime/dockerfile/ast.ts';
import type { FileModel, Stage } from './file_model.ts';
import type { Fix, ProblemTag, Severity, Source } from './problem.ts';
import type { ShellSetting, ShellUse } from './shell_use.ts';

/** The text of a rule, from which its page is made. */
export interface RuleText {
  readonly code: string;
  /** Codes of other tools for which this rule speaks too. */
  readonly aliases?: readonly string[];
  readonly source: Source;
  /** `off` rules speak only when a setting gives them a severity. */
  readonly severity: Severity | 'off';
  /** What is wrong, in half a sentence; the message where the finding has none of its own. */
  readonly title: string;
  /** Why it matters and what to do, in a few sentences. */
  readonly why: string;
  /** A Dockerfile that the rule reports. */
  readonly bad: string;
  /** The same, as it should be. */
  readonly good: string;
  readonly tags?: readonly ProblemTag[];
  /**
   * Findings of rules with the same topic that share a character are one finding that two tools know: they are reported
   * once, under the code of the first in the registry, with the other's as alias.
   */
  readonly topic?: string;
  /** Only on when asked for by `experimental=` (BuildKit). */
  readonly experimental?: boolean;
  /** The finding is made by the rule with this code, which has this one among its findings' aliases. */
  readonly spokenForBy?: string;
}

/** What a finding may carry besides its place. Spans in fixes are relative to the instruction's start, as all spans are. */
export interface Detail {
  readonly message?: string;
  readonly fixes?: readonly Fix[];
  readonly tags?: readonly ProblemTag[];
  readonly aliases?: readonly string[];
}

/** An instruction as an instruction rule sees it. */
export interface Target {
  /** The instruction; inside ONBUILD the inner one. */
  readonly instruction: Instruction;
  /** The shell that runs its commands. */
  readonly shell: ShellSetting;
  /** The commands in it. */
  readonly use: ShellUse;
}

export type Report = (span: Span, detail?: Detail) => void;
export type FileReport = (instruction: Instruction, span: Span, detail?: Detail) => void;

/** Looks at one instruction alone, so that its findings live as long as the instruction is not edited. */
export interface InstructionRule extends RuleText {
  readonly keywords: readonly Keyword[];
  /** Also looks at the instruction inside ONBUILD. */
  readonly onbuild?: boolean;
  readonly check: (target: Target, report: Report) => void;
}

/** Looks at a stage or at the whole file; runs again after edits, so it must be cheap. */
export interface FileRule extends RuleText {
  /**
   * The instructions that it looks at, besides FROM, ARG and SHELL: as long as none of these changes, its findings stay.
   * `spelling` when it looks only at how keywords are written. Left out when it also looks at comments or lines.
   */
  readonly looksAt?: readonly Keyword[] | 'spelling';
  /**
   * What it says of a stage depends on that stage, the stages below it, and which names of stages there are; and it goes
   * through `stages` or `groups`. So after an edit inside a stage only that one and those that build on it are looked at.
   */
  readonly byStage?: boolean;
  readonly checkFile: (file: FileModel, report: FileReport) => void;
}

/** A rule without a check of its own: see `spokenForBy`. */
export interface SpokenRule extends RuleText {
  readonly spokenForBy: string;
}

export type Rule = InstructionRule | FileRule | SpokenRule;

/** Whether the path is in the build context: `ignored` when `.dockerignore` takes it out. */
export type PathState = 'present' | 'absent' | 'ignored' | 'unknown';

/** What is known from outside of the file. Every answer may be undefined: then the rules that need it stay silent. */
export interface Knowledge {
  /** The state of a COPY source (a path or pattern, relative to the context). */
  readonly contextPath?: (source: string) => PathState;
  /** What the local store or a registry knows of an image. */
  readonly image?: (reference: string, platform: string | undefined) => ImageKnowledge | undefined;
  /** Whether a path exists in what a stage or image leaves behind. */
  readonly stagePath?: (stage: Stage, path: string) => boolean | undefined;
  /** The bytes that a path takes in the layer of the instruction; known after a build. */
  readonly layerBytes?: (instruction: Instruction, path: string) => number | undefined;
  /** The build's own platform, `linux/amd64`. */
  readonly platform?: string;
  /** The day against which end-of-life dates are compared. */
  readonly today?: Date;
}

export interface ImageKnowledge {
  readonly environment?: Readonly<Record<string, string>>;
  /** `linux/arm64` */
  readonly platform?: string;
  readonly user?: string;
  readonly onbuild?: readonly string[];
  /** The digest that the tag has in the registry now, when the local one is another. */
  readonly movedTo?: string;
}
