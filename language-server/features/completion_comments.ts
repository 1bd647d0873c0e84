// Completion in comments: parser directives at the top, and the comments that other tools read.
import { CompletionItemKind } from 'vscode-languageserver';
import type { Item } from '../../runtime/dockerfile/ast.ts';
import { directiveDocs } from '../docs/flags.ts';
import { rules } from '../lint/registry.ts';
import type { OpenDocument } from '../open_document.ts';
import { builderFor } from './completion.ts';
import type { CompletionBuilder, CompletionSupport } from './completion_list.ts';

export function completeComment(
  open: OpenDocument,
  item: Item,
  offset: number,
  support: CompletionSupport,
): CompletionBuilder {
  const before = open.text.slice(item.start, offset);
  const value = /^#\s*(syntax|escape|check)\s*=\s*(.*)$/i.exec(before);
  if (value !== null) return completeValue(open, value[1]?.toLowerCase() ?? '', value[2] ?? '', offset, support);
  const ignore = /^#\s*hadolint\s+(?:(?:global|stage)\s+)?ignore\s*=\s*(?:[A-Z0-9]+\s*,\s*)*([A-Z0-9]*)$/i.exec(before);
  if (ignore !== null) {
    const builder = builderFor(open, offset - (ignore[1]?.length ?? 0), offset, support);
    addRules(builder, ({ source }) => source === 'hadolint' || source === 'shellcheck');
    return builder;
  }
  const written = /^#\s*(\S*(?:\s\S*){0,2})$/.exec(before)?.[1];
  const builder = builderFor(open, offset - (written?.length ?? 0), offset, support);
  if (written === undefined) return builder;
  if (atTop(open, item)) {
    for (const [name, { text }] of Object.entries(directiveDocs)) {
      if (open.document.directive(name as keyof typeof directiveDocs) !== undefined) continue;
      const key = { of: 'directive', name } as const;
      builder.add({ label: `${name}=`, kind: CompletionItemKind.Property, detail: text, key, again: true });
    }
  }
  const kind = CompletionItemKind.Keyword;
  builder.add({ label: 'check=skip=', kind, detail: 'leaves build checks out for the next instruction', again: true });
  builder.add({ label: 'hadolint ignore=', kind, detail: 'leaves rules out for the next instruction', again: true });
  builder.add({ label: 'hadolint global ignore=', kind, detail: 'leaves rules out in this file', again: true });
  builder.add({ label: 'hadolint shell=', kind, detail: 'the shell of the following RUNs' });
  builder.add({ label: 'region', kind, detail: 'begins a part that folds' });
  builder.add({ label: 'endregion', kind, detail: 'ends a part that folds' });
  return builder;
}

/** Whether only directives are above. */
function atTop(open: OpenDocument, item: Item): boolean {
  for (const other of open.document.items) {
    if (other === item) return true;
    if (other.kind !== 'directive') return false;
  }
  return false;
}

function completeValue(
  open: OpenDocument,
  directive: string,
  written: string,
  offset: number,
  support: CompletionSupport,
): CompletionBuilder {
  const rule =
    directive === 'check' ? /(?:skip|experimental)\s*=\s*(?:[A-Za-z]+\s*,\s*)*([A-Za-z]*)$/.exec(written) : null;
  if (rule !== null) {
    const builder = builderFor(open, offset - (rule[1]?.length ?? 0), offset, support);
    builder.add({ label: 'all', kind: CompletionItemKind.Value });
    addRules(builder, ({ source }) => source === 'buildkit');
    return builder;
  }
  const last = directive === 'check' ? (/[^;]*$/.exec(written)?.[0] ?? '') : written;
  const builder = builderFor(open, offset - last.length, offset, support);
  const doc = (directiveDocs as Readonly<Record<string, { values?: Readonly<Record<string, string>> }>>)[directive];
  builder.addValues(doc?.values);
  return builder;
}

function addRules(builder: CompletionBuilder, wanted: (rule: { source: string }) => boolean): void {
  for (const rule of rules) {
    if (!wanted(rule)) continue;
    builder.add({
      label: rule.code,
      kind: CompletionItemKind.EnumMember,
      detail: rule.title,
      key: { of: 'rule', code: rule.code },
    });
  }
}
