// Hadolint's rules of the other commands in RUN.
import type { Instruction } from '../../../runtime/dockerfile/ast.ts';
import type { CommandCall } from '../commands.ts';
import type { FileModel, Group } from '../file_model.ts';
import { replaceFix } from '../fixes.ts';
import { memo } from '../memo.ts';
import type { FileReport, Rule } from '../rule.ts';
import { shellUse } from '../shell_use.ts';
import { addFlagFix, commandRule } from './common.ts';

const POINTLESS = new Set(['free', 'kill', 'mount', 'ps', 'service', 'shutdown', 'ssh', 'top', 'vim', 'ifconfig']);

const pointless = commandRule(
  {
    code: 'DL3001',
    severity: 'info',
    title: 'This command makes no sense while an image is built',
    why: 'A build has no terminal, no services and no network of its own to look after. Processes that a RUN starts end with it.',
    bad: 'FROM debian:12\nRUN service nginx start\n',
    good: 'FROM debian:12\nCMD ["nginx", "-g", "daemon off;"]\n',
  },
  (call, report) => {
    if (POINTLESS.has(call.name))
      report(call.where, { message: `\`${call.name}\` makes no sense while an image is built` });
  },
);

const changeDirectory = commandRule(
  {
    code: 'DL3003',
    severity: 'warning',
    title: 'Use WORKDIR to switch to a directory',
    why: '`cd` lasts until the end of its RUN only. WORKDIR says for all that follows where it happens.',
    bad: 'FROM debian:12\nRUN cd /usr/src/app && make\n',
    good: 'FROM debian:12\nWORKDIR /usr/src/app\nRUN make\n',
  },
  (call, report) => {
    if (call.name === 'cd') report(call.where);
  },
);

const sudo = commandRule(
  {
    code: 'DL3004',
    severity: 'error',
    title: 'Do not use sudo, which behaves unpredictably with terminals and signals',
    why: 'A RUN is root unless USER says otherwise: write the command alone, or put `USER root` before it and the other user back after it.',
    bad: 'FROM debian:12\nRUN sudo apt-get update\n',
    good: 'FROM debian:12\nUSER root\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\n',
  },
  (call, report) => {
    if (call.name !== 'sudo') return;
    const next = call.args[0];
    const fixes =
      next === undefined || next.text.startsWith('-')
        ? []
        : [replaceFix('Remove sudo', call.place({ start: call.nameSpan.start, end: next.start }), '', false)];
    report(call.where, { fixes });
  },
);

const highUid = commandRule(
  {
    code: 'DL3046',
    severity: 'warning',
    title: '`useradd` without -l and with a high uid makes the image excessively large',
    why: 'useradd writes an entry into /var/log/lastlog and faillog at the place of the uid: with a high one the file is huge, and layers do not keep it sparse. `-l` leaves the logs alone.',
    bad: 'FROM debian:12\nRUN useradd -u 123456 app\n',
    good: 'FROM debian:12\nRUN useradd -l -u 123456 app\n',
  },
  (call, report) => {
    if (call.name !== 'useradd' || call.hasFlag('l', 'no-log-init')) return;
    const uid = call.flagValue('u', 'uid');
    if (uid === undefined || uid.length <= 5) return;
    const value = call.args.find((arg) => arg.text.endsWith(uid));
    report(call.place(value ?? call.nameSpan), { fixes: [addFlagFix('-l', call.where)] });
  },
);

const wgetProgress = commandRule(
  {
    code: 'DL3047',
    severity: 'info',
    title: 'wget without --progress bloats the log of the build',
    why: 'Without a terminal wget prints a line for every 50 KB. Use `--progress=dot:giga`, `-nv` or `-q`.',
    bad: 'FROM debian:12\nRUN wget https://example.com/big_file.tar\n',
    good: 'FROM debian:12\nRUN wget --progress=dot:giga https://example.com/big_file.tar\n',
  },
  (call, report) => {
    if (call.name !== 'wget' || call.hasArg('-nv', '--version', '--help')) return;
    if (call.hasFlag('progress', 'q', 'quiet', 'o', 'output-file', 'a', 'append-output', 'no-verbose')) return;
    report(call.where, { fixes: [addFlagFix('--progress=dot:giga', call.where)] });
  },
);

const linkShell = commandRule(
  {
    code: 'DL4005',
    severity: 'warning',
    title: 'Use SHELL to change the default shell',
    why: 'Replacing /bin/sh changes what every script of the distribution runs with. SHELL changes it for this file only.',
    bad: 'FROM debian:12\nRUN ln -sfv /bin/bash /bin/sh\n',
    good: 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\n',
  },
  (call, report) => {
    if (call.is('ln', '/bin/sh')) report(call.whereArg('/bin/sh'));
  },
);

