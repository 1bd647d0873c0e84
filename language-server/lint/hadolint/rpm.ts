// Hadolint's rules of yum, dnf and zypper.
import type { Argument, CommandCall } from '../commands.ts';
import type { InstructionRule, Rule } from '../rule.ts';
import { addFlagFix, appendCommandFix, cleanedAfter, commandRule, hasCacheMount, pinRule, runRule } from './common.ts';

interface Manager {
  readonly name: string;
  readonly programs: RegExp;
  readonly image: string;
  readonly codes: { readonly yes: string; readonly clean: string; readonly pin: string };
  readonly installs: readonly string[];
  readonly asks: readonly string[];
  readonly yesFlags: readonly string[];
  readonly caches: readonly string[];
}

const YUM: Manager = {
  name: 'yum',
  programs: /^yum$/,
  image: 'centos:7.9.2009',
  codes: { yes: 'DL3030', clean: 'DL3032', pin: 'DL3033' },
  installs: ['install'],
  asks: ['install', 'groupinstall', 'localinstall', 'reinstall'],
  yesFlags: ['y', 'assumeyes'],
  caches: ['/var/cache/yum'],
};

const DNF: Manager = {
  name: 'dnf',
  programs: /^(dnf|microdnf)$/,
  image: 'fedora:42',
  codes: { yes: 'DL3038', clean: 'DL3040', pin: 'DL3041' },
  installs: ['install'],
  asks: ['install', 'groupinstall', 'localinstall'],
  yesFlags: ['y', 'assumeyes'],
  caches: ['/var/cache/dnf', '/var/cache/libdnf5', '/var/cache/yum'],
};

function isOne(manager: Manager, call: CommandCall, words: readonly string[]): boolean {
  return manager.programs.test(call.name) && call.hasArg(...words);
}

function asksRule(manager: Manager): InstructionRule {
  const { name, image, codes } = manager;
  return commandRule(
    {
      code: codes.yes,
      severity: 'warning',
      title: `Use the -y switch so that ${name} install does not ask`,
      why: `A build has nobody who could answer: without \`-y\` ${name} stops and the build fails.`,
      bad: `FROM ${image}\nRUN ${name} install httpd-2.4.62 && ${name} clean all\n`,
      good: `FROM ${image}\nRUN ${name} install -y httpd-2.4.62 && ${name} clean all\n`,
    },
    (call, report) => {
      if (!isOne(manager, call, manager.asks) || call.hasFlag(...manager.yesFlags)) return;
      const where = call.whereArg(...manager.asks);
      report(where, { fixes: [addFlagFix('-y', where)] });
    },
  );
}

/** Whether the command cleans up behind `program`: dnf and microdnf each have a cache of their own. */
function cleans(manager: Manager, program: string, call: CommandCall): boolean {
  if (call.name === program && call.hasArg('clean', 'all')) return true;
  return call.name === 'rm' && call.args.some((arg) => manager.caches.some((cache) => arg.text.startsWith(cache)));
}

function cleanRule(manager: Manager): InstructionRule {
  const { name, image, codes } = manager;
  return runRule(
    {
      code: codes.clean,
      severity: 'warning',
      title: `\`${name} clean all\` missing after ${name} command`,
      why: `${name} leaves its index and the packages in /var/cache, and so in the layer. Clean in the same RUN, or use a cache mount.`,
      bad: `FROM ${image}\nRUN ${name} install -y httpd-2.4.62\n`,
      good: `FROM ${image}\nRUN ${name} install -y httpd-2.4.62 && ${name} clean all\n`,
    },
    ({ instruction, use }, report) => {
      const installs = (call: CommandCall): boolean => isOne(manager, call, manager.installs);
      const install = use.commands.find(installs);
      if (install === undefined || hasCacheMount(instruction, ...manager.caches)) return;
      if (cleanedAfter(use.commands, installs, (call) => cleans(manager, install.name, call))) return;
      report(install.whereArg(...manager.installs), {
        fixes: appendCommandFix(instruction, `${install.name} clean all`),
      });
    },
  );
}

const RPM_VALUES = [
  'installroot',
  'enablerepo',
  'disablerepo',
  'repo',
  'releasever',
  'x',
  'exclude',
  'c',
  'config',
  'setopt',
  'd',
  'R',
  'e',
];

/** `name-1.2-3`: what follows the first dash looks like a version. A module's stream stands behind a colon. */
function rpmPinned(text: string, module: boolean): boolean {
  if (module) return text.includes(':');
  if (text.endsWith('.rpm') || /^(https?|file):|^\/|[<>=]/.test(text) || text.startsWith('${VAR}')) return true;
  const parts = text.split('-').slice(1);
  return (
    parts.length > 0 &&
    parts.every((part) => /^([\w.~^:+*]|\$\{VAR\})+$/.test(part)) &&
    parts.some((part) => /^(\d|\$\{VAR\})/.test(part))
  );
}

