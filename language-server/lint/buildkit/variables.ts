// BuildKit's checks of variables. frontend/dockerfile/dockerfile2llb/convert.go.
import type { Instruction, Span } from '../../../runtime/dockerfile/ast.ts';
import { type Expansion, expand } from '../../../runtime/dockerfile/expansion.ts';
import { findFlag } from '../../../runtime/dockerfile/flags.ts';
import { suggestion } from '../../../runtime/dockerfile/suggestion.ts';
import { platformArguments } from '../file_model.ts';
import { replaceFix, within } from '../fixes.ts';
import { isValidReference } from '../image_name.ts';
import type { Fix } from '../problem.ts';
import type { Rule } from '../rule.ts';
import { unknownVariables } from '../variable_scope.ts';

function tryExpand(
  raw: string,
  variables: { get(name: string): string | undefined },
  escapeCharacter: '\\' | '`',
): Expansion | undefined {
  try {
    return expand(raw, variables, { escape: escapeCharacter });
  } catch {
    return undefined;
  }
}

/** The name that a `(did you mean X?)` names. */
function suggested(text: string): string | undefined {
  return /mean \$?(\w+)\?/.exec(text)?.[1];
}

const undefinedArgInFrom: Rule = {
  code: 'UndefinedArgInFrom',
  source: 'buildkit',
  severity: 'warning',
  title: 'FROM command must use declared ARGs',
  why: 'FROM sees only ARGs that are declared before the first FROM, and the predefined platform arguments. Anything else is empty there.',
  bad: 'FROM node:22${VARIANT} AS builder\n',
  good: 'ARG VARIANT="-alpine3.22"\nFROM node:22${VARIANT} AS builder\n',
  looksAt: [],
  checkFile: (file, report) => {
    const predefined = platformArguments(file.knowledge.platform);
    const declared = new Set([...file.globalValues.keys(), ...predefined.keys()]);
    const variables = { get: (name: string) => file.globalValues.get(name) ?? predefined.get(name) };
    for (const { from } of file.stages) {
      for (const word of [from.image, findFlag(from, 'platform')?.value]) {
        if (word === undefined || !word.raw.includes('$')) continue;
        for (const name of tryExpand(word.raw, variables, file.escape)?.unmatched ?? []) {
          if (declared.has(name)) continue;
          const hint = suggestion(name, declared);
          const span = useIn(word.raw, word.span, name);
          report(from, span, {
            message: `FROM argument '${name}' is not declared${hint}`,
            fixes: renameFix(from, span, name, suggested(hint)),
          });
        }
      }
    }
  },
};

function useIn(raw: string, span: Span, name: string): Span {
  const at = raw.search(new RegExp(`\\$\\{?${name}(?!\\w)`));
  if (at < 0) return span;
  const length = raw.startsWith(`\${${name}}`, at) ? name.length + 3 : name.length + (raw[at + 1] === '{' ? 2 : 1);
  return within(span, raw, at, length);
}

function renameFix(instruction: Instruction, span: Span, name: string, better: string | undefined): Fix[] {
  const text = instruction.source.slice(span.start, span.end);
  if (better === undefined || !/^\$\{?\w+\}?$/.test(text)) return [];
  return [replaceFix(`Use ${better}`, span, text.replace(name, better), false)];
}

const undefinedVar: Rule = {
  code: 'UndefinedVar',
  source: 'buildkit',
  severity: 'warning',
  title: 'Variables should be defined before their use',
  why: 'A variable that no ARG or ENV of the stage (or of the stages and images below it) defines is replaced by nothing, without an error. ARGs before the first FROM must be declared again inside the stage.',
  bad: 'FROM alpine:3.22 AS base\nCOPY $foo .\n',
  good: 'FROM alpine:3.22 AS base\nARG foo\nCOPY $foo .\n',
  looksAt: ['ENV', 'LABEL', 'COPY', 'ADD', 'RUN', 'VOLUME', 'USER', 'WORKDIR', 'STOPSIGNAL'],
  byStage: true,
  checkFile: (file, report) => {
    for (const { instruction, span, name, defined, certain } of unknownVariables(file)) {
      const hint = suggestion(name, defined).replace('mean ', 'mean $');
      if (!certain && hint === '') continue;
      const fixes = renameFix(instruction, span, name, suggested(hint));
      report(instruction, span, { message: `Usage of undefined variable '$${name}'${hint}`, fixes });
    }
  },
};

