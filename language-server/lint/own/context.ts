// Our own rules of what COPY and ADD bring in.
import type { Instruction, TransferInstruction } from '../../../runtime/dockerfile/ast.ts';
import { findFlag } from '../../../runtime/dockerfile/flags.ts';
import { isHeredocMarker } from '../../../runtime/dockerfile/heredoc.ts';
import type { FileModel, Stage } from '../file_model.ts';
import { hasVariable, unquote } from '../hadolint/common.ts';
import { fromOf } from '../hadolint/copy.ts';
import type { Rule } from '../rule.ts';

const REMOTE = /^(https?|git|ssh|ftp):\/\/|^git@|\.git(#.*)?$/;

const missingSource: Rule = {
  code: 'SL1101',
  source: 'slipway',
  severity: 'error',
  title: 'This source is not in the build context',
  why: 'COPY takes files from the build context only. The path is relative to the context, not to the Dockerfile, and cannot leave it with `..`.',
  bad: 'FROM alpine:3.22\nCOPY missing.txt /srv/\n',
  good: 'FROM alpine:3.22\nCOPY present.txt /srv/\n',
  looksAt: ['COPY', 'ADD'],
  byStage: true,
  checkFile: (file, report) => {
    const contextPath = file.knowledge.contextPath;
    if (contextPath === undefined) return;
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        if (
          (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') ||
          findFlag(instruction, 'from') !== undefined
        )
          continue;
        for (const { raw, span } of instruction.sources) {
          // A heredoc is written in the Dockerfile itself.
          if (isHeredocMarker(raw)) continue;
          const path = unquote(raw);
          if (path === '' || hasVariable(path) || REMOTE.test(path) || contextPath(path) !== 'absent') continue;
          report(instruction, span, { message: `${path} is not in the build context` });
        }
      }
    }
  },
};

/** The paths that a stage on scratch without RUN has; undefined if they cannot be known. */
function knownPaths(stage: Stage): string[] | undefined {
  const below = stage.parent === undefined ? (stage.base === 'scratch' ? [] : undefined) : knownPaths(stage.parent);
  if (below === undefined) return undefined;
  const paths = [...below];
  let directory = '/';
  for (const instruction of stage.instructions) {
    if (instruction.keyword === 'RUN' || instruction.keyword === 'ONBUILD') return undefined;
    if (instruction.keyword === 'WORKDIR') {
      const value = unquote(instruction.value?.raw ?? '');
      if (hasVariable(value)) return undefined;
      directory = joinPath(directory, value);
      paths.push(directory);
    }
    if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') continue;
    const target = unquote(instruction.destination?.raw ?? '');
    const full = joinPath(directory, target);
    if (hasVariable(target) || full === '/') return undefined;
    paths.push(full);
  }
  return paths;
}

/** `path` seen from `directory`, without `.`, `..` and a slash at the end. */
export function joinPath(directory: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Whether one of the known paths is the path, or inside it, or a directory that may hold it. */
function mayExist(path: string, known: readonly string[]): boolean {
  const literal = path.replace(/[*?[].*$/, '');
  if (literal !== path) return known.some((other) => other.startsWith(literal) || literal.startsWith(`${other}/`));
  return known.some((other) => `${path}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${path}/`));
}

const missingInStage: Rule = {
  code: 'SL1102',
  source: 'slipway',
  severity: 'error',
  title: 'The other stage never creates this path',
  why: 'What a stage on `scratch` holds is what its COPY instructions put there, so a path that none of them creates is missing. For other stages the engine knows after a build.',
  bad: 'FROM scratch AS files\nCOPY app /opt/app\n\nFROM alpine:3.22\nCOPY --from=files /opt/ap /usr/bin/app\n',
  good: 'FROM scratch AS files\nCOPY app /opt/app\n\nFROM alpine:3.22\nCOPY --from=files /opt/app /usr/bin/app\n',
  looksAt: ['COPY', 'ADD', 'RUN', 'WORKDIR', 'ONBUILD'],
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        const source = instruction.keyword === 'COPY' ? sourceStage(file, stage, instruction) : undefined;
        if (source === undefined || instruction.keyword !== 'COPY') continue;
        const known = knownPaths(source);
        for (const { raw, span } of instruction.sources) {
          const path = joinPath('/', unquote(raw));
          if (hasVariable(raw) || path === '/') continue;
          const exists = known === undefined ? file.knowledge.stagePath?.(source, path) : mayExist(path, known);
          if (exists === false)
            report(instruction, span, { message: `${path} is not created in stage ${source.name || source.index}` });
        }
      }
    }
  },
};

