// Document links: pages of images, files of the context, URLs.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DocumentLink } from 'vscode-languageserver';
import type { Instruction, Span } from '../../runtime/dockerfile/ast.ts';
import { isHeredocMarker } from '../../runtime/dockerfile/heredoc.ts';
import { referencesIn } from '../../runtime/dockerfile/stages.ts';
import { existsInContext } from '../context_files.ts';
import type { OpenDocument } from '../open_document.ts';
import { buildContext, type Services } from '../services.ts';
import { imagePage } from './image_pages.ts';

export function documentLinks(open: OpenDocument, services: Services): DocumentLink[] {
  const links: DocumentLink[] = [];
  const add = (item: { start: number }, span: Span, target: string | undefined, tooltip: string): void => {
    if (target === undefined) return;
    links.push({ range: open.view.range(item.start + span.start, item.start + span.end), target, tooltip });
  };
  const syntax = open.document.directive('syntax');
  if (syntax !== undefined) add(syntax, syntax.valueSpan, imagePage(syntax.value), 'Page of the frontend');
  for (const stage of open.model.stages) {
    for (const reference of referencesIn(open.model, stage)) {
      if (reference.stage !== undefined || /^\d+$/.test(reference.name)) continue;
      add(reference.instruction, reference.span, imagePage(reference.name), `Page of ${reference.name}`);
    }
  }
  const context = buildContext(open.uri, services.settings);
  for (const instruction of open.document.instructions) {
    for (const { raw, span } of sources(instruction)) {
      if (/^https?:\/\//.test(raw)) {
        if (!/[$"']/.test(raw)) add(instruction, span, raw, 'Open the address');
      } else if (
        context !== undefined &&
        !/[$*?[\]"'\\]/.test(raw) &&
        existsInContext(context.directory, raw) === 'file'
      ) {
        add(instruction, span, pathToFileURL(join(context.directory, raw)).href, 'Open the file');
      }
    }
  }
  return links;
}

/** Sources that are in the context or at an address. */
function sources(outer: Instruction): { raw: string; span: Span }[] {
  const instruction = outer.keyword === 'ONBUILD' ? outer.instruction : outer;
  if (instruction?.keyword !== 'COPY' && instruction?.keyword !== 'ADD') return [];
  if (instruction.flags.some(({ name }) => name === 'from')) return [];
  return instruction.sources.filter(({ raw }) => !isHeredocMarker(raw));
}
