// Hadolint's rules of the remaining instructions and of the file.
import type { Instruction } from '../../../runtime/dockerfile/ast.ts';
import { execFormFix, isShellForm } from '../buildkit/instructions.ts';
import type { Group, Stage } from '../file_model.ts';
import { within } from '../fixes.ts';
import type { FileReport, Rule } from '../rule.ts';
import { hasVariable, unquote } from './common.ts';

const inlineIgnore: Rule = {
  code: 'DL1001',
  source: 'hadolint',
  severity: 'off',
  title: 'Please refrain from using inline ignore pragmas `# hadolint ignore=…`',
  why: 'Off by default. Teams that want every exception in .hadolint.yaml can turn it on there with `override`.',
  bad: '# hadolint ignore=DL3006\nFROM debian\n',
  good: 'FROM debian:12\n',
  checkFile: (file, report) => {
    const [first] = file.instructions;
    if (first === undefined) return;
    for (const { comment, ignore } of file.controls.ignoring) {
      if (ignore?.tool !== 'hadolint') continue;
      const start = comment.start - first.start;
      report(first, { start, end: start + comment.source.length });
    }
  },
};

const absoluteWorkdir: Rule = {
  code: 'DL3000',
  source: 'hadolint',
  severity: 'error',
  topic: 'workdir',
  title: 'Use absolute WORKDIR',
  why: 'A relative WORKDIR depends on all the ones before it, here and in the base image.',
  bad: 'FROM debian:12\nWORKDIR usr/src/app\n',
  good: 'FROM debian:12\nWORKDIR /usr/src/app\n',
  keywords: ['WORKDIR'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'WORKDIR' || instruction.value === undefined) return;
    if (/^(\/|\$|[A-Za-z]:|[\\])/.test(unquote(instruction.value.raw))) return;
    report(instruction.value.span);
  },
};

const lastUserRoot: Rule = {
  code: 'DL3002',
  source: 'hadolint',
  severity: 'warning',
  title: 'Last USER should not be root',
  why: 'What the container runs has then all rights inside it, and an error in it is worth more to an attacker. Switch to another user once the installation is done.',
  bad: 'FROM debian:12\nUSER root\nRUN something\n',
  good: 'FROM debian:12\nUSER root\nRUN something\nUSER 65532\n',
  looksAt: ['USER'],
  byStage: true,
  checkFile: (file, report) => {
    for (const group of file.groups) {
      const last = group.instructions.findLast((instruction) => instruction.keyword === 'USER');
      if (last?.keyword !== 'USER' || last.value === undefined) continue;
      if (/^(root|0)(:|$)/.test(unquote(last.value.raw))) report(last, last.value.span);
    }
  },
};

const portRange: Rule = {
  code: 'DL3011',
  source: 'hadolint',
  severity: 'error',
  title: 'Valid UNIX ports range from 0 to 65535',
  why: 'A larger number is no port; the builder refuses it.',
  bad: 'FROM debian:12\nEXPOSE 80000\n',
  good: 'FROM debian:12\nEXPOSE 8080\n',
  keywords: ['EXPOSE'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'EXPOSE') return;
    for (const { raw, span } of instruction.words) {
      for (const match of raw.replace(/\/.*$/, '').matchAll(/\d+/g)) {
        if (!hasVariable(raw) && !raw.includes('.') && Number(match[0]) > 65535)
          report(within(span, raw, match.index, match[0].length));
      }
    }
  },
};

const jsonNotation: Rule = {
  code: 'DL3025',
  source: 'hadolint',
  severity: 'warning',
  topic: 'exec-form',
  title: 'Use arguments JSON notation for CMD and ENTRYPOINT arguments',
  why: 'In shell form a shell is the process with id 1: signals do not reach the program, and ENTRYPOINT gets no arguments from `run`.',
  bad: 'FROM debian:12\nENTRYPOINT s3cmd\n',
  good: 'FROM debian:12\nENTRYPOINT ["s3cmd"]\n',
  keywords: ['CMD', 'ENTRYPOINT'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (isShellForm(instruction)) report(instruction.keywordSpan, { fixes: execFormFix(instruction) });
  },
};

const nestedTrigger: Rule = {
  code: 'DL3043',
  source: 'hadolint',
  severity: 'error',
  title: '`ONBUILD`, `FROM` or `MAINTAINER` triggered from within `ONBUILD` instruction',
  why: 'The builder refuses these as triggers.',
  bad: 'FROM debian:12\nONBUILD FROM debian:11\n',
  good: 'FROM debian:12\nONBUILD RUN make\n',
  keywords: ['ONBUILD'],
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'ONBUILD') return;
    const inner = instruction.instruction;
    if (inner?.keyword === 'ONBUILD' || inner?.keyword === 'FROM' || inner?.keyword === 'MAINTAINER')
      report(inner.keywordSpan);
  },
};

const selfReference: Rule = {
  code: 'DL3044',
  source: 'hadolint',
  severity: 'error',
  title: 'Do not refer to an environment variable within the same `ENV` statement where it is defined',
  why: 'All values of one ENV are expanded before any of them is set, so the reference gives the old value, or nothing. Use a second ENV.',
  bad: 'FROM debian:12\nENV BASE=/opt BIN=$BASE/bin\n',
  good: 'FROM debian:12\nENV BASE=/opt\nENV BIN=$BASE/bin\n',
  looksAt: ['ENV'],
  byStage: true,
  checkFile: (file, report) => {
    const known = new Map<Group, Set<string>>();
    for (const group of file.groups) {
      const names = new Set(group.parent === undefined ? [] : known.get(group.parent));
      known.set(group, names);
      for (const instruction of group.instructions) checkReferences(instruction, names, report);
    }
  },
};

