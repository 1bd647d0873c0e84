// Hover: instructions, flags, mounts, variables with their values, stages, images.
import type { Hover, Position } from 'vscode-languageserver';
import type { Instruction, Item, Span } from '../../runtime/dockerfile/ast.ts';
import { isHeredocMarker } from '../../runtime/dockerfile/heredoc.ts';
import { mountsOf } from '../../runtime/dockerfile/mount.ts';
import { neededStages } from '../../runtime/dockerfile/stages.ts';
import { platformArgumentDocs, predefinedArgumentDoc } from '../docs/values.ts';
import { contains, type OpenDocument } from '../open_document.ts';
import type { Services } from '../services.ts';
import { describe } from './completion_variables.ts';
import { directiveMarkdown, flagMarkdown, instructionMarkdown, mountMarkdown, ruleMarkdown } from './documentation.ts';
import { imagePage } from './image_pages.ts';
import { formatBytes } from './lenses.ts';
import { type NamedSymbol, type Place, placeOf, stageUses, symbolAt } from './symbol.ts';

export async function hover(open: OpenDocument, position: Position, services: Services): Promise<Hover | null> {
  const offset = open.offset(position);
  const item = open.document.itemAt(offset);
  if (item === undefined || offset < item.start) return null;
  if (item.kind !== 'instruction') return commentHover(open, item, offset);
  const symbol = symbolAt(open, offset);
  if (symbol !== undefined) {
    const value = await symbolMarkdown(open, symbol, services);
    if (value !== undefined) return markdown(open, value, symbol.place);
  }
  const found = open.at(offset);
  return found === undefined ? null : instructionHover(open, found.outer, found.instruction, found.relative);
}

function markdown(open: OpenDocument, value: string, place: Place): Hover {
  return { contents: { kind: 'markdown', value }, range: open.view.range(place.start, place.end) };
}

function commentHover(open: OpenDocument, item: Item, offset: number): Hover | null {
  if (item.kind === 'directive' && contains(item.nameSpan, offset - item.start)) {
    const value = directiveMarkdown(item.name);
    return value === undefined
      ? null
      : markdown(open, value, { start: item.start, end: item.start + item.nameSpan.end });
  }
  // A rule's code in `# check=skip=…` or `# hadolint ignore=…`.
  for (const match of item.source.matchAll(/[A-Za-z]+\d*/g)) {
    const span = { start: match.index, end: match.index + match[0].length };
    const value = contains(span, offset - item.start) ? ruleMarkdown(match[0]) : undefined;
    if (value !== undefined)
      return markdown(open, value, { start: item.start + span.start, end: item.start + span.end });
  }
  return null;
}

function instructionHover(
  open: OpenDocument,
  outer: Instruction,
  instruction: Instruction,
  offset: number,
): Hover | null {
  const show = (value: string | undefined, span: Span): Hover | null =>
    value === undefined ? null : markdown(open, value, placeOf(outer, span));
  if (contains(instruction.keywordSpan, offset)) {
    return show(instructionMarkdown(instruction.keyword), instruction.keywordSpan);
  }
  for (const mount of mountsOf(instruction)) {
    for (const field of mount.fields) {
      if (contains(field.keySpan, offset)) return show(mountMarkdown(mount.type ?? '', field.name), field.keySpan);
      if (field.name === 'type' && field.valueSpan !== undefined && contains(field.valueSpan, offset)) {
        return show(mountMarkdown(mount.type ?? '', 'type'), field.valueSpan);
      }
    }
  }
  for (const flag of instruction.flags) {
    const span = { start: flag.span.start, end: flag.nameSpan.end };
    if (contains(span, offset)) return show(flagMarkdown(instruction.keyword, flag.name), span);
  }
  if (instruction.keyword === 'FROM' && instruction.as !== undefined && contains(instruction.as.span, offset)) {
    return show(
      '**AS** names the stage, for `FROM name`, `COPY --from=name` and `--target name`.',
      instruction.as.span,
    );
  }
  return argHover(open, outer, instruction, offset);
}

/** `ARG HTTP_PROXY` and its kin: predefined names. */
function argHover(open: OpenDocument, outer: Instruction, instruction: Instruction, offset: number): Hover | null {
  if (instruction.keyword !== 'ARG') return null;
  const pair = instruction.pairs.find(({ key }) => contains(key.span, offset));
  const doc = pair && predefinedArgumentDoc(pair.key.raw);
  return pair === undefined || doc === undefined
    ? null
    : markdown(open, `**${pair.key.raw}** predefined\n\n${doc}`, placeOf(outer, pair.key.span));
}