const invalidDefaultArgInFrom: Rule = {
  code: 'InvalidDefaultArgInFrom',
  source: 'buildkit',
  severity: 'warning',
  title: 'Default value for global ARG results in an empty or invalid base image name',
  why: 'Without `--build-arg` the name of the base image is not valid, so that a plain build fails. Give the ARG a default that works.',
  bad: 'ARG TAG\nFROM busybox:${TAG}\n',
  good: 'ARG TAG=1.37\nFROM busybox:${TAG}\n',
  looksAt: [],
  checkFile: (file, report) => {
    for (const { from, baseRaw, base } of file.stages) {
      if (from.image === undefined || base === 'scratch' || isValidReference(base)) continue;
      const message = `Default value for ARG ${baseRaw} results in empty or invalid base image name`;
      report(from, from.image.span, { message });
    }
  },
};

const workdirRelativePath: Rule = {
  code: 'WorkdirRelativePath',
  source: 'buildkit',
  severity: 'warning',
  topic: 'workdir',
  title:
    'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  why: 'A relative WORKDIR starts from the working directory of the base image, which may be another one in its next version.',
  bad: 'FROM nginx:1.29 AS web\nWORKDIR usr/share/nginx/html\n',
  good: 'FROM nginx:1.29 AS web\nWORKDIR /usr/share/nginx/html\n',
  looksAt: ['WORKDIR'],
  byStage: true,
  checkFile: (file, report) => {
    const set = new Set<number>();
    for (const stage of file.stages) {
      if (stage.parent !== undefined && set.has(stage.parent.index)) set.add(stage.index);
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== 'WORKDIR' || instruction.value === undefined) continue;
        const path = instruction.value.raw.replace(/^(["'])(.*)\1$/, '$2');
        const absolute =
          path.startsWith('/') || path.startsWith('$') || (stage.windows && /^([A-Za-z]:|[\\/])/.test(path));
        if (!set.has(stage.index) && !absolute) {
          const message = `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`;
          report(instruction, instruction.value.span, { message });
        }
        set.add(stage.index);
      }
    }
  },
};

const DENY = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const ALLOW = /(?:_|^)public(?:_|$)/i;

const secretsUsed: Rule = {
  code: 'SecretsUsedInArgOrEnv',
  source: 'buildkit',
  severity: 'warning',
  topic: 'secret-name',
  title: 'Sensitive data should not be used in the ARG or ENV commands',
  why: 'Values of ARG and ENV stay in the history and the configuration of the image, where everyone who can pull it reads them. Use `RUN --mount=type=secret` for what the build needs, and pass at run time what the program needs.',
  bad: 'FROM alpine:3.22\nARG AWS_SECRET_ACCESS_KEY\n',
  good: 'FROM alpine:3.22\nRUN --mount=type=secret,id=aws,env=AWS_SECRET_ACCESS_KEY ./deploy\n',
  looksAt: ['ENV'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== 'ARG' && instruction.keyword !== 'ENV') continue;
        for (const { key } of instruction.pairs) {
          if (!DENY.test(key.raw) || ALLOW.test(key.raw)) continue;
          const message = `Do not use ARG or ENV instructions for sensitive data (${instruction.keyword} ${JSON.stringify(key.raw)})`;
          report(instruction, key.span, { message });
        }
      }
    }
  },
};

export const variableChecks: readonly Rule[] = [
  undefinedArgInFrom,
  undefinedVar,
  invalidDefaultArgInFrom,
  workdirRelativePath,
  secretsUsed,
];
