// The Dockerfiles of the workspace that are not open, for workspace symbols.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OpenDocument } from './open_document.ts';
import type { Encoding } from './text_view.ts';

const dockerfileName = /^(?:Dockerfile|Containerfile)(?:\..+)?$|\.(?:dockerfile|containerfile)$/i;
/** Directories with what others wrote. */
const skipped = new Set(['node_modules', 'vendor', 'target', 'dist']);
/** Entries looked at, and bytes of a file that is read: a search must not hold up an editor. */
const entryLimit = 20_000;
const sizeLimit = 1 << 20;

export class WorkspaceFiles {
  readonly #known = new Map<string, { modified: number; document: OpenDocument }>();

  /** The closed Dockerfiles below the folders. What has not changed since the last time is not read again. */
  async find(
    folders: readonly string[],
    open: ReadonlyMap<string, unknown>,
    encoding: Encoding,
    signal: AbortSignal,
  ): Promise<OpenDocument[]> {
    const found: OpenDocument[] = [];
    for (const path of await paths(folders, signal)) {
      const uri = pathToFileURL(path).href;
      const document = open.has(uri) ? undefined : await this.#read(path, uri, encoding);
      if (document !== undefined) found.push(document);
    }
    return found;
  }

  async #read(path: string, uri: string, encoding: Encoding): Promise<OpenDocument | undefined> {
    try {
      const { mtimeMs, size } = await stat(path);
      const known = this.#known.get(path);
      if (known?.modified === mtimeMs) return known.document;
      if (size > sizeLimit) return undefined;
      const document = new OpenDocument(uri, 'dockerfile', 0, await readFile(path, 'utf8'), encoding);
      this.#known.set(path, { modified: mtimeMs, document });
      return document;
    } catch {
      // Gone or not readable since it was listed.
      return undefined;
    }
  }
}

async function paths(folders: readonly string[], signal: AbortSignal): Promise<Set<string>> {
  const found = new Set<string>();
  const queue = [...folders];
  let looked = 0;
  for (let directory = queue.shift(); directory !== undefined; directory = queue.shift()) {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      looked += 1;
      if (looked > entryLimit || signal.aborted) return found;
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && !skipped.has(entry.name)) queue.push(join(directory, entry.name));
      } else if (entry.isFile() && dockerfileName.test(entry.name) && !entry.name.endsWith('.dockerignore')) {
        found.add(join(directory, entry.name));
      }
    }
  }
  return found;
}
