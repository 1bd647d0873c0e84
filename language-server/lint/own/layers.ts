// Our own rules of layers and of the build cache.
import type { Instruction } from '../../../runtime/dockerfile/ast.ts';
import { findFlag } from '../../../runtime/dockerfile/flags.ts';
import { mountsOf } from '../../../runtime/dockerfile/mount.ts';
import type { CommandCall } from '../commands.ts';
import type { FileModel, Stage } from '../file_model.ts';
import { hasVariable, unquote } from '../hadolint/common.ts';
import type { FileReport, Rule } from '../rule.ts';
import { shellUse } from '../shell_use.ts';
import { joinPath } from './context.ts';

/** Commands that install what the project's own files list. */
function installsDependencies(call: CommandCall): string | undefined {
  const [verb, next] = call.operands(['C', 'prefix', 'cwd', 'dir', 'f', 'file']).map((arg) => arg.text);
  switch (call.name) {
    case 'npm':
      return verb === 'ci' ||
        ((verb === 'install' || verb === 'i') && next === undefined && !call.hasFlag('g', 'global'))
        ? 'package.json and package-lock.json'
        : undefined;
    case 'yarn':
      return (verb === undefined || verb === 'install') && call.args.every((arg) => arg.text !== '--version')
        ? 'package.json and yarn.lock'
        : undefined;
    case 'pnpm':
    case 'bun':
      return (verb === 'install' || verb === 'i') && next === undefined
        ? `package.json and the lock file of ${call.name}`
        : undefined;
    case 'pip':
    case 'pip3':
      return verb === 'install' && call.hasFlag('r', 'requirement') ? 'the requirements file' : undefined;
    case 'poetry':
    case 'pipenv':
      return verb === 'install' || verb === 'sync' ? 'pyproject.toml, Pipfile and the lock file' : undefined;
    case 'uv':
      return verb === 'sync' ? 'pyproject.toml and uv.lock' : undefined;
    case 'bundle':
      return verb === 'install' || verb === undefined ? 'Gemfile and Gemfile.lock' : undefined;
    case 'composer':
      return verb === 'install' ? 'composer.json and composer.lock' : undefined;
    case 'go':
      return verb === 'mod' && next === 'download' ? 'go.mod and go.sum' : undefined;
    case 'cargo':
      return verb === 'fetch' ? 'Cargo.toml and Cargo.lock' : undefined;
    case 'dotnet':
      return verb === 'restore' ? 'the project files' : undefined;
    case 'mvn':
      return call.args.some((arg) => arg.text.startsWith('dependency:')) ? 'pom.xml' : undefined;
    default:
      return undefined;
  }
}

const cacheOrder: Rule = {
  code: 'SL1201',
  source: 'slipway',
  severity: 'info',
  title: 'Copying everything before installing dependencies runs the installation after every edit',
  why: 'Any changed file makes the COPY new, and with it all that follows. Copy the files that list the dependencies first, install, and copy the rest afterwards; or keep the downloads in a cache mount.',
  bad: 'FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\n',
  good: 'FROM node:22-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n',
  looksAt: ['COPY', 'ADD', 'RUN'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) checkOrder(stage, report);
  },
};

function checkOrder(stage: Stage, report: FileReport): void {
  let all: { instruction: Instruction; span: { start: number; end: number } } | undefined;
  for (const instruction of stage.instructions) {
    if (
      (instruction.keyword === 'COPY' || instruction.keyword === 'ADD') &&
      findFlag(instruction, 'from') === undefined
    ) {
      const whole = instruction.sources.find((word) => /^\.?\/?$/.test(unquote(word.raw)));
      if (whole !== undefined && findFlag(instruction, 'exclude') === undefined)
        all ??= { instruction, span: whole.span };
    }
    if (instruction.keyword !== 'RUN' || all === undefined) continue;
    if (mountsOf(instruction).some((mount) => mount.type === 'cache')) continue;
    const list = shellUse(instruction)
      .commands.map(installsDependencies)
      .find((found) => found !== undefined);
    if (list === undefined) continue;
    report(all.instruction, all.span, {
      message: `Every changed file repeats the installation below: copy ${list} first, install, then copy the rest`,
    });
    return;
  }
}

/** Where a path came into the stage. */
interface Origin {
  readonly path: string;
  readonly instruction: Instruction;
}

const deletedLater: Rule = {
  code: 'SL1202',
  source: 'slipway',
  severity: 'warning',
  title: 'A file that is deleted in a later layer stays in the image',
  why: 'Layers only add: `rm` hides the file, and its bytes stay in the layer that brought it. Fetch, use and delete it in one RUN, use a mount (`RUN --mount=type=bind`), or a stage of its own.',
  bad: 'FROM debian:12\nCOPY installer.run /tmp/installer.run\nRUN /tmp/installer.run && rm /tmp/installer.run\n',
  good: 'FROM debian:12\nRUN --mount=type=bind,source=installer.run,target=/tmp/installer.run /tmp/installer.run\n',
  checkFile: (file, report) => {
    const kept = keptStages(file);
    for (const stage of file.stages) if (kept.has(stage)) checkDeletions(file, stage, report);
  },
};

/** The stages whose layers are in an image: the last one and what it builds on. */
function keptStages(file: FileModel): Set<Stage> {
  const kept = new Set<Stage>();
  for (let stage = file.stages.at(-1); stage !== undefined; stage = stage.parent) kept.add(stage);
  return kept;
}

