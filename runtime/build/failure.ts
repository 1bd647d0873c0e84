// Errors of a build, told as BuildKit tells them: file, line and column, the lines around, and the reason.

import type { Instruction, Span } from '../dockerfile/ast.ts';
import type { DockerfileDocument } from '../dockerfile/document.ts';
import { formatPlatform } from '../image/platform.ts';
import type { SourceRange } from '../protocol/build.ts';
import { EngineError, type ErrorKind } from '../protocol/errors.ts';
import type { Step } from './steps.ts';

/** The Dockerfile that a build reads, and what to call it. */
export interface SourceFile {
  readonly name: string;
  readonly document: DockerfileDocument;
}

/** The place of an instruction, or of a span in it. */
export function rangeOf(file: SourceFile, instruction: Instruction, span?: Span): SourceRange {
  const start = instruction.start + (span?.start ?? 0);
  const end = instruction.start + (span?.end ?? instruction.source.length);
  const from = file.document.positionAt(start);
  const to = file.document.positionAt(end);
  return {
    File: file.name,
    Start: { Line: from.line, Character: from.character },
    End: { Line: to.line, Character: to.character },
  };
}

/** `Dockerfile:3:1: failed to …`, with the lines around the place below it. */
export function failureAt(
  file: SourceFile,
  instruction: Instruction,
  message: string,
  options: { kind?: ErrorKind; span?: Span; details?: Record<string, string | number>; cause?: unknown } = {},
): EngineError {
  const range = rangeOf(file, instruction, options.span);
  const { Line, Character } = range.Start;
  const text = `${file.name}:${Line + 1}:${Character + 1}: ${message}\n${excerpt(file, range)}`;
  return new EngineError(options.kind ?? 'InvalidArgument', text, {
    details: {
      File: file.name,
      Line,
      Character,
      EndLine: range.End.Line,
      EndCharacter: range.End.Character,
      ...options.details,
    },
    cause: options.cause,
  });
}

/** Two lines before and after, numbered, the failing ones marked. */
function excerpt(file: SourceFile, range: SourceRange): string {
  const lines = file.document.text.split(/\r\n|\n|\r/);
  const first = Math.max(0, range.Start.Line - 2);
  const last = Math.min(lines.length - 1, range.End.Line + 2);
  const shown: string[] = ['--------------------'];
  for (let line = first; line <= last; line += 1) {
    const marked = line >= range.Start.Line && line <= range.End.Line;
    shown.push(`${String(line + 1).padStart(4)} | ${marked ? '>>>' : '   '} ${lines[line] ?? ''}`.trimEnd());
  }
  shown.push('--------------------');
  return shown.join('\n');
}

export function foreignHint({ stage }: Step): string {
  const platform = formatPlatform(stage.platform);
  return `this machine runs no programs for ${platform}; install qemu-user-static, or start the stage FROM --platform=$BUILDPLATFORM`;
}
