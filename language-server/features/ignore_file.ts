// What a .dockerignore offers: completion of paths, which files a line takes out, colours, comments that fold.
import {
  type CodeLens,
  CompletionItemKind,
  type CompletionList,
  type Hover,
  type Position,
  type SemanticTokens,
} from 'vscode-languageserver';
import { IgnoreMatcher, type IgnorePattern, parseDockerignore } from '../../runtime/dockerfile/dockerignore.ts';
import { contextOfIgnoreFile, type IgnoredFiles, ignoredFiles, listContext } from '../context_files.ts';
import type { OpenDocument } from '../open_document.ts';
import { CompletionBuilder, type CompletionSupport } from './completion_list.ts';
import { legend } from './semantic_legend.ts';

/** What most projects keep out of their images. */
const common: Readonly<Record<string, string>> = {
  '.git': 'history',
  node_modules: 'installed packages',
  dist: 'built files',
  '**/*.log': 'logs',
  '.env': 'secrets',
  '**/.DS_Store': '',
  '**/__pycache__': '',
  '.venv': '',
  target: '',
  coverage: '',
  'Dockerfile*': '',
  '.dockerignore': '',
};

export async function ignoreCompletion(
  open: OpenDocument,
  position: Position,
  support: CompletionSupport,
): Promise<CompletionList> {
  const offset = open.offset(position);
  const lineStart = open.document.lineStartAt(open.document.lineAt(offset));
  const written = open.text.slice(lineStart, offset);
  if (written.startsWith('#')) return { isIncomplete: false, items: [] };
  const path = written.replace(/^\s*!?\s*\/?/, '');
  const slash = path.lastIndexOf('/') + 1;
  const builder = new CompletionBuilder(open.view.range(offset - (path.length - slash), offset), support);
  const context = contextOfIgnoreFile(open.uri);
  const directory = path.slice(0, slash) || '.';
  if (context !== undefined && !/[*?[]/.test(directory)) {
    const entries = await listContext(context, directory, undefined);
    entries.sort((a, b) => Number(b.isDirectory) - Number(a.isDirectory) || (a.path < b.path ? -1 : 1));
    for (const entry of entries) {
      const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
      const kind = entry.isDirectory ? CompletionItemKind.Folder : CompletionItemKind.File;
      builder.add({ label: entry.isDirectory ? `${name}/` : name, kind, again: entry.isDirectory });
    }
  }
  if (slash > 0) return { isIncomplete: false, items: builder.items };
  const taken = new Set(builder.items.map(({ label }) => label.replace(/\/$/, '')));
  for (const [label, detail] of Object.entries(common)) {
    if (!taken.has(label)) builder.add({ label, kind: CompletionItemKind.Value, detail });
  }
  builder.add({ label: '**/', kind: CompletionItemKind.Operator, detail: 'in any directory' });
  if (written.trim() === '') builder.add({ label: '!', kind: CompletionItemKind.Operator, detail: 'lets in again' });
  return { isIncomplete: false, items: builder.items };
}

export async function ignoreHover(open: OpenDocument, position: Position, signal: AbortSignal): Promise<Hover | null> {
  const offset = open.offset(position);
  const { patterns } = parseDockerignore(open.text);
  const index = patterns.findIndex(({ start, end }) => start <= offset && offset <= end);
  const pattern = patterns[index];
  const context = contextOfIgnoreFile(open.uri);
  if (pattern === undefined || context === undefined) return null;
  const value = await describePattern(context, patterns, index, signal);
  return { contents: { kind: 'markdown', value }, range: open.view.range(pattern.start, pattern.end) };
}

async function describePattern(
  context: string,
  patterns: readonly IgnorePattern[],
  index: number,
  signal: AbortSignal,
): Promise<string> {
  const found = await ignoredFiles(context, new IgnoreMatcher(patterns), signal);
  if (patterns[index]?.exclusion !== true) return listing('Excludes', found.byPattern[index] ?? [], found.complete);
  // What a `!` line lets in is what would be ignored without it.
  const without = patterns.filter((_, i) => i !== index);
  const before = await ignoredFiles(context, new IgnoreMatcher(without), signal);
  const still = new Set(found.byPattern.flat());
  const letIn = before.byPattern.flat().filter((path) => !still.has(path));
  return listing('Lets in again', letIn, found.complete && before.complete);
}

function listing(verb: string, files: readonly string[], complete: boolean): string {
  const number = `${files.length}${complete ? '' : ' or more'} file${files.length === 1 ? '' : 's'}`;
  const shown = [...files].sort().slice(0, 20);
  const list = shown.map((path) => `- \`${path.replaceAll('`', '')}\``).join('\n');
  const more = files.length > shown.length ? `\n- … and ${files.length - shown.length} more` : '';
  return files.length === 0 ? `${verb} no file of the context.` : `${verb} ${number}:\n\n${list}${more}`;
}

/** Above each line, how many files it takes out. */
export async function ignoreLenses(open: OpenDocument, signal: AbortSignal): Promise<CodeLens[]> {
  const context = contextOfIgnoreFile(open.uri);
  const { patterns } = parseDockerignore(open.text);
  if (context === undefined || patterns.length === 0) return [];
  const found: IgnoredFiles = await ignoredFiles(context, new IgnoreMatcher(patterns), signal);
  return patterns.flatMap((pattern, i) => {
    if (pattern.exclusion) return [];
    const files = found.byPattern[i]?.length ?? 0;
    const title = `excludes ${files}${found.complete ? '' : ' or more'} file${files === 1 ? '' : 's'}`;
    return [{ range: open.view.range(pattern.start, pattern.end), command: { title, command: '' } }];
  });
}

/** Comments, `!`, wildcards and paths in colours. */
export function ignoreTokens(open: OpenDocument): SemanticTokens {
  const data: number[] = [];
  const types = legend.tokenTypes;
  let line = 0;
  let character = 0;
  const add = (start: number, end: number, type: string): void => {
    if (end <= start) return;
    const position = open.view.position(start);
    const same = position.line === line;
    data.push(position.line - line, same ? position.character - character : position.character);
    data.push(open.view.length(start, end), types.indexOf(type), 0);
    ({ line, character } = position);
  };
  const { document } = open;
  for (let number = 0; number < document.lineCount; number += 1) {
    const start = document.lineStartAt(number);
    const end = document.lineEndAt(number);
    const text = document.text.slice(start, end);
    if (text.startsWith('#')) {
      add(start, end, 'comment');
      continue;
    }
    for (const match of text.matchAll(/^\s*!|[*?]+|[^!*?\s][^*?]*|!/g)) {
      const from = start + match.index + match[0].length - match[0].trimStart().length;
      add(from, start + match.index + match[0].trimEnd().length, /^[\s!*?]+$/.test(match[0]) ? 'operator' : 'string');
    }
  }
  return { data };
}