function checkReferences(instruction: Instruction, known: Set<string>, report: FileReport): void {
  if (instruction.keyword === 'ARG') for (const { key } of instruction.pairs) known.add(key.raw);
  if (instruction.keyword !== 'ENV') return;
  const referring = instruction.pairs.filter(({ value }) => value?.raw.includes('$') === true);
  for (const defined of referring.length === 0 ? [] : instruction.pairs) {
    const name = defined.key.raw;
    if (known.has(name) || !/^\w+$/.test(name)) continue;
    for (const { value } of referring.filter((pair) => pair !== defined)) {
      const match =
        value === undefined ? null : new RegExp(`(?<!\\\\)\\$(?:${name}(?!\\w)|\\{${name}\\})`).exec(value.raw);
      if (value === undefined || match === null || /^'.*'$/s.test(value.raw)) continue;
      report(instruction, within(value.span, value.raw, match.index, match[0].length));
    }
  }
  for (const { key } of instruction.pairs) known.add(key.raw);
}

const missingHealthcheck: Rule = {
  code: 'DL3057',
  source: 'hadolint',
  severity: 'off',
  title: '`HEALTHCHECK` instruction missing',
  why: 'Off by default. With a HEALTHCHECK the engine knows whether the program still answers, not only whether it runs.',
  bad: 'FROM debian:12\nCMD ["app"]\n',
  good: 'FROM debian:12\nHEALTHCHECK CMD ["app", "--ping"]\nCMD ["app"]\n',
  looksAt: ['HEALTHCHECK'],
  checkFile: (file, report) => {
    const healthy = new Set<Stage>();
    const bases = new Set<Stage>();
    for (const stage of file.stages) {
      const inherits = stage.parent !== undefined && healthy.has(stage.parent);
      if (!inherits && !stage.instructions.some(({ keyword }) => keyword === 'HEALTHCHECK')) continue;
      healthy.add(stage);
      // What the stage is built on need not say it too.
      for (let base = stage.parent; base !== undefined; base = base.parent) bases.add(base);
    }
    for (const stage of file.stages)
      if (!healthy.has(stage) && !bases.has(stage)) report(stage.from, stage.from.keywordSpan);
  },
};

const NAMES = new Set(
  `ACCESS_TOKEN APPLICATION_KEY APP_SECRET AUTH_TOKEN AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY BITTREX_API_KEY BITTREX_API_SECRET
  CF_PASSWORD CF_USERNAME CIRCLE_TOKEN CI_DEPLOY_PASSWORD CI_DEPLOY_USER DOCKERHUB_PASSWORD DOCKER_EMAIL DOCKER_PASSWORD
  DOCKER_USERNAME FACEBOOK_ACCESS_TOKEN FACEBOOK_APP_ID FACEBOOK_APP_SECRET FIREBASE_API_TOKEN FIREBASE_TOKEN FOSSA_API_KEY
  GH_ENTERPRISE_TOKEN GH_TOKEN GITHUB_ENTERPRISE_TOKEN GITHUB_TOKEN HEROKU_API_KEY HEROKU_API_USER NPM_AUTH_TOKEN NPM_TOKEN
  OKTA_AUTHN_GROUPID OKTA_CLIENT_ORGURL OKTA_CLIENT_TOKEN OKTA_OAUTH2_CLIENTID OKTA_OAUTH2_CLIENTSECRET OPENAI_API_KEY
  OS_PASSWORD OS_USERNAME POSTGRES_PASSWORD SLACK_TOKEN STRIPE_API_KEY STRIPE_DEVICE_NAME TRAVIS_OS_NAME TRAVIS_SECURE_ENV_VARS
  TRAVIS_SUDO VAULT_CLIENT_KEY VAULT_TOKEN`.split(/\s+/),
);
const PARTS = /api_key|client_key|password|private|secret|token|username/i;

const secretNames: Rule = {
  code: 'DL3064',
  source: 'hadolint',
  severity: 'warning',
  topic: 'secret-name',
  title: 'Potentially sensitive data should not be used in the `ARG` or `ENV` commands',
  why: 'Values of ARG and ENV stay in the history and the configuration of the image. Use `RUN --mount=type=secret` for what the build needs, and pass at run time what the program needs.',
  bad: 'FROM debian:12\nENV DATABASE_USERNAME=admin\n',
  good: 'FROM debian:12\nRUN --mount=type=secret,id=db ./migrate\n',
  keywords: ['ARG', 'ENV'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'ARG' && instruction.keyword !== 'ENV') return;
    for (const { key } of instruction.pairs) {
      if (NAMES.has(key.raw.toUpperCase()) || PARTS.test(key.raw)) report(key.span);
    }
  },
};

const numericUser: Rule = {
  code: 'DL3066',
  source: 'hadolint',
  severity: 'info',
  title: 'Non-numeric user-id may not be resolvable by host system',
  why: 'Kubernetes with `runAsNonRoot` refuses an image whose USER is a name, because only /etc/passwd inside knows whether that is root. A number says it.',
  bad: 'FROM debian:12\nUSER nobody\n',
  good: 'FROM debian:12\nUSER 65534\n',
  keywords: ['USER'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'USER' || instruction.value === undefined) return;
    const raw = unquote(instruction.value.raw);
    const user = raw.replace(/:.*$/, '');
    if (/^\d+$/.test(user) || hasVariable(user)) return;
    report(within(instruction.value.span, instruction.value.raw, instruction.value.raw.indexOf(user), user.length));
  },
};

export const otherRules: readonly Rule[] = [
  ...[inlineIgnore, absoluteWorkdir, lastUserRoot, portRange, jsonNotation, nestedTrigger, selfReference],
  ...[missingHealthcheck, secretNames, numericUser],
];
