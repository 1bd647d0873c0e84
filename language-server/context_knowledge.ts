// Answers the linter's questions about the build context from the disk, remembering answers for a short while.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cleanPath, compilePattern } from '../runtime/dockerfile/dockerignore.ts';
import type { PathState } from './lint/rule.ts';
import type { BuildContext } from './services.ts';

/** An answer is good for this many milliseconds: a burst of keystrokes asks the disk once. */
const keep = 2_000;
/** Directories looked into for one pattern. */
const directoryLimit = 200;

export class ContextKnowledge {
  readonly #context: () => BuildContext | undefined;
  #known = new Map<string, PathState>();
  #until = 0;
  #current: BuildContext | undefined;

  constructor(context: () => BuildContext | undefined) {
    this.#context = context;
  }

  /** Whether a source of COPY is in the context. */
  state(source: string): PathState {
    if (Date.now() > this.#until) {
      this.#known = new Map();
      this.#current = this.#context();
      this.#until = Date.now() + keep;
    }
    let state = this.#known.get(source);
    if (state === undefined) {
      state = this.#find(source);
      this.#known.set(source, state);
    }
    return state;
  }

  forget(): void {
    this.#until = 0;
  }

  #find(source: string): PathState {
    const context = this.#current;
    if (context === undefined) return 'unknown';
    const path = cleanPath(`/${source}`).slice(1);
    if (path === '') return 'present';
    const found = /[*?[\\]/.test(path) ? expandPattern(context.directory, path) : exists(context.directory, path);
    if (found === undefined) return 'unknown';
    if (found.length === 0) return 'absent';
    const { matcher } = context;
    const taken = matcher === undefined || found.some((each) => !matcher.ignores(each) || matcher.mayLetInBelow(each));
    return taken ? 'present' : 'ignored';
  }
}

function exists(directory: string, path: string): string[] | undefined {
  try {
    statSync(join(directory, path));
    return [path];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR' ? [] : undefined;
  }
}

/** The paths that a pattern means, segment by segment; undefined when that is too much to look at. */
function expandPattern(directory: string, pattern: string): string[] | undefined {
  let found = [''];
  let looked = 0;
  for (const segment of pattern.split('/')) {
    const matches = compilePattern(segment);
    const next: string[] = [];
    for (const parent of found) {
      looked += 1;
      if (looked > directoryLimit) return undefined;
      for (const name of names(join(directory, parent))) {
        if (matches(name)) next.push(parent === '' ? name : `${parent}/${name}`);
      }
    }
    found = next;
  }
  return found;
}

function names(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // No directory: nothing matches in it.
    return [];
  }
}
