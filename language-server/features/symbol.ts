// What a position names: a stage, a variable, a heredoc, an image; and everywhere that it is named.
import type { Heredoc, Instruction, Span } from '../../runtime/dockerfile/ast.ts';
import type { Binding, Scopes } from '../../runtime/dockerfile/scope.ts';
import {
  findStage,
  referencesIn,
  type Stage,
  type StageModel,
  type StageReference,
  sourcesOf,
  stageOf,
} from '../../runtime/dockerfile/stages.ts';
import { variablesOf } from '../../runtime/dockerfile/variables.ts';
import { contains, type OpenDocument } from '../open_document.ts';

export type NamedSymbol =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly place: Place }
  | { readonly kind: 'image'; readonly name: string; readonly place: Place }
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly binding: Binding | undefined;
      /** The instruction in which it is looked up. */
      readonly instruction: Instruction;
      readonly place: Place;
    }
  | { readonly kind: 'heredoc'; readonly heredoc: Heredoc; readonly instruction: Instruction; readonly place: Place };

/** A stretch of the document in absolute offsets. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export interface Occurrence extends Place {
  readonly access: 'read' | 'write';
}

export function placeOf(instruction: Instruction, span: Span): Place {
  return { start: instruction.start + span.start, end: instruction.start + span.end };
}

/** What stands at an absolute offset. */
export function symbolAt(open: OpenDocument, offset: number): NamedSymbol | undefined {
  const found = open.at(offset);
  if (found === undefined) return undefined;
  const { outer, instruction, relative } = found;
  return (
    variableAt(open, outer, instruction, relative) ??
    stageAt(open, outer, instruction, relative) ??
    heredocAt(outer, relative)
  );
}

function variableAt(
  open: OpenDocument,
  outer: Instruction,
  instruction: Instruction,
  offset: number,
): NamedSymbol | undefined {
  for (const { name, nameSpan, span } of variablesOf(instruction)) {
    // The dollar sign and the brace belong to the name for a person who points at them.
    if (!contains({ start: span.start, end: nameSpan.end }, offset)) continue;
    const binding = open.scopes.lookup(name, outer);
    return { kind: 'variable', name, binding, instruction: outer, place: placeOf(outer, nameSpan) };
  }
  if (instruction !== outer || (instruction.keyword !== 'ARG' && instruction.keyword !== 'ENV')) return undefined;
  for (const pair of instruction.pairs) {
    if (!contains(pair.key.span, offset)) continue;
    const binding = open.scopes.all().find((known) => known.pair === pair);
    if (binding === undefined) continue;
    return { kind: 'variable', name: binding.name, binding, instruction, place: placeOf(instruction, pair.key.span) };
  }
  return undefined;
}

function stageAt(
  open: OpenDocument,
  outer: Instruction,
  instruction: Instruction,
  offset: number,
): NamedSymbol | undefined {
  const { model } = open;
  const user = stageOf(model, outer);
  if (user === undefined) return undefined;
  if (instruction.keyword === 'FROM') {
    if (contains(instruction.name?.span, offset) && instruction.name !== undefined) {
      return { kind: 'stage', stage: user, place: placeOf(outer, instruction.name.span) };
    }
    if (instruction.image === undefined || !contains(instruction.image.span, offset)) return undefined;
    const place = placeOf(outer, instruction.image.span);
    return user.base === undefined
      ? { kind: 'image', name: user.baseName, place }
      : { kind: 'stage', stage: user.base, place };
  }
  const source = sourcesOf(instruction).find(({ span }) => contains(span, offset));
  if (source === undefined) return undefined;
  const stage = findStage(model, user, source.name);
  const place = placeOf(outer, source.span);
  return stage === undefined ? { kind: 'image', name: source.name, place } : { kind: 'stage', stage, place };
}

function heredocAt(instruction: Instruction, offset: number): NamedSymbol | undefined {
  for (const heredoc of instruction.heredocs) {
    for (const span of [heredoc.nameSpan, heredoc.terminator]) {
      if (span === undefined || !contains(span, offset)) continue;
      return { kind: 'heredoc', heredoc, instruction, place: placeOf(instruction, span) };
    }
  }
  return undefined;
}

