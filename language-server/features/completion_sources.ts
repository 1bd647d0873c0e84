// Completion of what is outside of the file: images and tags, paths of the build context.
import { CompletionItemKind } from 'vscode-languageserver';
import { listContext } from '../context_files.ts';
import { commonImages } from '../docs/values.ts';
import { buildContext, type Services } from '../services.ts';
import { builderAt, type Cursor } from './completion.ts';
import type { CompletionBuilder, CompletionSupport } from './completion_list.ts';
import { formatBytes } from './lenses.ts';

/** Images of the local store; behind `name:` the tags, from the registry too. `written` is the reference so far. */
export async function addImages(builder: CompletionBuilder, written: string, services: Services): Promise<void> {
  const colon = written.lastIndexOf(':');
  const repository = colon > written.lastIndexOf('/') ? written.slice(0, colon) : undefined;
  const seen = new Set<string>();
  const images = await services.engine.images();
  for (const image of images) {
    for (const tag of image.RepoTags) {
      const name = shortName(tag);
      if (seen.has(name) || (repository !== undefined && !name.startsWith(`${repository}:`))) continue;
      seen.add(name);
      const created = new Date(image.Created * 1000).toISOString().slice(0, 10);
      const detail = `local, ${formatBytes(image.Size)}, ${created}`;
      builder.add({ label: name, kind: CompletionItemKind.Module, detail });
    }
  }
  if (repository === undefined) {
    for (const [label, detail] of Object.entries(commonImages)) {
      if (![...seen].some((name) => name.split(':')[0] === label)) {
        builder.add({ label, kind: CompletionItemKind.Module, detail });
      }
    }
  } else if (services.settings.registryCompletion && !repository.includes('$')) {
    for (const tag of newestFirst(await services.engine.tags(repository))) {
      const label = `${repository}:${tag}`;
      if (!seen.has(label)) builder.add({ label, kind: CompletionItemKind.Module, detail: 'in the registry' });
    }
  }
  // The store and the registry may have answered nothing yet.
  builder.incomplete = true;
}

function shortName(reference: string): string {
  return reference.replace(/^docker\.io\/(library\/)?/, '').replace(/:latest$/, '');
}

/** Tags as people look for them: latest, then versions from the highest, then the rest. */
function newestFirst(tags: readonly string[]): string[] {
  const collator = new Intl.Collator('en', { numeric: true });
  const rank = (tag: string): number => (tag === 'latest' ? 0 : /^v?\d/.test(tag) ? 1 : 2);
  return [...tags].sort((a, b) => rank(a) - rank(b) || collator.compare(b, a)).slice(0, 500);
}

/** Paths of the build context behind what is written; undefined when the document is in no file system. */
export async function addPaths(
  cursor: Cursor,
  written: string,
  services: Services,
  support: CompletionSupport,
): Promise<CompletionBuilder | undefined> {
  const context = buildContext(cursor.open.uri, services.settings);
  if (context === undefined || /[$"']/.test(written)) return undefined;
  const slash = written.lastIndexOf('/') + 1;
  const builder = builderAt(cursor, written.length - slash, support);
  const directory = written.slice(0, slash).replace(/^\/+/, '') || '.';
  const entries = await listContext(context.directory, directory, context.matcher);
  entries.sort((a, b) => Number(b.isDirectory) - Number(a.isDirectory) || (a.path < b.path ? -1 : 1));
  for (const { path, isDirectory } of entries) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    // A name with a blank needs the JSON form.
    if (/\s/.test(name)) continue;
    builder.add({
      label: isDirectory ? `${name}/` : name,
      kind: isDirectory ? CompletionItemKind.Folder : CompletionItemKind.File,
      again: isDirectory,
    });
  }
  return builder;
}
