// Definition, type definition, references, highlight, linked editing, rename: all from what a position names.
import {
  type DocumentHighlight,
  DocumentHighlightKind,
  ErrorCodes,
  type LinkedEditingRanges,
  type Location,
  type LocationLink,
  type Position,
  type Range,
  ResponseError,
  type TextEdit,
} from 'vscode-languageserver';
import type { OpenDocument } from '../open_document.ts';
import { type NamedSymbol, occurrencesOf, type Place, placeOf, symbolAt } from './symbol.ts';

/** Where the thing at the position is made: the stage's FROM, the variable's ARG or ENV, the heredoc's marker. */
export function definition(open: OpenDocument, position: Position): LocationLink[] {
  const symbol = symbolAt(open, open.offset(position));
  const target = symbol && definitionOf(symbol);
  if (symbol === undefined || target === undefined) return [];
  return [link(open, symbol.place, target)];
}

/** The base of the stage at the position: the parent stage, or the FROM that names the image. */
export function typeDefinition(open: OpenDocument, position: Position): LocationLink[] {
  const offset = open.offset(position);
  const symbol = symbolAt(open, offset);
  if (symbol?.kind !== 'stage') return [];
  const { base, from } = symbol.stage;
  // On a reference the stage itself is the type; on the stage's own name it is what the stage stands on.
  const own = from.name !== undefined && symbol.place.start === from.start + from.name.span.start;
  const target = own ? base : symbol.stage;
  if (target !== undefined) return [link(open, symbol.place, fromOf(target.from))];
  return from.image === undefined ? [] : [link(open, symbol.place, { whole: placeOf(from, from.image.span) })];
}

interface Target {
  readonly whole: Place;
  readonly name?: Place;
}

function definitionOf(symbol: NamedSymbol): Target | undefined {
  switch (symbol.kind) {
    case 'stage':
      return fromOf(symbol.stage.from);
    case 'heredoc':
      return { whole: placeOf(symbol.instruction, symbol.heredoc.span) };
    case 'variable': {
      const { binding } = symbol;
      if (binding?.pair === undefined || binding.instruction === undefined) return undefined;
      // `ARG NAME` in a stage repeats the global one: on its own name, that is where to go.
      const own = placeOf(binding.instruction, binding.pair.key.span);
      const global = own.start === symbol.place.start ? binding.global : undefined;
      const { instruction, pair } = global?.pair === undefined ? binding : global;
      if (instruction === undefined || pair === undefined) return undefined;
      return { whole: placeOf(instruction, pair.span), name: placeOf(instruction, pair.key.span) };
    }
    case 'image':
      return undefined;
  }
}

function fromOf(from: Parameters<typeof placeOf>[0] & { name?: { span: { start: number; end: number } } }): Target {
  const whole = { start: from.start, end: from.start + from.source.length };
  return from.name === undefined ? { whole } : { whole, name: placeOf(from, from.name.span) };
}

function link(open: OpenDocument, origin: Place, target: Target): LocationLink {
  const range = (place: Place): Range => open.view.range(place.start, place.end);
  return {
    originSelectionRange: range(origin),
    targetUri: open.uri,
    targetRange: range(target.whole),
    targetSelectionRange: range(target.name ?? target.whole),
  };
}

export function references(open: OpenDocument, position: Position, includeDeclaration: boolean): Location[] {
  const symbol = symbolAt(open, open.offset(position));
  if (symbol === undefined) return [];
  return occurrencesOf(open, symbol)
    .filter(({ access }) => includeDeclaration || access === 'read')
    .map(({ start, end }) => ({ uri: open.uri, range: open.view.range(start, end) }));
}

export function highlights(open: OpenDocument, position: Position): DocumentHighlight[] {
  const symbol = symbolAt(open, open.offset(position));
  if (symbol === undefined) return [];
  return occurrencesOf(open, symbol).map(({ start, end, access }) => ({
    range: open.view.range(start, end),
    kind: access === 'write' ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
  }));
}