async function symbolMarkdown(
  open: OpenDocument,
  symbol: NamedSymbol,
  services: Services,
): Promise<string | undefined> {
  switch (symbol.kind) {
    case 'variable':
      return variableMarkdown(open, symbol);
    case 'stage':
      return stageMarkdown(open, symbol.stage);
    case 'image':
      return imageMarkdown(symbol.name, services);
    case 'heredoc': {
      const { heredoc } = symbol;
      const parts = [
        heredoc.expand ? 'variables in it are replaced' : 'quoted: variables in it stay as they are',
        ...(heredoc.chomp ? ['leading tabs are taken off'] : []),
      ];
      const kind = isHeredocMarker(`<<${heredoc.name}`) ? 'Heredoc' : 'Text';
      return `**${kind} ${heredoc.name}**: ${parts.join('; ')}.`;
    }
  }
}

function variableMarkdown(open: OpenDocument, symbol: NamedSymbol & { kind: 'variable' }): string | undefined {
  const { name, binding } = symbol;
  const known = predefinedArgumentDoc(name);
  if (binding === undefined) {
    return known === undefined ? undefined : `**${name}** predefined\n\n${known}`;
  }
  const value = open.scopes.value(binding);
  const lines = [`**${name}** ${describe(binding)}`];
  if (binding.kind === 'platform') lines[0] = `**${name}** predefined`;
  if (value !== undefined) lines.push(codeBlock(value === '' ? '(empty)' : value));
  else if (binding.pair?.value !== undefined) lines.push(codeBlock(binding.pair.value.raw));
  else if (binding.kind === 'arg') lines.push('No default: empty unless `--build-arg` sets it.');
  if (binding.instruction !== undefined) {
    const line = binding.instruction.startLine + 1;
    const stage =
      binding.stage === undefined ? 'before the first stage' : `in stage ${binding.stage.name ?? binding.stage.index}`;
    lines.push(`Set on [line ${line}](${open.uri}#L${line}), ${stage}.`);
  }
  if (binding.global?.instruction !== undefined) {
    const line = binding.global.instruction.startLine + 1;
    lines.push(`Default from [line ${line}](${open.uri}#L${line}).`);
  }
  const doc =
    (platformArgumentDocs as Readonly<Record<string, string>>)[name] ?? (binding.kind === 'proxy' ? known : undefined);
  if (doc !== undefined) lines.push(doc);
  return lines.join('\n\n');
}

function codeBlock(text: string): string {
  const cut = text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
  return `\`\`\`\n${cut.replaceAll('```', '` ` `')}\n\`\`\``;
}

function stageMarkdown(open: OpenDocument, stage: Parameters<typeof stageUses>[1]): string {
  const { model } = open;
  const name = stage.name ?? String(stage.index);
  const line = stage.from.startLine + 1;
  const uses = stageUses(model, stage).length;
  const needs = [...neededStages(model, stage)]
    .filter((other) => other !== stage)
    .map((other) => other.name ?? other.index);
  const lines = [
    `**Stage ${name}** on \`${stage.baseName}\``,
    `Begins on [line ${line}](${open.uri}#L${line}), has ${count(stage.instructions.length, 'instruction')}, is used ${count(uses, 'time')}.`,
  ];
  if (needs.length > 0) lines.push(`Needs ${needs.map((other) => `\`${other}\``).join(', ')}.`);
  const last = model.stages.at(-1);
  if (last !== undefined && last !== stage && !neededStages(model, last).has(stage)) {
    lines.push('The last stage does not need it: it is only built with `--target`.');
  }
  return lines.join('\n\n');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

async function imageMarkdown(name: string, services: Services): Promise<string | undefined> {
  if (name === 'scratch') return '**scratch** is the empty image: nothing is in it, not even a shell.';
  if (name === '') return undefined;
  const page = imagePage(name);
  const lines = [page === undefined ? `**${name}**` : `**[${name}](${page})**`];
  const image = await services.engine.image(name);
  if (image !== undefined) {
    const platform = [image.Os, image.Architecture, image.Variant].filter((part) => part !== undefined && part !== '');
    const digest = image.RepoDigests[0]?.split('@')[1];
    lines.push(
      [
        `- size ${formatBytes(image.Size)}`,
        `- created ${image.Created.slice(0, 10)}`,
        `- platform ${platform.join('/')}`,
        ...(digest === undefined ? [] : [`- digest \`${digest}\``]),
      ].join('\n'),
    );
  }
  return lines.join('\n\n');
}