function runOf(outer: Instruction): Instruction | undefined {
  return outer.keyword === 'ONBUILD' ? outer.instruction : outer;
}

const consecutiveRuns: Rule = {
  code: 'DL3059',
  source: 'hadolint',
  severity: 'info',
  title: 'Multiple consecutive RUN instructions: consider consolidation',
  why: 'Every RUN is a layer. Two that belong together are smaller and easier to follow as one; RUNs of several commands, and RUNs with other flags, are left alone.',
  bad: 'FROM debian:12\nRUN /first.sh\nRUN /second.sh\n',
  good: 'FROM debian:12\nRUN /first.sh && /second.sh\n',
  looksAt: ['RUN', 'ONBUILD'],
  byStage: true,
  checkFile: (file, report) => {
    for (const group of file.groups) checkConsecutive(group, file, report);
  },
};

function checkConsecutive(group: Group, file: FileModel, report: FileReport): void {
  let before: { flags: string; count: number } | undefined;
  for (const instruction of group.instructions) {
    if (instruction.keyword !== 'RUN' || file.shellAt(instruction).foreign) {
      before = undefined;
      continue;
    }
    const now = consolidation(instruction);
    if (before !== undefined && before.flags === now.flags && before.count <= 1 && now.count <= 1)
      report(instruction, instruction.keywordSpan);
    before = now;
  }
}

/** What tells whether two RUNs could be one. */
const consolidation = memo((instruction): { flags: string; count: number } => ({
  flags: instruction.flags
    .map((flag) => `${flag.name}=${flag.value?.value ?? ''}`)
    .sort()
    .join(' '),
  count: shellUse(instruction).commands.length,
}));

const twoDownloaders: Rule = {
  code: 'DL4001',
  source: 'hadolint',
  severity: 'warning',
  title: 'Either use wget or curl but not both',
  why: 'One of the two is enough: each brings its libraries and its own settings for proxies and certificates.',
  bad: 'FROM debian:12\nRUN wget -q https://example.com/a\nRUN curl -fsS https://example.com/b\n',
  good: 'FROM debian:12\nRUN curl -fsSO https://example.com/a && curl -fsSO https://example.com/b\n',
  looksAt: ['RUN', 'ONBUILD'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.groups) {
      const seen = new Set<string>();
      for (const outer of stage.instructions) {
        const instruction = runOf(outer);
        if (instruction?.keyword !== 'RUN' || file.shellAt(outer).foreign) continue;
        const calls = shellUse(instruction).commands.filter((call) => call.name === 'curl' || call.name === 'wget');
        const other = secondKind(calls, seen);
        if (other !== undefined) report(outer, other.where);
      }
    }
  },
};

/** The call that makes it two programs; adds the names to `seen`. */
function secondKind(calls: readonly CommandCall[], seen: Set<string>): CommandCall | undefined {
  let second: CommandCall | undefined;
  for (const call of calls) {
    const first = seen.values().next().value;
    if (first !== undefined && call.name !== first) second ??= call;
    seen.add(call.name);
  }
  return second ?? (seen.size > 1 ? calls[0] : undefined);
}

const pipefail: Rule = {
  code: 'DL4006',
  source: 'hadolint',
  severity: 'warning',
  title: 'Set the SHELL option -o pipefail before RUN with a pipe in it',
  why: 'The exit status of a pipe is that of its last command: when the download fails and the unpacking finds nothing, the build goes on. `SHELL ["/bin/bash", "-o", "pipefail", "-c"]` makes it fail; on Alpine the shell is /bin/ash.',
  bad: 'FROM debian:12\nRUN wget -qO - https://example.com/list | wc -l > /number\n',
  good: 'FROM debian:12\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN wget -qO - https://example.com/list | wc -l > /number\n',
  keywords: ['RUN'],
  onbuild: true,
  check: ({ shell, use }, report) => {
    const [pipe] = use.pipes;
    if (pipe === undefined || shell.pipefail || shell.foreign || setsPipefail(use.commands)) return;
    report(pipe);
  },
};

/** `set -o pipefail` in the RUN itself, or a shell that is started with it. */
function setsPipefail(calls: readonly CommandCall[]): boolean {
  return calls.some((call) => call.hasArg('pipefail') && /^(set|(.*\/)?(bash|ash|zsh|ksh))$/.test(call.name));
}

export const shellRules: readonly Rule[] = [
  ...[pointless, changeDirectory, sudo, highUid, wgetProgress, consecutiveRuns],
  ...[twoDownloaders, linkShell, pipefail],
];