function checkDeletions(file: FileModel, stage: Stage, report: FileReport): void {
  const origins: Origin[] = [];
  let directory = '/';
  for (const instruction of stage.instructions) {
    if (instruction.keyword === 'WORKDIR') directory = joinPath(directory, unquote(instruction.value?.raw ?? ''));
    if (instruction.keyword === 'COPY' || instruction.keyword === 'ADD') {
      const target = unquote(instruction.destination?.raw ?? '');
      const names = instruction.sources.map((word) => unquote(word.raw).replace(/\/$/, '').replace(/^.*\//, ''));
      const into = target.endsWith('/') || target === '.' || names.length > 1;
      for (const name of names) {
        if (hasVariable(target) || hasVariable(name) || /[*?[]|^\.?$/.test(name)) continue;
        origins.push({ path: joinPath(directory, into ? `${target}/${name}` : target), instruction });
      }
    }
    if (instruction.keyword !== 'RUN' || file.shellAt(instruction).foreign) continue;
    const calls = shellUse(instruction).commands;
    for (const call of calls)
      if (call.name === 'rm') reportDeletions(file, call, directory, origins, instruction, report);
    for (const path of calls.flatMap(downloads)) origins.push({ path: joinPath(directory, path), instruction });
  }
}

function reportDeletions(
  file: FileModel,
  call: CommandCall,
  directory: string,
  origins: readonly Origin[],
  instruction: Instruction,
  report: FileReport,
): void {
  for (const arg of call.operands()) {
    if (hasVariable(arg.text) || /[*?[{]/.test(arg.text)) continue;
    const path = joinPath(directory, arg.text);
    const origin = origins.find((candidate) => candidate.path === path || candidate.path.startsWith(`${path}/`));
    if (path === '/' || origin === undefined || origin.instruction === instruction) continue;
    const bytes = file.knowledge.layerBytes?.(origin.instruction, origin.path);
    const size = bytes === undefined ? '' : ` with its ${formatBytes(bytes)}`;
    report(instruction, call.place(arg), {
      message: `${origin.path} stays in the layer of the ${origin.instruction.keyword} in line ${origin.instruction.startLine + 1}${size}: deleting it here only hides it`,
    });
  }
}

/** The file that a command downloads to. */
function downloads(call: CommandCall): string[] {
  const path =
    call.name === 'curl'
      ? call.flagValue('o', 'output')
      : call.name === 'wget'
        ? call.flagValue('O', 'output-document')
        : undefined;
  return path === undefined || path === '-' || hasVariable(path) ? [] : [path];
}

/** `1.5 MB` */
function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

const keptIndex: Rule = {
  code: 'SL1203',
  source: 'slipway',
  severity: 'info',
  title: 'The package index or the downloaded packages stay in the layer',
  why: 'They are of no use in the image and are out of date soon. `apk add --no-cache` needs no index, `pacman -Scc --noconfirm` empties the cache of pacman; it must be the same RUN.',
  bad: 'FROM alpine:3.22\nRUN apk update && apk add --no-cache curl=8.14.1-r2\n',
  good: 'FROM alpine:3.22\nRUN apk add --no-cache curl=8.14.1-r2\n',
  keywords: ['RUN'],
  onbuild: true,
  check: ({ instruction, use }, report) => {
    if (mountsOf(instruction).some((mount) => mount.type === 'cache')) return;
    const cleans = use.commands.some(
      (call) =>
        (call.name === 'rm' && call.args.some((arg) => /^\/var\/cache\/(apk|pacman)/.test(arg.text))) ||
        (call.name === 'apk' && call.hasArg('clean')) ||
        (call.name === 'pacman' && call.hasFlag('c')),
    );
    if (cleans) return;
    for (const call of use.commands) {
      if (call.is('apk', 'update') && !call.hasFlag('no-cache')) report(call.whereArg('update'));
      if (call.name === 'pacman' && call.args.some((arg) => /^-S[a-z]*/.test(arg.text) || arg.text === '--sync'))
        report(call.where);
    }
  },
};

const loneUpdate: Rule = {
  code: 'SL1204',
  source: 'slipway',
  severity: 'warning',
  title: 'An index that is updated in a RUN of its own comes from the cache and is out of date',
  why: 'The RUN does not change, so its layer is reused for months, and the next RUN installs from an old index or fails. Update and install in one RUN.',
  bad: 'FROM debian:12\nRUN apt-get update\nRUN apt-get install -y --no-install-recommends curl=7.88.1-10\n',
  good: 'FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n',
  keywords: ['RUN'],
  onbuild: true,
  check: ({ instruction, use }, report) => {
    if (mountsOf(instruction).some((mount) => mount.type === 'cache')) return;
    const update = use.commands.find((call) => /^(apt-get|apt|apk)$/.test(call.name) && call.hasArg('update'));
    if (update === undefined) return;
    const uses = use.commands.some(
      (call) =>
        /^(apt-get|apt|apk)$/.test(call.name) && call !== update && !call.hasArg('update') && !call.hasArg('clean'),
    );
    const other = use.commands.some((call) => !/^(apt-get|apt|apk|set|echo|rm|true)$/.test(call.name));
    if (!uses && !other) report(update.whereArg('update'));
  },
};

export const layerRules: readonly Rule[] = [cacheOrder, deletedLater, keptIndex, loneUpdate];
