// Hadolint's rules of apt-get, and of apk.
import type { Instruction, Span } from '../../../runtime/dockerfile/ast.ts';
import type { CommandCall } from '../commands.ts';
import { replaceFix } from '../fixes.ts';
import { memo } from '../memo.ts';
import type { Detail, FileReport, Rule } from '../rule.ts';
import { shellUse } from '../shell_use.ts';
import { addFlagFix, appendCommandFix, commandRule, hasCacheMount, pinRule, reachingInstructions } from './common.ts';

const installs = (call: CommandCall): boolean => call.is('apt-get', 'install');

const pinned = pinRule(
  {
    code: 'DL3008',
    severity: 'warning',
    title: 'Pin the version in apt-get install',
    why: 'Without a version the same Dockerfile installs something else tomorrow, and the cache hides it for a while. Name the version (`name=1.2*`), the release (`name/bookworm`), or a file.',
    bad: 'FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n',
    good: 'FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10+deb12u12 && rm -rf /var/lib/apt/lists/*\n',
  },
  (call) =>
    installs(call)
      ? call
          .operands(['t', 'target-release', 'o', 'option', 'c', 'config-file', 'a', 'host-architecture'])
          .filter((word) => word.text !== 'install')
      : [],
  (text) => text.includes('=') || text.includes('/') || text.endsWith('.deb') || text.startsWith('${VAR}'),
  (name) => `write ${name}=<version>`,
);

const LISTS = /^\/var\/lib\/apt(\/lists)?(\/.*)?$/;

/** Whether the command deletes the package lists. */
function deletesLists(call: CommandCall): boolean {
  return (
    (call.name === 'rm' && call.args.some((arg) => LISTS.test(arg.text))) ||
    (/^apt(-get)?$/.test(call.name) && call.hasArg('dist-clean', 'distclean'))
  );
}

const keptLists: Rule = {
  code: 'DL3009',
  source: 'hadolint',
  severity: 'info',
  title: 'Delete the apt-get lists after installing something',
  why: '`apt-get update` leaves some 20 MB of package lists in the layer. Deleting them in a later RUN does not make the image smaller: it must be the same RUN, or a cache mount must hold them.',
  bad: 'FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10\n',
  good: 'FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n',
  looksAt: ['RUN', 'ONBUILD'],
  byStage: true,
  checkFile: (file, report) => {
    for (const instruction of reachingInstructions(file)) checkLists(instruction, report);
  },
};

/** Where an instruction updates the lists and keeps them. */
const keptListsIn = memo((outer): { span: Span; detail: Detail } | undefined => {
  const instruction = outer.keyword === 'ONBUILD' ? outer.instruction : outer;
  if (instruction?.keyword !== 'RUN') return undefined;
  const { commands } = shellUse(instruction);
  const update = commands.find((call) => /^(apt|apt-get|aptitude)$/.test(call.name) && call.hasArg('update'));
  if (update === undefined || commands.some(deletesLists)) return undefined;
  if (hasCacheMount(instruction, '/var/lib/apt/lists')) return undefined;
  if (hasCacheMount(instruction, '/var/lib/apt') && hasCacheMount(instruction, '/var/cache/apt')) return undefined;
  return {
    span: update.whereArg('update'),
    detail: { fixes: appendCommandFix(instruction, 'rm -rf /var/lib/apt/lists/*') },
  };
});

function checkLists(instruction: Instruction, report: FileReport): void {
  const kept = keptListsIn(instruction);
  if (kept !== undefined) report(instruction, kept.span, kept.detail);
}

const yes = commandRule(
  {
    code: 'DL3014',
    severity: 'warning',
    title: 'Use the -y switch so that apt-get install does not ask',
    why: 'A build has nobody who could answer: without `-y` apt-get stops as soon as it wants more than what was named.',
    bad: 'FROM debian:12\nRUN apt-get update && apt-get install --no-install-recommends curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n',
    good: 'FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n',
  },
  (call, report) => {
    if (!installs(call) || call.hasFlag('y', 'yes', 'assume-yes') || quietLevel(call) >= 2) return;
    const where = call.whereArg('install');
    report(where, { fixes: [addFlagFix('-y', where)] });
  },
);

