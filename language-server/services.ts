// What features may ask besides the document: settings, the engine, the file system around it.
import type { IgnoreMatcher } from '../runtime/dockerfile/dockerignore.ts';
import { contextOf, ignoreMatcherOf } from './context_files.ts';
import type { EngineKnowledge } from './engine.ts';
import type { Settings } from './protocol.ts';

export interface Services {
  readonly settings: Settings;
  readonly engine: EngineKnowledge;
}

export interface BuildContext {
  readonly directory: string;
  readonly matcher: IgnoreMatcher | undefined;
}

/** The build context of a Dockerfile; undefined when the document is in no file system. */
export function buildContext(uri: string, settings: Settings): BuildContext | undefined {
  const directory = contextOf(uri, settings.context);
  return directory === undefined ? undefined : { directory, matcher: ignoreMatcherOf(uri, directory) };
}
