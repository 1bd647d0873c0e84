// Our own rules of base images and stages.
import type { Instruction } from '../../../runtime/dockerfile/ast.ts';
import { mountField, mountsOf } from '../../../runtime/dockerfile/mount.ts';
import type { FileModel, Stage } from '../file_model.ts';
import { within } from '../fixes.ts';
import { fromOf } from '../hadolint/copy.ts';
import { familiarName } from '../image_name.ts';
import type { Rule } from '../rule.ts';
import { endOfLife } from './end_of_life.ts';

const outdatedBase: Rule = {
  code: 'SL1401',
  source: 'slipway',
  severity: 'warning',
  title: 'The base image is no longer maintained',
  why: 'Its makers repair no more security problems in it. Move to a release that they care for.',
  bad: 'FROM debian:10\n',
  good: 'FROM debian:12\n',
  tags: ['deprecated'],
  looksAt: [],
  checkFile: (file, report) => {
    const today = file.knowledge.today ?? new Date();
    for (const { from, parent, image } of file.stages) {
      if (parent !== undefined || from.image === undefined || image.tag === undefined) continue;
      const ended = endOfLife(familiarName(image), image.tag, today);
      if (ended === undefined) continue;
      const at = from.image.raw.lastIndexOf(image.tag);
      const span = at < 0 ? from.image.span : within(from.image.span, from.image.raw, at, image.tag.length);
      report(from, span, { message: `${ended.what} is not maintained since ${ended.until}` });
    }
  },
};

const movedTag: Rule = {
  code: 'SL1402',
  source: 'slipway',
  severity: 'info',
  title: 'The tag of the base image has moved',
  why: 'The registry has another image under this tag than the local store. A build with `--pull` would take the new one; naming the digest makes the choice visible.',
  bad: 'FROM local/moved:1\n',
  good: 'FROM local/stays:1\n',
  looksAt: [],
  checkFile: (file, report) => {
    for (const { from, parent, base } of file.stages) {
      if (parent !== undefined || from.image === undefined) continue;
      const moved = file.knowledge.image?.(base, undefined)?.movedTo;
      if (moved !== undefined)
        report(from, from.image.span, {
          message: `${base} is ${moved.slice(0, 19)} in the registry now, another image than the local one`,
        });
    }
  },
};

const NO_NAMES: readonly string[] = [];

const reached = new WeakMap<FileModel, Set<Stage>>();

/** The stages that the last one needs, directly or not. */
function reachable(file: FileModel): Set<Stage> {
  const known = reached.get(file);
  if (known !== undefined) return known;
  const seen = new Set<Stage>();
  reached.set(file, seen);
  // A list and no recursion: a chain of stages may be longer than the stack.
  const needed = [file.stages.at(-1)];
  for (let stage = needed.pop(); stage !== undefined || needed.length > 0; stage = needed.pop()) {
    if (stage === undefined || seen.has(stage)) continue;
    seen.add(stage);
    needed.push(stage.parent);
    for (const instruction of stage.instructions)
      for (const name of stageNames(instruction)) needed.push(file.findStage(name, stage.index));
  }
  return seen;
}

function stageNames(outer: Instruction): readonly string[] {
  if (outer.keyword !== 'ONBUILD' && outer.flags.length === 0) return NO_NAMES;
  const instruction = outer.keyword === 'ONBUILD' ? outer.instruction : outer;
  if (instruction?.keyword === 'COPY' || instruction?.keyword === 'ADD')
    return fromOf(instruction)?.name === undefined ? [] : [fromOf(instruction)?.name ?? ''];
  if (instruction?.keyword !== 'RUN') return [];
  return mountsOf(instruction).flatMap((mount) => mountField(mount, 'from')?.value ?? []);
}

