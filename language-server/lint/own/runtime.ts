// Our own rules of how the container will run.
import type { Instruction, ValueInstruction } from '../../../runtime/dockerfile/ast.ts';
import type { Stage } from '../file_model.ts';
import { within } from '../fixes.ts';
import { hasVariable, unquote } from '../hadolint/common.ts';
import type { FileReport, Rule } from '../rule.ts';

const privilegedPort: Rule = {
  code: 'SL1701',
  source: 'slipway',
  severity: 'warning',
  title: 'A port below 1024 needs rights that the USER does not have',
  why: 'Outside of engines that lower `net.ipv4.ip_unprivileged_port_start`, only root or a process with CAP_NET_BIND_SERVICE may listen there: the program fails with "permission denied". Listen on a higher port and map it with `-p 80:8080`.',
  bad: 'FROM nginx:1.29\nUSER 101\nEXPOSE 80\n',
  good: 'FROM nginx:1.29\nUSER 101\nEXPOSE 8080\n',
  looksAt: ['USER', 'EXPOSE'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      const user = lastUser(stage);
      if (user?.value === undefined) continue;
      const name = unquote(user.value.raw).replace(/:.*$/, '');
      if (name === 'root' || name === '0' || hasVariable(name)) continue;
      for (const instruction of stage.instructions)
        if (instruction.keyword === 'EXPOSE') reportPorts(instruction, name, report);
    }
  },
};

function lastUser(stage: Stage | undefined): ValueInstruction | undefined {
  if (stage === undefined) return undefined;
  const found = stage.instructions.findLast((instruction) => instruction.keyword === 'USER');
  return found?.keyword === 'USER' ? found : lastUser(stage.parent);
}

function reportPorts(
  instruction: Instruction & { keyword: 'EXPOSE' | 'VOLUME' },
  user: string,
  report: FileReport,
): void {
  for (const { raw, span } of instruction.words) {
    const port = /^(\d+)(?:-\d+)?(?:\/\w+)?$/.exec(raw)?.[1];
    if (port === undefined || Number(port) === 0 || Number(port) >= 1024) continue;
    report(instruction, within(span, raw, 0, port.length), {
      message: `Port ${port} needs rights that the user ${user} does not have`,
    });
  }
}

const swallowedSignals: Rule = {
  code: 'SL1702',
  source: 'slipway',
  severity: 'warning',
  topic: 'exec-form',
  title: 'The shell around this ENTRYPOINT keeps signals from the program',
  why: 'The process with id 1 is then `sh -c`, which does not pass SIGTERM on: `stop` waits ten seconds and kills. Use the JSON form, or begin the command with `exec`.',
  bad: 'FROM debian:12\nENTRYPOINT server --port 8080\n',
  good: 'FROM debian:12\nENTRYPOINT ["server", "--port", "8080"]\n',
  keywords: ['ENTRYPOINT'],
  onbuild: true,
  check: ({ instruction, shell }, report) => {
    if (instruction.keyword !== 'ENTRYPOINT' || instruction.command?.form !== 'shell' || shell.foreign) return;
    if (!/^\s*(exec|tini|dumb-init)\s|(^|[;&|]\s*)exec\s[^;&|]*$/.test(instruction.command.text))
      report(instruction.keywordSpan);
  },
};

const ignoredCommand: Rule = {
  code: 'SL1703',
  source: 'slipway',
  severity: 'warning',
  title: 'A shell-form ENTRYPOINT ignores CMD and the arguments of `run`',
  why: 'Only an ENTRYPOINT in JSON form gets CMD as its arguments. Here CMD is never used.',
  bad: 'FROM debian:12\nENTRYPOINT exec server\nCMD ["--port", "8080"]\n',
  good: 'FROM debian:12\nENTRYPOINT ["server"]\nCMD ["--port", "8080"]\n',
  tags: ['unnecessary'],
  looksAt: ['ENTRYPOINT', 'CMD'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      const entry = stage.instructions.findLast((instruction) => instruction.keyword === 'ENTRYPOINT');
      const command = stage.instructions.findLast((instruction) => instruction.keyword === 'CMD');
      if (entry?.keyword !== 'ENTRYPOINT' || entry.command?.form !== 'shell' || command === undefined) continue;
      if (/\$(@|\*|\{@|\{\*|[0-9])/.test(entry.command.text)) continue;
      report(command, command.keywordSpan);
    }
  },
};

export const runtimeRules: readonly Rule[] = [privilegedPort, swallowedSignals, ignoredCommand];
