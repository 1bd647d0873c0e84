// Hadolint's rules of COPY and ADD.
import type { Instruction, Span, TransferInstruction } from '../../../runtime/dockerfile/ast.ts';
import { findFlag } from '../../../runtime/dockerfile/flags.ts';
import type { CommandCall } from '../commands.ts';
import type { Group } from '../file_model.ts';
import { insertFix, replaceFix } from '../fixes.ts';
import type { FileReport, Rule } from '../rule.ts';
import { shellUse } from '../shell_use.ts';
import { hasVariable, unquote } from './common.ts';

const TAR = /\.(tar(\.(bz2|gz|lz|lzma|xz|Z))?|tb2|tbz2?|tgz|tpz|tlz|txz|tZ)$/;
const COMPRESSED = /\.(Z|bz2|gz|lz|lzma|xz)$/;
const UNPACKERS = new Set(['unzip', 'gunzip', 'bunzip2', 'unlzma', 'unxz', 'zgz', 'uncompress', 'zcat', 'gzcat']);

const baseName = (path: string): string => unquote(path).replace(/^.*[/\\]/, '');

function extracts(call: CommandCall, archive: string): boolean {
  const byTar =
    call.name === 'tar' &&
    call.args.some(
      (arg, i) =>
        arg.text === '--extract' ||
        arg.text === '--get' ||
        /^-[^-]*x/.test(arg.text) ||
        (i === 0 && /^[a-zA-Z]*x[a-zA-Z]*$/.test(arg.text)),
    );
  const byOther = UNPACKERS.has(call.name) && TAR.test(archive);
  return (byTar || byOther) && call.args.some((arg) => baseName(arg.text) === archive);
}

const addArchives: Rule = {
  code: 'DL3010',
  source: 'hadolint',
  severity: 'info',
  title: 'Use ADD for extracting archives into an image',
  why: 'ADD unpacks local tar archives on the way in. With COPY and a later `tar -x` the archive stays in the layer of the COPY.',
  bad: 'FROM debian:12\nCOPY rootfs.tar.xz /tmp/\nRUN tar -xJf /tmp/rootfs.tar.xz -C /srv\n',
  good: 'FROM debian:12\nADD rootfs.tar.xz /srv/\n',
  looksAt: ['COPY', 'RUN'],
  byStage: true,
  checkFile: (file, report) => {
    for (const group of file.groups) checkArchives(group, report);
  },
};

function checkArchives(group: Group, report: FileReport): void {
  const copied: { archive: string; instruction: Instruction; span: Span }[] = [];
  for (const instruction of group.instructions) {
    if (instruction.keyword === 'COPY' && findFlag(instruction, 'from') === undefined)
      copied.push(...archivesOf(instruction));
    if (instruction.keyword !== 'RUN' || copied.length === 0) continue;
    for (const call of shellUse(instruction).commands) {
      const at = copied.findIndex(({ archive }) => extracts(call, archive));
      const [found] = at < 0 ? [] : copied.splice(at, 1);
      if (found !== undefined) report(found.instruction, found.span);
    }
  }
}

function archivesOf(instruction: TransferInstruction): { archive: string; instruction: Instruction; span: Span }[] {
  const isArchive = (path: string): boolean => TAR.test(unquote(path)) || COMPRESSED.test(unquote(path));
  const target = instruction.destination?.raw ?? '';
  const [first] = instruction.sources;
  if (first !== undefined && isArchive(target)) return [{ archive: baseName(target), instruction, span: first.span }];
  return instruction.sources
    .filter((word) => isArchive(word.raw))
    .map((word) => ({ archive: baseName(word.raw), instruction, span: word.span }));
}

const ADDED = /\.(tar|gz|bz2|xz|zst|tgz|tb2|tbz|tbz2|lz|lzma|tlz|txz|Z|tZ)$/;
const REMOTE = /^(https?|git|ssh|ftp):\/\/|^git@|\.git(#.*)?$/;

const copyNotAdd: Rule = {
  code: 'DL3020',
  source: 'hadolint',
  severity: 'error',
  title: 'Use COPY instead of ADD for files and folders',
  why: 'ADD also downloads and unpacks, which surprises when a file happens to be an archive. COPY only copies.',
  bad: 'FROM python:3.13-slim\nADD requirements.txt /usr/src/app/\n',
  good: 'FROM python:3.13-slim\nCOPY requirements.txt /usr/src/app/\n',
  keywords: ['ADD'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'ADD' || instruction.sources.length === 0) return;
    const plain = instruction.sources.every(
      ({ raw }) => ADDED.test(unquote(raw)) || REMOTE.test(unquote(raw)) || unquote(raw).startsWith('$'),
    );
    if (plain) return;
    const { keywordText, keywordSpan, flags } = instruction;
    const keyword = keywordText === keywordText.toLowerCase() ? 'copy' : 'COPY';
    const all = instruction.sources.every(
      ({ raw }) => !ADDED.test(unquote(raw)) && !REMOTE.test(unquote(raw)) && !hasVariable(raw),
    );
    const convertible = all && flags.every((flag) => /^(chown|chmod|link|exclude)$/.test(flag.name));
    report(keywordSpan, { fixes: convertible ? [replaceFix(`Use ${keyword}`, keywordSpan, keyword)] : [] });
  },
};