/** Everywhere in the document that the symbol is named, in order. */
export function occurrencesOf(open: OpenDocument, symbol: NamedSymbol): Occurrence[] {
  switch (symbol.kind) {
    case 'stage':
      return stageOccurrences(open.model, symbol.stage);
    case 'image':
      return imageOccurrences(open.model, symbol.name);
    case 'heredoc':
      return heredocOccurrences(symbol.instruction, symbol.heredoc);
    case 'variable':
      return variableOccurrences(open, symbol);
  }
}

function stageOccurrences(model: StageModel, stage: Stage): Occurrence[] {
  const found: Occurrence[] = [];
  if (stage.from.name !== undefined) found.push({ ...placeOf(stage.from, stage.from.name.span), access: 'write' });
  for (const reference of stageUses(model, stage)) {
    found.push({ ...placeOf(reference.instruction, reference.span), access: 'read' });
  }
  return found;
}

/** The places that take something from the stage. */
export function stageUses(model: StageModel, stage: Stage): StageReference[] {
  return model.stages
    .slice(stage.index)
    .flatMap((user) => referencesIn(model, user).filter((reference) => reference.stage === stage));
}

function imageOccurrences(model: StageModel, name: string): Occurrence[] {
  return model.stages.flatMap((user) =>
    referencesIn(model, user)
      .filter((reference) => reference.stage === undefined && reference.name === name)
      .map((reference) => ({ ...placeOf(reference.instruction, reference.span), access: 'read' as const })),
  );
}

function heredocOccurrences(instruction: Instruction, heredoc: Heredoc): Occurrence[] {
  const opening = { ...placeOf(instruction, heredoc.nameSpan), access: 'write' as const };
  if (heredoc.terminator === undefined) return [opening];
  return [opening, { ...placeOf(instruction, heredoc.terminator), access: 'read' }];
}

function variableOccurrences(open: OpenDocument, symbol: NamedSymbol & { kind: 'variable' }): Occurrence[] {
  const { scopes, model, document } = open;
  const families = new Families(scopes, model);
  const wanted = families.of(symbol.binding, symbol.name, symbol.instruction);
  const found: Occurrence[] = [];
  const bindings = new Map(
    scopes
      .all()
      .filter(({ name }) => name === symbol.name)
      .map((binding) => [binding.pair, binding]),
  );
  for (const instruction of document.instructions) {
    if (!instruction.source.includes(symbol.name)) continue;
    if (instruction.keyword === 'ARG' || instruction.keyword === 'ENV') {
      for (const pair of instruction.pairs) {
        const binding = bindings.get(pair);
        if (binding === undefined || families.of(binding, symbol.name, instruction) !== wanted) continue;
        found.push({ ...placeOf(instruction, pair.key.span), access: 'write' });
      }
    }
    for (const { name, nameSpan } of variablesOf(instruction)) {
      if (name !== symbol.name) continue;
      if (families.of(scopes.lookup(name, instruction), name, instruction) !== wanted) continue;
      found.push({ ...placeOf(instruction, nameSpan), access: 'read' });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/**
 * Which bindings are one variable: a global ARG and the ARGs of stages that repeat it; all ENVs of a name along stages that
 * stand on each other. ARG and ENV of one name are two variables, of which ENV wins.
 */
class Families {
  readonly #scopes: Scopes;
  readonly #model: StageModel;

  constructor(scopes: Scopes, model: StageModel) {
    this.#scopes = scopes;
    this.#model = model;
  }

  of(binding: Binding | undefined, name: string, instruction: Instruction): string {
    if (binding === undefined) {
      const stage = stageOf(this.#model, instruction);
      // What no ARG or ENV sets is the shell's own: it lives and dies with the command.
      return `unset ${stage?.index ?? ''} ${instruction.start}`;
    }
    if (binding.kind !== 'arg' && binding.kind !== 'env') return binding.kind;
    if (binding.kind === 'arg' && (binding.stage === undefined || binding.global !== undefined)) return 'global';
    let root = binding.stage;
    for (let stage = binding.stage; stage !== undefined; stage = stage.base) {
      const above = this.#scopes.firstIn(stage, name, binding.kind);
      if (above?.global !== undefined) return 'global';
      if (above !== undefined) root = stage;
    }
    return `${binding.kind} ${root?.index ?? ''}`;
  }
}