const unreachableStage: Rule = {
  code: 'SL1501',
  source: 'slipway',
  severity: 'warning',
  title: 'Nothing uses this stage, and it has no name to ask for it',
  why: 'The last stage does not need it, and without a name `--target` can hardly reach it. The builder skips it.',
  bad: 'FROM alpine:3.22\nRUN make\n\nFROM alpine:3.22\nCMD ["app"]\n',
  good: 'FROM alpine:3.22 AS build\nRUN make\n\nFROM alpine:3.22\nCOPY --from=build /app /app\nCMD ["app"]\n',
  tags: ['unnecessary'],
  looksAt: ['COPY', 'ADD', 'RUN', 'ONBUILD'],
  checkFile: (file, report) => {
    const used = reachable(file);
    for (const stage of file.stages)
      if (!used.has(stage) && stage.name === '') report(stage.from, stage.from.keywordSpan);
  },
};

const unusedStage: Rule = {
  code: 'SL1502',
  source: 'slipway',
  severity: 'style',
  title: 'The last stage does not use this stage: only --target builds it',
  why: 'That is what test and development stages are for. If it is not one of those, a `--from` or a FROM is missing.',
  bad: 'FROM alpine:3.22 AS build\nRUN make\n\nFROM alpine:3.22\nCMD ["app"]\n',
  good: 'FROM alpine:3.22 AS build\nRUN make\n\nFROM build\nCMD ["app"]\n',
  looksAt: ['COPY', 'ADD', 'RUN', 'ONBUILD'],
  checkFile: (file, report) => {
    const used = reachable(file);
    for (const stage of file.stages) {
      if (!used.has(stage) && stage.from.name !== undefined)
        report(stage.from, stage.from.name.span, {
          message: `The last stage does not use ${stage.name}: only --target=${stage.name} builds it`,
        });
    }
  },
};

const onbuildFrom: Rule = {
  code: 'SL1601',
  source: 'slipway',
  severity: 'warning',
  title: 'The trigger needs a stage that the file which builds on this image does not have',
  why: 'ONBUILD runs in the build of another file, where the stages of this one do not exist: the name is then taken for an image.',
  bad: 'FROM alpine:3.22 AS tools\nRUN make\n\nFROM alpine:3.22\nONBUILD COPY --from=tools /bin/tool /bin/tool\n',
  good: 'FROM alpine:3.22 AS tools\nRUN make\n\nFROM alpine:3.22\nCOPY --from=tools /bin/tool /bin/tool\n',
  looksAt: ['ONBUILD'],
  byStage: true,
  checkFile: (file, report) => {
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        const inner = instruction.keyword === 'ONBUILD' ? instruction.instruction : undefined;
        const from = inner?.keyword === 'COPY' || inner?.keyword === 'ADD' ? fromOf(inner) : undefined;
        if (from !== undefined && file.findStage(from.name, stage.index + 1) !== undefined)
          report(instruction, from.span);
      }
    }
  },
};

const onbuildBase: Rule = {
  code: 'SL1602',
  source: 'slipway',
  severity: 'info',
  title: 'The base image runs its own instructions here',
  why: 'An image with ONBUILD triggers copies and runs things in every file that builds on it, unseen. Official images have given up their `-onbuild` tags for that reason.',
  bad: 'FROM python:3.5-onbuild\n',
  good: 'FROM python:3.13-slim\n',
  looksAt: [],
  checkFile: (file, report) => {
    for (const { from, parent, base, image } of file.stages) {
      if (from.image === undefined || parent !== undefined) continue;
      const triggers = file.knowledge.image?.(base, undefined)?.onbuild ?? [];
      if (triggers.length === 0 && !/(^|-)onbuild$/.test(image.tag ?? '')) continue;
      const list = triggers.length === 0 ? '' : `: ${triggers.join('; ')}`;
      report(from, from.image.span, { message: `The base image runs its own instructions here${list}` });
    }
  },
};

export const imageRules: readonly Rule[] = [
  outdatedBase,
  movedTag,
  unreachableStage,
  unusedStage,
  onbuildFrom,
  onbuildBase,
];