/** From 2 on apt-get takes quiet for yes: `-qq`, `-q -q`, `-q=2`. */
function quietLevel(call: CommandCall): number {
  let level = 0;
  for (const { text } of call.args) {
    const given = /^(?:-q|--quiet)=(\d+)$/.exec(text)?.[1];
    if (given !== undefined) level = Number(given);
    else if (text === '--quiet') level += 1;
    else if (/^-[A-Za-z]+$/.test(text)) level += text.split('q').length - 1;
  }
  return level;
}

const recommends = commandRule(
  {
    code: 'DL3015',
    severity: 'info',
    title: 'Avoid additional packages with --no-install-recommends',
    why: 'Debian installs recommended packages too, often hundreds of megabytes that the image never uses.',
    bad: 'FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n',
    good: 'FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n',
  },
  (call, report) => {
    if (!installs(call) || call.hasFlag('no-install-recommends')) return;
    if (call.args.some((arg) => /^(-o)?APT::Install-Recommends(=|\s)"?(false|0|no)"?$/i.test(arg.text))) return;
    const where = call.whereArg('install');
    report(where, { fixes: [addFlagFix('--no-install-recommends', where, false)] });
  },
);

/** What apt does and apt-get or apt-cache does as well. */
const SCRIPTED: Readonly<Record<string, string>> = Object.fromEntries([
  ...[
    'install',
    'update',
    'upgrade',
    'remove',
    'purge',
    'autoremove',
    'autopurge',
    'clean',
    'autoclean',
    'source',
    'build-dep',
    'download',
    'changelog',
  ].map((word) => [word, 'apt-get']),
  ...['search', 'show', 'policy', 'depends', 'rdepends'].map((word) => [word, 'apt-cache']),
]);

const aptForPeople = commandRule(
  {
    code: 'DL3027',
    severity: 'warning',
    title: 'Do not use apt, which is meant for people; use apt-get or apt-cache',
    why: 'apt warns that its command line and its output may change. apt-get and apt-cache stay as they are.',
    bad: 'FROM debian:12\nRUN apt install -y curl=7.88.1-10\n',
    good: 'FROM debian:12\nRUN apt-get install -y --no-install-recommends curl=7.88.1-10\n',
  },
  (call, report) => {
    if (call.name !== 'apt') return;
    const program = SCRIPTED[call.operands()[0]?.text ?? ''];
    const fixes = program === undefined ? [] : [replaceFix(`Use ${program}`, call.where, program)];
    report(call.where, { fixes });
  },
);

const apkPinned = pinRule(
  {
    code: 'DL3018',
    severity: 'warning',
    title: 'Pin the version in apk add',
    why: 'Without a version the same Dockerfile installs something else tomorrow. Alpine drops old versions from its repositories, so a pin with `~` (`name~1.2`) is often the practical choice.',
    bad: 'FROM alpine:3.22\nRUN apk add --no-cache curl\n',
    good: 'FROM alpine:3.22\nRUN apk add --no-cache curl=8.14.1-r2\n',
  },
  (call) =>
    call.is('apk', 'add')
      ? call
          .operands(['t', 'virtual', 'repository', 'X', 'root', 'p', 'arch', 'keys-dir', 'repositories-file', 'wait'])
          .filter((word) => word.text !== 'add')
      : [],
  (text) => /[=~<>]/.test(text) || text.endsWith('.apk') || text.startsWith('${VAR}'),
  (name) => `write ${name}=<version>`,
);

const apkCache = commandRule(
  {
    code: 'DL3019',
    severity: 'info',
    title: 'Use apk add --no-cache, so that no package index stays in the layer',
    why: '`--no-cache` fetches the index for this command only: no `apk update` before and no `rm /var/cache/apk/*` after it. A cache mount at /var/cache/apk does as well.',
    bad: 'FROM alpine:3.22\nRUN apk add curl=8.14.1-r2\n',
    good: 'FROM alpine:3.22\nRUN apk add --no-cache curl=8.14.1-r2\n',
  },
  (call, report, { instruction }) => {
    if (!call.is('apk', 'add') || call.hasFlag('no-cache') || hasCacheMount(instruction, '/var/cache/apk')) return;
    const where = call.whereArg('add');
    report(where, { fixes: [addFlagFix('--no-cache', where)] });
  },
);

export const aptRules: readonly Rule[] = [pinned, keptLists, yes, recommends, aptForPeople, apkPinned, apkCache];