function sourceStage(file: FileModel, stage: Stage, instruction: TransferInstruction): Stage | undefined {
  const from = fromOf(instruction);
  return from === undefined ? undefined : file.findStage(from.name, stage.index);
}

const PRIVATE = [
  [/(^|\/)\.ssh(\/|$)|(^|\/)id_(rsa|dsa|ecdsa|ed25519)$/, 'a private SSH key'],
  [/(^|\/)\.env(\.(?!example|sample|template|dist)\w+)?$/, 'a file of settings that often holds passwords'],
  [/(^|\/)\.aws(\/|$)/, 'credentials of AWS'],
  [/(^|\/)\.npmrc$|(^|\/)\.pypirc$|(^|\/)\.netrc$/, 'tokens of a registry'],
  [/(^|\/)\.docker\/config\.json$|(^|\/)\.dockercfg$/, 'credentials of registries'],
  [/(^|\/)\.git-credentials$|(^|\/)\.kube\/config$|(^|\/)credentials\.json$/, 'credentials'],
  [/\.(pem|key|p12|pfx|jks|keystore)$/, 'a private key'],
] as const;

const secretFile: Rule = {
  code: 'SL1301',
  source: 'slipway',
  severity: 'warning',
  title: 'This file should not become part of an image',
  why: 'Everyone who can pull the image can read it, also when a later instruction deletes it. Give it to the RUN that needs it with `--mount=type=secret`, or `--mount=type=ssh` for keys.',
  bad: 'FROM alpine:3.22\nCOPY .npmrc /root/.npmrc\n',
  good: 'FROM alpine:3.22\nRUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\n',
  keywords: ['COPY', 'ADD'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (
      (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') ||
      findFlag(instruction, 'from') !== undefined
    )
      return;
    for (const { raw, span } of instruction.sources) {
      const path = unquote(raw);
      const found = PRIVATE.find(([pattern]) => pattern.test(path));
      if (found === undefined || /(^|[/._-])(pub|public|ca|chain|cert|fullchain|root)[^/]*\.(pem|key)$/i.test(path))
        continue;
      report(span, { message: `${path} is ${found[1]}: it should not become part of an image` });
    }
  },
};

const TOKENS = [
  [/\bAKIA[0-9A-Z]{16}\b/, 'an access key of AWS'],
  [/\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{22,}/, 'a token of GitHub'],
  [/\bglpat-[\w-]{20,}/, 'a token of GitLab'],
  [/\bnpm_[A-Za-z0-9]{36}\b/, 'a token of npm'],
  [/\bxox[abpr]-[\w-]{10,}/, 'a token of Slack'],
  [/\bsk_live_[A-Za-z0-9]{16,}|\bsk-[A-Za-z0-9_-]{32,}/, 'a secret key of an API'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@$'"{]+:[^\s/:@$'"{]{3,}@/, 'a password in a URL'],
] as const;

const secretValue: Rule = {
  code: 'SL1302',
  source: 'slipway',
  severity: 'error',
  title: 'A secret is written in the file',
  why: 'It is in the history of the image and in that of the repository. Take it back where it was issued, and pass the new one with `RUN --mount=type=secret`.',
  bad: 'FROM alpine:3.22\nENV DEPLOY=ghp_0123456789abcdefghijklmnopqrstuvwxyzAB\n',
  good: 'FROM alpine:3.22\nRUN --mount=type=secret,id=deploy,env=DEPLOY ./deploy\n',
  keywords: ['ARG', 'ENV', 'RUN', 'LABEL', 'CMD', 'ENTRYPOINT', 'ADD', 'COPY'],
  onbuild: true,
  check: ({ instruction }, report) => {
    for (const [pattern, what] of TOKENS) {
      const match = pattern.exec(instruction.source);
      if (match !== null && isInstructionText(instruction, match.index)) {
        report({ start: match.index, end: match.index + match[0].length }, { message: `This looks like ${what}` });
      }
    }
  },
};

function isInstructionText(instruction: Instruction, offset: number): boolean {
  return (
    !instruction.comments.some((span) => span.start <= offset && offset < span.end) &&
    offset >= instruction.argumentsSpan.start
  );
}

export const contextRules: readonly Rule[] = [missingSource, missingInStage, secretFile, secretValue];
