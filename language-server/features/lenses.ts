// Code lenses and inlay hints of a Dockerfile.
import { type CodeLens, type InlayHint, InlayHintKind, type Position, type Range } from 'vscode-languageserver';
import type { Instruction, Word } from '../../runtime/dockerfile/ast.ts';
import { variablesOf } from '../../runtime/dockerfile/variables.ts';
import type { PlannedStep } from '../../runtime/protocol/build.ts';
import type { ImageInspect } from '../../runtime/protocol/image.ts';
import type { OpenDocument } from '../open_document.ts';
import { commands } from '../protocol.ts';

/** Build and run, above each FROM. The client must have said that it knows the commands. */
export function codeLenses(open: OpenDocument): CodeLens[] {
  return open.model.stages.flatMap((stage) => {
    const range = open.range(stage.from, stage.from.keywordSpan);
    const target = stage.name ?? String(stage.index);
    const lens = (title: string, command: string): CodeLens => ({
      range,
      command: { title, command, arguments: [{ uri: open.uri, target }] },
    });
    return [lens('$(tools) Build', commands.buildStage), lens('$(play) Run', commands.runStage)];
  });
}

/** What the builder makes of words with variables, where the file tells. */
export function variableHints(open: OpenDocument, range: Range): InlayHint[] {
  const hints: InlayHint[] = [];
  for (const instruction of instructionsIn(open, range)) {
    if (!variablesOf(instruction).some(({ by }) => by === 'builder')) continue;
    for (const word of expandedWords(instruction)) {
      const value = word.raw.includes('$') ? open.scopes.expand(word.raw, instruction) : undefined;
      if (value === undefined || value === word.raw || value === '') continue;
      hints.push({
        position: open.view.position(instruction.start + word.span.end),
        label: `= ${value.length > 60 ? `${value.slice(0, 59)}…` : value}`,
        kind: InlayHintKind.Type,
        paddingLeft: true,
        tooltip: value,
      });
    }
  }
  return hints;
}

function instructionsIn(open: OpenDocument, range: Range): Instruction[] {
  return open.document.instructions.filter(({ startLine, start, source }) => {
    return startLine <= range.end.line && open.document.lineAt(start + source.length) >= range.start.line;
  });
}

/** The words that the builder expands one by one. */
function expandedWords(instruction: Instruction): readonly Word[] {
  switch (instruction.keyword) {
    case 'FROM':
      return instruction.image === undefined ? [] : [instruction.image];
    case 'ARG':
    case 'ENV':
    case 'LABEL':
      return instruction.pairs.flatMap(({ value }) => value ?? []);
    case 'COPY':
    case 'ADD':
      return instruction.json
        ? []
        : [...instruction.sources, ...(instruction.destination ? [instruction.destination] : [])];
    case 'EXPOSE':
    case 'VOLUME':
      return instruction.json ? [] : instruction.words;
    case 'USER':
    case 'WORKDIR':
    case 'STOPSIGNAL':
      return instruction.value === undefined ? [] : [instruction.value];
    default:
      return [];
  }
}

/** What the engine says of each instruction: cached or not and why, the layer's size, how long it took last. */
export function planHints(
  open: OpenDocument,
  range: Range,
  steps: { get(instruction: Instruction): PlannedStep | undefined },
): InlayHint[] {
  return instructionsIn(open, range).flatMap((instruction) => {
    const step = steps.get(instruction);
    if (step === undefined) return [];
    const hint: InlayHint = { position: firstLineEnd(open, instruction), label: planLabel(step), paddingLeft: true };
    return [step.Reason === undefined ? hint : { ...hint, tooltip: step.Reason }];
  });
}

function firstLineEnd(open: OpenDocument, instruction: Instruction): Position {
  const newline = instruction.source.search(/[\r\n]/);
  return open.view.position(instruction.start + (newline < 0 ? instruction.source.length : newline));
}

function planLabel(step: PlannedStep): string {
  if (step.Skipped) return 'not needed';
  const parts = [step.Cached ? 'cached' : 'not cached'];
  if (!step.Cached && step.Reason !== undefined) parts.push(step.Reason);
  if (step.LayerSize !== undefined) parts.push(formatBytes(step.LayerSize));
  if (step.LastDuration !== undefined) parts.push(`${(step.LastDuration / 1000).toFixed(1)} s`);
  return parts.join(' · ');
}

/** What is known of images: at once from the local store, and of registries what they have answered so far. */
export interface ImageSource {
  image(reference: string): Promise<ImageInspect | undefined>;
  registryImageIfKnown(reference: string): { digest: string; lastPushed: string | undefined } | undefined;
}

/** Behind each FROM of an image: the digest behind the tag, when the image was made, and when it was last pushed. */
export async function imageHints(open: OpenDocument, range: Range, images: ImageSource): Promise<InlayHint[]> {
  const hints: InlayHint[] = [];
  for (const { from, base, baseName } of open.model.stages) {
    if (base !== undefined || from.image === undefined || baseName === 'scratch') continue;
    if (from.startLine < range.start.line || from.startLine > range.end.line) continue;
    const local = await images.image(baseName);
    const remote = images.registryImageIfKnown(baseName);
    const digest = local?.RepoDigests[0]?.split('@')[1] ?? remote?.digest;
    if (digest === undefined) continue;
    const parts = [digest.slice(0, 19)];
    if (local !== undefined) parts.push(local.Created.slice(0, 10));
    if (remote?.lastPushed !== undefined) parts.push(`pushed ${remote.lastPushed.slice(0, 10)}`);
    hints.push({
      position: open.view.position(from.start + from.image.span.end),
      label: parts.join(' · '),
      paddingLeft: true,
      tooltip: digest,
    });
  }
  return hints;
}

/** Bytes for people, in the units of `docker images`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}