const slash: Rule = {
  code: 'DL3021',
  source: 'hadolint',
  severity: 'error',
  title: 'COPY of several sources requires the last argument to end with /',
  why: 'Several files need a directory to go to; the builder takes the destination for one only when it ends with a slash.',
  bad: 'FROM node:22-slim\nCOPY package.json yarn.lock /my_app\n',
  good: 'FROM node:22-slim\nCOPY package.json yarn.lock /my_app/\n',
  keywords: ['COPY'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'COPY' || instruction.sources.length < 2 || instruction.destination === undefined)
      return;
    const { raw, span } = instruction.destination;
    const path = unquote(raw);
    if (/[/\\]$/.test(path) || /\$\{?\w+\}?$/.test(path)) return;
    const quote = !instruction.json && path === raw ? 0 : 1;
    report(span, { fixes: [insertFix('Add /', span.end - quote, '/')] });
  },
};

/** The value of `--from`, without quotes, with its place. */
export function fromOf(instruction: Instruction): { name: string; span: Span } | undefined {
  const value = findFlag(instruction, 'from')?.value;
  return value === undefined ? undefined : { name: unquote(value.value), span: value.span };
}

const fromKnown: Rule = {
  code: 'DL3022',
  source: 'hadolint',
  severity: 'warning',
  title: 'COPY --from should reference a previously defined FROM alias',
  why: 'A name that no earlier stage has is taken for an image and pulled from a registry. Name the stage, or write the tag of the image that is meant.',
  bad: 'FROM debian:12\nRUN foo\n\nFROM debian:12\nCOPY --from=build /some/content .\n',
  good: 'FROM debian:12 AS build\nRUN foo\n\nFROM debian:12\nCOPY --from=build /some/content .\n',
  looksAt: ['COPY'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.groups) {
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== 'COPY') continue;
        const from = fromOf(instruction);
        if (from === undefined || /[:@$]/.test(from.name) || from.name.toLowerCase() === stage.name.toLowerCase())
          continue;
        if (file.findStage(from.name, stage.index) === undefined) report(instruction, from.span);
      }
    }
  },
};

const fromItself: Rule = {
  code: 'DL3023',
  source: 'hadolint',
  severity: 'error',
  title: 'COPY --from cannot reference its own FROM alias',
  why: 'A stage cannot copy from itself: it does not exist yet. Copy inside the stage with `RUN cp`.',
  bad: 'FROM debian:12 AS build\nCOPY --from=build /some/content .\n',
  good: 'FROM debian:12 AS build\nRUN cp -r /some/content .\n',
  looksAt: ['COPY'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        const from = instruction.keyword === 'COPY' ? fromOf(instruction) : undefined;
        if (from !== undefined && stage.name !== '' && from.name.toLowerCase() === stage.name.toLowerCase())
          report(instruction, from.span);
      }
    }
  },
};

const relativeDestination: Rule = {
  code: 'DL3045',
  source: 'hadolint',
  severity: 'warning',
  title: '`COPY` to a relative destination without `WORKDIR` set',
  why: 'The destination then depends on the working directory of the base image, which may be another one in its next version.',
  bad: 'FROM scratch\nCOPY foo bar\n',
  good: 'FROM scratch\nWORKDIR /srv\nCOPY foo bar\n',
  looksAt: ['COPY', 'WORKDIR', 'ONBUILD'],
  byStage: true,
  checkFile: (file, report) => {
    const set = new Set<Group>();
    for (const group of file.groups) {
      if (group.parent !== undefined && set.has(group.parent)) set.add(group);
      for (const outer of group.instructions) {
        const instruction = outer.keyword === 'ONBUILD' ? outer.instruction : outer;
        if (instruction?.keyword === 'WORKDIR') set.add(group);
        if (instruction?.keyword !== 'COPY' || set.has(group) || instruction.destination === undefined) continue;
        const path = unquote(instruction.destination.raw);
        if (/^(\/|\$|.:[\\/])/.test(path)) continue;
        report(outer, instruction.destination.span);
      }
    }
  },
};

const wholeSystem: Rule = {
  code: 'DL3067',
  source: 'hadolint',
  severity: 'warning',
  title: 'Do not copy an entire filesystem from another stage',
  why: 'Copying / to / takes along everything that the other stage has, its tools and its secrets too. Build on the stage with FROM, or copy what is needed.',
  bad: 'FROM debian:12 AS build\nRUN make install\n\nFROM scratch\nCOPY --from=build / /\n',
  good: 'FROM debian:12 AS build\nRUN make install\n\nFROM scratch\nCOPY --from=build /usr/local/bin/app /app\n',
  keywords: ['COPY'],
  onbuild: true,
  check: ({ instruction }, report) => {
    if (instruction.keyword !== 'COPY' || fromOf(instruction) === undefined) return;
    if (unquote(instruction.destination?.raw ?? '') !== '/') return;
    const root = instruction.sources.find((word) => unquote(word.raw) === '/');
    if (root !== undefined) report(root.span);
  },
};

export const copyRules: readonly Rule[] = [
  addArchives,
  copyNotAdd,
  slash,
  fromKnown,
  fromItself,
  relativeDestination,
  wholeSystem,
];