function packages(manager: Manager, call: CommandCall): Argument[] {
  if (!isOne(manager, call, manager.installs) || call.hasArg('group')) return [];
  return call.operands(RPM_VALUES).filter((word) => word.text !== 'module' && !manager.installs.includes(word.text));
}

function versionRule(manager: Manager): InstructionRule {
  const { name, image, codes } = manager;
  return commandRule(
    {
      code: codes.pin,
      severity: 'warning',
      title: `Specify the version with ${name} install`,
      why: 'Without a version the same Dockerfile installs something else tomorrow. Write `name-version`, and `name:stream` for modules.',
      bad: `FROM ${image}\nRUN ${name} install -y httpd && ${name} clean all\n`,
      good: `FROM ${image}\nRUN ${name} install -y httpd-2.4.62 && ${name} clean all\n`,
    },
    (call, report) => {
      const module = call.hasArg('module');
      for (const word of packages(manager, call)) {
        if (rpmPinned(word.text, module)) continue;
        report(call.place(word), {
          message: `Specify the version with ${name} install: write ${word.text}${module ? ':<stream>' : '-<version>'}`,
        });
      }
    },
  );
}

const ZYPPER_ASKS = ['install', 'in', 'remove', 'rm', 'source-install', 'si', 'patch'];
const ZYPPER_INSTALLS = ['install', 'in'];

const zypperAsks = commandRule(
  {
    code: 'DL3034',
    severity: 'warning',
    title: 'Non-interactive switch missing from zypper command: use zypper install -y',
    why: 'A build has nobody who could answer: without `-y` (or `--non-interactive`) zypper stops and the build fails.',
    bad: 'FROM opensuse/leap:15.6\nRUN zypper install httpd=2.4.62 && zypper clean\n',
    good: 'FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.62 && zypper clean\n',
  },
  (call, report) => {
    if (!call.is('zypper', ...ZYPPER_ASKS) || call.hasFlag('no-confirm', 'y', 'n', 'non-interactive')) return;
    const where = call.whereArg(...ZYPPER_ASKS);
    report(where, { fixes: [addFlagFix('-y', where)] });
  },
);

const zypperUpgrade = commandRule(
  {
    code: 'DL3035',
    severity: 'warning',
    title: 'Do not use zypper dist-upgrade',
    why: 'It turns the base image into another release, one that nobody has chosen or tested. Use a newer base image.',
    bad: 'FROM opensuse/leap:15.6\nRUN zypper dist-upgrade -y\n',
    good: 'FROM opensuse/leap:15.6\nRUN zypper patch -y\n',
  },
  (call, report) => {
    if (call.is('zypper', 'dist-upgrade', 'dup')) report(call.whereArg('dist-upgrade', 'dup'));
  },
);

const zypperClean = runRule(
  {
    code: 'DL3036',
    severity: 'warning',
    title: '`zypper clean` missing after zypper use',
    why: 'zypper leaves its index and the packages in /var/cache/zypp, and so in the layer. Clean in the same RUN, or use a cache mount.',
    bad: 'FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.62\n',
    good: 'FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.62 && zypper clean\n',
  },
  ({ instruction, use }, report) => {
    const installs = (call: CommandCall): boolean => call.is('zypper', ...ZYPPER_INSTALLS);
    const install = use.commands.find(installs);
    if (install === undefined || hasCacheMount(instruction, '/var/cache/zypp')) return;
    if (
      cleanedAfter(
        use.commands,
        installs,
        (call) =>
          call.is('zypper', 'clean', 'cc') ||
          (call.name === 'rm' && call.args.some((arg) => arg.text.startsWith('/var/cache/zypp'))),
      )
    )
      return;
    report(install.whereArg(...ZYPPER_INSTALLS), { fixes: appendCommandFix(instruction, 'zypper clean') });
  },
);

const zypperPinned = pinRule(
  {
    code: 'DL3037',
    severity: 'warning',
    title: 'Specify the version with zypper install',
    why: 'Without a version the same Dockerfile installs something else tomorrow. Write `name=version`, or a comparison in quotes.',
    bad: 'FROM opensuse/leap:15.6\nRUN zypper install -y httpd && zypper clean\n',
    good: 'FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.62 && zypper clean\n',
  },
  (call) =>
    call.is('zypper', ...ZYPPER_INSTALLS)
      ? call
          .operands(['t', 'type', 'r', 'repo', 'from', 'C', 'capability', 'R', 'root'])
          .filter((word) => !ZYPPER_INSTALLS.includes(word.text))
      : [],
  (text) => /[=<>]/.test(text) || text.endsWith('.rpm') || text.startsWith('${VAR}'),
  (name) => `write ${name}=<version>`,
);

export const rpmRules: readonly Rule[] = [
  ...[asksRule(YUM), cleanRule(YUM), versionRule(YUM)],
  ...[zypperAsks, zypperUpgrade, zypperClean, zypperPinned],
  ...[asksRule(DNF), cleanRule(DNF), versionRule(DNF)],
];