/** Names that are the same text everywhere: a stage's own name with its uses, a heredoc's two ends. */
export function linkedEditing(open: OpenDocument, position: Position): LinkedEditingRanges | null {
  const symbol = symbolAt(open, open.offset(position));
  if (symbol === undefined || (symbol.kind !== 'stage' && symbol.kind !== 'heredoc')) return null;
  const places = renamable(open, symbol);
  const texts = new Set(places.map(({ start, end }) => open.text.slice(start, end)));
  if (places.length < 2 || texts.size > 1) return null;
  return {
    ranges: places.map(({ start, end }) => open.view.range(start, end)),
    wordPattern: symbol.kind === 'stage' ? '[A-Za-z][A-Za-z0-9-_.]*' : '[A-Za-z0-9_.-]+',
  };
}

export function prepareRename(open: OpenDocument, position: Position): { range: Range; placeholder: string } | null {
  const symbol = symbolAt(open, open.offset(position));
  if (symbol === undefined || refusal(symbol) !== undefined) return null;
  const { start, end } = symbol.place;
  const here = renamable(open, symbol).some((place) => place.start === start);
  return here ? { range: open.view.range(start, end), placeholder: open.text.slice(start, end) } : null;
}

/** The edits that give the thing at the position another name. Throws a ResponseError that says why it cannot be done. */
export function rename(open: OpenDocument, position: Position, newName: string): TextEdit[] {
  const symbol = symbolAt(open, open.offset(position));
  if (symbol === undefined) throw refused('cannot rename: no stage, variable or heredoc here');
  const why = refusal(symbol) ?? badName(open, symbol, newName);
  if (why !== undefined) throw refused(why);
  return renamable(open, symbol).map(({ start, end }) => ({ range: open.view.range(start, end), newText: newName }));
}

/** The occurrences that spell the name. A stage may also be meant by its number or by a variable. */
function renamable(open: OpenDocument, symbol: NamedSymbol): Place[] {
  const places = occurrencesOf(open, symbol);
  if (symbol.kind !== 'stage') return places;
  return places.filter(({ start, end }) => open.text.slice(start, end).toLowerCase() === symbol.stage.name);
}

function refusal(symbol: NamedSymbol): string | undefined {
  switch (symbol.kind) {
    case 'image':
      return 'cannot rename an image: it has its name from a registry';
    case 'stage':
      return symbol.stage.name === undefined ? 'cannot rename: the stage has no name; add AS and a name' : undefined;
    case 'variable':
      return symbol.binding?.pair === undefined
        ? `cannot rename ${symbol.name}: no ARG or ENV of this file sets it`
        : undefined;
    case 'heredoc':
      return undefined;
  }
}

function badName(open: OpenDocument, symbol: NamedSymbol, name: string): string | undefined {
  if (symbol.kind === 'stage') {
    if (!/^[a-z][a-z0-9-_.]*$/i.test(name)) {
      return `cannot rename to ${name}: a stage's name begins with a letter and has letters, digits, "-", "_" and "."`;
    }
    const taken = open.model.stages.some((stage) => stage !== symbol.stage && stage.name === name.toLowerCase());
    return taken ? `cannot rename to ${name}: another stage has that name` : undefined;
  }
  if (symbol.kind === 'variable' && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return `cannot rename to ${name}: a variable's name has letters, digits and "_" and begins with no digit`;
  }
  if (symbol.kind !== 'heredoc') return undefined;
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) return `cannot rename to ${name}: choose letters, digits, "_", "." and "-"`;
  const { body } = symbol.heredoc;
  const { source } = symbol.instruction;
  const lines = source.slice(body.start, body.end).split(/\r?\n/);
  return lines.some((line) => line.trim() === name)
    ? `cannot rename to ${name}: a line of the heredoc is that word`
    : undefined;
}

function refused(message: string): ResponseError<void> {
  return new ResponseError(ErrorCodes.InvalidParams, message);
}
