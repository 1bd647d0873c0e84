// Completion of variables behind `$` and `${`.
import { CompletionItemKind } from 'vscode-languageserver';
import type { Binding } from '../../runtime/dockerfile/scope.ts';
import { platformArgumentDocs } from '../docs/values.ts';
import type { Cursor } from './completion.ts';
import { builderAt } from './completion.ts';
import type { CompletionBuilder, CompletionSupport } from './completion_list.ts';

/** The variables in scope; undefined when no variable is being written. */
export function completeVariables(cursor: Cursor, support: CompletionSupport): CompletionBuilder | undefined {
  const match = /(?<!\\)\$(\{?)([A-Za-z0-9_]*)$/.exec(cursor.before.slice(-200));
  if (match === null || !mayHaveVariables(cursor)) return undefined;
  const [written, brace = '', name = ''] = match;
  const builder = builderAt(cursor, name.length, support);
  const after = cursor.open.text[cursor.offset];
  const close = brace !== '' && after !== '}' ? '}' : '';
  for (const binding of visible(cursor)) {
    const value = cursor.open.scopes.value(binding);
    builder.add({
      label: binding.name,
      kind: CompletionItemKind.Variable,
      text: binding.name + close,
      detail: value === undefined ? describe(binding) : `${describe(binding)}: ${value}`,
    });
  }
  if (written.length === 0) return undefined;
  return builder;
}

/** CMD and its kin see variables in the container; a plain `$` in MAINTAINER, SHELL or a comment means nothing. */
function mayHaveVariables({ instruction, before }: Cursor): boolean {
  if (['MAINTAINER', 'SHELL', 'UNKNOWN'].includes(instruction.keyword)) return false;
  const single = before.match(/'/g)?.length ?? 0;
  const double = before.match(/"/g)?.length ?? 0;
  return single % 2 === 0 || double % 2 === 1;
}

/** Nearest first: the stage's own before what it inherits, then what is predefined. */
function visible({ open, outer }: Cursor): Binding[] {
  const bindings = [...open.scopes.visible(outer).values()];
  const rank = (binding: Binding): number => (binding.instruction === undefined ? -1 : binding.instruction.start);
  bindings.sort((a, b) => rank(b) - rank(a));
  return bindings;
}

export function describe(binding: Binding): string {
  switch (binding.kind) {
    case 'arg':
      return binding.stage === undefined ? 'global ARG' : 'ARG';
    case 'env':
      return 'ENV';
    case 'platform':
      return (platformArgumentDocs as Readonly<Record<string, string>>)[binding.name] ?? 'predefined';
    case 'proxy':
      return 'proxy of the build';
    case 'default':
      return 'set by the base image or the builder';
  }
}
